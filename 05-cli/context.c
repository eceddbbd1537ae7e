/*
 * context.c - see context.h.
 */
#include "context.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "digest.h"

#define FILE_LIMIT (1u << 20)

const char *const cli_context_tls_files[] = { "ca.pem", "cert.pem", "key.pem", NULL };

int cli_context_check_name(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";

	if (!*name)
		return err_set(err, ERR_INVALID, "context name cannot be empty");
	if (!strcmp(name, CLI_CONTEXT_DEFAULT))
		return err_set(err, ERR_INVALID, "\"default\" is a reserved context name");
	if (strlen(name) < 2 || strspn(name, letters) != strlen(name) || strchr("_.+-", *name))
		return err_set(err, ERR_INVALID,
			       "context name \"%s\" is invalid, names are validated against regexp "
			       "\"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\"", name);
	return 0;
}

char *cli_context_path(const struct cli_config *config, const char *kind, const char *name)
{
	char hex[CLI_SHA256_SIZE];

	cli_sha256(name, strlen(name), hex);
	return xasprintf("%s/contexts/%s/%s", config->directory, kind, hex);
}

json_t *cli_context_load(const struct cli_config *config, const char *name, struct err *err)
{
	AUTO_FREE char *directory = cli_context_path(config, "meta", name);
	AUTO_FREE char *path = xasprintf("%s/meta.json", directory);
	json_t *meta = jsonx_read(AT_FDCWD, path, FILE_LIMIT, err);

	if (meta)
		return meta;
	if (err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "context \"%s\": context not found: open %s: no such file or directory", name, path);
	else
		err_wrap(err, "context \"%s\"", name);
	return NULL;
}

bool cli_context_exists(const struct cli_config *config, const char *name)
{
	AUTO_FREE char *directory = cli_context_path(config, "meta", name);
	AUTO_FREE char *path = xasprintf("%s/meta.json", directory);

	return !access(path, F_OK);
}

int cli_context_save(const struct cli_config *config, const json_t *meta, struct err *err)
{
	AUTO_FREE char *directory = cli_context_path(config, "meta", jsonx_str(meta, "Name", ""));
	AUTO_FREE char *path = xasprintf("%s/meta.json", directory);

	if (file_mkdir_p(directory, 0755, err))
		return -1;
	return jsonx_write(AT_FDCWD, path, meta, 0644, err);
}

int cli_context_remove(const struct cli_config *config, const char *name, struct err *err)
{
	AUTO_FREE char *meta = cli_context_path(config, "meta", name), *tls = cli_context_path(config, "tls", name);

	return file_remove_tree(AT_FDCWD, meta, err) ? -1 : file_remove_tree(AT_FDCWD, tls, err);
}

/* ---- TLS ----------------------------------------------------------------- */

int cli_context_put_tls(const struct cli_config *config, const char *name, const char *file,
			const struct strbuf *content, struct err *err)
{
	AUTO_FREE char *tls = cli_context_path(config, "tls", name);
	AUTO_FREE char *directory = xasprintf("%s/docker", tls);
	AUTO_FREE char *path = xasprintf("%s/%s", directory, file);

	if (file_mkdir_p(directory, 0700, err))
		return -1;
	return file_write_atomic(AT_FDCWD, path, content->data, content->len, 0600, err);
}

int cli_context_get_tls(const struct cli_config *config, const char *name, const char *file, struct strbuf *content,
			struct err *err)
{
	AUTO_FREE char *tls = cli_context_path(config, "tls", name);
	AUTO_FREE char *path = xasprintf("%s/docker/%s", tls, file);

	return file_read(AT_FDCWD, path, content, FILE_LIMIT, err);
}

/* ---- all ----------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

void cli_context_list(const struct cli_config *config, struct strlist *names)
{
	AUTO_FREE char *path = xasprintf("%s/contexts/meta", config->directory);
	AUTO_CLOSEDIR DIR *d = opendir(path);
	const struct dirent *item;
	struct err ignored;

	while (d && (item = readdir(d))) {
		AUTO_FREE char *file = xasprintf("%s/%s/meta.json", path, item->d_name);
		AUTO_JSON json_t *meta = item->d_name[0] == '.' ? NULL : jsonx_read(AT_FDCWD, file, FILE_LIMIT, &ignored);
		if (*jsonx_str(meta, "Name", ""))
			strlist_add(names, jsonx_str(meta, "Name", ""));
	}
	if (names->n)
		qsort(names->v, names->n, sizeof *names->v, by_text);
}
