/*
 * cmd_events.c - docker events: what happens in the daemon, as it happens.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "format.h"
#include "human.h"
#include "lines.h"
#include "list.h"
#include "units.h"
#include "value.h"
#include "verbs.h"

struct options {
	struct strlist filters;
	const char *format, *since, *until;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'f', "filter", CLI_LIST, AT(filters), "Filter output based on conditions provided", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_HELP },
	{ 0, "since", CLI_STRING, AT(since), "Show all events created since timestamp" },
	{ 0, "until", CLI_STRING, AT(until), "Stream events until this timestamp" },
	{ 0 },
};

struct printer {
	struct strbuf line;
	struct cli_template *format; /* NULL: Docker's own line */
	bool json;
	struct cli *cli;
};

/* That the user's template is to blame has an exit status of its own. */
static int bad_format(struct cli *cli, struct err *err)
{
	cli->status = CLI_STATUS_TEMPLATE;
	return err_wrap(err, "Error parsing format");
}

/* " (exitCode=0, image=busybox)", sorted. */
static void add_attributes(struct strbuf *sb, const json_t *attributes)
{
	size_t n;
	AUTO_FREE const char **keys = jsonx_sorted_keys(attributes, &n);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s%s=%s", i ? ", " : " (", keys[i], jsonx_str(attributes, keys[i], ""));
	if (n)
		strbuf_addc(sb, ')');
}

/* "2026-01-02T03:04:05.000000006+00:00", in the local zone. */
static void add_time(struct strbuf *sb, json_int_t ns)
{
	char date[CLI_HUMAN_SIZE];
	const char *zone = cli_human_date((time_t)(ns / 1000000000), date) + strlen("2026-01-02T03:04:05");

	strbuf_addf(sb, "%.*s.%09lld%s ", (int)(zone - date), date, (long long)(ns % 1000000000), zone);
}

static int print_event(const struct printer *p, json_t *event, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const json_t *actor = json_object_get(event, "Actor");

	if (p->json) {
		AUTO_FREE char *text = cli_value_json(event);
		strbuf_adds(&sb, text);
	} else if (p->format) {
		if (cli_format_run(p->format, "*events.Message", event, &sb, err))
			return bad_format(p->cli, err);
	} else {
		add_time(&sb, jsonx_int(event, "timeNano", 0));
		strbuf_addf(&sb, "%s %s %s", jsonx_str(event, "Type", ""), jsonx_str(event, "Action", ""),
			    jsonx_str(actor, "ID", ""));
		add_attributes(&sb, json_object_get(actor, "Attributes"));
	}
	puts(sb.len ? sb.data : "");
	return fflush(stdout) ? cli_file_error("write", "/dev/stdout", err) : 0;
}

static int take_event(void *printer, const char *text, size_t n, struct err *err)
{
	AUTO_JSON json_t *event = cli_ansi_plain(jsonx_parse(text, n, "event", err));

	return event ? print_event(printer, event, err) : -1;
}

static int feed(void *context, const char *data, size_t n, struct err *err)
{
	struct printer *p = context;

	return cli_lines_feed(&p->line, data, n, take_event, p, err);
}

static int add_moment(struct strbuf *path, const char *key, const char *text, struct err *err)
{
	struct timespec now;
	char moment[40];

	if (!text)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (cli_parse_moment(text, &now, moment, err))
		return -1;
	cli_query(path, key, moment);
	return 0;
}

/* A field that events have not is told before there are any. */
static int try_format(const struct printer *p, struct err *err)
{
	AUTO_STRBUF struct strbuf ignored = STRBUF_INIT;
	AUTO_JSON json_t *none = json_object();

	return cli_format_run(p->format, "*events.Message", none, &ignored, err);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct printer p = { .json = o->format && !strcmp(o->format, "json"), .cli = cli };
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	(void)args;
	(void)n;
	if (o->format && *o->format && !p.json && (!(p.format = cli_template_parse(o->format, err)) || try_format(&p, err))) {
		cli_template_free(p.format);
		return bad_format(cli, err);
	}
	strbuf_adds(&path, "/events");
	int rc = add_moment(&path, "since", o->since, err) || add_moment(&path, "until", o->until, err) ? -1 : 0;
	cli_filter_query(&path, &o->filters);
	struct cli_request request = { .method = "GET", .path = path.data, .sink = feed, .context = &p };
	if (!rc)
		rc = cli_api_do(&cli->api, &request, NULL, err);
	strbuf_free(&p.line);
	cli_template_free(p.format);
	return rc;
}

const struct cli_command cli_cmd_events = {
	.usage = "[OPTIONS]", .summary = "Get real time events from the server",
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
