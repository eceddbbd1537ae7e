/*
 * cmd_context_file.c - docker context export and import: a context as a tar
 * archive of meta.json and tls/docker/…; a zip of the same is imported, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "context.h"
#include "tar.h"
#include "verbs.h"

#define FILE_LIMIT (1u << 20)
#define ZIP_LIMIT (10u << 20) /* as the real client has it */
static const char tls_directory[] = "tls/docker/";

/* ---- export -------------------------------------------------------------- */

static void add_directory(struct strbuf *out, const char *name)
{
	struct cli_tar_entry entry = { .type = '5', .name = (char *)name, .mode = 0700 };

	cli_tar_header(out, &entry);
}

static int make_archive(struct cli *cli, const char *name, struct strbuf *out, struct err *err)
{
	AUTO_JSON json_t *meta = cli_context_load(&cli->config, name, err);
	AUTO_FREE char *text = meta ? jsonx_text(meta) : NULL;
	bool any = false;

	if (!meta)
		return -1;
	cli_tar_file(out, "meta.json", 0644, text, strlen(text));
	add_directory(out, "tls");
	for (const char *const *file = cli_context_tls_files; *file; file++) {
		AUTO_STRBUF struct strbuf content = STRBUF_INIT;
		AUTO_FREE char *path = xasprintf("%s%s", tls_directory, *file);
		struct err ignored;
		if (cli_context_get_tls(&cli->config, name, *file, &content, &ignored))
			continue;
		if (!any)
			add_directory(out, "tls/docker");
		any = true;
		cli_tar_file(out, path, 0600, content.data, content.len);
	}
	cli_tar_end(out);
	return 0;
}

static int run_export(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_STRBUF struct strbuf archive = STRBUF_INIT;
	AUTO_FREE char *path = n > 1 ? xstrdup(args[1]) : xasprintf("%s.dockercontext", args[0]);

	(void)options;
	if (!strcmp(args[0], CLI_CONTEXT_DEFAULT))
		return cli_context_check_name(args[0], err);
	if (make_archive(cli, args[0], &archive, err))
		return -1;
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		return err_set(err, ERR_INVALID, "cowardly refusing to export to a terminal, specify a file path");
	if (!strcmp(path, "-"))
		return io_write_full(STDOUT_FILENO, archive.data, archive.len) ? cli_file_error("write", "/dev/stdout", err) : 0;
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return cli_file_error("open", path, err);
	if (io_write_full(fd, archive.data, archive.len))
		return cli_file_error("write", path, err);
	fprintf(stderr, "Written file \"%s\"\n", path);
	return 0;
}

const struct cli_command cli_cmd_context_export = {
	.usage = "[OPTIONS] CONTEXT [FILE|-]",
	.summary = "Export a context to a tar archive FILE or a tar stream on STDOUT.", .min = 1, .max = 2,
	.offline = true, .run = run_export,
};

/* ---- import -------------------------------------------------------------- */

/* The entry that is being read; what no context has is refused. */
struct import {
	struct cli *cli;
	const char *name;
	struct strbuf content;
	char *file; /* of TLS; NULL: meta.json, or nothing */
	bool meta, wanted;
	bool done; /* meta.json has been there */
};

static int begin(void *context, const struct cli_tar_entry *entry, struct err *err)
{
	struct import *i = context;
	const char *file = str_starts(entry->name, tls_directory) ? entry->name + strlen(tls_directory) : NULL;
	bool known = false;

	strbuf_clear(&i->content);
	free(steal_ptr(&i->file));
	i->meta = !strcmp(entry->name, "meta.json");
	i->wanted = entry->type == '0';
	for (const char *const *f = cli_context_tls_files; file && *f; f++)
		known = known || !strcmp(*f, file);
	if (i->wanted && !i->meta && !known)
		return err_set(err, ERR_INVALID, "invalid context archive: unexpected file \"%s\"", entry->name);
	if (entry->size > FILE_LIMIT)
		return err_set(err, ERR_INVALID, "invalid context archive: \"%s\" is too large", entry->name);
	i->file = known ? xstrdup(file) : NULL;
	return 0;
}

static int data(void *context, const char *bytes, size_t n, struct err *err)
{
	struct import *i = context;

	(void)err;
	strbuf_add(&i->content, bytes, n);
	return 0;
}

static int end(void *context, struct err *err)
{
	struct import *i = context;

	if (!i->wanted)
		return 0;
	strbuf_reserve(&i->content, 1);
	if (!i->meta)
		return cli_context_put_tls(&i->cli->config, i->name, i->file, &i->content, err);
	AUTO_JSON json_t *meta = jsonx_parse(i->content.data, i->content.len, "meta.json", err);
	if (!meta)
		return -1;
	json_object_set_new(meta, "Name", json_string(i->name));
	i->done = true;
	return cli_context_save(&i->cli->config, meta, err);
}

/* A zip's directory is at its end: all of it is wanted. */
static int read_zip(const struct cli_tar_reader *reader, int fd, const char *begin, size_t n, struct err *err)
{
	AUTO_STRBUF struct strbuf rest = STRBUF_INIT;
	AUTO_STRBUF struct strbuf all = STRBUF_INIT;

	if (file_read_fd(fd, &rest, ZIP_LIMIT, err))
		return err_wrap(err, "read the archive");
	strbuf_add(&all, begin, n);
	strbuf_add(&all, rest.data ? rest.data : "", rest.len);
	return cli_zip_read(all.data, all.len, reader, err);
}

static int read_archive(struct import *i, int fd, struct err *err)
{
	struct cli_tar_reader reader = { .begin = begin, .data = data, .end = end, .context = i };
	struct err ignored;
	char buf[8192];
	ssize_t n = 0;
	int rc = 0;

	n = io_read_full(fd, buf, sizeof buf);
	bool zip = n > 0 && cli_zip_is(buf, (size_t)n);
	if (zip)
		rc = read_zip(&reader, fd, buf, (size_t)n, err);
	while (!zip && !rc && n > 0) {
		rc = cli_tar_feed(&reader, buf, (size_t)n, err);
		if (!rc)
			n = io_read_full(fd, buf, sizeof buf);
	}
	if (n < 0)
		rc = err_sys(err, "read the archive");
	if (!zip && cli_tar_finish(&reader, rc ? &ignored : err))
		rc = -1;
	strbuf_free(&i->content);
	free(i->file);
	return rc || i->done ? rc : err_set(err, ERR_INVALID, "invalid context archive: no meta.json in it");
}

static int run_import(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	bool file = strcmp(args[1], "-");
	AUTO_CLOSE int opened = file ? open(args[1], O_RDONLY | O_CLOEXEC) : -1;
	struct import import = { .cli = cli, .name = args[0] };
	struct err ignored;

	(void)options;
	(void)n;
	if (cli_context_check_name(args[0], err))
		return -1;
	if (cli_context_exists(&cli->config, args[0]))
		return err_set(err, ERR_EXISTS, "context \"%s\" already exists", args[0]);
	if (file && opened < 0)
		return cli_file_error("open", args[1], err);
	if (read_archive(&import, file ? opened : STDIN_FILENO, err)) {
		cli_context_remove(&cli->config, args[0], &ignored);
		return -1;
	}
	puts(args[0]);
	fflush(stdout);
	fprintf(stderr, "Successfully imported context \"%s\"\n", args[0]);
	return 0;
}

const struct cli_command cli_cmd_context_import = {
	.usage = "CONTEXT FILE|-", .summary = "Import a context from a tar file", .min = 2, .max = 2, .offline = true,
	.run = run_import,
};
