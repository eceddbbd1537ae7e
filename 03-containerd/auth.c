/*
 * auth.c - what a registry wants to know of us: the challenges of a 401 (their grammar is
 * RFC 9110, 11.6.1). One that wants Basic gets it directly; for Bearer see auth_token.c.
 */
#include "fetch_private.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

char *ctrd_auth_basic(const struct ctrd_registry *r)
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

char *ctrd_auth_answer(struct ctrd_registry *r, const struct strlist *challenges, struct err *err)
{
	const char *challenge = find_scheme(challenges, "Bearer");

	if (challenge)
		return ctrd_auth_bearer(r, challenge, err);
	if (!find_scheme(challenges, "Basic")) {
		err_set(err, ERR_UNAUTHORIZED, "authentication of an unknown kind is required");
		return NULL;
	}
	if (r->username)
		return ctrd_auth_basic(r);
	err_set(err, ERR_UNAUTHORIZED, "unauthorized: authentication required");
	return NULL;
}
