/*
 * load_http.c - as much of HTTP/1.1 as a client of a registry needs: replies with a Content-Length.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int load_connect(const char *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa))
		load_fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

void load_send(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent < 0)
			load_fail("send");
		p += sent;
		n -= (size_t)sent;
	}
}

/* The value begins behind the colon and the blank; its end is cut off in place, once. */
const char *load_header(struct load_reply *r, const char *name)
{
	size_t n = strlen(name);

	for (char *line = r->head; (line = strchr(line, '\n')); ) {
		line++;
		if (strncasecmp(line, name, n) || line[n] != ':')
			continue;
		line += n + 1 + strspn(line + n + 1, " ");
		line[strcspn(line, "\r\n")] = '\0';
		return line;
	}
	return "";
}

static void read_head(struct load_reply *r)
{
	char *end = strstr(r->head, "\r\n\r\n"), *length;

	if (!end)
		return;
	r->status = atoi(r->head + sizeof "HTTP/1.1");
	length = strcasestr(r->head, "\r\nContent-Length:");
	r->left = length && length < end ? strtoull(length + 17, NULL, 10) : 0;
	r->early = r->n - (size_t)(end + 4 - r->head);
	if (r->early > r->left)
		load_fail("a reply that is longer than it says");
	r->left -= r->early;
}

static void must_have_come(ssize_t n)
{
	if (n > 0)
		return;
	if (!n)
		errno = 0;
	load_fail("the server hung up");
}

bool load_receive(int fd, struct load_reply *r)
{
	ssize_t n;

	if (!r->status) {
		n = recv(fd, r->head + r->n, LOAD_HEAD - 1 - r->n, 0);
		must_have_come(n);
		r->n += (size_t)n;
		r->head[r->n] = '\0';
		read_head(r);
	} else {
		n = recv(fd, NULL, r->left, MSG_TRUNC);
		must_have_come(n);
		r->left -= (size_t)n;
	}
	return r->status && !r->left;
}
