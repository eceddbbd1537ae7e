/*
 * fetch_url.c - whom a URL leads to, and whether to trust them: who may be spoken to
 * without TLS, and who may see what was meant for the registry.
 */
#include "fetch_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *url_part(const char *url, CURLUPart part, unsigned flags)
{
	CURLU *u = curl_url();
	char *out = NULL, *copy = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, part, &out, flags))
		copy = xstrdup(out);
	curl_free(out);
	curl_url_cleanup(u);
	return copy;
}

bool registry_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		AUTO_FREE char *pa = url_part(a, parts[i], CURLU_DEFAULT_PORT);
		AUTO_FREE char *pb = url_part(b, parts[i], CURLU_DEFAULT_PORT);

		if (!pa || !pb || strcasecmp(pa, pb))
			return false;
	}
	return true;
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;

	return !strcmp(host, "localhost") || !strcmp(host, "[::1]") ||
	       (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* The host without its port: "[::1]:5000" is "[::1]". The caller frees. */
static char *bare_host(const char *host)
{
	char *bare = xstrdup(host), *colon = strrchr(bare, ':');

	if (colon && strspn(colon + 1, "0123456789") == strlen(colon + 1))
		*colon = '\0';
	return bare;
}

bool url_is_loopback(const char *host)
{
	AUTO_FREE char *bare = bare_host(host);

	return is_loopback(bare);
}

/* An address in a network, "10.0.0.0/8"? Names are not looked up: who answers for a name
 * would decide then who is trusted. */
static bool in_network(const char *bare, const char *network)
{
	AUTO_FREE char *base = xstrdup(network);
	char *slash = strchr(base, '/');
	struct in_addr a, b;
	int bits;

	if (!slash)
		return false;
	*slash = '\0';
	bits = atoi(slash + 1);
	if (inet_pton(AF_INET, bare, &a) != 1 || inet_pton(AF_INET, base, &b) != 1 || bits > 32 ||
	    bits < 0)
		return false;
	return !bits || (ntohl(a.s_addr) ^ ntohl(b.s_addr)) >> (32 - bits) == 0;
}

/* `host` with or without its port. */
bool registry_insecure(const struct ctrd_registry *r, const char *host)
{
	AUTO_FREE char *bare = bare_host(host);

	if (is_loopback(bare))
		return true;
	for (size_t i = 0; i < r->insecure.n; i++)
		if (!strcasecmp(r->insecure.v[i], host) || !strcasecmp(r->insecure.v[i], bare) ||
		    in_network(bare, r->insecure.v[i]))
			return true;
	return false;
}

char *url_host(const char *url)
{
	AUTO_FREE char *host = url_part(url, CURLUPART_HOST, 0);
	AUTO_FREE char *port = url_part(url, CURLUPART_PORT, 0);

	return host ? xasprintf("%s%s%s", host, port ? ":" : "", port ? port : "") : NULL;
}

/* A registry whose identity was proven must not lead us to where nothing is, and least of
 * all to a service on this machine. */
static bool may_be_plain(const struct ctrd_registry *r, const char *host)
{
	bool proven = r->host && str_starts(r->base, "https:") && !registry_insecure(r, r->host);

	return !proven && registry_insecure(r, host);
}

int registry_check_url(const struct ctrd_registry *r, const char *url, struct err *err)
{
	AUTO_FREE char *scheme = url_part(url, CURLUPART_SCHEME, 0), *host = url_host(url);

	if (!scheme || !host)
		return err_set(err, ERR_INVALID, "malformed URL \"%.200s\"", url);
	if (!strcmp(scheme, "https") || (!strcmp(scheme, "http") && may_be_plain(r, host)))
		return 0;
	return err_set(err, ERR_PERMISSION,
		       "%s to %.200s is refused: only loopback addresses and insecure registries may "
		       "go without TLS", scheme, host);
}
