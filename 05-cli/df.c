/*
 * df.c - see df.h. Each table is a list of its own, with one template.
 */
#include "df.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "format.h"
#include "human.h"
#include "list.h"
#include "rows.h"

static void put_size(json_t *row, const char *field, json_int_t size, int digits)
{
	char text[CLI_HUMAN_SIZE];

	cli_put(row, field, size < 0 ? "N/A" : cli_human_size((double)size, digits, text));
}

static void put_count(json_t *row, const char *field, json_int_t count)
{
	AUTO_FREE char *text = xasprintf("%lld", (long long)count);

	cli_put(row, field, text);
}

static void put_ago(json_t *row, const char *field, const char *rfc3339)
{
	struct tm tm = { 0 };
	AUTO_FREE char *ago = strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) ? cli_ago(timegm(&tm)) : xstrdup("");

	cli_put(row, field, ago);
}

/* ---- rows ---------------------------------------------------------------- */

/* `whole`: as a template has them, with IDs uncut. */
static json_t *image_rows(const json_t *df, bool whole)
{
	json_t *rows = json_array(), *image;
	size_t i;

	json_array_foreach(json_object_get(df, "Images"), i, image) {
		json_int_t size = jsonx_int(image, "Size", 0), shared = jsonx_int(image, "SharedSize", -1);
		json_t *lines = json_array();
		cli_image_rows(image, lines);
		json_t *row = json_array_get(lines, 0); /* one of its names is enough */
		if (whole) {
			cli_put(row, "Digest", "");
			cli_put(row, "ID", jsonx_str(image, "Id", ""));
		}
		put_count(row, "Containers", jsonx_int(image, "Containers", 0));
		put_size(row, "SharedSize", shared, 4);
		put_size(row, "UniqueSize", shared < 0 ? -1 : size - shared, 4);
		json_array_append(rows, row);
		json_decref(lines);
	}
	return rows;
}

static json_t *container_rows(const json_t *df, bool whole)
{
	json_t *rows = json_array(), *container;
	size_t i;

	json_array_foreach(json_object_get(df, "Containers"), i, container) {
		json_t *row = cli_container_row(container, whole);
		put_size(row, "Size", jsonx_int(container, "SizeRw", 0), 3);
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *volume_rows(const json_t *df)
{
	json_t *rows = json_array(), *volume;
	size_t i;

	json_array_foreach(json_object_get(df, "Volumes"), i, volume) {
		const json_t *data = json_object_get(volume, "UsageData");
		json_t *row = cli_volume_row(volume);
		put_count(row, "Links", jsonx_int(data, "RefCount", 0));
		put_size(row, "Size", jsonx_int(data, "Size", -1), 4);
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *cache_rows(const json_t *df, bool whole)
{
	json_t *rows = json_array(), *records = json_object_get(df, "BuildCache"), *record;
	size_t i;

	cli_sort_by_time(records, "LastUsedAt");
	json_array_foreach(records, i, record) {
		json_t *row = json_object();
		AUTO_FREE char *id = cli_short_id(jsonx_str(record, "ID", ""), whole);
		AUTO_FREE char *created = cli_go_time(jsonx_str(record, "CreatedAt", ""));
		AUTO_FREE char *used = cli_go_time(jsonx_str(record, "LastUsedAt", ""));
		cli_put(row, "CacheType", jsonx_str(record, "Type", ""));
		cli_put(row, "CreatedAt", created);
		put_ago(row, "CreatedSince", jsonx_str(record, "CreatedAt", ""));
		cli_put(row, "Description", jsonx_str(record, "Description", ""));
		cli_put(row, "ID", id);
		cli_put(row, "InUse", jsonx_bool(record, "InUse", false) ? "true" : "false");
		cli_put(row, "LastUsedAt", used);
		put_ago(row, "LastUsedSince", jsonx_str(record, "LastUsedAt", ""));
		cli_put(row, "Parent", jsonx_str(record, "Parent", ""));
		cli_put(row, "Shared", jsonx_bool(record, "Shared", false) ? "true" : "false");
		put_size(row, "Size", jsonx_int(record, "Size", 0), 3);
		put_count(row, "UsageCount", jsonx_int(record, "UsageCount", 0));
		json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- tables -------------------------------------------------------------- */

static const struct cli_heading headings[] = {
	{ "CacheType", "CACHE TYPE" }, { "Command", "COMMAND" }, { "Containers", "CONTAINERS" },
	{ "CreatedSince", "CREATED" }, { "ID", "ID" }, { "Image", "IMAGE" }, { "InUse", "IN USE" },
	{ "LastUsedSince", "LAST USED" }, { "Links", "LINKS" }, { "LocalVolumes", "LOCAL VOLUMES" }, { "Name", "VOLUME NAME" }, { "Names", "NAMES" },
	{ "Repository", "REPOSITORY" }, { "RunningFor", "CREATED" }, { "Shared", "SHARED" },
	{ "SharedSize", "SHARED SIZE" }, { "Size", "SIZE" }, { "Status", "STATUS" }, { "Tag", "TAG" },
	{ "UniqueSize", "UNIQUE SIZE" }, { "UsageCount", "USAGE" }, { NULL, NULL },
};

static struct cli_heading *with_id(const char *id)
{
	struct cli_heading *own = xmalloc(sizeof headings);

	memcpy(own, headings, sizeof headings);
	for (struct cli_heading *h = own; h->field; h++)
		if (!strcmp(h->field, "ID"))
			h->heading = id;
	return own;
}

static int print_table(const char *title, const char *id, const char *columns, json_t *rows, struct err *err)
{
	AUTO_FREE struct cli_heading *own = with_id(id);
	struct cli_list list = { .type = "row", .headings = own, .rows = rows, .table = columns };

	printf("%s\n\n", title);
	int rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

#define RAW "{{range .Images}}type: Image\nrepository: {{.Repository}}\ntag: {{.Tag}}\ndigest: {{.Digest}}\n" \
	"image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n\n{{end}}" \
	"{{range .Containers}}type: Container\ncontainer_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\n" \
	"created_at: {{.CreatedAt}}\nstate: {{.State}}\nstatus: {{.Status}}\nnames: {{.Names}}\nlabels: {{- .Labels}}\n" \
	"ports: {{- .Ports}}\nsize: {{.Size}}\n\n{{end}}" \
	"{{range .Volumes}}type: Volume\nname: {{.Name}}\ndriver: {{.Driver}}\n\n{{end}}" \
	"{{range .BuildCache}}type: Build Cache\nbuild_cache_id: {{.ID}}\nparent_id: {{.Parent}}\n" \
	"build_cache_type: {{.CacheType}}\ndescription: {{.Description}}\ncreated_at: {{.CreatedAt}}\n" \
	"created_since: {{.CreatedSince}}\nlast_used_at: {{.LastUsedAt}}\nlast_used_since: {{.LastUsedSince}}\n" \
	"usage_count: {{.UsageCount}}\nin_use: {{.InUse}}\nshared: {{.Shared}}\n\n{{end}}"

/* One template for all of it, and no line's end behind it: so the real client does it. */
static int print_document(const json_t *df, const char *format, struct err *err)
{
	AUTO_FREE char *text = !strcmp(format, "json") ? xstrdup("{{json .}}") : !strcmp(format, "raw") ? xstrdup(RAW)
			       : cli_list_template(format);
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	AUTO_JSON json_t *doc =
		json_pack("{s:o, s:o, s:o, s:o}", "Images", image_rows(df, true), "Containers", container_rows(df, true),
			  "Volumes", volume_rows(df), "BuildCache", cache_rows(df, true));
	struct cli_template *t = cli_template_parse(text, err);

	if (!t)
		return err_wrap(err, "template parsing error");
	int rc = cli_format_run(t, "*formatter.diskUsageContext", doc, &out, err);
	cli_template_free(t);
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout); /* what came before a mistake comes before what is said of it */
	return rc;
}

static char *cache_title(const json_t *df)
{
	char size[CLI_HUMAN_SIZE];
	double bytes = 0;
	json_t *record;
	size_t i;

	json_array_foreach(json_object_get(df, "BuildCache"), i, record)
		bytes += jsonx_bool(record, "Shared", false) ? 0 : (double)jsonx_int(record, "Size", 0);
	return xasprintf("\nBuild cache usage: %s", cli_human_size(bytes, 4, size));
}

int cli_df_verbose(const json_t *df, const char *format, struct err *err)
{
	if (format && *format && strcmp(format, "table"))
		return print_document(df, format, err);
	if (print_table("Images space usage:", "IMAGE ID",
			"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t"
			"{{.Containers}}", image_rows(df, false), err) ||
	    print_table("\nContainers space usage:", "CONTAINER ID",
			"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t"
			"{{.Names}}", container_rows(df, false), err) ||
	    print_table("\nLocal Volumes space usage:", "ID", "{{.Name}}\t{{.Links}}\t{{.Size}}", volume_rows(df), err))
		return -1;
	AUTO_FREE char *title = cache_title(df);
	return print_table(title, "CACHE ID",
			   "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}", cache_rows(df, false), err);
}
