/*
 * property.c - see property.h.
 */
#include "property.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *runc_prop_path(char out[PROPERTY_PATH_SIZE], const char *where, const char *key)
{
	snprintf(out, PROPERTY_PATH_SIZE, "%s%s%s", where, *where ? "." : "", key);
	return out;
}

const char *runc_prop_index(char out[PROPERTY_PATH_SIZE], const char *where, const char *key,
			    size_t index)
{
	snprintf(out, PROPERTY_PATH_SIZE, "%s%s%s[%zu]", where, *where && *key ? "." : "", key,
		 index);
	return out;
}

int runc_prop_str(const json_t *obj, const char *where, const char *key, const char **out,
		  struct err *err)
{
	json_t *v;

	if (jsonx_want(obj, where, key, JSON_STRING, &v, err))
		return -1;
	if (v)
		*out = json_string_value(v);
	return 0;
}

int runc_prop_need_str(const json_t *obj, const char *where, const char *key, const char **out,
		       struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	const char *s = NULL;

	if (runc_prop_str(obj, where, key, &s, err))
		return -1;
	if (!s || !*s)
		return err_set(err, ERR_INVALID, "%s: required and must not be empty",
			       runc_prop_path(path, where, key));
	*out = s;
	return 0;
}

int runc_prop_bool(const json_t *obj, const char *where, const char *key, bool *out,
		   struct err *err)
{
	json_t *v;

	if (jsonx_want(obj, where, key, JSON_TRUE, &v, err))
		return -1;
	if (v)
		*out = json_is_true(v);
	return 0;
}

int runc_prop_int(const json_t *obj, const char *where, const char *key, struct runc_range range,
		  int64_t *out, bool *present, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *v;

	if (present)
		*present = false;
	if (jsonx_want(obj, where, key, JSON_INTEGER, &v, err))
		return -1;
	if (!v)
		return 0;
	if (json_integer_value(v) < range.min || json_integer_value(v) > range.max)
		return err_set(err, ERR_INVALID, "%s: %lld is not within %lld..%lld",
			       runc_prop_path(path, where, key), (long long)json_integer_value(v),
			       (long long)range.min, (long long)range.max);
	*out = json_integer_value(v);
	if (present)
		*present = true;
	return 0;
}

int runc_prop_u64(const json_t *obj, const char *where, const char *key, uint64_t *out,
		  struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *v = json_object_get(obj, key);
	const char *digits = json_string_value(v);

	if (!v || json_is_null(v))
		return 0;
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*out = (uint64_t)json_integer_value(v);
		return 0;
	}
	if (digits && strlen(digits) >= 19 && strspn(digits, "0123456789") == strlen(digits)) {
		errno = 0;
		*out = strtoull(digits, NULL, 10);
		if (!errno)
			return 0;
	}
	return err_set(err, ERR_INVALID, "%s: expected an integer within 0..2^64-1",
		       runc_prop_path(path, where, key));
}

int runc_prop_object(const json_t *obj, const char *where, const char *key, json_t **out,
		     struct err *err)
{
	return jsonx_want(obj, where, key, JSON_OBJECT, out, err);
}

int runc_prop_array(const json_t *obj, const char *where, const char *key, json_t **out,
		    struct err *err)
{
	return jsonx_want(obj, where, key, JSON_ARRAY, out, err);
}

int runc_prop_strings(const json_t *obj, const char *where, const char *key, const char ***out,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	const char **v;
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, where, key, &array, err))
		return -1;
	if (!array)
		return 0;
	json_array_foreach(array, i, item)
		if (!json_is_string(item))
			return err_set(err, ERR_INVALID, "%s: expected a string",
				       runc_prop_index(path, where, key, i));
	v = xcalloc(json_array_size(array) + 1, sizeof *v);
	json_array_foreach(array, i, item)
		v[i] = json_string_value(item);
	*out = v;
	return 0;
}

bool runc_prop_means(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	switch (v ? json_typeof(v) : JSON_NULL) {
	case JSON_OBJECT: return json_object_size(v) > 0;
	case JSON_ARRAY: return json_array_size(v) > 0;
	case JSON_STRING: return *json_string_value(v) != '\0';
	case JSON_INTEGER: return json_integer_value(v) != 0;
	case JSON_REAL: return json_real_value(v) != 0;
	case JSON_TRUE: return true;
	default: return false;
	}
}

int runc_prop_refuse(const json_t *obj, const char *where, const char *const *keys,
		     struct err *err)
{
	char path[PROPERTY_PATH_SIZE];

	for (; *keys; keys++)
		if (runc_prop_means(obj, *keys))
			return err_set(err, ERR_UNSUPPORTED, "%s: not supported by this runtime",
				       runc_prop_path(path, where, *keys));
	return 0;
}
