/*
 * state_test.c - the container's directory and what a status is made of.
 */
#include "suite.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/ns.h"
#include "02-runc/state.h"

static char root[96];

static void ids(void)
{
	static const char *const good[] = { "a", "A-b_c.d+1", "0", "..." };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "é", "a\nb", "../x" };
	struct err err;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CU_ASSERT(!runc_state_check_id(good[i], &err));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CU_ASSERT(runc_state_check_id(bad[i], &err));
		EQ_INT(err.kind, ERR_INVALID);
	}
}

static void fill(struct runc_state *st, pid_t pid)
{
	struct err err;

	st->bundle = xstrdup("/b");
	st->rootfs = xstrdup("/b/rootfs");
	st->created = xstrdup("2026-01-01T00:00:00Z");
	st->version = xstrdup("1.0.2");
	st->cgroup = xstrdup("/dockyard-unit-state");
	st->annotations = json_pack("{s:s}", "k", "v");
	st->pid = pid;
	if (pid)
		CU_ASSERT(!kern_proc_start_time(pid, &st->start_time, NULL, &err));
}

static void round_trip(void)
{
	AUTO_STATE struct runc_state a = RUNC_STATE_INIT, b = RUNC_STATE_INIT, c = RUNC_STATE_INIT;
	struct err err;

	snprintf(root, sizeof root, "%s/states/deep", test_dir);
	CU_ASSERT_FATAL(!runc_state_take(&a, root, "one", &err));
	CU_ASSERT(runc_state_take(&b, root, "one", &err));
	EQ_INT(err.kind, ERR_EXISTS);
	/* Taken, not saved yet: nobody's to use. */
	CU_ASSERT(runc_state_load(&c, root, "one", &err));
	EQ_INT(err.kind, ERR_NOT_FOUND);
	runc_state_free(&c);
	fill(&a, getpid());
	CU_ASSERT_FATAL(!runc_state_save(&a, &err));
	CU_ASSERT_FATAL(!runc_state_load(&c, root, "one", &err));
	EQ_STR(c.bundle, "/b");
	EQ_STR(c.cgroup, "/dockyard-unit-state");
	EQ_INT(c.pid, getpid());
	CU_ASSERT(c.start_time == a.start_time);
	EQ_STR(jsonx_str(c.annotations, "k", ""), "v");
	CU_ASSERT(!runc_state_remove(&c, root, &err));
	CU_ASSERT(access(root, F_OK) == 0);
	runc_state_free(&c);
	CU_ASSERT(runc_state_load(&c, root, "one", &err));
	EQ_STR(err.msg, "container does not exist");
}

static void corrupt(void)
{
	AUTO_STATE struct runc_state a = RUNC_STATE_INIT;
	AUTO_FREE char *dir = NULL;
	struct err err;

	CU_ASSERT_FATAL(!runc_state_take(&a, root, "bad", &err));
	dir = xasprintf("%s/bad", root);
	for (int i = 0; i < 3; i++) {
		AUTO_STATE struct runc_state b = RUNC_STATE_INIT;

		write_file(dir, "state.json", i == 0 ? "{" : i == 1 ? "[]" :
			   "{\"id\":\"bad\",\"pid\":-4}");
		CU_ASSERT(runc_state_load(&b, root, "bad", &err));
		CU_ASSERT(err.kind == ERR_INVALID || err.kind == ERR_CORRUPT);
		HAS(err.msg, "container bad");
	}
	CU_ASSERT(!runc_state_remove(&a, root, &err));
}

static void statuses(void)
{
	AUTO_STATE struct runc_state a = RUNC_STATE_INIT;
	struct err err;
	pid_t child;
	int fd;

	CU_ASSERT_FATAL(!runc_state_take(&a, root, "s", &err));
	fill(&a, 0);
	EQ_INT(runc_state_status(&a), STATUS_CREATING);
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	a.pid = child;
	CU_ASSERT(!kern_proc_start_time(child, &a.start_time, NULL, &err));
	EQ_INT(runc_state_status(&a), STATUS_RUNNING);
	CU_ASSERT(!mkfifoat(a.dir, "exec.fifo", 0600));
	CU_ASSERT(!utimensat(a.dir, "exec.fifo", (struct timespec[2]){ { 0, 0 }, { 0, 0 } }, 0));
	EQ_INT(runc_state_status(&a), STATUS_CREATED);
	CU_ASSERT(!unlinkat(a.dir, "exec.fifo", 0));
	fd = runc_state_pidfd(&a, &err);
	CU_ASSERT(fd >= 0);
	close(fd);
	/* The same pid with another start time is somebody else. */
	a.start_time++;
	EQ_INT(runc_state_status(&a), STATUS_STOPPED);
	EQ_INT(runc_state_pidfd(&a, &err), -1);
	EQ_STR(err.msg, "container not running");
	a.start_time--;
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	EQ_INT(runc_state_status(&a), STATUS_STOPPED); /* a zombie has stopped */
	waitpid(child, NULL, 0);
	EQ_INT(runc_state_status(&a), STATUS_STOPPED);
	CU_ASSERT(!runc_state_remove(&a, root, &err));
}

CU_TestInfo state_tests[] = {
	{ "ids", ids },
	{ "taken, saved, loaded, removed", round_trip },
	{ "a corrupt state is an error", corrupt },
	{ "status is looked up", statuses },
	CU_TEST_INFO_NULL,
};
