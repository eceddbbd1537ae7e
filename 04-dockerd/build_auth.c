/*
 * build_auth.c - see build.h: the secrets that log a build in where its sources are, by BuildKit's names.
 *
 *     GIT_AUTH_HEADER.host[:port]  GIT_AUTH_TOKEN.host[:port]   and without the host, for all repositories
 *     HTTP_AUTH_HEADER_host        HTTP_AUTH_TOKEN_host         for what is downloaded
 *
 * A header is all of Authorization's value, a token a part of it. Whoever sends it sees to it that a redirect does not
 * carry it to another host.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "build.h"

/* New, or NULL: also where it could be more than one line of a header. */
static char *secret(const struct build *b, const char *name)
{
	const char *text = jsonx_str(b->o.secrets, name, NULL);
	size_t n;
	AUTO_FREE char *value = text ? base64_decode(text, strlen(text), &n) : NULL;

	return value && n && strlen(value) == n && !strpbrk(value, "\r\n") ? steal_ptr(&value) : NULL;
}

/* "host:port" of an URL; NULL: it has none. New. */
static char *host_of(const char *url)
{
	const char *begin = strstr(url, "://"), *at;
	AUTO_FREE char *host = begin ? xstrndup(begin + 3, strcspn(begin + 3, "/?#")) : NULL;

	at = host ? strrchr(host, '@') : NULL;
	return at ? xstrdup(at + 1) : steal_ptr(&host);
}

static char *git_login(const char *token)
{
	AUTO_FREE char *login = xasprintf("x-access-token:%s", token);
	AUTO_FREE char *encoded = base64_encode(login, strlen(login));

	return xasprintf("Authorization: basic %s", encoded);
}

char *build_auth_git(const struct build *b, const char *url)
{
	AUTO_FREE char *host = host_of(url);

	for (int general = 0; host && general < 2; general++) {
		AUTO_FREE char *suffix = general ? xstrdup("") : xasprintf(".%s", host);
		AUTO_FREE char *header_name = xasprintf("GIT_AUTH_HEADER%s", suffix);
		AUTO_FREE char *token_name = xasprintf("GIT_AUTH_TOKEN%s", suffix);
		AUTO_FREE char *header = secret(b, header_name), *token = secret(b, token_name);

		if (header)
			return xasprintf("Authorization: %s", header);
		if (token)
			return git_login(token);
	}
	return NULL;
}

/* "[::1]:80" is "::1" here, as in Go. */
static char *without_port(const char *host)
{
	return *host == '[' ? xstrndup(host + 1, strcspn(host + 1, "]")) : xstrndup(host, strcspn(host, ":"));
}

char *build_auth_http(const struct build *b, const char *url)
{
	AUTO_FREE char *host = host_of(url), *name = host ? without_port(host) : NULL;
	AUTO_FREE char *token_name = name ? xasprintf("HTTP_AUTH_TOKEN_%s", name) : NULL;
	AUTO_FREE char *header_name = name ? xasprintf("HTTP_AUTH_HEADER_%s", name) : NULL;
	AUTO_FREE char *token = name ? secret(b, token_name) : NULL, *header = name ? secret(b, header_name) : NULL;

	return token ? xasprintf("Authorization: Bearer %s", token)
	       : header ? xasprintf("Authorization: %s", header) : NULL;
}
