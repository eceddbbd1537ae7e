/*
 * notify.c - the queue of events, and the thread that posts them. The model is in notify.h.
 *
 *     handlers ──▶ queue (bounded) ──▶ thread ──POST──▶ receiver
 *                    ▲ stays at the head until it is taken: so order is kept
 */
#include "notify.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "notify_private.h"

#define QUEUE_BYTES (8u << 20)
#define BATCH_MAX 32        /* events in one envelope */
#define POST_SECONDS 10L
#define BACKOFF_MIN 250     /* ms between tries: twice as long each time */
#define BACKOFF_MAX 60000
#define FAREWELL_SECONDS 3  /* for what is in the queue when the registry stops */

struct event {
	struct event *next;
	size_t n;
	char text[];
};

struct reg_notify {
	char *url;
	struct event_source source;
	CURL *curl; /* the thread's */
	pthread_t thread;
	bool running;
	_Atomic int64_t end; /* the registry stops: when to give up (time_steady_ns); 0: it does not */
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t news;
	struct event *first, **last;
	size_t bytes;
	struct reg_notify_counts counts;
};

/* ---- posting; the thread's ------------------------------------------------------------- */

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

/* CURLOPT_XFERINFOFUNCTION: non-zero breaks off. */
static int too_late(void *arg, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	const struct reg_notify *n = arg;

	(void)dt, (void)dn, (void)ut, (void)un;
	return n->end && time_steady_ns() > n->end;
}

static int post(struct reg_notify *n, const struct strbuf *body, struct err *err)
{
	struct curl_slist *headers = curl_slist_append(
		NULL, "Content-Type: application/vnd.docker.distribution.events.v1+json");
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(n->curl, CURLOPT_URL, n->url);
	curl_easy_setopt(n->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(n->curl, CURLOPT_POSTFIELDS, body->data);
	curl_easy_setopt(n->curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
	curl_easy_setopt(n->curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(n->curl, CURLOPT_TIMEOUT, POST_SECONDS);
	curl_easy_setopt(n->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(n->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(n->curl, CURLOPT_XFERINFOFUNCTION, too_late);
	curl_easy_setopt(n->curl, CURLOPT_XFERINFODATA, n);
	curl_easy_setopt(n->curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(n->curl, CURLOPT_USERAGENT, "dockyard-registry/1.0");
	rc = curl_easy_perform(n->curl);
	curl_easy_getinfo(n->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_setopt(n->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	if (rc)
		return err_set(err, ERR_UNAVAILABLE, "%s", *why ? why : curl_easy_strerror(rc));
	return status / 100 == 2 ? 0 : err_set(err, ERR_UNAVAILABLE, "it answers %ld", status);
}

/* Some events from the head on, which stay there. Needs the lock. */
static unsigned envelope(const struct reg_notify *n, struct strbuf *body)
{
	unsigned count = 0;

	strbuf_clear(body);
	strbuf_adds(body, "{\"events\":[");
	for (const struct event *e = n->first; e && count < BATCH_MAX; e = e->next) {
		strbuf_adds(body, count++ ? "," : "");
		strbuf_add(body, e->text, e->n);
	}
	strbuf_adds(body, "]}");
	return count;
}

/* Needs the lock. */
static void drop_first(struct reg_notify *n)
{
	struct event *e = n->first;

	n->first = e->next;
	if (!n->first)
		n->last = &n->first;
	n->bytes -= e->n;
	n->counts.pending--;
	free(e);
}

/* Needs the lock, and lets go of it meanwhile. */
static int deliver(struct reg_notify *n, struct strbuf *body, bool complain)
{
	unsigned count = envelope(n, body);
	struct err err;
	int rc;

	pthread_mutex_unlock(&n->lock);
	rc = post(n, body, &err);
	if (rc && complain)
		log_warn("notify %s: %s, will try again", n->url, err.msg);
	pthread_mutex_lock(&n->lock);
	if (rc) {
		n->counts.failed++;
		return -1;
	}
	n->counts.sent += count;
	while (count--)
		drop_first(n);
	return 0;
}

/* Needs the lock. */
static void wait_some(struct reg_notify *n, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000 + (until.tv_nsec + ms % 1000 * 1000000) / 1000000000;
	until.tv_nsec = (until.tv_nsec + ms % 1000 * 1000000) % 1000000000;
	while (!n->end &&
	       pthread_cond_timedwait(&n->news, &n->lock, &until) != ETIMEDOUT)
		;
}

static void *notify_thread(void *arg)
{
	struct reg_notify *n = arg;
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	unsigned wait = 0; /* ms before the next try */

	pthread_mutex_lock(&n->lock);
	for (;;) {
		while (!n->first && !n->end)
			pthread_cond_wait(&n->news, &n->lock);
		if (!n->first || (n->end && time_steady_ns() > n->end))
			break;
		if (!deliver(n, &body, !wait)) {
			wait = 0;
			continue;
		}
		if (n->end)
			break;
		wait = !wait ? BACKOFF_MIN : 2 * wait < BACKOFF_MAX ? 2 * wait : BACKOFF_MAX;
		wait_some(n, wait);
	}
	pthread_mutex_unlock(&n->lock);
	return NULL;
}

/* ---- everybody's ------------------------------------------------------------------------- */

static char *host_name(void)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	return xstrdup(name);
}

struct reg_notify *reg_notify_new(const char *url, struct reg_auth *auth, struct err *err)
{
	struct reg_notify *n;
	int rc;

	if (!str_starts(url, "http://") && !str_starts(url, "https://")) {
		err_set(err, ERR_INVALID, "notify: \"%.200s\" is not an http or https URL", url);
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	n->url = xstrdup(url);
	n->curl = curl_easy_init();
	n->last = &n->first;
	n->source = (struct event_source){ .addr = host_name(), .auth = auth };
	reg_uuid_new(n->source.instance);
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->news, NULL);
	rc = pthread_create(&n->thread, NULL, notify_thread, n);
	n->running = !rc;
	if (n->running)
		return n;
	err_errno(err, rc, "start a thread");
	reg_notify_free(n);
	return NULL;
}

void reg_notify_free(struct reg_notify *n)
{
	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->end = time_steady_ns() + FAREWELL_SECONDS * 1000000000LL;
	pthread_cond_broadcast(&n->news);
	pthread_mutex_unlock(&n->lock);
	if (n->running)
		pthread_join(n->thread, NULL);
	if (n->counts.pending)
		log_warn("notify %s: %llu events were not taken", n->url,
			 (unsigned long long)n->counts.pending);
	while (n->first)
		drop_first(n);
	curl_easy_cleanup(n->curl);
	pthread_cond_destroy(&n->news);
	pthread_mutex_destroy(&n->lock);
	free(n->source.addr);
	free(n->url);
	free(n);
}

static struct event *event_new(const struct reg_notify *n, const struct http_request *req,
			       const struct reg_event *e)
{
	AUTO_FREE char *text = event_text(&n->source, req, e);
	size_t len = strlen(text);
	struct event *event = xmalloc(sizeof(*event) + len);

	event->next = NULL;
	event->n = len;
	memcpy(event->text, text, len);
	return event;
}

void reg_notify(struct reg_notify *n, const struct http_request *req, const struct reg_event *e)
{
	struct event *event = n ? event_new(n, req, e) : NULL;
	uint64_t lost = 0;

	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	if (n->bytes + event->n <= QUEUE_BYTES) {
		*n->last = event;
		n->last = &event->next;
		n->bytes += event->n;
		n->counts.pending++;
		event = NULL;
		pthread_cond_signal(&n->news);
	} else {
		lost = ++n->counts.lost;
	}
	pthread_mutex_unlock(&n->lock);
	free(event);
	if (lost && !(lost & (lost - 1))) /* the first, second, fourth, … */
		log_warn("notify %s: the queue is full, %llu events are lost", n->url,
			 (unsigned long long)lost);
}

void reg_notify_count(struct reg_notify *n, struct reg_notify_counts *counts)
{
	pthread_mutex_lock(&n->lock);
	*counts = n->counts;
	pthread_mutex_unlock(&n->lock);
}
