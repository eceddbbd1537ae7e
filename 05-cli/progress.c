/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "auth.h"
#include "human.h"
#include "lines.h"
#include "reference.h"

#define LAYERS_MAX 1024 /* more than any image has; a daemon's stream must not grow us */
#define BAR_WIDTH 50
#define WIDE_TERMINAL 110 /* narrower ones get the numbers without the bar */

void cli_progress_begin(struct cli_progress *p, FILE *out)
{
	unsigned short rows = 0, columns = 0;
	struct err ignored;

	*p = (struct cli_progress){ .out = out, .terminal = out && isatty(fileno(out)) };
	if (p->terminal && !kern_tty_size(fileno(out), &rows, &columns, &ignored))
		p->width = columns;
}

void cli_progress_bar(struct strbuf *sb, double current, double total, unsigned width)
{
	char done[CLI_HUMAN_SIZE], all[CLI_HUMAN_SIZE];
	int filled = total > 0 ? (int)(current / total * BAR_WIDTH) : 0;

	if (current <= 0 && total <= 0)
		return;
	cli_human_size(current, 4, done);
	cli_human_size(total, 4, all);
	filled = filled > BAR_WIDTH ? BAR_WIDTH : filled < 0 ? 0 : filled;
	if (total > 0 && width > WIDE_TERMINAL) {
		strbuf_addc(sb, '[');
		for (int i = 0; i < filled; i++)
			strbuf_addc(sb, '=');
		strbuf_addf(sb, ">%*s] ", BAR_WIDTH - filled, "");
	}
	if (total > 0 && current <= total)
		strbuf_addf(sb, "%8s/%s", done, all);
	else
		strbuf_addf(sb, "%8s", done);
}

/* The same of an event, which may count in other units than bytes ("3/7 s"), or want no numbers. */
static void add_bar(struct strbuf *sb, const json_t *detail, unsigned width)
{
	double current = json_number_value(json_object_get(detail, "current")), total = json_number_value(json_object_get(detail, "total"));
	const char *units = jsonx_str(detail, "units", "");
	AUTO_STRBUF struct strbuf bar = STRBUF_INIT;
	char *end;

	cli_progress_bar(&bar, current, total, width);
	if (!bar.len)
		return;
	end = strchr(bar.data, ']');
	if (total > 0 && jsonx_bool(detail, "hidecounts", false))
		strbuf_add(sb, bar.data, end ? (size_t)(end + 2 - bar.data) : 0);
	else if (!*units)
		strbuf_adds(sb, bar.data);
	else if (total > 0 && current <= total)
		strbuf_addf(sb, "%.*s%.0f/%.0f %s", end ? (int)(end + 2 - bar.data) : 0, bar.data, current, total, units);
	else
		strbuf_addf(sb, "%.*s%.0f %s", end ? (int)(end + 2 - bar.data) : 0, bar.data, current, units);
}

/* What the daemon sends must not steer the terminal. */
static void print_plain(FILE *out, const char *text, const char *keep)
{
	AUTO_STRBUF struct strbuf plain = STRBUF_INIT;

	strbuf_add_plain(&plain, text, keep);
	fputs(plain.data, out);
}

/* How many lines up the layer's line is; a new layer begins one. */
static size_t lines_up(struct cli_progress *p, const char *id)
{
	for (size_t i = 0; i < p->ids.n; i++)
		if (!strcmp(p->ids.v[i], id))
			return p->ids.n - i;
	strlist_add(&p->ids, id);
	fputc('\n', p->out);
	return 1;
}

void cli_progress_show(struct cli_progress *p, const json_t *event)
{
	const char *id = jsonx_str(event, "id", ""), *status = jsonx_str(event, "status", NULL);
	const json_t *detail = json_object_get(event, "progressDetail");
	const char *stream = jsonx_str(event, "stream", NULL);
	AUTO_STRBUF struct strbuf bar = STRBUF_INIT;
	size_t up = 0;

	if (p->out && stream) { /* words of its own, with their line feed */
		print_plain(p->out, stream, "\n\t\r");
		fflush(p->out);
	}
	if (!p->out || !status)
		return;
	add_bar(&bar, detail, p->width);
	if (!p->terminal && bar.len)
		return;
	if (p->terminal && *id && detail && (p->ids.n < LAYERS_MAX))
		up = lines_up(p, id);
	if (up)
		fprintf(p->out, "\033[%zuA\033[2K\r", up);
	if (*id) {
		print_plain(p->out, id, "");
		fputs(": ", p->out);
	}
	print_plain(p->out, status, "\n\t");
	if (up) {
		fputc(' ', p->out);
		print_plain(p->out, bar.len ? bar.data : "", "");
		fprintf(p->out, "\r\033[%zuB", up);
	} else {
		fputc('\n', p->out);
	}
	fflush(p->out);
}

int cli_progress_error(const json_t *event, struct err *err)
{
	const char *message = jsonx_str(json_object_get(event, "errorDetail"), "message",
					jsonx_str(event, "error", NULL));

	return message ? err_set(err, ERR_SYSTEM, "%s", message) : 0;
}

static int take_event(void *progress, const char *text, size_t n, struct err *err)
{
	struct cli_progress *p = progress;
	AUTO_JSON json_t *event = NULL;

	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	if (!n)
		return 0;
	event = jsonx_parse(text, n, "the daemon's answer", err);
	if (!event || cli_progress_error(event, err))
		return -1;
	cli_progress_show(p, event);
	return 0;
}

int cli_progress_feed(void *progress, const char *data, size_t n, struct err *err)
{
	struct cli_progress *p = progress;

	return cli_lines_feed(&p->line, data, n, take_event, p, err);
}

int cli_progress_end(struct cli_progress *p, struct err *err)
{
	int rc = p->line.len ? take_event(p, p->line.data, p->line.len, err) : 0;

	strbuf_free(&p->line);
	strlist_free(&p->ids);
	return rc;
}

int cli_progress_request(struct cli_api *api, const struct cli_request *request, FILE *out, struct err *err)
{
	struct cli_request shown = *request;
	struct cli_progress progress;
	struct err ignored;

	cli_progress_begin(&progress, out);
	shown.sink = cli_progress_feed;
	shown.context = &progress;
	int rc = cli_api_do(api, &shown, NULL, err);
	return cli_progress_end(&progress, rc ? &ignored : err) ? -1 : rc;
}

int cli_pull(struct cli *cli, const struct cli_reference *reference, const char *platform, FILE *out,
	     struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *auth = cli_auth_header(&cli->config, reference, err);

	if (!auth)
		return -1;
	strbuf_adds(&path, "/images/create");
	cli_query(&path, "fromImage", reference->name);
	if (platform && *platform)
		cli_query(&path, "platform", platform);
	if (reference->digest || reference->tag)
		cli_query(&path, "tag", reference->digest ? reference->digest : reference->tag);
	struct cli_request request = { .method = "POST", .path = path.data, .headers = { auth } };
	return cli_progress_request(&cli->api, &request, out, err);
}
