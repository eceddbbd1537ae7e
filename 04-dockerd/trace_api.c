/*
 * trace_api.c - GET /trace/{id}: what was done in a trace, here and below. The Engine API has no such
 * thing, it is ours: a real daemon answers 404, and `docker --trace` shows less.
 */
#include "api.h"

#include "01-kernel/base/log.h"

#define LIMIT (4u << 20) /* containerd keeps less of one */

static int get_trace(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/trace/%s", http_param(req, "id")), *below = NULL;
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	struct daemon *d = daemon;
	size_t n = 0;

	if (http_trace_collect(req, &lines, err))
		return -1;
	below = ctrd_get(d->ctrd, path, LIMIT, &n, err);
	if (below)
		strbuf_add(&lines, below, n);
	else
		log_warn("the trace below: %s", err->msg); /* another containerd than ours keeps none */
	http_reply_bytes(rep, 200, HTTP_TRACE_TYPE, lines.data, lines.len);
	return 0;
}

const struct http_route dockerd_trace_routes[] = {
	{ "GET", "/trace/{id}", get_trace, NULL },
	{ NULL },
};
