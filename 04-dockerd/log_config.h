/*
 * log_config.h - HostConfig.LogConfig: which driver, and what its options mean to the shim, which
 * writes the log.
 *
 *   driver     written to                                        read from
 *   json-file  <id>-json.log                                     the same
 *   local      local.log, rotated at 20 MB, 5 files, compressed  the same
 *   syslog     a server, and container-cached.log                the copy, unless cache-disabled
 *   journald   systemd's journal, and container-cached.log       the copy, unless cache-disabled
 *   none       nowhere                                           refused
 *
 * Every option but the daemon's defaults is checked when a container is created; where Docker finds a
 * wrong value at the start, it is found then, too.
 */
#ifndef DOCKYARD_DOCKERD_LOG_CONFIG_H
#define DOCKYARD_DOCKERD_LOG_CONFIG_H

#include <jansson.h>

#include "container.h"

/* --- log_options.c --------------------------------------------------------------------------- */

/* {"Type","Config"}, in Docker's words. */
int dockerd_log_check(const json_t *log, struct err *err);
/* The daemon's defaults (--log-driver, --log-opt). */
int dockerd_log_check_defaults(const struct config *cfg, struct err *err);
/* A copy of a request's HostConfig (may be NULL) with the defaults where it says nothing. New. */
json_t *dockerd_log_defaults(const struct config *cfg, const json_t *host);

/* Of a container's LogConfig, an option or NULL; and one that is a boolean. */
const char *dockerd_log_option(const json_t *log, const char *key);
bool dockerd_log_option_bool(const json_t *log, const char *key, bool fallback);
/* May it be read? */
bool dockerd_log_is_kept(const json_t *log);
/* The file's name in the container's directory. The caller frees. */
char *dockerd_log_file(const struct container *c);

/* --- log_syslog.c ------------------------------------------------------------------------------ */

/* 0 to 23; -1. NULL: daemon. */
int dockerd_syslog_facility(const char *name);
/* "udp://host:514": network and address, new, the address still a name where it is one. Both NULL:
 * whatever the machine's own syslog listens on. */
int dockerd_syslog_address(const char *url, char **network, char **address, struct err *err);
/* The same, with numbers. */
int dockerd_syslog_resolve(const char *url, char **network, char **address, struct err *err);

/* --- log_tag.c ---------------------------------------------------------------------------------- */

/* Is it text with fields ({{.ID}}, {{.Name}} …) that are known? */
int dockerd_log_tag_check(const char *text, struct err *err);
/* With the container's values. daemon.lock is taken. New. */
char *dockerd_log_tag(struct daemon *d, const struct container *c, const char *text);
/* A regular expression that means the same to Go and to us. */
int dockerd_log_regex_check(const char *text, struct err *err);
/* What labels, labels-regex, env and env-regex choose: {"name": "value"}. New. */
json_t *dockerd_log_attributes(const struct container *c, const json_t *log);

/* --- log_task.c ---------------------------------------------------------------------------------- */

/* What containerd is told (03-containerd/tasks_log.c). New; NULL: the server has no address. */
json_t *dockerd_log_task(struct daemon *d, const struct container *c, struct err *err);

#endif
