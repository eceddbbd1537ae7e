/*
 * cmd_load.c - docker load and docker import: an archive becomes an image. The
 * first takes images that docker save wrote, the second the files of one layer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "platform.h"
#include "progress.h"
#include "reference.h"
#include "verbs.h"

/* ---- the archive --------------------------------------------------------- */

static ssize_t read_file(void *context, char *buf, size_t size, struct err *err)
{
	const int *fd = context;
	ssize_t n = io_read(*fd, buf, size);

	return n < 0 ? err_sys(err, "read the archive") : n;
}

/* ---- load ---------------------------------------------------------------- */

struct load_options {
	const char *input, *platform;
	bool quiet;
};

#define AT(field) offsetof(struct load_options, field)
static const struct cli_flag load_flags[] = {
	{ 'i', "input", CLI_STRING, AT(input), "Read from tar archive file, instead of STDIN" },
	{ 0, "platform", CLI_STRING, AT(platform), "Load only the given platform variant. Formatted as "
	  "\"os[/arch[/variant]]\" (e.g., \"linux/amd64\")", .api = "1.48" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress the load output" },
	{ 0 },
};
#undef AT

static int run_load(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct load_options *o = options;
	bool file = o->input && *o->input;
	AUTO_CLOSE int opened = file ? open(o->input, O_RDONLY | O_CLOEXEC) : -1;
	int fd = file ? opened : STDIN_FILENO;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	(void)args;
	(void)n;
	if (fd < 0)
		return cli_file_error("open", o->input, err);
	if (!file && isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID, "requested load from stdin, but stdin is empty");
	strbuf_adds(&path, "/images/load");
	cli_query(&path, "quiet", o->quiet || !isatty(STDOUT_FILENO) ? "1" : "0"); /* a daemon that is not told is quiet */
	if (cli_platform_query(&path, o->platform, err))
		return -1;
	struct cli_request request = { .method = "POST", .path = path.data, .source = read_file,
				       .source_context = &fd };
	return cli_progress_request(&cli->api, &request, stdout, err);
}

const struct cli_command cli_cmd_load = {
	.usage = "[OPTIONS]", .summary = "Load an image from a tar archive or STDIN",
	.options_size = sizeof(struct load_options), .flags = load_flags, .run = run_load,
};

/* ---- import -------------------------------------------------------------- */

struct import_options {
	struct strlist changes;
	const char *message, *platform;
};

#define AT(field) offsetof(struct import_options, field)
static const struct cli_flag import_flags[] = {
	{ 'c', "change", CLI_LIST, AT(changes), "Apply Dockerfile instruction to the created image" },
	{ 'm', "message", CLI_STRING, AT(message), "Set commit message for imported image" },
	{ 0, "platform", CLI_STRING, AT(platform), "Set platform if server is multi-platform capable" },
	{ 0 },
};

static int add_name(struct strbuf *path, const char *name, struct err *err)
{
	struct cli_reference ref;

	if (cli_reference_parse(&ref, name, err))
		return -1;
	cli_reference_free(&ref);
	cli_query(path, "repo", name); /* the daemon splits it */
	return 0;
}

static int run_import(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct import_options *o = options;
	bool url = str_starts(args[0], "http://") || str_starts(args[0], "https://");
	bool file = !url && strcmp(args[0], "-");
	AUTO_CLOSE int opened = file ? open(args[0], O_RDONLY | O_CLOEXEC) : -1;
	int fd = file ? opened : STDIN_FILENO;
	const char *platform = cli_platform_default(o->platform);
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;

	if (fd < 0)
		return cli_file_error("open", args[0], err);
	strbuf_adds(&path, "/images/create");
	cli_query(&path, "fromSrc", url ? args[0] : "-");
	if (o->message)
		cli_query(&path, "message", o->message);
	if (platform)
		cli_query(&path, "platform", platform);
	for (size_t i = 0; i < o->changes.n; i++)
		cli_query(&path, "changes", o->changes.v[i]);
	if (n > 1 && *args[1] && add_name(&path, args[1], err))
		return -1;
	struct cli_request request = { .method = "POST", .path = path.data, .source = url ? NULL : read_file,
				       .source_context = &fd };
	return cli_progress_request(&cli->api, &request, stdout, err);
}

const struct cli_command cli_cmd_import = {
	.usage = "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
	.summary = "Import the contents from a tarball to create a filesystem image", .min = 1, .max = 2,
	.options_size = sizeof(struct import_options), .flags = import_flags, .run = run_import,
};
