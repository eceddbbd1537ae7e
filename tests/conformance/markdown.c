/*
 * markdown.c - prints 02-runc/CONFORMANCE.md from the tables of the tests.
 *
 * The document depends on the tables alone, never on the machine: what a program
 * does not pass stands beside the test, and a run on that program checks it.
 */
#include "conform.h"

#define SPECIFICATION "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/"

static const char *const order[] = { "glossary.md", "bundle.md", "runtime.md", "runtime-linux.md",
				     "config.md", "config-linux.md", "features.md",
				     "features-linux.md", NULL };

/* Sections in the order in which the tables first name them. */
static struct strlist sections = STRLIST_INIT;

static void add_section(const char *section)
{
	for (size_t i = 0; i < sections.n; i++)
		if (!strcmp(sections.v[i], section))
			return;
	strlist_add(&sections, section);
}

static void collect_sections(void)
{
	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++)
			for (const struct row *r = t->rows; r->text; r++)
				add_section(r->section);
}

/* A column: "yes", "not tried", or "no" with the number of its note. */
static void column(const struct test *t, enum program p, struct strlist *notes)
{
	static const char *const names[] = { "here", "runc", "crun" };
	const char *why = t->differs[p];

	if (!why) {
		fputs(" yes |", stdout);
	} else if (!strcmp(why, NOT_TRIED)) {
		fputs(" – |", stdout);
	} else {
		AUTO_FREE char *text = xasprintf("%s, `%s`: %s", names[p], t->name, why);
		size_t i = 0;

		while (i < notes->n && strcmp(notes->v[i], text))
			i++;
		if (i == notes->n)
			strlist_add(notes, text);
		printf(" no (%zu) |", i + 1);
	}
}

static void need(const struct test *t, struct strlist *notes)
{
	if (t->needs)
		strlist_addf(notes, "`%s` needs %s; elsewhere it is skipped.", t->name, t->needs);
}

static void print_row(const struct row *r, const struct test *t, unsigned n, struct strlist *notes)
{
	printf("| %u | %s | %s | `%s` |", n, r->level, r->text, t->name);
	for (enum program p = 0; p < PROGRAMS; p++)
		column(t, p, notes);
	puts("");
}

static void print_section(const char *section)
{
	AUTO_STRLIST struct strlist notes = STRLIST_INIT, needs = STRLIST_INIT;
	unsigned n = 0;

	printf("\n### [%s](" SPECIFICATION "%s)\n\n", section, section);
	puts("| | | requirement | test | here | runc | crun |\n|---|---|---|---|---|---|---|");
	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++) {
			unsigned before = n;

			for (const struct row *r = t->rows; r->text; r++)
				if (!strcmp(r->section, section))
					print_row(r, t, ++n, &notes);
			if (n > before)
				need(t, &needs);
		}
	if (notes.n + needs.n)
		puts("");
	for (size_t i = 0; i < notes.n; i++)
		printf("%zu. %s\n", i + 1, notes.v[i]);
	if (notes.n && needs.n)
		puts("");
	for (size_t i = 0; i < needs.n; i++)
		printf("- %s\n", needs.v[i]);
}

static void count(unsigned *rows, unsigned *tests)
{
	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++, ++*tests)
			for (const struct row *r = t->rows; r->text; r++)
				++*rows;
}

static void print_introduction(void)
{
	unsigned rows = 0, tests = 0;

	count(&rows, &tests);
	printf("# The OCI runtime specification, requirement by requirement\n\n"
	       "This page is printed by the tests in [tests/conformance](../tests/conformance) "
	       "(`make -C 02-runc conformance-list`), and a test fails when it is not what they "
	       "print. It lists what the specification, version 1.3, demands of a runtime on Linux "
	       "with MUST, REQUIRED or SHALL, and what it advises with SHOULD: %u requirements, in "
	       "our words, and %u tests. A section's link leads to the words that count.\n\n", rows,
	       tests);
	puts("`make -C 02-runc conformance` runs the tests on this runtime, and\n"
	     "`RUNTIME=/usr/bin/crun make -C 02-runc conformance` on another one. The columns say which\n"
	     "programs pass: this runtime, runc 1.1.5 and crun 1.8.1 (the ones of Debian 12, which know\n"
	     "version 1.0 of the specification and some of 1.1). A number leads to the reason below the\n"
	     "table; a dash says that nobody has run that test on that program, for want of the machine\n"
	     "that it needs. A run on one of these programs fails if a column is not true of it.");
}

static void print_elsewhere(void)
{
	puts("\n## Not the runtime's\n\n"
	     "What the specification demands of others, or of runtimes on other platforms.\n\n"
	     "| section | requirement | why there is no test |\n|---|---|---|");
	for (const struct elsewhere *e = elsewhere; e->text; e++)
		printf("| [%s](" SPECIFICATION "%s) | %s | %s |\n", e->section, e->section, e->text,
		       e->reason);
}

void print_markdown(void)
{
	collect_sections();
	print_introduction();
	for (size_t d = 0; order[d]; d++) {
		AUTO_FREE char *prefix = xasprintf("%s#", order[d]);

		printf("\n## %s\n", order[d]);
		for (size_t i = 0; i < sections.n; i++)
			if (str_starts(sections.v[i], prefix))
				print_section(sections.v[i]);
	}
	print_elsewhere();
	strlist_free(&sections);
}
