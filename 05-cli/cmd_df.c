/*
 * cmd_df.c - docker system df: what takes up the disk, and what of it nobody uses.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "df.h"
#include "human.h"
#include "list.h"
#include "verbs.h"

struct options {
	const char *format;
	bool verbose;
};

static const struct cli_flag flags[] = {
	{ 0, "format", CLI_STRING, offsetof(struct options, format), CLI_FORMAT_TABLE_HELP },
	{ 'v', "verbose", CLI_BOOL, offsetof(struct options, verbose), "Show detailed information on space usage" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Active", "ACTIVE" }, { "Reclaimable", "RECLAIMABLE" }, { "Size", "SIZE" }, { "TotalCount", "TOTAL" },
	{ "Type", "TYPE" }, { NULL, NULL },
};

/* Of one kind: how many, how many in use, their bytes, and those of the others. */
struct usage {
	size_t total, active;
	double size, reclaimable;
	bool percent;
};

static void add_row(json_t *rows, const char *type, const struct usage *u)
{
	json_t *row = json_object();
	char size[CLI_HUMAN_SIZE], text[CLI_HUMAN_SIZE];
	AUTO_FREE char *active = xasprintf("%zu", u->active), *total = xasprintf("%zu", u->total);
	AUTO_FREE char *percent = u->percent && u->size > 0 ? xasprintf(" (%d%%)", (int)(u->reclaimable * 100 / u->size))
							     : xstrdup("");
	AUTO_FREE char *reclaimable = xasprintf("%s%s", cli_human_size(u->reclaimable, 4, text), percent);

	cli_put(row, "Active", active);
	cli_put(row, "Reclaimable", reclaimable);
	cli_put(row, "Size", cli_human_size(u->size, 4, size));
	cli_put(row, "TotalCount", total);
	cli_put(row, "Type", type);
	json_array_append_new(rows, row);
}

/* Layers that several images share are there once; an unused image's own are reclaimable. */
static struct usage images(const json_t *df)
{
	struct usage u = { .size = (double)jsonx_int(df, "LayersSize", 0), .percent = true };
	double used = 0;
	json_t *image;
	size_t i;

	json_array_foreach(json_object_get(df, "Images"), i, image) {
		json_int_t size = jsonx_int(image, "Size", 0), shared = jsonx_int(image, "SharedSize", 0);
		u.total++;
		if (jsonx_int(image, "Containers", 0) <= 0)
			continue;
		u.active++;
		used += size < 0 || shared < 0 ? 0 : (double)(size - shared);
	}
	u.reclaimable = u.size - used;
	return u;
}

static struct usage containers(const json_t *df)
{
	struct usage u = { .percent = true };
	json_t *container;
	size_t i;

	json_array_foreach(json_object_get(df, "Containers"), i, container) {
		const char *state = jsonx_str(container, "State", "");
		bool active = !strcmp(state, "running") || !strcmp(state, "paused") || !strcmp(state, "restarting");
		double size = (double)jsonx_int(container, "SizeRw", 0);
		u.total++;
		u.active += active;
		u.size += size;
		u.reclaimable += active ? 0 : size;
	}
	return u;
}

static struct usage volumes(const json_t *df)
{
	struct usage u = { .percent = true };
	json_t *volume;
	size_t i;

	json_array_foreach(json_object_get(df, "Volumes"), i, volume) {
		const json_t *data = json_object_get(volume, "UsageData");
		json_int_t size = jsonx_int(data, "Size", -1);
		bool active = jsonx_int(data, "RefCount", -1) > 0;
		u.total++;
		u.active += active;
		u.size += size > 0 ? (double)size : 0;
		u.reclaimable += size > 0 && !active ? (double)size : 0;
	}
	return u;
}

static struct usage cache(const json_t *df)
{
	struct usage u = { 0 };
	json_t *record;
	size_t i;

	json_array_foreach(json_object_get(df, "BuildCache"), i, record) {
		bool active = jsonx_bool(record, "InUse", false), shared = jsonx_bool(record, "Shared", false);
		double size = shared ? 0 : (double)jsonx_int(record, "Size", 0);
		u.total++;
		u.active += active;
		u.size += size;
		u.reclaimable += active ? 0 : size;
	}
	return u;
}

static int print_summary(const struct options *o, const json_t *df, struct err *err)
{
	struct cli_list list = { .type = "*formatter.diskUsageImagesContext", .headings = headings, .rows = json_array(),
				 .format = o->format, .raw = "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\n"
							      "size: {{.Size}}\nreclaimable: {{.Reclaimable}}\n",
				 .table = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}" };
	struct usage usage[] = { images(df), containers(df), volumes(df), cache(df) };
	static const char *const types[] = { "Images", "Containers", "Local Volumes", "Build Cache" };

	for (size_t i = 0; i < 4; i++)
		add_row(list.rows, types[i], &usage[i]);
	int rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_JSON json_t *df = NULL;

	(void)args;
	(void)n;
	if (cli_api_call(&cli->api, "GET", "/system/df", NULL, &df, err))
		return -1;
	return o->verbose ? cli_df_verbose(df, o->format, err) : print_summary(o, df, err);
}

const struct cli_command cli_cmd_df = {
	.usage = "[OPTIONS]", .summary = "Show docker disk usage", .options_size = sizeof(struct options),
	.flags = flags, .run = run,
};
