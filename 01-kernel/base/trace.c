/*
 * trace.c - see trace.h.
 */
#include "trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "strbuf.h"

static int trace_fd = -1;
static const char *trace_box;

void trace_setup(const char *box)
{
	const char *path = getenv("DOCKYARD_TRACE");

	trace_box = box;
	if (path && *path)
		trace_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct trace_span trace_begin(void)
{
	return (struct trace_span){ trace_fd < 0 ? 0 : now_us() };
}

void trace_end(const struct trace_span *span, const char *fmt, ...)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	va_list ap;

	if (trace_fd < 0 || !span->start_us)
		return;
	strbuf_addf(&line, "%lld\t%lld\t%s\t", (long long)span->start_us,
		    (long long)(now_us() - span->start_us), trace_box);
	va_start(ap, fmt);
	strbuf_vaddf(&line, fmt, ap);
	va_end(ap);
	strbuf_addc(&line, '\n');
	(void)!write(trace_fd, line.data, line.len); /* O_APPEND: whole lines only */
}
