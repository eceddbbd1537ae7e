/*
 * main.c - the CUnit program of 01-kernel.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/base/file.h"

static const struct {
	const char *name;
	const struct test *tests;
} suites[] = {
	{ "base", base_tests },	      { "path", path_tests },
	{ "traces", trace_tests },
	{ "namespaces", ns_tests },   { "capabilities", caps_tests },
	{ "terminals", tty_tests },   { "mounts", mount_tests },
	{ "overlay", overlay_tests }, { "cgroups", cgroup_tests },
	{ "limits", cgroup_limit_tests }, { "more limits", more_limit_tests },
	{ "device rules", device_tests }, { "names of groups", cgroup_name_tests },
	{ "usage of groups", report_tests }, { "links", net_tests },
	{ "moving links", netmove_tests },
	{ "nftables", nft_tests },    { "seccomp", seccomp_tests },
	{ "id maps", userns_tests },  { "hostile", hostile_tests },
	{ "seccomp programs", seccomp_program_tests }, { "seccomp actions", seccomp_action_tests },
};

struct err child;
char scratch_root[64] = "/tmp/kernel-unit.XXXXXX";

int in_child(void (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		fflush(NULL);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

const char *scratch(void)
{
	static char names[8][96];
	static unsigned serial;
	char *name = names[serial % 8];

	snprintf(name, sizeof names[0], "%s/%u", scratch_root, serial++);
	if (mkdir(name, 0755)) {
		perror(name);
		exit(2);
	}
	return name;
}

void write_file(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	AUTO_FCLOSE FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0) {
		perror(path);
		exit(2);
	}
}

bool file_is(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;

	if (file_read(AT_FDCWD, path, &sb, 1 << 20, &err)) {
		fprintf(stderr, "\n%s\n", err.msg);
		return false;
	}
	if (strcmp(sb.data, text))
		fprintf(stderr, "\n%s: expected '%s', got '%s'\n", path, text, sb.data);
	return !strcmp(sb.data, text);
}

int main(void)
{
	unsigned failed;
	struct err err;

	if (geteuid() != 0) {
		puts("SKIP: the kernel suite needs root");
		return 0;
	}
	if (!mkdtemp(scratch_root) || CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		CU_pSuite s = CU_add_suite(suites[i].name, NULL, NULL);

		for (const struct test *t = suites[i].tests; t->name; t++)
			if (!CU_add_test(s, t->name, t->fn))
				return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	if (file_remove_tree(AT_FDCWD, scratch_root, &err)) {
		fprintf(stderr, "left behind: %s\n", err.msg);
		return 1;
	}
	return failed ? 1 : 0;
}
