/*
 * pull_layer.c - one blob from the sources into the store, and one layer from the
 * store onto a snapshot.
 *
 * A broken connection is taken up again where it broke (Range); an answer that is
 * wrong (digest, size) is thrown away whole and the next source tried. Layers are
 * unpacked without knowing their parents, each into a snapshot of its own; pull.c
 * puts them in order.
 */
#include "transfer_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "manifest.h"

#define TRIES_MAX 5
#define REPORT_MS 100

/* --- fetching --------------------------------------------------------------------------- */

struct download {
	struct content *content;
	struct ingest *in;
	int64_t size;
	void (*report)(void *arg, uint64_t offset);
	void *arg;
};

/* The registry may have ignored our Range: then everything comes again. */
static int begin(void *arg, uint64_t start, struct err *err)
{
	struct download *d = arg;

	if (start == ingest_offset(d->in))
		return 0;
	if (start)
		return err_set(err, ERR_CORRUPT, "the registry sent another range than was asked for");
	ingest_abort(d->in);
	d->in = content_ingest(d->content, NULL, err);
	return d->in ? 0 : -1;
}

static int add(void *arg, const void *buf, size_t n, struct err *err)
{
	struct download *d = arg;

	if (ingest_offset(d->in) + n > (uint64_t)d->size)
		return err_set(err, ERR_CORRUPT, "the registry sends more than the %lld bytes announced",
			       (long long)d->size);
	if (ingest_write(d->in, buf, n, err))
		return -1;
	if (d->report)
		d->report(d->arg, ingest_offset(d->in));
	return 0;
}

static int pause_before(struct transfer *x, int attempt, struct err *err)
{
	for (int tenths = 1 << attempt; tenths > 0; tenths--) {
		struct timespec tenth = { 0, 100000000 };

		if (transfer_stopped(x))
			return err_set(err, ERR_CANCELLED, "cancelled");
		nanosleep(&tenth, NULL);
	}
	return 0;
}

/* All of the blob from one source, in as many goes as it takes. */
static int download(struct transfer *x, size_t source, const char *digest, struct download *d,
		    struct err *err)
{
	struct ctrd_fetch_sink sink = { begin, add, d };
	struct ctrd_registry *r = transfer_source(x, source, err);

	if (!r)
		return -1;
	for (int attempt = 1;; attempt++) {
		int rc = transfer_get(x, r, digest, ingest_offset(d->in), &sink, err);

		if (!d->in)
			return -1;
		if (!rc && ingest_offset(d->in) == (uint64_t)d->size)
			return 0;
		if (!rc)
			err_set(err, ERR_UNAVAILABLE, "registry %s: the blob ended after %llu of %lld bytes",
				ctrd_registry_host(r), (unsigned long long)ingest_offset(d->in),
				(long long)d->size);
		if (!ctrd_fetch_transient(err) || attempt == TRIES_MAX)
			return -1;
		log_debug("pull: %s, trying again", err->msg);
		if (pause_before(x, attempt, err))
			return -1;
	}
}

static int fetch_from(struct transfer *x, size_t source, const char *digest, struct download *d,
		      struct err *err)
{
	int rc;

	d->in = content_ingest(d->content, NULL, err);
	if (!d->in)
		return -1;
	rc = download(x, source, digest, d, err);
	if (rc && d->in)
		ingest_abort(d->in);
	if (!rc)
		rc = ingest_commit(d->in, digest, d->size, NULL, err);
	d->in = NULL;
	return rc;
}

int transfer_fetch_blob(struct transfer *x, const char *digest, int64_t size,
			void (*report)(void *arg, uint64_t offset), void *arg, struct err *err)
{
	struct download d = { ctrd_images_content(x->im), NULL, size, report, arg };
	struct trace_span span = trace_begin();
	int rc = -1;

	for (size_t i = x->source; rc && i < x->urls.n; i++) {
		rc = fetch_from(x, i, digest, &d, err);
		if (rc && (err->kind == ERR_CANCELLED || err->kind == ERR_NO_SPACE))
			break;
		if (rc && i + 1 < x->urls.n)
			log_warn("pull: mirror %s: %s", x->urls.v[i], err->msg);
	}
	trace_end(&span, "fetch %.19s (%lld bytes)", digest, (long long)size);
	return rc ? err_wrap(err, "fetch %.19s", digest) : 0;
}

/* --- telling about it ------------------------------------------------------------------------ */

/* Not for every buffer: the listener is a terminal, in the end. */
struct meter {
	struct transfer *x;
	const struct pull_layer *l;
	const char *status;
	int64_t last_ms;
};

static void report(void *arg, uint64_t offset)
{
	struct meter *m = arg;
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (now - m->last_ms < REPORT_MS)
		return;
	m->last_ms = now;
	transfer_emit_layer(m->x, m->l->digest, m->status, (int64_t)offset, m->l->size);
}

static int fetch(struct pull *p, struct pull_layer *l, struct err *err)
{
	struct meter m = { &p->x, l, "downloading", 0 };
	int rc;

	if (content_has(ctrd_images_content(p->x.im), l->digest, NULL))
		return 0;
	rc = transfer_fetch_blob(&p->x, l->digest, l->size, report, &m, err);
	if (!rc)
		transfer_emit_layer(&p->x, l->digest, "downloaded", l->size, l->size);
	return rc;
}

/* --- unpacking ---------------------------------------------------------------------------------- */

struct blob_source {
	int fd;
	uint64_t offset;
	struct meter meter;
};

static ssize_t read_blob(void *state, void *buf, size_t n, struct err *err)
{
	struct blob_source *s = state;
	ssize_t got;

	if (transfer_stopped(s->meter.x))
		return err_set(err, ERR_CANCELLED, "cancelled");
	do
		got = read(s->fd, buf, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "read the layer");
	s->offset += (uint64_t)got;
	report(&s->meter, s->offset);
	return got;
}

static int unpack_into(struct pull *p, struct pull_layer *l, int root, struct err *err)
{
	struct trace_span span = trace_begin();
	AUTO_CLOSE int fd = content_reader(ctrd_images_content(p->x.im), l->digest, NULL, err);
	struct blob_source s = { fd, 0, { &p->x, l, "extracting", 0 } };
	struct ctrd_source src = { read_blob, &s };
	int rc;

	if (fd < 0)
		return -1;
	rc = ctrd_unpack(&src, root, l->diff_id, &l->unpacked, err);
	trace_end(&span, "unpack %.19s (%llu bytes)", l->digest, (unsigned long long)s.offset);
	return rc;
}

static int unpack(struct pull *p, struct pull_layer *l, size_t i, struct err *err)
{
	static _Atomic unsigned serial;
	struct ctrd_snapshots *snapshots = ctrd_images_snapshots(p->x.im);
	AUTO_FREE char *key = xasprintf(CTRD_UNPACKING "%u-%zu", serial++, i);
	AUTO_CLOSE int root = -1;

	transfer_emit_layer(&p->x, l->digest, "extracting", 0, l->size);
	if (ctrd_snapshot_prepare(snapshots, key, NULL, CTRD_ACTIVE, err))
		return -1;
	l->key = steal_ptr(&key); /* pull.c commits or removes it */
	root = ctrd_snapshot_layer(snapshots, l->key, err);
	if (root < 0 || unpack_into(p, l, root, err))
		return err_wrap(err, "layer %.19s", l->digest);
	return 0;
}

/* A digest that comes twice in a manifest is fetched once: the other waits here. */
static int wait_for_twin(struct pull *p, const struct pull_layer *first, struct err *err)
{
	bool stop;

	pthread_mutex_lock(&p->x.lock);
	while (!first->fetched && !p->x.stop) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++; /* a failure elsewhere does not signal */
		pthread_cond_timedwait(&p->fetched, &p->x.lock, &until);
	}
	stop = p->x.stop;
	pthread_mutex_unlock(&p->x.lock);
	return stop ? err_set(err, ERR_CANCELLED, "cancelled") : 0;
}

int pull_layer(void *arg, size_t i, struct err *err)
{
	struct pull *p = arg;
	struct pull_layer *l = &p->layers[i];
	bool have = content_has(ctrd_images_content(p->x.im), l->digest, NULL);
	bool unpacked = ctrd_snapshot_exists(ctrd_images_snapshots(p->x.im), l->chain);
	int rc;

	if (have && unpacked)
		transfer_emit_layer(&p->x, l->digest, "exists", 0, -1);
	rc = l->same_as == i ? fetch(p, l, err) : wait_for_twin(p, &p->layers[l->same_as], err);
	if (rc)
		return -1;
	pthread_mutex_lock(&p->x.lock);
	l->fetched = true;
	pthread_cond_broadcast(&p->fetched);
	pthread_mutex_unlock(&p->x.lock);
	return unpacked ? 0 : unpack(p, l, i, err);
}
