/*
 * http_trace.c - the trace that a request is a part of (01-kernel/base/trace.h).
 *
 * A client that traces sends "traceparent: …". Until the reply is out, what the connection's
 * thread does, and the threads that it starts, is done in that trace; the request itself is a span.
 * Whoever made the trace fetches the spans afterwards. A client that is no part of this machine's
 * stack (of a registry) cannot, and learns at least how long we took.
 */
#include "http_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long the end of what is still going on is waited for: a client may ask for the trace when it
 * has a reply, and the request ends a moment later. */
#define PATIENCE_MS 300

int64_t http_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void http_trace_enter(struct http_request *req)
{
	struct trace_context theirs;

	trace_parse(http_header(req, "traceparent"), &theirs);
	trace_switch(theirs);
	req->span = trace_begin();
}

/* https://www.w3.org/TR/server-timing/ */
void http_trace_tell(struct http_request *req)
{
	char value[48];

	if (!trace_active())
		return;
	snprintf(value, sizeof value, "total;dur=%.3f", (double)(http_now_us() - req->start_us) / 1000);
	http_reply_header(&req->rep, "Server-Timing", value);
}

void http_trace_leave(struct http_request *req)
{
	char size[32] = "";

	if (req->rep.size)
		snprintf(size, sizeof size, ", %llu bytes", (unsigned long long)req->rep.size);
	trace_end(&req->span, "%s %s: %d%s", req->method, http_path(req), req->rep.status, size);
	trace_switch((struct trace_context){ 0 });
}

int http_trace_collect(const struct http_request *req, struct strbuf *lines, struct err *err)
{
	const char *text = http_param(req, "id");
	uint64_t id[2];

	if (strlen(text) != TRACE_ID_SIZE - 1 || !trace_id_parse(text, id))
		return err_set(err, ERR_INVALID, "'%.64s' is no trace id: 32 digits of lower-case hex", text);
	strbuf_reserve(lines, 0);
	trace_collect(id, PATIENCE_MS, lines);
	return 0;
}
