/*
 * load_serve.c - the floor: as much of a server as a registry cannot do without, and nothing else. No routes, no rights,
 * no log, no repositories; a thread for each connection, one sendfile(2) loop on the way out, and on the
 * way in one loop that receives, hashes and writes, and one fsync(2).
 *
 *     GET …/NAME                  DIR/NAME
 *     POST                        202, and where to PUT
 *     PUT …/NAME, …digest=NAME    DIR/NAME
 *
 * What is slower than a registry's goal here is slow in the kernel or the client.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define BLOCK (64u << 10)
#define AT_ONCE (256u << 10) /* of one sendfile */

static int directory;

struct served {
	int fd;
	char head[LOAD_HEAD]; /* of the request; and the first bytes of its body */
	size_t n;
	char *body;           /* in head */
	char block[BLOCK];
};

/* False: the client has gone. */
static bool read_head(struct served *s)
{
	s->n = 0;
	for (;;) {
		ssize_t n = recv(s->fd, s->head + s->n, LOAD_HEAD - 1 - s->n, 0);

		if (n <= 0)
			return false;
		s->n += (size_t)n;
		s->head[s->n] = '\0';
		s->body = strstr(s->head, "\r\n\r\n");
		if (!s->body)
			continue;
		s->body += 4;
		return true;
	}
}

static void answer(struct served *s, const char *status, const char *header, uint64_t length, int more)
{
	char head[LOAD_HEAD];
	int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %llu\r\n\r\n", status, header,
			 (unsigned long long)length);

	send(s->fd, head, (size_t)n, MSG_NOSIGNAL | more);
}

/* What the request's line names. */
static void name_of(const char *head, char name[256])
{
	const char *path = strchr(head, ' ') + 1, *end = strchr(path, ' '), *from = end;

	while (from[-1] != '/' && from[-1] != '=')
		from--;
	snprintf(name, 256, "%.*s", (int)(end - from), from);
}

static void get(struct served *s, const char *name)
{
	int file = openat(directory, *name ? name : ".", O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	off_t at = 0;

	if (file >= 0)
		fstat(file, &st);
	if (!S_ISREG(st.st_mode))
		st.st_size = 0;
	answer(s, file < 0 ? "404 Not Found" : "200 OK", "", (uint64_t)st.st_size, st.st_size ? MSG_MORE : 0);
	while (at < st.st_size && sendfile(s->fd, file, &at, AT_ONCE) > 0)
		;
	if (file >= 0)
		close(file);
}

static void put(struct served *s, const char *name)
{
	const char *length = strcasestr(s->head, "\r\nContent-Length:");
	uint64_t left = length ? strtoull(length + 17, NULL, 10) : 0;
	int file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t have = s->n - (size_t)(s->body - s->head);

	EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
	memcpy(s->block, s->body, have);
	while (left) {
		ssize_t n = 0;

		while (have < BLOCK && have < left && (n = recv(s->fd, s->block + have, BLOCK - have, 0)) > 0)
			have += (size_t)n;
		if (n < 0 || !have || write(file, s->block, have) != (ssize_t)have)
			load_fail("take a body");
		EVP_DigestUpdate(hash, s->block, have);
		left -= have;
		have = 0;
	}
	EVP_DigestFinal_ex(hash, sum, NULL);
	EVP_MD_CTX_free(hash);
	if (fsync(file))
		load_fail("fsync");
	close(file);
	answer(s, "201 Created", "", 0, 0);
}

static void *serve_one(void *arg)
{
	struct served *s = arg;
	char name[256];

	while (read_head(s)) {
		name_of(s->head, name);
		if (*s->head == 'G')
			get(s, name);
		else if (!strncmp(s->head, "PUT", 3))
			put(s, name);
		else
			answer(s, "202 Accepted", "Location: /v2/upload\r\n", 0, 0);
	}
	close(s->fd);
	free(s);
	return NULL;
}

int load_serve(const char *port, const char *path)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (directory < 0 || bind(listener, (struct sockaddr *)&sa, sizeof sa) || listen(listener, SOMAXCONN))
		load_fail("serve");
	for (;;) {
		struct served *s = malloc(sizeof *s);

		if (!s || (s->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
			load_fail("accept");
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (pthread_create(&thread, NULL, serve_one, s))
			load_fail("start a thread");
		pthread_detach(thread);
	}
}
