/*
 * cmd_stats.c - docker stats: what containers use of the machine, drawn anew
 * twice a second.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "lines.h"
#include "list.h"
#include "stats.h"
#include "verbs.h"

#define FIRST_MS 5000   /* to wait for the first of everybody's numbers */
#define REDRAW_NS 500000000L

struct options {
	const char *format;
	bool all, once, whole;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Show all containers (default shows just running)" },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 0, "no-stream", CLI_BOOL, AT(once), "Disable streaming stats and only pull the first result" },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Do not truncate output" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "BlockIO", "BLOCK I/O" }, { "CPUPerc", "CPU %" }, { "Container", "CONTAINER" }, { "ID", "CONTAINER ID" },
	{ "MemPerc", "MEM %" }, { "MemUsage", "MEM USAGE / LIMIT" }, { "Name", "NAME" }, { "NetIO", "NET I/O" },
	{ "PIDs", "PIDS" }, { NULL, NULL },
};

/* Over the last one, each line's rest and what is below it erased: a screen that was cleared first would flicker. */
static void put_frame(const char *text, bool over)
{
	fputs(over ? "\033[H" : "", stdout);
	for (const char *end; *text; text = end + 1) {
		end = strchrnul(text, '\n');
		printf("%.*s%s\n", (int)(end - text), text, over ? "\033[K" : "");
		if (!*end)
			break;
	}
	fputs(over ? "\033[J" : "", stdout);
}

static int draw(struct cli_stats *s, const struct options *o, const char *format, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct cli_list list = { .type = "*container.statsContext", .headings = headings, .rows = json_array(),
				 .format = format,
				 .table = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t"
					  "{{.BlockIO}}\t{{.PIDs}}" };

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i]->dropped)
			json_array_append_new(list.rows, cli_stats_row(s->v[i], o->whole));
	pthread_mutex_unlock(&s->lock);
	int rc = cli_list_add(&list, &text, err);
	cli_list_free(&list);
	if (!rc)
		put_frame(text.data ? text.data : "", !o->once);
	if (!rc && fflush(stdout))
		rc = cli_file_error("write", "/dev/stdout", err);
	return rc;
}

/* ---- who comes and goes -------------------------------------------------- */

struct events {
	struct cli_stats *stats;
	struct cli_api api;
	struct strbuf line;
	bool all;
};

static int take_event(void *context, const char *text, size_t n, struct err *err)
{
	struct events *e = context;
	AUTO_JSON json_t *event = cli_ansi_plain(jsonx_parse(text, n, "event", err));
	const char *id = jsonx_str(event, "id", jsonx_str(json_object_get(event, "Actor"), "ID", ""));
	const char *action = jsonx_str(event, "Action", jsonx_str(event, "status", ""));

	if (!event)
		return -1;
	if (!strcmp(action, e->all ? "create" : "start"))
		cli_stats_watch(e->stats, id);
	if (!strcmp(action, e->all ? "destroy" : "die"))
		cli_stats_drop(e->stats, id);
	return 0;
}

static int feed_events(void *context, const char *data, size_t n, struct err *err)
{
	struct events *e = context;

	return cli_lines_feed(&e->line, data, n, take_event, e, err);
}

static void *follow_events(void *argument)
{
	struct events *e = argument;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct cli_request request = { .method = "GET", .sink = feed_events, .context = e };
	struct err ignored;

	strbuf_adds(&path, "/events");
	cli_query(&path, "filters", "{\"type\":{\"container\":true}}");
	request.path = path.data;
	(void)cli_api_do(&e->api, &request, NULL, &ignored);
	return NULL;
}

static int watch_all(struct cli *cli, struct cli_stats *s, bool all, struct err *err)
{
	AUTO_JSON json_t *containers = NULL;
	json_t *container;
	size_t i;

	if (cli_api_call(&cli->api, "GET", all ? "/containers/json?all=1" : "/containers/json", NULL, &containers, err))
		return -1;
	json_array_foreach(containers, i, container)
		cli_stats_watch(s, jsonx_str(container, "Id", ""));
	return 0;
}

/* ---- the verb ------------------------------------------------------------ */

static int first_failure(struct cli_stats *s, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n && !rc; i++)
		if (s->v[i]->failed) {
			*err = s->v[i]->err;
			rc = -1;
		}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* With names, the end of the last of them is the end; else it goes on. */
static bool all_ended(struct cli_stats *s)
{
	bool ended = true;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		ended = ended && s->v[i]->ended;
	pthread_mutex_unlock(&s->lock);
	return ended;
}

static int keep_drawing(struct cli_stats *s, const struct options *o, const char *format, bool named, struct err *err)
{
	static const struct timespec pause = { .tv_nsec = REDRAW_NS };

	while (!draw(s, o, format, err)) {
		if (named && all_ended(s))
			return first_failure(s, err);
		nanosleep(&pause, NULL);
	}
	return -1;
}

static int show(struct cli *cli, struct cli_stats *s, const struct options *o, char **args, int n, struct err *err)
{
	const char *format = o->format ? o->format : cli_config_get(&cli->config, "statsFormat");

	for (int i = 0; i < n; i++)
		cli_stats_watch(s, args[i]);
	if (!n && watch_all(cli, s, o->all, err))
		return -1;
	cli_stats_settle(s, FIRST_MS);
	if (n && first_failure(s, err))
		return -1;
	return o->once ? draw(s, o, format, err) : keep_drawing(s, o, format, n > 0, err);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_stats s;
	struct events events;
	pthread_t thread;
	bool follow = !n && !o->once;

	if (cli_api_negotiate(&cli->api, err))
		return -1;
	cli_stats_init(&s, &cli->api, !o->once);
	events = (struct events){ .stats = &s, .api = s.api, .all = o->all };
	if (follow && pthread_create(&thread, NULL, follow_events, &events)) {
		cli_stats_end(&s);
		return err_set(err, ERR_SYSTEM, "no thread to follow events with");
	}
	int rc = show(cli, &s, o, args, n, err);
	atomic_store(&s.over, true);
	if (follow)
		pthread_join(thread, NULL);
	if (events.api.easy)
		curl_easy_cleanup(events.api.easy);
	strbuf_free(&events.line);
	cli_stats_end(&s);
	return rc;
}

const struct cli_command cli_cmd_stats = {
	.usage = "[OPTIONS] [CONTAINER...]", .summary = "Display a live stream of container(s) resource usage statistics",
	.max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
