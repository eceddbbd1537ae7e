/*
 * auth.c - proving who one is to a registry.
 *
 *   GET /v2/…            ─▶  401, WWW-Authenticate: Bearer realm="https://auth…/token",service="…"
 *   GET https://auth…/token?service=…&scope=repository:library/nginx:pull   (Basic, if we have a name)
 *                        ─▶  {"token":"…"}
 *   GET /v2/…  Authorization: Bearer …
 *
 * (Distribution project, "Token Authentication Specification"; the challenge's
 * grammar is RFC 9110, 11.6.1.) A registry that wants Basic gets it directly.
 */
#include "fetch_private.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "client.h"

#define TOKEN_LIMIT (256u << 10)

/* One parameter, `name=token` or `name="quoted"`; *p is moved behind it. */
static bool next_param(const char **p, const char **name, size_t *name_len, struct strbuf *value)
{
	const char *s = *p + strspn(*p, " \t,");

	strbuf_clear(value);
	*name = s;
	*name_len = strcspn(s, "= \t,");
	s += *name_len;
	if (*s != '=')
		return false;
	if (*++s != '"') {
		strbuf_add(value, s, strcspn(s, " \t,"));
		*p = s + value->len;
		return true;
	}
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1])
			s++;
		strbuf_addc(value, *s);
	}
	*p = s + (*s == '"');
	return true;
}

char *ctrd_auth_param(const char *challenge, const char *name)
{
	AUTO_STRBUF struct strbuf value = STRBUF_INIT;
	const char *p = challenge + strcspn(challenge, " "), *found;
	size_t n;

	while (next_param(&p, &found, &n, &value))
		if (n == strlen(name) && !strncasecmp(found, name, n))
			return strbuf_steal(&value);
	return NULL;
}

static char *basic(const struct ctrd_registry *r)
{
	AUTO_FREE char *pair = xasprintf("%s:%s", r->username, r->password ? r->password : "");
	size_t n = strlen(pair);
	AUTO_FREE char *coded = xmalloc(n * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)pair, (int)n);
	return xasprintf("Basic %s", coded);
}

static const char *find_scheme(const struct strlist *challenges, const char *scheme)
{
	for (size_t i = 0; i < challenges->n; i++)
		if (!strncasecmp(challenges->v[i], scheme, strlen(scheme)) &&
		    challenges->v[i][strlen(scheme)] == ' ')
			return challenges->v[i];
	return NULL;
}

/* libcurl's own way of adding to a query writes "%3a"; RFC 3986 (2.1) asks for "%3A". */
static int add_query(char *url, const char *name, const char *value, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(value);
	size_t len = strlen(url);
	int n = snprintf(url + len, URL_SIZE - len, "%c%s=%s", strchr(url, '?') ? '&' : '?', name,
			 escaped);

	return (size_t)n < URL_SIZE - len ? 0 : err_set(err, ERR_INVALID, "token URL too long");
}

static int token_url(struct ctrd_registry *r, const char *challenge, char *url, struct err *err)
{
	AUTO_FREE char *realm = ctrd_auth_param(challenge, "realm");
	AUTO_FREE char *service = ctrd_auth_param(challenge, "service");
	AUTO_FREE char *scope = xasprintf("repository:%s:%s", r->repository, r->actions);

	if (!realm || strlen(realm) >= URL_SIZE)
		return err_set(err, ERR_UNAUTHORIZED, "the registry's challenge names no token service");
	strcpy(url, realm);
	if (registry_check_url(r, url, err))
		return err_wrap(err, "token service");
	if (service && add_query(url, "service", service, err))
		return -1;
	if (r->username && add_query(url, "account", r->username, err))
		return -1;
	return add_query(url, "scope", scope, err);
}

static char *parse_token(const struct strbuf *body, struct err *err)
{
	AUTO_JSON json_t *doc = jsonx_parse(body->data ? body->data : "", body->len,
					    "token service's answer", err);
	const char *token = jsonx_str(doc, "token", jsonx_str(doc, "access_token", ""));

	if (!doc)
		return NULL;
	if (*token && !strpbrk(token, "\r\n"))
		return xasprintf("Bearer %s", token);
	err_set(err, ERR_UNAUTHORIZED, "the token service sent no token");
	return NULL;
}

static char *bearer(struct ctrd_registry *r, const char *challenge, struct err *err)
{
	AUTO_FREE char *credentials = r->username ? basic(r) : NULL;
	struct exchange x;
	char *answer = NULL;

	exchange_init(&x, "GET");
	x.limit = TOKEN_LIMIT;
	if (!token_url(r, challenge, x.url, err) && !exchange_once(r, &x, credentials, err)) {
		if (x.status == 200)
			answer = parse_token(&x.body, err);
		else if (x.status == 401 || x.status == 403)
			err_set(err, ERR_UNAUTHORIZED, "unauthorized: %s (says the token service)",
				r->username ? "incorrect username or password"
					    : "authentication required");
		else
			err_set(err, ERR_UNAVAILABLE, "the token service answered %ld", x.status);
	}
	exchange_free(&x);
	return answer;
}

char *ctrd_auth_answer(struct ctrd_registry *r, const struct strlist *challenges, struct err *err)
{
	const char *challenge = find_scheme(challenges, "Bearer");

	if (challenge)
		return bearer(r, challenge, err);
	if (!find_scheme(challenges, "Basic")) {
		err_set(err, ERR_UNAUTHORIZED, "authentication of an unknown kind is required");
		return NULL;
	}
	if (r->username)
		return basic(r);
	err_set(err, ERR_UNAUTHORIZED, "unauthorized: authentication required");
	return NULL;
}
