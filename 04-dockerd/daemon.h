/*
 * daemon.h - the one struct of mutable state, its locks and its threads.
 *
 * Locks, in the order in which they may be taken (each only after those above it):
 *
 *   container.op      one per container: who holds it may start, clean up after,
 *                     rename or remove that container; held across calls to containerd
 *   dns.lock          the resolver's sockets and open questions
 *   networks.making   held by who makes a network, from the choice of its subnets to the list
 *   networks.lock     the list of networks, addresses, held ports, the nftables table
 *   daemon.lock       the tables below and every container's state; held for
 *                     moments, never across input or output
 *   events.lock       the subscribers of `docker events`
 *
 * volumes.lock stands where networks.lock stands; the two are never held together.
 * Threads that must outlive a request (one per exit being handled, one per
 * container waiting for its restart) are workers: counted, and joined at the end.
 */
#ifndef DOCKYARD_DOCKERD_DAEMON_H
#define DOCKYARD_DOCKERD_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "03-containerd/client.h"
#include "config.h"
#include "01-kernel/base/log.h"

/* What we say we are: the Engine API versions that this daemon speaks. */
#define DOCKERD_VERSION "28.2.0-dockyard"
#define API_VERSION "1.50"
#define API_VERSION_MIN "1.24"

struct container;
struct exec;
struct events;
struct ssh_line;
struct networks;
struct volumes;
struct ctrd_registries;

/* What SIGHUP may change (reload.h); daemon.lock. */
struct reloadable {
	struct strlist mirrors, insecure;
	bool debug;
	json_t *runtimes; /* runtimes.h; replaced whole */
	char *default_runtime;
};

struct daemon {
	const struct config *cfg;   /* read-only; what may change is in `live` */
	struct reloadable live;
	struct ctrd_client *ctrd;   /* safe for threads */
	struct ctrd_client *waits;  /* for calls that may last: cut off when the daemon stops */
	struct ctrd_registries *registries; /* their certificates, for what we ask them ourselves */
	char *id;                   /* the engine's, kept in data_root/engine-id */
	int root_lock;              /* fd: this data root is ours */
	int stop_fd;                /* eventfd, readable once the daemon stops */
	struct networks *net;
	struct volumes *volumes;
	struct events *events;

	pthread_mutex_t lock;
	struct container *containers; /* newest first */
	struct exec *execs;
	unsigned workers;
	pthread_cond_t idle;          /* workers became 0 */
	bool stopping;
	bool has_monitor;
	pthread_t monitor;
	pthread_cond_t health_due;    /* with lock: the timer of the health checks looks again */
	struct strlist caches_taken;  /* with lock: directories of RUN --mount=type=cache in use alone */
	pthread_cond_t cache_freed;
	struct ssh_line *ssh_lines;   /* with lock: clients that offer their agent to a RUN (build_ssh.c) */
	pthread_cond_t ssh_changed;
	bool has_health_timer;
	pthread_t health_timer;
};

/* Open the roots, reach containerd, load and repair what an earlier daemon
 * left, start the monitor. */
struct daemon *dockerd_open(const struct config *cfg, struct err *err);
/* Two steps, with closing the API between them: first whoever waits is told to give up, then
 * threads end. Containers, their network and their rules stay. */
void dockerd_begin_stop(struct daemon *d);
void dockerd_close(struct daemon *d);
bool dockerd_is_stopping(struct daemon *d);

void dockerd_lock(struct daemon *d);
void dockerd_unlock(struct daemon *d);

/* Run fn(arg) in a worker. When the daemon is stopping, or has no thread left,
 * -1 and fn was not called. */
int dockerd_spawn(struct daemon *d, void (*fn)(struct daemon *d, void *arg), void *arg);

#endif
