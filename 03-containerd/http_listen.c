/*
 * http_listen.c - where a server listens: a unix socket, a TCP address.
 */
#include "http_private.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/tty.h"

struct http_server *http_serve_unix(const char *path, unsigned mode, const struct http_options *o,
				    struct err *err)
{
	struct err probe;
	struct http_server *s;
	int fd = kern_unix_connect(path, &probe);

	if (fd >= 0) {
		close(fd);
		err_set(err, ERR_CONFLICT, "%s: another server is listening there", path);
		return NULL;
	}
	if (probe.errnum == ECONNREFUSED)
		unlink(path); /* the socket of a server that died */
	fd = kern_unix_listen(path, mode, err);
	if (fd < 0)
		return NULL;
	s = http_serve_fd(fd, o, err);
	if (s)
		s->unix_path = xstrdup(path);
	else
		unlink(path);
	return s;
}

/* Split "host:port", "[v6]:port", ":port". */
static int split_addr(const char *addr, char **host, const char **port, struct err *err)
{
	const char *colon = strrchr(addr, ':');
	size_t n = colon ? (size_t)(colon - addr) : 0;

	if (!colon || !colon[1])
		return err_set(err, ERR_INVALID, "address %s: expected host:port", addr);
	*port = colon + 1;
	if (n >= 2 && addr[0] == '[' && addr[n - 1] == ']')
		*host = xstrndup(addr + 1, n - 2);
	else
		*host = n ? xstrndup(addr, n) : NULL;
	return 0;
}

static int listen_on(const struct addrinfo *ai)
{
	AUTO_CLOSE int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, zero = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6) /* ":5000" means both families */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, SOMAXCONN))
		return -1;
	return steal_fd(&fd);
}

struct http_server *http_serve_tcp(const char *addr, const struct http_options *o, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM }, *list = NULL;
	AUTO_FREE char *host = NULL;
	const char *port = NULL;
	int fd = -1, rc;

	if (split_addr(addr, &host, &port, err))
		return NULL;
	hints.ai_family = host ? AF_UNSPEC : AF_INET6;
	rc = getaddrinfo(host, port, &hints, &list);
	for (const struct addrinfo *ai = rc ? NULL : list; ai && fd < 0; ai = ai->ai_next)
		fd = listen_on(ai);
	if (fd < 0 && !host) { /* a kernel without IPv6 */
		struct sockaddr_in any = { .sin_family = AF_INET,
					   .sin_port = htons((uint16_t)atoi(port)) };
		struct addrinfo v4 = { .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&any,
				       .ai_addrlen = sizeof(any) };

		fd = listen_on(&v4);
		rc = 0;
	}
	if (rc)
		err_set(err, ERR_INVALID, "address %s: %s", addr, gai_strerror(rc));
	else if (fd < 0)
		err_sys(err, "listen on %s", addr);
	if (list)
		freeaddrinfo(list);
	return fd < 0 ? NULL : http_serve_fd(fd, o, err);
}
