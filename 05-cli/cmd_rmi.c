/*
 * cmd_rmi.c - docker rmi: remove names of images, and images without a name.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "platform.h"
#include "verbs.h"

struct options {
	bool force, no_prune;
	struct strlist platforms;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'f', "force", CLI_BOOL, AT(force), "Force removal of the image" },
	{ 0, "no-prune", CLI_BOOL, AT(no_prune), "Do not delete untagged parents" },
	{ 0, "platform", CLI_STRINGS, AT(platforms), "Remove only the given platform variant. Formatted as "
	  "\"os[/arch[/variant]]\" (e.g., \"linux/amd64\")", .api = "1.50" },
	{ 0 },
};

static int remove_one(struct cli *cli, const struct options *o, const char *name, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *base = cli_api_path("images", name, "", err);
	AUTO_JSON json_t *done = NULL;
	json_t *item;
	size_t i;

	if (!base)
		return -1;
	strbuf_adds(&path, base);
	if (o->force)
		cli_query(&path, "force", "1");
	if (o->no_prune)
		cli_query(&path, "noprune", "1");
	for (size_t k = 0; k < o->platforms.n; k++) {
		AUTO_JSON json_t *platform = cli_platform_parse(o->platforms.v[k], err);
		if (!platform)
			return err_wrap(err, "invalid platform");
		AUTO_FREE char *doc = jsonx_text(platform);
		cli_query(&path, "platforms", doc);
	}
	if (cli_api_call(&cli->api, "DELETE", path.data, NULL, &done, err))
		return -1;
	json_array_foreach(done, i, item) {
		const char *deleted = jsonx_str(item, "Deleted", NULL);
		printf("%s: %s\n", deleted ? "Deleted" : "Untagged", deleted ? deleted : jsonx_str(item, "Untagged", ""));
	}
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_failures failures = CLI_FAILURES_INIT;
	bool fatal = false;

	for (int i = 0; i < n; i++)
		if (remove_one(cli, o, args[i], err)) {
			cli_failures_add(&failures, err);
			fatal = fatal || !o->force || err->kind != ERR_NOT_FOUND;
		}
	cli_failures_end(&failures, cli);
	if (!fatal) /* with -f, what is not there need not be removed */
		cli->status = 0;
	return 0;
}

const struct cli_command cli_cmd_rmi = {
	.usage = "[OPTIONS] IMAGE [IMAGE...]", .summary = "Remove one or more images", .min = 1, .max = -1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
