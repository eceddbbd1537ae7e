/*
 * build_answer.c - see build.h: the stream that the daemon builds to, and an image's files out of it.
 */
#include "build.h"

#include <fcntl.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "unpack.h"

#define LINE_LIMIT (4u << 20)
#define SAID_LIMIT (1u << 20)

void cli_build_answer_begin(struct cli_build_answer *a, bool quiet)
{
	*a = (struct cli_build_answer){ .out = quiet ? NULL : stdout };
	cli_progress_begin(&a->progress, a->out);
}

void cli_build_answer_end(struct cli_build_answer *a)
{
	struct err ignored;

	cli_progress_end(&a->progress, &ignored);
	strbuf_free(&a->line);
	strbuf_free(&a->said);
}

static void say(struct cli_build_answer *a, const char *text)
{
	if (a->out) {
		fputs(text, a->out);
		fflush(a->out);
	} else if (a->said.len < SAID_LIMIT) {
		strbuf_adds(&a->said, text);
	}
}

static int take_line(struct cli_build_answer *a, const char *text, size_t n, struct err *err)
{
	AUTO_JSON json_t *event = jsonx_parse(text, n, "the daemon's answer", err);
	const char *id, *stream;

	if (!event)
		return -1;
	id = jsonx_str(json_object_get(event, "aux"), "ID", NULL);
	stream = jsonx_str(event, "stream", NULL);
	if (cli_progress_error(event, err)) {
		a->code = (int)jsonx_int(json_object_get(event, "errorDetail"), "code", 0);
		if (a->said.len)
			fputs(a->said.data, stderr);
		return -1;
	}
	if (id)
		snprintf(a->id, sizeof a->id, "%s", id);
	else if (stream)
		say(a, stream);
	else
		cli_progress_show(&a->progress, event);
	return 0;
}

int cli_build_answer_feed(void *answer, const char *data, size_t n, struct err *err)
{
	struct cli_build_answer *a = answer;

	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t take = end ? (size_t)(end - data) + 1 : n;

		if (a->line.len + take > LINE_LIMIT)
			return err_set(err, ERR_INVALID, "the daemon's answer has a line of over %u bytes", LINE_LIMIT);
		strbuf_add(&a->line, data, take);
		data += take;
		n -= take;
		if (!end)
			return 0;
		if (a->line.len > 2 && take_line(a, a->line.data, a->line.len, err))
			return -1;
		strbuf_clear(&a->line);
	}
	return 0;
}

/* ---- --output ------------------------------------------------------------ */

int cli_build_output_parse(const char *text, struct cli_build_output *o, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	*o = (struct cli_build_output){ .wanted = true, .tar = !strcmp(text, "-") };
	if (!strchr(text, '=')) {
		o->dest = xstrdup(text);
		return 0;
	}
	if (!strcmp(text, "type=docker") || !strcmp(text, "type=image")) { /* an image is what there is without -o, too */
		o->wanted = false;
		return 0;
	}
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (!strcmp(w, "type=tar"))
			o->tar = true;
		else if (str_starts(w, "dest="))
			o->dest = (free(o->dest), xstrdup(w + strlen("dest=")));
		else if (strcmp(w, "type=local"))
			return err_set(err, ERR_INVALID, "--output: %s is not supported: type=local or type=tar, and "
				       "dest=PATH", w);
	}
	if (!o->dest && o->tar)
		o->dest = xstrdup("-");
	return o->dest && *o->dest && (o->tar || strcmp(o->dest, "-"))
		       ? 0 : err_set(err, ERR_INVALID, "--output: dest, a directory, is required for type=local");
}

static int write_fd(void *context, const char *data, size_t n, struct err *err)
{
	return io_write_full(*(int *)context, data, n) ? err_sys(err, "write the output") : 0;
}

static int export_tar(struct cli *cli, const char *path, const char *dest, struct err *err)
{
	bool out = !strcmp(dest, "-");
	AUTO_CLOSE int opened = out ? -1 : open(dest, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int fd = out ? STDOUT_FILENO : opened;
	struct cli_request request = { .method = "GET", .path = path, .sink = write_fd, .context = &fd };

	if (fd < 0)
		return cli_file_error("open", dest, err);
	return cli_api_do(&cli->api, &request, NULL, err);
}

static int export_files(struct cli *cli, const char *path, const char *dest, struct err *err)
{
	struct cli_unpack *unpack;
	struct cli_request request = { .method = "GET", .path = path, .sink = cli_unpack_feed };
	struct err ignored;
	int rc;

	if (file_mkdir_p(dest, 0777, err) || !(unpack = cli_unpack_start(dest, NULL, NULL, err)))
		return -1;
	request.context = unpack;
	rc = cli_api_do(&cli->api, &request, NULL, err);
	return cli_unpack_end(unpack, rc ? &ignored : err) || rc ? -1 : 0;
}

static int with_container(struct cli *cli, const struct cli_build_output *o, const char *container,
			  struct err *err)
{
	AUTO_FREE char *export = cli_api_path("containers", container, "/export", err);
	AUTO_FREE char *remove = cli_api_path("containers", container, "?v=1", err);
	struct err ignored;
	int rc = !export || !remove ? -1
		 : o->tar ? export_tar(cli, export, o->dest, err) : export_files(cli, export, o->dest, err);

	if (remove)
		cli_api_call(&cli->api, "DELETE", remove, NULL, NULL, &ignored);
	return rc;
}

int cli_build_output_write(struct cli *cli, const struct cli_build_output *o, const char *id, bool named,
			   struct err *err)
{
	/* A command, since an image need not have one, and nothing is run. */
	AUTO_JSON json_t *body = json_pack("{s:s, s:[s]}", "Image", id, "Cmd", "none"), *made = NULL;
	AUTO_FREE char *image = cli_api_path("images", id, "", err);
	struct err ignored;
	int rc;

	if (!image || cli_api_call(&cli->api, "POST", "/containers/create", body, &made, err))
		return -1;
	rc = with_container(cli, o, jsonx_str(made, "Id", ""), err);
	if (!named)
		cli_api_call(&cli->api, "DELETE", image, NULL, NULL, &ignored);
	return rc;
}
