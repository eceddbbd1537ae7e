/*
 * shim_spill.c - output that a slow client has yet to take, in a file without a name.
 *
 * A client reads when it likes (a pager waits for its user), and the container's log
 * must not wait for that, and memory is not for it. So what does not fit into a
 * client's buffer goes to a file in the log's directory, where room for output is: first in,
 * first out. What was taken is given back to the file system, and with the client,
 * or the shim, the file is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "shim.h"

#define SPILL_MAX ((off_t)256 << 20) /* a client that is further behind is none */
#define GIVE_BACK ((off_t)1 << 20)

static int open_file(const char *log)
{
	const char *slash = strrchr(log, '/');
	AUTO_FREE char *dir = xstrndup(log, slash ? (size_t)(slash - log) + 1 : 0);
	AUTO_FREE char *name = xasprintf("%s.unread.XXXXXX", dir);
	int fd = open(*dir ? dir : ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || errno != EOPNOTSUPP)
		return fd;
	fd = mkostemp(name, O_CLOEXEC); /* as on NFS */
	if (fd >= 0)
		unlink(name);
	return fd;
}

off_t shim_spill_size(const struct shim_spill *s)
{
	return s->end - s->start;
}

int shim_spill_put(struct shim_spill *s, const char *log, const void *buf, size_t n)
{
	if (s->file < 0 && (s->file = open_file(log)) < 0)
		return -1;
	if (shim_spill_size(s) + (off_t)n > SPILL_MAX ||
	    pwrite(s->file, buf, n, s->end) != (ssize_t)n)
		return -1;
	s->end += (off_t)n;
	return 0;
}

size_t shim_spill_take(struct shim_spill *s, void *buf, size_t n)
{
	ssize_t r = s->file < 0 || s->start == s->end ? 0 : pread(s->file, buf, n, s->start);

	if (r <= 0)
		return 0;
	s->start += r;
	if (s->start == s->end)
		shim_spill_close(s);
	else if (s->start - s->given >= GIVE_BACK) {
		fallocate(s->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->given,
			  s->start - s->given);
		s->given = s->start;
	}
	return (size_t)r;
}

void shim_spill_close(struct shim_spill *s)
{
	if (s->file >= 0)
		close(s->file);
	*s = (struct shim_spill){ .file = -1 };
}
