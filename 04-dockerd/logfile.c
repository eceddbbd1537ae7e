/*
 * logfile.c - see logfile.h.
 */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "human.h"

#define BLOCK 65536

/* The file of this number: its descriptor, and whether it is compressed. -1: there is none. */
static int open_rotated(const struct logfile *f, unsigned rotated, bool *gz)
{
	AUTO_FREE char *name = rotated ? xasprintf("%s.%u", f->path, rotated) : xstrdup(f->path);
	AUTO_FREE char *packed = xasprintf("%s.gz", name);
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	*gz = false;
	if (fd >= 0 || !rotated)
		return fd;
	fd = open(packed, O_RDONLY | O_CLOEXEC);
	*gz = fd >= 0;
	return fd;
}

static void let_go(struct logfile *f)
{
	if (f->gz)
		gzclose(f->gz);
	if (f->fd >= 0)
		close(f->fd);
	f->gz = NULL;
	f->fd = -1;
}

/* Read this one from here on. The descriptor stays for fstat(2). */
static void take(struct logfile *f, int fd, bool gz, unsigned rotated)
{
	int copy = gz ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	let_go(f);
	f->fd = fd;
	f->rotated = rotated;
	f->gz = copy < 0 ? NULL : gzdopen(copy, "rb");
}

/* --- where to start -------------------------------------------------------------------- */

/* The offset at which the last *lines lines of the file begin; *lines becomes what
 * is missing, 0 if the file has enough. */
static off_t tail_offset(int fd, long *lines)
{
	off_t end = lseek(fd, 0, SEEK_END), at = end;
	char buf[4096];

	while (at > 0) {
		size_t n = at < (off_t)sizeof buf ? (size_t)at : sizeof buf;

		at -= (off_t)n;
		if (pread(fd, buf, n, at) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			/* The newline that ends the last line begins nothing. */
			if (buf[i] != '\n' || at + (off_t)i == end - 1)
				continue;
			if (--*lines == 0)
				return at + (off_t)i + 1;
		}
	}
	if (end > 0)
		--*lines; /* the first line of the file */
	return 0;
}

/* The same in a compressed file, which can only be read from its beginning: once to count. */
static z_off_t tail_offset_gz(gzFile gz, long *lines)
{
	long total = 0, passed = 0;
	char line[4096];
	int n;

	while ((n = gzread(gz, line, sizeof line)) > 0)
		for (int i = 0; i < n; i++)
			total += line[i] == '\n';
	gzrewind(gz);
	if (total <= *lines) {
		*lines -= total;
		return 0;
	}
	total -= *lines;
	*lines = 0;
	for (z_off_t at = 0; (n = gzread(gz, line, sizeof line)) > 0; at += n)
		for (int i = 0; i < n; i++)
			if (line[i] == '\n' && ++passed == total)
				return at + i + 1;
	return 0;
}

static int seek_in(struct logfile *f, long *lines)
{
	off_t at;

	if (f->gz)
		return gzseek(f->gz, tail_offset_gz(f->gz, lines), SEEK_SET) < 0 ? -1 : 0;
	at = tail_offset(f->fd, lines);
	return lseek(f->fd, at, SEEK_SET) < 0 ? -1 : 0;
}

/* Go back through the rotated files until enough lines lie ahead. */
static int seek_tail(struct logfile *f, long tail)
{
	bool gz;
	int older;

	while (!seek_in(f, &tail)) {
		if (tail <= 0 || (older = open_rotated(f, f->rotated + 1, &gz)) < 0)
			return 0;
		take(f, older, gz, f->rotated + 1);
	}
	return -1;
}

static void seek_oldest(struct logfile *f)
{
	bool gz;
	int older;

	while ((older = open_rotated(f, f->rotated + 1, &gz)) >= 0)
		take(f, older, gz, f->rotated + 1);
}

int logfile_open(struct logfile *f, const char *path, long tail, struct err *err)
{
	*f = (struct logfile){ .path = xstrdup(path), .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (f->fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", path);
	if (tail < 0)
		seek_oldest(f);
	else if (tail == 0 ? lseek(f->fd, 0, SEEK_END) < 0 : seek_tail(f, tail) != 0)
		return err_sys(err, "seek in %s", path);
	return 0;
}

void logfile_close(struct logfile *f)
{
	let_go(f);
	strbuf_free(&f->buf);
	json_decref(f->line);
	free(f->path);
	*f = (struct logfile){ .fd = -1 };
}

/* --- reading --------------------------------------------------------------------------------- */

/* Is what we read no longer what the path names? */
static bool was_rotated(const struct logfile *f)
{
	struct stat mine, named;

	return !fstat(f->fd, &mine) && !stat(f->path, &named) &&
	       (mine.st_ino != named.st_ino || mine.st_dev != named.st_dev);
}

/* How many bytes the file has, or had before it was compressed (RFC 1952, ISIZE). */
static uint32_t length_of(int fd, const struct stat *st, bool gz)
{
	unsigned char isize[4] = { 0 };

	if (!gz)
		return (uint32_t)st->st_size;
	if (pread(fd, isize, sizeof isize, st->st_size - 4) != (ssize_t)sizeof isize)
		return 0;
	return isize[0] | (uint32_t)isize[1] << 8 | (uint32_t)isize[2] << 16 | (uint32_t)isize[3] << 24;
}

/* Is this file, compressed or not, the one that we read? What was compressed after we had opened
 * it is another file, with the same time and length. */
static bool is_ours(const struct logfile *f, int fd, bool gz)
{
	struct stat mine, other;

	if (fstat(f->fd, &mine) || fstat(fd, &other))
		return false;
	if (mine.st_ino == other.st_ino && mine.st_dev == other.st_dev)
		return true;
	return gz && !f->gz && mine.st_mtim.tv_sec == other.st_mtim.tv_sec &&
	       mine.st_mtim.tv_nsec == other.st_mtim.tv_nsec &&
	       length_of(f->fd, &mine, false) == length_of(fd, &other, true);
}

/* Which number does the file that we read have now? If it is gone: one past the oldest. */
static unsigned number_now(const struct logfile *f)
{
	unsigned k = 1;
	bool gz;
	int fd;

	for (; (fd = open_rotated(f, k, &gz)) >= 0; k++) {
		bool same = is_ours(f, fd, gz);

		close(fd);
		if (same)
			break;
	}
	return k;
}

/* Go on to the file after this one: false if there is none. */
static bool open_newer(struct logfile *f)
{
	unsigned next = 0;
	bool gz;
	int fd;

	if (f->fd >= 0) {
		if (!was_rotated(f))
			return false;
		next = number_now(f) - 1;
	}
	fd = open_rotated(f, next, &gz);
	if (fd < 0)
		return false;
	take(f, fd, gz, next);
	return true;
}

/* More bytes into the buffer: their count, 0 at the end. */
static ssize_t fill(struct logfile *f)
{
	ssize_t n;

	if (f->at) {
		memmove(f->buf.data, f->buf.data + f->at, f->buf.len - f->at);
		f->buf.len -= f->at;
		f->at = 0;
	}
	strbuf_reserve(&f->buf, BLOCK);
	do
		n = f->gz ? gzread(f->gz, f->buf.data + f->buf.len, BLOCK)
		    : f->fd < 0 ? 0 : read(f->fd, f->buf.data + f->buf.len, BLOCK);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		f->buf.len += (size_t)n;
		f->buf.data[f->buf.len] = '\0';
	}
	return n;
}

/* The next whole line, without its newline; NULL at the end. */
static char *next_line(struct logfile *f, size_t *len, ssize_t *state)
{
	for (;;) {
		char *start = f->buf.data ? f->buf.data + f->at : NULL;
		char *end = start ? memchr(start, '\n', f->buf.len - f->at) : NULL;

		if (end) {
			*len = (size_t)(end - start);
			f->at += *len + 1;
			return start;
		}
		*state = fill(f);
		if (*state < 0)
			return NULL;
		if (*state > 0)
			continue;
		if (!open_newer(f))
			return NULL;
		f->buf.len = f->at = 0; /* half a line at a rotation stays half */
	}
}

/* The newline that ends the line is the text's own, if it had one. */
static bool parse_local(struct logfile *f, const char *text, size_t len, struct log_entry *e)
{
	char *p;

	e->when.tv_sec = (time_t)strtoll(text, &p, 10);
	if (*p != '.')
		return false;
	e->when.tv_nsec = strtol(p + 1, &p, 10);
	if (p + 4 > text + len || p[0] != ' ' || p[3] != ' ' || (p[1] != '1' && p[1] != '2'))
		return false;
	e->stream = p[1] - '0';
	e->time = time_text(&e->when, f->when);
	e->text = p + 4;
	e->len = len - (size_t)(e->text - text) + (p[2] == 'F');
	return true;
}

static bool parse_json(struct logfile *f, const char *text, size_t len, struct log_entry *e)
{
	json_t *log;

	f->line = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
	log = json_object_get(f->line, "log");
	if (!json_is_string(log))
		return false;
	e->text = json_string_value(log);
	e->len = json_string_length(log);
	e->stream = strcmp(jsonx_str(f->line, "stream", "stdout"), "stderr") ? 1 : 2;
	e->time = jsonx_str(f->line, "time", "");
	e->attributes = json_object_get(f->line, "attrs");
	return !dockerd_parse_timespec(e->time, &e->when);
}

static bool parse(struct logfile *f, const char *text, size_t len, struct log_entry *e)
{
	json_decref(f->line);
	f->line = NULL;
	*e = (struct log_entry){ 0 };
	return *text == '{' ? parse_json(f, text, len, e) : parse_local(f, text, len, e);
}

int logfile_next(struct logfile *f, struct log_entry *e, struct err *err)
{
	ssize_t state = 0;
	size_t len;
	char *line;

	while ((line = next_line(f, &len, &state)))
		if (parse(f, line, len, e))
			return 1;
	return state < 0 ? err_sys(err, "read %s", f->path) : 0;
}
