/*
 * fetch.c - a repository on a registry: open it, read manifests and blobs.
 */
#include "fetch_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"

#define TRIES_MAX 5
#define STALL_SECONDS 30

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void set_base(struct ctrd_registry *r, const char *scheme)
{
	free(r->base);
	r->base = xasprintf("%s://%s", scheme, r->host);
}

static int probe(struct ctrd_registry *r, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "GET");
	snprintf(x.url, sizeof(x.url), "%s/v2/", r->base);
	rc = exchange_once(r, &x, NULL, err);
	exchange_free(&x);
	return rc;
}

/* A registry given by host alone: TLS; but one that may go without it has the choice. */
static int find_scheme(struct ctrd_registry *r, struct err *err)
{
	set_base(r, "https");
	if (!registry_insecure(r, r->host) || !probe(r, err))
		return 0;
	if (err->kind == ERR_CANCELLED)
		return -1;
	set_base(r, "http");
	return probe(r, err);
}

static void take_url(struct ctrd_registry *r, const char *url)
{
	r->base = xstrdup(url);
	for (size_t n = strlen(url); n && r->base[n - 1] == '/'; n--)
		r->base[n - 1] = '\0';
}

static int open_registry(struct ctrd_registry *r, const struct ctrd_registry_options *o,
			 struct err *err)
{
	bool has_scheme = strstr(o->url, "://");

	if (has_scheme)
		take_url(r, o->url);
	r->host = has_scheme ? url_host(o->url) : xstrdup(o->url);
	if (!r->host)
		return err_set(err, ERR_INVALID, "malformed URL \"%.200s\"", o->url);
	if (o->plain)
		strlist_add(&r->insecure, r->host);
	if (fetch_trust_load(r, o->tls, err))
		return -1;
	if (has_scheme ? registry_check_url(r, r->base, err) : find_scheme(r, err))
		return -1;
	r->api = xasprintf("%s%s", r->base, o->whole_path ? "" : "/v2");
	return 0;
}

/* Everything that a token is good for, and who got it. */
static void find_token(struct ctrd_registry *r, const struct ctrd_credentials *c)
{
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;
	char key[DIGEST_SIZE];

	strbuf_addf(&all, "%s\n%s\n%s\n%s\n", r->base, c->username ? c->username : "",
		    c->password ? c->password : "", c->identity_token ? c->identity_token : "");
	for (size_t i = 0; i < r->scopes.n; i++)
		strbuf_addf(&all, "%s\n", r->scopes.v[i]);
	digest_of(all.data, all.len, key);
	r->token_key = xstrdup(key);
	/* Without a repository it is a login: whether it would be granted now is the question. */
	r->authorization = c->registry_token ? xasprintf("Bearer %s", c->registry_token)
			 : r->repository     ? registries_token(r->registries, key)
					     : NULL;
}

static void take_options(struct ctrd_registry *r, const struct ctrd_registry_options *o)
{
	r->repository = xstrdup(o->repository);
	r->ns = xstrdup(o->ns);
	r->username = xstrdup(o->credentials.username);
	r->password = xstrdup(o->credentials.password);
	r->identity = xstrdup(o->credentials.identity_token);
	r->registries = o->registries;
	r->tries = o->impatient ? 1 : TRIES_MAX;
	r->stall_seconds = o->stall_seconds ? (long)o->stall_seconds : STALL_SECONDS;
	r->cancelled = o->cancelled;
	r->arg = o->arg;
	if (o->repository)
		strlist_addf(&r->scopes, "repository:%s:%s", o->repository, o->actions);
	for (size_t i = 0; o->mount_from && o->mount_from[i]; i++)
		strlist_addf(&r->scopes, "repository:%s:pull", o->mount_from[i]);
	for (size_t i = 0; o->insecure && o->insecure[i]; i++)
		strlist_add(&r->insecure, o->insecure[i]);
}

struct ctrd_registry *ctrd_registry_new(const struct ctrd_registry_options *o, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ctrd_registry *r = xcalloc(1, sizeof(*r));

	pthread_once(&once, curl_start);
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->authenticating, NULL);
	take_options(r, o);
	if (!open_registry(r, o, err)) {
		find_token(r, &o->credentials);
		return r;
	}
	ctrd_registry_free(r);
	return NULL;
}

void ctrd_registry_free(struct ctrd_registry *r)
{
	if (!r)
		return;
	while (r->n_idle)
		curl_easy_cleanup(r->idle[--r->n_idle]);
	pthread_mutex_destroy(&r->authenticating);
	pthread_mutex_destroy(&r->lock);
	strlist_free(&r->insecure);
	strlist_free(&r->scopes);
	fetch_trust_free(&r->trust);
	free(r->authorization);
	free(r->identity);
	free(r->token_key);
	free(r->base);
	free(r->api);
	free(r->host);
	free(r->repository);
	free(r->ns);
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

	digest_of_like(by_digest ? reference : digest_valid(x->digest) ? x->digest : "sha256:",
		       x->body.data ? x->body.data : "", x->body.len, m->digest);
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

static void accept_manifests(struct exchange *x)
{
	for (int i = 0; ctrd_manifest_types[i]; i++)
		strlist_addf(&x->headers, "Accept: %s", ctrd_manifest_types[i]);
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
	accept_manifests(&x);
	rc = registry_request(r, &x, err);
	if (!rc)
		rc = take_manifest(&x, reference, m, err);
	exchange_free(&x);
	return rc;
}

int ctrd_fetch_head(struct ctrd_registry *r, const char *what, struct ctrd_head *head,
		    struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "HEAD");
	exchange_url(&x, r, "%s", what);
	if (str_starts(what, "manifests/"))
		accept_manifests(&x);
	rc = registry_request(r, &x, err);
	*head = (struct ctrd_head){ .size = x.length };
	if (digest_valid(x.digest))
		strcpy(head->digest, x.digest);
	exchange_free(&x);
	return rc;
}

static int fetch_into(struct ctrd_registry *r, struct exchange *x, uint64_t offset,
		      const struct ctrd_fetch_sink *sink, struct err *err)
{
	x->sink = sink;
	if (offset)
		strlist_addf(&x->headers, "Range: bytes=%llu-", (unsigned long long)offset);
	return registry_request(r, x, err);
}

int ctrd_fetch_blob(struct ctrd_registry *r, const char *digest, uint64_t offset,
		    const struct ctrd_fetch_sink *sink, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "GET");
	exchange_url(&x, r, "blobs/%s", digest);
	rc = fetch_into(r, &x, offset, sink, err);
	exchange_free(&x);
	return rc;
}

int ctrd_fetch_url(struct ctrd_registry *r, const char *url, uint64_t offset,
		   const struct ctrd_fetch_sink *sink, struct err *err)
{
	struct exchange x;
	int rc;

	if (strlen(url) >= URL_SIZE)
		return err_set(err, ERR_INVALID, "a URL of %zu bytes", strlen(url));
	exchange_init(&x, "GET");
	strcpy(x.url, url);
	rc = fetch_into(r, &x, offset, sink, err);
	exchange_free(&x);
	return rc;
}

bool ctrd_fetch_transient(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE || err->kind == ERR_TIMEOUT;
}

int ctrd_registry_login(struct ctrd_registry *r, char **identity, struct err *err)
{
	struct exchange x;
	int rc;

	r->offline = true;
	exchange_init(&x, "GET");
	snprintf(x.url, sizeof(x.url), "%s/", r->api);
	rc = registry_request(r, &x, err);
	exchange_free(&x);
	*identity = rc ? NULL : xstrdup(r->identity);
	return rc;
}

int ctrd_registry_ask(struct ctrd_registry *r, const char *path, size_t limit,
		      struct strbuf *body, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "GET");
	x.limit = limit;
	if ((size_t)snprintf(x.url, sizeof(x.url), "%s/%s", r->base, path) >= sizeof(x.url))
		return err_set(err, ERR_INVALID, "a URL of more than %zu bytes", sizeof(x.url));
	if (r->username && !r->authorization)
		r->authorization = ctrd_auth_basic(r);
	rc = registry_request(r, &x, err);
	if (!rc)
		strbuf_add(body, x.body.data ? x.body.data : "", x.body.len);
	exchange_free(&x);
	return rc;
}
