/*
 * shim_log_gzip.c - rotated files become gzip's: log.1 becomes log.1.gz.
 *
 * A child does it, so that the container's output never waits for it and the shim stays as small
 * as it is. With the descriptor the child inherits the lock on the file, which keeps the next
 * rotation waiting until it has ended, however it ends: a file that it has not finished stays as it was.
 */
#include "shim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"

#define BLOCK 65536
#define INHERITED 3 /* where the child has the file */

bool shim_log_gzip_busy(const struct shim_log *l)
{
	AUTO_FREE char *path = xasprintf("%s.1", l->path);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

static int deflate_all(int from, int to)
{
	gzFile gz = gzdopen(to, "wb"); /* takes `to` over */
	static char buf[BLOCK];
	off_t at = 0;
	ssize_t n = 0;
	bool failed = !gz;

	while (!failed && (n = pread(from, buf, sizeof buf, at)) > 0) {
		failed = gzwrite(gz, buf, (unsigned)n) != (int)n;
		at += n;
	}
	return (gz && gzclose(gz) != Z_OK) || failed || n < 0 ? -1 : 0;
}

/* Its time stays the one of the last line: so a reader of the log knows it again. */
static int compress_file(int fd, const char *path, const char *temporary)
{
	AUTO_FREE char *done = xasprintf("%s.gz", path);
	AUTO_CLOSE int out = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	int copy = out < 0 ? -1 : fcntl(out, F_DUPFD_CLOEXEC, INHERITED + 1);
	struct stat st;

	if (copy < 0 || deflate_all(fd, copy) || fstat(fd, &st) ||
	    futimens(out, (struct timespec[2]){ st.st_atim, st.st_mtim }) || fsync(out) ||
	    rename(temporary, done))
		return -1;
	return unlink(path);
}

static int child(const char *path)
{
	AUTO_FREE char *temporary = xasprintf("%s.gz.tmp", path);

	closefrom(INHERITED + 1); /* the container's pipes, the clients' connections */
	setpriority(PRIO_PROCESS, 0, 10);
	if (!compress_file(INHERITED, path, temporary))
		return 0;
	log_warn("compress %s: %s", path, strerror(errno)); /* it can be read as it is */
	unlink(temporary);
	return 1;
}

void shim_log_gzip(const struct shim_log *l, int fd)
{
	AUTO_FREE char *path = xasprintf("%s.1", l->path);
	pid_t pid = fork();

	if (!pid)
		_exit((fd == INHERITED ? fd : dup2(fd, INHERITED)) < 0 ? 1 : child(path));
	if (pid < 0)
		log_warn("compress %s: fork: %s", path, strerror(errno));
}
