/*
 * usage.c - see usage.h. The shape is Docker's: sorted flags in two columns,
 * the right one folded to the terminal's width.
 */
#include "usage.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/tty.h"

#define FLAGS_MAX 128
#define SLOP 5 /* an overlong last line may stick out by this much */

static size_t terminal_width(void)
{
	unsigned short rows, columns;
	struct err ignored;

	if (!isatty(STDIN_FILENO) || kern_tty_size(STDIN_FILENO, &rows, &columns, &ignored) || !columns)
		return 80;
	return columns;
}

/* ---- flags --------------------------------------------------------------- */

/* The length of the first line of `text` when it must end within `width`:
 * at a line break, else at the last blank. */
static size_t line_length(const char *text, size_t width)
{
	size_t len = strlen(text), blank = 0, feed = 0;

	if (width + SLOP > len)
		return strchr(text, '\n') ? (size_t)(strchr(text, '\n') - text) : len;
	for (size_t i = 0; i < width; i++) {
		if (strchr(" \t\n", text[i]))
			blank = i;
		if (text[i] == '\n' && !feed)
			feed = i;
	}
	return feed ? feed : blank ? blank : len;
}

static void fold(struct strbuf *sb, const char *text, size_t indent, size_t width)
{
	size_t room = width > indent + SLOP + 24 ? width - indent - SLOP : 24;

	for (;;) {
		size_t n = line_length(text, room);
		strbuf_add(sb, text, n);
		strbuf_addc(sb, '\n');
		if (!text[n])
			return;
		text += n + 1;
		strbuf_addf(sb, "%*s", (int)indent, "");
	}
}

static char *left_column(const struct cli_flag *f)
{
	const char *type = cli_flag_type(f);
	char letter[5] = { '-', f->letter, ',', ' ', 0 };

	return xasprintf("  %s--%s%s%s", f->letter ? letter : "    ", f->name, *type ? " " : "", type);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct cli_flag *const *)a)->name,
		      (*(const struct cli_flag *const *)b)->name);
}

void cli_usage_flags(struct strbuf *sb, const struct cli_flagset *set, size_t width)
{
	const struct cli_flag *sorted[FLAGS_MAX];
	size_t n = 0, column = 0;

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_flag *f = set->tables[t]; f && f->name; f++)
			if (!f->hidden && n < FLAGS_MAX)
				sorted[n++] = f;
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *left = left_column(sorted[i]);
		column = strlen(left) > column ? strlen(left) : column;
	}
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *left = left_column(sorted[i]);
		AUTO_FREE char *text = sorted[i]->shown ? xasprintf("%s (default %s)", sorted[i]->help,
								    sorted[i]->shown)
							: xstrdup(sorted[i]->help);
		strbuf_addf(sb, "%-*s   ", (int)column, left);
		fold(sb, text, column + 3, width);
	}
}

static void print_flags(FILE *out, const char *title, const struct cli_flagset *set)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	cli_usage_flags(&sb, set, terminal_width() - 1);
	if (sb.len)
		fprintf(out, "\n%s:\n%s", title, sb.data);
}

/* ---- lists of commands --------------------------------------------------- */

#define NAME_COLUMN 11

static void print_command(FILE *out, const char *name, int len, const char *summary)
{
	fprintf(out, "  %-*.*s %s\n", NAME_COLUMN, len, name, summary);
}

static void print_common(FILE *out)
{
	bool more = true;

	fputs("\nCommon Commands:\n", out);
	for (int place = 1; more; place++) {
		more = false;
		for (const struct cli_verb *v = cli_verbs; v->command; v++) {
			more = more || v->common > place;
			if (v->common == place)
				print_command(out, v->top, (int)strlen(v->top), v->command->summary);
		}
	}
}

void cli_usage_top(FILE *out, const struct cli_flag *globals)
{
	struct cli_flagset set = { { globals, NULL } };

	fputs("Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n", out);
	print_common(out);
	fputs("\nManagement Commands:\n", out);
	for (const struct cli_group *g = cli_groups; g->name; g++)
		if (g->summary)
			print_command(out, g->name, (int)strlen(g->name), g->summary);
	fputs("\nCommands:\n", out);
	for (const struct cli_verb *v = cli_verbs; v->command; v++)
		if (v->top && !v->common)
			print_command(out, v->top, (int)strlen(v->top), v->command->summary);
	print_flags(out, "Global Options", &set);
	fputs("\nRun 'docker COMMAND --help' for more information on a command.\n\n"
	      "For more help on how to use Docker, head to https://docs.docker.com/go/guides/\n", out);
}

static int by_group_name(const void *a, const void *b)
{
	return strcmp((*(const struct cli_verb *const *)a)->names,
		      (*(const struct cli_verb *const *)b)->names);
}

void cli_usage_group(FILE *out, const struct cli_group *group)
{
	const struct cli_verb *sorted[FLAGS_MAX];
	size_t n = 0;

	for (const struct cli_verb *v = cli_verbs; v->command; v++)
		if (v->group && !strcmp(v->group, group->name) && v->common != CLI_VERB_HIDDEN && n < FLAGS_MAX)
			sorted[n++] = v;
	qsort(sorted, n, sizeof *sorted, by_group_name);
	fprintf(out, "Usage:  docker %s COMMAND\n\n%s\n\nCommands:\n", group->name,
		group->summary ? group->summary : "Generate the autocompletion script for docker for the specified shell.");
	for (size_t i = 0; i < n; i++)
		print_command(out, sorted[i]->names, (int)strcspn(sorted[i]->names, " "),
			      sorted[i]->command->summary);
	fprintf(out, "\nRun 'docker %s COMMAND --help' for more information on a command.\n", group->name);
}

/* ---- one verb ------------------------------------------------------------ */

/* All ways to say it, where there are several. */
static void print_aliases(FILE *out, const struct cli_verb *verb)
{
	const char *names = verb->names;

	if (verb->command->aliases) {
		fprintf(out, "\nAliases:\n  %s\n", verb->command->aliases);
		return;
	}
	if (!verb->group || (!verb->top && !strchr(names, ' ')))
		return;
	fputs("\nAliases:\n  ", out);
	for (const char *p = names; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		fprintf(out, "%sdocker %s %.*s", p == names ? "" : ", ", verb->group, (int)n, p);
		p += n;
	}
	if (verb->top)
		fprintf(out, ", docker %s", verb->top);
	putc('\n', out);
}

void cli_usage_verb(FILE *out, const struct cli_verb *verb, const char *path)
{
	const struct cli_command *c = verb->command;
	struct cli_flagset set = { { c->flags, c->more_flags } };

	fprintf(out, "Usage:  docker %s%s%s\n", path, *c->usage ? " " : "", c->usage);
	if (c->more)
		fprintf(out, "\tdocker %s %s\n", verb->top ? verb->top : path, c->more);
	fprintf(out, "\n%s\n", c->about ? c->about : c->summary);
	print_aliases(out, verb);
	print_flags(out, "Options", &set);
}
