/*
 * template_private.h - the tree of a parsed template.
 */
#ifndef DOCKYARD_CLI_TEMPLATE_PRIVATE_H
#define DOCKYARD_CLI_TEMPLATE_PRIVATE_H

#include <stdbool.h>

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
	enum { NODE_TEXT, NODE_PIPE, NODE_IF, NODE_RANGE, NODE_WITH, NODE_BREAK, NODE_CONTINUE } kind;
	char *text;
	struct pipe *pipe;
	struct node *body, *otherwise; /* lists */
	struct node *next;
};

struct cli_template {
	struct node *nodes;
};

/* A function, or NULL. Returns new, or NULL with err. */
typedef json_t *(*template_function)(json_t **args, size_t n, struct err *err);
template_function template_function_find(const char *name);

#endif
