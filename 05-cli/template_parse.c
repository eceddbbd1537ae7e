/*
 * template_parse.c - from text to tree; see template.h.
 *
 *     list     = { text | "{{" action "}}" }
 *     action   = pipe | "define" name | "block" name pipe | "template" name [pipe] | "if" pipe | "range" [vars ":="] pipe | "with" pipe
 *              | "else" ["if" pipe | "with" pipe] | "end" | "break" | "continue"
 * A pipe is template_pipe.c's business, and the constants in it are template_lex.c's.
 *
 * Recursive descent; the depth is bounded, because the text comes from outside.
 */
#include <ctype.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "template_private.h"

static struct node *parse_list(struct parser *p, const char **end_word);

#define fail template_fail

/* ---- giving back --------------------------------------------------------- */

static void free_nodes(struct node *n)
{
	while (n) {
		struct node *next = n->next;
		free(n->text);
		free(n->name);
		template_free_pipe(n->pipe);
		free_nodes(n->body);
		free_nodes(n->otherwise);
		free(n);
		n = next;
	}
}

void cli_template_free(struct cli_template *t)
{
	if (!t)
		return;
	free_nodes(t->nodes);
	for (struct definition *d = t->definitions, *next; d; d = next) {
		next = d->next;
		free_nodes(d->nodes);
		free(d->name);
		free(d);
	}
	free(t);
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
		bool dot = q - p->p >= 1 && q[-1] == '.' && (q - p->p == 1 || isspace((unsigned char)q[-2])); /* of a number? */
		fail(p, dot && !quote ? "illegal number syntax: \".\"" : !quote ? "unclosed action" : quote == '"' ? "unterminated quoted string" : "unterminated raw quoted string");
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

static const char *word_of(int kind)
{
	return kind == NODE_IF ? "if" : kind == NODE_RANGE ? "range" : "with";
}

/* What stands between an action and its {{end}}, or {{else}}: *word. */
static struct node *parse_body(struct parser *p, const char **word)
{
	size_t mark = p->names.n;

	close_action(p);
	p->blocks++;
	struct node *body = parse_list(p, word);
	p->blocks--;
	template_forget_names(p, mark);
	return body;
}

/* if, range, with: up to their end, which closes the action left open here. */
static void parse_block(struct parser *p, struct node *node)
{
	const char *word = NULL;
	size_t mark = p->names.n;

	node->pipe = template_pipe(p, 0, word_of(node->kind));
	if (p->failed)
		return;
	p->ranges += node->kind == NODE_RANGE;
	node->body = parse_body(p, &word);
	p->ranges -= node->kind == NODE_RANGE;
	if (!p->failed && word && !strcmp(word, "else")) {
		bool branch = template_take_word(p, "if"), with = !branch && node->kind == NODE_WITH && template_take_word(p, "with");
		if (branch || with) { /* {{else if x}}: an if inside, with the same end */
			node->otherwise = xcalloc(1, sizeof *node);
			node->otherwise->kind = with ? NODE_WITH : NODE_IF;
			parse_block(p, node->otherwise);
			template_forget_names(p, mark);
			return;
		}
		node->otherwise = parse_body(p, &word);
		if (!p->failed && word && !strcmp(word, "else"))
			fail(p, "expected end; found {{else}}");
	}
	template_forget_names(p, mark);
	if (!p->failed && !word)
		fail(p, "unexpected EOF");
}

/* ---- templates with a name ----------------------------------------------- */

struct definition *template_find(const struct cli_template *t, const char *name)
{
	for (struct definition *d = t->definitions; d; d = d->next)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

/* Its name, a constant; new, or NULL. */
static char *parse_name(struct parser *p, const char *clause)
{
	template_skip_blanks(p);
	if (p->p < p->stop && (*p->p == '"' || *p->p == '`')) {
		AUTO_JSON json_t *text = template_string(p);
		return text ? xstrdup(json_string_value(text)) : NULL;
	}
	int n = template_word_length(p);
	fail(p, "unexpected \"%.*s\" in %s clause", n ? n : 2, n ? p->p : "}}", clause);
	return NULL;
}

/* {{define "name"}} and {{block "name" …}}: the body, up to its end, is the template's. Consumes the name. */
static void parse_definition(struct parser *p, char *name)
{
	struct definition *d = xcalloc(1, sizeof *d);
	struct strlist outer = p->names;
	int ranges = p->ranges;
	const char *word = NULL;

	p->names = (struct strlist)STRLIST_INIT; /* a template sees only what it is given */
	p->ranges = 0;
	d->name = name;
	d->nodes = parse_body(p, &word);
	strlist_free(&p->names);
	p->names = outer;
	p->ranges = ranges;
	if (!p->failed && (!word || strcmp(word, "end")))
		fail(p, word ? "unexpected {{%s}} in define clause" : "unexpected EOF", word);
	if (template_find(p->template, name))
		fail(p, "template: multiple definition of template \"%s\"", name);
	d->next = p->template->definitions;
	p->template->definitions = d;
}

static void parse_define(struct parser *p)
{
	char *name = parse_name(p, "define");

	template_skip_blanks(p);
	if (!p->failed && p->p < p->stop)
		fail(p, "unexpected \"%.*s\" in define clause", template_word_length(p), p->p);
	if (p->failed)
		free(name);
	else
		parse_definition(p, name);
}

/* {{template "name" x}}, and {{block "name" x}}…{{end}}, which defines it too. */
static void parse_call(struct parser *p, struct node *node, bool block)
{
	const char *start = p->p - (block ? 5 : 8), *line = start;

	node->kind = NODE_TEMPLATE;
	node->name = parse_name(p, block ? "block" : "template");
	while (line > p->text && line[-1] != '\n')
		line--;
	node->line = template_line_of(p, start);
	node->column = (int)(start - line) + 9; /* where the name is */
	template_skip_blanks(p);
	if (!p->failed && (block || p->p < p->stop))
		node->pipe = template_pipe(p, 0, block ? "block clause" : "template clause");
	node->text = xasprintf("{{%.*s}}", (int)(p->p - start), start);
	if (block && !p->failed)
		parse_definition(p, xstrdup(node->name));
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

	if ((*end_word = template_take_word(p, "end") ? "end" : template_take_word(p, "else") ? "else" : NULL))
		return NULL;
	node = xcalloc(1, sizeof *node);
	if (!p->blocks && template_take_word(p, "define")) { /* text of no length stands for it */
		node->text = xstrdup("");
		parse_define(p);
		return node;
	}
	bool block = template_take_word(p, "block");
	if (block || template_take_word(p, "template")) {
		parse_call(p, node, block);
		return node;
	}
	node->kind = NODE_PIPE;
	if (p->ranges && (template_take_word(p, "break") || template_take_word(p, "continue"))) {
		node->kind = p->p[-1] == 'k' ? NODE_BREAK : NODE_CONTINUE;
		return node;
	}
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks && node->kind == NODE_PIPE; i++)
		if (template_take_word(p, blocks[i].word))
			node->kind = blocks[i].kind;
	if (node->kind == NODE_PIPE)
		node->pipe = template_pipe(p, 0, "command");
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
	const char *start = p->p;
	template_skip_blanks(p);
	if (!strncmp(p->p, "/*", 2) && (p->p == start || start[-1] == '-')) { /* a comment: text of no length */
		node = xcalloc(1, sizeof *node);
		node->text = xstrdup("");
		const char *end = strstr(p->p, "*/");
		if (!end || end >= p->stop)
			fail(p, "unclosed comment");
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
	if (++p->depth > TEMPLATE_DEPTH_MAX)
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
	struct cli_template *t = xcalloc(1, sizeof *t);
	struct parser p = { .text = text, .p = text, .stop = text, .template = t, .err = err };
	const char *word = NULL;

	t->nodes = parse_list(&p, &word);
	if (!p.failed && word)
		fail(&p, "unexpected {{%s}}", word);
	strlist_free(&p.names);
	if (!p.failed)
		return t;
	cli_template_free(t);
	return NULL;
}
