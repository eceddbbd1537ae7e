/*
 * state.h - what is known about a container between two commands.
 *
 * There is no daemon: a container is a directory <root>/<id>/ holding
 *
 *     state.json    identity and what cannot be looked up again, struct runc_state
 *     config.json   the configuration as it was at `create`; later changes to
 *                   the bundle's own copy do not count
 *     intelrdt.json what was made for it in resctrl, if anything was (intelrdt.h)
 *     exec.fifo     exists from `create` to `start`; init waits at its other end and
 *                   then writes RUNC_STARTED, or what went wrong
 *
 * mkdir of that directory takes the id; the creator has it locked (flock(2)) for as long as
 * it lives. The status is never stored, always
 * looked up: the process named by pid and start time (a pid alone may have been
 * given to somebody else since), the fifo, the freezer. A container without a pid is being
 * created if its creator lives, and has stopped if that was killed.
 */
#ifndef DOCKYARD_RUNC_STATE_H
#define DOCKYARD_RUNC_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "01-kernel/base/jsonx.h"
#include "unit.h"

#define RUNC_STARTED "0"

enum runc_status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
extern const char *const runc_status_names[];

struct runc_state {
	int dir; /* O_PATH descriptor of <root>/<id>, -1 when there is none */
	int held; /* the directory, locked by us, the creator; -1: we are not */
	char *id, *bundle, *rootfs, *created, *version, *cgroup;
	struct runc_unit unit; /* if systemd has made the cgroup: name and user */
	json_t *annotations; /* or NULL */
	json_t *descriptors; /* what its stdin, stdout and stderr were ("pipe:[7]"), or NULL */
	pid_t pid;           /* of init in our pid namespace, 0 while creating */
	uint64_t start_time;
	bool no_new_keyring; /* its processes stay in the session keyring of who starts them */
};

/* An id is a file name and part of a cgroup's name: [A-Za-z0-9_+.-], not "." or "..". */
int runc_state_check_id(const char *id, struct err *err);

/* Take the id: make <root>/<id>, and lock it. ERR_EXISTS if it is taken. */
int runc_state_take(struct runc_state *st, const char *root, const char *id, struct err *err);
/* The container gets our stdin, stdout and stderr: note what they are. */
void runc_state_note_stdio(struct runc_state *st);
int runc_state_save(const struct runc_state *st, struct err *err);
/* ERR_NOT_FOUND "container does not exist"; ERR_CORRUPT if state.json cannot be used, and st->dir
 * is open then. */
int runc_state_load(struct runc_state *st, const char *root, const char *id, struct err *err);
/* Remove the directory; the id is free again. */
int runc_state_remove(const struct runc_state *st, const char *root, struct err *err);
void runc_state_free(struct runc_state *st);
#define AUTO_STATE AUTO(runc_state_free)
#define RUNC_STATE_INIT { .dir = -1, .held = -1 }

enum runc_status runc_state_status(const struct runc_state *st);
/* Has init answered a `start`, or is there no fifo? Then the program runs. */
bool runc_state_fifo_used(const struct runc_state *st);
/* Is `root`/id still the directory that was opened or taken, not another container's? */
bool runc_state_is_ours(const struct runc_state *st, const char *root);

/* A pidfd of the container's init, after checking that it still is that
 * process; ERR_CONFLICT "container not running" if it is gone. */
int runc_state_pidfd(const struct runc_state *st, struct err *err);

/* The state document of the specification ("State" in runtime.md), as hooks
 * get it. `pid` as the reader should see it. New. */
json_t *runc_state_document(const struct runc_state *st, enum runc_status status, pid_t pid);

#endif
