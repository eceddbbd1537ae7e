/*
 * cmd_pause.c - `pause` and `resume`: the freezer of the container's cgroup.
 */
#include "cmd.h"

static int freeze(const struct runc_global *g, int argc, char **argv, bool frozen, struct err *err)
{
	const struct cmd_usage usage = { "<container-id>", frozen ? "freeze all of its processes"
					 : "let its frozen processes go on", 1, 1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	const struct option_def none[] = { { NULL } };
	enum runc_status status, wanted = frozen ? STATUS_RUNNING : STATUS_PAUSED;
	struct kern_cgroup *cg;
	int rest, failed;

	if (runc_cmd_parse(&usage, none, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	status = runc_state_status(&st);
	if (status != wanted && !(frozen && status == STATUS_CREATED))
		return err_set(err, ERR_CONFLICT, frozen ? "container not running: it is %s"
						         : "container not paused: it is %s",
			       runc_status_names[status]);
	cg = kern_cgroup_open(st.cgroup, err);
	failed = cg ? kern_cgroup_freeze(cg, frozen, err) : -1;
	kern_cgroup_free(cg);
	if (failed)
		runc_cgroup_hint(frozen ? "pause" : "resume", err);
	return failed;
}

int runc_cmd_pause(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	return freeze(g, argc, argv, true, err);
}

int runc_cmd_resume(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	return freeze(g, argc, argv, false, err);
}
