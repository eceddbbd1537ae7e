/*
 * cgroup.c - see cgroup.h.
 */
#include "cgroup.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "01-kernel/base/log.h"
#include "container.h"
#include "process.h"

struct kern_cgroup *runc_cgroup_plan(const struct runc_config *c, const char *path, struct err *err)
{
	/* A relative path, and that is what the id is where no path is given, starts at
	 * our own group: whatever limits us limits what we start. */
	struct kern_cgroup *cg = kern_cgroup_at(path, err);

	if (!cg || !kern_cgroup_check(cg, &c->resources.limits, err))
		return cg;
	err_wrap(err, "linux.resources");
	kern_cgroup_free(cg);
	return NULL;
}

/* ---- devices ---- */

/* What every container may use, whatever its rules say: making nodes (harmless,
 * opening them is what counts), the default devices, its terminals. */
static const struct kern_cgroup_device always[] = {
	{ true, 'c', -1, -1, "m" }, { true, 'b', -1, -1, "m" },
	{ true, 'c', 1, 3, "rwm" }, /* null */
	{ true, 'c', 1, 5, "rwm" }, /* zero */
	{ true, 'c', 1, 7, "rwm" }, /* full */
	{ true, 'c', 1, 8, "rwm" }, /* random */
	{ true, 'c', 1, 9, "rwm" }, /* urandom */
	{ true, 'c', 5, 0, "rwm" }, /* tty */
	{ true, 'c', 5, 1, "rwm" }, /* console */
	{ true, 'c', 5, 2, "rwm" }, /* ptmx */
	{ true, 'c', 136, -1, "rwm" }, /* pts */
};

struct kern_cgroup_device *runc_cgroup_device_rules(const struct runc_resources *r, size_t *n_rules)
{
	const size_t n_always = sizeof always / sizeof *always;
	struct kern_cgroup_device *rules = xcalloc(1 + r->n_devices + n_always, sizeof *rules);
	size_t n = 0;

	/* The last match wins: nothing, then what is configured, then the minimum. */
	rules[n++] = (struct kern_cgroup_device){ false, 'a', -1, -1, "rwm" };
	if (r->n_devices)
		memcpy(rules + n, r->devices, r->n_devices * sizeof *rules);
	n += r->n_devices;
	memcpy(rules + n, always, sizeof always);
	*n_rules = n + n_always;
	return rules;
}

static int set_devices(struct kern_cgroup *cg, const struct runc_resources *r, bool rootless,
		       struct err *err)
{
	size_t n;
	AUTO_FREE struct kern_cgroup_device *rules = runc_cgroup_device_rules(r, &n);

	if (!kern_cgroup_devices(cg, rules, n, err))
		return 0;
	/* Who has no privileges outside cannot open a device that matters, nor make
	 * a node of one: a user namespace does without the rules. */
	return err->kind == ERR_PERMISSION && rootless ? 0 : -1;
}

/* ---- making it ---- */

static bool is_denial(const struct err *err)
{
	return err->errnum == EACCES || err->errnum == EPERM || err->errnum == EROFS;
}

/* "mkdir DIR: permission denied": in lower case, which is what callers look for. */
static int apply_failed(struct err *err)
{
	AUTO_FREE char *what = xstrndup(err->msg, strcspn(err->msg, ":"));

	if (err->errnum)
		err_set(err, err->kind, "%s: %s", what, runc_errno_words(err->errnum));
	return err_wrap(err, "unable to apply cgroup configuration");
}

/* A container may be without a group if the kernel denies it one, rootless, and config.json neither
 * names a group (cgroupsPath) nor, on version 2, asks for limits. */
static int make_or_do_without(struct kern_cgroup *cg, const struct runc_config *c, bool rootless,
			      struct kern_cgroup_making *how, struct err *err)
{
	bool limits = kern_cgroup_limits_any(&c->resources.limits);

	if (!kern_cgroup_make(cg, how, err))
		return 0;
	if (is_denial(err) && !c->cgroups_path && rootless) {
		if (limits && kern_cgroup_version_of(cg) == KERN_CGROUP_V2)
			return err_wrap(err, "rootless needs no limits + no cgrouppath when no "
					"permission is granted for cgroups");
		how->may_be_denied = true;
		return kern_cgroup_make(cg, how, err);
	}
	return apply_failed(err);
}

/* Two containers in one group would be limited, frozen, killed and removed
 * together. */
int runc_cgroup_check_unused(struct kern_cgroup *cg, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (kern_cgroup_pids(cg, &pids, &n, err))
		return err_wrap(err, "unable to get cgroup PIDs");
	if (n)
		return err_set(err, ERR_CONFLICT, "container's cgroup is not empty: %zu "
			       "process(es) found", n);
	if (kern_cgroup_frozen(cg))
		return err_set(err, ERR_CONFLICT, "container's cgroup unexpectedly frozen");
	return 0;
}

/* ---- whose it is ---- */

static bool may_write_to_it(const struct runc_config *c)
{
	const struct runc_namespace *ns = runc_config_ns(c, CLONE_NEWCGROUP);

	for (size_t i = 0; ns && !ns->path && i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];

		if (m->source && !strcmp(m->source, "cgroup") &&
		    !strcmp(m->destination, "/sys/fs/cgroup") && !(m->options.set & MS_RDONLY))
			return true;
	}
	return false;
}

/* v2: give the group to process.user, as the host sees it, if the container has a
 * cgroup namespace of its own and may write to /sys/fs/cgroup ("Cgroup ownership" in
 * config-linux.md). */
static int delegate(struct kern_cgroup *cg, const struct runc_config *c, bool rootless,
		    struct err *err)
{
	uid_t uid;

	if (!may_write_to_it(c) || !runc_userns_user_outside(c, &uid, err) ||
	    !kern_cgroup_delegate(cg, uid, err))
		return 0;
	/* Without privileges one gives nothing away, not even to a subordinate id. */
	return is_denial(err) && rootless ? 0 : -1;
}

int runc_cgroup_make(struct runc_container *c, bool rootless, struct err *err)
{
	struct kern_cgroup_making how = { .limits = &c->config.resources.limits };

	if (make_or_do_without(c->cgroup, &c->config, rootless, &how, err))
		return -1;
	/* What systemd has made has our process in it by now. */
	if ((how.existed && !c->systemd.started && runc_cgroup_check_unused(c->cgroup, err)) ||
	    kern_cgroup_apply(c->cgroup, &c->config.resources.limits, err) ||
	    set_devices(c->cgroup, &c->config.resources, rootless, err) ||
	    delegate(c->cgroup, &c->config, rootless, err)) {
		kern_cgroup_unmake(&how);
		return -1;
	}
	strlist_free(&how.made);
	c->cgroup_made = true;
	free(c->state.cgroup); /* it may be in fewer hierarchies than was planned */
	c->state.cgroup = kern_cgroup_name(c->cgroup);
	return 0;
}

bool runc_cgroup_without_v2(struct runc_container *c, struct err *err)
{
	if (err->errnum != EACCES)
		return false;
	if (!kern_cgroup_leave_v2(c->cgroup, true)) {
		if (kern_cgroup_v2_fd(c->cgroup) >= 0)
			err_wrap(err, "unable to apply cgroup configuration");
		return false;
	}
	free(c->state.cgroup);
	c->state.cgroup = kern_cgroup_name(c->cgroup);
	return true;
}

void runc_cgroup_blame(const struct kern_cgroup *cg, struct err *err)
{
	if (kern_cgroup_oom_kills(cg))
		err_set(err, ERR_SYSTEM, "container init was OOM-killed (memory limit too low?)");
}

void runc_cgroup_hint(const char *command, const struct err *err)
{
	if (is_denial(err))
		log_warn("runc %s failure might be caused by lack of full access to cgroups", command);
}
