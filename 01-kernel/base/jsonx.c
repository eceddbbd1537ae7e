/*
 * jsonx.c - see jsonx.h.
 */
#include "jsonx.h"

#include <string.h>

#include "file.h"

static json_t *parse(const char *text, size_t len, size_t flags, const char *what, struct err *err)
{
	json_error_t je;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES | flags, &je);

	if (!doc)
		err_set(err, ERR_INVALID, "%s: line %d, column %d: %s", what, je.line, je.column,
			je.text);
	return doc;
}

json_t *jsonx_parse(const char *text, size_t len, const char *what, struct err *err)
{
	return parse(text, len, 0, what, err);
}

json_t *jsonx_parse_optional(const char *text, size_t len, json_type type, const char *what, struct err *err)
{
	AUTO_JSON json_t *doc = len ? parse(text, len, JSON_DECODE_ANY, what, err) : json_null();

	if (json_is_null(doc))
		return type == JSON_OBJECT ? json_object() : json_array();
	if (doc && json_typeof(doc) != type) {
		err_set(err, ERR_INVALID, "%s: expected %s", what, type == JSON_OBJECT ? "an object" : "an array");
		return NULL;
	}
	return steal_ptr(&doc);
}

json_t *jsonx_read(int dirfd, const char *path, size_t limit, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	if (file_read(dirfd, path, &sb, limit, err))
		return NULL;
	return jsonx_parse(sb.data, sb.len, path, err);
}

int jsonx_write(int dirfd, const char *path, const json_t *doc, mode_t mode, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(doc);

	return file_write_atomic(dirfd, path, text, strlen(text), mode, err);
}

char *jsonx_text(const json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);

	return text ? text : xstrdup("null");
}

json_t *jsonx_strings(const struct strlist *l)
{
	json_t *out = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(out, json_string(l->v[i]));
	return out;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **jsonx_sorted_keys(const json_t *object, size_t *n)
{
	const char **keys = xcalloc(json_object_size(object) + 1, sizeof *keys);
	const char *key;
	json_t *ignored;

	*n = 0;
	json_object_foreach((json_t *)object, key, ignored)
		keys[(*n)++] = key;
	qsort(keys, *n, sizeof *keys, by_bytes);
	return keys;
}

json_t *jsonx_at(const json_t *doc, const char *dotted)
{
	AUTO_FREE char *path = xstrdup(dotted);
	char *save = NULL;

	for (char *key = strtok_r(path, ".", &save); key && doc; key = strtok_r(NULL, ".", &save))
		doc = json_object_get(doc, key);
	return (json_t *)doc;
}

const char *jsonx_str(const json_t *obj, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : fallback;
}

json_int_t jsonx_int(const json_t *obj, const char *key, json_int_t fallback)
{
	json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool jsonx_bool(const json_t *obj, const char *key, bool fallback)
{
	json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

int jsonx_want(const json_t *obj, const char *where, const char *key, json_type type,
	       json_t **out, struct err *err)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string", [JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number", [JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false", [JSON_NULL] = "null",
	};
	json_t *v = json_object_get(obj, key);
	bool boolean = type == JSON_TRUE || type == JSON_FALSE;

	*out = NULL;
	if (!v || json_is_null(v))
		return 0;
	if (boolean ? !json_is_boolean(v) : json_typeof(v) != type)
		return err_set(err, ERR_INVALID, "%s%s%s: expected %s", where, *where ? "." : "",
			       key, names[type]);
	*out = v;
	return 0;
}
