/*
 * trace_tree.c - lines of spans become a tree.
 *
 * They come from a daemon, who may send anything: a line that is none of this trace's is left out, and
 * so is what leads in a circle, which hangs below nothing.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 9
#define DEPTH_MAX 64
#define SPANS_MAX 100000
/* The clocks of one machine agree. A daemon of another's may be late or early by more than this. */
#define SAME_CLOCK_NS 5000000

void cli_trace_free(struct cli_trace *t)
{
	free(t->text);
	free(t->v);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* "123.456" µs; whole numbers, as a double has not enough digits for the time of day. */
static int64_t parse_us(const char *text)
{
	char *end;
	int64_t us = strtoll(text, &end, 10), ns = 0;

	for (int i = 0, digit = *end == '.'; i < 3; i++) {
		digit = digit && end[1] >= '0' && end[1] <= '9';
		ns = ns * 10 + (digit ? *++end - '0' : 0);
	}
	/* Beyond 2262 is no time of a span's; and sums of two of these stay in range. */
	return us < 0 || us > INT64_MAX / 4000 ? 0 : us * 1000 + ns;
}

static bool parse_line(char *line, const char *id, struct cli_span *out)
{
	char *field[FIELDS], *save = line;

	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&save, "\t");
		if (!field[i])
			return false;
	}
	*out = (struct cli_span){
		.start_ns = parse_us(field[0]), .took_ns = parse_us(field[1]),
		.box = field[2], .what = field[3],
		.id = strtoull(field[5], NULL, 16), .parent_id = strtoull(field[6], NULL, 16),
		.pid = atoi(field[7]), .tid = atoi(field[8]),
	};
	return !strcmp(field[4], id) && out->id;
}

static int by_start(const void *a, const void *b)
{
	const struct cli_span *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->took_ns < y->took_ns) - (x->took_ns > y->took_ns); /* the longer first */
}

static int by_id(const void *a, const void *b)
{
	const struct cli_span *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* --- the tree ---------------------------------------------------------------------------------- */

static struct cli_span *find(struct cli_span **sorted, size_t n, uint64_t id)
{
	const struct cli_span key = { .id = id }, *want = &key;
	struct cli_span **found = bsearch(&want, sorted, n, sizeof *sorted, by_id);

	return found ? *found : NULL;
}

/* The command's own span is the one under none. */
static struct cli_span *find_root(struct cli_trace *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->v[i].parent_id)
			return &t->v[i];
	return t->n ? &t->v[0] : NULL;
}

static void link_up(struct cli_trace *t)
{
	AUTO_FREE struct cli_span **sorted = xcalloc(t->n + 1, sizeof *sorted);

	for (size_t i = 0; i < t->n; i++)
		sorted[i] = &t->v[i];
	qsort(sorted, t->n, sizeof *sorted, by_id);
	/* From the last on, each in front of its siblings: they end up by time. */
	for (size_t i = t->n; i-- > 0;) {
		struct cli_span *s = &t->v[i], *parent = find(sorted, t->n, s->parent_id);

		if (s == t->root)
			continue;
		s->parent = parent && parent != s ? parent : t->root;
		s->next = s->parent->first;
		s->parent->first = s;
	}
}

const struct cli_span *cli_trace_next(const struct cli_span *span)
{
	if (span->first && span->depth < DEPTH_MAX)
		return span->first;
	while (span && !span->next)
		span = span->parent;
	return span ? span->next : NULL;
}

/* Another machine's span is put into the middle of what waited for it, with all that is under it. How
 * long the ways there and back took is not known; nobody can do better (RFC 5905 does so too). */
static void set_clock(struct cli_span *s)
{
	const struct cli_span *p = s->parent;
	int64_t early, late;

	s->shift_ns = p->shift_ns;
	s->start_ns += s->shift_ns;
	early = p->start_ns - s->start_ns;
	late = s->start_ns - (p->start_ns + p->took_ns);
	if (!strcmp(s->box, p->box) || (early <= SAME_CLOCK_NS && late <= SAME_CLOCK_NS))
		return;
	early += p->took_ns > s->took_ns ? (p->took_ns - s->took_ns) / 2 : 0;
	s->start_ns += early;
	s->shift_ns += early;
}

void cli_trace_read(struct cli_trace *t, char *lines, const char *id)
{
	size_t room = 1;
	char *save = lines;

	for (const char *c = lines; *c && room < SPANS_MAX; c++)
		room += *c == '\n';
	snprintf(t->id, sizeof t->id, "%s", id);
	t->text = lines;
	t->v = xcalloc(room, sizeof *t->v);
	for (char *line; t->n < SPANS_MAX && (line = strsep(&save, "\n")); )
		t->n += parse_line(line, id, &t->v[t->n]);
	qsort(t->v, t->n, sizeof *t->v, by_start);
	t->root = find_root(t);
	link_up(t);
	for (struct cli_span *s = t->root; s; s = (struct cli_span *)cli_trace_next(s)) {
		if (!s->parent)
			continue;
		s->depth = s->parent->depth + 1;
		set_clock(s);
	}
}
