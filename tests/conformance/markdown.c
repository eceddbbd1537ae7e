/*
 * markdown.c - prints 02-runc/CONFORMANCE.md from the tables of the tests.
 *
 * The document depends on the tables alone, never on the machine: what a program
 * does not pass stands beside the test, and a run on that program checks it.
 */
#include "conform.h"

#define SPECIFICATION "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/"

/* The sections, as the specification has them one after the other. */
static const char *const order[] = {
	"glossary.md#json",
	"bundle.md#container-format",
	"runtime.md#scope-of-a-container", "runtime.md#state", "runtime.md#lifecycle", "runtime.md#errors",
	"runtime.md#warnings", "runtime.md#operations", "runtime.md#query-state", "runtime.md#create",
	"runtime.md#start", "runtime.md#kill", "runtime.md#delete",
	"runtime-linux.md#file-descriptors", "runtime-linux.md#dev-symbolic-links",
	"config.md#specification-version", "config.md#root", "config.md#mounts",
	"config.md#linux-mount-options", "config.md#posix-platform-mounts", "config.md#process",
	"config.md#posix-process", "config.md#linux-process", "config.md#posix-platform-user",
	"config.md#hostname", "config.md#domainname", "config.md#posix-platform-hooks", "config.md#prestart",
	"config.md#createruntime-hooks", "config.md#createcontainer-hooks", "config.md#startcontainer-hooks",
	"config.md#poststart", "config.md#poststop", "config.md#annotations", "config.md#extensibility",
	"config.md#valid-values",
	"config-linux.md#default-filesystems", "config-linux.md#namespaces",
	"config-linux.md#user-namespace-mappings", "config-linux.md#offset-for-time-namespace",
	"config-linux.md#devices", "config-linux.md#default-devices", "config-linux.md#network-devices",
	"config-linux.md#control-groups", "config-linux.md#cgroups-path", "config-linux.md#cgroup-ownership",
	"config-linux.md#allowed-device-list", "config-linux.md#memory", "config-linux.md#cpu",
	"config-linux.md#block-io", "config-linux.md#huge-page-limits", "config-linux.md#network",
	"config-linux.md#pids", "config-linux.md#rdma", "config-linux.md#unified", "config-linux.md#intelrdt",
	"config-linux.md#sysctl", "config-linux.md#seccomp", "config-linux.md#the-container-process-state",
	"config-linux.md#rootfs-mount-propagation", "config-linux.md#masked-paths",
	"config-linux.md#readonly-paths", "config-linux.md#mount-label", "config-linux.md#personality",
	"config-linux.md#memory-policy",
	"features.md#features-structure", "features.md#specification-version", "features.md#hooks",
	"features.md#mount-options", "features.md#annotations",
	"features-linux.md#namespaces", "features-linux.md#capabilities", "features-linux.md#cgroup",
	"features-linux.md#seccomp", "features-linux.md#apparmor", "features-linux.md#selinux",
	"features-linux.md#intel-rdt", "features-linux.md#mountextensions", NULL,
};

static bool in_order(const char *section)
{
	for (size_t i = 0; order[i]; i++)
		if (!strcmp(order[i], section))
			return true;
	fprintf(stderr, "'%s' is no section of the list in markdown.c\n", section);
	return false;
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
		AUTO_FREE char *text = xasprintf("%s: %s", names[p], why);
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

/* How many there are; false if one names a section that is not in the list. */
static bool count(unsigned *rows, unsigned *tests)
{
	bool good = true;

	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++, ++*tests)
			for (const struct row *r = t->rows; r->text; r++, ++*rows)
				good &= in_order(r->section);
	return good;
}

static void print_introduction(unsigned rows, unsigned tests)
{
	puts("# The OCI runtime specification, requirement by requirement\n\n"
	     "This page is printed by the tests in [tests/conformance](../tests/conformance) (`make -C 02-runc\n"
	     "conformance-list`), and a test fails when it is not what they print. It lists what version 1.3 of the\n"
	     "specification demands of a runtime on Linux with MUST, REQUIRED or SHALL, what it advises with\n"
	     "SHOULD, and the option words that it offers with MAY, all in our words: a section's link leads to\n"
	     "the ones that count.");
	printf("There are %u requirements and %u tests.\n\n", rows, tests);
	puts("`make -C 02-runc conformance` runs the tests on this runtime, and\n"
	     "`RUNTIME=/usr/bin/crun make -C 02-runc conformance` on another one. The columns say which\n"
	     "programs pass: this runtime, runc 1.1.5 and crun 1.8.1 (the ones of Debian 12, which know\n"
	     "version 1.0 of the specification and some of 1.1). A number leads to the reason below the\n"
	     "table; a dash says that nobody has run that test on that program, for want of the machine\n"
	     "that it needs. A test that proves several requirements passes for all of them or for none.\n"
	     "A run on one of these programs fails if a column is not true of it.");
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

static size_t document_name(const char *section)
{
	return strcspn(section, "#");
}

bool print_markdown(void)
{
	unsigned rows = 0, tests = 0;
	const char *document = "#";

	if (!count(&rows, &tests))
		return false;
	print_introduction(rows, tests);
	for (size_t i = 0; order[i]; i++) {
		if (strncmp(order[i], document, document_name(order[i]) + 1))
			printf("\n## %.*s\n", (int)document_name(order[i]), order[i]);
		document = order[i];
		print_section(document);
	}
	print_elsewhere();
	return true;
}
