/*
 * container.h - a container as the daemon knows it, and the table of them.
 *
 * On disk, <data-root>/containers/<id>/:
 *   container.json   everything below but the locks; replaced whole (dockerd_container_save)
 *   <id>-json.log    the output, written by the shim
 *   hostname, hosts, resolv.conf    bound over the container's own (netfiles.h)
 * The writable layer is containerd's snapshot of the same id.
 *
 * `config` and `host` are kept in the API's own shape (Config and HostConfig,
 * every key present): what inspect prints is what the daemon works from.
 *
 * What leaves the daemon is a deep copy of them. jansson counts references atomically, but
 * without the barrier that would let one thread free what another has just read.
 */
#ifndef DOCKYARD_DOCKERD_CONTAINER_H
#define DOCKYARD_DOCKERD_CONTAINER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/trace.h"
#include "daemon.h"
#include "names.h"

#define ZERO_TIME "0001-01-01T00:00:00Z" /* Go's zero time: "never" in the API */

struct endpoint;
struct health;

struct state {
	bool running, paused, restarting, removing, dead, oom_killed;
	pid_t pid;
	int exit_code;
	char error[512];
	char started[TIME_TEXT_SIZE], finished[TIME_TEXT_SIZE];
	int restarts;         /* by the restart policy, since the last start by hand */
	bool stopped_by_hand; /* the restart policy must leave it alone */
	struct health *health; /* NULL: nothing is checked. health.h */
};

/* A file descriptor to poll: readable after any change of the container. */
struct watcher {
	int fd;
	struct watcher *next;
};

struct container {
	struct container *next;    /* daemon.lock */
	unsigned refs;             /* daemon.lock */
	char id[ID_SIZE];
	char created[TIME_TEXT_SIZE];
	char *image_id;            /* digest of the image's config */
	char *image_name;          /* containerd's name for it */
	json_t *config;            /* immutable */
	json_t *host;              /* immutable; what was updated since: updates */
	json_t *updates;           /* daemon.lock; changed with op held too. update.c */
	json_t *mounts;            /* immutable: mounts.h */
	bool of_build;             /* immutable: its files will be a layer */
	bool listed;               /* daemon.lock: in the table */
	char *name;                /* daemon.lock; without the API's leading slash */
	struct state st;           /* daemon.lock */
	bool unsaved;              /* op: its exit is not on disk yet, so its task must stay */
	struct endpoint *endpoints; /* daemon.lock; changed with op held too. network.h */
	json_t *networks;          /* daemon.lock; replaced whole, with op held too: {name: settings} */

	pthread_mutex_t op;        /* daemon.h */
	pthread_cond_t changed;    /* with daemon.lock */
	struct watcher *watchers;  /* daemon.lock */

	/* daemon.lock: the running half. */
	char *attach_path;         /* the shim's socket, while there is a task */
	unsigned attaching;        /* clients that start must let connect first */
	unsigned long start_serial; /* attempts to start that are over */
	unsigned long exit_serial;  /* exits seen */
	unsigned restart_delay;     /* ms: the last wait of the restart policy */
	struct trace_context waiter; /* of a request that waits for the exit, which is then a part of its trace */
};

/* --- objects ----------------------------------------------------------------- */
struct container *dockerd_container_new(const char *id); /* one reference, in no table */
void dockerd_container_put(struct daemon *d, struct container *c);

/* By full ID, name or unambiguous beginning of an ID: a reference, or NULL with
 * Docker's "No such container". */
struct container *dockerd_container_find(struct daemon *d, const char *ref, struct err *err);

/* Every container, newest first, each with a reference; *n of them. */
struct container **dockerd_container_all(struct daemon *d, size_t *n);
void dockerd_container_all_free(struct daemon *d, struct container **all, size_t n);

/* Enter the table under `name` (NULL: a random one), or ERR_CONFLICT. The table
 * holds a reference until dockerd_container_unlist. */
int dockerd_container_list(struct daemon *d, struct container *c, const char *name,
			   struct err *err);
void dockerd_container_unlist(struct daemon *d, struct container *c);
int dockerd_container_set_name(struct daemon *d, struct container *c, const char *name,
			       struct err *err);

/* --- state -------------------------------------------------------------------- */
/* created, running, paused, restarting, removing, exited or dead. daemon.lock held. */
const char *dockerd_state_word(const struct state *st);
/* "Up 3 minutes", "Exited (0) 2 hours ago": as docker ps shows it. daemon.lock held. */
char *dockerd_state_text(const struct state *st, time_t now);
/* inspect's State. daemon.lock held. */
json_t *dockerd_state_json(const struct state *st);

/* After changing c->st or c->attach_path: wake all who wait. daemon.lock held. */
void dockerd_container_changed(struct container *c);
int dockerd_watch(struct daemon *d, struct container *c, struct watcher *w, struct err *err);
void dockerd_unwatch(struct daemon *d, struct container *c, struct watcher *w);
void dockerd_watch_clear(struct watcher *w); /* consume the readability */

/* Around waiting for an exit, daemon.lock held: this thread's trace has it. The latest who waits counts. */
struct trace_context dockerd_waiter_enter(struct container *c);
void dockerd_waiter_leave(struct container *c, struct trace_context entered);

/* --- disk --------------------------------------------------------------------- */
/* <data-root>/containers/<id>[/file]; the caller frees. */
char *dockerd_container_path(const struct daemon *d, const struct container *c, const char *file);
char *dockerd_container_log(const struct daemon *d, const struct container *c);
int dockerd_container_save(struct daemon *d, struct container *c, struct err *err); /* op held */
/* The same, taking op, unless it was removed meanwhile; a failure is logged. */
void dockerd_container_save_listed(struct daemon *d, struct container *c);
/* Load every document at start; one that cannot be read is logged and left alone. */
int dockerd_container_load_all(struct daemon *d, struct err *err);
/* What is left of one that was never finished, or half removed: now or, while containerd is
 * away, later. */
void dockerd_remnant_remove(struct daemon *d, const char *id);
/* Those of these mounts that are volumes without a name of a user's go with the remnant of this
 * container, should there be one; or, the container being whole, not any more. */
int dockerd_remnant_note(struct daemon *d, const char *id, const json_t *mounts, struct err *err);
void dockerd_remnant_forget(struct daemon *d, const char *id);

/* HostConfig with the updates. New. daemon.lock or op held. */
json_t *dockerd_container_host(const struct container *c);
const json_t *dockerd_container_restart_policy(const struct container *c); /* the same locks */

/* Entrypoint and Cmd as one argument list (new, shares nothing with the container). */
json_t *dockerd_container_args(const struct container *c);

#endif
