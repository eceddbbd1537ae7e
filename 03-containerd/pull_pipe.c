/*
 * pull_pipe.c - a layer's way from a registry onto a snapshot: fetched, hashed, kept, inflated,
 * hashed again and unpacked at the same time.
 *
 *   download ──ring──┬─▶ SHA-256, content store
 *   (a thread)       │   (a thread)
 *                    └─▶ inflate ──ring──┬─▶ SHA-256      unpack.c
 *                        (a thread)      └─▶ files
 *
 * So files are made of bytes that nobody has verified yet. That is safe because nothing of it has a
 * name: the blob is an ingest, the snapshot an active one with a key of its own, and pull.c
 * gives both their names only when every stage has come to its end and found what was
 * promised. Whichever fails first says why, and stops both rings; the others end at
 * their next step, the download at the latest when libcurl next asks, within a second.
 */
#include "transfer_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/userns.h"
#include "ring.h"

#define SLOTS 8
#define SLOT_SIZE (128u << 10)

enum { KEEPER, UNPACKER, READERS };

struct pipeline {
	struct pull *p;
	struct pull_layer *l;
	struct transfer_origin *origin;
	struct ring *ring;
	struct ingest *in;
	uint64_t have; /* bytes of it that an earlier pull has left */
	uint64_t kept; /* the keeper's: how far it is */

	/* The downloader's, and the inflater's. */
	uint64_t downloaded, unpacked;
	struct pull_meter download_meter, unpack_meter;
	const char *bytes; /* the slot that is being inflated: what is left of it */
	size_t left;

	pthread_mutex_t lock; /* guards what follows */
	bool failed, all_here, verified;
	struct err err; /* the first failure, or the one that explains it */
};

static bool flag(struct pipeline *pl, const bool *which)
{
	bool is;

	pthread_mutex_lock(&pl->lock);
	is = *which;
	pthread_mutex_unlock(&pl->lock);
	return is;
}

/* When all has come, nobody waits for long any more; and the keeper, left alone, will say in a moment
 * whether it was the registry's fault. */
static void stop_ring(void *state)
{
	struct pipeline *pl = state;

	if (!flag(pl, &pl->all_here))
		ring_stop(pl->ring);
}

/* `certain`: what came is not what was promised. Whatever else failed, that is why. A stage that was
 * only stopped may be quicker to say so than the one that stopped it. */
static void pipeline_fail(struct pipeline *pl, const struct err *err, bool certain)
{
	pthread_mutex_lock(&pl->lock);
	if (!pl->failed || certain || pl->err.kind == ERR_CANCELLED)
		pl->err = *err;
	pl->failed = true;
	pthread_mutex_unlock(&pl->lock);
	stop_ring(pl);
}

static void set_flag(struct pipeline *pl, bool *which)
{
	pthread_mutex_lock(&pl->lock);
	*which = true;
	pthread_mutex_unlock(&pl->lock);
}

/* --- download ------------------------------------------------------------------------------ */

static int into_ring(void *arg, const void *buf, size_t n, struct err *err)
{
	struct pipeline *pl = arg;

	if (!ring_write(pl->ring, buf, n))
		return err_set(err, ERR_CANCELLED, "cancelled");
	pl->downloaded += n;
	pull_report(&pl->download_meter, pl->downloaded);
	return 0;
}

static bool unwanted(void *arg)
{
	struct pipeline *pl = arg;

	return flag(pl, &pl->failed);
}

static void *download_stage(void *arg)
{
	struct pipeline *pl = arg;
	struct transfer_sink sink = { into_ring, unwanted, pl, pl->have };
	struct pull_layer *l = pl->l;
	struct err err;

	if (transfer_replay(pl->in, pl->have, into_ring, pl, &err) ||
	    transfer_stream(&pl->p->x, l->digest, l->size, pl->origin, &sink, &err)) {
		pipeline_fail(pl, &err, false);
		return NULL;
	}
	transfer_emit_layer(&pl->p->x, l->digest, "downloaded", l->size, l->size);
	transfer_emit_layer(&pl->p->x, l->digest, "extracting", 0, l->size);
	set_flag(pl, &pl->all_here);
	ring_end(pl->ring);
	return NULL;
}

/* --- keep ------------------------------------------------------------------------------------ */

/* What is there already is passed over. */
static int keep_some(struct pipeline *pl, const char *bytes, size_t n, struct err *err)
{
	size_t old = pl->kept >= pl->have ? 0
		     : n < pl->have - pl->kept ? n : (size_t)(pl->have - pl->kept);

	pl->kept += n;
	return n > old ? ingest_write(pl->in, bytes + old, n - old, err) : 0;
}

static void *keep_stage(void *arg)
{
	struct pipeline *pl = arg;
	const void *bytes;
	struct err err;
	size_t n;

	while (ring_next(pl->ring, KEEPER, &bytes, &n)) {
		if (n ? keep_some(pl, bytes, n, &err)
		      : ingest_verify(pl->in, pl->l->digest, pl->l->size, &err)) {
			pipeline_fail(pl, &err, n == 0);
			return NULL;
		}
		if (!n) {
			set_flag(pl, &pl->verified);
			return NULL;
		}
		ring_done(pl->ring, KEEPER);
	}
	return NULL;
}

/* --- unpack ------------------------------------------------------------------------------------ */

/* Both statuses at a time would confuse: a layer is said to be extracted when all of it is here. */
static void tell_unpacked(struct pipeline *pl, size_t n)
{
	pl->unpacked += n;
	if (flag(pl, &pl->all_here))
		pull_report(&pl->unpack_meter, pl->unpacked);
}

static ssize_t from_ring(void *state, void *buf, size_t n, struct err *err)
{
	struct pipeline *pl = state;
	const void *bytes;

	if (!pl->left) {
		if (transfer_stopped(&pl->p->x) ||
		    !ring_next(pl->ring, UNPACKER, &bytes, &pl->left))
			return err_set(err, ERR_CANCELLED, "cancelled");
		pl->bytes = bytes;
	}
	if (n > pl->left)
		n = pl->left;
	memcpy(buf, pl->bytes, n);
	pl->bytes += n;
	pl->left -= n;
	if (n && !pl->left)
		ring_done(pl->ring, UNPACKER);
	tell_unpacked(pl, n);
	return (ssize_t)n;
}

static void unpack_stage(struct pipeline *pl, int root)
{
	struct ctrd_source src = { from_ring, pl, stop_ring };
	struct ctrd_unpack_options o = { .diff_id = pl->l->diff_id,
					 .userns = !kern_userns_initial() };
	struct trace_span span = trace_begin();
	struct err err;

	if (ctrd_unpack(&src, root, &o, &pl->l->unpacked, &err))
		pipeline_fail(pl, &err, false);
	trace_end(&span, "unpack %.19s (%lld bytes)", pl->l->digest, (long long)pl->l->size);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static void run_stages(struct pipeline *pl, int root)
{
	void *(*const stages[])(void *) = { download_stage, keep_stage };
	pthread_t threads[2];
	struct err err;
	unsigned n = 0;
	int rc = 0;

	while (n < 2 && !(rc = trace_thread(&threads[n], NULL, stages[n], pl)))
		n++;
	if (n == 2) {
		unpack_stage(pl, root);
	} else {
		err_errno(&err, rc, "start a thread");
		pipeline_fail(pl, &err, false);
	}
	while (n)
		pthread_join(threads[--n], NULL);
}

/* *wrong: what came was, or may have been. *resumed: the beginning was an earlier pull's. */
static int pipe_once(struct pull *p, struct pull_layer *l, struct transfer_origin *o, bool *wrong,
		     bool *resumed, struct err *err)
{
	struct pipeline pl = { .p = p, .l = l, .origin = o, .lock = PTHREAD_MUTEX_INITIALIZER,
			       .download_meter = { &p->x, l, "downloading", 0 },
			       .unpack_meter = { &p->x, l, "extracting", 0 } };
	AUTO_CLOSE int root = pull_layer_root(p, l, err);

	*wrong = *resumed = false;
	pl.in = root < 0 ? NULL : transfer_ingest(&p->x, l->digest, l->size, err);
	if (!pl.in)
		return -1;
	pl.have = ingest_offset(pl.in);
	*resumed = pl.have > 0;
	pl.ring = ring_new(SLOTS, SLOT_SIZE, READERS);
	run_stages(&pl, root);
	ring_free(pl.ring);
	pthread_mutex_destroy(&pl.lock);
	if (!pl.failed) {
		l->blob = pl.in; /* pull.c publishes it */
		return 0;
	}
	transfer_ingest_end(&p->x, pl.in, &pl.err);
	ctrd_unpacked_free(&l->unpacked);
	*err = pl.err;
	*wrong = err->kind == ERR_CORRUPT && !pl.verified;
	return -1;
}

int pull_pipe(struct pull *p, struct pull_layer *l, struct err *err)
{
	struct trace_span span = trace_begin();
	struct transfer_origin o = { p->x.source, p->x.source };
	bool wrong, resumed;
	int rc;

	while ((rc = pipe_once(p, l, &o, &wrong, &resumed, err)) && wrong &&
	       (resumed || transfer_elsewhere(&p->x, &o)))
		log_warn("pull: %s, trying %s", err->msg, resumed ? "from the start" : "the next source");
	trace_end(&span, "fetch and unpack %.19s (%lld bytes)", l->digest, (long long)l->size);
	return rc;
}
