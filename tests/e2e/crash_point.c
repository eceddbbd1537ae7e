/*
 * crash_point.c - LD_PRELOAD: the process dies, as if by a power cut, right before the call that makes
 * its N-th change to the world: to a directory, to what is on disk, or to whom it sends something.
 *
 * CRASH_POINT names a file. Nothing is counted while there is none; its text is N.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

static void point(const char *call, const char *on)
{
	const char *path = getenv("CRASH_POINT");
	FILE *f = path ? fopen(path, "re") : NULL;
	long at = 0;

	if (!f)
		return;
	if (fscanf(f, "%ld", &at) == 1 && ++calls == at) {
		dprintf(2, "crash point %ld: before %s %s\n", at, call, on);
		kill(getpid(), SIGKILL);
	}
	fclose(f);
}

/* The C library's own function of that name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define CHANGE(name, on, arguments, ...)         \
	int name arguments                       \
	{                                        \
		point(#name, on);                \
		return REAL(name)(__VA_ARGS__);  \
	}

CHANGE(rename, to, (const char *from, const char *to), from, to)
CHANGE(renameat, to, (int a, const char *from, int b, const char *to), a, from, b, to)
CHANGE(renameat2, to, (int a, const char *from, int b, const char *to, unsigned flags), a, from, b, to, flags)
CHANGE(mkdir, path, (const char *path, mode_t mode), path, mode)
CHANGE(mkdirat, path, (int dir, const char *path, mode_t mode), dir, path, mode)
CHANGE(unlink, path, (const char *path), path)
CHANGE(unlinkat, path, (int dir, const char *path, int flags), dir, path, flags)
CHANGE(rmdir, path, (const char *path), path)
CHANGE(fsync, "", (int fd), fd)
CHANGE(fdatasync, "", (int fd), fd)

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	point("send", "");
	return REAL(send)(fd, data, n, flags);
}

ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	point("sendto", "");
	return REAL(sendto)(fd, data, n, flags, to, len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	point("sendmsg", "");
	return REAL(sendmsg)(fd, message, flags);
}
