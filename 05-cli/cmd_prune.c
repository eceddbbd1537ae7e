/*
 * cmd_prune.c - docker container, image, network, volume, builder and system
 * prune: ask, then remove what nobody uses.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "human.h"
#include "list.h"
#include "prune.h"
#include "verbs.h"

#define AT(field) offsetof(struct cli_prune_options, field)
#define FILTER(help) { 0, "filter", CLI_LIST, AT(filters), help, .type = "filter", .check = cli_filter_check }
#define FORCE { 'f', "force", CLI_BOOL, AT(force), "Do not prompt for confirmation" }
#define UNTIL "Provide filter values (e.g. \"until=<timestamp>\")"

static const struct cli_flag plain_flags[] = { FILTER(UNTIL), FORCE, { 0 } };
static const struct cli_flag image_flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Remove all unused images, not just dangling ones" },
	FILTER(UNTIL), FORCE, { 0 },
};
static const struct cli_flag volume_flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Remove all unused volumes, not just anonymous ones", .api = "1.42" },
	FILTER("Provide filter values (e.g. \"label=<label>\")"), FORCE, { 0 },
};
static const struct cli_flag cache_flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Remove all unused build cache, not just dangling ones" },
	FILTER("Provide filter values (e.g. \"until=24h\")"), FORCE,
	{ 0, "keep-storage", CLI_BYTES, AT(keep), "Amount of disk space to keep for cache" },
	{ 0 },
};
static const struct cli_flag system_flags[] = {
	{ 'a', "all", CLI_BOOL, AT(all), "Remove all unused images not just dangling ones" },
	FILTER("Provide filter values (e.g. \"label=<key>=<value>\")"), FORCE,
	{ 0, "volumes", CLI_BOOL, AT(volumes), "Prune anonymous volumes" },
	{ 0 },
};

/* ---- one kind ------------------------------------------------------------ */

static void print_freed(double bytes)
{
	char size[CLI_HUMAN_SIZE];

	printf("Total reclaimed space: %s\n", cli_human_size(bytes, 4, size));
}

/* A no ends the command, and is no failure. */
static bool sure(const struct cli_prune_options *o, enum cli_prune_kind kind, const char *what)
{
	AUTO_FREE char *question = xasprintf("WARNING! This will remove %s.%cAre you sure you want to continue?", what,
					     kind == PRUNE_CACHE ? ' ' : '\n');

	return o->force || cli_ask(question);
}

static int prune_one(struct cli *cli, enum cli_prune_kind kind, const struct cli_prune_options *o,
		     const char *what, struct err *err)
{
	double freed = 0;

	if (!sure(o, kind, what))
		return 0;
	if (cli_prune(cli, kind, o, &freed, err))
		return -1;
	if (kind != PRUNE_NETWORKS)
		print_freed(freed);
	return 0;
}

static int run_container(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)args;
	(void)n;
	return prune_one(cli, PRUNE_CONTAINERS, options, "all stopped containers", err);
}

static int run_network(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)args;
	(void)n;
	return prune_one(cli, PRUNE_NETWORKS, options, "all custom networks not used by at least one container", err);
}

static int run_volume(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct cli_prune_options *o = options;

	(void)args;
	(void)n;
	if (cli_api_negotiate(&cli->api, err))
		return -1;
	/* Daemons before API 1.42 know no other. */
	return prune_one(cli, PRUNE_VOLUMES, o, o->all || !cli_api_at_least(&cli->api, "1.42")
						       ? "all local volumes not used by at least one container"
						       : "anonymous local volumes not used by at least one container",
			 err);
}

static int run_image(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct cli_prune_options *o = options;

	(void)args;
	(void)n;
	return prune_one(cli, PRUNE_IMAGES, o, o->all ? "all images without at least one container associated to them"
						      : "all dangling images", err);
}

static int run_cache(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct cli_prune_options *o = options;

	(void)args;
	(void)n;
	return prune_one(cli, PRUNE_CACHE, o, o->all ? "all build cache" : "all dangling build cache", err);
}

/* ---- all of them --------------------------------------------------------- */

static char *system_question(const struct cli_prune_options *o)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, "WARNING! This will remove:\n  - all stopped containers\n"
			 "  - all networks not used by at least one container\n");
	if (o->volumes)
		strbuf_adds(&sb, "  - all anonymous volumes not used by at least one container\n");
	strbuf_adds(&sb, o->all ? "  - all images without at least one container associated to them\n"
				: "  - all dangling images\n");
	strbuf_adds(&sb, o->all ? "  - all build cache\n" : "  - unused build cache\n");
	if (o->filters.n)
		strbuf_adds(&sb, "\n  Items to be pruned will be filtered with:\n");
	for (size_t i = 0; i < o->filters.n; i++)
		strbuf_addf(&sb, "  - %s\n", o->filters.v[i]);
	strbuf_adds(&sb, "\nAre you sure you want to continue?");
	return strbuf_steal(&sb);
}

static int run_system(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_prune_options *o = options;
	static const enum cli_prune_kind order[] = { PRUNE_CONTAINERS, PRUNE_NETWORKS, PRUNE_VOLUMES, PRUNE_IMAGES,
						     PRUNE_CACHE };
	double freed = 0;

	(void)args;
	(void)n;
	for (size_t i = 0; o->volumes && i < o->filters.n; i++)
		if (str_starts(o->filters.v[i], "until="))
			return err_set(err, ERR_INVALID, "ERROR: The \"until\" filter is not supported with \"--volumes\"");
	AUTO_FREE char *question = system_question(o);
	if (!o->force && !cli_ask(question))
		return 0;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct cli_prune_options one = *o;
		one.all = o->all && order[i] != PRUNE_VOLUMES; /* of volumes, --all is said by name only */
		if ((order[i] != PRUNE_VOLUMES || o->volumes) && cli_prune(cli, order[i], &one, &freed, err))
			return -1;
	}
	print_freed(freed);
	return 0;
}

#define COMMAND(text, table, function)                                                                    \
	{ .usage = "[OPTIONS]", .summary = text, .options_size = sizeof(struct cli_prune_options),        \
	  .flags = table, .run = function }
const struct cli_command cli_cmd_container_prune =
	COMMAND("Remove all stopped containers", plain_flags, run_container);
const struct cli_command cli_cmd_network_prune = COMMAND("Remove all unused networks", plain_flags, run_network);
const struct cli_command cli_cmd_volume_prune =
	COMMAND("Remove unused local volumes", volume_flags, run_volume);
const struct cli_command cli_cmd_image_prune = COMMAND("Remove unused images", image_flags, run_image);
const struct cli_command cli_cmd_builder_prune = COMMAND("Remove build cache", cache_flags, run_cache);
const struct cli_command cli_cmd_system_prune = COMMAND("Remove unused data", system_flags, run_system);
