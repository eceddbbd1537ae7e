/*
 * pull_layer.c - one blob from the sources, and one layer onto a snapshot.
 *
 * A broken connection is taken up again where it broke (Range), by the next source where
 * one has given up; an answer that is wrong (digest, size) is thrown away whole. Layers are
 * unpacked without knowing their parents, each into a snapshot of its own; pull.c
 * puts them in order.
 */
#include "transfer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/userns.h"
#include "manifest.h"

#define TRIES_MAX 5
#define REPORT_MS 100

/* --- fetching --------------------------------------------------------------------------- */

struct download {
	const char *digest;
	int64_t size;
	const struct transfer_sink *sink;
	uint64_t offset; /* so much was passed on */
	uint64_t again;  /* so much of what comes now was passed on before */
	bool refused;    /* by the sink: no other source would help */
};

/* The registry may have ignored our Range: then everything comes again. */
static int begin(void *arg, uint64_t start, struct err *err)
{
	struct download *d = arg;

	if (start > d->offset)
		return err_set(err, ERR_CORRUPT, "the registry sent another range than was asked for");
	d->again = d->offset - start;
	return 0;
}

static int add(void *arg, const void *buf, size_t n, struct err *err)
{
	struct download *d = arg;
	size_t old = n < d->again ? n : (size_t)d->again;

	d->again -= old;
	n -= old;
	if (d->offset + n > (uint64_t)d->size)
		return err_set(err, ERR_CORRUPT, "the registry sends more than the %lld bytes announced",
			       (long long)d->size);
	if (n && d->sink->write(d->sink->arg, (const char *)buf + old, n, err)) {
		d->refused = true;
		return -1;
	}
	d->offset += n;
	return 0;
}

static bool unwanted(void *arg)
{
	const struct transfer_sink *sink = ((struct download *)arg)->sink;

	return sink->unwanted && sink->unwanted(sink->arg);
}

static int pause_before(struct transfer *x, struct download *d, int attempt, struct err *err)
{
	for (int tenths = 1 << attempt; tenths > 0; tenths--) {
		struct timespec tenth = { 0, 100000000 };

		if (transfer_stopped(x) || unwanted(d))
			return err_set(err, ERR_CANCELLED, "cancelled");
		nanosleep(&tenth, NULL);
	}
	return 0;
}

/* The rest of the blob from one source, in as many goes as it takes. */
static int download(struct transfer *x, size_t source, struct download *d, struct err *err)
{
	struct ctrd_fetch_sink sink = { begin, add, unwanted, d };
	struct ctrd_registry *r = transfer_source(x, source, err);

	if (!r)
		return -1;
	for (int attempt = 1;; attempt++) {
		int rc = transfer_get(x, r, d->digest, d->offset, &sink, err);

		if (d->refused)
			return -1;
		if (!rc && d->offset == (uint64_t)d->size)
			return 0;
		if (!rc)
			err_set(err, ERR_UNAVAILABLE, "registry %s: the blob ended after %llu of %lld bytes",
				ctrd_registry_host(r), (unsigned long long)d->offset,
				(long long)d->size);
		if (!ctrd_fetch_transient(err) || attempt == TRIES_MAX)
			return -1;
		log_debug("pull: %s, trying again", err->msg);
		if (pause_before(x, d, attempt, err))
			return -1;
	}
}

int transfer_stream(struct transfer *x, const char *digest, int64_t size, struct transfer_origin *o,
		    const struct transfer_sink *sink, struct err *err)
{
	struct download d = { .digest = digest, .size = size, .sink = sink, .offset = sink->have };
	struct trace_span span = trace_begin();
	int rc = d.offset == (uint64_t)size ? 0 : -1;

	for (size_t i = o->first; rc && i < x->hosts.n; i++) {
		o->last = i;
		if (d.offset == sink->have)
			o->first = i;
		rc = download(x, i, &d, err);
		if (rc && (d.refused || err->kind == ERR_CANCELLED))
			break;
		if (rc && i + 1 < x->hosts.n)
			log_warn("pull: mirror %s: %s", x->hosts.v[i].url, err->msg);
	}
	trace_end(&span, "fetch %.19s (%llu bytes)", digest, (unsigned long long)d.offset);
	return rc;
}

/* Where several sources gave a part each, the last one may have been right. */
bool transfer_elsewhere(const struct transfer *x, struct transfer_origin *o)
{
	o->first = o->last > o->first ? o->last : o->last + 1;
	return o->first < x->hosts.n;
}

struct keeping {
	struct ingest *in;
	void (*report)(void *arg, uint64_t offset);
	void *arg;
};

static int keep(void *arg, const void *buf, size_t n, struct err *err)
{
	struct keeping *k = arg;

	if (ingest_write(k->in, buf, n, err))
		return -1;
	if (k->report)
		k->report(k->arg, ingest_offset(k->in));
	return 0;
}

/* *again: the beginning was an earlier pull's, and may be what was wrong. */
static int fetch_once(struct transfer *x, const char *digest, int64_t size,
		      struct transfer_origin *o, struct keeping *k, bool *again, struct err *err)
{
	struct transfer_sink sink = { .write = keep, .arg = k };

	*again = false;
	k->in = transfer_ingest(x, digest, size, err);
	if (!k->in)
		return -1;
	sink.have = ingest_offset(k->in);
	if (transfer_stream(x, digest, size, o, &sink, err)) {
		transfer_ingest_end(x, k->in, err);
		return -1;
	}
	*again = sink.have > 0;
	return ingest_commit(k->in, digest, size, NULL, err);
}

int transfer_fetch_blob(struct transfer *x, const char *digest, int64_t size,
			void (*report)(void *arg, uint64_t offset), void *arg, struct err *err)
{
	struct transfer_origin o = { x->source, x->source };
	struct keeping k = { NULL, report, arg };
	bool again;
	int rc;

	do
		rc = fetch_once(x, digest, size, &o, &k, &again, err);
	while (rc && err->kind == ERR_CORRUPT && (again || transfer_elsewhere(x, &o)));
	return rc ? err_wrap(err, "fetch %.19s", digest) : 0;
}

/* --- telling about it ------------------------------------------------------------------------ */

void pull_report(void *meter, uint64_t offset)
{
	struct pull_meter *m = meter;
	int64_t now = time_steady_ns() / 1000000;

	if (now - m->last_ms < REPORT_MS)
		return;
	m->last_ms = now;
	transfer_emit_layer(m->x, m->l->digest, m->status, (int64_t)offset, m->l->size);
}

/* --- unpacking what is in the store ------------------------------------------------------------- */

struct blob_source {
	int fd;
	uint64_t offset;
	struct pull_meter meter;
};

static ssize_t read_blob(void *state, void *buf, size_t n, struct err *err)
{
	struct blob_source *s = state;
	ssize_t got;

	if (transfer_stopped(s->meter.x))
		return err_set(err, ERR_CANCELLED, "cancelled");
	got = io_read(s->fd, buf, n);
	if (got < 0)
		return err_sys(err, "read the layer");
	s->offset += (uint64_t)got;
	pull_report(&s->meter, s->offset);
	return got;
}

int pull_layer_root(struct pull *p, struct pull_layer *l, struct err *err)
{
	static _Atomic unsigned serial;
	struct ctrd_snapshots *snapshots = ctrd_images_snapshots(p->x.im);
	AUTO_FREE char *key = xasprintf(CTRD_UNPACKING "%u", serial++);

	if (l->key && ctrd_snapshot_remove(snapshots, l->key, err))
		return -1;
	free(steal_ptr(&l->key));
	if (ctrd_snapshot_prepare(snapshots, key, NULL, CTRD_ACTIVE, err))
		return -1;
	l->key = steal_ptr(&key); /* pull.c commits or removes it */
	return ctrd_snapshot_layer(snapshots, l->key, err);
}

/* `blob`: one that came with this pull; NULL: it is in the store. */
static int unpack(struct pull *p, struct pull_layer *l, const struct ingest *blob, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	AUTO_CLOSE int fd = blob ? ingest_reader(blob, err)
			  : content_reader(ctrd_images_content(p->x.im), l->digest, NULL, err);
	AUTO_CLOSE int root = fd < 0 ? -1 : pull_layer_root(p, l, err);
	struct blob_source s = { fd, 0, { &p->x, l, "extracting", 0 } };
	struct ctrd_source src = { .read = read_blob, .state = &s };
	struct ctrd_unpack_options o = { .diff_id = l->diff_id, .userns = !kern_userns_initial() };
	int rc;

	if (root < 0)
		return -1;
	transfer_emit_layer(&p->x, l->digest, "extracting", 0, l->size);
	rc = ctrd_unpack(&src, root, &o, &l->unpacked, err);
	trace_end(&span, "unpack %.19s (%llu bytes)", l->digest, (unsigned long long)s.offset);
	return rc;
}

/* --- a layer ---------------------------------------------------------------------------------------- */

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

static void tell_twins(struct pull *p, struct pull_layer *l)
{
	pthread_mutex_lock(&p->x.lock);
	l->fetched = true;
	pthread_cond_broadcast(&p->fetched);
	pthread_mutex_unlock(&p->x.lock);
}

static int fetch_only(struct pull *p, struct pull_layer *l, struct err *err)
{
	struct pull_meter m = { &p->x, l, "downloading", 0 };

	if (transfer_fetch_blob(&p->x, l->digest, l->size, pull_report, &m, err))
		return -1;
	transfer_emit_layer(&p->x, l->digest, "downloaded", l->size, l->size);
	return 0;
}

static int get_layer(struct pull *p, size_t i, struct err *err)
{
	struct pull_layer *l = &p->layers[i], *first = &p->layers[l->same_as];
	bool have = content_has(ctrd_images_content(p->x.im), l->digest, NULL);
	bool unpacked = !p->unpack || ctrd_snapshot_exists(ctrd_images_snapshots(p->x.im), l->chain);

	if (have && unpacked)
		transfer_emit_layer(&p->x, l->digest, "exists", 0, -1);
	if (l != first && wait_for_twin(p, first, err))
		return -1;
	if (unpacked)
		return have || l != first ? 0 : fetch_only(p, l, err);
	return have || l != first ? unpack(p, l, first->blob, err) : pull_pipe(p, l, err);
}

int pull_layer(void *arg, size_t i, struct err *err)
{
	struct pull *p = arg;
	struct pull_layer *l = &p->layers[p->order[i]];

	if (get_layer(p, p->order[i], err))
		return err_wrap(err, "layer %.19s", l->digest);
	tell_twins(p, l);
	return 0;
}
