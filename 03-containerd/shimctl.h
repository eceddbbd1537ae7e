/*
 * shimctl.h - containerd's end of the shim's control socket (shim_control.c).
 */
#ifndef DOCKYARD_CTRD_SHIMCTL_H
#define DOCKYARD_CTRD_SHIMCTL_H

#include <jansson.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* Start a shim for the bundle and wait until it listens. */
int ctrd_shim_start(const char *shim, const char *bundle, struct err *err);

/* One request on a connection of its own: {"op":op} with the members of `args` (taken; may
 * be NULL). The result (new), or NULL; ERR_UNAVAILABLE when there is no shim. */
json_t *ctrd_shim_call(const char *bundle, const char *op, json_t *args, struct err *err);

/* Subscribe: *state receives the shim's state (new), the returned descriptor the events,
 * a line each. -1 and err (ERR_UNAVAILABLE: there is no shim; ERR_TIMEOUT: it does not
 * answer within so many seconds). */
int ctrd_shim_subscribe(const char *bundle, int seconds, json_t **state, struct err *err);

/* Kill the shim behind a connection: the kernel knows who it is (SO_PEERCRED). */
void ctrd_shim_kill(int fd);

/* Its connections end a little before the shim itself, and with it the runtime's commands that it
 * has started (ctrd_runtime_spawn): wait for that, so many seconds at most. */
void ctrd_shim_await_death(const char *bundle, int seconds);

#endif
