/*
 * cmd_commit.c - docker commit: an image of what a container has become.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "reference.h"
#include "verbs.h"

struct options {
	struct strlist changes;
	const char *author, *message;
	bool pause;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "author", CLI_STRING, AT(author),
	  "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")" },
	{ 'c', "change", CLI_LIST, AT(changes), "Apply Dockerfile instruction to the created image" },
	{ 'm', "message", CLI_STRING, AT(message), "Commit message" },
	{ 'p', "pause", CLI_BOOL, AT(pause), "Pause container during commit", .shown = "true" },
	{ 0 },
};

static int add_name(struct strbuf *path, const char *name, struct err *err)
{
	struct cli_reference ref;

	if (cli_reference_parse_name(&ref, name, err))
		return -1;
	int rc = ref.digest ? err_set(err, ERR_INVALID, "cannot commit to digest reference") : 0;
	if (!rc) {
		cli_query(path, "repo", ref.name);
		cli_query(path, "tag", ref.tag ? ref.tag : "latest");
	}
	cli_reference_free(&ref);
	return rc;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_JSON json_t *created = NULL;

	strbuf_adds(&path, "/commit");
	cli_query(&path, "container", args[0]);
	if (n > 1 && *args[1] && add_name(&path, args[1], err))
		return -1;
	if (o->author)
		cli_query(&path, "author", o->author);
	if (o->message)
		cli_query(&path, "comment", o->message);
	for (size_t i = 0; i < o->changes.n; i++)
		cli_query(&path, "changes", o->changes.v[i]);
	if (!o->pause)
		cli_query(&path, "pause", "0");
	if (cli_api_call(&cli->api, "POST", path.data, NULL, &created, err))
		return -1;
	puts(jsonx_str(created, "Id", ""));
	return 0;
}

const struct cli_command cli_cmd_commit = {
	.usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", .summary = "Create a new image from a container's changes",
	.min = 1, .max = 2, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
