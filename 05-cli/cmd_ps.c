/*
 * cmd_ps.c - docker ps: the containers, a line each.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "human.h"
#include "list.h"
#include "ports.h"
#include "rows.h"
#include "table.h"
#include "verbs.h"

#define COMMAND_WIDTH 20
#define MOUNT_WIDTH 15

struct options {
	struct strlist filters;
	const char *format;
	struct cli_number last;
	bool all, latest, whole, quiet, size;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Show all containers (default shows just running)" },
	{ 'f', "filter", CLI_LIST, AT(filters), "Filter output based on conditions provided", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 'n', "last", CLI_INT, AT(last), "Show n last created containers (includes all states)", .shown = "-1" },
	{ 'l', "latest", CLI_BOOL, AT(latest), "Show the latest created container (includes all states)" },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Don't truncate output" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Only display container IDs" },
	{ 's', "size", CLI_BOOL, AT(size), "Display total file sizes" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Command", "COMMAND" }, { "CreatedAt", "CREATED AT" }, { "ID", "CONTAINER ID" }, { "Image", "IMAGE" },
	{ "Labels", "LABELS" }, { "LocalVolumes", "LOCAL VOLUMES" }, { "Mounts", "MOUNTS" }, { "Names", "NAMES" },
	{ "Networks", "NETWORKS" }, { "Ports", "PORTS" }, { "RunningFor", "CREATED" }, { "Size", "SIZE" },
	{ "State", "STATE" }, { "Status", "STATUS" }, { "Platform", "PLATFORM" }, { NULL, NULL },
};

/* ---- cells --------------------------------------------------------------- */

/* A cell that is a list: the parts joined by commas. */
static void add_part(struct strbuf *sb, const char *part)
{
	strbuf_addf(sb, "%s%s", sb->len ? "," : "", part);
}

static void put_list(json_t *row, const char *field, struct strbuf *sb)
{
	cli_put(row, field, sb->len ? sb->data : "");
	strbuf_clear(sb);
}

/* In quotes, as Go's %q. */
static void put_command(json_t *row, const json_t *container, bool whole)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const char *command = jsonx_str(container, "Command", "");
	AUTO_FREE char *text = whole ? xstrdup(command) : cli_text_ellipsis(command, COMMAND_WIDTH);

	strbuf_addc(&sb, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_addf(&sb, "\\%c", *c);
		else if (*c == '\n' || *c == '\t' || *c == '\r')
			strbuf_addf(&sb, "\\%c", *c == '\n' ? 'n' : *c == '\t' ? 't' : 'r');
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			strbuf_addf(&sb, "\\x%02x", *c);
		else
			strbuf_addc(&sb, *c);
	}
	strbuf_addc(&sb, '"');
	cli_put(row, "Command", sb.data);
}

/* An image that only has its ID is shown by that, in short. */
static void put_image(json_t *row, const json_t *container, bool whole)
{
	const char *image = jsonx_str(container, "Image", "");
	AUTO_FREE char *id = cli_short_id(jsonx_str(container, "ImageID", ""), false);
	AUTO_FREE char *named = cli_short_id(image, false);

	if (!*image)
		cli_put(row, "Image", "<no image>");
	else if (!whole && !strcmp(id, named) && strlen(id) == 12)
		cli_put(row, "Image", id);
	else
		json_object_set_new(row, "Image", json_stringn(image, whole ? strlen(image) : strcspn(image, "@")));
}

/* A name with another slash in it is an alias through a link. */
static void put_names(json_t *row, const json_t *container, bool whole)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(container, "Names"), i, name) {
		const char *text = json_string_value(name);
		text = text && *text == '/' ? text + 1 : text;
		if (text && (whole || !strchr(text, '/')))
			add_part(&sb, text);
	}
	put_list(row, "Names", &sb);
}

static void put_mounts(json_t *row, const json_t *container, bool whole)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	char count[16];
	int local = 0;
	json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(container, "Mounts"), i, mount) {
		const char *name = jsonx_str(mount, "Name", "");
		name = *name ? name : jsonx_str(mount, "Source", "");
		AUTO_FREE char *text = whole ? xstrdup(name) : cli_text_ellipsis(name, MOUNT_WIDTH);
		add_part(&sb, text);
		local += !strcmp(jsonx_str(mount, "Driver", ""), "local");
	}
	snprintf(count, sizeof count, "%d", local);
	cli_put(row, "LocalVolumes", count);
	put_list(row, "Mounts", &sb);
}

static void put_size(json_t *row, const json_t *container)
{
	char own[CLI_HUMAN_SIZE], all[CLI_HUMAN_SIZE];
	json_int_t total = jsonx_int(container, "SizeRootFs", 0);

	cli_human_size((double)jsonx_int(container, "SizeRw", 0), 3, own);
	cli_human_size((double)total, 3, all);
	AUTO_FREE char *text = total > 0 ? xasprintf("%s (virtual %s)", own, all) : xstrdup(own);
	cli_put(row, "Size", text);
}

/* In the order of the fields' names, as JSON of Go's maps is. */
json_t *cli_container_row(const json_t *container, bool whole)
{
	json_t *row = json_object();
	json_int_t created = jsonx_int(container, "Created", 0);
	AUTO_FREE char *id = cli_short_id(jsonx_str(container, "Id", ""), whole);
	AUTO_FREE char *ago = cli_ago(created);
	AUTO_STRBUF struct strbuf ports = STRBUF_INIT;
	char when[CLI_HUMAN_SIZE];

	put_command(row, container, whole);
	cli_put(row, "CreatedAt", cli_human_time((time_t)created, when));
	cli_put(row, "ID", id);
	put_image(row, container, whole);
	cli_put_pairs(row, "Labels", json_object_get(container, "Labels"), true);
	put_mounts(row, container, whole);
	put_names(row, container, whole);
	cli_put_pairs(row, "Networks", jsonx_at(container, "NetworkSettings.Networks"), false);
	json_object_set_new(row, "Platform", json_null());
	cli_ports_show(json_object_get(container, "Ports"), &ports);
	cli_put(row, "Ports", ports.len ? ports.data : "");
	cli_put(row, "RunningFor", ago);
	put_size(row, container);
	cli_put(row, "State", jsonx_str(container, "State", ""));
	cli_put(row, "Status", jsonx_str(container, "Status", ""));
	return row;
}

/* ---- the verb ------------------------------------------------------------ */

/* pad: no blank at the end where there is nothing. */
#define RAW                                                                                                 \
	"container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n"     \
	"state:{{pad .State 1 0}}\nstatus:{{pad .Status 1 0}}\nnames: {{.Names}}\nlabels:{{pad .Labels 1 0}}\n" \
	"ports:{{pad .Ports 1 0}}\n"

static char *list_path(const struct options *o, bool size)
{
	struct strbuf path = STRBUF_INIT;
	char limit[24];
	int64_t last = o->last.set ? o->last.value : o->latest ? 1 : -1;

	strbuf_adds(&path, "/containers/json");
	if (o->all)
		cli_query(&path, "all", "1");
	if (last > 0) {
		snprintf(limit, sizeof limit, "%lld", (long long)last);
		cli_query(&path, "limit", limit);
	}
	if (size)
		cli_query(&path, "size", "1");
	cli_filter_query(&path, &o->filters);
	return strbuf_steal(&path);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	const char *format = o->format ? o->format : cli_config_get(&cli->config, "psFormat");
	/* The daemon has to walk the files for it, so it is asked for only where it is shown. */
	bool size = o->size || (format && (strstr(format, ".Size") || strstr(format, "json .}")));
	AUTO_FREE char *path = list_path(o, size);
	struct cli_list list = { .type = "*formatter.ContainerContext", .headings = headings, .rows = json_array() };
	json_t *container;
	size_t i;

	(void)args;
	(void)n;
	list.early = true;
	if (o->quiet && o->format && *o->format)
		cli_complain("WARNING: Ignoring custom format, because both --format and --quiet are set.");
	list.format = o->quiet && (!format || strcmp(format, "raw")) ? "{{.ID}}" : format;
	list.raw = o->quiet ? "container_id: {{.ID}}" : o->size ? RAW "size: {{.Size}}\n" : RAW;
	list.table = o->size ? "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}"
			     : "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
	int rc = cli_api_call(&cli->api, "GET", path, NULL, &list.sources, err);
	json_array_foreach(list.sources, i, container)
		json_array_append_new(list.rows, cli_container_row(container, o->whole));
	if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_ps = {
	.usage = "[OPTIONS]", .summary = "List containers", .options_size = sizeof(struct options),
	.flags = flags, .run = run,
};
