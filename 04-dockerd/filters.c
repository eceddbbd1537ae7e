/*
 * filters.c - see filters.h. Values of one key are alternatives, except labels,
 * of which all must hold; different keys must all hold.
 */
#include "filters.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/words.h"

/* {"a":true,"b":false} -> ["a"] ; ["a"] stays. NULL if it is neither. */
static json_t *values_of(const json_t *given)
{
	json_t *list = json_array(), *v;
	const char *key;
	size_t i;

	if (json_is_object(given)) {
		json_object_foreach((json_t *)given, key, v)
			if (json_is_true(v))
				json_array_append_new(list, json_string(key));
		return list;
	}
	json_array_foreach(given, i, v)
		if (json_is_string(v))
			json_array_append(list, v);
	if (json_is_array(given) && json_array_size(list) == json_array_size(given))
		return list;
	json_decref(list);
	return NULL;
}

json_t *dockerd_filters_parse(const char *text, const char *const known[], struct err *err)
{
	AUTO_JSON json_t *doc = NULL, *out = json_object();
	const char *key;
	json_t *v;

	if (!text || !*text)
		return steal_ptr(&out);
	doc = jsonx_parse(text, strlen(text), "filters", err);
	if (!doc)
		return NULL;
	if (!json_is_object(doc)) {
		err_set(err, ERR_INVALID, "filters: expected an object");
		return NULL;
	}
	json_object_foreach(doc, key, v) {
		json_t *list = values_of(v);

		if (!list || !words_have(known, key)) {
			json_decref(list);
			err_set(err, ERR_INVALID, list ? "invalid filter '%s'"
						       : "filters: %s: expected a list", key);
			return NULL;
		}
		json_object_set_new(out, key, list);
	}
	return steal_ptr(&out);
}

bool dockerd_filter_any(const json_t *filters, const char *key,
			bool (*match)(const char *value, const void *arg), const void *arg)
{
	json_t *list = json_object_get(filters, key), *v;
	size_t i;

	if (!json_array_size(list))
		return true;
	json_array_foreach(list, i, v)
		if (match(json_string_value(v), arg))
			return true;
	return false;
}

static bool equal(const char *value, const void *arg)
{
	return !strcmp(value, arg);
}

bool dockerd_filter_equal(const json_t *filters, const char *key, const char *text)
{
	return dockerd_filter_any(filters, key, equal, text);
}

int dockerd_filter_check_bool(const json_t *filters, const char *key, struct err *err)
{
	if (dockerd_filter_bool(filters, key, true) || dockerd_filter_bool(filters, key, false))
		return 0;
	return err_set(err, ERR_INVALID, "invalid filter '%s=[%s]'", key,
		       json_string_value(json_array_get(json_object_get(filters, key), 0)));
}

bool dockerd_filter_bool(const json_t *filters, const char *key, bool value)
{
	return dockerd_filter_equal(filters, key, value ? "true" : "false") ||
	       dockerd_filter_equal(filters, key, value ? "1" : "0");
}

static bool label_holds(const char *want, const json_t *labels)
{
	const char *eq = strchr(want, '=');
	AUTO_FREE char *key = eq ? xstrndup(want, (size_t)(eq - want)) : xstrdup(want);
	const char *have = jsonx_str(labels, key, NULL);

	return have && (!eq || !strcmp(have, eq + 1));
}

bool dockerd_labels_match(const json_t *wanted, const json_t *labels)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)wanted, i, v)
		if (!label_holds(json_string_value(v), labels))
			return false;
	return true;
}

bool dockerd_filter_labels(const json_t *filters, const json_t *labels)
{
	return dockerd_labels_match(json_object_get(filters, "label"), labels);
}
