/*
 * cgroup_limits.c - limits applied, controller by controller, each in the
 * hierarchy in which it sits.
 *
 * Whether a machine has a controller, and a kernel a certain file, is not asked
 * before: to write is the question, and ENOENT the answer. Memory, processor time
 * and block devices have files of their own; the small ones are here.
 */
#include "cgroup_limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup_private.h"

void kern_cgroup_limits_init(struct kern_cgroup_limits *l)
{
	const int64_t unset = KERN_CGROUP_UNSET;

	*l = (struct kern_cgroup_limits){
		.memory = unset, .memory_reservation = unset, .memory_swap = unset,
		.swappiness = unset, .use_hierarchy = unset,
		.cpu_shares = unset, .cpu_quota = unset, .cpu_period = unset, .cpu_burst = unset,
		.cpu_rt_runtime = unset, .cpu_rt_period = unset, .cpu_idle = unset,
		.pids = unset, .io_weight = unset, .io_leaf_weight = unset, .net_classid = unset,
	};
}

/* ---- processes ---- */

static bool pids_wanted(const struct kern_cgroup_limits *l)
{
	return cgroup_wanted(l->pids);
}

static int set_pids(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	return l->pids < 0 ? cgroup_write(dir, "pids.max", "max", err)
			   : cgroup_write_int(dir, "pids.max", l->pids, err);
}

/* ---- which processors and which memory ---- */

static bool cpuset_wanted(const struct kern_cgroup_limits *l)
{
	return (l->cpuset_cpus && *l->cpuset_cpus) || (l->cpuset_mems && *l->cpuset_mems);
}

static int set_cpuset(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (l->cpuset_cpus && *l->cpuset_cpus &&
	    cgroup_write(dir, "cpuset.cpus", l->cpuset_cpus, err))
		return -1;
	if (l->cpuset_mems && *l->cpuset_mems &&
	    cgroup_write(dir, "cpuset.mems", l->cpuset_mems, err))
		return -1;
	return 0;
}

/* ---- huge pages ---- */

static bool hugetlb_wanted(const struct kern_cgroup_limits *l)
{
	return l->n_hugepages > 0;
}

/* The limit counts pages that are used, and, since Linux 5.7, a second one (rsvd)
 * those that are reserved: over the first a process is killed at a page fault, over
 * the second its mmap fails. */
static int set_hugetlb(const char *dir, const struct kern_cgroup_limits *l, const char *suffix,
		       struct err *err)
{
	for (size_t i = 0; i < l->n_hugepages; i++) {
		const struct kern_cgroup_hugepage_limit *p = &l->hugepages[i];
		AUTO_FREE char *text = xasprintf("%llu", (unsigned long long)p->bytes);
		AUTO_FREE char *used = xasprintf("hugetlb.%s.%s", p->size, suffix);
		AUTO_FREE char *reserved = xasprintf("hugetlb.%s.rsvd.%s", p->size, suffix);

		if (cgroup_write(dir, used, text, err))
			return -1;
		if (cgroup_write(dir, reserved, text, err) && err->errnum != ENOENT)
			return -1;
	}
	return 0;
}

static int hugetlb_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	return set_hugetlb(dir, l, "limit_in_bytes", err);
}

static int hugetlb_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	return set_hugetlb(dir, l, "max", err);
}

/* ---- RDMA, network ---- */

static bool rdma_wanted(const struct kern_cgroup_limits *l)
{
	return l->n_rdma > 0;
}

static int set_rdma(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	for (size_t i = 0; i < l->n_rdma; i++) {
		const struct kern_cgroup_rdma_limit *r = &l->rdma[i];
		AUTO_STRBUF struct strbuf text = STRBUF_INIT;

		strbuf_adds(&text, r->device);
		if (cgroup_given(r->handles))
			strbuf_addf(&text, " hca_handle=%lld", (long long)r->handles);
		if (cgroup_given(r->objects))
			strbuf_addf(&text, " hca_object=%lld", (long long)r->objects);
		if (cgroup_write(dir, "rdma.max", text.data, err))
			return -1;
	}
	return 0;
}

static bool net_cls_wanted(const struct kern_cgroup_limits *l)
{
	return cgroup_wanted(l->net_classid);
}

static int set_net_cls(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	return cgroup_write_int(dir, "net_cls.classid", l->net_classid, err);
}

static bool net_prio_wanted(const struct kern_cgroup_limits *l)
{
	return l->n_net_priorities > 0;
}

static int set_net_prio(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	for (size_t i = 0; i < l->n_net_priorities; i++) {
		const struct kern_cgroup_net_priority *p = &l->net_priorities[i];
		AUTO_FREE char *text = xasprintf("%s %u", p->interface, p->priority);

		if (cgroup_write(dir, "net_prio.ifpriomap", text, err))
			return -1;
	}
	return 0;
}

/* ---- the table ---- */

typedef int set_fn(const char *dir, const struct kern_cgroup_limits *l, struct err *err);

static const struct controller {
	const char *v1_name, *v2_name, *what;
	bool (*wanted)(const struct kern_cgroup_limits *l);
	int (*check)(const struct kern_cgroup_limits *l, bool v2, struct err *err);
	set_fn *v1, *v2; /* v2 NULL: version 2 has no such thing */
	bool needs_domain; /* v2: not to be had in a group that takes single threads */
} controllers[] = {
	{ "pids", "pids", "the number of processes", pids_wanted, NULL, set_pids, set_pids },
	{ "memory", "memory", "memory", cgroup_memory_wanted, cgroup_memory_check,
	  cgroup_memory_v1, cgroup_memory_v2, true },
	{ "blkio", "io", "block devices", cgroup_io_wanted, cgroup_io_check, cgroup_io_v1,
	  cgroup_io_v2, true },
	{ "cpu", "cpu", "processor time", cgroup_cpu_wanted, cgroup_cpu_check, cgroup_cpu_v1,
	  cgroup_cpu_v2, true },
	{ "cpuset", "cpuset", "which processors are used", cpuset_wanted, NULL, set_cpuset,
	  set_cpuset },
	{ "hugetlb", "hugetlb", "huge pages", hugetlb_wanted, NULL, hugetlb_v1, hugetlb_v2, true },
	{ "rdma", "rdma", "RDMA resources", rdma_wanted, NULL, set_rdma, set_rdma },
	{ "net_cls", NULL, "the class of network packets", net_cls_wanted, NULL, set_net_cls },
	{ "net_prio", NULL, "the priority of network packets", net_prio_wanted, NULL,
	  set_net_prio },
};

#define N_CONTROLLERS (sizeof controllers / sizeof *controllers)

bool kern_cgroup_limits_any(const struct kern_cgroup_limits *l)
{
	for (size_t i = 0; i < N_CONTROLLERS; i++)
		if (controllers[i].wanted(l))
			return true;
	return l->n_unified > 0;
}

bool cgroup_limits_need_domain(const struct kern_cgroup_limits *l)
{
	for (size_t i = 0; l && i < N_CONTROLLERS; i++)
		if (controllers[i].needs_domain && controllers[i].wanted(l))
			return true;
	return false;
}

/* Does it sit in the v2 hierarchy? On a hybrid machine only what v1 does not have. */
static bool on_v2(const struct kern_cgroup *cg, const struct controller *c)
{
	return cgroup_v2_dir(cg) && c->v2 && !cgroup_dir_of(cg, c->v1_name) &&
	       !cgroup_denied(cg, c->v1_name);
}

static int check_one(const struct kern_cgroup *cg, const struct controller *c,
		     const struct kern_cgroup_limits *l, struct err *err)
{
	if (!c->v2 && cg->layout.version == KERN_CGROUP_V2)
		return err_set(err, ERR_UNSUPPORTED, "%s cannot be set on cgroup v2", c->what);
	return c->check ? c->check(l, on_v2(cg, c), err) : 0;
}

/* The names of unified files are looked at too: a slash would lead elsewhere. */
static int check_unified(const struct kern_cgroup *cg, const struct kern_cgroup_limits *l,
			 struct err *err)
{
	if (l->n_unified && cg->layout.version != KERN_CGROUP_V2)
		return err_set(err, ERR_UNSUPPORTED,
			       "invalid configuration: cannot use unified on cgroup v1");
	for (size_t i = 0; i < l->n_unified; i++)
		if (strchr(l->unified[i].name, '/'))
			return err_set(err, ERR_INVALID, "unified resource \"%s\" must be a file "
				       "name (no slashes)", l->unified[i].name);
	return 0;
}

int kern_cgroup_check(const struct kern_cgroup *cg, const struct kern_cgroup_limits *l,
		      struct err *err)
{
	for (size_t i = 0; i < N_CONTROLLERS; i++)
		if (controllers[i].wanted(l) && check_one(cg, &controllers[i], l, err))
			return -1;
	return check_unified(cg, l, err);
}

/* ---- applying ---- */

static int cannot(const struct controller *c, const char *missing, struct err *err)
{
	AUTO_FREE char *why = xstrdup(missing);

	return err_set(err, ERR_UNSUPPORTED, "cannot limit %s: the %s controller of cgroups, or "
		       "this of its limits, is not available here%s%s", c->what, c->v1_name,
		       *why ? ": " : "", why);
}

/* The group's directory that has the controller's files, or NULL. */
static const char *dir_for(const struct kern_cgroup *cg, const struct controller *c)
{
	return on_v2(cg, c) ? cgroup_v2_dir(cg) : cgroup_dir_of(cg, c->v1_name);
}

static int apply_one(struct kern_cgroup *cg, const struct controller *c,
		     const struct kern_cgroup_limits *l, struct err *err)
{
	bool v2 = on_v2(cg, c);
	const char *dir = dir_for(cg, c);

	if (!dir && (cgroup_denied(cg, c->v1_name) || kern_cgroup_absent(cg)))
		return err_set(err, ERR_PERMISSION, "cannot set %s limit: container could not "
			       "join or create cgroup", c->v1_name);
	if (!dir)
		return cannot(c, "", err);
	if (v2 && cg->layout.version == KERN_CGROUP_HYBRID && cg->layout.h[0].mount)
		cgroup_enable_controllers(&cg->layout.h[0]);
	if (!(v2 ? c->v2 : c->v1)(dir, l, err))
		return 0;
	return err->errnum == ENOENT && cgroup_has(dir, "cgroup.procs") ? cannot(c, err->msg, err)
									: -1;
}

static bool has_controller(const char *dir, const char *name, size_t n)
{
	AUTO_STRBUF struct strbuf have = STRBUF_INIT;
	struct err ignored;
	const char *p;

	if (cgroup_read(dir, "cgroup.controllers", &have, &ignored))
		return false;
	for (p = have.data; *p; p += strcspn(p, " \n"), p += strspn(p, " \n"))
		if (strcspn(p, " \n") == n && !memcmp(p, name, n))
			return true;
	return false;
}

/* Why a file could not be opened: what it belongs to says more than ENOENT. */
static int unified_failed(const char *dir, const char *name, struct err *err)
{
	size_t n = strcspn(name, ".");

	if (err->errnum != ENOENT && err->errnum != EACCES && err->errnum != EPERM)
		return err_wrap(err, "unable to set unified resource \"%s\"", name);
	if (!name[n])
		return err_set(err, ERR_INVALID, "unified resource \"%s\" must be in the form "
			       "CONTROLLER.PARAMETER", name);
	if (strncmp(name, "cgroup.", 7) && !has_controller(dir, name, n))
		return err_set(err, ERR_UNSUPPORTED, "unified resource \"%s\" can't be set: "
			       "controller \"%.*s\" not available", name, (int)n, name);
	return err_wrap(err, "unable to set unified resource \"%s\"", name);
}

/* A file of several lines ("8:0 riops=1\n8:16 riops=2") takes one in each write. */
static int write_lines(const char *dir, const struct kern_cgroup_file *f, struct err *err)
{
	for (const char *line = f->text;; ) {
		size_t n = strcspn(line, "\n");
		AUTO_FREE char *one = xstrndup(line, n);

		if (cgroup_write(dir, f->name, one, err))
			return unified_failed(dir, f->name, err);
		line += n + (line[n] == '\n');
		if (!*line)
			return 0;
	}
}

int kern_cgroup_apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err)
{
	if (kern_cgroup_check(cg, l, err))
		return err_wrap(err, "cgroup %s", cg->path);
	for (size_t i = 0; i < N_CONTROLLERS; i++)
		if (controllers[i].wanted(l) && apply_one(cg, &controllers[i], l, err)) {
			const char *dir = dir_for(cg, &controllers[i]);

			return err_wrap(err, "cgroup %s", dir ? dir : cg->path);
		}
	for (size_t i = 0; i < l->n_unified; i++)
		if (write_lines(cgroup_v2_dir(cg), &l->unified[i], err))
			return err_wrap(err, "cgroup %s", cg->path);
	return 0;
}
