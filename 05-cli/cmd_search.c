/*
 * cmd_search.c - docker search: images of a registry, by a word.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "auth.h"
#include "list.h"
#include "table.h"
#include "verbs.h"

#define DESCRIPTION_WIDTH 45

struct options {
	struct strlist filters;
	const char *format;
	struct cli_number limit;
	bool whole;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'f', "filter", CLI_LIST, AT(filters), "Filter output based on conditions provided", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), "Pretty-print search using a Go template" },
	{ 0, "limit", CLI_INT, AT(limit), "Max number of search results" },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Don't truncate output" },
	{ 0 },
};

static const struct cli_heading headings[] = {
	{ "Description", "DESCRIPTION" }, { "IsOfficial", "OFFICIAL" },
	{ "Name", "NAME" }, { "StarCount", "STARS" }, { NULL, NULL },
};

static bool is_json(const char *format)
{
	return format && (!strcmp(format, "json") || !strcmp(format, "{{json .}}"));
}

static json_t *make_row(const json_t *found, const struct options *o)
{
	bool official = jsonx_bool(found, "is_official", false), json = is_json(o->format);
	json_t *row = json_object();
	AUTO_FREE char *line = xstrdup(jsonx_str(found, "description", ""));
	AUTO_FREE char *stars = xasprintf("%lld", (long long)jsonx_int(found, "star_count", 0));

	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	AUTO_FREE char *shown = o->whole ? xstrdup(line) : cli_text_ellipsis(line, DESCRIPTION_WIDTH);
	cli_put(row, "Description", shown);
	cli_put(row, "IsOfficial", official ? json ? "true" : "[OK]" : json ? "false" : "");
	cli_put(row, "Name", jsonx_str(found, "name", ""));
	cli_put(row, "StarCount", stars);
	return row;
}

/* Which registry is asked: a host in front of the word names one. */
static char *registry_header(struct cli *cli, const char *term, struct err *err)
{
	struct cli_reference image;

	if (cli_reference_parse(&image, term, err))
		return NULL;
	char *header = cli_auth_header(&cli->config, &image, err);
	cli_reference_free(&image);
	return header;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_FREE char *auth = registry_header(cli, args[0], err);
	struct cli_list list = { .type = "*registry.searchContext", .headings = headings, .rows = json_array(),
				 .format = o->format,
				 .table = "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}" };
	json_t *found;
	size_t i;

	(void)n;
	strbuf_adds(&path, "/images/search");
	cli_query(&path, "term", args[0]);
	if (o->limit.value) { /* 0: as many as the daemon gives */
		strbuf_addf(&text, "%lld", (long long)o->limit.value);
		cli_query(&path, "limit", text.data);
		strbuf_clear(&text);
	}
	cli_filter_query(&path, &o->filters);
	struct cli_request request = { .method = "GET", .path = path.data, .headers = { auth } };
	int rc = auth ? cli_api_do(&cli->api, &request, &text, err) : -1;
	if (!rc && !(list.sources = cli_ansi_plain(jsonx_parse(text.data, text.len, "the daemon's answer", err))))
		rc = -1;
	json_array_foreach(list.sources, i, found)
		json_array_append_new(list.rows, make_row(found, o));
	if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_search = {
	.usage = "[OPTIONS] TERM", .summary = "Search Docker Hub for images", .min = 1, .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
