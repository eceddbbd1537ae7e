/*
 * cmd_logs.c - docker logs: what a container has written, and goes on writing.
 */
#include <string.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "demux.h"
#include "units.h"
#include "verbs.h"

struct options {
	const char *since, *until, *tail;
	bool details, follow, timestamps;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 0, "details", CLI_BOOL, AT(details), "Show extra details provided to logs" },
	{ 'f', "follow", CLI_BOOL, AT(follow), "Follow log output" },
	{ 0, "since", CLI_STRING, AT(since), "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or "
	  "relative (e.g. \"42m\" for 42 minutes)" },
	{ 'n', "tail", CLI_STRING, AT(tail), "Number of lines to show from the end of the logs", .shown = "\"all\"" },
	{ 't', "timestamps", CLI_BOOL, AT(timestamps), "Show timestamps" },
	{ 0, "until", CLI_STRING, AT(until), "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or "
	  "relative (e.g. \"42m\" for 42 minutes)" },
	{ 0 },
};

static int print(void *context, int stream, const char *data, size_t n, struct err *err)
{
	(void)context;
	if (io_write_full(stream, data, n))
		return cli_file_error("write", stream == 1 ? "/dev/stdout" : "/dev/stderr", err);
	return 0;
}

static int feed_frames(void *demux, const char *data, size_t n, struct err *err)
{
	return cli_demux_feed(demux, data, n, print, NULL, err);
}

static int feed_raw(void *context, const char *data, size_t n, struct err *err)
{
	return print(context, 1, data, n, err);
}

static int add_moment(struct strbuf *path, const char *key, const char *text, struct err *err)
{
	struct timespec now;
	char moment[40];

	if (!text || !*text)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (cli_parse_moment(text, &now, moment, err))
		return err_wrap(err, "invalid value for \"%s\"", key);
	cli_query(path, key, moment);
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct cli_demux demux = { 0 };

	(void)n;
	AUTO_JSON json_t *container = cli_container_inspect(cli, args[0], err);
	if (!container)
		return -1;
	strbuf_addf(&path, "/containers/%s/logs?stdout=1&stderr=1", jsonx_str(container, "Id", ""));
	if (o->details)
		cli_query(&path, "details", "1");
	if (o->follow)
		cli_query(&path, "follow", "1");
	if (o->timestamps)
		cli_query(&path, "timestamps", "1");
	cli_query(&path, "tail", o->tail ? o->tail : "all");
	if (add_moment(&path, "since", o->since, err) || add_moment(&path, "until", o->until, err))
		return -1;
	bool tty = jsonx_bool(json_object_get(container, "Config"), "Tty", false);
	struct cli_request request = { .method = "GET", .path = path.data,
				       .sink = tty ? feed_raw : feed_frames, .context = &demux };
	return cli_api_do(&cli->api, &request, NULL, err) ? -1 : cli_demux_end(&demux, err);
}

const struct cli_command cli_cmd_logs = {
	.usage = "[OPTIONS] CONTAINER", .summary = "Fetch the logs of a container", .min = 1, .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
