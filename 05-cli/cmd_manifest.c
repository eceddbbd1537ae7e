/*
 * cmd_manifest.c - docker manifest inspect, create, annotate, rm; manifest.h says what of.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "ansi.h"
#include "manifest.h"
#include "value.h"
#include "verbs.h"

struct options {
	struct strlist features;
	const char *arch, *os, *version, *variant;
	bool insecure, verbose, amend;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag inspect_flags[] = {
	{ 0, "insecure", CLI_BOOL, AT(insecure), "Allow communication with an insecure registry" },
	{ 'v', "verbose", CLI_BOOL, AT(verbose), "Output additional info including layers and platform" },
	{ 0 },
};
static const struct cli_flag create_flags[] = {
	{ 'a', "amend", CLI_BOOL, AT(amend), "Amend an existing manifest list" },
	{ 0, "insecure", CLI_BOOL, AT(insecure), "Allow communication with an insecure registry" },
	{ 0 },
};
static const struct cli_flag annotate_flags[] = {
	{ 0, "arch", CLI_STRING, AT(arch), "Set architecture" },
	{ 0, "os", CLI_STRING, AT(os), "Set operating system" },
	{ 0, "os-features", CLI_STRINGS, AT(features), "Set operating system feature" },
	{ 0, "os-version", CLI_STRING, AT(version), "Set operating system version" },
	{ 0, "variant", CLI_STRING, AT(variant), "Set architecture variant" },
	{ 0 },
};

/* ---- inspect ------------------------------------------------------------- */

static void print_verbose(const json_t *value)
{
	AUTO_FREE char *text = cli_value_json(value);
	AUTO_STRBUF struct strbuf indented = STRBUF_INIT;

	cli_json_indent(text, "", "\t", &indented);
	cli_ansi_puts(indented.data);
}

static int print_image(const json_t *image, bool verbose, struct err *err)
{
	AUTO_STRBUF struct strbuf indented = STRBUF_INIT;
	size_t n = 0;

	if (verbose) {
		print_verbose(image);
		return 0;
	}
	AUTO_FREE char *raw = cli_manifest_raw(image, &n, err);
	if (!raw)
		return -1;
	cli_json_indent(raw, "", "\t", &indented);
	cli_ansi_puts(indented.data);
	return 0;
}

static void print_list(const json_t *images, bool verbose)
{
	AUTO_FREE char *text = verbose ? NULL : cli_manifest_list_text(images);

	if (text)
		cli_ansi_puts(text);
	else
		print_verbose(images);
}

/* A list that was made here counts more than one at the registry. */
static int inspect(struct cli *cli, const struct options *o, const struct cli_reference *ref, struct err *err)
{
	AUTO_JSON json_t *local = cli_manifest_list(&cli->config, ref, err);
	bool list = true;

	if (!local && err->kind != ERR_NOT_FOUND)
		return -1;
	AUTO_JSON json_t *fetched = local ? NULL : cli_manifest_fetch(&cli->config, ref, o->insecure, &list, err);
	if (!local && !fetched)
		return -1;
	if (!list)
		return print_image(json_array_get(fetched, 0), o->verbose, err);
	print_list(local ? local : fetched, o->verbose);
	return 0;
}

static int inspect_one(struct cli *cli, const struct options *o, const struct cli_reference *list,
		       const struct cli_reference *ref, struct err *err)
{
	AUTO_JSON json_t *image = cli_manifest_get(&cli->config, list, ref, err);

	return image ? print_image(image, o->verbose, err) : -1;
}

static int run_inspect(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_reference ref, list = { 0 };

	if (cli_manifest_name(&ref, args[n - 1], err))
		return -1;
	int rc = n > 1 ? cli_manifest_name(&list, args[0], err) : 0;
	if (!rc)
		rc = n > 1 ? inspect_one(cli, options, &list, &ref, err) : inspect(cli, options, &ref, err);
	cli_reference_free(&list);
	cli_reference_free(&ref);
	return rc;
}

const struct cli_command cli_cmd_manifest_inspect = {
	.usage = "[OPTIONS] [MANIFEST_LIST] MANIFEST", .summary = "Display an image manifest, or manifest list",
	.about = "Display an image manifest, or manifest list\n\n" CLI_MANIFEST_EXPERIMENTAL("inspect"),
	.min = 1, .max = 2, .offline = true, .options_size = sizeof(struct options), .flags = inspect_flags,
	.run = run_inspect,
};

/* ---- create -------------------------------------------------------------- */

/* Of the list where it is in it already, else of the registry. */
static int add(struct cli *cli, const struct options *o, const struct cli_reference *list, const char *name, struct err *err)
{
	struct cli_reference ref;
	bool is_list = false;

	if (cli_manifest_name(&ref, name, err))
		return -1;
	AUTO_FREE char *whole = cli_manifest_name_text(&ref);
	AUTO_JSON json_t *kept = cli_manifest_get(&cli->config, list, &ref, err);
	AUTO_JSON json_t *fetched = kept ? NULL : cli_manifest_fetch(&cli->config, &ref, o->insecure, &is_list, err);
	int rc = kept || fetched ? 0 : -1;
	if (is_list)
		rc = err_set(err, ERR_INVALID, "%s is a manifest list", whole);
	else if (!rc)
		rc = cli_manifest_put(&cli->config, list, &ref, kept ? kept : json_array_get(fetched, 0), err);
	cli_reference_free(&ref);
	return rc;
}

static int run_create(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_reference list;

	if (cli_manifest_name(&list, args[0], err))
		return -1;
	AUTO_FREE char *name = cli_manifest_name_text(&list);
	AUTO_JSON json_t *before = cli_manifest_list(&cli->config, &list, err);
	int rc = before || err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (before && !o->amend)
		rc = err_set(err, ERR_EXISTS, "refusing to amend an existing manifest list with no --amend flag");
	for (int i = 1; !rc && i < n; i++)
		rc = add(cli, o, &list, args[i], err);
	cli_reference_free(&list);
	if (!rc)
		printf("Created manifest list %s\n", name);
	return rc;
}

const struct cli_command cli_cmd_manifest_create = {
	.usage = "MANIFEST_LIST MANIFEST [MANIFEST...]",
	.summary = "Create a local manifest list for annotating and pushing to a registry",
	.about = "Create a local manifest list for annotating and pushing to a registry\n\n" CLI_MANIFEST_EXPERIMENTAL("create"),
	.min = 2, .max = -1, .offline = true, .options_size = sizeof(struct options), .flags = create_flags,
	.run = run_create,
};

/* ---- annotate ------------------------------------------------------------ */

/* What Go builds for (go.dev/doc/install/source), which images are made for. */
static bool known_platform(const char *os, const char *arch)
{
	static const char *const known[][2] = {
		{ "darwin", " 386 amd64 arm arm64 " }, { "dragonfly", " amd64 " }, { "freebsd", " 386 amd64 arm " },
		{ "linux", " 386 amd64 arm arm64 ppc64le mips64 mips64le riscv64 s390x " },
		{ "netbsd", " 386 amd64 arm " }, { "openbsd", " 386 amd64 arm " }, { "plan9", " 386 amd64 " },
		{ "solaris", " amd64 " }, { "windows", " 386 amd64 " },
	};
	AUTO_FREE char *word = xasprintf(" %s ", arch);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i][0], os) && strstr(known[i][1], word))
			return true;
	return false;
}

static void set_text(json_t *platform, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(platform, key, json_string(value));
}

static int annotate(json_t *image, const struct options *o, struct err *err)
{
	json_t *platform = cli_object_at(cli_object_at(image, "Descriptor"), "platform");

	set_text(platform, "os", o->os);
	set_text(platform, "architecture", o->arch);
	for (size_t i = 0; i < o->features.n; i++)
		json_array_append_new(cli_array_at(platform, "os.features"), json_string(o->features.v[i]));
	set_text(platform, "variant", o->variant);
	set_text(platform, "os.version", o->version);
	const char *os = jsonx_str(platform, "os", ""), *arch = jsonx_str(platform, "architecture", "");
	return known_platform(os, arch) ? 0
					: err_set(err, ERR_INVALID, "manifest entry for image has unsupported os/arch "
						  "combination: %s/%s", o->os ? o->os : "", o->arch ? o->arch : "");
}

static int annotate_named(struct cli *cli, const struct options *o, char **args, const struct cli_reference *list,
			  const struct cli_reference *ref, struct err *err)
{
	AUTO_JSON json_t *image = cli_manifest_get(&cli->config, list, ref, err);

	if (image)
		return annotate(image, o, err) ? -1 : cli_manifest_put(&cli->config, list, ref, image, err);
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	return err_set(err, ERR_NOT_FOUND, "manifest for image %s does not exist in %s", args[1], args[0]);
}

static int run_annotate(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_reference list, ref;

	(void)n;
	if (cli_manifest_name(&list, args[0], err))
		return -1;
	int rc = cli_manifest_name(&ref, args[1], err);
	if (!rc) {
		rc = annotate_named(cli, options, args, &list, &ref, err);
		cli_reference_free(&ref);
	}
	cli_reference_free(&list);
	return rc;
}

const struct cli_command cli_cmd_manifest_annotate = {
	.usage = "[OPTIONS] MANIFEST_LIST MANIFEST", .summary = "Add additional information to a local image manifest",
	.about = "Add additional information to a local image manifest\n\n" CLI_MANIFEST_EXPERIMENTAL("annotate"),
	.min = 2, .max = 2, .offline = true, .options_size = sizeof(struct options), .flags = annotate_flags,
	.run = run_annotate,
};

/* ---- rm ------------------------------------------------------------------ */

static int remove_list(struct cli *cli, const char *name, struct err *err)
{
	struct cli_reference list;

	if (cli_manifest_name(&list, name, err))
		return -1;
	AUTO_JSON json_t *images = cli_manifest_list(&cli->config, &list, err);
	int rc = images ? cli_manifest_remove(&cli->config, &list, err) : -1;
	cli_reference_free(&list);
	return rc;
}

static int run_rm(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_failures failures = CLI_FAILURES_INIT;

	(void)options;
	for (int i = 0; i < n; i++)
		if (remove_list(cli, args[i], err))
			cli_failures_add(&failures, err);
	cli_failures_end(&failures, cli);
	return 0;
}

const struct cli_command cli_cmd_manifest_rm = {
	.usage = "MANIFEST_LIST [MANIFEST_LIST...]", .summary = "Delete one or more manifest lists from local storage",
	.about = "Delete one or more manifest lists from local storage\n\n" CLI_MANIFEST_EXPERIMENTAL("rm"),
	.min = 1, .max = -1, .offline = true, .run = run_rm,
};
