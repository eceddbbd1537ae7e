/*
 * api_events.c - the stream of events, and the version (api.h, events.h).
 */
#include "api.h"

#include <poll.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "filter.h"
#include "version.h"
#include "wire.h"

struct stream {
	struct ctrd_subscriber *subscriber;
	json_t *filters;
};

static bool wanted(const struct stream *s, const char *text)
{
	struct err ignored;
	AUTO_JSON json_t *some = NULL;

	if (!json_array_size(s->filters))
		return true;
	some = ctrd_filter_list(json_pack("[o]", jsonx_parse(text, strlen(text), "event", &ignored)),
				s->filters, &ignored);
	return json_array_size(some);
}

/* One event, or the news that some were missed, which ends the stream. */
static int pass_on(struct http_writer *w, struct stream *s, bool *more)
{
	struct err err, gone;
	AUTO_FREE char *text = ctrd_events_next(s->subscriber, &err);
	AUTO_JSON json_t *missed = NULL;

	*more = text != NULL;
	if (text && !wanted(s, text))
		return 0;
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
	struct stream *s = arg;
	struct pollfd p[] = {
		{ .fd = ctrd_subscriber_fd(s->subscriber), .events = POLLIN },
		{ .fd = http_writer_fd(w), .events = POLLRDHUP },
	};
	bool more = true;

	for (;;) {
		while (more)
			if (pass_on(w, s, &more))
				return;
		if (poll(p, 2, -1) > 0 && p[1].revents)
			return;
		more = true;
	}
}

static void release(void *arg)
{
	struct stream *s = arg;

	ctrd_events_unsubscribe(s->subscriber);
	json_decref(s->filters);
	free(s);
}

API_HANDLER(api_events)
{
	struct ctrd_daemon *d = daemon;
	AUTO_JSON json_t *filters = ctrd_api_filters(req);
	AUTO_JSON json_t *any = ctrd_filter_list(json_pack("[{s:s}]", "topic", "/"), filters, err);
	struct ctrd_subscriber *subscriber = any ? ctrd_events_subscribe(d->events, err) : NULL;
	struct stream *s;

	if (!subscriber)
		return -1;
	s = xcalloc(1, sizeof *s);
	*s = (struct stream){ subscriber, json_incref(filters) };
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
