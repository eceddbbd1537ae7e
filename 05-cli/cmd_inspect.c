/*
 * cmd_inspect.c - docker inspect, and inspect of containers, images, networks, volumes.
 *
 * What the daemon says is printed as it said it, only indented. Without --type
 * a name is looked for among the containers, then the images, and so on.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "format.h"
#include "list.h"
#include "platform.h"
#include "value.h"
#include "verbs.h"

struct options {
	const char *format, *type, *platform;
	bool size, verbose;
};

#define AT(field) offsetof(struct options, field)
#define FORMAT_FLAG { 'f', "format", CLI_STRING, AT(format), CLI_FORMAT_HELP }
static const struct cli_flag all_flags[] = {
	FORMAT_FLAG,
	{ 's', "size", CLI_BOOL, AT(size), "Display total file sizes if the type is container" },
	{ 0, "type", CLI_STRING, AT(type), "Only inspect objects of the given type" },
	{ 0 },
};
static const struct cli_flag container_flags[] = {
	FORMAT_FLAG,
	{ 's', "size", CLI_BOOL, AT(size), "Display total file sizes" },
	{ 0 },
};
static const struct cli_flag image_flags[] = {
	FORMAT_FLAG,
	{ 0, "platform", CLI_STRING, AT(platform), "Inspect a specific platform of the multi-platform image.\n"
	  "If the image or the server is not multi-platform capable, the command will error out if the platform does "
	  "not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)", .api = "1.49" },
	{ 0 },
};
static const struct cli_flag network_flags[] = {
	FORMAT_FLAG,
	{ 'v', "verbose", CLI_BOOL, AT(verbose), "Verbose output for diagnostics" },
	{ 0 },
};
static const struct cli_flag volume_flags[] = { FORMAT_FLAG, { 0 } };

/* In the order in which a name without a type is looked for; what only a swarm has is not. */
static const struct kind {
	const char *name, *collection, *tail, *type; /* of Go; NULL: its JSON is all that we know */
	bool swarm;
} kinds[] = {
	{ "container", "containers", "/json", "container.InspectResponse", false },
	{ "image", "images", "/json", "image.InspectResponse", false },
	{ "network", "networks", "", "network.Inspect", false }, { "volume", "volumes", "", "volume.Volume", false },
	{ "plugin", "plugins", "/json", NULL, false }, { "config", "configs", "", NULL, true },
	{ "node", "nodes", "", NULL, true }, { "secret", "secrets", "", NULL, true },
	{ "service", "services", "", NULL, true }, { "task", "tasks", "", NULL, true },
};
#define KINDS (sizeof kinds / sizeof *kinds)

static int fetch_kind(struct cli *cli, const struct kind *kind, const struct options *o, const char *name,
		      struct strbuf *out, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *base = cli_api_path(kind->collection, name, kind->tail, err);
	struct cli_request request = { .method = "GET" };

	if (!base)
		return -1;
	strbuf_adds(&path, base);
	if (o->size && !strcmp(kind->name, "container"))
		cli_query(&path, "size", "1");
	if (o->verbose)
		cli_query(&path, "verbose", "true");
	if (cli_platform_query(&path, o->platform, err))
		return -1;
	request.path = path.data;
	return cli_api_do(&cli->api, &request, out, err);
}

/* *type: what it turned out to be. */
static int fetch(struct cli *cli, const struct options *o, const char *name, const char **type, struct strbuf *out,
		 struct err *err)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (o->type ? strcmp(o->type, kinds[i].name) != 0 : kinds[i].swarm)
			continue;
		*type = kinds[i].type;
		if (!fetch_kind(cli, &kinds[i], o, name, out, err))
			return 0;
		/* 404 is "not among these"; a collection that the daemon has not is too. */
		if (o->type || (err->kind != ERR_NOT_FOUND && err->kind != ERR_UNSUPPORTED))
			return -1;
	}
	return err_set(err, ERR_NOT_FOUND, "Error: No such object: %s", name);
}

/* ---- output -------------------------------------------------------------- */

struct output {
	struct cli_template *format;
	struct strbuf documents; /* joined by commas, to be printed as one array */
	bool compact;            /* --format json */
	size_t n;
};

/* What does not go with Go's types may go with the JSON, where every member has its own name: the real
 * client tries both, and tells about the second. Of volumes it has no JSON. */
static int run_format(const struct output *out, const char *type, json_t *doc, struct strbuf *line, struct err *err)
{
	int rc = type ? cli_format_run(out->format, type, doc, line, err) : -1;

	if (!rc || (type && !strcmp(type, "volume.Volume")))
		return rc;
	strbuf_clear(line);
	return cli_template_run(out->format, doc, NULL, line, err);
}

static int add(struct output *out, const char *type, const struct strbuf *text, struct err *err)
{
	AUTO_JSON json_t *doc = cli_ansi_plain(jsonx_parse(text->data, text->len, "the daemon's answer", err));
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;

	if (!doc)
		return -1;
	if (out->format) {
		if (run_format(out, type, doc, &line, err))
			return err_wrap(err, "template parsing error");
		printf("%s\n", line.len ? line.data : "");
	} else {
		AUTO_FREE char *compact = out->compact ? cli_value_json(doc) : NULL;
		strbuf_adds(&out->documents, out->n ? "," : "");
		strbuf_adds(&out->documents, compact ? compact : text->data);
	}
	out->n++;
	return 0;
}

static void finish(struct output *out)
{
	AUTO_STRBUF struct strbuf indented = STRBUF_INIT;

	if (!out->format) {
		AUTO_FREE char *array = xasprintf("[%s]", out->n ? out->documents.data : "");
		cli_json_indent(array, "", "    ", &indented);
		cli_ansi_puts(out->compact ? array : indented.data);
	} else if (!out->n) {
		putchar('\n');
	}
	strbuf_free(&out->documents);
	cli_template_free(out->format);
}

#define TYPES                                                                                                \
	"must be one of \"config\", \"container\", \"image\", \"network\", \"node\", \"plugin\", \"secret\", " \
	"\"service\", \"task\", \"volume\""

static bool known_type(const char *type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(type, kinds[i].name))
			return true;
	return false;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct output out = { .compact = o->format && !strcmp(o->format, "json") };
	struct cli_failures failures = CLI_FAILURES_INIT;

	if (o->type && !known_type(o->type))
		return err_set(err, ERR_INVALID, *o->type ? "unknown type: \"%s\": " TYPES : "type is empty%s: " TYPES, o->type);
	if (o->format && *o->format && !out.compact && !(out.format = cli_format_parse(cli, o->format, err)))
		return -1;
	for (int i = 0; i < n; i++) {
		AUTO_STRBUF struct strbuf text = STRBUF_INIT;
		const char *type = NULL;
		if (fetch(cli, o, args[i], &type, &text, err) || add(&out, type, &text, err))
			cli_failures_add(&failures, err);
	}
	finish(&out);
	cli_failures_end(&failures, cli);
	return 0;
}

static int run_container(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	((struct options *)options)->type = "container";
	return run(cli, options, args, n, err);
}

static int run_image(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	((struct options *)options)->type = "image";
	return run(cli, options, args, n, err);
}

static int run_network(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	((struct options *)options)->type = "network";
	return run(cli, options, args, n, err);
}

static int run_volume(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	((struct options *)options)->type = "volume";
	return run(cli, options, args, n, err);
}

const struct cli_command cli_cmd_inspect = {
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]", .summary = "Return low-level information on Docker objects",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = all_flags, .run = run,
};

const struct cli_command cli_cmd_container_inspect = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Display detailed information on one or more containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = container_flags, .run = run_container,
};

const struct cli_command cli_cmd_image_inspect = {
	.usage = "[OPTIONS] IMAGE [IMAGE...]", .summary = "Display detailed information on one or more images",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = image_flags, .run = run_image,
};

const struct cli_command cli_cmd_network_inspect = {
	.usage = "[OPTIONS] NETWORK [NETWORK...]", .summary = "Display detailed information on one or more networks",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = network_flags, .run = run_network,
};

const struct cli_command cli_cmd_volume_inspect = {
	.usage = "[OPTIONS] VOLUME [VOLUME...]", .summary = "Display detailed information on one or more volumes",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = volume_flags, .run = run_volume,
};
