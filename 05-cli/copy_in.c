/*
 * copy_in.c - docker cp PATH CONTAINER:PATH.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "copy.h"
#include "pack.h"

/* What the archive holds, and where the daemon is to unpack it. */
struct in {
	char *path;      /* the files here */
	char *name;      /* what they are called in the archive */
	char *directory; /* there */
};

/* The daemon unpacks into a directory that exists; what is to have another name
 * has it in the archive already. */
static int choose_place(struct in *in, const char *place, bool exists, const struct cli_copy_stat *st, bool directory,
			struct err *err)
{
	if (exists && st->directory) {
		in->directory = xstrdup(place);
		return 0;
	}
	if (exists && directory)
		return err_set(err, ERR_INVALID, "cannot copy directory");
	if (!exists && !directory && cli_path_asserts_directory(place))
		return err_set(err, ERR_NOT_FOUND, "no such directory");
	free(in->name);
	in->name = cli_path_base(place);
	in->directory = cli_path_directory(place);
	return 0;
}

/* "dir/." is what the directory holds; "link/" and -L are what the link leads to. */
static int choose_source(struct in *in, const struct cli_copy *c, bool *directory, struct err *err)
{
	bool asserted = cli_path_asserts_directory(c->outside);
	struct stat st;

	if (asserted || c->follow ? stat(c->outside, &st) : lstat(c->outside, &st))
		return errno == ENOTDIR ? err_set(err, ERR_INVALID, "not a directory")
					: cli_file_error("lstat", c->outside, err);
	*directory = S_ISDIR(st.st_mode);
	if (asserted && !*directory)
		return err_set(err, ERR_INVALID, "not a directory");
	in->name = cli_path_base(c->outside);
	in->path = asserted || c->follow ? realpath(c->outside, NULL) : xstrdup(c->outside);
	if (!in->path)
		return cli_file_error("lstat", c->outside, err);
	if (strcmp(in->name, "..") && strcmp(in->name, "/"))
		return 0;
	free(in->name); /* names that mean another place have one there */
	in->name = !strcmp(c->outside, "/") ? xstrdup(".") : cli_path_base(in->path);
	return 0;
}

static char *request_path(const struct cli_copy *c, const char *directory, struct err *err)
{
	AUTO_FREE char *base = cli_copy_path(c, directory, err);
	struct strbuf path = STRBUF_INIT;

	if (!base)
		return NULL;
	strbuf_adds(&path, base);
	cli_query(&path, "noOverwriteDirNonDir", "true");
	if (c->archive)
		cli_query(&path, "copyUIDGID", "true");
	return strbuf_steal(&path);
}

/* ---- sending ------------------------------------------------------------- */

struct sending {
	const struct cli_copy *c;
	struct cli_pack *pack;
	struct cli_copy_meter meter;
};

static ssize_t give(void *context, char *buf, size_t size, struct err *err)
{
	struct sending *s = context;
	ssize_t n = s->pack ? cli_pack_read(s->pack, buf, size, err) : read(STDIN_FILENO, buf, size);

	if (n < 0 && !s->pack)
		return cli_file_error("read", "/dev/stdin", err);
	cli_copy_count(s->c, &s->meter, "Copying to container", n > 0 ? (size_t)n : 0);
	return n;
}

static int send_in(struct cli *cli, const struct cli_copy *c, const struct in *in, struct err *err)
{
	AUTO_FREE char *path = request_path(c, in->directory, err);
	struct sending s = { .c = c };

	if (!path || (in->path && !(s.pack = cli_pack_start(in->path, in->name, err))))
		return -1;
	struct cli_request request = { .method = "PUT", .path = path, .source = give, .source_context = &s };
	int rc = cli_api_do(&cli->api, &request, NULL, err);
	cli_pack_end(s.pack);
	if (rc)
		return -1;
	AUTO_FREE char *where = xasprintf("%s:%s", c->container, c->inside);
	cli_copy_done(c, &s.meter, where);
	return 0;
}

static int prepare(struct in *in, const struct cli_copy *c, const char *place, bool exists,
		   const struct cli_copy_stat *st, struct err *err)
{
	bool directory = false;

	if (exists && st->device)
		return err_set(err, ERR_INVALID, "destination \"%s:%s\" must be a directory or a regular file: got a device",
			       c->container, c->inside);
	if (strcmp(c->outside, "-"))
		return choose_source(in, c, &directory, err) || choose_place(in, place, exists, st, directory, err) ? -1 : 0;
	in->directory = xstrdup(place);
	return st->directory ? 0
			     : err_set(err, ERR_INVALID, "destination \"%s:%s\" must be a directory", c->container,
				       c->inside);
}

int cli_copy_in(struct cli *cli, const struct cli_copy *c, struct err *err)
{
	AUTO_FREE char *place = NULL;
	struct cli_copy_stat st = { 0 };
	struct in in = { 0 };
	struct err ignored;
	/* What is not there is to be made; and of a container that is not there, the request tells. */
	bool exists = !cli_copy_look(cli, c, &place, &st, &ignored);
	int rc = prepare(&in, c, place, exists, &st, err);

	if (!rc)
		rc = send_in(cli, c, &in, err);
	free(st.target);
	free(in.path);
	free(in.name);
	free(in.directory);
	return rc;
}
