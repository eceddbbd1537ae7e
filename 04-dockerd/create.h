/*
 * create.h - from the body of POST /containers/create to a container's
 * documents: Config and HostConfig with every key present and every value
 * checked.
 *
 * The rule: a field that this daemon does not implement is accepted only with
 * its zero value (clients send all fields, nearly all of them zero). Anything else
 * is refused with the field's name; nothing is silently ignored.
 */
#ifndef DOCKYARD_DOCKERD_CREATE_H
#define DOCKYARD_DOCKERD_CREATE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* A container of an image that has no name yet, for a build's step: `image` is what containerd's resolve
 * would answer (its chainID and config), `id` what the image would be called. A reference, or NULL. */
struct daemon;
struct container *dockerd_create_on(struct daemon *d, json_t *image, const char *id, const json_t *body,
				    struct err *err);

/* null, false, 0, "", [] and {}, and lists and objects of nothing but those. */
bool dockerd_is_zero(const json_t *v);

/* null, false, 0, "", [] and {} themselves: {"80/tcp":{}} says something. */
bool dockerd_is_empty(const json_t *v);

/* One row per field of a request object. */
struct field {
	const char *name;
	char type; /* s string, i integer, b boolean, l list of strings, a list, o object,
		      c command: a string or a list of strings */
	bool supported;       /* false: only zero is accepted */
	const char *fallback; /* JSON */
};
extern const struct field dockerd_restart_fields[]; /* of a RestartPolicy */

/* Check `given` (NULL: {}) against the rows: a new object with every row's
 * field, or NULL with "<where>.<name>: …". */
json_t *dockerd_normalise(const json_t *given, const struct field *rows, const char *where,
			  struct err *err);

/* A request's Config with every field; new. */
json_t *dockerd_config_of(const json_t *body, struct err *err);
/* What it leaves out is the image's, or of an image that is committed the container's; health
 * checks are health.h's. */
void dockerd_config_merge(json_t *config, const json_t *from);

/* The container's Config: the request's, completed from the image's. New. */
json_t *dockerd_config_make(const json_t *body, const json_t *image_config, const char *id,
			    struct err *err);

/* HostConfig, normalised, checked and with defaults filled in. New. */
json_t *dockerd_host_make(const json_t *given, struct strlist *warnings, struct err *err);

/* The semantic checks of dockerd_host_make, on a normalised document. */
int dockerd_host_check(json_t *host, struct err *err);

/* What of Config (as requested) and HostConfig cannot be together. */
int dockerd_conflicts_check(const json_t *body, const json_t *host, struct err *err);

/* "10m", "1g", "1024": bytes; -1 if it is none. */
json_int_t dockerd_parse_size(const char *text);
/* "1", "t", "TRUE", "0", "False" and so on, as Go reads a boolean: 1 or 0; -1: it is none. */
int dockerd_parse_bool(const char *text);

/* "always", "no", "" ... and MaximumRetryCount. */
int dockerd_restart_policy_check(const json_t *policy, bool auto_remove, struct err *err);

#endif
