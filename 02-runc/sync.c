/*
 * sync.c - see sync.h.
 */
#include "sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct packet {
	enum runc_word word;
	struct err err; /* only in a WORD_ERROR, and only as much as its text fills */
};

int runc_sync_pair(int *runtime_end, int *init_end, struct err *err)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return err_sys(err, "make a socket pair");
	*runtime_end = fd[0];
	*init_end = fd[1];
	return 0;
}

int runc_sync_say(int fd, enum runc_word word, struct err *err)
{
	if (send(fd, &word, sizeof word, MSG_NOSIGNAL) < 0)
		return err_sys(err, "tell the other side of the container's init");
	return 0;
}

void runc_sync_fail(int fd, const struct err *failure)
{
	struct packet p = { .word = WORD_ERROR, .err = *failure };
	size_t len = offsetof(struct packet, err.msg) + strlen(failure->msg) + 1;

	(void)!send(fd, &p, len, MSG_NOSIGNAL);
}

/* Init has been at the container's mercy by then: its packet may be anything. */
static int take_error(const struct err *sent, struct err *err)
{
	*err = *sent;
	err->msg[sizeof err->msg - 1] = '\0';
	if (err->kind <= ERR_NONE || err->kind >= ERR_KINDS)
		err->kind = ERR_SYSTEM;
	if (!*err->msg)
		return err_set(err, err->kind, "the container's init failed and did not say why");
	return -1;
}

int runc_sync_hear(int fd, enum runc_word *word, struct err *err)
{
	struct packet p = { .word = WORD_END };
	ssize_t n;

	do
		n = recv(fd, &p, sizeof p, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET) /* reset: init died with our word unread */
		return err_sys(err, "listen to the container's init");
	*word = n < (ssize_t)sizeof p.word ? WORD_END : p.word;
	if (*word >= WORDS)
		return err_set(err, ERR_CORRUPT, "the container's init said what is no word");
	return *word == WORD_ERROR ? take_error(&p.err, err) : 0;
}
