/*
 * cmd_volume.c - docker volume: create, ls, rm, update. Inspect is in
 * cmd_inspect.c, prune in cmd_prune.c.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "each.h"
#include "list.h"
#include "rows.h"
#include "verbs.h"

/* ---- create -------------------------------------------------------------- */

struct create_options {
	json_t *body;
};

#define BODY offsetof(struct create_options, body)
static const struct cli_flag create_flags[] = {
	{ 'd', "driver", CLI_STRING, BODY, "Specify volume driver name", "Driver", .shown = "\"local\"" },
	{ 0, "label", CLI_MAP, BODY, "Set metadata for a volume", "Labels", .type = "list" },
	{ 0, "name", CLI_STRING, BODY, "Specify volume name", "Name", .hidden = true },
	{ 'o', "opt", CLI_MAP, BODY, "Set driver specific options", "DriverOpts", .shown = "map[]" },
	{ 0 },
};

static int run_create(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct create_options *o = options;
	AUTO_JSON json_t *created = NULL;

	o->body = o->body ? o->body : json_object();
	if (n && json_object_get(o->body, "Name"))
		return err_set(err, ERR_INVALID,
			       "conflicting options: cannot specify a volume-name through both --name and as a "
			       "positional arg");
	if (n)
		json_object_set_new(o->body, "Name", json_string(args[0]));
	if (!json_object_get(o->body, "Driver"))
		json_object_set_new(o->body, "Driver", json_string("local"));
	if (cli_api_call(&cli->api, "POST", "/volumes/create", o->body, &created, err))
		return -1;
	puts(jsonx_str(created, "Name", ""));
	return 0;
}

const struct cli_command cli_cmd_volume_create = {
	.usage = "[OPTIONS] [VOLUME]", .summary = "Create a volume", .max = 1,
	.options_size = sizeof(struct create_options), .flags = create_flags, .run = run_create,
};

/* ---- ls ------------------------------------------------------------------ */

struct ls_options {
	struct strlist filters;
	const char *format;
	bool quiet;
};

#define AT(field) offsetof(struct ls_options, field)
static const struct cli_flag ls_flags[] = {
	{ 'f', "filter", CLI_LIST, AT(filters), "Provide filter values (e.g. \"dangling=true\")", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Only display volume names" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Availability", "AVAILABILITY" }, { "Driver", "DRIVER" }, { "Group", "GROUP" }, { "Labels", "LABELS" },
	{ "Links", "LINKS" }, { "Mountpoint", "MOUNTPOINT" }, { "Name", "VOLUME NAME" }, { "Scope", "SCOPE" },
	{ "Size", "SIZE" }, { "Status", "STATUS" }, { NULL, NULL },
};

/* What only swarm has, and what only `system df` computes, is "N/A". */
json_t *cli_volume_row(const json_t *volume)
{
	json_t *row = json_object();

	cli_put(row, "Availability", "N/A");
	cli_put(row, "Driver", jsonx_str(volume, "Driver", ""));
	cli_put(row, "Group", "N/A");
	cli_put_pairs(row, "Labels", json_object_get(volume, "Labels"), true);
	cli_put(row, "Links", "N/A");
	cli_put(row, "Mountpoint", jsonx_str(volume, "Mountpoint", ""));
	cli_put(row, "Name", jsonx_str(volume, "Name", ""));
	cli_put(row, "Scope", jsonx_str(volume, "Scope", ""));
	cli_put(row, "Size", "N/A");
	cli_put(row, "Status", "N/A");
	return row;
}

static int run_ls(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct ls_options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_JSON json_t *answer = NULL;
	struct cli_list list = { .type = "*formatter.volumeContext", .headings = headings, .rows = json_array(),
				 .table = "{{.Driver}}\t{{.Name}}" };
	json_t *volume;
	size_t i;

	(void)args;
	(void)n;
	list.format = cli_list_format(o->format, cli_config_get(&cli->config, "volumesFormat"), o->quiet, "{{.Name}}");
	list.raw = o->quiet ? "name: {{.Name}}" : "name: {{.Name}}\ndriver: {{.Driver}}\n";
	strbuf_adds(&path, "/volumes");
	cli_filter_query(&path, &o->filters);
	int rc = cli_api_call(&cli->api, "GET", path.data, NULL, &answer, err);
	list.sources = json_incref(json_object_get(answer, "Volumes"));
	cli_sort_by(list.sources, "Name");
	json_array_foreach(list.sources, i, volume)
		json_array_append_new(list.rows, cli_volume_row(volume));
	if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_volume_ls = {
	.usage = "[OPTIONS]", .summary = "List volumes", .options_size = sizeof(struct ls_options),
	.flags = ls_flags, .run = run_ls,
};

/* ---- rm ------------------------------------------------------------------ */

struct rm_options {
	bool force;
};
static const struct cli_flag rm_flags[] = {
	{ 'f', "force", CLI_BOOL, offsetof(struct rm_options, force), "Force the removal of one or more volumes" },
	{ 0 },
};

static int remove_one(struct cli_api *api, const char *name, const void *context, struct err *err)
{
	const struct rm_options *o = context;
	AUTO_FREE char *path = cli_api_path("volumes", name, o->force ? "?force=1" : "", err);

	return path ? cli_api_call(api, "DELETE", path, NULL, NULL, err) : -1;
}

static int run_rm(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	return cli_each(cli, args, n, remove_one, options, err);
}

const struct cli_command cli_cmd_volume_rm = {
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Remove one or more volumes",
	.about = "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
	.min = 1, .max = -1, .options_size = sizeof(struct rm_options), .flags = rm_flags, .run = run_rm,
};

/* ---- update -------------------------------------------------------------- */

static int run_update(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)cli;
	(void)options;
	(void)args;
	(void)n;
	return err_set(err, ERR_UNSUPPORTED, "volume update is for the volumes of a swarm's cluster, and this client "
		       "has no swarm");
}

const struct cli_command cli_cmd_volume_update = {
	.usage = "[OPTIONS] [VOLUME]", .summary = "Update a volume (cluster volumes only)", .max = 1,
	.run = run_update,
};
