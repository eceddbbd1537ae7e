/*
 * proxy_private.h - what the pages of the mirror share.
 *
 *   proxy.c            upstream: who it is, how it is spoken to, whether it answers
 *   proxy_manifest.c   manifests and tags
 *   proxy_fetch.c      blobs: who wants them, and how far they are
 *   proxy_download.c   a blob's way here
 *   proxy_evict.c      what has to go when there is too much
 */
#ifndef DOCKYARD_REG_PROXY_PRIVATE_H
#define DOCKYARD_REG_PROXY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "03-containerd/fetch.h"
#include "errors.h"
#include "proxy.h"

struct reg_flight; /* a question upstream that several wait for: proxy_manifest.c */

struct reg_proxy {
	struct reg_store *store;
	char *url, *user, *password;
	bool hub; /* Docker Hub, where names without a slash are in library/ */
	uint64_t max_size;
	struct ctrd_registries *registries; /* tokens */
	_Atomic bool stopping;
	_Atomic int64_t down_until; /* upstream failed: not asked before then (time_steady_ns) */
	_Atomic uint64_t hits, misses, fetched;

	pthread_mutex_t lock; /* a leaf; guards what follows, and what reg_fetch says */
	pthread_cond_t landed; /* a flight or a fetch has ended */
	struct reg_flight *flights;
	struct reg_fetch *fetches; /* the newest first */
	unsigned running;          /* threads that fetch */
	uint64_t kept;             /* bytes of all blobs */
	bool evicting;
};

/* The repository upstream. `impatient`: we have something else to offer. */
struct ctrd_registry *proxy_upstream(struct reg_proxy *p, const char *name, bool impatient,
				     struct err *err);
/* Upstream's failure as one of ours: what it lacks is `unknown`; always -1. */
int proxy_recode(struct err *err, enum reg_code unknown);

enum fetch_state { FETCH_ASKING, FETCH_COMING, FETCH_HERE, FETCH_FAILED };

struct reg_fetch {
	struct reg_fetch *next;
	struct reg_proxy *proxy;
	char *name;
	char digest[DIGEST_SIZE];

	/* Guarded by the proxy's lock. */
	pthread_cond_t news;
	unsigned users; /* who reads it, and the thread */
	enum fetch_state state;
	int fd; /* of the file, once it is coming; fixed from then on, as `size` is */
	uint64_t size, offset;
	struct err err; /* why it failed */

	/* The thread's own. */
	struct ingest *in;
	uint64_t whole;       /* how large it turned out to be */
	uint64_t rest, again; /* of this answer: announced; to be skipped since we have it */
	uint64_t told;        /* the offset that readers know of */
	int64_t told_ns;
};

/* Take a blob into the repository: out of the shared ones, or from upstream. */
int proxy_download(struct reg_fetch *f, struct err *err);
/* Readers may begin: takes the fd. */
void fetch_coming(struct reg_fetch *f, int fd, uint64_t size);
/* There are so many bytes now. */
void fetch_tell(struct reg_fetch *f, uint64_t offset);

/* So much more is in the store: remove what was not used for longest, if need be. */
void proxy_kept(struct reg_proxy *p, uint64_t bytes);
int proxy_weigh(struct reg_proxy *p, struct err *err); /* fill `kept` */

#endif
