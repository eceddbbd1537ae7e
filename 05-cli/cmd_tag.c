/*
 * cmd_tag.c - docker tag: one more name for an image.
 */
#include "reference.h"
#include "verbs.h"

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct cli_reference target;

	(void)options;
	(void)n;
	AUTO_FREE char *base = cli_api_path("images", args[0], "/tag", err);
	if (!base)
		return -1;
	if (cli_reference_parse(&target, args[1], err))
		return err_wrap(err, "Error parsing reference: \"%s\" is not a valid repository/tag", args[1]);
	strbuf_adds(&path, base);
	cli_query(&path, "repo", target.familiar);
	cli_query(&path, "tag", target.tag ? target.tag : "latest");
	int rc = target.digest || target.id
			 ? err_set(err, ERR_INVALID, "refusing to create a tag with a digest reference")
			 : cli_api_post(&cli->api, path.data, err);
	cli_reference_free(&target);
	return rc;
}

const struct cli_command cli_cmd_tag = {
	.usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", .min = 2, .max = 2, .run = run,
};
