/*
 * registry_api.c - what is asked of a registry on a client's behalf: POST /auth (docker login) and
 * GET /distribution/{name}/json (docker manifest, buildx). For GET /images/search see search.c.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/fetch.h"
#include "03-containerd/manifest.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "auth.h"
#include "registry_api.h"
#include "reload.h"

#define HUB "https://registry-1.docker.io"

static const char *url_of(const char *domain)
{
	return strcmp(domain, "docker.io") ? domain : HUB;
}

struct ctrd_registry *dockerd_registry(struct daemon *d, const char *url, const char *repository,
				       const json_t *auth, struct err *err)
{
	AUTO_STRLIST struct strlist insecure = dockerd_insecure_hosts(d);
	struct ctrd_registry_options o = {
		.url = url, .repository = repository, .actions = "pull",
		.insecure = (const char *const *)insecure.v, .registries = d->registries,
		.credentials = { jsonx_str(auth, "username", NULL), jsonx_str(auth, "password", NULL),
				 jsonx_str(auth, "identityToken", NULL),
				 jsonx_str(auth, "registryToken", NULL) },
		.impatient = true,
	};

	return ctrd_registry_new(&o, err);
}

/* --- login --------------------------------------------------------------------------------- */

/* "https://index.docker.io/v1/", "http://host:5000/v2/", "host": the host. The caller frees. */
static char *host_of(const char *address)
{
	const char *scheme = strstr(address, "://"), *host = scheme ? scheme + 3 : address;
	AUTO_FREE char *name = xstrndup(host, strcspn(host, "/"));

	if (!*name || !strcmp(name, "index.docker.io") || !strcmp(name, "registry-1.docker.io"))
		return xstrdup("docker.io");
	return steal_ptr(&name);
}

/* As containerd wants it: an identity token stands for the password. */
static json_t *credentials(const json_t *body)
{
	if (*jsonx_str(body, "identitytoken", ""))
		return json_pack("{s:O}", "identityToken", json_object_get(body, "identitytoken"));
	return json_pack("{s:s, s:s}", "username", jsonx_str(body, "username", ""), "password",
			 jsonx_str(body, "password", ""));
}

static int post_auth(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	json_t *body = http_body_json(req, err), *address;
	AUTO_FREE char *host = NULL, *identity = NULL;
	AUTO_JSON json_t *auth = NULL;
	struct ctrd_registry *r;
	int rc;

	if (!body || jsonx_want(body, "", "serveraddress", JSON_STRING, &address, err))
		return -1;
	host = host_of(address ? json_string_value(address) : "");
	auth = credentials(body);
	r = dockerd_registry(daemon, url_of(host), NULL, auth, err);
	if (!r)
		return -1;
	rc = ctrd_registry_login(r, &identity, err);
	ctrd_registry_free(r);
	if (rc)
		return err_wrap(err, "login attempt to %s failed", host);
	http_reply_json(rep, 200, json_pack("{s:s, s:s}", "IdentityToken", identity ? identity : "",
					    "Status", "Login Succeeded"));
	return 0;
}

/* --- distribution ----------------------------------------------------------------------------- */

static json_t *platform(const json_t *from)
{
	json_t *out = json_pack("{s:s, s:s}", "architecture", jsonx_str(from, "architecture", ""), "os",
				jsonx_str(from, "os", ""));

	if (*jsonx_str(from, "variant", ""))
		json_object_set(out, "variant", json_object_get(from, "variant"));
	return out;
}

struct collecting {
	struct strbuf text;
};

static int collect_begin(void *arg, uint64_t start, struct err *err)
{
	(void)arg;
	return start ? err_set(err, ERR_CORRUPT, "the registry sent a part only") : 0;
}

static int collect(void *arg, const void *buf, size_t n, struct err *err)
{
	struct collecting *c = arg;

	if (c->text.len + n > MANIFEST_LIMIT)
		return err_set(err, ERR_INVALID, "a config of more than %u bytes", MANIFEST_LIMIT);
	strbuf_add(&c->text, buf, n);
	return 0;
}

/* Of a manifest: its config says what it is for. */
static int add_config(struct ctrd_registry *r, const json_t *manifest, json_t *platforms,
		      struct err *err)
{
	struct collecting c = { STRBUF_INIT };
	struct ctrd_fetch_sink sink = { .begin = collect_begin, .write = collect, .arg = &c };
	AUTO_JSON json_t *config = NULL;
	const char *digest = jsonx_str(json_object_get(manifest, "config"), "digest", "");

	if (digest_valid(digest) && !ctrd_fetch_blob(r, digest, 0, &sink, err) && c.text.data)
		config = jsonx_parse(c.text.data, c.text.len, "the image's config", err);
	strbuf_free(&c.text);
	if (!config)
		return -1;
	json_array_append_new(platforms, platform(config));
	return 0;
}

static json_t *describe(struct ctrd_registry *r, const struct ctrd_manifest *m, struct err *err)
{
	AUTO_JSON json_t *doc = jsonx_parse(m->body, m->size, "the manifest", err);
	AUTO_JSON json_t *platforms = json_array();
	json_t *child;
	size_t i;

	if (!doc)
		return NULL;
	json_array_foreach(json_object_get(doc, "manifests"), i, child)
		json_array_append_new(platforms, platform(json_object_get(child, "platform")));
	if (json_object_get(doc, "config") && add_config(r, doc, platforms, err))
		return NULL;
	return json_pack("{s:{s:s, s:s, s:I}, s:O}", "Descriptor", "mediaType", m->media_type,
			 "digest", m->digest, "size", (json_int_t)m->size, "Platforms", platforms);
}

static json_t *look_up(struct daemon *d, const struct reference *ref, const json_t *auth,
		       struct err *err)
{
	AUTO_JSON json_t *mirrors = dockerd_mirrors(d);
	const char *first = json_string_value(json_array_get(mirrors, 0));
	bool mirror = first && !strcmp(ref->domain, "docker.io");
	struct ctrd_registry *r = dockerd_registry(d, mirror ? first : url_of(ref->domain),
						   ref->path, mirror ? NULL : auth, err);
	struct ctrd_manifest m = { 0 };
	json_t *doc = NULL;

	if (r && !ctrd_fetch_manifest(r, *ref->digest ? ref->digest : ref->tag, &m, err)) {
		doc = describe(r, &m, err);
		ctrd_manifest_free(&m);
	}
	ctrd_registry_free(r);
	return doc;
}

static int get_distribution(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err)
{
	AUTO_JSON json_t *auth = NULL;
	struct reference ref;
	json_t *doc;

	if (reference_parse(http_param(req, "name"), &ref, err) ||
	    dockerd_auth_parse(http_header(req, "X-Registry-Auth"), &auth, err))
		return -1;
	doc = look_up(daemon, &ref, auth, err);
	if (!doc)
		return -1;
	http_reply_json(rep, 200, doc);
	return 0;
}

const struct http_route dockerd_registry_routes[] = {
	{ "POST", "/auth", post_auth },
	{ "GET", "/distribution/{name...}/json", get_distribution },
	{ NULL },
};
