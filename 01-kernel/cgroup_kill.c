/*
 * cgroup_kill.c - a signal to every process of a group (kern_cgroup_kill).
 *
 * Version 2 has a file for SIGKILL, cgroup.kill (Linux 5.14), which no fork can
 * outrun; a hybrid machine has it too. Otherwise the group is read and each
 * process signalled. A process may fork between the two, so for SIGKILL the
 * group is frozen meanwhile: nothing in it runs, and a killed process dies when
 * it is thawed.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup_private.h"
#include "ns.h"

/* By pidfd, and looked up once more: the pid could have been given to a process
 * outside the group since it was read. */
static int signal_one(struct kern_cgroup *cg, pid_t pid, int sig, struct err *err)
{
	AUTO_CLOSE int fd = kern_pidfd_open(pid, err);
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (fd < 0)
		return err->errnum == ESRCH ? 0 : -1;
	if (kern_cgroup_pids(cg, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid && kern_pidfd_signal(fd, sig, err))
			return err->errnum == ESRCH ? 0 : -1;
	return 0;
}

static int signal_all(struct kern_cgroup *cg, int sig, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (kern_cgroup_pids(cg, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (signal_one(cg, pids[i], sig, err))
			return -1;
	return 0;
}

/* -1 where there is no such file, or the group takes only threads. */
static int kill_at_once(struct kern_cgroup *cg)
{
	const char *dir = cgroup_v2_dir(cg);
	struct err ignored;

	if (!dir || cgroup_write(dir, "cgroup.kill", "1", &ignored))
		return -1;
	/* In a frozen v1 group the signal waits for the thaw. */
	if (cg->layout.version == KERN_CGROUP_HYBRID && kern_cgroup_frozen(cg))
		kern_cgroup_freeze(cg, false, &ignored);
	return 0;
}

int kern_cgroup_kill(struct kern_cgroup *cg, int sig, struct err *err)
{
	struct err ignored;
	bool frozen;
	int r;

	if (sig != SIGKILL)
		return signal_all(cg, sig, err) ? err_wrap(err, "signal cgroup %s", cg->path) : 0;
	if (!kill_at_once(cg))
		return 0;
	/* Best effort: where nothing can freeze, the last pass below must do. */
	frozen = !kern_cgroup_freeze(cg, true, &ignored);
	r = signal_all(cg, sig, err);
	for (int pass = 0; !r && !frozen && pass < 4; pass++)
		r = signal_all(cg, sig, err);
	kern_cgroup_freeze(cg, false, &ignored);
	return r ? err_wrap(err, "kill cgroup %s", cg->path) : 0;
}
