/*
 * runtimes.h - the OCI runtimes that a container may ask for by name (HostConfig.Runtime).
 *
 *     {"crun":{"path":"/usr/bin/crun","runtimeArgs":["--debug"]}}     "runtimes" in daemon.json
 *
 * "runc" is the one that containerd was given, and always there. A container remembers the name:
 * what it means is looked up at each start, so SIGHUP changes it for the next one. What runs goes
 * on with the program that it was started by, which containerd remembers.
 */
#ifndef DOCKYARD_DOCKERD_RUNTIMES_H
#define DOCKYARD_DOCKERD_RUNTIMES_H

#include <jansson.h>

#include "daemon.h"

#define STOCK_RUNTIME "runc"

/* --- settings (config.c). *all: {name: {"path","runtimeArgs"}}, NULL while there are none ------ */
int dockerd_runtimes_add(json_t **all, const char *flag, struct err *err); /* NAME=PATH */
int dockerd_runtimes_take(json_t **all, const json_t *given, struct err *err);
int dockerd_runtimes_check(const json_t *all, const char *default_name, struct err *err);

/* --- for containers ------------------------------------------------------------------------------ */
/* Fill in host's Runtime where it has none; ERR_INVALID if there is no such. */
int dockerd_runtime_choose(struct daemon *d, json_t *host, struct err *err);
/* containerd's container.runtime for the name: new; null for the stock one; NULL with err. */
json_t *dockerd_runtime_body(struct daemon *d, const char *name, struct err *err);
/* {"Runtimes","DefaultRuntime"}, as `docker info` shows them. New. */
json_t *dockerd_runtimes_info(struct daemon *d);

#endif
