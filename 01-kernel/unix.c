/*
 * unix.c - unix sockets (unix(7)): the second half of tty.h.
 *
 * A descriptor travels over a unix socket as ancillary data (SCM_RIGHTS): the
 * receiver gets a new number for the same open file, as dup(2) would give. In a
 * stream at least one byte of ordinary data must go with it. So runc hands a
 * container's terminal to the shim without either naming a device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "path.h"
#include "tty.h"

union one_fd {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int send_fd(int sock, int fd, const void *bytes, size_t n, struct err *err)
{
	union one_fd control = { .buf = { 0 } };
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = n };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof control.buf,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return err_sys(err, "send a descriptor");
	return 0;
}

int kern_fd_send_bytes(int sock, int fd, const void *bytes, size_t n, struct err *err)
{
	if (!n)
		return err_set(err, ERR_INVALID, "a descriptor needs a byte of text beside it");
	return send_fd(sock, fd, bytes, n, err);
}

int kern_fd_send_alone(int sock, int fd, struct err *err)
{
	return send_fd(sock, fd, "", 0, err);
}

int kern_fd_send(int sock, int fd, const char *text, struct err *err)
{
	return kern_fd_send_bytes(sock, fd, text, strlen(text), err);
}

/* The one descriptor in msg, or -1; any more that a rude peer sent are closed. */
static int take_fd(struct msghdr *msg)
{
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = 0;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (kept < 0)
				kept = fd;
			else
				close(fd);
		}
	}
	return kept;
}

ssize_t kern_fd_recv_bytes(int sock, void *bytes, size_t size, int *fd, struct err *err)
{
	union one_fd control;
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof control.buf,
	};
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = n < 0 ? -1 : take_fd(&msg);
	return n < 0 ? err_sys(err, "receive a descriptor") : n;
}

int kern_fd_recv(int sock, char *text, size_t size, struct err *err)
{
	int fd;
	ssize_t n = kern_fd_recv_bytes(sock, text, size - 1, &fd, err);

	if (n < 0)
		return -1;
	text[n] = '\0';
	if (fd < 0)
		return err_set(err, ERR_UNAVAILABLE, n ? "no descriptor came with the message"
						       : "the sender of a descriptor went away");
	return fd;
}

/* Fill *addr with a name for path. One that does not fit into sun_path (108
 * bytes) is reached through *dir, a descriptor of its directory, which must
 * stay open until bind or connect is done. */
static int unix_address(const char *path, struct sockaddr_un *addr, int *dir, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *above = NULL;
	char proc[KERN_PATH_PROC_SIZE];

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) < sizeof addr->sun_path) {
		memcpy(addr->sun_path, path, strlen(path));
		return 0;
	}
	if (!slash || strlen(slash) > sizeof addr->sun_path - KERN_PATH_PROC_SIZE)
		return err_set(err, ERR_INVALID, "%s: the socket's name is too long", path);
	above = xstrndup(path, (size_t)(slash - path));
	*dir = open(*above ? above : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return err_sys(err, "open %s", above);
	snprintf(addr->sun_path, sizeof addr->sun_path, "%s%s", kern_path_proc(*dir, proc), slash);
	return 0;
}

/* A socket file outlives the process that listened on it. Remove one where
 * nobody answers; leave one alone where somebody does. */
static int clear_stale(const struct sockaddr_un *addr, const char *path, struct err *err)
{
	AUTO_CLOSE int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : err_sys(err, "stat %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_EXISTS, "%s exists and is no socket", path);
	if (probe < 0)
		return err_sys(err, "socket");
	if (!connect(probe, (const struct sockaddr *)addr, sizeof *addr) || errno == EAGAIN)
		return err_set(err, ERR_CONFLICT, "another process listens on %s", path);
	if (errno == ECONNREFUSED && unlink(addr->sun_path) && errno != ENOENT)
		return err_sys(err, "remove the stale socket %s", path);
	return 0;
}

int kern_unix_listen(const char *path, unsigned mode, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un addr;

	if (fd < 0)
		return err_sys(err, "socket");
	if (unix_address(path, &addr, &dir, err) || clear_stale(&addr, path, err))
		return -1;
	/* On Linux bind gives the new file the socket inode's own mode, less the
	 * umask: set before bind there is no moment with another one. */
	if (fchmod(fd, mode) || bind(fd, (struct sockaddr *)&addr, sizeof addr))
		return err_sys(err, "bind %s", path);
	if (chmod(addr.sun_path, mode) || listen(fd, SOMAXCONN)) {
		err_sys(err, "listen on %s", path);
		unlink(addr.sun_path);
		return -1;
	}
	return steal_fd(&fd);
}

int kern_unix_connect(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un addr;
	socklen_t len = sizeof addr;

	if (fd < 0)
		return err_sys(err, "socket");
	if (unix_address(path, &addr, &dir, err))
		return -1;
	if (*path == '@' && dir < 0) {
		/* An abstract name: no file, and all of its bytes count, to the last NUL. */
		addr.sun_path[0] = '\0';
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	if (!connect(fd, (struct sockaddr *)&addr, len))
		return steal_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_set(err, ERR_UNAVAILABLE, "connect to %s: %s", path,
			       errno == ENOENT ? "there is no such socket"
					       : "nobody listens there");
	return err_sys(err, "connect to %s", path);
}

void kern_accept_rest(int errnum)
{
	const struct timespec moment = { .tv_nsec = 50000000 };

	if (errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM)
		nanosleep(&moment, NULL);
}
