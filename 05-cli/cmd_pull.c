/*
 * cmd_pull.c - docker pull.
 */
#include <stdio.h>

#include "platform.h"
#include "progress.h"
#include "reference.h"
#include "verbs.h"

struct options {
	const char *platform;
	bool all, quiet, untrusted;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "all-tags", CLI_BOOL, AT(all), "Download all tagged images in the repository" },
	CLI_TRUST_FLAG(AT(untrusted), "Skip image verification"),
	{ 0, "platform", CLI_STRING, AT(platform), "Set platform if server is multi-platform capable" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress verbose output" },
	{ 0 },
};

static int pull(struct cli *cli, const struct options *o, struct cli_reference *reference, struct err *err)
{
	if (o->all && (reference->tag || reference->digest))
		return err_set(err, ERR_INVALID, "tag can't be used with --all-tags/-a");
	if (!o->all && !reference->tag && !reference->digest) {
		reference->tag = xstrdup("latest");
		if (!o->quiet)
			puts("Using default tag: latest");
	}
	fflush(stdout);
	if (cli_pull(cli, reference, cli_platform_default(o->platform), o->quiet ? NULL : stdout, err))
		return -1;
	printf("%s%s%s%s%s\n", reference->name, reference->tag ? ":" : "", reference->tag ? reference->tag : "",
	       reference->digest ? "@" : "", reference->digest ? reference->digest : "");
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_reference reference;

	(void)n;
	if (cli_trust_check(o->untrusted, err) || cli_reference_parse_name(&reference, args[0], err))
		return -1;
	int rc = pull(cli, o, &reference, err);
	cli_reference_free(&reference);
	return rc;
}

const struct cli_command cli_cmd_pull = {
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST]", .summary = "Download an image from a registry",
	.min = 1, .max = 1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
