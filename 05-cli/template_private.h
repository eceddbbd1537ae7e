/*
 * template_private.h - the tree of a parsed template.
 */
#ifndef DOCKYARD_CLI_TEMPLATE_PRIVATE_H
#define DOCKYARD_CLI_TEMPLATE_PRIVATE_H

#include <stdbool.h>

#include "table.h"
#include "template.h"
#include "value.h"

/* Something that has a value. `fields` are applied to it: .a.b, $x.a, (f x).a */
struct operand {
	enum { OPERAND_DOT, OPERAND_VARIABLE, OPERAND_LITERAL, OPERAND_FUNCTION, OPERAND_PIPE } kind;
	char *name;          /* of a variable or function */
	json_t *literal;
	struct pipe *pipe;   /* in parentheses */
	struct strlist fields;
	int line, column;    /* where it stands, for errors */
	char *text;          /* and how it reads */
};

/* An operand, and arguments where it is a function or a method. */
struct command {
	struct operand *v;
	size_t n;
};

/* Commands, each the last argument of the next; the result may be given names. */
struct pipe {
	struct strlist names; /* $x, or $i and $x of a range */
	bool assigns;         /* "=": to a variable that exists */
	struct command *v;
	size_t n;
};

struct node {
	enum { NODE_TEXT, NODE_PIPE, NODE_IF, NODE_RANGE, NODE_WITH, NODE_BREAK, NODE_CONTINUE, NODE_TEMPLATE } kind;
	char *text; /* of NODE_TEMPLATE: how it reads */
	char *name; /* of the template that is called */
	int line, column;
	struct pipe *pipe;
	struct node *body, *otherwise; /* lists */
	struct node *next;
};

/* What {{define}} and {{block}} make. */
struct definition {
	char *name;
	struct node *nodes;
	struct definition *next;
};

struct cli_template {
	struct node *nodes;
	struct definition *definitions;
};
struct definition *template_find(const struct cli_template *t, const char *name); /* or NULL */

/* ---- functions ----------------------------------------------------------- */

/* `types` has a letter per argument: s text, i a whole number, l a list, a anything;
 * with "*" behind it, the last may be there any number of times, or not at all. */
struct template_function {
	const char *name, *types;
	json_t *(*call)(json_t **args, size_t n, struct err *err); /* new, or NULL with err. NULL: there is none */
	bool looks; /* not done to headings */
};
const struct template_function *template_function_find(const char *name);

void template_print(struct strbuf *sb, json_t **args, size_t n);
void template_printf(struct strbuf *sb, json_t **args, size_t n); /* args[0] is the format */
json_t *template_html(json_t **args, size_t n, struct err *err);
json_t *template_js(json_t **args, size_t n, struct err *err);
json_t *template_urlquery(json_t **args, size_t n, struct err *err);

/* ---- the text that is parsed --------------------------------------------- */

struct parser {
	const char *text, *p; /* p: what comes next */
	const char *stop;     /* the end of the action we are in, */
	const char *after;    /* and what comes after its "}}" */
	bool trim;            /* with the blanks there cut off */
	int depth, ranges;    /* how many surround us */
	int blocks;           /* the same of if, range, with, define, block */
	struct strlist names; /* variables that are known here */
	struct cli_template *template;
	struct err *err;
	bool failed;
};

void template_fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int template_line_of(const struct parser *p, const char *at);

#define TEMPLATE_DEPTH_MAX 64

void template_skip_blanks(struct parser *p);
bool template_take_word(struct parser *p, const char *word); /* where it stands here */
int template_word_length(const struct parser *p);            /* of what stands here, for errors */
void template_forget_names(struct parser *p, size_t mark);   /* variables declared since */

/* `what` it is that has the value: "command", "if", "range", … ; closing: ")" or 0. */
struct pipe *template_pipe(struct parser *p, char closing, const char *what);
void template_free_pipe(struct pipe *pipe);

/* Constants, at p->p: "text", `raw text`, 'c', 12. NULL when malformed. */
json_t *template_string(struct parser *p);
json_t *template_char(struct parser *p);
json_t *template_number(struct parser *p);

/* UTF-8: the character at `text`, *n bytes long (one, where it is none); and appended. */
long template_character(const char *text, size_t *n);
void template_add_character(struct strbuf *sb, long point);

#endif
