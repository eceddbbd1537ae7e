/*
 * sync.c - what a hostile init could say to the runtime: words over the pair of sync.h,
 * and, in place of a terminal, anything over the console's socket.
 *
 * The input: packets, each a byte of length / 16, a byte of descriptors to send along
 * with it on the console's socket, and its bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/tty.h"
#include "02-runc/sync.h"
#include "fuzz.h"

#define MAX_PACKETS 8
#define MAX_FDS 32

/* The next packet of the input; NULL at its end. */
static const uint8_t *next(const uint8_t **data, size_t *size, size_t *n, size_t *fds)
{
	const uint8_t *packet = *data + 2;

	if (*size < 2)
		return NULL;
	*n = (size_t)(*data)[0] * 16;
	*fds = (*data)[1] % MAX_FDS;
	*n = *n < *size - 2 ? *n : *size - 2;
	*data += 2 + *n;
	*size -= 2 + *n;
	return packet;
}

static void send_with_fds(int sock, const uint8_t *bytes, size_t n, size_t fds)
{
	union {
		char buf[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct iovec iov = { (void *)bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		*c = (struct cmsghdr){ CMSG_LEN(fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		for (size_t i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof sock, &sock, sizeof sock);
	}
	sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One descriptor at most comes of it, and no other stays open. */
static void console(const uint8_t *bytes, size_t n, size_t fds)
{
	char name[64];
	struct err err = { .msg = "" };
	int pair[2], fd, free_before, free_after;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	send_with_fds(pair[1], bytes, n, fds);
	close(pair[1]);
	free_before = dup(pair[0]);
	close(free_before);
	fd = kern_fd_recv(pair[0], name, sizeof name, &err);
	MUST(fd >= 0 ? strlen(name) < sizeof name : *err.msg);
	if (fd >= 0)
		close(fd);
	free_after = dup(pair[0]);
	MUST(free_after == free_before);
	close(free_after);
	close(pair[0]);
}

static void hear_all(int fd)
{
	for (;;) {
		struct err err = { .msg = "" };
		enum runc_word word = WORD_END;

		if (runc_sync_hear(fd, &word, &err)) {
			MUST(err.kind > ERR_NONE && err.kind < ERR_KINDS && *err.msg);
			MUST(memchr(err.msg, '\0', sizeof err.msg));
			err_wrap(&err, "unable to start container process");
			MUST(err_kind_name(err.kind));
			return;
		}
		if (word == WORD_END)
			return;
		MUST(word > WORD_END && word < WORDS && word != WORD_ERROR);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *packet;
	int ours, theirs;
	size_t n, fds;
	struct err err;

	MUST(!runc_sync_pair(&ours, &theirs, &err));
	for (int i = 0; i < MAX_PACKETS && (packet = next(&data, &size, &n, &fds)); i++) {
		send(theirs, packet, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		console(packet, n, fds);
	}
	close(theirs);
	hear_all(ours);
	close(ours);
	return 0;
}
