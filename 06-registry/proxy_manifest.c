/*
 * proxy_manifest.c - the mirror's manifests and tags.
 *
 * A class that pulls the same tag at the same time asks upstream once: the first one goes (a
 * flight), the others wait for what it brings. What upstream calls a tag is only what it says
 * in an answer to us; what we keep under a digest has that digest.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "proxy_private.h"

/* So long a registry that failed is not asked for what we have: every pull would wait for it. */
#define DOWN_NS (30 * 1000000000LL)

/* ---- what we have --------------------------------------------------------------------- */

/* The digest of a tag's manifest, or of that digest, if its bytes are here. */
static bool stored(struct reg_proxy *p, const char *name, const char *reference,
		   char digest[DIGEST_SIZE])
{
	struct err ignored;
	AUTO_JSON json_t *index = reg_index_load(p->store, name, true, &ignored);
	const json_t *d = reg_index_find(index, reference);

	snprintf(digest, DIGEST_SIZE, "%s", jsonx_str(d, "digest", ""));
	return *digest && reg_blob_has(p->store, name, digest, NULL);
}

/* ---- asking upstream ------------------------------------------------------------------ */

static int keep(struct reg_proxy *p, const char *name, const char *tag,
		const struct ctrd_manifest *got, struct err *err)
{
	struct reg_manifest m;
	int rc;

	if (reg_manifest_parse(got->body, got->size, got->media_type, &m, err)) {
		err->kind = ERR_CORRUPT; /* upstream's fault, not our client's */
		err->errnum = 0;
		return err_wrap(err, "what the mirrored registry sent");
	}
	rc = reg_manifest_keep(p->store, name, tag, got->body, got->size, &m, got->digest, err);
	reg_manifest_free(&m);
	if (!rc)
		proxy_kept(p, got->size);
	return rc;
}

static int fetch(struct reg_proxy *p, struct ctrd_registry *r, const char *name, const char *tag,
		 const char *reference, struct err *err)
{
	struct ctrd_manifest got;
	int rc;

	p->misses++;
	if (ctrd_fetch_manifest(r, reference, &got, err))
		return -1;
	rc = keep(p, name, tag, &got, err);
	if (!rc)
		log_info("mirror: fetched %s%s%s, the manifest %s", name, tag ? ":" : "",
			 tag ? tag : "", got.digest);
	ctrd_manifest_free(&got);
	return rc;
}

/* `have`: what the tag meant when we asked last; "" if we never did. */
static int ask_tag(struct reg_proxy *p, struct ctrd_registry *r, const char *name, const char *tag,
		   const char *have, struct err *err)
{
	AUTO_FREE char *what = xasprintf("manifests/%s", tag);
	char digest[DIGEST_SIZE];
	struct ctrd_head head;

	if (ctrd_fetch_head(r, what, &head, err))
		return -1;
	if (*have && !strcmp(have, head.digest)) {
		p->hits++;
		return 0;
	}
	if (*head.digest && stored(p, name, head.digest, digest))
		return reg_manifest_tag(p->store, name, tag, head.digest, err);
	return fetch(p, r, name, tag, *head.digest ? head.digest : tag, err);
}

static bool is_down(struct reg_proxy *p)
{
	return time_steady_ns() < p->down_until;
}

static int refresh_tag(struct reg_proxy *p, const char *name, const char *tag, struct err *err)
{
	char have[DIGEST_SIZE];
	bool had = stored(p, name, tag, have);
	struct ctrd_registry *r = proxy_upstream(p, name, had || is_down(p), err);
	int rc = r ? ask_tag(p, r, name, tag, had ? have : "", err) : -1;
	struct err ignored;

	ctrd_registry_free(r);
	if (rc && had && ctrd_fetch_transient(err)) {
		log_warn("mirror: %s:%s is served as it was, since %s", name, tag, err->msg);
		p->down_until = time_steady_ns() + DOWN_NS;
		p->hits++;
		return 0;
	}
	if (rc && err->kind == ERR_NOT_FOUND)
		reg_manifest_untag(p->store, name, tag, &ignored); /* it was deleted upstream */
	return rc;
}

static int refresh_digest(struct reg_proxy *p, const char *name, const char *digest,
			  struct err *err)
{
	struct ctrd_registry *r = proxy_upstream(p, name, is_down(p), err);
	int rc = r ? fetch(p, r, name, NULL, digest, err) : -1;

	ctrd_registry_free(r);
	return rc;
}

static int refresh(struct reg_proxy *p, const char *name, const char *reference, struct err *err)
{
	int rc = strchr(reference, ':') ? refresh_digest(p, name, reference, err)
					: refresh_tag(p, name, reference, err);

	if (rc && ctrd_fetch_transient(err))
		p->down_until = time_steady_ns() + DOWN_NS;
	return rc;
}

/* ---- one for all ---------------------------------------------------------------------- */

struct reg_flight {
	struct reg_flight *next;
	const char *name, *reference; /* its first passenger's, who stays until it has landed */
	unsigned waiting;
	bool landed;
	int rc;
	struct err err;
};

static struct reg_flight *find_flight(struct reg_proxy *p, const char *name, const char *reference)
{
	struct reg_flight *f = p->flights;

	while (f && (strcmp(f->name, name) || strcmp(f->reference, reference)))
		f = f->next;
	return f;
}

static void unlist(struct reg_proxy *p, const struct reg_flight *f)
{
	struct reg_flight **at = &p->flights;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
}

/* Needs the lock, and lets go of it meanwhile. */
static int wait_for_flight(struct reg_proxy *p, struct reg_flight *f, struct err *err)
{
	int rc;

	f->waiting++;
	while (!f->landed)
		pthread_cond_wait(&p->landed, &p->lock);
	rc = f->rc;
	if (rc)
		*err = f->err;
	else
		p->hits++;
	if (!--f->waiting)
		pthread_cond_broadcast(&p->landed);
	return rc;
}

/* The same; the flight is on our stack, so all must have left it before we do. */
static int fly(struct reg_proxy *p, const char *name, const char *reference, struct err *err)
{
	struct reg_flight f = { .next = p->flights, .name = name, .reference = reference };

	p->flights = &f;
	pthread_mutex_unlock(&p->lock);
	f.rc = refresh(p, name, reference, &f.err);
	pthread_mutex_lock(&p->lock);
	unlist(p, &f);
	f.landed = true;
	pthread_cond_broadcast(&p->landed);
	while (f.waiting)
		pthread_cond_wait(&p->landed, &p->lock);
	if (f.rc)
		*err = f.err;
	return f.rc;
}

int reg_proxy_manifest(struct reg_proxy *p, const char *name, const char *reference,
		       struct err *err)
{
	bool by_digest = strchr(reference, ':');
	char digest[DIGEST_SIZE];
	struct reg_flight *f;
	int rc;

	if (by_digest ? !digest_valid(reference) : !reg_tag_valid(reference))
		return 0; /* nothing can be called so: the store says it better */
	if ((by_digest || is_down(p)) && stored(p, name, reference, digest)) {
		p->hits++;
		return 0;
	}
	pthread_mutex_lock(&p->lock);
	f = find_flight(p, name, reference);
	rc = f ? wait_for_flight(p, f, err) : fly(p, name, reference, err);
	pthread_mutex_unlock(&p->lock);
	return rc ? proxy_recode(err, REG_MANIFEST_UNKNOWN) : 0;
}
