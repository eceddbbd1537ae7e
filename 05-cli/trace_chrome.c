/*
 * trace_chrome.c - a trace in Chrome's trace event format, as Perfetto and chrome://tracing open it.
 *
 *     {"traceEvents":[{"ph":"M","name":"process_name","pid":71,"tid":71,"args":{"name":"dockerd"}},
 *                     {"ph":"X","name":"create web","cat":"dockerd","ts":…,"dur":…,"pid":71,"tid":80,
 *                      "args":{"span":"…","parent":"…"}},…]}
 *
 * "X" is a complete event, "M" says what a process is called; times are microseconds.
 */
#include "trace.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"

static json_t *hex(uint64_t id)
{
	char text[17];

	snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
	return json_string(text);
}

/* NULL where text is no UTF-8, which a daemon of ours does not send. */
static json_t *text_of(const char *s)
{
	json_t *text = json_string(s);

	return text ? text : json_string("?");
}

static json_t *complete_event(const struct cli_span *s)
{
	return json_pack("{s:s, s:o, s:o, s:f, s:f, s:i, s:i, s:{s:o, s:o}}", "ph", "X", "name",
			 text_of(s->what), "cat", text_of(s->box), "ts", (double)s->start_ns / 1e3,
			 "dur", (double)s->took_ns / 1e3, "pid", s->pid, "tid", s->tid, "args", "span",
			 hex(s->id), "parent", hex(s->parent_id));
}

/* A process is called by the box that it is; what it tells of others', the kernel's calls and the
 * registry's part, is not its name. */
static json_t *process_event(const struct cli_span *s)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "ph", "M", "name", "process_name", "pid", s->pid,
			 "tid", s->tid, "args", "name", text_of(s->box));
}

static bool names_process(const struct cli_span *s)
{
	return strcmp(s->box, "kernel") && strcmp(s->box, "registry");
}

json_t *cli_trace_chrome(const struct cli_trace *t)
{
	AUTO_JSON json_t *named = json_object();
	json_t *events = json_array();

	for (const struct cli_span *s = t->root; s; s = cli_trace_next(s)) {
		char pid[16];

		snprintf(pid, sizeof pid, "%d", s->pid);
		if (names_process(s) && !json_object_get(named, pid)) {
			json_object_set_new(named, pid, json_true());
			json_array_append_new(events, process_event(s));
		}
		json_array_append_new(events, complete_event(s));
	}
	return json_pack("{s:o, s:s, s:{s:s}}", "traceEvents", events, "displayTimeUnit", "ms", "otherData",
			 "trace", t->id);
}
