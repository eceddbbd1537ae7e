/*
 * create_fields.c - request objects against tables of fields (create.h).
 */
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"

bool dockerd_is_zero(const json_t *v)
{
	const char *key;
	json_t *item;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_NULL: case JSON_FALSE:
		return true;
	case JSON_INTEGER:
		return json_integer_value(v) == 0;
	case JSON_REAL:
		return json_real_value(v) == 0;
	case JSON_STRING:
		return json_string_length(v) == 0;
	case JSON_ARRAY:
		json_array_foreach((json_t *)v, i, item)
			if (!dockerd_is_zero(item))
				return false;
		return true;
	case JSON_OBJECT:
		json_object_foreach((json_t *)v, key, item)
			if (!dockerd_is_zero(item))
				return false;
		return true;
	default:
		return false;
	}
}

bool dockerd_is_empty(const json_t *v)
{
	if (json_is_array(v))
		return json_array_size(v) == 0;
	if (json_is_object(v))
		return json_object_size(v) == 0;
	return dockerd_is_zero(v);
}

static bool all_strings(const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_array(list);
}

static const char *type_mismatch(const json_t *v, char type)
{
	switch (type) {
	case 's': return json_is_string(v) ? NULL : "a string";
	case 'i': return json_is_integer(v) ? NULL : "an integer";
	case 'b': return json_is_boolean(v) ? NULL : "true or false";
	case 'l': return all_strings(v) ? NULL : "a list of strings";
	case 'a': return json_is_array(v) ? NULL : "a list";
	case 'c': return all_strings(v) || json_is_string(v) ? NULL : "a list of strings";
	default: return json_is_object(v) ? NULL : "an object";
	}
}

static json_t *fallback_of(const struct field *row)
{
	return json_loads(row->fallback, JSON_DECODE_ANY, NULL);
}

/* The row's field as given, or its fallback. New, or NULL. */
static json_t *take(const json_t *given, const struct field *row, const char *where,
		    struct err *err)
{
	json_t *v = json_object_get(given, row->name);
	const char *expected;

	if (!v || json_is_null(v))
		return fallback_of(row);
	expected = type_mismatch(v, row->type);
	if (expected) {
		err_set(err, ERR_INVALID, "%s%s: expected %s", where, row->name, expected);
		return NULL;
	}
	if (!row->supported && !dockerd_is_zero(v)) {
		err_set(err, ERR_UNSUPPORTED, "%s%s is not supported by this daemon", where,
			row->name);
		return NULL;
	}
	if (row->type == 'c' && json_is_string(v))
		return json_pack("[O]", v);
	return json_incref(v);
}

/* In any letters, as Go's decoder takes them: Python's library says "detachKeys". */
static const struct field *row_of(const struct field *rows, const char *name)
{
	while (rows->name && strcasecmp(rows->name, name))
		rows++;
	return rows->name ? rows : NULL;
}

json_t *dockerd_normalise(const json_t *given, const struct field *rows, const char *where,
			  struct err *err)
{
	AUTO_JSON json_t *out = json_object(), *named = json_object();
	const struct field *row;
	const char *key;
	json_t *v;

	if (given && !json_is_object(given)) {
		err_set(err, ERR_INVALID, "%s: expected an object", *where ? where : "request");
		return NULL;
	}
	json_object_foreach((json_t *)given, key, v) {
		row = row_of(rows, key);
		if (row)
			json_object_set(named, row->name, v);
		if (row || dockerd_is_zero(v))
			continue;
		err_set(err, ERR_INVALID, "%s%s: no such field", where, key);
		return NULL;
	}
	for (row = rows; row->name; row++) {
		v = take(named, row, where, err);
		if (!v)
			return NULL;
		json_object_set_new(out, row->name, v);
	}
	return steal_ptr(&out);
}
