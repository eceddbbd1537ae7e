/*
 * auth_token.c - a token to show to a registry.
 *
 *   GET /v2/…            ─▶  401, WWW-Authenticate: Bearer realm="https://auth…/token",service="…"
 *   GET https://auth…/token?service=…&scope=repository:library/nginx:pull   (Basic, if we have a name)
 *                        ─▶  {"token":"…","expires_in":300}
 *   GET /v2/…  Authorization: Bearer …
 *
 * (Distribution project, "Token Authentication Specification".) A login asks for an identity
 * token too (offline_token=true), to be kept instead of the password. With that it is a POST
 * (the project's "OAuth2 Token Authentication"), and the answer may have another identity
 * token for the next time.
 *
 * A redirect of the token service is not followed: it was sent a password.
 */
#include "fetch_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "client.h"

#define TOKEN_LIMIT (256u << 10)
#define SECONDS_MIN 60 /* what a token without "expires_in" is good for (specification) */
#define CLIENT_ID "dockyard-containerd"

/* A form: in the query of a GET, or the body of a POST. libcurl's own way of adding to a query
 * writes "%3a"; RFC 3986 (2.1) asks for "%3A". */
static void add(struct strbuf *form, const char *name, const char *value)
{
	AUTO_FREE char *escaped = ctrd_escape(value);

	strbuf_addf(form, "%s%s=%s", form->len ? "&" : "", name, escaped);
}

static bool has_scope(const struct ctrd_registry *r, const char *scope)
{
	for (size_t i = 0; i < r->scopes.n; i++)
		if (!strcmp(r->scopes.v[i], scope))
			return true;
	return false;
}

/* Ours, and what else the registry asks for: a registry may name things its own way. `all`
 * is false when the other repositories, which blobs could be mounted from, were refused. */
static void list_scopes(const struct ctrd_registry *r, const char *challenge, bool all,
			struct strlist *out)
{
	AUTO_FREE char *asked = ctrd_auth_param(challenge, "scope");
	char *save = NULL;

	for (size_t i = 0; i < r->scopes.n && (all || !i); i++)
		strlist_add(out, r->scopes.v[i]);
	for (char *s = asked ? strtok_r(asked, " ", &save) : NULL; s; s = strtok_r(NULL, " ", &save))
		if (!has_scope(r, s) && !(r->scopes.n && str_starts(r->scopes.v[0], s)))
			strlist_add(out, s);
}

static void add_scopes(const struct strlist *scopes, bool each, struct strbuf *form)
{
	AUTO_STRBUF struct strbuf joined = STRBUF_INIT;

	for (size_t i = 0; i < scopes->n; i++) {
		if (each)
			add(form, "scope", scopes->v[i]);
		strbuf_addf(&joined, "%s%s", i ? " " : "", scopes->v[i]);
	}
	if (!each && joined.len)
		add(form, "scope", joined.data);
}

struct question {
	const char *realm, *service;
	struct strlist scopes;
	char *identity; /* a copy; NULL: with a password, or anonymous */
};

static int ask_with_identity(struct ctrd_registry *r, const struct question *q, struct exchange *x,
			     struct err *err)
{
	AUTO_STRBUF struct strbuf form = STRBUF_INIT;

	x->method = "POST";
	add(&form, "grant_type", "refresh_token");
	add(&form, "service", q->service);
	add(&form, "client_id", CLIENT_ID);
	if (r->offline)
		add(&form, "access_type", "offline");
	add_scopes(&q->scopes, false, &form);
	add(&form, "refresh_token", q->identity);
	strlist_add(&x->headers, "Content-Type: application/x-www-form-urlencoded");
	x->upload_buf = form.data;
	x->upload_size = form.len;
	return exchange_patiently(r, x, NULL, err);
}

static int ask_with_password(struct ctrd_registry *r, const struct question *q, struct exchange *x,
			     struct err *err)
{
	AUTO_FREE char *credentials = r->username ? ctrd_auth_basic(r) : NULL;
	AUTO_STRBUF struct strbuf form = STRBUF_INIT;
	size_t n = strlen(x->url);

	if (*q->service)
		add(&form, "service", q->service);
	if (r->username)
		add(&form, "account", r->username);
	if (r->offline) {
		add(&form, "offline_token", "true");
		add(&form, "client_id", CLIENT_ID);
	}
	add_scopes(&q->scopes, true, &form);
	if ((size_t)snprintf(x->url + n, URL_SIZE - n, "%c%s", strchr(x->url, '?') ? '&' : '?',
			     form.data) >= URL_SIZE - n)
		return err_set(err, ERR_INVALID, "token URL too long");
	return exchange_patiently(r, x, credentials, err);
}

/* What is in it, and for how long it is good. */
static char *take_token(struct ctrd_registry *r, const struct strbuf *body, struct err *err)
{
	AUTO_JSON json_t *doc = jsonx_parse(body->data ? body->data : "", body->len,
					    "token service's answer", err);
	const char *token = jsonx_str(doc, "token", jsonx_str(doc, "access_token", ""));
	const char *identity = jsonx_str(doc, "refresh_token", "");
	json_int_t seconds = jsonx_int(doc, "expires_in", SECONDS_MIN);
	char *authorization;

	if (!doc)
		return NULL;
	if (!*token || strpbrk(token, "\r\n")) {
		err_set(err, ERR_UNAUTHORIZED, "the token service sent no token");
		return NULL;
	}
	pthread_mutex_lock(&r->lock);
	if (*identity && (r->identity || r->offline)) {
		free(r->identity);
		r->identity = xstrdup(identity);
	}
	pthread_mutex_unlock(&r->lock);
	authorization = xasprintf("Bearer %s", token);
	registries_keep_token(r->registries, r->token_key, authorization,
			      seconds > SECONDS_MIN ? seconds : SECONDS_MIN);
	return authorization;
}

static int refused(const struct ctrd_registry *r, const struct question *q, long status,
		   struct err *err)
{
	if (status == 401 || status == 403 || (status == 400 && q->identity))
		return err_set(err, ERR_UNAUTHORIZED, "unauthorized: %s (says the token service)",
			       q->identity   ? "the login is over, log in again"
			       : r->username ? "incorrect username or password"
					     : "authentication required");
	return err_set(err, ERR_UNAVAILABLE, "the token service answered %ld", status);
}

static char *ask(struct ctrd_registry *r, const struct question *q, struct err *err)
{
	struct exchange x;
	char *answer = NULL;

	exchange_init(&x, "GET");
	x.limit = TOKEN_LIMIT;
	strcpy(x.url, q->realm);
	if (q->identity ? ask_with_identity(r, q, &x, err) : ask_with_password(r, q, &x, err))
		err_wrap(err, "token service");
	else if (x.status == 200)
		answer = take_token(r, &x.body, err);
	else
		refused(r, q, x.status, err);
	exchange_free(&x);
	return answer;
}

static char *copy_identity(struct ctrd_registry *r)
{
	char *copy;

	pthread_mutex_lock(&r->lock);
	copy = xstrdup(r->identity);
	pthread_mutex_unlock(&r->lock);
	return copy;
}

char *ctrd_auth_bearer(struct ctrd_registry *r, const char *challenge, struct err *err)
{
	AUTO_FREE char *realm = ctrd_auth_param(challenge, "realm");
	AUTO_FREE char *service = ctrd_auth_param(challenge, "service");
	AUTO_FREE char *identity = copy_identity(r);
	struct question q = { realm, service ? service : "", STRLIST_INIT, identity };
	char *answer;

	if (!realm || strlen(realm) >= URL_SIZE) {
		err_set(err, ERR_UNAUTHORIZED, "the registry's challenge names no token service");
		return NULL;
	}
	if (registry_check_url(r, realm, err)) {
		err_wrap(err, "token service");
		return NULL;
	}
	list_scopes(r, challenge, true, &q.scopes);
	answer = ask(r, &q, err);
	strlist_free(&q.scopes);
	if (!answer && err->kind == ERR_UNAUTHORIZED && r->scopes.n > 1) {
		list_scopes(r, challenge, false, &q.scopes);
		answer = ask(r, &q, err);
		strlist_free(&q.scopes);
	}
	return answer;
}
