/*
 * transfer.c - what pull and push share.
 *
 * Any thread may meet the failure that ends the transfer: the first one is kept,
 * and the others find out when libcurl asks them, or before their next step.
 */
#include "transfer_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"

#define HUB "docker.io"

/* The registry itself is believed by these authorities too, and shown this certificate. */
static void add_tls(struct ctrd_hosts *hosts, const struct ctrd_tls *tls)
{
	for (size_t i = 0; tls && i < hosts->n; i++) {
		struct ctrd_tls *own = &hosts->v[i].tls;

		if (hosts->v[i].mirror)
			continue;
		for (size_t k = 0; k < tls->ca.n; k++)
			strlist_add(&own->ca, tls->ca.v[k]);
		if (!tls->certs.n)
			continue;
		strlist_free(&own->certs);
		strlist_free(&own->keys);
		strlist_add(&own->certs, tls->certs.v[0]);
		strlist_add(&own->keys, tls->keys.v[0]);
	}
}

static bool cancelled(void *arg)
{
	struct transfer *x = arg;

	if (!transfer_stopped(x) && x->t->gone && x->t->gone(x->t->arg)) {
		struct err err;

		err_set(&err, ERR_CANCELLED, "the client has gone away");
		transfer_fail(x, &err);
	}
	return transfer_stopped(x);
}

int transfer_init(struct transfer *x, struct ctrd_images *im, const struct ctrd_transfer *t,
		  const char *actions, struct err *err)
{
	bool push = strcmp(actions, "pull") != 0;

	memset(x, 0, sizeof(*x));
	if (reference_parse(t->ref, &x->ref, err))
		return -1;
	if (*x->ref.digest)
		*x->ref.tag = '\0'; /* the digest decides; a tag beside it says nothing */
	if (ctrd_hosts_find(t->registries, x->ref.domain,
			    push || strcmp(x->ref.domain, HUB) ? NULL : t->mirrors, push, &x->hosts,
			    err)) {
		ctrd_hosts_free(&x->hosts);
		return -1;
	}
	add_tls(&x->hosts, t->tls);
	x->im = im;
	x->t = t;
	x->name = reference_full(&x->ref);
	x->actions = actions;
	x->elsewhere = json_object();
	x->registries = xcalloc(x->hosts.n, sizeof(*x->registries));
	pthread_mutex_init(&x->lock, NULL);
	return 0;
}

void transfer_free(struct transfer *x)
{
	for (size_t i = 0; i < x->hosts.n; i++)
		ctrd_registry_free(x->registries[i]);
	free(x->registries);
	ctrd_hosts_free(&x->hosts);
	json_decref(x->elsewhere);
	free(x->name);
	pthread_mutex_destroy(&x->lock);
}

static struct ctrd_registry *open_source(struct transfer *x, size_t i, struct err *err)
{
	const struct ctrd_host *h = &x->hosts.v[i];
	struct ctrd_registry_options o = {
		.url = h->url, .repository = x->ref.path, .actions = x->actions,
		.mount_from = x->mount_from, .insecure = x->t->insecure,
		.registries = x->t->registries, .tls = &h->tls, .plain = h->configured,
		.ns = h->configured && h->mirror ? x->ref.domain : NULL,
		.whole_path = h->whole_path, .impatient = i + 1 < x->hosts.n,
		.cancelled = cancelled, .arg = x,
	};

	if (!h->mirror) /* no mirror sees the registry's password */
		o.credentials = x->t->credentials;
	return ctrd_registry_new(&o, err);
}

struct ctrd_registry *transfer_source(struct transfer *x, size_t i, struct err *err)
{
	struct ctrd_registry *r;

	pthread_mutex_lock(&x->lock);
	r = x->registries[i];
	pthread_mutex_unlock(&x->lock);
	if (r)
		return r;
	r = open_source(x, i, err);
	if (!r)
		return NULL;
	pthread_mutex_lock(&x->lock);
	if (x->registries[i]) { /* two threads met here */
		ctrd_registry_free(r);
		r = x->registries[i];
	}
	x->registries[i] = r;
	pthread_mutex_unlock(&x->lock);
	return r;
}

bool transfer_stopped(struct transfer *x)
{
	bool stop;

	pthread_mutex_lock(&x->lock);
	stop = x->stop;
	pthread_mutex_unlock(&x->lock);
	return stop;
}

static void fail_locked(struct transfer *x, const struct err *err)
{
	if (!x->failed)
		x->err = *err;
	x->failed = x->stop = true;
}

void transfer_fail(struct transfer *x, const struct err *err)
{
	pthread_mutex_lock(&x->lock);
	fail_locked(x, err);
	pthread_mutex_unlock(&x->lock);
}

void transfer_emit(struct transfer *x, json_t *event)
{
	struct err err;

	pthread_mutex_lock(&x->lock);
	if (x->t->progress && !x->stop && x->t->progress(x->t->arg, event)) {
		err_set(&err, ERR_CANCELLED, "the client has gone away");
		fail_locked(x, &err);
	}
	pthread_mutex_unlock(&x->lock);
	json_decref(event);
}

void transfer_emit_layer(struct transfer *x, const char *digest, const char *status,
			 int64_t offset, int64_t total)
{
	json_t *event = json_pack("{s:s,s:s}", "id", digest, "status", status);

	if (total >= 0) {
		json_object_set_new(event, "offset", json_integer(offset));
		json_object_set_new(event, "total", json_integer(total));
	}
	transfer_emit(x, event);
}

/* --- threads ------------------------------------------------------------------------------- */

struct crew {
	struct transfer *x;
	int (*fn)(void *arg, size_t i, struct err *err);
	void *arg;
	size_t next, n; /* next: guarded by x->lock */
};

static void *worker(void *arg)
{
	struct crew *c = arg;
	struct err err;

	for (;;) {
		size_t i;

		pthread_mutex_lock(&c->x->lock);
		i = c->x->stop ? c->n : c->next++;
		pthread_mutex_unlock(&c->x->lock);
		if (i >= c->n)
			return NULL;
		if (c->fn(c->arg, i, &err))
			transfer_fail(c->x, &err);
	}
}

void transfer_parallel(struct transfer *x, size_t n, int (*fn)(void *arg, size_t i, struct err *err),
		       void *arg)
{
	struct crew c = { x, fn, arg, 0, n };
	pthread_t threads[LAYERS_AT_ONCE];
	size_t started = 0;

	while (started < LAYERS_AT_ONCE && started < n &&
	       !trace_thread(&threads[started], NULL, worker, &c))
		started++;
	if (!started)
		worker(&c); /* no thread to be had: by ourselves */
	while (started)
		pthread_join(threads[--started], NULL);
}
