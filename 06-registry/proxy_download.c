/*
 * proxy_download.c - a blob's way from upstream into a repository of ours.
 *
 * It comes into an ingest with a name, so that what broke off (upstream, or we) is taken up
 * where it was (Range), now or when somebody asks again. Nobody trusts those bytes for that:
 * the digest is of all of them.
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "errors.h"
#include "proxy_private.h"

#define TRIES_MAX 5 /* without a byte between them */

/* ---- one answer ----------------------------------------------------------------------- */

static void expect(void *arg, uint64_t bytes)
{
	((struct reg_fetch *)arg)->rest = bytes;
}

static int check_size(const struct reg_fetch *f, uint64_t size, struct err *err)
{
	uint64_t max = f->proxy->max_size;

	if (!max || size == HTTP_SIZE_UNKNOWN || size <= max)
		return 0;
	return err_set(err, ERR_NO_SPACE, "it has %llu bytes, this mirror keeps %llu of all",
		       (unsigned long long)size, (unsigned long long)max);
}

/* Upstream may have ignored our Range: then everything comes again. */
static int begin(void *arg, uint64_t from, struct err *err)
{
	struct reg_fetch *f = arg;
	uint64_t size = f->rest == HTTP_SIZE_UNKNOWN ? HTTP_SIZE_UNKNOWN : from + f->rest;
	int fd;

	if (from > ingest_offset(f->in))
		return err_set(err, ERR_CORRUPT, "upstream sent another range than was asked for");
	f->again = ingest_offset(f->in) - from;
	if (f->state == FETCH_COMING) /* only we change it */
		return size == f->size ? 0 : err_set(err, ERR_CORRUPT,
						     "upstream changed its mind about the size");
	if (check_size(f, size, err))
		return -1;
	fd = ingest_reader(f->in, err);
	if (fd < 0)
		return -1;
	fetch_coming(f, fd, size);
	return 0;
}

static int add(void *arg, const void *buf, size_t n, struct err *err)
{
	struct reg_fetch *f = arg;
	size_t old = n < f->again ? n : (size_t)f->again;
	uint64_t offset = ingest_offset(f->in) + n - old;

	f->again -= old;
	if (f->size != HTTP_SIZE_UNKNOWN && offset > f->size)
		return err_set(err, ERR_CORRUPT, "upstream sends more than it announced");
	if (check_size(f, offset, err) ||
	    ingest_write(f->in, (const char *)buf + old, n - old, err))
		return -1;
	f->proxy->fetched += n;
	fetch_tell(f, offset);
	return 0;
}

static int ask(struct reg_fetch *f, struct ctrd_registry *r, struct err *err)
{
	const struct ctrd_fetch_sink sink = { .begin = begin, .write = add, .expect = expect,
					      .arg = f };

	f->rest = HTTP_SIZE_UNKNOWN;
	if (ctrd_fetch_blob(r, f->digest, ingest_offset(f->in), &sink, err))
		return -1;
	if (f->size == HTTP_SIZE_UNKNOWN || ingest_offset(f->in) == f->size)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "upstream ended after %llu of %llu bytes",
		       (unsigned long long)ingest_offset(f->in), (unsigned long long)f->size);
}

/* ---- all of it ------------------------------------------------------------------------ */

static int pause_before(struct reg_proxy *p, unsigned tenths, struct err *err)
{
	const struct timespec tenth = { 0, 100000000 };

	while (tenths--) {
		if (p->stopping)
			return err_set(err, ERR_CANCELLED, "the mirror is stopping");
		nanosleep(&tenth, NULL);
	}
	return 0;
}

static int ask_patiently(struct reg_fetch *f, struct ctrd_registry *r, struct err *err)
{
	for (unsigned tried = 0;; tried++) {
		uint64_t had = ingest_offset(f->in);

		if (!ask(f, r, err))
			return 0;
		if (ingest_offset(f->in) > had)
			tried = 0;
		if (!ctrd_fetch_transient(err) || tried + 1 >= TRIES_MAX)
			return -1;
		log_info("mirror: %s of %s: %s, trying again", f->digest, f->name, err->msg);
		if (pause_before(f->proxy, 1u << tried, err))
			return -1;
	}
}

static struct ingest *open_ingest(struct reg_fetch *f, struct err *err)
{
	AUTO_FREE char *name = xasprintf(CONTENT_PULL "%s", strchr(f->digest, ':') + 1);

	struct ingest *in = content_ingest(f->proxy->store->content, name, err);

	if (!in || !ingest_hash_like(in, f->digest, err))
		return in;
	ingest_abort(in);
	return NULL;
}

/* What is left of an earlier try may be more than upstream has: once more, without it. */
static int ask_anew(struct reg_fetch *f, struct ctrd_registry *r, struct err *err)
{
	bool had = ingest_offset(f->in) > 0;

	if (!ask_patiently(f, r, err))
		return 0;
	if (!had || f->state != FETCH_ASKING || ctrd_fetch_transient(err) ||
	    err->kind == ERR_CANCELLED)
		return -1;
	ingest_abort(f->in);
	f->in = open_ingest(f, err);
	return f->in ? ask_patiently(f, r, err) : -1;
}

/* Keep the beginning of what may go on another time. */
static void put_away(struct reg_fetch *f, const struct err *why)
{
	if (ctrd_fetch_transient(why) || why->kind == ERR_CANCELLED)
		ingest_suspend(f->in);
	else
		ingest_abort(f->in);
}

static int download(struct reg_fetch *f, struct ctrd_registry *r, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	uint64_t size;

	f->in = open_ingest(f, err);
	if (!f->in)
		return -1;
	if (ask_anew(f, r, err)) {
		put_away(f, err);
		return -1;
	}
	size = ingest_offset(f->in);
	if (reg_blob_commit(f->proxy->store, f->name, f->in, f->digest, (int64_t)size, err)) {
		err->errnum = 0; /* a wrong digest is upstream's fault, not our client's */
		return -1;
	}
	f->whole = size;
	proxy_kept(f->proxy, size);
	log_info("mirror: fetched %s of %s, %llu bytes", f->digest, f->name,
		 (unsigned long long)size);
	trace_end(&span, "fetch %.19s (%llu bytes)", f->digest, (unsigned long long)size);
	return 0;
}

/* Another repository has it, and upstream says that this one has it too. */
static int adopt(struct reg_fetch *f, struct ctrd_registry *r, struct err *err)
{
	AUTO_FREE char *what = xasprintf("blobs/%s", f->digest);
	struct ctrd_head head;
	int fd;

	if (ctrd_fetch_head(r, what, &head, err) ||
	    reg_blob_mount(f->proxy->store, NULL, f->name, f->digest, err))
		return -1;
	fd = reg_blob_open(f->proxy->store, f->name, f->digest, &f->whole, err);
	if (fd < 0)
		return -1;
	fetch_coming(f, fd, f->whole);
	return 0;
}

int proxy_download(struct reg_fetch *f, struct err *err)
{
	struct ctrd_registry *r = proxy_upstream(f->proxy, f->name, false, err);
	bool here = content_has(f->proxy->store->content, f->digest, NULL);
	int rc = r && here ? adopt(f, r, err) : -1;

	/* Where blobs are redirected to, not everybody answers HEAD: then it comes once more. */
	if (r && rc && !(here && err->kind == ERR_NOT_FOUND) && f->state == FETCH_ASKING)
		rc = download(f, r, err);
	ctrd_registry_free(r);
	return rc;
}

int reg_proxy_stat(struct reg_proxy *p, const char *name, const char *digest, uint64_t *size,
		   struct err *err)
{
	AUTO_FREE char *what = xasprintf("blobs/%s", digest);
	struct ctrd_registry *r = proxy_upstream(p, name, false, err);
	struct ctrd_head head;
	int rc = r ? ctrd_fetch_head(r, what, &head, err) : -1;

	ctrd_registry_free(r);
	if (rc)
		return proxy_recode(err, REG_BLOB_UNKNOWN);
	if (head.size < 0)
		return err_set(err, ERR_UNAVAILABLE, "upstream does not say how large %s is", digest);
	*size = (uint64_t)head.size;
	return 0;
}
