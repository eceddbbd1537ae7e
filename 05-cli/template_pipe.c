/*
 * template_pipe.c - what has a value in a template: operands, commands, pipes.
 *
 *     pipe     = [vars (":=" | "=")] command { "|" command }
 *     command  = operand { operand }
 *     operand  = "." | ".a.b" | "$x" | constant | function | "(" pipe ")", fields
 */
#include <ctype.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "template_private.h"

#define fail template_fail

void template_free_pipe(struct pipe *pipe)
{
	if (!pipe)
		return;
	for (size_t i = 0; i < pipe->n; i++) {
		for (size_t k = 0; k < pipe->v[i].n; k++) {
			struct operand *o = &pipe->v[i].v[k];
			free(o->name);
			free(o->text);
			json_decref(o->literal);
			template_free_pipe(o->pipe);
			strlist_free(&o->fields);
		}
		free(pipe->v[i].v);
	}
	free(pipe->v);
	strlist_free(&pipe->names);
	free(pipe);
}

/* ---- words --------------------------------------------------------------- */

void template_skip_blanks(struct parser *p)
{
	while (p->p < p->stop && isspace((unsigned char)*p->p))
		p->p++;
}

static size_t name_length(const struct parser *p, const char *at)
{
	const char *c = at;

	while (c < p->stop && (isalnum((unsigned char)*c) || *c == '_' || (unsigned char)*c >= 0x80))
		c++;
	return (size_t)(c - at);
}

/* Take `word` when it stands here, as a whole word. */
bool template_take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	template_skip_blanks(p);
	if (name_length(p, p->p) != n || strncmp(p->p, word, n))
		return false;
	p->p += n;
	return true;
}

/* For errors: what stands here, up to the next blank. */
int template_word_length(const struct parser *p)
{
	int n = 0;

	while (p->p + n < p->stop && !isspace((unsigned char)p->p[n]))
		n++;
	return n;
}

/* ---- operands ------------------------------------------------------------ */

static void parse_fields(struct parser *p, struct operand *o)
{
	while (p->p < p->stop && *p->p == '.') {
		size_t n = name_length(p, p->p + 1);
		bool alone = o->kind == OPERAND_DOT && !o->fields.n && p->p[1] != '.';
		if (!n) {
			if (!alone)
				fail(p, "unexpected <.> in operand");
			p->p++;
			return;
		}
		AUTO_FREE char *name = xstrndup(p->p + 1, n);
		strlist_add(&o->fields, name);
		p->p += n + 1;
	}
}

static bool known_name(const struct parser *p, const char *name)
{
	bool known = !strcmp(name, "$");

	for (size_t i = 0; i < p->names.n; i++)
		known = known || !strcmp(p->names.v[i], name);
	return known;
}

/* What was declared since `mark` is not known any more. */
void template_forget_names(struct parser *p, size_t mark)
{
	while (p->names.n > mark) {
		free(p->names.v[--p->names.n]);
		p->names.v[p->names.n] = NULL;
	}
}

static bool constant(const char *name, json_t **value)
{
	if (!strcmp(name, "true") || !strcmp(name, "false"))
		*value = json_boolean(*name == 't');
	else if (!strcmp(name, "nil"))
		*value = json_null();
	return *value != NULL;
}

static void parse_word(struct parser *p, struct operand *o, bool first)
{
	bool variable = *p->p == '$';
	size_t n = name_length(p, p->p + variable);

	o->name = xstrndup(p->p, n + variable);
	if (!variable && !n) {
		fail(p, "unexpected \"%c\" in %s", *p->p, first ? "command" : "operand");
		return;
	}
	p->p += n + variable;
	o->kind = variable ? OPERAND_VARIABLE : constant(o->name, &o->literal) ? OPERAND_LITERAL : OPERAND_FUNCTION;
	if (o->kind == OPERAND_FUNCTION && (!strcmp(o->name, "define") || !strcmp(o->name, "block") || !strcmp(o->name, "template")))
		fail(p, "unexpected <%s> in command", o->name);
	if (o->kind == OPERAND_FUNCTION && (!strcmp(o->name, "break") || !strcmp(o->name, "continue")))
		fail(p, "{{%s}} outside {{range}}", o->name);
	if (o->kind == OPERAND_FUNCTION && !template_function_find(o->name))
		fail(p, "function \"%s\" not defined", o->name);
	if (variable && !known_name(p, o->name))
		fail(p, "undefined variable \"%s\"", o->name);
}

static void parse_operand(struct parser *p, struct operand *o, bool first)
{
	const char *start = p->p, *line = start;

	while (line > p->text && line[-1] != '\n')
		line--;
	o->line = template_line_of(p, start);
	o->column = (int)(start - line);
	if (*p->p == '(') {
		p->p++;
		o->kind = OPERAND_PIPE;
		o->pipe = template_pipe(p, ')', "parenthesized pipeline");
	} else if (*p->p == '"' || *p->p == '`') {
		o->kind = OPERAND_LITERAL;
		o->literal = template_string(p);
	} else if (*p->p == '\'') {
		o->kind = OPERAND_LITERAL;
		o->literal = template_char(p);
	} else if (isdigit((unsigned char)p->p[strchr("+-.", *p->p) ? 1 : 0])) {
		o->kind = OPERAND_LITERAL;
		o->literal = template_number(p);
	} else if (*p->p != '.') {
		parse_word(p, o, first);
	}
	if (!p->failed && o->kind == OPERAND_LITERAL && *p->p == '.')
		fail(p, "unexpected . after term %.*s", (int)(p->p - start), start);
	if (!p->failed)
		parse_fields(p, o);
	o->text = xstrndup(start, (size_t)(p->p - start));
}

static void parse_command(struct parser *p, struct command *c, char closing)
{
	template_skip_blanks(p);
	const char *start = p->p;

	for (template_skip_blanks(p); !p->failed && p->p < p->stop; template_skip_blanks(p)) {
		if (*p->p == '|' || (closing && *p->p == closing))
			break;
		c->v = xrealloc(c->v, (c->n + 1) * sizeof *c->v);
		c->v[c->n] = (struct operand){ 0 };
		parse_operand(p, &c->v[c->n], !c->n);
		c->n++;
	}
	if (!p->failed && !c->n)
		fail(p, "missing value for command");
	if (!p->failed && c->v[0].kind == OPERAND_FUNCTION) { /* errors show the whole call */
		const char *end = p->p;
		while (isspace((unsigned char)end[-1]))
			end--;
		free(c->v[0].text);
		c->v[0].text = xstrndup(start, (size_t)(end - start));
	}
}

/* "$x :=", "$i, $x :=": names in front of a pipe. */
static void parse_names(struct parser *p, struct pipe *pipe, bool range)
{
	const char *start = p->p;

	while (p->p < p->stop && *p->p == '$') {
		size_t n = name_length(p, p->p + 1) + 1;
		AUTO_FREE char *name = xstrndup(p->p, n);
		strlist_add(&pipe->names, name);
		p->p += n;
		template_skip_blanks(p);
		if (*p->p != ',')
			break;
		p->p++;
		template_skip_blanks(p);
	}
	if (pipe->names.n && p->stop - p->p >= 2 && !strncmp(p->p, ":=", 2)) {
		p->p += 2;
		if (pipe->names.n > 1 + (size_t)range)
			fail(p, "too many declarations in %s", range ? "range" : "command");
	} else if (pipe->names.n == 1 && *p->p == '=') {
		pipe->assigns = true;
		p->p++;
	} else { /* it was no declaration: an operand */
		p->p = start;
		strlist_free(&pipe->names);
		pipe->names = (struct strlist)STRLIST_INIT;
	}
}

/* A pipe's other commands have to take the value of the one before. */
static void check_stages(struct parser *p, const struct pipe *pipe)
{
	for (size_t i = 1; !p->failed && i < pipe->n; i++) {
		const struct operand *o = &pipe->v[i].v[0];
		if (o->kind == OPERAND_LITERAL || (o->kind == OPERAND_DOT && !o->fields.n))
			fail(p, "non executable command in pipeline stage %zu", i + 1);
	}
}

/* A "|" behind which nothing stands is no mistake. */
static bool next_stage(struct parser *p, char closing)
{
	if (p->p >= p->stop || *p->p != '|')
		return false;
	p->p++;
	template_skip_blanks(p);
	return p->p < p->stop && !(closing && *p->p == closing);
}

/* `what` it is that has the value: an action, "if", "range", … */
struct pipe *template_pipe(struct parser *p, char closing, const char *what)
{
	struct pipe *pipe = xcalloc(1, sizeof *pipe);

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		fail(p, "nested too deeply");
	template_skip_blanks(p);
	parse_names(p, pipe, !strcmp(what, "range"));
	template_skip_blanks(p);
	if (!p->failed && (p->p >= p->stop || (closing && *p->p == closing)))
		fail(p, "missing value for %s", what);
	if (!p->failed && *p->p == '|')
		fail(p, "unexpected \"|\" in command");
	do {
		pipe->v = xrealloc(pipe->v, (pipe->n + 1) * sizeof *pipe->v);
		pipe->v[pipe->n] = (struct command){ 0 };
		if (!p->failed)
			parse_command(p, &pipe->v[pipe->n], closing);
		pipe->n++;
	} while (!p->failed && next_stage(p, closing));
	if (!p->failed && closing && (p->p >= p->stop || *p->p++ != closing))
		fail(p, "unclosed left paren");
	check_stages(p, pipe);
	for (size_t i = 0; !pipe->assigns && i < pipe->names.n; i++)
		strlist_add(&p->names, pipe->names.v[i]);
	p->depth--;
	return pipe;
}
