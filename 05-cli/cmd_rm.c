/*
 * cmd_rm.c - docker rm: remove containers.
 */
#include "each.h"
#include "verbs.h"

struct options {
	bool force, link, volumes;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'f', "force", CLI_BOOL, AT(force), "Force the removal of a running container (uses SIGKILL)" },
	{ 'l', "link", CLI_BOOL, AT(link), "Remove the specified link" },
	{ 'v', "volumes", CLI_BOOL, AT(volumes), "Remove anonymous volumes associated with the container" },
	{ 0 },
};

static int remove_one(struct cli_api *api, const char *name, const void *context, struct err *err)
{
	const struct options *o = context;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *base = cli_api_path("containers", name, "", err);

	if (!base)
		return -1;
	strbuf_adds(&path, base);
	if (o->force)
		cli_query(&path, "force", "1");
	if (o->link)
		cli_query(&path, "link", "1");
	if (o->volumes)
		cli_query(&path, "v", "1");
	return cli_api_call(api, "DELETE", path.data, NULL, NULL, err);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;

	return o->force ? cli_each_forced(cli, args, n, remove_one, o, err)
			: cli_each(cli, args, n, remove_one, o, err);
}

const struct cli_command cli_cmd_rm = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Remove one or more containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
