/*
 * fetch.c - a repository on a registry: open it, read manifests and blobs.
 */
#include "fetch_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* A registry given by host alone: TLS if it speaks that, else what `insecure` allows. */
static int find_scheme(struct ctrd_registry *r, struct err *err)
{
	struct exchange x;
	struct err plain;
	int rc;

	exchange_init(&x, "GET");
	r->base = xasprintf("https://%s", r->host);
	snprintf(x.url, sizeof(x.url), "%s/v2/", r->base);
	rc = exchange_once(r, &x, NULL, err);
	if (rc && err->kind != ERR_CANCELLED && registry_insecure(r, r->host)) {
		free(r->base);
		r->base = xasprintf("http://%s", r->host);
		snprintf(x.url, sizeof(x.url), "%s/v2/", r->base);
		rc = exchange_once(r, &x, NULL, &plain);
		if (rc)
			*err = plain;
	}
	exchange_free(&x);
	return rc;
}

static int set_base(struct ctrd_registry *r, const char *url, struct err *err)
{
	const char *scheme = strstr(url, "://");
	size_t n;

	if (!scheme) {
		r->host = xstrdup(url);
		return find_scheme(r, err);
	}
	r->base = xstrdup(url);
	for (n = strlen(r->base); n && r->base[n - 1] == '/'; n--)
		r->base[n - 1] = '\0';
	r->host = xstrdup(r->base + (scheme + 3 - url));
	return registry_check_url(r, r->base, err);
}

struct ctrd_registry *ctrd_registry_new(const struct ctrd_registry_options *o, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ctrd_registry *r = xcalloc(1, sizeof(*r));

	pthread_once(&once, curl_start);
	pthread_mutex_init(&r->lock, NULL);
	r->repository = xstrdup(o->repository);
	r->actions = xstrdup(o->actions);
	r->username = xstrdup(o->username);
	r->password = xstrdup(o->password);
	r->cancelled = o->cancelled;
	r->arg = o->arg;
	for (size_t i = 0; o->insecure && o->insecure[i]; i++)
		strlist_add(&r->insecure, o->insecure[i]);
	if (!set_base(r, o->url, err))
		return r;
	ctrd_registry_free(r);
	return NULL;
}

void ctrd_registry_free(struct ctrd_registry *r)
{
	if (!r)
		return;
	while (r->n_idle)
		curl_easy_cleanup(r->idle[--r->n_idle]);
	pthread_mutex_destroy(&r->lock);
	strlist_free(&r->insecure);
	free(r->authorization);
	free(r->base);
	free(r->host);
	free(r->repository);
	free(r->actions);
	free(r->username);
	free(r->password);
	free(r);
}

const char *ctrd_registry_host(const struct ctrd_registry *r)
{
	return r->host;
}

void ctrd_manifest_free(struct ctrd_manifest *m)
{
	free(m->body);
	memset(m, 0, sizeof(*m));
}

/* Old registries call every document text or JSON: then it says itself what it is. */
static void find_media_type(struct ctrd_manifest *m, const char *content_type)
{
	struct err ignored;
	AUTO_JSON json_t *doc = NULL;

	snprintf(m->media_type, sizeof(m->media_type), "%s", content_type);
	if (ctrd_doc_kind(content_type) != CTRD_DOC_OTHER)
		return;
	doc = jsonx_parse(m->body, m->size, "manifest", &ignored);
	if (*jsonx_str(doc, "mediaType", ""))
		snprintf(m->media_type, sizeof(m->media_type), "%s",
			 jsonx_str(doc, "mediaType", ""));
}

static int take_manifest(struct exchange *x, const char *reference, struct ctrd_manifest *m,
			 struct err *err)
{
	bool by_digest = digest_valid(reference);

	digest_of(x->body.data ? x->body.data : "", x->body.len, m->digest);
	if (by_digest && strcmp(reference, m->digest))
		return err_set(err, ERR_CORRUPT, "manifest %s has the digest %s", reference,
			       m->digest);
	if (digest_valid(x->digest) && strcmp(x->digest, m->digest))
		return err_set(err, ERR_CORRUPT, "the registry announced the manifest %s and sent %s",
			       x->digest, m->digest);
	m->size = x->body.len;
	m->body = strbuf_steal(&x->body);
	find_media_type(m, x->content_type);
	return 0;
}

int ctrd_fetch_manifest(struct ctrd_registry *r, const char *reference, struct ctrd_manifest *m,
			struct err *err)
{
	struct exchange x;
	int rc;

	memset(m, 0, sizeof(*m));
	exchange_init(&x, "GET");
	exchange_url(&x, r, "manifests/%s", reference);
	x.limit = MANIFEST_LIMIT;
	for (int i = 0; ctrd_manifest_types[i]; i++)
		strlist_addf(&x.headers, "Accept: %s", ctrd_manifest_types[i]);
	rc = registry_request(r, &x, err);
	if (!rc)
		rc = take_manifest(&x, reference, m, err);
	exchange_free(&x);
	return rc;
}

int ctrd_fetch_blob(struct ctrd_registry *r, const char *digest, uint64_t offset,
		    const struct ctrd_fetch_sink *sink, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "GET");
	exchange_url(&x, r, "blobs/%s", digest);
	x.sink = sink;
	if (offset)
		strlist_addf(&x.headers, "Range: bytes=%llu-", (unsigned long long)offset);
	rc = registry_request(r, &x, err);
	exchange_free(&x);
	return rc;
}

bool ctrd_fetch_transient(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE || err->kind == ERR_TIMEOUT;
}
