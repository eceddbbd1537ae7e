/*
 * shim_log_line.c - one line of a log, in each of the formats; see shim_log.h.
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "shim_log.h"

/* --- Docker's: JSON ---------------------------------------------------------- */

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

static const char *stream_name(enum shim_stream stream)
{
	return stream == SHIM_STDERR ? "stderr" : "stdout";
}

static void add_json(struct strbuf *to, const char *attributes, const struct shim_log_line *line)
{
	char when[TIME_TEXT_SIZE];

	strbuf_adds(to, "{\"log\":");
	shim_log_quote(to, line->text, line->n);
	strbuf_addf(to, ",\"stream\":\"%s\"", stream_name(line->stream));
	if (attributes) {
		strbuf_adds(to, ",\"attrs\":");
		strbuf_adds(to, attributes);
	}
	strbuf_addf(to, ",\"time\":\"%s\"}\n", time_text(&line->when, when));
}

/* --- Kubernetes's: text --------------------------------------------------------- */

/* Its end of line is the log's own, so one that has none is marked: P for a part. */
static void add_cri(struct strbuf *to, const struct shim_log_line *line)
{
	bool whole = line->n && line->text[line->n - 1] == '\n';
	char when[TIME_TEXT_SIZE];

	strbuf_addf(to, "%s %s %c ", time_text(&line->when, when), stream_name(line->stream),
		    whole ? 'F' : 'P');
	strbuf_add(to, line->text, line->n - whole);
	strbuf_addc(to, '\n');
}

/* --- our own: short, and byte for byte what was written ------------------------- */

static void add_local(struct strbuf *to, const struct shim_log_line *line)
{
	bool whole = line->n && line->text[line->n - 1] == '\n';

	strbuf_addf(to, "%lld.%09ld %d%c ", (long long)line->when.tv_sec, line->when.tv_nsec,
		    line->stream == SHIM_STDERR ? 2 : 1, whole ? 'F' : 'P');
	strbuf_add(to, line->text, line->n - whole);
	strbuf_addc(to, '\n');
}

void shim_log_line(struct strbuf *to, enum shim_log_format format, const char *attributes,
		   const struct shim_log_line *line)
{
	if (format == SHIM_LOG_CRI)
		add_cri(to, line);
	else if (format == SHIM_LOG_LOCAL)
		add_local(to, line);
	else
		add_json(to, attributes, line);
}
