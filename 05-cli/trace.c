/*
 * trace.c - see trace.h.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "cli.h"

static const char *file_name(void)
{
	const char *name = getenv("DOCKER_TRACE");

	return name && *name ? name : NULL;
}

bool cli_trace_begin(bool draw)
{
	if (!draw && !file_name())
		return false;
	trace_keep();
	trace_new();
	return true;
}

/* What the daemon kept. Untraced: a trace that grows by being read would not end. */
static void fetch(struct cli_api *api, const char *id, struct strbuf *lines)
{
	AUTO_FREE char *path = xasprintf("/trace/%s", id);
	struct cli_request request = { .method = "GET", .path = path };
	struct err err = { 0 };

	if (!api->version[0]) /* the command has not asked it anything */
		return;
	api->cancelled = NULL;
	if (cli_api_do(api, &request, lines, &err))
		log_debug("no spans of the daemon's: %s", err.msg);
}

static int columns_of(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static int write_file(const struct cli_trace *t, const char *name, struct err *err)
{
	AUTO_FCLOSE FILE *out = fopen(name, "we");
	const char *end = strrchr(name, '.');

	if (!out)
		return cli_file_error("open", name, err);
	if (end && !strcmp(end, ".json")) {
		AUTO_JSON json_t *doc = cli_trace_chrome(t);

		json_dumpf(doc, out, JSON_COMPACT);
	} else {
		cli_trace_draw(out, t, 0);
	}
	return fflush(out) || ferror(out) ? cli_file_error("write", name, err) : 0;
}

int cli_trace_end(struct cli_api *api, bool draw, struct err *err)
{
	struct trace_context own = trace_switch((struct trace_context){ 0 });
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	AUTO(cli_trace_free) struct cli_trace t = { 0 };
	char id[TRACE_ID_SIZE];

	trace_collect(own.trace, 0, &lines);
	fetch(api, trace_id_text(own.trace, id), &lines);
	cli_trace_read(&t, strbuf_steal(&lines), id);
	if (draw) {
		fflush(stdout);
		cli_trace_draw(stderr, &t, columns_of(STDERR_FILENO));
	}
	return file_name() ? write_file(&t, file_name(), err) : 0;
}
