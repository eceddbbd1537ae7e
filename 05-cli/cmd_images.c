/*
 * cmd_images.c - docker images: a line per name of every image.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "human.h"
#include "images_tree.h"
#include "list.h"
#include "rows.h"
#include "verbs.h"

struct options {
	struct strlist filters;
	const char *format;
	bool all, digests, whole, quiet, tree;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Show all images (default hides intermediate images)" },
	{ 0, "digests", CLI_BOOL, AT(digests), "Show digests" },
	{ 'f', "filter", CLI_LIST, AT(filters), "Filter output based on conditions provided", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Don't truncate output" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Only show image IDs" },
	{ 0, "tree", CLI_BOOL, AT(tree), "List multi-platform images as a tree (EXPERIMENTAL)", .api = "1.47" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Containers", "CONTAINERS" }, { "CreatedAt", "CREATED AT" }, { "CreatedSince", "CREATED" },
	{ "Digest", "DIGEST" }, { "ID", "IMAGE ID" }, { "Repository", "REPOSITORY" },
	{ "SharedSize", "SHARED SIZE" }, { "Size", "SIZE" }, { "Tag", "TAG" }, { "UniqueSize", "UNIQUE SIZE" },
	{ "VirtualSize", "SIZE" }, { NULL, NULL },
};

#define TREE_MIN 20 /* columns */

static const char none[] = "<none>";

/* Where the lines of one image go. */
struct lines {
	struct cli_list *list;
	json_t *image;
	bool whole;
};

static void add_line(const struct lines *l, const char *repository, const char *tag, const char *digest)
{
	json_t *row = json_object();
	json_int_t created = jsonx_int(l->image, "Created", 0);
	json_int_t containers = jsonx_int(l->image, "Containers", -1); /* -1: not counted */
	double size = (double)jsonx_int(l->image, "Size", 0);
	AUTO_FREE char *used = containers < 0 ? xstrdup("N/A") : xasprintf("%lld", (long long)containers);
	AUTO_FREE char *id = cli_short_id(jsonx_str(l->image, "Id", ""), l->whole);
	AUTO_FREE char *ago = created > 0 ? cli_ago(created) : xstrdup("N/A");
	char text[CLI_HUMAN_SIZE];

	cli_put(row, "Containers", used);
	cli_put(row, "CreatedAt", cli_human_time((time_t)created, text));
	cli_put(row, "CreatedSince", ago);
	cli_put(row, "Digest", digest);
	cli_put(row, "ID", id);
	cli_put(row, "Repository", repository);
	cli_put(row, "SharedSize", "N/A");
	cli_put(row, "Size", cli_human_size(size, 3, text));
	cli_put(row, "Tag", tag);
	cli_put(row, "UniqueSize", "N/A");
	cli_put(row, "VirtualSize", cli_human_size(size, 4, text));
	json_array_append_new(l->list->rows, row);
	json_array_append(l->list->sources, l->image);
}

/* "name:tag" or "name@digest" in two; the name is new, the rest borrowed. */
static char *split_name(const char *text, char separator, const char **rest)
{
	const char *at = strrchr(text, separator);

	if (separator == '@')
		at = strchr(text, '@');
	*rest = at ? at + 1 : none;
	return xstrndup(text, at ? (size_t)(at - text) : strlen(text));
}

/* A line for each digest of this repository; none: one line without a digest. */
static void add_digests(const struct lines *l, const char *repository, const char *tag)
{
	json_t *item;
	size_t i, found = 0;

	json_array_foreach(json_object_get(l->image, "RepoDigests"), i, item) {
		const char *digest;
		AUTO_FREE char *name = split_name(json_is_string(item) ? json_string_value(item) : "", '@', &digest);
		if (!strcmp(name, repository) && strcmp(digest, none)) {
			add_line(l, repository, tag, digest);
			found++;
		}
	}
	if (!found)
		add_line(l, repository, tag, none);
}

static bool tagged(const json_t *image, const char *repository)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(image, "RepoTags"), i, item) {
		const char *tag;
		AUTO_FREE char *name = split_name(json_is_string(item) ? json_string_value(item) : "", ':', &tag);
		if (!strcmp(name, repository))
			return true;
	}
	return false;
}

/* A line per tag; per repository that is known by digest only; or one for an
 * image that has no name at all. */
static void add_image(const struct lines *l, bool digests)
{
	size_t i, before = json_array_size(l->list->rows);
	json_t *item;

	json_array_foreach(json_object_get(l->image, "RepoTags"), i, item) {
		const char *tag;
		AUTO_FREE char *name = split_name(json_is_string(item) ? json_string_value(item) : "", ':', &tag);
		if (!*name || !strcmp(name, none))
			continue;
		if (digests)
			add_digests(l, name, tag);
		else
			add_line(l, name, tag, none);
	}
	json_array_foreach(json_object_get(l->image, "RepoDigests"), i, item) {
		const char *digest;
		AUTO_FREE char *name = split_name(json_is_string(item) ? json_string_value(item) : "", '@', &digest);
		if (*name && strcmp(name, none) && !tagged(l->image, name))
			add_line(l, name, none, digests ? digest : none);
	}
	if (json_array_size(l->list->rows) == before)
		add_line(l, none, none, none);
}

void cli_image_rows(json_t *image, json_t *rows)
{
	struct cli_list list = { .rows = rows };
	struct lines lines = { &list, image, false };

	add_image(&lines, false);
}

/* What a tree has no place for. */
static int check_tree(const struct options *o, struct err *err)
{
	const char *other = o->quiet ? "quiet" : o->whole ? "no-trunc" : o->digests ? "show-digest" : o->format ? "format" : NULL;

	return other ? err_set(err, ERR_INVALID, "--%s is not yet supported with --tree", other) : 0;
}

static void print_tree(const struct options *o, const json_t *images)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	struct cli_images_tree how = { .untagged = o->all, .colours = cli_ansi_colours(STDOUT_FILENO),
				       .width = cli_ansi_width(STDOUT_FILENO, 80) };

	how.width = how.width < TREE_MIN ? TREE_MIN : how.width;
	cli_images_tree(&how, images, &out);
	fputs(out.data, stdout);
}

#define RAW_NAME "repository: {{.Repository}}\n{{if .Tag}}tag: {{.Tag}}\n{{end}}"
#define RAW_IMAGE "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n"

/* A table of the user's columns has the digests that were asked for as its last. New, or NULL. */
static char *take_format(const struct cli *cli, const struct options *o)
{
	const char *format = o->format ? o->format : cli_config_get(&cli->config, "imagesFormat");
	bool add = o->digests && format && str_starts(format, "table ") && !strstr(format, "{{.Digest}}");

	return format ? xasprintf("%s%s", format, add ? "\t{{.Digest}}" : "") : NULL;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	AUTO_FREE char *format = take_format(cli, o);
	bool digests = o->digests || (format && strstr(format, "{{.Digest}}"));
	struct cli_list list = { .type = "*formatter.imageContext", .headings = headings,
				 .rows = json_array(), .sources = json_array() };
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_JSON json_t *images = NULL;
	json_t *image;
	size_t i;

	list.format = cli_list_format(format, NULL, o->quiet, "{{.ID}}");
	list.raw = o->quiet ? "image_id: {{.ID}}" : o->digests ? RAW_NAME "digest: {{.Digest}}\n" RAW_IMAGE : RAW_NAME RAW_IMAGE;
	list.table = o->digests ? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
				: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
	if (n)
		strlist_addf(&o->filters, "reference=%s", args[0]);
	strbuf_adds(&path, "/images/json");
	if (o->all)
		cli_query(&path, "all", "1");
	cli_filter_query(&path, &o->filters);
	if (o->tree)
		cli_query(&path, "manifests", "1");
	int rc = o->tree ? check_tree(o, err) : 0;
	if (!rc)
		rc = cli_api_call(&cli->api, "GET", path.data, NULL, &images, err);
	json_array_foreach(images, i, image) {
		struct lines lines = { &list, image, o->whole };
		add_image(&lines, digests);
	}
	if (!rc && o->tree)
		print_tree(o, images);
	else if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_images = {
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]", .summary = "List images", .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
