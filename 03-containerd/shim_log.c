/*
 * shim_log.c - see shim_log.h.
 *
 *     output ──▶ open[stream] ──▶ ready ──▶ the file          (and, or only, a shim_sink)
 *               up to \n,       lines of    O_APPEND
 *               or 16 KiB       the log
 *
 * The file's size is known at all times, as the shim is its only writer. So when a
 * write comes out short (no space), ftruncate(2) takes back the torn line and
 * `ready` still has it whole.
 */
#include "shim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "shim_sink.h"

/* --- the file ---------------------------------------------------------------- */

/* Where the last whole line ends. A crash in the middle of a write leaves a torn
 * one behind it, at most as long as the longest line. */
static off_t whole_lines(int fd, off_t size)
{
	char buf[4096];

	while (size > 0) {
		size_t n = size < (off_t)sizeof buf ? (size_t)size : sizeof buf;
		ssize_t r = pread(fd, buf, n, size - (off_t)n);
		const char *nl;

		if (r != (ssize_t)n)
			return size; /* unreadable: leave it alone */
		nl = memrchr(buf, '\n', n);
		if (nl)
			return size - (off_t)n + (nl - buf) + 1;
		size -= (off_t)n;
	}
	return 0;
}

/* ERR_CONFLICT: another shim is at it. It may have rotated the file until we had the lock. */
static int lock_file(const struct shim_log *l, int fd, struct stat *st, struct err *err)
{
	struct stat named;

	if ((flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) || fstat(fd, st) ||
	    stat(l->path, &named) || st->st_ino != named.st_ino || st->st_dev != named.st_dev)
		return err_set(err, ERR_CONFLICT, "the log %s is being written by another shim",
			       l->path);
	return 0;
}

static int open_file(struct shim_log *l, struct err *err)
{
	AUTO_CLOSE int fd = open(l->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "open the log %s", l->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the log %s is not a regular file", l->path);
	if (lock_file(l, fd, &st, err))
		return -1;
	l->size = whole_lines(fd, st.st_size);
	if (l->size != st.st_size && ftruncate(fd, l->size))
		return err_sys(err, "cut the torn line off %s", l->path);
	l->fd = steal_fd(&fd);
	return 0;
}

int shim_log_open(struct shim_log *l, const struct shim_log_options *o, struct err *err)
{
	*l = (struct shim_log){ .fd = -1, .format = o->format, .max_size = o->max_size,
				.max_file = o->max_file, .compress = o->compress, .rotate_at = o->max_size,
				.buffer = o->buffer, .remote = o->remote };
	l->path = xstrdup(o->path);
	l->attributes = xstrdup(o->attributes);
	if (l->path && open_file(l, err) && err->kind != ERR_CONFLICT) {
		shim_log_close(l);
		return -1;
	}
	return 0;
}

int shim_log_reopen(struct shim_log *l, struct err *err)
{
	struct shim_log old = *l;

	shim_log_flush(l); /* what the old file does not take goes to the new one */
	old.fd = l->fd;
	old.size = l->size;
	if (old.fd >= 0)
		flock(old.fd, LOCK_UN); /* if it was not renamed, it is what we open now */
	if (open_file(l, err)) {
		l->fd = old.fd;
		l->size = old.size;
		if (old.fd >= 0)
			flock(old.fd, LOCK_EX | LOCK_NB);
		return -1;
	}
	l->rotate_at = l->max_size;
	if (old.fd >= 0)
		close(old.fd);
	shim_log_flush(l);
	return 0;
}

/* As log.1 or as log.1.gz; of its new name the other form goes, which was the oldest's. */
static int shift_file(const char *from, const char *to, const char *suffix, const char *other)
{
	AUTO_FREE char *old = xasprintf("%s%s", from, suffix), *new = xasprintf("%s%s", to, suffix);
	AUTO_FREE char *oldest = xasprintf("%s%s", to, other);

	if (rename(old, new))
		return errno == ENOENT ? 0 : -1;
	unlink(oldest);
	return 0;
}

/* log.1 becomes log.2 and so on, and the oldest goes. One that cannot be moved stops it: the
 * next would be put over it. */
static bool shift_files(const struct shim_log *l)
{
	for (int i = l->max_file - 1; i > 0; i--) {
		AUTO_FREE char *from = i > 1 ? xasprintf("%s.%d", l->path, i - 1) : xstrdup(l->path);
		AUTO_FREE char *to = xasprintf("%s.%d", l->path, i);

		if (shift_file(from, to, "", ".gz") || shift_file(from, to, ".gz", "")) {
			log_error("rotate %s: %s", from, strerror(errno));
			return false;
		}
	}
	return true;
}

/* A new log begins. If that cannot be, the old one grows by as much before the next try. */
static void rotate(struct shim_log *l)
{
	struct err err;

	l->rotate_at = l->max_size;
	if (l->max_file <= 1) {
		if (!ftruncate(l->fd, 0))
			l->size = 0;
		return;
	}
	if ((l->compress && shim_log_gzip_busy(l)) || !shift_files(l)) {
		l->rotate_at = l->size + l->max_size;
		return;
	}
	if (l->compress)
		shim_log_gzip(l, l->fd);
	close(l->fd);
	l->fd = -1;
	if (open_file(l, &err))
		log_error("%s", err.msg); /* the next flush tries again */
}

/* True: nothing is left over. */
static bool flush_file(struct shim_log *l)
{
	struct err err;
	ssize_t w;

	if (!l->ready.len)
		return true;
	if (l->fd < 0 && open_file(l, &err))
		return false;
	w = write(l->fd, l->ready.data, l->ready.len);
	if (w == (ssize_t)l->ready.len) {
		l->size += w;
		strbuf_free(&l->ready); /* an idle shim keeps no buffers */
		return true;
	}
	if (w > 0 && ftruncate(l->fd, l->size))
		log_error("take back a torn line of %s: %s", l->path, strerror(errno));
	return false;
}

static size_t left_over(const struct shim_log *l)
{
	return l->ready.len + (l->remote ? shim_sink_pending(l->remote) : 0);
}

bool shim_log_pending(const struct shim_log *l)
{
	return left_over(l) != 0;
}

bool shim_log_waits(const struct shim_log *l)
{
	return !l->buffer && (l->ready.len || (l->remote && shim_sink_waits(l->remote)));
}

bool shim_log_flush(struct shim_log *l)
{
	flush_file(l);
	if (l->remote)
		shim_sink_flush(l->remote);
	return !shim_log_waits(l);
}

bool shim_log_gone(const struct shim_log *l)
{
	const char *name = l->path ? strrchr(l->path, '/') : NULL;
	AUTO_FREE char *dir = name ? xstrndup(l->path, (size_t)(name - l->path)) : xstrdup(".");
	struct stat st;

	if (!l->path)
		return false;
	if (l->fd >= 0)
		return !fstat(l->fd, &st) && !st.st_nlink;
	return access(dir, F_OK) && errno == ENOENT; /* a file may just not have been made yet */
}

/* Docker's ring, too, drops what comes last. */
static bool has_no_room(struct shim_log *l, const struct shim_log_line *line)
{
	if (!l->buffer || left_over(l) + line->n <= l->buffer)
		return false;
	shim_log_flush(l);
	return shim_log_pending(l) && left_over(l) + line->n > l->buffer;
}

static void add_line(struct shim_log *l, const struct shim_log_line *line)
{
	bool full = l->max_size && l->size + (off_t)l->ready.len >= l->rotate_at;

	if (has_no_room(l, line)) {
		l->lost++;
		return;
	}
	if (l->lost)
		log_warn("log: %lu lines are lost, as the buffer was full", l->lost);
	l->lost = 0;
	if (full && flush_file(l) && l->size)
		rotate(l);
	if (l->path)
		shim_log_line(&l->ready, l->format, l->attributes, line);
	if (l->remote)
		shim_sink_add(l->remote, line);
}

/* The line begun in open[stream] goes on with these bytes, of which the last ends it. With
 * Docker all parts of a line have the time of the first. */
static void finish_line(struct shim_log *l, enum shim_stream stream, const struct timespec *when,
			const char *buf, size_t n)
{
	struct strbuf *open = &l->open[stream];
	bool whole = n && buf[n - 1] == '\n';
	struct shim_log_line line = { stream, *when, buf, n, n && !whole };

	if (open->len) {
		strbuf_add(open, buf, n);
		line.text = open->data;
		line.n = open->len;
	}
	if (l->parted[stream] && l->format != SHIM_LOG_CRI)
		line.when = l->began[stream];
	if (!l->parted[stream])
		l->began[stream] = *when;
	l->parted[stream] = !whole;
	add_line(l, &line);
	strbuf_free(open); /* an idle shim keeps no buffers */
}

void shim_log_add(struct shim_log *l, enum shim_stream stream, const char *buf, size_t n,
		  const struct timespec *when)
{
	/* Docker cuts a line that has 16 KiB and not yet an end, Kubernetes one that has more:
	 * there the end of line is not counted. */
	size_t limit = SHIM_LOG_LINE + (l->format == SHIM_LOG_CRI);

	while (n) {
		size_t room = limit - l->open[stream].len;
		const char *nl = memchr(buf, '\n', n < room ? n : room);
		size_t take = nl ? (size_t)(nl - buf) + 1 : n < room ? n : room;
		bool too_long = !nl && take == room;

		if (too_long)
			take -= limit - SHIM_LOG_LINE;
		if (nl || too_long)
			finish_line(l, stream, when, buf, take);
		else
			strbuf_add(&l->open[stream], buf, take);
		buf += take;
		n -= take;
	}
	shim_log_flush(l);
}

void shim_log_end(struct shim_log *l, enum shim_stream stream, const struct timespec *when)
{
	if (l->open[stream].len)
		finish_line(l, stream, when, "", 0);
	shim_log_flush(l);
}

void shim_log_close(struct shim_log *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	free(l->path);
	free(l->attributes);
	l->path = l->attributes = NULL;
	shim_sink_close(l->remote);
	l->remote = NULL;
	strbuf_free(&l->ready);
	for (int i = 0; i < SHIM_STREAMS; i++)
		strbuf_free(&l->open[i]);
}
