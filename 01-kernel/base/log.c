/*
 * log.c - see log.h. The JSON form has the fields that containerd reads from a
 * runtime's log: level, msg, time.
 */
#include "log.h"

#include <errno.h>
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
	enum log_format format;
} out = { "dockyard", STDERR_FILENO, LOG_INFO, LOG_TEXT };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_setup(const char *box, int fd, enum log_level level, enum log_format format)
{
	out.box = box;
	out.fd = fd;
	out.level = level;
	out.format = format;
}

/* The day's date, by the Gregorian calendar's cycle of 400 years (146097 days) that
 * begins on a first of March, so that a leap day is the last of its year. Not gmtime(3): that
 * reads the machine's time zone from a file first, only not to use it. */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t since = days + 719468; /* from 1 March of year 0 to 1 January 1970 */
	int64_t cycle = (since >= 0 ? since : since - 146096) / 146097;
	int in_cycle = (int)(since - cycle * 146097);
	int years = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int in_year = in_cycle - (365 * years + years / 4 - years / 100);
	int from_march = (5 * in_year + 2) / 153;

	*day = in_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = years + cycle * 400 + (*month <= 2);
}

const char *time_text(const struct timespec *when, char text[TIME_TEXT_SIZE])
{
	int64_t days = when->tv_sec / 86400, year;
	int second = (int)(when->tv_sec % 86400), month, day;

	if (second < 0) {
		second += 86400;
		days--;
	}
	date_of(days, &year, &month, &day);
	snprintf(text, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", (int)year, month, day,
		 second / 3600, second / 60 % 60, second % 60, when->tv_nsec);
	return text;
}

const char *time_now_text(char text[TIME_TEXT_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return time_text(&now, text);
}

int64_t time_steady_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* C0 and C1, the latter as UTF-8 has them (U+0080 to U+009F). */
static size_t control_length(const unsigned char *u)
{
	if ((u[0] < 0x20 && u[0] != '\t') || u[0] == 0x7f)
		return 1;
	return u[0] == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0 ? 2 : 0;
}

void log_plain(struct strbuf *sb, const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	while (*u) {
		size_t n = control_length(u);

		if (!n)
			strbuf_addc(sb, (char)*u++);
		for (; n; n--, u++)
			*u == '\n' ? strbuf_adds(sb, "\\n") : strbuf_addf(sb, "\\x%02x", *u);
	}
}

size_t log_utf8_length(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 :
		   u[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return n;
}

/* A file's name is bytes, and a message that is too long is cut anywhere; but JSON is
 * UTF-8, and a reader may refuse the line for what is not. */
static void add_json_string(struct strbuf *sb, const char *s)
{
	for (size_t n; *s; s += n ? n : 1) {
		n = log_utf8_length(s);
		if (!n)
			strbuf_adds(sb, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			strbuf_addf(sb, "\\%c", *s);
		else if (*s == '\t' || control_length((const unsigned char *)s))
			strbuf_addf(sb, "\\u%04x", (unsigned char)s[n - 1]);
		else
			strbuf_add(sb, s, n);
	}
}

/* Between quotes, so that what a message holds cannot look like a field of the line. */
static void add_quoted(struct strbuf *sb, const char *s)
{
	AUTO_STRBUF struct strbuf escaped = STRBUF_INIT;

	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addc(&escaped, '\\');
		strbuf_addc(&escaped, *s);
	}
	log_plain(sb, escaped.len ? escaped.data : "");
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
	if (out.format == LOG_JSON) {
		strbuf_addf(&line, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
		add_json_string(&line, msg.data);
		strbuf_addf(&line, "\",\"time\":\"%s\"}\n", when);
	} else if (out.format == LOG_LOGFMT) {
		strbuf_addf(&line, "time=\"%s\" level=%s msg=\"", when, level_names[level]);
		add_quoted(&line, msg.data);
		strbuf_adds(&line, "\"\n");
	} else {
		strbuf_addf(&line, "%s %s %s: ", when, level_names[level], out.box);
		log_plain(&line, msg.data);
		strbuf_addc(&line, '\n');
	}
	/* EBADF: closed already, in a process that is about to execute somebody else's program. */
	if (io_write_full(out.fd, line.data, line.len) && out.fd != STDERR_FILENO && errno != EBADF)
		dprintf(STDERR_FILENO, "Failed to write to log, %s\n", strerror(errno));
}
