/*
 * push_upload.c - a blob's way to a registry (OCI distribution-spec, "Pushing blobs").
 *
 *   POST …/uploads/?mount=&from=  ─▶ 201: it was there, in a repository that we can read
 *                                 ─▶ 202, Location: a place to upload to
 *   PUT  <place>?digest=             everything at once; or, where that is refused (by a proxy that
 *                                    wants small bodies, by a registry that knows no other way),
 *   PATCH <place> …  PUT <place>?digest=    piece by piece
 *
 * An upload in one piece that broke is begun anew. One in pieces goes on from what the
 * registry says it has.
 */
#include "fetch_private.h"

#include <string.h>

#include "01-kernel/base/log.h"

#define CHUNK_FIRST (16u << 20)
#define CHUNK_LEAST (256u << 10) /* smaller ones are not worth their requests */

struct place {
	char url[URL_SIZE];
	uint64_t chunk_min;
};

/* "Location": absolute or not, with a query of its own or not, another one each time. */
static int take_place(struct ctrd_registry *r, struct exchange *x, struct place *p, struct err *err)
{
	if (exchange_follow(r, x, err))
		return err_wrap(err, "a place for an upload");
	strcpy(p->url, x->url);
	return 0;
}

static int ask_for_place(struct ctrd_registry *r, const struct ctrd_upload *u, const char *mount_from,
			 struct place *p, bool *mounted, struct err *err)
{
	struct exchange x;
	int rc = 0;

	exchange_init(&x, "POST");
	exchange_url(&x, r, "blobs/uploads/");
	if (mount_from)
		rc = exchange_query(&x, "mount", u->digest, err) ||
		     exchange_query(&x, "from", mount_from, err);
	if (!rc)
		rc = registry_request(r, &x, err);
	*mounted = !rc && mount_from && x.status == 201;
	p->chunk_min = x.chunk_min;
	if (!rc && !*mounted)
		rc = take_place(r, &x, p, err);
	exchange_free(&x);
	return rc ? -1 : 0;
}

/* A repository that we may not read is no reason to fail: then the bytes are sent. */
static int open_upload(struct ctrd_registry *r, const struct ctrd_upload *u, struct place *p,
		       bool *mounted, struct err *err)
{
	if (u->mount_from) {
		if (!ask_for_place(r, u, u->mount_from, p, mounted, err))
			return 0;
		if (err->kind == ERR_CANCELLED)
			return -1;
		log_debug("push: no mount from %s: %s", u->mount_from, err->msg);
	}
	return ask_for_place(r, u, NULL, p, mounted, err);
}

/* --- in one piece ---------------------------------------------------------------------------- */

static void octets(struct exchange *x)
{
	strlist_add(&x->headers, "Content-Type: application/octet-stream");
}

static int put_all(struct ctrd_registry *r, const struct ctrd_upload *u, const struct place *p,
		   long *status, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PUT");
	x.upload_fd = u->fd;
	x.upload_size = u->size;
	x.sent = u->sent;
	x.sent_arg = u->arg;
	octets(&x);
	strcpy(x.url, p->url);
	rc = exchange_query(&x, "digest", u->digest, err);
	if (!rc)
		rc = registry_request(r, &x, err);
	*status = x.status;
	exchange_free(&x);
	return rc;
}

/* Does this answer mean that another way would do? */
static bool wants_chunks(long status)
{
	return status == 404 || status == 405 || status == 411 || status == 413 || status == 416 ||
	       status == 501;
}

/* --- in pieces ------------------------------------------------------------------------------- */

static uint64_t chunk_size(struct ctrd_registry *r)
{
	uint64_t n;

	pthread_mutex_lock(&r->lock);
	n = r->chunk;
	pthread_mutex_unlock(&r->lock);
	return n;
}

static void set_chunk_size(struct ctrd_registry *r, uint64_t n)
{
	pthread_mutex_lock(&r->lock);
	r->chunk = n;
	pthread_mutex_unlock(&r->lock);
}

/* *offset moves on by what the registry says it has taken, or else by all. */
static int patch(struct ctrd_registry *r, const struct ctrd_upload *u, struct place *p, uint64_t n,
		 uint64_t *offset, long *status, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PATCH");
	x.upload_fd = u->fd;
	x.upload_start = *offset;
	x.upload_size = n;
	x.sent = u->sent;
	x.sent_arg = u->arg;
	octets(&x);
	strlist_addf(&x.headers, "Content-Range: %llu-%llu", (unsigned long long)*offset,
		     (unsigned long long)(*offset + n - 1));
	strcpy(x.url, p->url);
	rc = registry_request(r, &x, err);
	*status = x.status;
	if (!rc && *x.location)
		rc = take_place(r, &x, p, err);
	if (!rc)
		*offset = x.uploaded > *offset && x.uploaded < *offset + n ? x.uploaded : *offset + n;
	exchange_free(&x);
	return rc;
}

/* What does the registry have? "Range: 0-0" is said of nothing, too: then from the start. */
static int ask_how_far(struct ctrd_registry *r, const struct ctrd_upload *u, struct place *p,
		       uint64_t *offset, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "GET");
	strcpy(x.url, p->url);
	rc = registry_request(r, &x, err);
	if (!rc && *x.location)
		rc = take_place(r, &x, p, err);
	*offset = x.uploaded > 1 ? x.uploaded : 0;
	if (!rc && *offset > u->size)
		rc = err_set(err, ERR_INVALID, "the registry has more than was sent");
	exchange_free(&x);
	return rc;
}

/* A smaller piece may pass where this one was too large. */
static bool shrink(struct ctrd_registry *r, const struct place *p, uint64_t n)
{
	uint64_t least = p->chunk_min > CHUNK_LEAST ? p->chunk_min : CHUNK_LEAST;
	uint64_t less = n / 4 > least ? n / 4 : least;

	if (n <= least)
		return false;
	set_chunk_size(r, less);
	return true;
}

static int send_chunks(struct ctrd_registry *r, const struct ctrd_upload *u, struct place *p,
		       struct err *err)
{
	uint64_t offset = 0;
	unsigned tried = 0;

	while (offset < u->size) {
		uint64_t n = chunk_size(r), left = u->size - offset;
		long status;

		if (n < p->chunk_min)
			n = p->chunk_min;
		if (n > left)
			n = left;
		if (!patch(r, u, p, n, &offset, &status, err)) {
			tried = 0;
			continue;
		}
		if (status == 413 && shrink(r, p, n))
			continue;
		if ((!ctrd_fetch_transient(err) && status != 416) || ++tried >= r->tries)
			return -1;
		log_debug("push: %s, going on from what is there", err->msg);
		if (registry_wait(r, registry_backoff(tried), err) ||
		    ask_how_far(r, u, p, &offset, err))
			return -1;
	}
	return 0;
}

static int put_end(struct ctrd_registry *r, const struct ctrd_upload *u, const struct place *p,
		   struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PUT");
	octets(&x);
	strcpy(x.url, p->url);
	rc = exchange_query(&x, "digest", u->digest, err);
	if (!rc)
		rc = registry_request(r, &x, err);
	exchange_free(&x);
	return rc;
}

/* --- the whole --------------------------------------------------------------------------------- */

static int push_once(struct ctrd_registry *r, const struct ctrd_upload *u, bool *mounted,
		     struct err *err)
{
	struct place p;
	long status = 0;

	if (open_upload(r, u, &p, mounted, err))
		return -1;
	if (*mounted)
		return 0;
	if (!chunk_size(r)) {
		if (!put_all(r, u, &p, &status, err))
			return 0;
		if (!wants_chunks(status))
			return -1;
		log_debug("push: %s, trying it in pieces", err->msg);
		set_chunk_size(r, CHUNK_FIRST);
		if (ask_for_place(r, u, NULL, &p, mounted, err))
			return -1;
	}
	return send_chunks(r, u, &p, err) ? -1 : put_end(r, u, &p, err);
}

int ctrd_push_blob(struct ctrd_registry *r, const struct ctrd_upload *u, bool *mounted,
		   struct err *err)
{
	for (unsigned tried = 1;; tried++) {
		int rc = push_once(r, u, mounted, err);

		if (!rc || !ctrd_fetch_transient(err) || tried >= r->tries)
			return rc;
		log_debug("push: %s, trying again", err->msg);
		if (registry_wait(r, registry_backoff(tried), err))
			return -1;
	}
}
