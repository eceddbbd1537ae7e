/*
 * test_cgroup.c - groups: made, joined, frozen, killed, removed; on version 1,
 * 2 and hybrid alike.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/base/file.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/ns.h"
#include "cgroup_suite.h"

static char *test_group(const char *name)
{
	return xasprintf("/kernel-unit-%d/%s", (int)getpid(), name);
}

struct kern_cgroup *make_group(const char *name, struct err *err)
{
	AUTO_FREE char *path = test_group(name);

	return kern_cgroup_create(path, err);
}

/* The group with all its relatives. */
void drop_groups(void)
{
	AUTO_FREE char *path = xasprintf("/kernel-unit-%d", (int)getpid());
	struct err err;
	struct kern_cgroup *top = kern_cgroup_open(path, &err);

	if (!top)
		return;
	OK(kern_cgroup_kill(top, SIGKILL, &err));
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	OK(kern_cgroup_remove(top, &err));
	kern_cgroup_free(top);
	CU_ASSERT_PTR_NULL(kern_cgroup_open(path, &err));
}

void eat(void *arg)
{
	size_t n = 64 << 20;
	char *p;

	MUST_OK(kern_cgroup_add(arg, 0, &child));
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
}

pid_t sleeper(struct kern_cgroup *cg, int children)
{
	int ready[2];
	char c;
	struct err err;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		MUST_OK(kern_cgroup_add(cg, 0, &child));
		for (int i = 0; i < children; i++)
			if (fork() == 0)
				for (;;)
					pause();
		MUST(write(ready[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		OK(err_sys(&err, "start a process"));
	close(ready[0]);
	return pid;
}

/* How many lines of /proc/PID/cgroup end in the path: "id:controllers:path"
 * (cgroups(7)). */
static int memberships(pid_t pid, const char *path)
{
	AUTO_FREE char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	AUTO_FCLOSE FILE *f = fopen(file, "re");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		n += str_ends(line, path) != 0;
	}
	return n;
}

/* How many hierarchies are mounted here. There may be more, mounted elsewhere. */
static int mounted_hierarchies(void)
{
	AUTO_FCLOSE FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024];
	int n = 0;

	while (f && fgets(line, sizeof line, f))
		n += strstr(line, " - cgroup") != NULL;
	return n;
}

static void a_process_joins_every_hierarchy(void)
{
	AUTO_FREE char *path = test_group("join");
	struct err err;
	struct kern_cgroup *cg = make_group("join", &err);
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = sleeper(cg, 2);
	CU_ASSERT_EQUAL(memberships(pid, path), mounted_hierarchies());
	OK(kern_cgroup_pids(cg, &pids, &n, &err));
	CU_ASSERT_EQUAL(n, 3);
	FAILS(kern_cgroup_add(cg, 0x3fffffff, &err), ERR_NOT_FOUND, "add process");
	OK(kern_cgroup_kill(cg, SIGKILL, &err));
	CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
	OK(kern_cgroup_remove(cg, &err));
	OK(kern_cgroup_remove(cg, &err)); /* a missing group is no error */
	kern_cgroup_free(cg);
	drop_groups();
}

static void by_pid_and_by_clone(void)
{
	AUTO_FREE char *path = test_group("clone");
	struct err err;
	struct kern_cgroup *cg = make_group("clone", &err);
	struct kern_clone c = { 0, -1, NULL };
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	c.cgroup_fd = kern_cgroup_clone_fd(cg);
	CU_ASSERT_EQUAL(c.cgroup_fd >= 0, kern_cgroup_version() == KERN_CGROUP_V2);
	pid = kern_ns_clone(&c, &err);
	if (pid == 0)
		for (;;)
			pause();
	OK(pid < 0);
	if (c.cgroup_fd < 0)
		OK(kern_cgroup_add(cg, pid, &err));
	CU_ASSERT_EQUAL(memberships(pid, path), mounted_hierarchies());
	drop_groups();
	kern_cgroup_free(cg);
}

static void paths(void)
{
	struct err err;
	struct kern_cgroup *cg;

	for (const char *const *bad = (const char *const[]){ "/../x", "/a/../../b", "..", "/", "",
			"//.", NULL }; *bad; bad++)
		FAILS(!kern_cgroup_create(*bad, &err), ERR_INVALID, "cgroup path");
	FAILS(!kern_cgroup_open("/no/such/group", &err), kern_cgroup_version() == KERN_CGROUP_NONE
	      ? ERR_UNSUPPORTED : ERR_NOT_FOUND, "cgroup");
	cg = make_group("again", &err);
	if (!cg)
		SKIP("%s", err.msg);
	kern_cgroup_free(cg);
	cg = make_group("again", &err); /* it may exist */
	OK(!cg);
	kern_cgroup_free(cg);
	cg = make_group("./deep//er/", &err);
	OK(!cg);
	kern_cgroup_free(cg);
	drop_groups();
}

/* The kernel's view: field 3 of /proc/PID/stat stays what it is, so ask whether
 * the processor time of a busy loop goes on. */
static uint64_t ticks_of(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	unsigned long long user = 0, system = 0;
	FILE *f = fopen(path, "re");

	if (f) {
		if (fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
			   &user, &system) != 2)
			user = 0;
		fclose(f);
	}
	return user + system;
}

static void frozen_is_still(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("freeze", &err);
	uint64_t before;
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = fork();
	if (pid == 0) {
		MUST_OK(kern_cgroup_add(cg, 0, &child));
		for (volatile unsigned long x = 0;; x++)
			;
	}
	usleep(100000);
	OK(kern_cgroup_freeze(cg, true, &err));
	CU_ASSERT(kern_cgroup_frozen(cg));
	before = ticks_of(pid);
	usleep(200000);
	CU_ASSERT_EQUAL(ticks_of(pid), before);
	OK(kern_cgroup_freeze(cg, false, &err));
	CU_ASSERT(!kern_cgroup_frozen(cg));
	for (int i = 0; i < 100 && ticks_of(pid) == before; i++)
		usleep(20000);
	CU_ASSERT(ticks_of(pid) > before);
	drop_groups();
	kern_cgroup_free(cg);
}

static void killed_while_frozen(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("kill", &err);
	int status = 0;
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = sleeper(cg, 5);
	OK(kern_cgroup_freeze(cg, true, &err));
	OK(kern_cgroup_kill(cg, SIGKILL, &err));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	OK(kern_cgroup_remove(cg, &err)); /* waits for the orphans to be gone */
	kern_cgroup_free(cg);
	drop_groups();
}

static void other_signals(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("signal", &err);
	int status = 0;
	pid_t pid;

	if (!cg)
		SKIP("%s", err.msg);
	pid = sleeper(cg, 0);
	OK(kern_cgroup_kill(cg, SIGUSR1, &err));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	drop_groups();
	kern_cgroup_free(cg);
}

static void groups_below(void)
{
	struct err err;
	struct kern_cgroup *outer = make_group("outer", &err);
	struct kern_cgroup *inner = outer ? make_group("outer/inner", &err) : NULL;
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (!inner) {
		kern_cgroup_free(outer);
		SKIP("%s", err.msg);
	}
	sleeper(inner, 1);
	OK(kern_cgroup_pids(outer, &pids, &n, &err));
	CU_ASSERT_EQUAL(n, 2);
	FAILS(kern_cgroup_remove(outer, &err), ERR_CONFLICT, "processes are left");
	drop_groups();
	kern_cgroup_free(outer);
	kern_cgroup_free(inner);
}

/* An overmounted or missing cgroup file system is an error, not a guess. */
static void nothing_mounted(void *arg)
{
	struct err err;

	(void)arg;
	MUST(!mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL));
	MUST(kern_cgroup_version() == KERN_CGROUP_NONE);
	MUST(!kern_cgroup_create("/unit", &err) && err.kind == ERR_UNSUPPORTED);
	umount2("/sys/fs/cgroup", MNT_DETACH);
}

static void without_cgroups(void)
{
	CU_ASSERT_EQUAL(in_child(nothing_mounted, NULL), 0);
}

const struct test cgroup_tests[] = {
	{ "a process joins every hierarchy", a_process_joins_every_hierarchy },
	{ "by pid, and by clone where it can", by_pid_and_by_clone },
	{ "paths that are refused, and those that are cleaned", paths },
	{ "what is frozen stands still, and goes on", frozen_is_still },
	{ "killed while frozen", killed_while_frozen },
	{ "other signals", other_signals },
	{ "groups below", groups_below },
	{ "without cgroups", without_cgroups },
	{ NULL, NULL },
};
