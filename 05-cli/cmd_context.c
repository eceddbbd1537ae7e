/*
 * cmd_context.c - docker context: ls, show, use, rm, inspect. To make one is in
 * cmd_context_create.c, to carry one elsewhere in cmd_context_file.c.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "context.h"
#include "endpoint.h"
#include "format.h"
#include "list.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#define ERROR_WIDTH 45

static void warn_overridden(const char *name)
{
	const char *host = getenv("DOCKER_HOST");

	if (host && *host)
		fprintf(stderr, "Warning: DOCKER_HOST environment variable overrides the active context. To use %s%s%s, "
			"either set the global --context flag, or unset DOCKER_HOST environment variable.\n",
			name ? "\"" : "a context", name ? name : "", name ? "\"" : "");
}

/* ---- ls ------------------------------------------------------------------ */

struct ls_options {
	const char *format;
	bool quiet;
};
static const struct cli_flag ls_flags[] = {
	{ 0, "format", CLI_STRING, offsetof(struct ls_options, format), CLI_FORMAT_TABLE_HELP },
	{ 'q', "quiet", CLI_BOOL, offsetof(struct ls_options, quiet), "Only show context names" },
	{ 0 },
};
static const struct cli_heading headings[] = {
	{ "Description", "DESCRIPTION" }, { "DockerEndpoint", "DOCKER ENDPOINT" },
	{ "Error", "ERROR" }, { "Name", "NAME" }, { NULL, NULL },
};

static void add_row(struct cli *cli, json_t *rows, const char *name)
{
	struct err err = { 0 };
	AUTO_JSON json_t *meta = cli_endpoint_meta(cli, name, &err);
	bool is_default = !strcmp(name, CLI_CONTEXT_DEFAULT);
	const char *about = is_default ? CLI_ENDPOINT_DEFAULT_ABOUT : "";
	AUTO_FREE char *error = cli_text_ellipsis(err.kind ? err.msg : "", ERROR_WIDTH);
	json_t *row = json_object();

	json_object_set_new(row, "Current", json_boolean(!strcmp(name, cli->context)));
	cli_put(row, "Description", jsonx_str(json_object_get(meta, "Metadata"), "Description", about));
	cli_put(row, "DockerEndpoint", jsonx_str(jsonx_at(meta, "Endpoints.docker"), "Host", ""));
	cli_put(row, "Error", error);
	cli_put(row, "Name", name);
	json_array_append_new(rows, row);
}

static int run_ls(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct ls_options *o = options;
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct cli_list list = { .type = "*formatter.clientContextContext", .headings = headings, .rows = json_array(),
				 .format = cli_list_format(o->format, NULL, o->quiet, "{{.Name}}"),
				 .table = "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}" };
	bool seen = false;

	(void)args;
	(void)n;
	strlist_add(&names, CLI_CONTEXT_DEFAULT);
	cli_context_list(&cli->config, &names);
	for (size_t i = 0; i < names.n; i++) {
		add_row(cli, list.rows, names.v[i]);
		seen = seen || !strcmp(names.v[i], cli->context);
	}
	if (!seen) /* one that is asked for and is not there: its line says so */
		add_row(cli, list.rows, cli->context);
	cli_sort_by(list.rows, "Name");
	int rc = cli_list_print(&list, err);
	cli_list_free(&list);
	fflush(stdout);
	if (!rc)
		warn_overridden(NULL);
	return rc;
}

const struct cli_command cli_cmd_context_ls = {
	.usage = "[OPTIONS]", .summary = "List contexts", .offline = true,
	.options_size = sizeof(struct ls_options), .flags = ls_flags, .run = run_ls,
};

/* ---- show, use, rm ------------------------------------------------------- */

static int run_show(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)options;
	(void)args;
	(void)n;
	(void)err;
	puts(cli->context);
	return 0;
}

const struct cli_command cli_cmd_context_show = {
	.usage = "", .summary = "Print the name of the current context", .offline = true, .run = run_show,
};

static int run_use(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_JSON json_t *meta = cli_endpoint_meta(cli, args[0], err);

	(void)options;
	(void)n;
	if (!meta)
		return -1;
	if (strcmp(args[0], CLI_CONTEXT_DEFAULT))
		json_object_set_new(cli->config.doc, "currentContext", json_string(args[0]));
	else
		json_object_del(cli->config.doc, "currentContext");
	if (cli_config_save(&cli->config, err))
		return -1;
	puts(args[0]);
	fflush(stdout);
	fprintf(stderr, "Current context is now \"%s\"\n", args[0]);
	warn_overridden(args[0]);
	return 0;
}

const struct cli_command cli_cmd_context_use = {
	.usage = "CONTEXT", .summary = "Set the current docker context", .min = 1, .max = 1, .offline = true,
	.run = run_use,
};

struct rm_options {
	bool force;
};
static const struct cli_flag rm_flags[] = {
	{ 'f', "force", CLI_BOOL, offsetof(struct rm_options, force), "Force the removal of a context in use" },
	{ 0 },
};

static int remove_one(struct cli *cli, const char *name, bool force, struct err *err)
{
	const char *current = cli_config_get(&cli->config, "currentContext");
	bool used = current && !strcmp(current, name);

	if (!strcmp(name, CLI_CONTEXT_DEFAULT))
		return err_set(err, ERR_INVALID, "context \"default\" cannot be removed");
	if (!force && !cli_context_exists(&cli->config, name))
		return err_set(err, ERR_NOT_FOUND, "context \"%s\" does not exist", name);
	if (!force && (used || !strcmp(name, cli->context)))
		return err_set(err, ERR_CONFLICT, "context \"%s\" is in use, set -f flag to force remove", name);
	if (used)
		json_object_del(cli->config.doc, "currentContext");
	if (used && cli_config_save(&cli->config, err))
		return -1;
	return cli_context_remove(&cli->config, name, err);
}

static int run_rm(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct rm_options *o = options;
	struct cli_failures failures = CLI_FAILURES_INIT;

	for (int i = 0; i < n; i++)
		if (remove_one(cli, args[i], o->force, err))
			cli_failures_add(&failures, err);
		else
			puts(args[i]);
	cli_failures_end(&failures, cli);
	return 0;
}

const struct cli_command cli_cmd_context_rm = {
	.usage = "CONTEXT [CONTEXT...]", .summary = "Remove one or more contexts", .min = 1, .max = -1,
	.offline = true, .options_size = sizeof(struct rm_options), .flags = rm_flags, .run = run_rm,
};

/* ---- inspect ------------------------------------------------------------- */

struct inspect_options {
	const char *format;
};
static const struct cli_flag inspect_flags[] = {
	{ 'f', "format", CLI_STRING, offsetof(struct inspect_options, format), CLI_FORMAT_HELP },
	{ 0 },
};

/* The document, and where its parts lie. New, or NULL. */
static json_t *describe(struct cli *cli, const char *name, struct err *err)
{
	json_t *meta = cli_endpoint_meta(cli, name, err), *files = json_array();
	bool is_default = !strcmp(name, CLI_CONTEXT_DEFAULT);
	AUTO_FREE char *meta_path = cli_context_path(&cli->config, "meta", name);
	AUTO_FREE char *tls_path = cli_context_path(&cli->config, "tls", name);
	AUTO_JSON json_t *tls = json_object();

	for (const char *const *file = cli_context_tls_files; meta && *file; file++) {
		AUTO_FREE char *path = xasprintf("%s/docker/%s", tls_path, *file);
		if (!is_default && !access(path, F_OK))
			json_array_append_new(files, json_string(*file));
	}
	if (json_array_size(files))
		json_object_set(tls, "docker", files);
	json_decref(files);
	if (!meta)
		return NULL;
	json_object_set(meta, "TLSMaterial", tls);
	json_object_set_new(meta, "Storage",
			    json_pack("{s:s, s:s}", "MetadataPath", is_default ? "<IN MEMORY>" : meta_path, "TLSPath",
				      is_default ? "<IN MEMORY>" : tls_path));
	return meta;
}

static int print_all(json_t *all, bool compact)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	AUTO_FREE char *text = cli_value_json(all);

	cli_json_indent(text, "", "    ", &out);
	puts(compact ? text : out.data);
	return 0;
}

static int print_one(const struct cli_template *t, const json_t *doc, struct err *err)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;

	if (cli_format_run(t, "context.contextWithTLSListing", doc, &line, err))
		return err_wrap(err, "template parsing error");
	puts(line.len ? line.data : "");
	return 0;
}

static int run_inspect(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct inspect_options *o = options;
	struct cli_failures failures = CLI_FAILURES_INIT;
	AUTO_JSON json_t *all = json_array();
	char *current[] = { (char *)cli->context };
	bool format = o->format && *o->format && strcmp(o->format, "json"), printed = false;
	struct cli_template *t = format ? cli_format_parse(cli, o->format, err) : NULL;

	if (format && !t)
		return -1;
	for (int i = 0; i < (n ? n : 1); i++) {
		json_t *doc = describe(cli, (n ? args : current)[i], err);
		if (doc)
			json_array_append_new(all, doc);
		else
			cli_failures_add(&failures, err);
		if (doc && format && print_one(t, doc, err))
			cli_failures_add(&failures, err);
		else
			printed = printed || doc;
	}
	cli_template_free(t);
	if (format && !printed)
		putchar('\n');
	if (!format)
		print_all(all, o->format && *o->format);
	cli_failures_end(&failures, cli);
	return 0;
}

const struct cli_command cli_cmd_context_inspect = {
	.usage = "[OPTIONS] [CONTEXT] [CONTEXT...]", .summary = "Display detailed information on one or more contexts",
	.max = -1, .offline = true, .options_size = sizeof(struct inspect_options), .flags = inspect_flags,
	.run = run_inspect,
};
