/*
 * template_run.c - a tree over a value; see template.h.
 *
 * Values are held by reference count: what a function here returns is new,
 * what it is given is borrowed.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "shape.h"
#include "template_private.h"

struct variable {
	const char *name;
	json_t *value;
};

struct run {
	const struct cli_template *template;
	const char *name; /* of the one that is running; "": the text itself */
	json_t *dollar;   /* "$": what it is run on */
	json_t *root;     /* and what the text is */
	int depth;        /* of templates in templates */
	size_t base;      /* the first variable that it knows */
	const struct cli_template_scope *scope;
	struct variable *variables;
	size_t n;
	struct strbuf *out;
	struct err *err;
	enum { STAY, BREAK, CONTINUE } leave; /* on the way out of a range's body */
};

static json_t *run_pipe(struct run *r, const struct pipe *pipe, json_t *dot);

/* Always NULL. `text` at `column` is what could not be done. */
__attribute__((format(printf, 5, 6)))
static json_t *fail_text(struct run *r, int line, int column, const char *text, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	err_set(r->err, ERR_INVALID, "template: :%d:%d: executing \"%s\" at <%s>: %s", line, column, r->name, text, reason);
	return NULL;
}
#define fail(r, o, ...) fail_text(r, (o)->line, (o)->column, (o)->text, __VA_ARGS__)

/* Of a chain of fields, Go names the place of the second; behind a variable, of the first. */
static int column_of(const struct operand *o)
{
	if (o->kind == OPERAND_VARIABLE && o->fields.n)
		return o->column + (int)strlen(o->name);
	return o->column + (o->kind == OPERAND_DOT && o->fields.n > 1 ? (int)strlen(o->fields.v[0]) + 1 : 0);
}
#define fail_field(r, o, ...) fail_text(r, (o)->line, column_of(o), (o)->text, __VA_ARGS__)

/* ---- members ------------------------------------------------------------- */

static json_t *missing(struct run *r, const struct operand *o, size_t index, const json_t *value)
{
	const char *name = o->fields.v[index], *type = r->scope ? r->scope->type : NULL;
	const char *pointer = cli_shape_is_pointer(value) ? "*" : "";
	bool map = (json_is_object(value) && !type && !cli_shape_name(value)) || value == cli_value_nil_map();

	if (map && r->scope && r->scope->lenient)
		return json_incref(cli_value_none());
	if (json_is_null(value))
		return fail_field(r, o, "nil pointer evaluating interface {}.%s", name);
	if (map)
		return fail_field(r, o, "map has no entry for key \"%s\"", name);
	if (value == r->root && type)
		return fail_field(r, o, "can't evaluate field %s in type %s", name, type);
	return fail_field(r, o, "can't evaluate field %s in type %s%s", name, pointer,
			  type || cli_shape_name(value) || o->kind == OPERAND_PIPE ? cli_value_type(value) : "interface {}");
}

/* A member of the value, or a method of the value that the template is run on. */
static json_t *member(struct run *r, const struct operand *o, size_t index, json_t *value,
		      json_t **args, size_t n)
{
	const char *name = o->fields.v[index];
	json_t *found = n ? NULL : cli_shape_name(value) ? cli_shape_field(value, name) : json_object_get(value, name);

	if (found)
		return json_incref(found);
	if (value == cli_value_none())
		return value;
	if (r->scope && r->scope->method && value == r->root) {
		struct err err = { 0 };
		found = r->scope->method(r->scope->context, name, args, n, &err);
		if (found)
			return found;
		if (err.kind)
			return fail(r, o, "%s", err.msg);
	}
	if (n)
		return fail_field(r, o, "%s is not a method but has arguments", name);
	return missing(r, o, index, value);
}

/* o's fields but for the last, which may be a method with arguments. */
static json_t *walk(struct run *r, const struct operand *o, json_t *start, json_t **args, size_t n)
{
	json_t *value = json_incref(start);

	for (size_t i = 0; value && i < o->fields.n; i++) {
		bool last = i + 1 == o->fields.n;
		json_t *next = member(r, o, i, value, last ? args : NULL, last ? n : 0);
		json_decref(value);
		value = next;
	}
	return value;
}

/* ---- variables ----------------------------------------------------------- */

static json_t *variable(struct run *r, const struct operand *o)
{
	for (size_t i = r->n; i-- > r->base;)
		if (!strcmp(r->variables[i].name, o->name))
			return json_incref(r->variables[i].value);
	if (!strcmp(o->name, "$"))
		return json_incref(r->dollar);
	return fail(r, o, "undefined variable \"%s\"", o->name);
}

/* ---- functions ----------------------------------------------------------- */

static bool fits(char type, const json_t *value)
{
	return type == 'a' || (type == 's' && json_is_string(value)) || (type == 'i' && json_is_integer(value)) ||
	       (type == 'l' && (json_is_array(value) || json_is_null(value)));
}

static bool takes_more(const struct template_function *f)
{
	return f->types[strlen(f->types) - 1] == '*';
}

static size_t least_args(const struct template_function *f)
{
	return strlen(f->types) - (takes_more(f) ? 2 : 0);
}

/* That is asked before they have values. */
static bool check_count(struct run *r, const struct operand *o, size_t n)
{
	const struct template_function *f = template_function_find(o->name);
	size_t want = least_args(f);

	if (takes_more(f) ? n >= want : n == want)
		return true;
	return fail_text(r, o->line, o->column, o->name, "wrong number of args for %s: want %s%zu got %zu", o->name,
			 takes_more(f) ? "at least " : "", want, n) != NULL;
}

/* Are these the arguments that the function takes? `words` are the operands that they come from;
 * there is one less where the last came through a pipe. */
static bool check_args(struct run *r, const struct operand *o, const struct template_function *f, const struct operand *words,
		       size_t n_words, json_t **args, size_t n)
{
	size_t want = least_args(f);

	for (size_t i = 0; i < n; i++) {
		char type = f->types[i < want ? i : want];
		const struct operand *from = i < n_words ? &words[i] : o;
		const char *name = type == 's' ? "string" : type == 'i' ? "int" : "[]string";
		if (fits(type, args[i]))
			continue;
		if (from->kind == OPERAND_LITERAL && type != 'l')
			return fail(r, from, "expected %s; found %s", type == 'i' ? "integer" : name, from->text) != NULL;
		return fail_text(r, from->line, column_of(from), from == o ? o->name : from->text, "wrong type for value; expected %s; got %s",
				 name, cli_value_type(args[i])) != NULL;
	}
	return true;
}

static json_t *call(struct run *r, const struct operand *o, const struct operand *words, size_t n_words, json_t **args, size_t n)
{
	const struct template_function *f = template_function_find(o->name);
	struct err why;

	if (r->scope && r->scope->heading && f->looks)
		return json_is_string(args[0]) ? json_incref(args[0]) : fail(r, o, "it is no heading");
	if (!check_args(r, o, f, words, n_words, args, n))
		return NULL;
	if (!f->call) /* there are no functions among the values */
		return json_is_null(args[0]) ? fail(r, o, "error calling call: call of nil")
					     : fail(r, o, "error calling call: non-function %s of type %s",
						    n_words ? words[0].text : o->name, cli_value_type(args[0]));
	json_t *value = f->call(args, n, &why);
	return value ? value : fail(r, o, "error calling %s: %s", o->name, why.msg);
}

/* and, or: what comes behind the one that decides is not looked at. */
static bool decides(const struct operand *o, const json_t *value)
{
	if (o->kind != OPERAND_FUNCTION)
		return false;
	return (!strcmp(o->name, "and") && !cli_value_truth(value)) || (!strcmp(o->name, "or") && cli_value_truth(value));
}

/* ---- commands and pipes -------------------------------------------------- */

static json_t *run_operand(struct run *r, const struct operand *o, json_t *dot, json_t **args, size_t n)
{
	json_t *start = NULL;

	if (n && !o->fields.n)
		return fail(r, o, "can't give argument to non-function %s", o->text);
	if (o->kind == OPERAND_FUNCTION)
		start = check_count(r, o, 0) ? call(r, o, NULL, 0, NULL, 0) : NULL;
	else if (o->kind == OPERAND_LITERAL)
		start = json_incref(o->literal);
	else if (o->kind == OPERAND_VARIABLE)
		start = variable(r, o);
	else if (o->kind == OPERAND_PIPE)
		start = run_pipe(r, o->pipe, dot);
	else
		start = json_incref(dot);
	if (!start || !o->fields.n)
		return start;
	json_t *value = walk(r, o, start, args, n);
	json_decref(start);
	return value;
}

/* The first operand, with the others and `piped` as its arguments. */
static json_t *run_command(struct run *r, const struct command *c, json_t *dot, json_t *piped)
{
	const struct operand *first = &c->v[0];
	size_t n = 0;
	AUTO_FREE json_t **args = xcalloc(c->n + 1, sizeof *args);
	json_t *value = NULL;
	bool good = true, decided = false;

	if (first->kind == OPERAND_LITERAL && json_is_null(first->literal))
		return fail(r, first, "nil is not a command");
	if (first->kind == OPERAND_FUNCTION && !first->fields.n)
		good = check_count(r, first, c->n - 1 + (piped ? 1 : 0));
	for (size_t i = 1; good && !decided && i < c->n; i++) {
		good = (args[n] = run_operand(r, &c->v[i], dot, NULL, 0)) != NULL;
		decided = good && decides(first, args[n]);
		n += good;
	}
	if (good && piped && !decided)
		args[n++] = json_incref(piped);
	if (good && first->kind == OPERAND_FUNCTION && !first->fields.n)
		value = call(r, first, c->v + 1, c->n - 1, args, n);
	else if (good)
		value = run_operand(r, first, dot, args, n);
	for (size_t i = 0; i < n; i++)
		json_decref(args[i]);
	return value;
}

static json_t *run_pipe(struct run *r, const struct pipe *pipe, json_t *dot)
{
	json_t *value = NULL;

	for (size_t i = 0; i < pipe->n; i++) {
		json_t *next = run_command(r, &pipe->v[i], dot, value);
		json_decref(value);
		if (!next)
			return NULL;
		value = next;
	}
	return value;
}

/* ---- nodes --------------------------------------------------------------- */

static int run_nodes(struct run *r, const struct node *node, json_t *dot);

static void declare(struct run *r, const char *name, json_t *value)
{
	r->variables = xrealloc(r->variables, (r->n + 1) * sizeof *r->variables);
	r->variables[r->n++] = (struct variable){ name, json_incref(value) };
}

static void forget(struct run *r, size_t mark)
{
	while (r->n > mark)
		json_decref(r->variables[--r->n].value);
}

static int assign(struct run *r, const struct pipe *pipe, json_t *value)
{
	const char *name = pipe->names.v[0];

	if (!pipe->assigns) {
		declare(r, name, value);
		return 0;
	}
	for (size_t i = r->n; i-- > r->base;)
		if (!strcmp(r->variables[i].name, name)) {
			json_decref(r->variables[i].value);
			r->variables[i].value = json_incref(value);
			return 0;
		}
	fail(r, &pipe->v[0].v[0], "undefined variable: %s", name);
	return -1;
}

/* One turn of a range. The last name is the element's, one before it the key's. */
static int turn(struct run *r, const struct node *node, json_t *key, json_t *value)
{
	const struct strlist *names = &node->pipe->names;
	size_t mark = r->n;

	if (names->n > 1)
		declare(r, names->v[0], key);
	if (names->n)
		declare(r, names->v[names->n - 1], value);
	int rc = run_nodes(r, node->body, value);
	forget(r, mark);
	if (r->leave == CONTINUE)
		r->leave = STAY;
	return rc;
}

/* Go ranges over a map in the order of its keys. */
static int range_object(struct run *r, const struct node *node, json_t *object)
{
	size_t n;
	AUTO_FREE const char **keys = jsonx_sorted_keys(object, &n);
	int rc = 0;

	for (size_t i = 0; !rc && r->leave != BREAK && i < n; i++) {
		AUTO_JSON json_t *name = json_string(keys[i]);
		rc = turn(r, node, name, json_object_get(object, keys[i]));
	}
	return rc;
}

#define COUNT_MAX 100000 /* a number of turns that somebody wants to read */

static int range_elements(struct run *r, const struct node *node, json_t *value)
{
	json_int_t count = json_is_integer(value) ? json_integer_value(value) : (json_int_t)json_array_size(value);
	int rc = 0;

	for (json_int_t i = 0; !rc && r->leave != BREAK && i < count && i < COUNT_MAX; i++) {
		AUTO_JSON json_t *index = json_integer(i);
		rc = turn(r, node, index, json_is_integer(value) ? index : json_array_get(value, (size_t)i));
	}
	return rc;
}

static int run_range(struct run *r, const struct node *node, json_t *value, json_t *dot)
{
	const struct operand *o = &node->pipe->v[0].v[0];

	if (json_is_string(value) || json_is_boolean(value) || json_is_real(value) || cli_shape_name(value)) {
		AUTO_STRBUF struct strbuf text = STRBUF_INIT;
		cli_value_show(value, &text);
		fail(r, o, "range can't iterate over %s", text.data);
		return -1;
	}
	if (json_is_integer(value) && node->pipe->names.n > 1) {
		fail(r, o, "can't use %lld to iterate over more than one variable", (long long)json_integer_value(value));
		return -1;
	}
	if (!cli_value_truth(value))
		return run_nodes(r, node->otherwise, dot);
	int rc = json_is_object(value) ? range_object(r, node, value) : range_elements(r, node, value);
	r->leave = STAY;
	return rc;
}

/* if and with: a name declared in the pipe is known inside. */
static int run_branch(struct run *r, const struct node *node, json_t *value, json_t *dot)
{
	size_t mark = r->n;
	int rc;

	if (node->pipe->names.n && assign(r, node->pipe, value))
		return -1;
	if (cli_value_truth(value))
		rc = run_nodes(r, node->body, node->kind == NODE_WITH ? value : dot);
	else
		rc = run_nodes(r, node->otherwise, dot);
	forget(r, mark);
	return rc;
}

#define TEMPLATES_MAX 1000 /* each in the other */

/* {{template "name" x}}: it knows x, and no variables but its own. */
static int run_template(struct run *r, const struct node *node, json_t *dot)
{
	const struct definition *d = template_find(r->template, node->name);
	const char *name = r->name;
	json_t *dollar = r->dollar;
	size_t base = r->base;
	AUTO_JSON json_t *value = NULL;

	if (!d || r->depth >= TEMPLATES_MAX) {
		if (d)
			fail_text(r, node->line, node->column, node->text, "exceeded maximum template depth (%d)", TEMPLATES_MAX);
		else
			fail_text(r, node->line, node->column, node->text, "template \"%s\" not defined", node->name);
		return -1;
	}
	value = node->pipe ? run_pipe(r, node->pipe, dot) : json_incref(cli_value_none());
	if (!value)
		return -1;
	r->depth++;
	r->name = d->name;
	r->dollar = value;
	r->base = r->n;
	int rc = run_nodes(r, d->nodes, value);
	forget(r, r->base);
	r->depth--;
	r->name = name;
	r->dollar = dollar;
	r->base = base;
	return rc;
}

static int run_node(struct run *r, const struct node *node, json_t *dot)
{
	if (node->kind == NODE_TEMPLATE)
		return run_template(r, node, dot);
	if (node->kind == NODE_TEXT) {
		strbuf_adds(r->out, node->text);
		return 0;
	}
	if (node->kind == NODE_BREAK || node->kind == NODE_CONTINUE) {
		r->leave = node->kind == NODE_BREAK ? BREAK : CONTINUE;
		return 0;
	}
	AUTO_JSON json_t *value = run_pipe(r, node->pipe, dot);
	if (!value)
		return -1;
	if (node->kind == NODE_RANGE)
		return run_range(r, node, value, dot);
	if (node->kind != NODE_PIPE)
		return run_branch(r, node, value, dot);
	if (node->pipe->names.n)
		return assign(r, node->pipe, value);
	/* Of JSON's null Go does not know which type it would be nil of. */
	cli_value_show(value == json_null() && !r->scope ? cli_value_none() : value, r->out);
	return 0;
}

static int run_nodes(struct run *r, const struct node *node, json_t *dot)
{
	int rc = 0;

	for (; !rc && node && r->leave == STAY; node = node->next)
		rc = run_node(r, node, dot);
	return rc;
}

int cli_template_run(const struct cli_template *t, json_t *value, const struct cli_template_scope *scope,
		     struct strbuf *out, struct err *err)
{
	struct run r = { .template = t, .name = "", .dollar = value, .root = value, .scope = scope, .out = out, .err = err };
	int rc = run_nodes(&r, t->nodes, value);

	forget(&r, 0);
	free(r.variables);
	return rc;
}
