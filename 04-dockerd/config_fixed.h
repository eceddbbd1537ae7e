/*
 * config_fixed.h - settings of Docker's that have one value here, since the daemon does it in one
 * way: accepted where they say so, as files that were written for Docker do, and refused by name
 * where they say otherwise. And those that have none: refused, with a reason.
 */
#ifndef DOCKYARD_DOCKERD_CONFIG_FIXED_H
#define DOCKYARD_DOCKERD_CONFIG_FIXED_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"

struct fixed_setting {
	const char *flag, *key; /* of the command line, of daemon.json */
	const char *value;
	bool boolean;           /* the flag alone means true */
};

/* "--flag" or "--flag=v", as on the command line; NULL: none of these. */
const struct fixed_setting *dockerd_fixed_flag(const char *arg);
const struct fixed_setting *dockerd_fixed_key(const char *key);

/* Why the daemon does not have what Docker calls `key`; NULL: Docker has not either. */
const char *dockerd_unsupported_why(const char *key);

/* Is it the one value? Of the file: a word, a truth, or a list of them. */
int dockerd_fixed_check(const struct fixed_setting *s, const char *value, struct err *err);
int dockerd_fixed_check_json(const struct fixed_setting *s, const json_t *value, struct err *err);

#endif
