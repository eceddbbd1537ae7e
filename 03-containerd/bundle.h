/*
 * bundle.h - a task's directory at run time, <state>/<namespace>/<id>/:
 *
 *   options.json  what the shim is to do         config.json  the OCI specification
 *   rootfs/       mount point                    exit.json    how it ended
 *   shared/N      mount points of binds that are shared with the host
 *   shim.sock attach.sock shim.pid init.pid log.json shim.log exec-*
 *
 * options.json is written last of what containerd makes before it starts the shim: a
 * directory without it was begun by a containerd that died, and holds nothing.
 */
#ifndef DOCKYARD_CTRD_BUNDLE_H
#define DOCKYARD_CTRD_BUNDLE_H

#include <jansson.h>

#include "01-kernel/base/err.h"

char *ctrd_bundle_path(const char *state, const char *ns, const char *id);

/* Make the directory, rootfs and options.json. On failure nothing is left. */
int ctrd_bundle_create(const char *bundle, const json_t *options, struct err *err);

/* Write one of its documents. A reboot ends the task with them: nothing is synced. */
int ctrd_bundle_write(const char *file, const json_t *doc, struct err *err);

/* And read it. New. */
json_t *ctrd_bundle_read(const char *file, struct err *err);

/* The binds of a specification whose mounts are to reach the host (shim_mounts.c): what options.json calls "shared",
 * [{"source","recursive"}]. New. */
json_t *ctrd_bundle_shared(const json_t *spec);

/* Write config.json: `spec` with root.path "rootfs", the sources of shared binds as the shim has
 * them (shared/0, …), process.terminal as given and the resolved user ({"uid","gid","additionalGids","home"}, NULL: as in the spec). */
int ctrd_bundle_spec(const char *bundle, const json_t *spec, int terminal, const json_t *user,
		     struct err *err);

/* Put a resolved user into an OCI process object; HOME into its environment when absent. */
void ctrd_bundle_user(json_t *process, const json_t *user);

/* Remove it. What is mounted there is an error, not removed. */
int ctrd_bundle_remove(const char *bundle, struct err *err);

#endif
