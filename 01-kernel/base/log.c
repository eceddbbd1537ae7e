/*
 * log.c - see log.h. The JSON form has the fields that containerd reads from a
 * runtime's log: level, msg, time.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "strbuf.h"

static struct {
	const char *box;
	int fd;
	enum log_level level;
	int json;
} out = { "dockyard", STDERR_FILENO, LOG_INFO, 0 };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(const char *box, int fd, enum log_level level, int json)
{
	out.box = box;
	out.fd = fd;
	out.level = level;
	out.json = json;
}

const char *time_text(const struct timespec *when, char text[TIME_TEXT_SIZE])
{
	struct tm tm;
	size_t n;

	gmtime_r(&when->tv_sec, &tm);
	n = strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, TIME_TEXT_SIZE - n, ".%09ldZ", when->tv_nsec);
	return text;
}

const char *time_now_text(char text[TIME_TEXT_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return time_text(&now, text);
}

/* A line stays one line, whatever name or message of somebody else's is in it. */
static void add_plain(struct strbuf *sb, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 && *s != '\t')
			strbuf_addf(sb, "\\x%02x", (unsigned char)*s);
		else
			strbuf_addc(sb, *s);
	}
}

static void add_json_string(struct strbuf *sb, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addf(sb, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			strbuf_addf(sb, "\\u%04x", (unsigned char)*s);
		else
			strbuf_addc(sb, *s);
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	AUTO_STRBUF struct strbuf msg = STRBUF_INIT, line = STRBUF_INIT;
	char when[TIME_TEXT_SIZE];
	va_list ap;

	if (level > out.level)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&msg, fmt, ap);
	va_end(ap);
	time_now_text(when);
	if (out.json) {
		strbuf_addf(&line, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
		add_json_string(&line, msg.data);
		strbuf_addf(&line, "\",\"time\":\"%s\"}\n", when);
	} else {
		strbuf_addf(&line, "%s %s %s: ", when, level_names[level], out.box);
		add_plain(&line, msg.data);
		strbuf_addc(&line, '\n');
	}
	(void)!io_write_full(out.fd, line.data, line.len);
}
