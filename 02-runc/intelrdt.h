/*
 * intelrdt.h - `linux.intelRdt` ("IntelRdt" in config-linux.md): a share of the
 * processor's cache and of the bandwidth to memory, by way of the resctrl file
 * system (Documentation/filesystems/resctrl.rst in the kernel's sources).
 *
 * A directory there is a class of service (CLOS): `schemata` says what it gets, a
 * line per resource, and `tasks` who is in it. Below a class, in mon_groups/, are
 * groups that only measure. What was made for a container stands in the file
 * intelrdt.json of its state directory; without that file there is nothing to join,
 * measure or remove.
 */
#ifndef DOCKYARD_RUNC_INTELRDT_H
#define DOCKYARD_RUNC_INTELRDT_H

#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/jsonx.h"

struct runc_config;

struct runc_rdt {
	bool present, monitor;
	const char *clos_id;   /* NULL: the container's id; "/": the root class */
	const char *l3, *mb;   /* l3CacheSchema, memBwSchema, or NULL */
	const char **schemata; /* NULL, or ends with NULL */
};

int runc_config_rdt(struct runc_config *c, const json_t *linux_, struct err *err);

/* Where resctrl is mounted; the caller frees. ERR_UNSUPPORTED if it is not. */
char *runc_rdt_root(struct err *err);

/* Before anything is made: is there what `r` needs? */
int runc_rdt_check_host(const struct runc_rdt *r, struct err *err);

/* The following take that `root`, so that a test can have one of its own. */

/* Can this machine do what is asked for? */
int runc_rdt_check(const struct runc_rdt *r, const char *root, struct err *err);
/* Make the group (or take the one that exists), set it up, and note it in `dir`. */
int runc_rdt_create(const struct runc_rdt *r, const char *root, const char *id, int dir,
		    struct err *err);

/* The following look into `dir`, the state directory, and do nothing without a note. */

/* Put process `pid` into the group. */
int runc_rdt_join(int dir, pid_t pid, struct err *err);
/* Remove what is the container's own; `undo`: also a class of service that was named
 * in its configuration and did not exist before. */
int runc_rdt_destroy(int dir, bool undo, struct err *err);
/* intelrdt_stats.c: for `events`, in runc's words. New, or NULL. */
json_t *runc_rdt_stats(int dir);
/* The note. New, or NULL. */
json_t *runc_rdt_note(int dir);
/* Other schemas (or NULL) for a container; `config` is its config.json, changed too. */
int runc_rdt_update(json_t *config, const char *id, pid_t init, int dir, const char *l3,
		    const char *mb, struct err *err);

/* intelrdt_schema.c: the lines to write to `schemata`, "" if there are none; and
 * whether `existing` has each of the lines of l3CacheSchema and memBwSchema. */
char *runc_rdt_schemata(const struct runc_rdt *r, bool only_listed);
bool runc_rdt_schemata_match(const struct runc_rdt *r, const char *existing);

#endif
