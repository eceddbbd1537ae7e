/*
 * unpack.c - the pipeline behind a layer's archive; see unpack.h and unpack_private.h.
 *
 *   source ─▶ inflate ──ring──┬─▶ SHA-256 (diff ID)
 *             (a thread)      │   (a thread)
 *                             └─▶ tar entries ─▶ files
 *                                 (the caller's thread)
 *
 * Whichever stage fails first says why, and stops the ring and the source: the others
 * then end at their next step, and are waited for.
 */
#include "unpack.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "unpack_private.h"

#define SLOTS 8
#define SLOT_SIZE (128u << 10)

enum { HASHER, UNTARRER, READERS };

struct line {
	const struct ctrd_source *src;
	struct ring *ring;
	char diff_id[DIGEST_SIZE]; /* the hasher's results */
	uint64_t size;

	pthread_mutex_t lock; /* guards what follows */
	bool failed;
	struct err err; /* the first failure */
};

void ctrd_unpacked_free(struct ctrd_unpacked *u)
{
	strlist_free(&u->implicit);
}

static void line_fail(struct line *l, const struct err *err)
{
	pthread_mutex_lock(&l->lock);
	if (!l->failed)
		l->err = *err;
	l->failed = true;
	pthread_mutex_unlock(&l->lock);
	ring_stop(l->ring);
	if (l->src->stop)
		l->src->stop(l->src->state);
}

/* --- the stages ----------------------------------------------------------------------------- */

static void *inflate_stage(void *arg)
{
	struct line *l = arg;
	struct err err;

	if (layer_inflate_all(l->src, l->ring, &err))
		line_fail(l, &err);
	return NULL;
}

static void *hash_stage(void *arg)
{
	struct line *l = arg;
	struct digester *d = digester_new();
	const void *bytes;
	size_t n;

	while (ring_next(l->ring, HASHER, &bytes, &n) && n) {
		digester_add(d, bytes, n);
		l->size += n;
		ring_done(l->ring, HASHER);
	}
	digester_done(d, l->diff_id);
	return NULL;
}

static int each_entry(struct layer_stream *st, struct layer_root *r, struct err *err)
{
	struct tar_entry e = { 0 };
	bool end = false;
	int rc;

	do {
		rc = tar_next(st, &e, &end, err);
		if (!rc && !end)
			rc = layer_apply(r, &e, st, err);
		if (!rc && !end)
			rc = tar_skip_padding(st, e.stored, err);
	} while (!rc && !end);
	tar_entry_clear(&e);
	return rc;
}

/* What lies behind the archive's end counts for the diff ID. */
static int untar_stage(struct line *l, struct layer_root *r)
{
	struct layer_stream st;
	struct err err;

	layer_stream_init(&st, l->ring, UNTARRER);
	if (!each_entry(&st, r, &err) && !layer_finish(r, &err) && !layer_stream_drain(&st, &err))
		return 0;
	line_fail(l, &err);
	return -1;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void run_stages(struct line *l, struct layer_root *r)
{
	void *(*const stages[])(void *) = { inflate_stage, hash_stage };
	pthread_t threads[2];
	struct err err;
	unsigned n = 0;
	int rc = 0;

	while (n < 2 && !(rc = pthread_create(&threads[n], NULL, stages[n], l)))
		n++;
	if (n == 2) {
		untar_stage(l, r);
	} else {
		err_errno(&err, rc, "start a thread");
		line_fail(l, &err);
	}
	while (n)
		pthread_join(threads[--n], NULL);
}

static int take_result(struct line *l, const struct ctrd_unpack_options *o, struct layer_root *r,
		       struct ctrd_unpacked *out, struct err *err)
{
	if (l->failed) {
		*err = l->err;
		return -1;
	}
	if (o->diff_id && strcmp(o->diff_id, l->diff_id))
		return err_set(err, ERR_CORRUPT, "the layer has the diff ID %s instead of %.100s",
			       l->diff_id, o->diff_id);
	strcpy(out->diff_id, l->diff_id);
	out->size = l->size;
	out->implicit = r->implicit;
	r->implicit = (struct strlist)STRLIST_INIT;
	return 0;
}

int ctrd_unpack(const struct ctrd_source *src, int root, const struct ctrd_unpack_options *o,
		struct ctrd_unpacked *out, struct err *err)
{
	struct line l = { .src = src, .ring = ring_new(SLOTS, SLOT_SIZE, READERS),
			  .lock = PTHREAD_MUTEX_INITIALIZER };
	struct layer_root r;
	int rc;

	memset(out, 0, sizeof(*out));
	layer_root_init(&r, root, o);
	run_stages(&l, &r);
	rc = take_result(&l, o, &r, out, err);
	layer_root_free(&r);
	ring_free(l.ring);
	pthread_mutex_destroy(&l.lock);
	return rc ? err_wrap(err, "unpack") : 0;
}

static ssize_t read_fd(void *state, void *buf, size_t n, struct err *err)
{
	ssize_t got = io_read(*(int *)state, buf, n);

	return got < 0 ? err_sys(err, "read the layer") : got;
}

int ctrd_unpack_fd(int fd, int root, const struct ctrd_unpack_options *o, struct ctrd_unpacked *out,
		   struct err *err)
{
	struct ctrd_source src = { .read = read_fd, .state = &fd };

	return ctrd_unpack(&src, root, o, out, err);
}
