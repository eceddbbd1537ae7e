/*
 * cgroup.c - a container's control group, by 01-kernel's one interface over v1
 * and v2: path, limits, and which devices may be opened.
 */
#include <string.h>

#include "container.h"

char *runc_cgroup_path(const struct runc_config *c, const char *id)
{
	if (!c->cgroups_path)
		return xasprintf("/dockyard-%s", id); /* one level: nothing above to clean up */
	/* A relative path is relative to where the runtime likes ("Cgroups Path" in
	 * config-linux.md): the root. */
	return xasprintf("%s%s", c->cgroups_path[0] == '/' ? "" : "/", c->cgroups_path);
}

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

static int set_limits(struct kern_cgroup *cg, const struct runc_resources *r, struct err *err)
{
	size_t n;
	AUTO_FREE struct kern_cgroup_device *rules = runc_cgroup_device_rules(r, &n);

	return kern_cgroup_apply(cg, &r->limits, err) || kern_cgroup_devices(cg, rules, n, err) ? -1 : 0;
}

/* Two containers in one group would be killed and removed together. */
static int check_empty(struct kern_cgroup *cg, const char *path, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (kern_cgroup_pids(cg, &pids, &n, err))
		return -1;
	if (n)
		return err_set(err, ERR_CONFLICT, "container's cgroup %s is not empty: %zu "
			       "process(es) found", path, n);
	return 0;
}

struct kern_cgroup *runc_cgroup_make(const struct runc_config *c, const char *path,
				     struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_create(path, err);
	struct err ignored;

	if (!cg)
		return NULL;
	if (check_empty(cg, path, err)) {
		kern_cgroup_free(cg);
		return NULL;
	}
	if (!set_limits(cg, &c->resources, err))
		return cg;
	kern_cgroup_remove(cg, &ignored);
	kern_cgroup_free(cg);
	return NULL;
}

int runc_cgroup_check_free(const char *path, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(path, err);
	int failed;

	if (!cg)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	failed = check_empty(cg, path, err);
	kern_cgroup_free(cg);
	return failed;
}

struct kern_cgroup *runc_cgroup_complete(const struct runc_config *c, const char *path, pid_t pid,
					 struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_create(path, err);

	if (!cg)
		return NULL;
	if ((kern_cgroup_version() != KERN_CGROUP_V2 && kern_cgroup_add(cg, pid, err)) ||
	    set_limits(cg, &c->resources, err)) {
		kern_cgroup_free(cg);
		return NULL;
	}
	return cg;
}
