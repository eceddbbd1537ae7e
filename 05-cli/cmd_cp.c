/*
 * cmd_cp.c - docker cp: files into a container and out of it.
 */
#include <string.h>

#include "copy.h"
#include "verbs.h"
#include "volumes.h"

struct options {
	bool archive, follow, quiet;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "archive", CLI_BOOL, AT(archive), "Archive mode (copy all uid/gid information)" },
	{ 'L', "follow-link", CLI_BOOL, AT(follow), "Always follow symbol link in SRC_PATH" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress progress output during copy. Progress output is automatically "
	  "suppressed if no terminal is attached" },
	{ 0 },
};

/* "CONTAINER:PATH" in two: the container is new, NULL when it is a path of ours.
 * A path with a colon in it is written "./a:b". */
static char *split(const char *arg, const char **path)
{
	const char *colon = strchr(arg, ':');

	*path = arg;
	if (*arg == '/' || *arg == '.' || !colon || colon == arg)
		return NULL;
	*path = colon + 1;
	return xstrndup(arg, (size_t)(colon - arg));
}

/* A slash or a dot at the end means something (copy.h), and stays. */
static char *absolute(const char *path, struct err *err)
{
	AUTO_FREE char *plain = strcmp(path, "-") ? cli_absolute_path(path, err) : xstrdup(path);

	if (!plain)
		return NULL;
	bool dot = !strcmp(path, ".") || str_ends(path, "/."), slash = str_ends(path, "/");
	return xasprintf("%s%s", plain, !strcmp(plain, "/") ? "" : dot ? "/." : slash ? "/" : "");
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_copy c = { .archive = o->archive, .follow = o->follow,
			      .quiet = o->quiet || !isatty(STDERR_FILENO) };
	const char *from, *to;
	AUTO_FREE char *source = split(args[0], &from), *target = split(args[1], &to);

	(void)n;
	if (!*from || !*to)
		return err_set(err, ERR_INVALID, "%s can not be empty", *from ? "destination" : "source");
	if (source && target)
		return err_set(err, ERR_UNSUPPORTED, "copying between containers is not supported");
	if (!source && !target)
		return err_set(err, ERR_INVALID, "must specify at least one container source");
	c.container = source ? source : target;
	AUTO_FREE char *outside = absolute(source ? to : from, err);
	if (!outside)
		return -1;
	c.outside = outside;
	AUTO_FREE char *inside = xasprintf("%s%s", (source ? *from : *to) == '/' ? "" : "/", source ? from : to);
	c.inside = inside;
	return source ? cli_copy_out(cli, &c, err) : cli_copy_in(cli, &c, err);
}

const struct cli_command cli_cmd_cp = {
	.usage = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-", .more = "[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
	.summary = "Copy files/folders between a container and the local filesystem",
	.about = "Copy files/folders between a container and the local filesystem\n\n"
		 "Use '-' as the source to read a tar archive from stdin\n"
		 "and extract it to a directory destination in a container.\n"
		 "Use '-' as the destination to stream a tar archive of a\n"
		 "container source to stdout.",
	.min = 2, .max = 2, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
