/*
 * cmd_kill.c - `kill`: a signal to init, or with --all to every process.
 */
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "cmd.h"

static int kill_all(const struct runc_state *st, int sig, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, err);
	int failed = cg ? kern_cgroup_kill(cg, sig, err) : -1;

	kern_cgroup_free(cg);
	return failed;
}

/* A process frozen by the v1 freezer gets even SIGKILL only when it thaws. */
static void thaw(const struct runc_state *st)
{
	struct err ignored;
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, &ignored);

	if (cg && kern_cgroup_frozen(cg))
		kern_cgroup_freeze(cg, false, &ignored);
	kern_cgroup_free(cg);
}

/* Killing pid 1 of a pid namespace kills all in it (pid_namespaces(7)); without
 * one the others are found through the cgroup. */
static bool shares_pids(const struct runc_state *st)
{
	AUTO_CONFIG struct runc_config config = { .doc = NULL };
	const struct runc_namespace *ns;
	struct err ignored;

	if (runc_config_load(&config, st->dir, "config.json", &ignored))
		return false;
	ns = runc_config_ns(&config, CLONE_NEWPID);
	return !ns || ns->path;
}

static bool has_processes(const struct runc_state *st)
{
	struct err ignored;
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, &ignored);
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	bool has = cg && !kern_cgroup_pids(cg, &pids, &n, &ignored) && n;

	kern_cgroup_free(cg);
	return has;
}

static int signal_init(const struct runc_state *st, int sig, struct err *err)
{
	AUTO_CLOSE int pidfd = runc_state_pidfd(st, err);

	if (pidfd < 0 || kern_pidfd_signal(pidfd, sig, err))
		return -1;
	if (sig == SIGKILL)
		thaw(st);
	return 0;
}

int runc_cmd_kill(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--all] <container-id> [signal]",
						"send a signal (SIGTERM)", 1, 2 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	bool all = false;
	const struct option_def defs[] = {
		{ "all", 'a', OPTION_FLAG, &all, "to all processes, not only to init" },
		{ NULL },
	};
	int rest, sig;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	/* 0 is no signal: it asks whether there is somebody to send one to. */
	sig = rest + 1 < argc && !strcmp(argv[rest + 1], "0") ? 0 :
	      kern_signal_parse(rest + 1 < argc ? argv[rest + 1] : "SIGTERM", err);
	if (sig < 0 || runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	/* This means something for a stopped container too: what init left behind. */
	if (all || (sig == SIGKILL && shares_pids(&st) && has_processes(&st))) {
		if (kill_all(&st, sig, err))
			return -1;
		thaw(&st);
		return 0;
	}
	return signal_init(&st, sig, err);
}
