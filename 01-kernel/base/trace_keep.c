/*
 * trace_keep.c - the lines of finished spans, until somebody collects them.
 *
 * A trace that is asked for gets a piece of memory at its first span: KEPT_SIZE, of which only
 * the pages that were written to exist. There are KEPT_MAX of them at most; a new trace takes the
 * place of one that nobody has used for KEPT_SECONDS, or of the one that was longest unused. So
 * however many traceparents strangers send, there is an end to what they cost.
 *
 * The memory is shared with a child that is cloned while it is there: the container's init has no
 * other way to tell its runtime what it did, and needs no descriptor for it. At its execve(2) the
 * mapping is gone. It might write while we read: a line is whole when its end is there, so what
 * is read ends at the last '\n' before the first zero byte.
 */
#include "trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "log.h"
#include "trace_private.h"

#define KEPT_MAX 8
#define KEPT_SIZE ((size_t)1 << 20)
#define KEPT_SECONDS 600 /* a step of a build may take long, and only dockerd waits for it */

struct kept {
	uint64_t id[2];
	int64_t used_ns;    /* last, by time_steady_ns */
	atomic_int open;    /* spans that have begun and not ended */
	atomic_size_t n;    /* taken of text; more than it has: a line did not fit */
	char text[];
};

#define TEXT_SIZE (KEPT_SIZE - sizeof(struct kept))

static struct {
	bool on;                   /* set in main */
	pthread_mutex_t lock;      /* guards what follows, and what it points to */
	struct kept *v[KEPT_MAX];
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

void trace_keep(void)
{
	all.on = true;
}

/* --- which memory: all of these with the lock held ---------------------------------------- */

static struct kept **find(const uint64_t id[2])
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (all.v[i] && all.v[i]->id[0] == id[0] && all.v[i]->id[1] == id[1])
			return &all.v[i];
	return NULL;
}

static void forget(struct kept **k)
{
	munmap(*k, KEPT_SIZE);
	*k = NULL;
}

/* A free place, if need be made free. */
static struct kept **place(int64_t now)
{
	struct kept **best = &all.v[0];

	for (size_t i = 0; i < KEPT_MAX; i++)
		if (all.v[i] && now - all.v[i]->used_ns > KEPT_SECONDS * INT64_C(1000000000))
			forget(&all.v[i]);
	for (size_t i = 0; i < KEPT_MAX && *best; i++)
		if (!all.v[i] || all.v[i]->used_ns < (*best)->used_ns)
			best = &all.v[i];
	if (*best)
		forget(best);
	return best;
}

static struct kept *make(const uint64_t id[2], int64_t now)
{
	struct kept **k = place(now);
	void *memory = mmap(NULL, KEPT_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL; /* then there is nothing to collect */
	*k = memory;
	memcpy((*k)->id, id, sizeof (*k)->id);
	return *k;
}

static struct kept *use(const uint64_t id[2])
{
	struct kept **found = find(id);
	int64_t now = time_steady_ns();
	struct kept *k = found ? *found : make(id, now);

	if (k)
		k->used_ns = now;
	return k;
}

/* --- writing ---------------------------------------------------------------------------------- */

void trace_keep_open(const uint64_t id[2])
{
	struct kept *k;

	if (!all.on)
		return;
	pthread_mutex_lock(&all.lock);
	k = use(id);
	if (k)
		k->open++;
	pthread_mutex_unlock(&all.lock);
}

void trace_keep_closed(const uint64_t id[2])
{
	struct kept **k;

	if (!all.on)
		return;
	pthread_mutex_lock(&all.lock);
	k = find(id);
	if (k)
		(*k)->open--;
	pthread_mutex_unlock(&all.lock);
}

void trace_keep_line(const uint64_t id[2], const char *line, size_t n)
{
	struct kept *k;
	size_t at;

	if (!all.on)
		return;
	pthread_mutex_lock(&all.lock);
	k = use(id);
	/* The lock is not shared with a cloned child, the place in the text is. */
	at = k ? atomic_fetch_add(&k->n, n) : TEXT_SIZE;
	if (at < TEXT_SIZE && n < TEXT_SIZE - at)
		memcpy(k->text + at, line, n);
	pthread_mutex_unlock(&all.lock);
}

/* --- reading ----------------------------------------------------------------------------------- */

static void copy_out(const struct kept *k, struct strbuf *out)
{
	size_t n = atomic_load(&k->n);
	const char *end;

	n = strnlen(k->text, n < TEXT_SIZE ? n : TEXT_SIZE);
	end = n ? memrchr(k->text, '\n', n) : NULL;
	if (end)
		strbuf_add(out, k->text, (size_t)(end - k->text) + 1);
}

static bool has_open(const uint64_t id[2])
{
	struct kept **k;
	bool open;

	pthread_mutex_lock(&all.lock);
	k = find(id);
	open = k && (*k)->open > 0;
	pthread_mutex_unlock(&all.lock);
	return open;
}

void trace_collect(const uint64_t id[2], int patience_ms, struct strbuf *out)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	struct kept **k;

	for (; patience_ms > 0 && has_open(id); patience_ms -= 5)
		nanosleep(&pause, NULL);
	pthread_mutex_lock(&all.lock);
	k = find(id);
	if (k)
		copy_out(*k, out);
	pthread_mutex_unlock(&all.lock);
}

void trace_take(struct strbuf *out)
{
	struct kept **k;

	pthread_mutex_lock(&all.lock);
	k = find(trace_now.trace);
	if (k) {
		copy_out(*k, out);
		forget(k);
	}
	pthread_mutex_unlock(&all.lock);
}

/* Is it a line of a span, of this trace? Its fifth field says so. */
static bool is_ours(const char *line, size_t n)
{
	char id[TRACE_ID_SIZE];
	const char *at = line, *end = line + n;

	for (int i = 0; i < 4; i++) {
		at = memchr(at, '\t', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	trace_id_text(trace_now.trace, id);
	return (size_t)(end - at) > strlen(id) && !memcmp(at, id, strlen(id)) && !memchr(line, '\0', n);
}

void trace_import(const char *lines, size_t n)
{
	const char *nl;

	if (!trace_active())
		return;
	for (; n && (nl = memchr(lines, '\n', n)); n -= (size_t)(nl + 1 - lines), lines = nl + 1)
		if (is_ours(lines, (size_t)(nl - lines)))
			trace_keep_line(trace_now.trace, lines, (size_t)(nl + 1 - lines));
}
