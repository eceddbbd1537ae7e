/*
 * api_events.c - the stream of events, and the version (api.h, events.h).
 */
#include "api.h"

#include <poll.h>
#include <string.h>

#include "version.h"
#include "wire.h"

/* One event, or the news that some were missed, which ends the stream. */
static int pass_on(struct http_writer *w, struct ctrd_subscriber *s, bool *more)
{
	struct err err, gone;
	AUTO_FREE char *text = ctrd_events_next(s, &err);
	AUTO_JSON json_t *missed = NULL;

	*more = text != NULL;
	if (text) {
		AUTO_FREE char *line = xasprintf("%s\n", text);

		return http_write(w, line, strlen(line), &gone);
	}
	if (err.kind == ERR_NONE)
		return 0;
	missed = ctrd_wire_error(&err);
	http_write_json(w, missed, &gone);
	return -1;
}

static void produce(struct http_writer *w, void *arg)
{
	struct pollfd p[] = {
		{ .fd = ctrd_subscriber_fd(arg), .events = POLLIN },
		{ .fd = http_writer_fd(w), .events = POLLRDHUP },
	};
	bool more = true;

	for (;;) {
		while (more)
			if (pass_on(w, arg, &more))
				return;
		if (poll(p, 2, -1) > 0 && p[1].revents)
			return;
		more = true;
	}
}

static void release(void *arg)
{
	ctrd_events_unsubscribe(arg);
}

API_HANDLER(api_events)
{
	struct ctrd_daemon *d = daemon;
	struct ctrd_subscriber *s = ctrd_events_subscribe(d->events, err);

	(void)req;
	if (!s)
		return -1;
	http_reply_stream(rep, 200, "application/x-ndjson", produce, s, release);
	return 0;
}

API_HANDLER(api_version)
{
	(void)req;
	(void)daemon;
	(void)err;
	return ctrd_api_reply(rep, 200, json_pack("{s:s, s:s}", "version", DOCKYARD_VERSION, "api", "v1"));
}
