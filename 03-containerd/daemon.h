/*
 * daemon.h - containerd's one struct: the services, as the API's pages see them.
 *
 * Each service is complete in itself and knows nothing of HTTP; routes.c and the
 * api_*.c pages only translate. All of them are safe for many threads.
 */
#ifndef DOCKYARD_CTRD_DAEMON_H
#define DOCKYARD_CTRD_DAEMON_H

#include "containers.h"
#include "content.h"
#include "events.h"
#include "fetch.h"
#include "images.h"
#include "leases.h"
#include "namespaces.h"
#include "snapshot.h"
#include "tasks.h"

struct ctrd_daemon {
	struct content *content;
	struct ctrd_snapshots *snapshots;
	struct ctrd_images *images;
	struct ctrd_leases *leases;
	struct ctrd_namespaces *namespaces;
	struct ctrd_containers *containers;
	struct ctrd_events *events;
	struct ctrd_tasks *tasks;
	struct ctrd_registries *registries;
};

struct ctrd_daemon_options {
	const char *root, *state, *runtime, *shim;
	const char *snapshotter; /* NULL: whichever works (snapshot.h) */
	long open_files; /* RLIMIT_NOFILE of containers that do not set it; 0: as ours */
	const char *const *certs_dirs; /* of registries, see hosts.h */
};

/* Open every service, in the order of their needs; *d is zeroed by the caller. On failure
 * what was opened is still there for ctrd_daemon_close. */
int ctrd_daemon_open(struct ctrd_daemon *d, const struct ctrd_daemon_options *o, struct err *err);
void ctrd_daemon_close(struct ctrd_daemon *d);

/* daemon_roots.c: what leases, containers and labels keep from being garbage; `arg` is the
 * daemon. See ctrd_images_roots. */
int ctrd_daemon_roots(void *arg, struct ctrd_gc *gc, struct err *err);

#endif
