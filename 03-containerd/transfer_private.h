/*
 * transfer_private.h - the transfer service's insides.
 *
 *   transfer.c    what pull and push share: sources, events, giving up
 *   pull.c        from a reference to a name in the store
 *   pull_layer.c  one layer: from where to where
 *   pull_pipe.c   its way from a registry onto a snapshot, in one go
 *   pull_resume.c what an earlier pull has left of a blob
 *   push_image.c  from a name in the store to a registry
 *   foreign.c     layers that are not in the registry
 */
#ifndef DOCKYARD_CTRD_TRANSFER_PRIVATE_H
#define DOCKYARD_CTRD_TRANSFER_PRIVATE_H

#include <pthread.h>

#include "fetch.h"
#include "hosts.h"
#include "reference.h"
#include "transfer.h"
#include "unpack.h"

#define LAYERS_AT_ONCE 4

/* A transfer while it runs. */
struct transfer {
	struct ctrd_images *im;
	const struct ctrd_transfer *t;
	struct reference ref;
	char *name; /* the full reference: the image's name */

	/* Where to get things from, in the order of trying: mirrors, then the registry. Those
	 * before `source` failed already. Opened when first needed. */
	struct ctrd_hosts hosts;
	struct ctrd_registry **registries;
	size_t source;
	const char *actions;
	const char *const *mount_from; /* other repositories that a push wants to read; or NULL */
	json_t *elsewhere; /* digest -> the URLs of a layer that need not be in the registry */

	pthread_mutex_t lock; /* guards what follows, and calls to progress */
	bool stop;            /* somebody failed, or nobody listens */
	bool failed;
	struct err err;       /* the first failure */
};

int transfer_init(struct transfer *x, struct ctrd_images *im, const struct ctrd_transfer *t,
		  const char *actions, struct err *err);
void transfer_free(struct transfer *x);
/* The registry behind hosts.v[i], opened if need be: borrowed, or NULL. */
struct ctrd_registry *transfer_source(struct transfer *x, size_t i, struct err *err);

/* Tell the listener; takes the event. */
void transfer_emit(struct transfer *x, json_t *event);
/* {"id","status"[,"offset","total"]}: total < 0 leaves the numbers out. */
void transfer_emit_layer(struct transfer *x, const char *digest, const char *status,
			 int64_t offset, int64_t total);
bool transfer_stopped(struct transfer *x);
/* Record the first failure and stop the other threads. */
void transfer_fail(struct transfer *x, const struct err *err);

/* Run fn(arg, i) for i in 0..n-1, some at once, in order of starting, until one fails. */
void transfer_parallel(struct transfer *x, size_t n, int (*fn)(void *arg, size_t i, struct err *err),
		       void *arg);

/* A blob's bytes, once and in order, from the sources in turn, however often a connection
 * breaks. They are not verified: that is for whoever has seen them all. */
struct transfer_sink {
	int (*write)(void *arg, const void *buf, size_t n, struct err *err);
	bool (*unwanted)(void *arg); /* as in struct ctrd_fetch_sink */
	void *arg;
	uint64_t have; /* so many bytes are here already: only what follows is passed on */
};
struct transfer_origin {
	size_t first, last; /* the source to begin with; the one that was asked last */
};
int transfer_stream(struct transfer *x, const char *digest, int64_t size, struct transfer_origin *o,
		    const struct transfer_sink *sink, struct err *err);
/* Was what came corrupt? Then begin with the next source, unless there is none. */
bool transfer_elsewhere(const struct transfer *x, struct transfer_origin *o);

/* ctrd_fetch_blob; of a foreign layer from where it is. */
int transfer_get(struct transfer *x, struct ctrd_registry *r, const char *digest, uint64_t offset,
		 const struct ctrd_fetch_sink *sink, struct err *err);
/* A layer that its publisher alone may distribute: never pushed. Note where it is for a pull. */
bool transfer_foreign(const json_t *descriptor);
void transfer_note_foreign(struct transfer *x, const json_t *descriptor);

/* pull_resume.c: an ingest for a blob, which may have its beginning already; its end after a failure;
 * and the first `have` bytes of it, once more. */
struct ingest *transfer_ingest(struct transfer *x, const char *digest, int64_t size, struct err *err);
void transfer_ingest_end(struct transfer *x, struct ingest *in, const struct err *why);
int transfer_replay(const struct ingest *in, uint64_t have,
		    int (*write)(void *arg, const void *buf, size_t n, struct err *err), void *arg,
		    struct err *err);

/* A blob into the content store, from the sources in turn. `report` (may be NULL) hears how
 * much there is. */
int transfer_fetch_blob(struct transfer *x, const char *digest, int64_t size,
			void (*report)(void *arg, uint64_t offset), void *arg, struct err *err);

/* A layer on its way: see pull_layer.c. */
struct pull_layer {
	const json_t *descriptor;
	const char *digest, *diff_id;
	int64_t size;
	char chain[DIGEST_SIZE];
	char *key;                  /* the snapshot it was unpacked into; NULL: none */
	struct ctrd_unpacked unpacked;
	size_t same_as;             /* the first layer with this digest: that one fetches */
	bool fetched;               /* guarded by the transfer's lock */
	struct ingest *blob;        /* verified, still without a name; NULL: it is in the store */
};

struct pull {
	struct transfer x;
	struct pull_layer *layers;
	size_t *order; /* of starting: the largest first, so that none is late */
	size_t n;
	bool unpack; /* the layers of this manifest, or only fetch them */
	pthread_cond_t fetched;
};

int pull_layer(void *arg, size_t i, struct err *err); /* arg: struct pull; the i-th of order */
/* Fetch, verify and unpack at the same time; afterwards l->blob and l->unpacked are there. */
int pull_pipe(struct pull *p, struct pull_layer *l, struct err *err);
/* A snapshot to unpack into, l->key: an fd on its directory. What it had is removed. */
int pull_layer_root(struct pull *p, struct pull_layer *l, struct err *err);

/* Telling the listener how far a layer is, not for every buffer: that is a terminal, in the end. */
struct pull_meter {
	struct transfer *x;
	const struct pull_layer *l;
	const char *status;
	int64_t last_ms;
};
void pull_report(void *meter, uint64_t offset);

#endif
