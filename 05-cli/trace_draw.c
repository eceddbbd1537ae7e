/*
 * trace_draw.c - a trace as an indented timeline.
 *
 *     at (ms)   took (ms)  from here to there, what waits for what
 *       0.000     312.402  |====================| docker: run: exit status 0
 *       1.107       1.846  |=                   |   docker: POST /containers/create
 *       1.310       1.480  |=                   |     dockerd: POST /v1.50/containers/create: 201, 88 bytes
 */
#include "trace.h"

#include <string.h>

#include "01-kernel/base/log.h"

#define BAR 20

/* Where on the bar a moment of the whole is. */
static int place(int64_t at_ns, int64_t whole_ns)
{
	int64_t n = whole_ns > 0 ? at_ns * BAR / whole_ns : 0;

	return n < 0 ? 0 : n > BAR ? BAR : (int)n;
}

/* At least one stroke, for what is short is there all the same. */
static void draw_bar(struct strbuf *line, const struct cli_span *s, const struct cli_span *root)
{
	int64_t start = s->start_ns - root->start_ns;
	int from = place(start, root->took_ns), to = place(start + s->took_ns, root->took_ns);

	if (from == BAR)
		from--;
	if (to <= from)
		to = from + 1;
	strbuf_addc(line, '|');
	for (int i = 0; i < BAR; i++)
		strbuf_addc(line, i >= from && i < to ? '=' : ' ');
	strbuf_addc(line, '|');
}

#define ID_DIGITS 64
#define SHOWN_DIGITS 12

/* As everywhere in Docker, twelve digits of an id stand for all. */
static void add_short_ids(struct strbuf *line, const char *text)
{
	while (*text) {
		size_t n = strspn(text, "0123456789abcdef");

		strbuf_add(line, text, n == ID_DIGITS ? SHOWN_DIGITS : n);
		text += n;
		if (*text)
			strbuf_addc(line, *text++);
	}
}

/* It is a daemon's text, and this the user's terminal: without control characters. */
static void draw_what(struct strbuf *line, const struct cli_span *s)
{
	AUTO_STRBUF struct strbuf plain = STRBUF_INIT;

	strbuf_reserve(&plain, 0);
	log_plain(&plain, s->box);
	strbuf_adds(&plain, ": ");
	log_plain(&plain, s->what);
	strbuf_addf(line, " %*s", 2 * s->depth, "");
	add_short_ids(line, plain.data);
}

static void cut(struct strbuf *line, int columns)
{
	size_t n = 0;

	for (int used = 0; columns > 0 && n < line->len; used++) {
		if (used == columns - 1) {
			line->len = n;
			line->data[n] = '\0';
			return;
		}
		n += log_utf8_length(line->data + n) ?: 1;
	}
}

void cli_trace_draw(FILE *out, const struct cli_trace *t, int columns)
{
	const struct cli_span *root = t->root;

	fprintf(out, "\ntrace %s\n   at (ms)   took (ms)  from when to when       what\n", t->id);
	for (const struct cli_span *s = root; s; s = cli_trace_next(s)) {
		AUTO_STRBUF struct strbuf line = STRBUF_INIT;

		strbuf_addf(&line, "%10.3f  %10.3f  ", (double)(s->start_ns - root->start_ns) / 1e6,
			    (double)s->took_ns / 1e6);
		draw_bar(&line, s, root);
		draw_what(&line, s);
		cut(&line, columns);
		fprintf(out, "%s\n", line.data);
	}
}
