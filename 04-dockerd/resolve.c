/*
 * resolve.c - see resolve.h.
 */
#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "01-kernel/base/strbuf.h"

char *dockerd_resolve(const char *host, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *best;
	char text[INET6_ADDRSTRLEN];
	int rc = getaddrinfo(host, NULL, &hints, &list);

	if (rc) {
		err_set(err, ERR_SYSTEM, "lookup %s: %s", host,
			rc == EAI_NONAME ? "no such host" : gai_strerror(rc));
		return NULL;
	}
	for (best = list; best->ai_next && best->ai_family != AF_INET; best = best->ai_next)
		;
	if (best->ai_family != AF_INET)
		best = list;
	rc = getnameinfo(best->ai_addr, best->ai_addrlen, text, sizeof text, NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(list);
	if (!rc)
		return xstrdup(text);
	err_set(err, ERR_SYSTEM, "lookup %s: %s", host, gai_strerror(rc));
	return NULL;
}
