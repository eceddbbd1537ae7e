/*
 * sync.c - see sync.h.
 */
#include "sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/tty.h"

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

int runc_sync_say_filtered(int fd, enum runc_word word, struct err *err)
{
	if (write(fd, &word, sizeof word) != sizeof word)
		return err_sys(err, "tell the runtime (does the seccomp profile allow write?)");
	return 0;
}

/* The runtime that has gone away sends SIGPIPE, and there is nobody to tell. */
void runc_sync_fail(int fd, const struct err *failure)
{
	struct packet p = { .word = WORD_ERROR, .err = *failure };
	size_t len = offsetof(struct packet, err.msg) + strlen(failure->msg) + 1;

	(void)!write(fd, &p, len);
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

int runc_sync_give(int fd, enum runc_word word, int descriptor, struct err *err)
{
	return kern_fd_send_bytes(fd, descriptor, &word, sizeof word, err);
}

int runc_sync_take(int fd, enum runc_word *word, int *descriptor, struct err *err)
{
	struct packet p = { .word = WORD_END };
	ssize_t n = kern_fd_recv_bytes(fd, &p, sizeof p, descriptor, err);

	if (n < 0 && err->errnum != ECONNRESET) /* reset: init died with our word unread */
		return err_wrap(err, "listen to the container's init");
	*word = n < (ssize_t)sizeof p.word ? WORD_END : p.word;
	if (*word >= WORDS)
		return err_set(err, ERR_CORRUPT, "the container's init said what is no word");
	return *word == WORD_ERROR ? take_error(&p.err, err) : 0;
}

int runc_sync_hear(int fd, enum runc_word *word, struct err *err)
{
	AUTO_CLOSE int unexpected = -1;

	return runc_sync_take(fd, word, &unexpected, err);
}
