/*
 * trace.c - see trace.h: spans and contexts. trace_keep.c is where lines stay.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "trace_private.h"

#define WHAT_MAX 1000 /* of a span's text: paths and names in it may be anybody's */

__thread struct trace_context trace_now;
int trace_file = -1;

static struct {
	const char *box;
	pid_t pid;  /* trace_join's: a cloned child, which may be 1 in its own namespace, has ours */
	bool later; /* the file gets its lines from trace_write */
} own = { .box = "?" };

/* --- setting up -------------------------------------------------------------------------- */

void trace_setup(const char *box)
{
	const char *path = getenv("DOCKYARD_TRACE");

	own.box = box;
	if (path && *path)
		trace_file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

void trace_join(void)
{
	struct trace_context at;

	if (trace_file < 0 || !trace_parse(getenv("TRACEPARENT"), &at))
		return;
	own.pid = getpid();
	own.later = true;
	trace_keep();
	trace_switch(at);
}

void trace_write(void)
{
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;

	if (!own.later || !trace_active())
		return;
	trace_take(&lines);
	if (lines.len)
		(void)!io_write_full(trace_file, lines.data, lines.len);
}

void trace_stop(void)
{
	trace_now = (struct trace_context){ 0 };
	trace_file = -1;
}

/* --- contexts ------------------------------------------------------------------------------ */

/* Zero means none, in ids too (Trace Context, 3.2.2). */
static uint64_t random_id(void)
{
	uint64_t id = 0;

	while (!id)
		if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id)
			id = (uint64_t)time_steady_ns() * UINT64_C(0x9e3779b97f4a7c15);
	return id;
}

void trace_new(void)
{
	trace_now = (struct trace_context){ .trace = { random_id(), random_id() } };
}

struct trace_context trace_switch(struct trace_context to)
{
	struct trace_context before = trace_now;

	trace_now = to;
	return before;
}

/* n digits of lower-case hex. */
static bool parse_hex(const char *text, size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		const char *digits = "0123456789abcdef", *at = text[i] ? strchr(digits, text[i]) : NULL;

		if (!at)
			return false;
		*out = *out << 4 | (uint64_t)(at - digits);
	}
	return true;
}

/* What a new thread needs to go on in the trace. */
struct carried {
	struct trace_context at;
	void *(*fn)(void *);
	void *arg;
};

static void *carry(void *arg)
{
	struct carried c = *(struct carried *)arg;

	free(arg);
	trace_switch(c.at);
	return c.fn(c.arg);
}

int trace_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	struct carried *c;
	int rc;

	if (!trace_active())
		return pthread_create(thread, attr, fn, arg);
	c = xmalloc(sizeof *c);
	*c = (struct carried){ trace_now, fn, arg };
	rc = pthread_create(thread, attr, carry, c);
	if (rc)
		free(c);
	return rc;
}

bool trace_id_parse(const char *text, uint64_t id[2])
{
	return parse_hex(text, 16, &id[0]) && parse_hex(text + 16, 16, &id[1]) && (id[0] | id[1]);
}

/* A later version than 00 may have more behind (Trace Context, 3.2.4); ff is none. */
bool trace_parse(const char *text, struct trace_context *out)
{
	struct trace_context c = { 0 };
	uint64_t version = 0, flags = 0;
	bool ok = text && strlen(text) >= TRACE_TEXT_SIZE - 1 && parse_hex(text, 2, &version) &&
		  version != 0xff && text[2] == '-' && trace_id_parse(text + 3, c.trace) &&
		  text[35] == '-' && parse_hex(text + 36, 16, &c.span) && c.span && text[52] == '-' &&
		  parse_hex(text + 53, 2, &flags) && (!text[55] || (version && text[55] == '-')) &&
		  (flags & 1); /* "sampled": somebody wants it recorded */

	*out = ok ? c : (struct trace_context){ 0 };
	return ok;
}

const char *trace_id_text(const uint64_t id[2], char out[TRACE_ID_SIZE])
{
	snprintf(out, TRACE_ID_SIZE, "%016llx%016llx", (unsigned long long)id[0],
		 (unsigned long long)id[1]);
	return out;
}

const char *trace_text(char out[TRACE_TEXT_SIZE])
{
	char id[TRACE_ID_SIZE];

	*out = '\0';
	if (trace_active())
		snprintf(out, TRACE_TEXT_SIZE, "00-%s-%016llx-01", trace_id_text(trace_now.trace, id),
			 (unsigned long long)trace_now.span);
	return out;
}

/* --- spans ---------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct trace_span trace_begin_now(bool above)
{
	struct trace_span span = { .start_ns = now_ns(), .parent = trace_now.span, .own = trace_now };

	if (!trace_active())
		return span;
	span.own.span = random_id();
	trace_keep_open(span.own.trace);
	if (above)
		trace_now.span = span.own.span;
	return span;
}

/* <what>, not too long, without what would end a field or a line, and in UTF-8: it goes into JSON. */
static void add_what(struct strbuf *line, const char *fmt, va_list ap)
{
	AUTO_STRBUF struct strbuf what = STRBUF_INIT;

	strbuf_vaddf(&what, fmt, ap);
	if (what.len > WHAT_MAX) {
		what.len = WHAT_MAX;
		strbuf_adds(&what, "...");
	}
	for (char *c = what.data; *c; c += log_utf8_length(c) ?: 1)
		if (*c == '\t' || !log_utf8_length(c))
			*c = *c == '\t' ? ' ' : '?';
	log_plain(line, what.data);
}

static void record(const char *box, const struct trace_span *span, int64_t took_ns,
		   const char *answer, const char *fmt, va_list ap)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	bool traced = span->own.trace[0] | span->own.trace[1];
	char id[TRACE_ID_SIZE];

	strbuf_addf(&line, "%lld.%03d\t%lld.%03d\t%s\t", (long long)(span->start_ns / 1000),
		    (int)(span->start_ns % 1000), (long long)(took_ns / 1000), (int)(took_ns % 1000), box);
	add_what(&line, fmt, ap);
	strbuf_adds(&line, answer);
	if (traced)
		strbuf_addf(&line, "\t%s\t%016llx\t%016llx\t%d\t%d", trace_id_text(span->own.trace, id),
			    (unsigned long long)span->own.span, (unsigned long long)span->parent,
			    (int)(own.pid ? own.pid : getpid()), (int)syscall(SYS_gettid));
	strbuf_addc(&line, '\n');
	if (traced)
		trace_keep_line(span->own.trace, line.data, line.len);
	if (trace_file >= 0 && !own.later)
		(void)!write(trace_file, line.data, line.len); /* O_APPEND: whole lines only */
}

void trace_end(struct trace_span *span, const char *fmt, ...)
{
	va_list ap;

	if (!span->start_ns)
		return;
	if (trace_now.span == span->own.span)
		trace_now.span = span->parent;
	va_start(ap, fmt);
	record(own.box, span, now_ns() - span->start_ns, "", fmt, ap);
	va_end(ap);
	trace_keep_closed(span->own.trace);
	span->start_ns = 0;
}

void trace_fail(struct trace_span *span)
{
	int errnum = errno;

	trace_end(span, "failed");
	errno = errnum;
}

void trace_call_end_now(const struct trace_span *span, long answer, const char *fmt, ...)
{
	int errnum = errno;
	char text[128] = "";
	int64_t took;
	va_list ap;

	took = now_ns() - span->start_ns;
	if (answer < 0)
		snprintf(text, sizeof text, " = -1 (%s)", strerror(errnum));
	else if (answer)
		snprintf(text, sizeof text, " = %ld", answer);
	va_start(ap, fmt);
	record("kernel", span, took, text, fmt, ap);
	va_end(ap);
	trace_keep_closed(span->own.trace);
	errno = errnum;
}

void trace_told(const struct trace_span *within, const char *box, int64_t took_ns,
		const char *fmt, ...)
{
	struct trace_span span;
	va_list ap;

	if (!trace_active())
		return;
	span = trace_begin_now(false);
	if (within && took_ns > span.start_ns - within->start_ns)
		took_ns = span.start_ns - within->start_ns;
	span.start_ns -= took_ns;
	va_start(ap, fmt);
	record(box, &span, took_ns, "", fmt, ap);
	va_end(ap);
	trace_keep_closed(span.own.trace);
}
