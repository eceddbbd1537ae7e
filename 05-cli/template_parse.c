/*
 * template_parse.c - from text to tree; see template.h.
 *
 *     list     = { text | "{{" action "}}" }
 *     action   = pipe | "if" pipe | "range" [vars ":="] pipe | "with" pipe
 *              | "else" ["if" pipe | "with" pipe] | "end" | "break" | "continue"
 *     pipe     = [vars (":=" | "=")] command { "|" command }
 *     command  = operand { operand }
 *     operand  = "." | ".a.b" | "$x" | literal | function | "(" pipe ")", fields
 *
 * Recursive descent; the depth is bounded, because the text comes from outside.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "template_private.h"

#define DEPTH_MAX 64

struct parser {
	const char *text, *p; /* p: what comes next */
	const char *stop;     /* the end of the action we are in, */
	const char *after;    /* and what comes after its "}}" */
	bool trim;            /* with the blanks there cut off */
	int depth, ranges; /* how many surround us */
	struct err *err;
	bool failed;
};

static struct pipe *parse_pipe(struct parser *p, char closing);
static struct node *parse_list(struct parser *p, const char **end_word);

static int line_of(const struct parser *p, const char *at)
{
	int line = 1;

	for (const char *c = p->text; c < at; c++)
		line += *c == '\n';
	return line;
}

__attribute__((format(printf, 2, 3)))
static void fail(struct parser *p, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	err_set(p->err, ERR_INVALID, "template: :%d: %s", line_of(p, p->p), reason);
}

/* ---- giving back --------------------------------------------------------- */

static void free_pipe(struct pipe *pipe)
{
	if (!pipe)
		return;
	for (size_t i = 0; i < pipe->n; i++) {
		for (size_t k = 0; k < pipe->v[i].n; k++) {
			struct operand *o = &pipe->v[i].v[k];
			free(o->name);
			free(o->text);
			json_decref(o->literal);
			free_pipe(o->pipe);
			strlist_free(&o->fields);
		}
		free(pipe->v[i].v);
	}
	free(pipe->v);
	strlist_free(&pipe->names);
	free(pipe);
}

static void free_nodes(struct node *n)
{
	while (n) {
		struct node *next = n->next;
		free(n->text);
		free_pipe(n->pipe);
		free_nodes(n->body);
		free_nodes(n->otherwise);
		free(n);
		n = next;
	}
}

void cli_template_free(struct cli_template *t)
{
	if (t)
		free_nodes(t->nodes);
	free(t);
}

/* ---- words --------------------------------------------------------------- */

static void skip_blanks(struct parser *p)
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
static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(p);
	if (name_length(p, p->p) != n || strncmp(p->p, word, n))
		return false;
	p->p += n;
	return true;
}

/* A Go string: "..." with escapes, or `...` without. */
static json_t *parse_string(struct parser *p)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	static const char escapes[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"''";
	char quote = *p->p++;

	strbuf_reserve(&sb, 1);
	while (p->p < p->stop && *p->p != quote) {
		char c = *p->p++;
		if (c == '\\' && quote == '"' && p->p < p->stop) {
			char e = *p->p++;
			c = 0;
			for (size_t i = 0; escapes[i]; i += 2)
				if (escapes[i] == e)
					c = escapes[i + 1];
			if (!c) {
				fail(p, "invalid syntax");
				return NULL;
			}
		}
		strbuf_addc(&sb, c);
	}
	if (p->p >= p->stop) {
		fail(p, "unterminated %squoted string", quote == '"' ? "" : "raw ");
		return NULL;
	}
	p->p++;
	json_t *value = json_stringn(sb.data, sb.len);
	if (!value)
		fail(p, "a string that is not UTF-8");
	return value;
}

static json_t *parse_number(struct parser *p)
{
	char buf[64];
	size_t n = strspn(p->p, "+-0123456789.eExXabcdefABCDEF_");
	char *end;

	snprintf(buf, sizeof buf, "%.*s", (int)(n < sizeof buf ? n : sizeof buf - 1), p->p);
	p->p += n;
	json_int_t i = strtoll(buf, &end, 0);
	if (!*end)
		return json_integer(i);
	double d = strtod(buf, &end);
	if (!*end && !strpbrk(buf, "xX"))
		return json_real(d);
	fail(p, "bad number syntax: \"%s\"", buf);
	return NULL;
}

/* 'a', a character: its number. */
static json_t *parse_character(struct parser *p)
{
	const char *end = memchr(p->p + 1, '\'', (size_t)(p->stop - p->p - 1));
	json_int_t value = end ? (unsigned char)p->p[1] : 0;

	if (!end || end != p->p + 2) {
		fail(p, "a character constant that is not one ASCII character");
		return NULL;
	}
	p->p = end + 1;
	return json_integer(value);
}

/* ---- operands ------------------------------------------------------------ */

static void parse_fields(struct parser *p, struct operand *o)
{
	while (p->p < p->stop && *p->p == '.') {
		size_t n = name_length(p, p->p + 1);
		if (!n) {
			if (o->kind != OPERAND_DOT || o->fields.n)
				fail(p, "unexpected <.> in operand");
			p->p++;
			return;
		}
		AUTO_FREE char *name = xstrndup(p->p + 1, n);
		strlist_add(&o->fields, name);
		p->p += n + 1;
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

static void parse_word(struct parser *p, struct operand *o)
{
	bool variable = *p->p == '$';
	size_t n = name_length(p, p->p + variable);

	o->name = xstrndup(p->p, n + variable);
	if (!variable && !n) {
		fail(p, "unexpected \"%c\" in operand", *p->p);
		return;
	}
	p->p += n + variable;
	o->kind = variable ? OPERAND_VARIABLE : constant(o->name, &o->literal) ? OPERAND_LITERAL : OPERAND_FUNCTION;
	if (o->kind == OPERAND_FUNCTION && !template_function_find(o->name))
		fail(p, "function \"%s\" not defined", o->name);
}

static void parse_operand(struct parser *p, struct operand *o)
{
	const char *start = p->p;
	const char *line = start;

	while (line > p->text && line[-1] != '\n')
		line--;
	o->line = line_of(p, start);
	o->column = (int)(start - line);
	if (*p->p == '(') {
		p->p++;
		o->kind = OPERAND_PIPE;
		o->pipe = parse_pipe(p, ')');
	} else if (*p->p == '"' || *p->p == '`') {
		o->kind = OPERAND_LITERAL;
		o->literal = parse_string(p);
	} else if (*p->p == '\'') {
		o->kind = OPERAND_LITERAL;
		o->literal = parse_character(p);
	} else if (isdigit((unsigned char)*p->p) || ((*p->p == '-' || *p->p == '+') && isdigit((unsigned char)p->p[1]))) {
		o->kind = OPERAND_LITERAL;
		o->literal = parse_number(p);
	} else if (*p->p != '.') {
		parse_word(p, o);
	}
	if (!p->failed)
		parse_fields(p, o);
	o->text = xstrndup(start, (size_t)(p->p - start));
}

static void parse_command(struct parser *p, struct command *c, char closing)
{
	skip_blanks(p);
	const char *start = p->p;

	for (skip_blanks(p); !p->failed && p->p < p->stop; skip_blanks(p)) {
		if (*p->p == '|' || (closing && *p->p == closing))
			break;
		c->v = xrealloc(c->v, (c->n + 1) * sizeof *c->v);
		c->v[c->n] = (struct operand){ 0 };
		parse_operand(p, &c->v[c->n++]);
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
static void parse_names(struct parser *p, struct pipe *pipe)
{
	const char *start = p->p;

	while (p->p < p->stop && *p->p == '$') {
		size_t n = name_length(p, p->p + 1) + 1;
		AUTO_FREE char *name = xstrndup(p->p, n);
		strlist_add(&pipe->names, name);
		p->p += n;
		skip_blanks(p);
		if (*p->p != ',')
			break;
		p->p++;
		skip_blanks(p);
	}
	if (pipe->names.n && p->stop - p->p > 2 && !strncmp(p->p, ":=", 2)) {
		p->p += 2;
	} else if (pipe->names.n == 1 && *p->p == '=') {
		pipe->assigns = true;
		p->p++;
	} else { /* it was no declaration: an operand */
		p->p = start;
		strlist_free(&pipe->names);
		pipe->names = (struct strlist)STRLIST_INIT;
	}
}

static struct pipe *parse_pipe(struct parser *p, char closing)
{
	struct pipe *pipe = xcalloc(1, sizeof *pipe);

	if (++p->depth > DEPTH_MAX)
		fail(p, "nested too deeply");
	skip_blanks(p);
	parse_names(p, pipe);
	do {
		pipe->v = xrealloc(pipe->v, (pipe->n + 1) * sizeof *pipe->v);
		pipe->v[pipe->n] = (struct command){ 0 };
		if (!p->failed)
			parse_command(p, &pipe->v[pipe->n], closing);
		pipe->n++;
	} while (!p->failed && p->p < p->stop && *p->p == '|' && p->p++);
	if (!p->failed && closing && (p->p >= p->stop || *p->p++ != closing))
		fail(p, "unclosed left paren");
	p->depth--;
	return pipe;
}

/* ---- lists and actions --------------------------------------------------- */

/* From "{{" on: the action's bounds, blanks in front cut off where it says so. */
static bool open_action(struct parser *p, struct node *before)
{
	const char *q = p->p + 2;
	bool trim = q[0] == '-' && isspace((unsigned char)q[1]);
	char quote = 0;

	if (trim && before && before->kind == NODE_TEXT) {
		size_t n = strlen(before->text);
		while (n && isspace((unsigned char)before->text[n - 1]))
			before->text[--n] = 0;
	}
	p->p = q + trim;
	for (q = p->p; *q && (quote || strncmp(q, "}}", 2)); q++) {
		if (quote == '"' && *q == '\\' && q[1])
			q++;
		else if (quote ? *q == quote : *q == '"' || *q == '`')
			quote = quote ? 0 : *q;
	}
	if (!*q) {
		fail(p, "unclosed action");
		return false;
	}
	p->after = q + 2;
	p->trim = q - p->p >= 2 && q[-1] == '-' && isspace((unsigned char)q[-2]);
	p->stop = q - p->trim;
	return true;
}

static void close_action(struct parser *p)
{
	p->p = p->after;
	while (p->trim && isspace((unsigned char)*p->p))
		p->p++;
}

/* if, range, with: up to their end, which closes the action left open here. */
static void parse_block(struct parser *p, struct node *node)
{
	const char *word = NULL;

	node->pipe = parse_pipe(p, 0);
	if (p->failed)
		return;
	close_action(p);
	p->ranges += node->kind == NODE_RANGE;
	node->body = parse_list(p, &word);
	p->ranges -= node->kind == NODE_RANGE;
	if (!p->failed && word && !strcmp(word, "else")) {
		bool branch = take_word(p, "if"), with = !branch && node->kind == NODE_WITH && take_word(p, "with");
		if (branch || with) { /* {{else if x}}: an if inside, with the same end */
			node->otherwise = xcalloc(1, sizeof *node);
			node->otherwise->kind = with ? NODE_WITH : NODE_IF;
			parse_block(p, node->otherwise);
			return;
		}
		close_action(p);
		node->otherwise = parse_list(p, &word);
	}
	if (!p->failed && (!word || strcmp(word, "end")))
		fail(p, word ? "unexpected {{%s}}" : "unexpected EOF", word);
}

static struct node *parse_text(struct parser *p)
{
	const char *end = strstr(p->p, "{{");
	size_t n = end ? (size_t)(end - p->p) : strlen(p->p);
	struct node *node = xcalloc(1, sizeof *node);

	node->kind = NODE_TEXT;
	node->text = xstrndup(p->p, n);
	p->p += n;
	return node;
}

/* Inside an action. NULL with *end_word at {{else}} and {{end}}, whose action
 * stays open for the block that they belong to. */
static struct node *parse_action(struct parser *p, const char **end_word)
{
	static const struct {
		const char *word;
		int kind;
	} blocks[] = { { "if", NODE_IF }, { "range", NODE_RANGE }, { "with", NODE_WITH } };
	struct node *node;

	if ((*end_word = take_word(p, "end") ? "end" : take_word(p, "else") ? "else" : NULL))
		return NULL;
	node = xcalloc(1, sizeof *node);
	node->kind = NODE_PIPE;
	if (p->ranges && (take_word(p, "break") || take_word(p, "continue"))) {
		node->kind = p->p[-1] == 'k' ? NODE_BREAK : NODE_CONTINUE;
		return node;
	}
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks && node->kind == NODE_PIPE; i++)
		if (take_word(p, blocks[i].word))
			node->kind = blocks[i].kind;
	if (node->kind == NODE_PIPE)
		node->pipe = parse_pipe(p, 0);
	else
		parse_block(p, node);
	return node;
}

/* Text, or a whole action; NULL where *end_word was met, or nothing is there. */
static struct node *parse_node(struct parser *p, struct node *before, const char **end_word)
{
	struct node *node = NULL;

	if (strncmp(p->p, "{{", 2))
		return parse_text(p);
	if (!open_action(p, before))
		return NULL;
	skip_blanks(p);
	if (!strncmp(p->p, "/*", 2)) { /* a comment: text of no length */
		node = xcalloc(1, sizeof *node);
		node->text = xstrdup("");
	} else {
		node = parse_action(p, end_word);
	}
	if (node && !p->failed)
		close_action(p);
	return node;
}

static struct node *parse_list(struct parser *p, const char **end_word)
{
	struct node *first = NULL, **tail = &first, *last = NULL;

	*end_word = NULL;
	if (++p->depth > DEPTH_MAX)
		fail(p, "nested too deeply");
	while (!p->failed && !*end_word && *p->p && (*tail = parse_node(p, last, end_word))) {
		last = *tail;
		tail = &last->next;
	}
	p->depth--;
	return first;
}

struct cli_template *cli_template_parse(const char *text, struct err *err)
{
	struct parser p = { .text = text, .p = text, .stop = text, .err = err };
	struct cli_template *t = xcalloc(1, sizeof *t);
	const char *word = NULL;

	t->nodes = parse_list(&p, &word);
	if (!p.failed && word)
		fail(&p, "unexpected {{%s}}", word);
	if (!p.failed)
		return t;
	cli_template_free(t);
	return NULL;
}
