/*
 * template_run.c - a tree over a value; see template.h.
 *
 * Values are held by reference count: what a function here returns is new,
 * what it is given is borrowed.
 */
#include <stdarg.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "template_private.h"

#define VARIABLES_MAX 64

struct variable {
	const char *name;
	json_t *value;
};

struct run {
	json_t *dollar; /* "$": what the template is run on */
	const struct cli_template_scope *scope;
	struct variable variables[VARIABLES_MAX];
	size_t n;
	struct strbuf *out;
	struct err *err;
	enum { STAY, BREAK, CONTINUE } leave; /* on the way out of a range's body */
};

static json_t *run_pipe(struct run *r, const struct pipe *pipe, json_t *dot);

__attribute__((format(printf, 4, 5)))
static json_t *fail_at(struct run *r, const struct operand *o, size_t offset, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	err_set(r->err, ERR_INVALID, "template: :%d:%d: executing \"\" at <%s>: %s", o->line,
		o->column + (int)offset, o->text, reason);
	return NULL;
}
#define fail(r, o, ...) fail_at(r, o, 0, __VA_ARGS__)

/* ---- members ------------------------------------------------------------- */

/* Go's names of members, where the JSON's differ. */
static json_t *by_go_name(const json_t *object, const char *name)
{
	static const char *const other[][2] = {
		{ "ID", "Id" }, { "APIVersion", "ApiVersion" }, { "GraphDriver", "Driver" },
	};

	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (!strcmp(other[i][0], name))
			return json_object_get(object, other[i][1]);
	return NULL;
}

static json_t *missing(struct run *r, const struct operand *o, size_t index, const json_t *value)
{
	const char *name = o->fields.v[index];
	const char *type = value == r->dollar && r->scope ? r->scope->type : NULL;
	size_t offset = 0;

	for (size_t i = 0; i < index; i++)
		offset += strlen(o->fields.v[i]) + 1;
	if (json_is_null(value))
		return fail_at(r, o, offset, "nil pointer evaluating interface {}.%s", name);
	if (json_is_object(value) && !type)
		return fail_at(r, o, offset, "map has no entry for key \"%s\"", name);
	return fail_at(r, o, offset, "can't evaluate field %s in type %s", name,
		       type ? type : cli_value_type(value));
}

/* A member of the value, or a method of the value that the template is run on. */
static json_t *member(struct run *r, const struct operand *o, size_t index, json_t *value,
		      json_t **args, size_t n)
{
	const char *name = o->fields.v[index];
	json_t *found = n ? NULL : json_object_get(value, name);

	if (!found && !n)
		found = by_go_name(value, name);
	if (found)
		return json_incref(found);
	if (r->scope && r->scope->method && value == r->dollar) {
		struct err err = { 0 };
		found = r->scope->method(r->scope->context, name, args, n, &err);
		if (found)
			return found;
		if (err.kind)
			return fail(r, o, "%s", err.msg);
	}
	if (n)
		return fail(r, o, "%s is not a method but has arguments", name);
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

/* ---- operands, commands, pipes ------------------------------------------- */

static json_t *variable(struct run *r, const struct operand *o)
{
	for (size_t i = r->n; i-- > 0;)
		if (!strcmp(r->variables[i].name, o->name))
			return json_incref(r->variables[i].value);
	if (!strcmp(o->name, "$"))
		return json_incref(r->dollar);
	return fail(r, o, "undefined variable \"%s\"", o->name);
}

static json_t *call(struct run *r, const struct operand *o, json_t **args, size_t n)
{
	struct err why;
	json_t *value = template_function_find(o->name)(args, n, &why);

	if (value)
		return value;
	return fail(r, o, "error calling %s: %s", o->name, why.msg);
}

static json_t *run_operand(struct run *r, const struct operand *o, json_t *dot, json_t **args, size_t n)
{
	json_t *start = NULL;

	if (o->kind == OPERAND_FUNCTION)
		start = call(r, o, o->fields.n ? NULL : args, o->fields.n ? 0 : n);
	else if (n && !o->fields.n)
		return fail(r, o, "can't give argument to non-function %s", o->text);
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
	size_t n = c->n - 1, total = n + (piped != NULL);
	AUTO_FREE json_t **args = xcalloc(total + 1, sizeof *args);
	json_t *value = NULL;
	bool good = true;

	for (size_t i = 0; good && i < n; i++)
		good = (args[i] = run_operand(r, &c->v[i + 1], dot, NULL, 0)) != NULL;
	if (piped)
		args[n] = piped;
	if (good)
		value = run_operand(r, &c->v[0], dot, args, total);
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
	if (r->n < VARIABLES_MAX)
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
	for (size_t i = r->n; i-- > 0;)
		if (!strcmp(r->variables[i].name, name)) {
			json_decref(r->variables[i].value);
			r->variables[i].value = json_incref(value);
			return 0;
		}
	return err_set(r->err, ERR_INVALID, "template: undefined variable \"%s\"", name);
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
	AUTO_FREE const char **keys = cli_sorted_keys(object, &n);
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

	if (json_is_string(value) || json_is_boolean(value) || json_is_real(value)) {
		AUTO_STRBUF struct strbuf text = STRBUF_INIT;
		cli_value_print(value, &text);
		fail(r, o, "range can't iterate over %s", text.data);
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

static int run_node(struct run *r, const struct node *node, json_t *dot)
{
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
	cli_value_print(value, r->out);
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
	struct run r = { .dollar = value, .scope = scope, .out = out, .err = err };
	int rc = run_nodes(&r, t->nodes, value);

	forget(&r, 0);
	return rc;
}
