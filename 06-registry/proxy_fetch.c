/*
 * proxy_fetch.c - the mirror's blobs: who wants them, and how far they are.
 *
 *     upstream ──▶ a thread ──▶ ingest (the file grows) ──verified──▶ blob
 *                                   ▲      ▲      ▲
 *                                client client client       each reads at its own place
 *
 * However many clients ask for a blob, it comes once; and since it has a thread of its own,
 * none of them has to stay. What they read is not verified yet, so the last byte of what is
 * there is held back until it is: a corrupt or a truncated blob ends as a broken connection,
 * which no client takes for a whole blob.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "errors.h"
#include "proxy_private.h"

#define FETCHES_MAX 64 /* at a time: a thread and a connection each */
#define TELL_BYTES (64u << 10)
#define TELL_NS 50000000

/* ---- the table; all of these need the proxy's lock ------------------------------------ */

static struct reg_fetch *find(struct reg_fetch *list, const char *name, const char *digest)
{
	while (list && (strcmp(list->digest, digest) || (name && strcmp(list->name, name))))
		list = list->next;
	return list;
}

static void unlist(struct reg_proxy *p, const struct reg_fetch *f)
{
	struct reg_fetch **at = &p->fetches;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
}

static void drop(struct reg_fetch *f)
{
	if (--f->users)
		return;
	if (f->fd >= 0)
		close(f->fd);
	pthread_cond_destroy(&f->news);
	free(f->name);
	free(f);
}

/* ---- the thread ----------------------------------------------------------------------- */

void fetch_coming(struct reg_fetch *f, int fd, uint64_t size)
{
	pthread_mutex_lock(&f->proxy->lock);
	f->fd = fd;
	f->size = size;
	f->state = FETCH_COMING;
	pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&f->proxy->lock);
}

/* Fifty readers need not be woken for every packet. */
void fetch_tell(struct reg_fetch *f, uint64_t offset)
{
	int64_t now = time_steady_ns();

	if (offset - f->told < TELL_BYTES && now - f->told_ns < TELL_NS)
		return;
	f->told = offset;
	f->told_ns = now;
	pthread_mutex_lock(&f->proxy->lock);
	f->offset = offset;
	pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&f->proxy->lock);
}

/* Two repositories may want the same bytes at the same time: the later one waits, and
 * finds them in the store. Only for those before us, so nobody waits in a circle. */
static void wait_for_twin(struct reg_fetch *f)
{
	struct reg_proxy *p = f->proxy;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping && find(f->next, NULL, f->digest))
		pthread_cond_wait(&p->landed, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

static void land(struct reg_fetch *f, int rc, const struct err *err)
{
	struct reg_proxy *p = f->proxy;

	pthread_mutex_lock(&p->lock);
	f->state = rc ? FETCH_FAILED : FETCH_HERE;
	if (rc)
		f->err = *err;
	else
		f->offset = f->whole;
	pthread_cond_broadcast(&f->news);
	unlist(p, f);
	drop(f);
	p->running--;
	pthread_cond_broadcast(&p->landed);
	pthread_mutex_unlock(&p->lock);
}

static void *fetch_thread(void *arg)
{
	struct reg_fetch *f = arg;
	struct err err = { 0 };
	int rc;

	wait_for_twin(f);
	rc = proxy_download(f, &err);
	if (rc)
		log_warn("mirror: %s of %s: %s", f->digest, f->name, err.msg);
	land(f, rc, &err);
	return NULL;
}

/* ---- who wants it ----------------------------------------------------------------------- */

static struct reg_fetch *fetch_new(struct reg_proxy *p, const char *name, const char *digest)
{
	struct reg_fetch *f = xcalloc(1, sizeof(*f));

	f->proxy = p;
	f->name = xstrdup(name);
	snprintf(f->digest, sizeof(f->digest), "%s", digest);
	f->fd = -1;
	f->users = 2;
	pthread_cond_init(&f->news, NULL);
	return f;
}

static struct reg_fetch *start(struct reg_proxy *p, const char *name, const char *digest,
			       struct err *err)
{
	struct reg_fetch *f = fetch_new(p, name, digest);
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, fetch_thread, f);

	if (rc) {
		err_errno(err, rc, "start a thread");
		f->users = 1;
		drop(f);
		return NULL;
	}
	pthread_detach(thread);
	f->next = p->fetches;
	p->fetches = f;
	p->running++;
	p->misses++;
	return f;
}

/* Join it, or start it when there are not too many others. */
static struct reg_fetch *join(struct reg_proxy *p, const char *name, const char *digest,
			      struct err *err)
{
	struct reg_fetch *f;

	while (!(f = find(p->fetches, name, digest)) && p->running >= FETCHES_MAX && !p->stopping)
		pthread_cond_wait(&p->landed, &p->lock);
	if (f) {
		f->users++;
		p->hits++;
		return f;
	}
	if (!p->stopping)
		return start(p, name, digest, err);
	err_set(err, ERR_UNAVAILABLE, "the mirror is stopping");
	return NULL;
}

struct reg_fetch *reg_fetch_begin(struct reg_proxy *p, const char *name, const char *digest,
				  struct err *err)
{
	struct reg_fetch *f;

	pthread_mutex_lock(&p->lock);
	f = join(p, name, digest, err);
	while (f && f->state == FETCH_ASKING)
		pthread_cond_wait(&f->news, &p->lock);
	if (f && f->state == FETCH_FAILED) {
		*err = f->err;
		proxy_recode(err, REG_BLOB_UNKNOWN);
		drop(f);
		f = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return f;
}

uint64_t reg_fetch_size(const struct reg_fetch *f)
{
	return f->size;
}

void reg_fetch_release(struct reg_fetch *f)
{
	struct reg_proxy *p = f->proxy;

	pthread_mutex_lock(&p->lock);
	drop(f);
	pthread_mutex_unlock(&p->lock);
}

/* ---- reading what is there ---------------------------------------------------------------- */

struct reading {
	struct reg_fetch *fetch;
	uint64_t first;
	int client;
};

/* How far a reader may go. */
static uint64_t safe(const struct reg_fetch *f)
{
	return f->state == FETCH_HERE || !f->offset ? f->offset : f->offset - 1;
}

static bool has_left(int client)
{
	struct pollfd p = { client, POLLRDHUP, 0 };

	return poll(&p, 1, 0) > 0;
}

/* How many bytes there are from `at` on; 0: that was all; -1: and there will be no more. */
static int64_t wait_for_bytes(const struct reading *r, uint64_t at)
{
	struct reg_fetch *f = r->fetch;
	int64_t n;

	pthread_mutex_lock(&f->proxy->lock);
	while (f->state == FETCH_COMING && safe(f) <= at && !has_left(r->client)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&f->news, &f->proxy->lock, &until);
	}
	n = safe(f) > at ? (int64_t)(safe(f) - at) : f->state == FETCH_HERE ? 0 : -1;
	pthread_mutex_unlock(&f->proxy->lock);
	return n;
}

static ssize_t read_some(void *arg, uint64_t pos, void *buf, size_t max)
{
	const struct reading *r = arg;
	int64_t n = wait_for_bytes(r, r->first + pos);

	if (n <= 0)
		return (ssize_t)n;
	return pread(r->fetch->fd, buf, (uint64_t)n < max ? (size_t)n : max,
		     (off_t)(r->first + pos));
}

static void release(void *arg)
{
	struct reading *r = arg;

	reg_fetch_release(r->fetch);
	free(r);
}

void reg_fetch_reply(struct reg_fetch *f, struct http_request *req, struct http_reply *rep,
		     int status, uint64_t first, uint64_t count)
{
	struct reading *r = xmalloc(sizeof(*r));

	*r = (struct reading){ f, first, http_request_fd(req) };
	http_reply_read(rep, status, "application/octet-stream", count, read_some, r, release);
}
