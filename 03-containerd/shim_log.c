/*
 * shim_log.c - see shim_log.h.
 *
 *     output ──▶ open[stream] ──▶ ready ──▶ the file
 *               up to \n,        JSON       O_APPEND
 *               or 16 KiB        lines
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
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"

/* --- escaping ---------------------------------------------------------------- */

/* The length of the UTF-8 character at s, or 0 if there is none: no overlong
 * forms, no surrogates, nothing past U+10FFFF (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static void quote_ascii(struct strbuf *sb, unsigned char c)
{
	if (c == '"' || c == '\\')
		strbuf_addf(sb, "\\%c", c);
	else if (c == '\n')
		strbuf_adds(sb, "\\n");
	else if (c == '\r')
		strbuf_adds(sb, "\\r");
	else
		strbuf_addf(sb, "\\u%04x", c);
}

static size_t quote_other(struct strbuf *sb, const unsigned char *s, size_t n)
{
	size_t len = utf8_length(s, n);

	if (!len) {
		strbuf_adds(sb, "\\ufffd");
		return 1;
	}
	/* Line and paragraph separators would end a line for JavaScript. */
	if (len == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
		strbuf_addf(sb, "\\u202%c", s[2] == 0xa8 ? '8' : '9');
	else
		strbuf_add(sb, s, len);
	return len;
}

void shim_log_quote(struct strbuf *sb, const char *buf, size_t n)
{
	const unsigned char *s = (const unsigned char *)buf;
	size_t i = 0;

	strbuf_addc(sb, '"');
	while (i < n) {
		size_t run = i;

		while (run < n && is_plain(s[run]))
			run++;
		strbuf_add(sb, s + i, run - i);
		i = run;
		if (i < n && s[i] < 0x80)
			quote_ascii(sb, s[i++]);
		else if (i < n)
			i += quote_other(sb, s + i, n - i);
	}
	strbuf_addc(sb, '"');
}

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

static int open_file(struct shim_log *l, struct err *err)
{
	AUTO_CLOSE int fd = open(l->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "open the log %s", l->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the log %s is not a regular file", l->path);
	l->size = whole_lines(fd, st.st_size);
	if (l->size != st.st_size && ftruncate(fd, l->size))
		return err_sys(err, "cut the torn line off %s", l->path);
	l->fd = steal_fd(&fd);
	return 0;
}

int shim_log_open(struct shim_log *l, const char *path, int64_t max_size, int max_file,
		  struct err *err)
{
	*l = (struct shim_log){ .fd = -1, .max_size = max_size, .max_file = max_file };
	l->path = xstrdup(path);
	if (open_file(l, err)) {
		shim_log_close(l);
		return -1;
	}
	return 0;
}

/* log.1 becomes log.2 and so on, the oldest goes, and a new log begins. */
static void rotate(struct shim_log *l)
{
	struct err err;

	for (int i = l->max_file - 1; i > 0; i--) {
		AUTO_FREE char *from = i > 1 ? xasprintf("%s.%d", l->path, i - 1) : xstrdup(l->path);
		AUTO_FREE char *to = xasprintf("%s.%d", l->path, i);

		if (rename(from, to) && errno != ENOENT)
			log_error("rotate %s: %s", from, strerror(errno));
	}
	if (l->max_file <= 1 && ftruncate(l->fd, 0) == 0) {
		l->size = 0;
		return;
	}
	close(l->fd);
	l->fd = -1;
	if (open_file(l, &err))
		log_error("%s", err.msg); /* the next flush tries again */
}

bool shim_log_flush(struct shim_log *l)
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
		strbuf_clear(&l->ready);
		return true;
	}
	if (w > 0 && ftruncate(l->fd, l->size))
		log_error("take back a torn line of %s: %s", l->path, strerror(errno));
	return false;
}

static void add_line(struct shim_log *l, enum shim_stream stream, const struct timespec *when,
		     const char *buf, size_t n)
{
	char text[TIME_TEXT_SIZE];
	bool full = l->max_size && l->size + (off_t)l->ready.len >= l->max_size;

	if (full && shim_log_flush(l) && l->size)
		rotate(l);
	strbuf_adds(&l->ready, "{\"log\":");
	shim_log_quote(&l->ready, buf, n);
	strbuf_addf(&l->ready, ",\"stream\":\"%s\",\"time\":\"%s\"}\n",
		    stream == SHIM_STDERR ? "stderr" : "stdout", time_text(when, text));
}

/* The line begun in open[stream] goes on with these bytes and ends there. */
static void finish_line(struct shim_log *l, enum shim_stream stream, const struct timespec *when,
			const char *buf, size_t n)
{
	struct strbuf *open = &l->open[stream];

	if (!open->len) {
		add_line(l, stream, when, buf, n);
		return;
	}
	strbuf_add(open, buf, n);
	add_line(l, stream, when, open->data, open->len);
	strbuf_free(open); /* an idle shim keeps no buffers */
}

void shim_log_add(struct shim_log *l, enum shim_stream stream, const char *buf, size_t n,
		  const struct timespec *when)
{
	while (n) {
		size_t room = SHIM_LOG_LINE - l->open[stream].len;
		const char *nl = memchr(buf, '\n', n < room ? n : room);
		size_t take = nl ? (size_t)(nl - buf) + 1 : n < room ? n : room;

		if (nl || take == room)
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
	l->path = NULL;
	strbuf_free(&l->ready);
	for (int i = 0; i < SHIM_STREAMS; i++)
		strbuf_free(&l->open[i]);
}
