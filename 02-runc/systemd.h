/*
 * systemd.h - control groups made by systemd (`runc --systemd-cgroup`).
 *
 * Where systemd is process 1, the tree of control groups is its own. Whoever needs a
 * group there asks it, over D-Bus, for a *unit*: limits are the unit's properties,
 * and the unit above it is a *slice*. A container is a *scope*, the kind of unit for
 * processes that somebody else has started, so its init must exist first:
 *
 *     create   clone init, which waits; StartTransientUnit with its pid and the
 *              limits; systemd makes the group, moves init into it and signals
 *              JobRemoved; then the rest is set as without systemd, in the group's
 *              files (cgroup.c), and init goes on
 *     update   SetUnitProperties; then the files
 *     delete   StopUnit; then what is left of the directories
 *
 * Limits that systemd has a property for are told both ways: it writes a unit's
 * properties to the files again whenever it sees fit (`systemctl daemon-reload`),
 * and would undo what it does not know of. All other commands (pause, kill, ps,
 * exec) find the group by its path, and need no systemd.
 */
#ifndef DOCKYARD_RUNC_SYSTEMD_H
#define DOCKYARD_RUNC_SYSTEMD_H

#include "config.h"
#include "dbus.h"
#include "unit.h"

/* ---- systemd_bus.c: which systemd ---------------------------------------- */

/* ERR_UNSUPPORTED where none runs. */
int runc_systemd_check(struct err *err);
/* Ours, or process 1? `rootless` is what the global option of that name has come to. */
bool runc_systemd_is_users(bool rootless);
int runc_systemd_connect(struct runc_dbus *bus, bool user, struct err *err);

/* ---- systemd_props.c: properties ----------------------------------------- */

/* What a property may be told to depends on these. */
struct runc_systemd_traits {
	bool v2;
	int version; /* systemd's, as of 252 */
};
void runc_systemd_put_text(struct strbuf *body, const char *name, const char *value);
void runc_systemd_put_number(struct strbuf *body, const char *name, char type, uint64_t value);
/* Properties that are lists, with one element. */
void runc_systemd_put_texts(struct strbuf *body, const char *name, const char *value);
void runc_systemd_put_pid(struct strbuf *body, pid_t pid);
void runc_systemd_put_quota(struct strbuf *body, const struct kern_cgroup_limits *l,
			    const struct runc_systemd_traits *traits);
/* "0-3,7", of processors or memory nodes; "" or NULL: nothing. */
int runc_systemd_put_set(struct strbuf *body, const char *name, const char *list,
			 const struct runc_systemd_traits *traits, struct err *err);
/* systemd_unified.c: l->unified, as far as there are properties of it. */
int runc_systemd_put_unified(struct strbuf *body, const struct kern_cgroup_limits *l,
			     const struct runc_systemd_traits *traits, struct err *err);
/* What can be told at the start only. */
void runc_systemd_put_oom_policy(struct strbuf *body, const struct kern_cgroup_limits *l,
				 const struct runc_systemd_traits *traits);
/* The file of this name among them, or NULL. */
struct kern_cgroup_file *runc_systemd_unified(const struct kern_cgroup_limits *l, const char *name);
int runc_systemd_put_limits(struct strbuf *body, const struct kern_cgroup_limits *l,
			    const struct runc_systemd_traits *traits, struct err *err);
/* systemd_annotations.c: the annotations "org.systemd.property.NAME". */
int runc_systemd_put_annotations(struct strbuf *body, const json_t *annotations, struct err *err);
/* Change what systemd cannot express, so that its files and ours come to be the same: it
 * counts processor time in whole hundredths (the quota is rounded up), and takes
 * either a weight or idle (the weight goes). */
void runc_systemd_adapt(struct kern_cgroup_limits *l, const struct runc_systemd_traits *traits);

/* systemd_devices.c: DevicePolicy and DeviceAllow, from rules of which the last match
 * wins, beginning with one for all. */
void runc_systemd_put_devices(struct strbuf *body, const struct kern_cgroup_device *rules,
			      size_t n, bool v2);

/* ---- systemd.c: the life of a unit --------------------------------------- */

struct runc_systemd {
	struct runc_unit unit;
	char *cgroup; /* where the unit's group will be */
	struct runc_dbus bus;
	struct strbuf request; /* StartTransientUnit's, ready but for the pid */
	struct runc_dbus_array properties;
	bool started; /* there is something to stop */
};
#define RUNC_SYSTEMD_INIT { .bus = RUNC_DBUS_INIT }

/* Check everything, connect, and know what the unit will be; nothing is made. The
 * limits in c are adapted. */
int runc_systemd_prepare(struct runc_systemd *s, struct runc_config *c, const char *id,
			 bool rootless, struct err *err);
/* Make it, around this process. */
int runc_systemd_start(struct runc_systemd *s, pid_t pid, struct err *err);
void runc_systemd_free(struct runc_systemd *s);

/* For a container that exists. The limits are adapted. */
int runc_systemd_update(const struct runc_unit *u, struct kern_cgroup_limits *l, struct err *err);
/* Kill what is still in its group (may be NULL), for systemd would be patient with it, and
 * have the unit stopped and forgotten. */
int runc_systemd_end(const struct runc_unit *u, struct kern_cgroup *cg, struct err *err);

#endif
