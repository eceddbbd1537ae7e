/*
 * shim_syslog.c - a line as a message of syslog, in the forms that Docker knows (shim_sink.h).
 *
 *     unix          <30>Jan  2 03:04:05 tag[pid]: text                  Docker's default
 *     rfc3164       <30>Jan  2 03:04:05 host tag[pid]: text
 *     rfc5424       <30>1 2026-01-02T03:04:05Z host tag pid tag - text  RFC 5424
 *     rfc5424micro  the same with microseconds
 *
 * Each ends with a newline: in a stream that is what ends a message (RFC 6587, 3.4.2). A line of the
 * log has none within it. A NUL ends one for some servers, as syslog(3) sends it over a stream: it is
 * written as #000, as rsyslog does. So no message can be made to look like two.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "shim_log.h"
#include "shim_sink.h"

#define SEVERITY_ERROR 3
#define SEVERITY_INFO 6

static void add_text(struct strbuf *to, const char *text, size_t n)
{
	while (n) {
		const char *nul = memchr(text, '\0', n);
		size_t run = nul ? (size_t)(nul - text) : n;

		strbuf_add(to, text, run);
		if (nul)
			strbuf_adds(to, "#000");
		run += nul != NULL;
		text += run;
		n -= run;
	}
	strbuf_addc(to, '\n');
}

/* "2026-01-02T03:04:05+01:00", "…05.000006+01:00" */
static void add_rfc3339(struct strbuf *to, const struct timespec *when, bool micro)
{
	char text[64], zone[8];
	struct tm tm;

	localtime_r(&when->tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	strbuf_adds(to, text);
	if (micro)
		strbuf_addf(to, ".%06ld", when->tv_nsec / 1000);
	strftime(zone, sizeof zone, "%z", &tm); /* +0100 */
	if (!tm.tm_gmtoff)
		strbuf_addc(to, 'Z');
	else
		strbuf_addf(to, "%.3s:%s", zone, zone + 3);
}

static void add_classic_time(struct strbuf *to, const struct timespec *when)
{
	char text[64];
	struct tm tm;

	localtime_r(&when->tv_sec, &tm);
	strftime(text, sizeof text, "%b %e %H:%M:%S", &tm);
	strbuf_adds(to, text);
}

void shim_syslog_format(const struct shim_sink *s, struct strbuf *to,
			const struct shim_log_line *line)
{
	const char *format = jsonx_str(s->options, "format", "unix"),
		   *tag = jsonx_str(s->options, "tag", "");
	size_t n = line->n - (line->n && line->text[line->n - 1] == '\n');
	int facility = (int)jsonx_int(s->options, "facility", 3);
	char host[65] = "";

	if (!n)
		return; /* Docker sends no empty lines */
	gethostname(host, sizeof host - 1);
	strbuf_addf(to, "<%d>", facility * 8 + (line->stream == SHIM_STDERR ? SEVERITY_ERROR
									    : SEVERITY_INFO));
	if (str_starts(format, "rfc5424")) {
		strbuf_adds(to, "1 ");
		add_rfc3339(to, &line->when, !strcmp(format, "rfc5424micro"));
		strbuf_addf(to, " %s %s %d %s - ", host, tag, (int)getpid(), tag);
	} else {
		add_classic_time(to, &line->when);
		if (!strcmp(format, "rfc3164"))
			strbuf_addf(to, " %s", host);
		strbuf_addf(to, " %s[%d]: ", tag, (int)getpid());
	}
	add_text(to, line->text, n);
}
