/*
 * property.h - typed access to one property of config.json, with its path in
 * the complaint.
 *
 * Each returns 0, or -1 with ERR_INVALID "<where>.<key>: ...". An absent (or
 * null) property leaves *out as it was, so the caller puts the default there
 * first.
 */
#ifndef DOCKYARD_RUNC_PROPERTY_H
#define DOCKYARD_RUNC_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/jsonx.h"

#define PROPERTY_PATH_SIZE 256

int runc_prop_str(const json_t *obj, const char *where, const char *key, const char **out,
		  struct err *err);
/* As above, but it must be there and not be empty. */
int runc_prop_need_str(const json_t *obj, const char *where, const char *key, const char **out,
		       struct err *err);
int runc_prop_bool(const json_t *obj, const char *where, const char *key, bool *out,
		   struct err *err);

struct runc_range {
	int64_t min, max;
};
/* *present (may be NULL) tells an absent number from one that equals the default. */
int runc_prop_int(const json_t *obj, const char *where, const char *key, struct runc_range range,
		  int64_t *out, bool *present, struct err *err);

/* An unsigned 64-bit number. jansson's integers are signed, so runc_config_read
 * has made a string of digits out of what might lie above INT64_MAX. */
int runc_prop_u64(const json_t *obj, const char *where, const char *key, uint64_t *out,
		  struct err *err);

/* An array of strings as a NULL-terminated vector of borrowed strings; the
 * caller frees the vector. *out stays NULL when the property is absent. */
int runc_prop_strings(const json_t *obj, const char *where, const char *key, const char ***out,
		      struct err *err);

int runc_prop_object(const json_t *obj, const char *where, const char *key, json_t **out,
		     struct err *err);
int runc_prop_array(const json_t *obj, const char *where, const char *key, json_t **out,
		    struct err *err);

/* "<where>.<key>[<index>]" into out, whose address is returned. */
const char *runc_prop_index(char out[PROPERTY_PATH_SIZE], const char *where, const char *key,
			    size_t index);
const char *runc_prop_path(char out[PROPERTY_PATH_SIZE], const char *where, const char *key);

/* Is the property there with a value that means something (not null, false, 0,
 * "", [] or {})? Clients written in Go send empty values for "not set". */
bool runc_prop_means(const json_t *obj, const char *key);

/* Refuse (ERR_UNSUPPORTED) each property of `keys` (ends with NULL) that means
 * something. */
int runc_prop_refuse(const json_t *obj, const char *where, const char *const *keys,
		     struct err *err);

#endif
