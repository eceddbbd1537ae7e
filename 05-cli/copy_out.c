/*
 * copy_out.c - docker cp CONTAINER:PATH PATH.
 *
 * Where a file lands depends on what is there, as with cp(1): into a directory
 * that exists; else under the name given.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "copy.h"
#include "unpack.h"

#define LINKS_MAX 10

struct out {
	const struct cli_copy *c;
	const char *source; /* the path inside, links followed where that was asked for */
	char *renamed;      /* what it is called here all the same; NULL: as there */
	struct cli_header header;
	struct cli_unpack *unpack;
	struct cli_copy_meter meter;
};

/* A link leads to where a file is to be written, whether there is one or not. New. */
static char *follow_links(const char *path)
{
	char *now = xstrdup(path), target[PATH_MAX];
	ssize_t n;

	for (int i = 0; i < LINKS_MAX && (n = readlink(now, target, sizeof target - 1)) > 0; i++) {
		AUTO_FREE char *before = now;
		AUTO_FREE char *directory = cli_path_directory(before);
		target[n] = 0;
		now = *target == '/' ? xstrdup(target) : xasprintf("%s/%s", directory, target);
	}
	return now;
}

/* Where the archive is unpacked, and what its first part is called there. */
static int choose_place(struct out *o, const struct cli_copy_stat *st, struct err *err)
{
	AUTO_FREE char *path = follow_links(o->c->outside);
	AUTO_FREE char *base = cli_path_base(o->source), *directory = cli_path_directory(path);
	AUTO_FREE char *name = cli_path_base(path);
	struct stat there;
	bool exists = !stat(path, &there);

	if (exists && S_ISDIR(there.st_mode)) {
		o->unpack = cli_unpack_start(path, o->renamed ? base : NULL, o->renamed, err);
		return o->unpack ? 0 : -1;
	}
	if (exists && st->directory)
		return err_set(err, ERR_INVALID, "cannot copy directory");
	if (!exists && !st->directory && cli_path_asserts_directory(path))
		return err_set(err, ERR_NOT_FOUND, "no such directory");
	o->unpack = cli_unpack_start(directory, base, name, err);
	return o->unpack ? 0 : -1;
}

static int receive(void *context, const char *data, size_t n, struct err *err)
{
	struct out *o = context;
	struct cli_copy_stat st = { 0 };

	if (!strcmp(o->c->outside, "-"))
		return io_write_full(STDOUT_FILENO, data, n) ? cli_file_error("write", "/dev/stdout", err) : 0;
	if (!o->unpack) {
		int rc = cli_copy_decode(o->header.value, &st, err);
		if (!rc)
			rc = choose_place(o, &st, err);
		free(st.target);
		if (rc)
			return -1;
	}
	cli_copy_count(o->c, &o->meter, "Copying from container", n);
	return cli_unpack_feed(o->unpack, data, n, err);
}

static int check_place(const char *path, struct err *err)
{
	AUTO_FREE char *directory = cli_path_directory(path);
	struct stat st;

	if (stat(directory, &st) && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "invalid output path: directory \"%s\" does not exist", directory);
	if (!stat(path, &st) && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "invalid output path: \"%s\" must be a directory or a regular file", path);
	return 0;
}

int cli_copy_out(struct cli *cli, const struct cli_copy *c, struct err *err)
{
	struct out o = { .c = c, .source = c->inside, .header = { .name = CLI_COPY_STAT } };
	struct cli_copy_stat st = { 0 };
	AUTO_FREE char *source = NULL;
	struct err ignored;

	if (strcmp(c->outside, "-") ? check_place(c->outside, err) : isatty(STDOUT_FILENO) &&
	    err_set(err, ERR_INVALID, "cowardly refusing to write an archive to a terminal"))
		return -1;
	if (c->follow)
		(void)cli_copy_look(cli, c, &source, &st, &ignored);
	if (source && strcmp(source, c->inside)) {
		o.source = source;
		o.renamed = cli_path_base(c->inside);
	}
	free(st.target);
	AUTO_FREE char *path = cli_copy_path(c, o.source, err);
	struct cli_request request = { .method = "GET", .path = path, .sink = receive, .context = &o,
				       .wanted = &o.header };
	int rc = path ? cli_api_do(&cli->api, &request, NULL, err) : -1;
	if (cli_unpack_end(o.unpack, rc ? &ignored : err))
		rc = -1;
	free(o.renamed);
	free(o.header.value);
	if (!rc && strcmp(c->outside, "-"))
		cli_copy_done(c, &o.meter, c->outside);
	return rc;
}
