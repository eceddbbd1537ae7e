/*
 * cmd_save.c - docker save and docker export: a tar archive into a file or a pipe.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "platform.h"
#include "verbs.h"

struct options {
	const char *output, *platform;
};

#define AT(field) offsetof(struct options, field)
#define OUTPUT { 'o', "output", CLI_STRING, AT(output), "Write to a file, instead of STDOUT" }
static const struct cli_flag save_flags[] = {
	OUTPUT,
	{ 0, "platform", CLI_STRING, AT(platform), "Save only the given platform variant. Formatted as "
	  "\"os[/arch[/variant]]\" (e.g., \"linux/amd64\")", .api = "1.48" },
	{ 0 },
};
static const struct cli_flag export_flags[] = { OUTPUT, { 0 } };

/* An archive on its way into a file. */
struct target {
	const char *path; /* NULL: stdout */
	char *temporary;
	int fd;
};

/* A file is written beside its place, and put there when it is whole; a device
 * or a pipe can only be written as it is. */
static int open_target(struct target *t, struct err *err)
{
	struct stat st;

	if (!t->path || !*t->path) {
		t->path = NULL;
		t->fd = STDOUT_FILENO;
		return isatty(STDOUT_FILENO) ? err_set(err, ERR_INVALID, "cowardly refusing to save to a terminal. Use the "
						       "-o flag or redirect")
					     : 0;
	}
	bool exists = !stat(t->path, &st);
	if (exists && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "invalid output path: \"%s\" must be a file, not a directory", t->path);
	if (exists && !S_ISREG(st.st_mode)) {
		t->fd = open(t->path, O_WRONLY | O_CLOEXEC);
	} else {
		t->temporary = xasprintf("%s.XXXXXX", t->path);
		t->fd = mkostemp(t->temporary, O_CLOEXEC);
	}
	return t->fd < 0 ? cli_file_error("open", t->path, err) : 0;
}

static int write_target(void *context, const char *data, size_t n, struct err *err)
{
	const struct target *t = context;

	if (io_write_full(t->fd, data, n))
		return cli_file_error("write", t->path ? t->path : "/dev/stdout", err);
	return 0;
}

static int close_target(struct target *t, int rc, struct err *err)
{
	if (t->path && t->fd >= 0 && close(t->fd) && !rc)
		rc = cli_file_error("close", t->path, err);
	if (t->temporary && t->fd >= 0 && (rc || rename(t->temporary, t->path))) {
		if (!rc)
			rc = cli_file_error("rename", t->path, err);
		unlink(t->temporary);
	}
	free(t->temporary);
	return rc;
}

static int save_to(struct cli *cli, const char *output, const char *path, struct err *err)
{
	struct target target = { .path = output, .fd = -1 };
	struct cli_request request = { .method = "GET", .path = path, .sink = write_target, .context = &target };
	int rc = open_target(&target, err);

	if (!rc)
		rc = cli_api_do(&cli->api, &request, NULL, err);
	return close_target(&target, rc, err);
}

static int run_save(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	strbuf_adds(&path, "/images/get");
	for (int i = 0; i < n; i++)
		cli_query(&path, "names", args[i]);
	if (cli_platform_query(&path, o->platform, err))
		return -1;
	return save_to(cli, o->output, path.data, err);
}

static int run_export(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_FREE char *path = cli_api_path("containers", args[0], "/export", err);

	(void)n;
	return path ? save_to(cli, o->output, path, err) : -1;
}

const struct cli_command cli_cmd_save = {
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Save one or more images to a tar archive (streamed to STDOUT by default)", .min = 1, .max = -1,
	.options_size = sizeof(struct options), .flags = save_flags, .run = run_save,
};

const struct cli_command cli_cmd_export = {
	.usage = "[OPTIONS] CONTAINER", .summary = "Export a container's filesystem as a tar archive", .min = 1,
	.max = 1, .options_size = sizeof(struct options), .flags = export_flags, .run = run_export,
};
