/*
 * main.c - the conformance program: which runtime, which tests, what came of it.
 *
 *   [RUNTIME=PROGRAM] conformance [TEST...]    run them all, or those named
 *   conformance --list-markdown                print the list
 *
 * It ends with 0 if each test did on the program what its table says.
 */
#include "conform.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

char test_dir[64] = "/tmp/conform.XXXXXX";
char runc_path[96];
enum program under_test = OURS;

static const char *const program_names[] = { "this runtime", "runc", "crun", "this program" };

/* Names of tests, each ended by a blank: those skipped, those that failed. */
static struct strbuf skipped = STRBUF_INIT, failed = STRBUF_INIT;

const struct test *test_named(const char *name)
{
	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++)
			if (!strcmp(t->name, name))
				return t;
	return NULL;
}

static bool noted(const struct strbuf *names, const char *name)
{
	return names->len && listed(names->data, name);
}

static void note(struct strbuf *names, const char *name)
{
	if (!noted(names, name))
		strbuf_addf(names, "%s ", name);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	note(&skipped, CU_get_current_test()->pName);
	fputs("\n    SKIP: ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	puts("");
}

/* ---- the world of the tests ---- */

static void must(const char *command)
{
	if (system(command)) {
		fprintf(stderr, "cannot make the tests' root file system: %s\n", command);
		exit(2);
	}
}

static void make_rootfs(void)
{
	AUTO_FREE char *tree = NULL, *links = NULL;

	if (!mkdtemp(test_dir) || chmod(test_dir, 0755)) {
		perror(test_dir);
		exit(2);
	}
	tree = xasprintf("cd %s && mkdir -p bin runc rootfs/bin rootfs/etc rootfs/tmp rootfs/proc "
			 "rootfs/sys rootfs/dev rootfs/data rootfs/more && echo plain >rootfs/etc/plain && "
			 "printf '#!/bin/sh\\necho inside >>/tmp/log/log\\n' >rootfs/hook-inside && "
			 "chmod +x rootfs/hook-inside && "
			 "cp -L $(ls /bin/busybox /usr/bin/busybox 2>/dev/null | head -n 1) rootfs/bin/busybox", test_dir);
	must(tree);
	links = xasprintf("chroot %s/rootfs /bin/busybox --install -s /bin", test_dir);
	must(links);
}

/* Ours is copied: others may be running the original. */
static void choose_program(void)
{
	const char *wanted = getenv("RUNTIME");
	struct result r;

	snprintf(runc_path, sizeof runc_path, "%s", wanted ? wanted : "./runc");
	r = runc("--version", NULL);
	if (r.status) {
		fprintf(stderr, "%s --version: %s\n", runc_path, r.err);
		exit(2);
	}
	printf("%s: %.*s\n", runc_path, (int)strcspn(r.out, "\n"), r.out);
	if (strstr(r.out, "dockyard"))
		under_test = OURS;
	else
		under_test = str_starts(r.out, "crun ") ? CRUN :
			     str_starts(r.out, "runc ") ? RUNC : OTHER;
	forgive_slow_groups = under_test != OURS;
	if (under_test == OURS) {
		AUTO_FREE char *copy = xasprintf("cp %s %s/bin/runc", runc_path, test_dir);

		must(copy);
		snprintf(runc_path, sizeof runc_path, "%s/bin/runc", test_dir);
	}
}

/* ---- running ---- */

static void after_each(void)
{
	NOTHING_LEFT();
	unmount_left();
}

static bool wanted(const struct test *t, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, t->name))
			return true;
	return false;
}

static int register_tests(char **names)
{
	for (const struct suite *s = suites; s->title; s++) {
		CU_pSuite suite = CU_add_suite_with_setup_and_teardown(s->title, NULL, NULL, NULL,
								       after_each);

		if (!suite)
			return -1;
		for (const struct test *t = s->tests; t->name; t++)
			if (wanted(t, names) && !CU_add_test(suite, t->name, t->run))
				return -1;
	}
	return 0;
}

/* A test that differs as its table says is as good as one that passes. */
static bool as_written(const struct test *t)
{
	const char *why = under_test < PROGRAMS ? t->differs[under_test] : NULL;
	bool fails = noted(&failed, t->name), differs = why && strcmp(why, NOT_TRIED);

	/* Ours asserts its differences itself, for they are decisions. */
	if (under_test == OURS)
		return !fails;
	if (differs && fails)
		printf("  differs as known: %s: %s\n", t->name, why);
	if (fails && !differs)
		printf("  DIFFERS: %s\n", t->name);
	if (differs && !fails && !noted(&skipped, t->name))
		printf("  PASSES, though its table says: %s: %s\n", t->name, why);
	return differs ? fails || noted(&skipped, t->name) : !fails;
}

static int verdict(char **names)
{
	unsigned odd = 0, n = 0;

	for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
		if (f->pTest)
			note(&failed, f->pTest->pName);
	for (const struct suite *s = suites; s->title; s++)
		for (const struct test *t = s->tests; t->name; t++)
			if (wanted(t, names)) {
				odd += !as_written(t);
				n++;
			}
	printf("%s: %u of %u tests are not as their tables say\n", program_names[under_test], odd, n);
	return odd ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct err err;
	int status;

	if (argc > 1 && !strcmp(argv[1], "--list-markdown"))
		return print_markdown() ? 0 : 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The cache of filters is the machine's; this mount namespace is ours. */
	if (file_mkdir_p("/run/dockyard", 0711, &err) ||
	    mount("tmpfs", "/run/dockyard", "tmpfs", 0, "mode=711")) {
		perror("/run/dockyard");
		return 2;
	}
	make_rootfs();
	choose_program();
	if (CU_initialize_registry() || register_tests(argv + 1))
		return 2;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	status = verdict(argv + 1);
	CU_cleanup_registry();
	if (file_remove_tree(AT_FDCWD, test_dir, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		status = 1;
	}
	return status;
}
