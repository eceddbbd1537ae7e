/*
 * cmd_push.c - docker push.
 */
#include <stdio.h>

#include "ansi.h"
#include "auth.h"
#include "platform.h"
#include "progress.h"
#include "verbs.h"

struct options {
	const char *platform;
	bool all, quiet, untrusted;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "all-tags", CLI_BOOL, AT(all), "Push all tags of an image to the repository" },
	CLI_TRUST_FLAG(AT(untrusted), "Skip image signing"),
	{ 0, "platform", CLI_STRING, AT(platform), "Push a platform-specific manifest as a single-platform image to "
	  "the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be "
	  "preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)", .api = "1.46" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress verbose output" },
	{ 0 },
};

static int push(struct cli *cli, const struct options *o, struct cli_reference *image, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	if (o->all && (image->tag || image->digest))
		return err_set(err, ERR_INVALID, "tag can't be used with --all-tags/-a");
	if (!o->all && !image->tag && !image->digest) {
		image->tag = xstrdup("latest");
		if (!o->quiet)
			puts("Using default tag: latest");
	}
	if (image->digest)
		return err_set(err, ERR_INVALID, "cannot push a digest reference");
	AUTO_FREE char *base = cli_api_path("images", image->name, "/push", err);
	AUTO_FREE char *auth = cli_auth_header(&cli->config, image, err);
	if (!base || !auth)
		return -1;
	strbuf_adds(&path, base);
	if (!o->all)
		cli_query(&path, "tag", image->tag);
	if (cli_platform_query(&path, o->platform, err))
		return -1;
	if (o->platform && *o->platform && !o->quiet)
		cli_ansi_note("Using --platform pushes only the specified platform manifest of a multi-platform image index.\n"
			      "Other components, like attestations, will not be included.\n"
			      "To push the complete multi-platform image, remove the --platform flag.");
	fflush(stdout);
	struct cli_request request = { .method = "POST", .path = path.data, .headers = { auth } };
	if (cli_progress_request(&cli->api, &request, o->quiet ? NULL : stdout, err))
		return -1;
	if (o->quiet)
		printf("%s%s%s\n", image->name, image->tag ? ":" : "", image->tag ? image->tag : "");
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_reference image;

	(void)n;
	if (cli_trust_check(o->untrusted, err) || cli_reference_parse_name(&image, args[0], err))
		return -1;
	int rc = push(cli, o, &image, err);
	cli_reference_free(&image);
	return rc;
}

const struct cli_command cli_cmd_push = {
	.usage = "[OPTIONS] NAME[:TAG]", .summary = "Upload an image to a registry", .min = 1, .max = 1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
