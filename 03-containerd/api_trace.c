/*
 * api_trace.c - GET /v1/trace/{id}: what was done here, in the shims and in the runtimes, in that trace.
 */
#include "api.h"

API_HANDLER(api_trace)
{
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;

	(void)daemon;
	if (http_trace_collect(req, &lines, err))
		return -1;
	http_reply_bytes(rep, 200, HTTP_TRACE_TYPE, lines.data, lines.len);
	return 0;
}
