/*
 * cmd_history.c - docker history: the steps that made an image.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "human.h"
#include "list.h"
#include "platform.h"
#include "table.h"
#include "verbs.h"

#define CREATED_BY_WIDTH 45

struct options {
	const char *format, *platform;
	bool human, whole, quiet;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 'H', "human", CLI_BOOL, AT(human), "Print sizes and dates in human readable format", .shown = "true" },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Don't truncate output" },
	{ 0, "platform", CLI_STRING, AT(platform), "Show history for the given platform. Formatted as "
	  "\"os[/arch[/variant]]\" (e.g., \"linux/amd64\")", .api = "1.48" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Only show image IDs" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Comment", "COMMENT" }, { "CreatedAt", "CREATED AT" }, { "CreatedBy", "CREATED BY" },
	{ "CreatedSince", "CREATED" }, { "ID", "IMAGE" }, { "Size", "SIZE" }, { NULL, NULL },
};

#define TABLE(created) "{{.ID}}\t{{." created "}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"

static json_t *make_row(const json_t *step, const struct options *o)
{
	json_t *row = json_object();
	json_int_t created = jsonx_int(step, "Created", 0), size = jsonx_int(step, "Size", 0);
	AUTO_FREE char *id = cli_short_id(jsonx_str(step, "Id", ""), o->whole);
	AUTO_FREE char *by = xstrdup(jsonx_str(step, "CreatedBy", ""));
	AUTO_FREE char *ago = created > 0 ? cli_ago(created) : xstrdup("N/A");
	char text[CLI_HUMAN_SIZE];

	for (char *c = by; *c; c++)
		if (*c == '\t')
			*c = ' ';
	AUTO_FREE char *shown = o->whole ? xstrdup(by) : cli_text_ellipsis(by, CREATED_BY_WIDTH);
	cli_put(row, "Comment", jsonx_str(step, "Comment", ""));
	cli_human_date((time_t)created, text);
	cli_put(row, "CreatedAt", text);
	cli_put(row, "CreatedBy", shown);
	cli_put(row, "CreatedSince", o->human ? ago : text);
	cli_put(row, "ID", id);
	if (o->human)
		cli_human_size((double)size, 3, text);
	else
		snprintf(text, sizeof text, "%lld", (long long)size);
	cli_put(row, "Size", text);
	return row;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_FREE char *base = cli_api_path("images", args[0], "/history", err);
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct cli_list list = { .type = "*image.historyContext", .headings = headings, .rows = json_array(),
				 .format = cli_list_format(o->format, NULL, o->quiet, "{{.ID}}"),
				 .table = o->human ? TABLE("CreatedSince") : TABLE("CreatedAt") };
	json_t *step;
	size_t i;

	(void)n;
	strbuf_adds(&path, base ? base : "");
	int rc = base ? cli_platform_query(&path, o->platform, err) : -1;
	if (!rc)
		rc = cli_api_call(&cli->api, "GET", path.data, NULL, &list.sources, err);
	json_array_foreach(list.sources, i, step)
		json_array_append_new(list.rows, make_row(step, o));
	if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_history = {
	.usage = "[OPTIONS] IMAGE", .summary = "Show the history of an image", .min = 1, .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
