/*
 * copy.c - see copy.h.
 */
#include "copy.h"

#include <stdio.h>
#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "human.h"

#define PROGRESS_MS 100

/* Bits of Go's os.FileMode. */
#define GO_DIR (1u << 31)
#define GO_LINK (1u << 27)
#define GO_DEVICE (1u << 26)

/* ---- paths --------------------------------------------------------------- */

char *cli_path_base(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 1 && *path == '/')
		return xstrdup("/");
	size_t start = n;
	while (start && path[start - 1] != '/')
		start--;
	return xstrndup(path + start, n - start);
}

char *cli_path_directory(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n ? xstrndup(path, n) : xstrdup(".");
}

bool cli_path_asserts_directory(const char *path)
{
	return str_ends(path, "/") || str_ends(path, "/.") || !strcmp(path, ".");
}

char *cli_copy_path(const struct cli_copy *c, const char *inside, struct err *err)
{
	AUTO_FREE char *base = cli_api_path("containers", c->container, "/archive", err);
	struct strbuf path = STRBUF_INIT;

	if (!base)
		return NULL;
	strbuf_adds(&path, base);
	cli_query(&path, "path", inside);
	return strbuf_steal(&path);
}

/* ---- what is there ------------------------------------------------------- */

int cli_copy_decode(const char *header, struct cli_copy_stat *st, struct err *err)
{
	size_t n = 0;
	AUTO_FREE char *text = header ? base64_decode(header, strlen(header), &n) : NULL;
	AUTO_JSON json_t *doc = text ? json_loadb(text, n, 0, NULL) : NULL;
	json_int_t mode = jsonx_int(doc, "mode", 0);

	if (!doc)
		return err_set(err, ERR_CORRUPT, "unable to decode container path stat header");
	st->directory = mode & GO_DIR;
	st->link = mode & GO_LINK;
	st->device = mode & GO_DEVICE;
	st->target = xstrdup(jsonx_str(doc, "linkTarget", ""));
	return 0;
}

static int look(struct cli *cli, const struct cli_copy *c, const char *inside, struct cli_copy_stat *st,
		struct err *err)
{
	AUTO_FREE char *path = cli_copy_path(c, inside, err);
	struct cli_header header = { .name = CLI_COPY_STAT };
	struct cli_request request = { .method = "HEAD", .path = path, .wanted = &header };

	*st = (struct cli_copy_stat){ 0 };
	int rc = path ? cli_api_do(&cli->api, &request, NULL, err) : -1;
	if (!rc)
		rc = cli_copy_decode(header.value, st, err);
	free(header.value);
	return rc;
}

int cli_copy_look(struct cli *cli, const struct cli_copy *c, char **path, struct cli_copy_stat *st, struct err *err)
{
	*path = xstrdup(c->inside);
	if (look(cli, c, c->inside, st, err))
		return -1;
	if (!st->link)
		return 0;
	AUTO_FREE char *directory = cli_path_directory(c->inside);
	AUTO_FREE char *target = steal_ptr(&st->target);
	free(*path);
	*path = *target == '/' ? xstrdup(target) : xasprintf("%s/%s", directory, target);
	if (!look(cli, c, *path, st, err))
		return 0;
	*st = (struct cli_copy_stat){ 0 }; /* a link that leads nowhere: something to be made */
	return -1;
}

/* ---- progress ------------------------------------------------------------ */

void cli_copy_count(const struct cli_copy *c, struct cli_copy_meter *m, const char *what, size_t n)
{
	int64_t ms = time_steady_ns() / 1000000;
	char size[CLI_HUMAN_SIZE];

	m->bytes += n;
	if (!m->looked_ms)
		m->looked_ms = ms; /* what is over at once needs no progress */
	if (c->quiet || ms - m->looked_ms < PROGRESS_MS)
		return;
	m->looked_ms = ms;
	m->shown = true;
	fprintf(stderr, "\r\033[K%s - %s", what, cli_human_size((double)m->bytes, 3, size));
}

void cli_copy_done(const struct cli_copy *c, const struct cli_copy_meter *m, const char *where)
{
	char size[CLI_HUMAN_SIZE];

	if (!c->quiet)
		fprintf(stderr, "%sSuccessfully copied %s to %s\n", m->shown ? "\r\033[K" : "",
			cli_human_size((double)m->bytes, 3, size), where);
}
