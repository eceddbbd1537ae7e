/*
 * cgroup_exec.c - into which group an exec goes; see cgroup.h.
 */
#include "cgroup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool named_before(const struct strlist *seen, const char *controller)
{
	for (size_t i = 0; i < seen->n; i++)
		if (!strcmp(seen->v[i], controller))
			return true;
	return false;
}

/* "cpu,cpuacct:below" */
static int descend_in(struct kern_cgroup *cg, const char *arg, const char *colon,
		      struct strlist *seen, struct err *err)
{
	for (const char *p = arg; p <= colon;) {
		size_t n = strcspn(p, ",:");
		AUTO_FREE char *controller = xstrndup(p, n);

		if (!n)
			return err_set(err, ERR_INVALID, "invalid --cgroup argument: %s (empty "
				       "<controller> prefix)", arg);
		if (named_before(seen, controller))
			return err_set(err, ERR_INVALID, "invalid --cgroup argument(s): controller %s "
				       "specified multiple times", controller);
		strlist_add(seen, controller);
		if (kern_cgroup_descend(cg, controller, colon + 1, err))
			return -1;
		p += n + 1;
	}
	return 0;
}

int runc_cgroup_descend(struct kern_cgroup *cg, const struct strlist *args, struct err *err)
{
	AUTO_STRLIST struct strlist seen = STRLIST_INIT;

	for (size_t i = 0; i < args->n; i++) {
		const char *colon = strchr(args->v[i], ':');

		if (!colon && args->n > 1)
			return err_set(err, ERR_INVALID, "invalid --cgroup argument: %s (missing "
				       "<controller>: prefix)", args->v[i]);
		if (colon ? descend_in(cg, args->v[i], colon, &seen, err)
			  : kern_cgroup_descend(cg, NULL, args->v[i], err))
			return -1;
	}
	return 0;
}

bool runc_cgroup_refused(const struct err *err)
{
	return err->errnum == EBUSY || err->errnum == EOPNOTSUPP || err->errnum == EACCES;
}

int runc_cgroup_elsewhere(struct kern_cgroup **cg, pid_t init, bool rootless, struct err *err)
{
	if (err->errnum == EACCES && kern_cgroup_leave_v2(*cg, false))
		return 0;
	if (err->errnum == EACCES && rootless) {
		kern_cgroup_free(*cg);
		*cg = kern_cgroup_open("", err); /* an absent one */
		return 0;
	}
	if (init && kern_cgroup_version_of(*cg) == KERN_CGROUP_V2 && err->errnum != EACCES)
		return kern_cgroup_follow(*cg, init, err);
	return err_wrap(err, "error adding pid %d to cgroups", (int)getpid());
}

int runc_cgroup_join(struct kern_cgroup *cg, bool in_cgroup, bool rootless, struct err *err)
{
	if (!(in_cgroup ? kern_cgroup_join_v1(cg, err) : kern_cgroup_add(cg, 0, err)) ||
	    (err->errnum == EACCES && rootless))
		return 0;
	return err_wrap(err, "error adding pid %d to cgroups", (int)getpid());
}
