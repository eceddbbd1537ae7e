/*
 * cgroup_v1.c - limits in the files of version 1 (the kernel's
 * Documentation/admin-guide/cgroup-v1).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"

/* A new cpuset group has neither processors nor memory nodes, and a process
 * cannot be moved into it (ENOSPC) until it has both. */
static int inherit_cpuset(const char *parent, const char *dir, const char *file, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	if (cgroup_read(dir, file, &sb, err))
		return -1;
	if (sb.len > 1)
		return 0;
	if (cgroup_read(parent, file, &sb, err))
		return -1;
	sb.data[strcspn(sb.data, "\n")] = '\0';
	return cgroup_write(dir, file, sb.data, err);
}

static int prepare(const struct cgroup_hierarchy *h, const char *parent, const char *dir,
		   struct err *err)
{
	if (!strstr(h->controllers, "cpuset"))
		return 0;
	return inherit_cpuset(parent, dir, "cpuset.cpus", err) ||
	       inherit_cpuset(parent, dir, "cpuset.mems", err) ? -1 : 0;
}

/* memory+swap must never be below memory, at no moment: raise that one first,
 * lower this one first. */
static int apply_memory(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	static const char limit[] = "memory.limit_in_bytes", swap[] = "memory.memsw.limit_in_bytes";
	bool set_limit = cgroup_wanted(l->memory), set_swap = cgroup_wanted(l->memory_swap);
	bool swap_first;

	if (set_swap && !cgroup_has(dir, swap)) {
		if (cgroup_swap_exists())
			return cgroup_missing("memory", "swap (boot with swapaccount=1)", err);
		set_swap = false; /* no swap: memory alone is memory and swap together */
	}
	swap_first = set_swap && (l->memory_swap < 0 ||
				  (uint64_t)l->memory_swap > cgroup_number(dir, swap));
	if (swap_first && cgroup_write_int(dir, swap, l->memory_swap, err))
		return -1;
	if (set_limit && cgroup_write_int(dir, limit, l->memory, err))
		return -1;
	if (set_swap && !swap_first && cgroup_write_int(dir, swap, l->memory_swap, err))
		return -1;
	if (cgroup_wanted(l->memory_reservation))
		return cgroup_write_int(dir, "memory.soft_limit_in_bytes", l->memory_reservation,
					err);
	return 0;
}

/* A quota is checked against the period that is set, so one order of the two
 * may be refused where the other is not. */
static int apply_cpu(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	bool period = cgroup_wanted(l->cpu_period), quota = cgroup_wanted(l->cpu_quota);

	if (cgroup_wanted(l->cpu_shares) &&
	    cgroup_write_int(dir, "cpu.shares", l->cpu_shares, err))
		return -1;
	if (period && cgroup_write_int(dir, "cpu.cfs_period_us", l->cpu_period, err)) {
		if (!quota || err->errnum != EINVAL)
			return -1;
		if (cgroup_write_int(dir, "cpu.cfs_quota_us", l->cpu_quota, err) ||
		    cgroup_write_int(dir, "cpu.cfs_period_us", l->cpu_period, err))
			return -1;
		return 0;
	}
	return quota ? cgroup_write_int(dir, "cpu.cfs_quota_us", l->cpu_quota, err) : 0;
}

static int apply_cpuset(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (l->cpuset_cpus && *l->cpuset_cpus &&
	    cgroup_write(dir, "cpuset.cpus", l->cpuset_cpus, err))
		return -1;
	if (l->cpuset_mems && *l->cpuset_mems &&
	    cgroup_write(dir, "cpuset.mems", l->cpuset_mems, err))
		return -1;
	return 0;
}

static int apply_pids(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (l->pids < 0)
		return cgroup_write(dir, "pids.max", "max", err);
	return cgroup_write_int(dir, "pids.max", l->pids, err);
}

static int apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err)
{
	const struct {
		const char *controller, *what;
		bool wanted;
		int (*fn)(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
	} steps[] = {
		{ "memory", "memory", cgroup_wanted(l->memory) || cgroup_wanted(l->memory_swap) ||
		  cgroup_wanted(l->memory_reservation), apply_memory },
		{ "cpu", "processor time", cgroup_wanted(l->cpu_shares) ||
		  cgroup_wanted(l->cpu_quota) || cgroup_wanted(l->cpu_period), apply_cpu },
		{ "cpuset", "which processors are used", (l->cpuset_cpus && *l->cpuset_cpus) ||
		  (l->cpuset_mems && *l->cpuset_mems), apply_cpuset },
		{ "pids", "the number of processes", cgroup_wanted(l->pids), apply_pids },
	};

	if (l->memory_swap > 0 && l->memory > l->memory_swap)
		return err_set(err, ERR_INVALID, "memory and swap together cannot be less than memory");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		const char *dir = cgroup_dir_of(cg, steps[i].controller);

		if (!steps[i].wanted)
			continue;
		if (!dir)
			return cgroup_missing(steps[i].controller, steps[i].what, err);
		if (steps[i].fn(dir, l, err))
			return -1;
	}
	return 0;
}

/* Version 1 keeps a default and a list of exceptions, not an ordered list. To
 * deny a part of what a broader rule allowed is silently without effect there,
 * so it is refused here. */
static int check_order(const struct kern_cgroup_device *rules, size_t i, struct err *err)
{
	const struct kern_cgroup_device *deny = &rules[i];

	if (deny->allow || deny->type == 'a')
		return 0;
	for (size_t k = 0; k < i; k++) {
		const struct kern_cgroup_device *r = &rules[k];
		bool broader = (r->major < 0 && deny->major >= 0) ||
			       (r->minor < 0 && deny->minor >= 0);

		if (r->allow && r->type == deny->type && broader &&
		    (r->major < 0 || r->major == deny->major))
			return err_set(err, ERR_UNSUPPORTED, "cgroup v1 cannot deny one device of "
				       "those that an earlier rule allows");
	}
	return 0;
}

static void add_number(struct strbuf *sb, int64_t n)
{
	if (n < 0)
		strbuf_addc(sb, '*');
	else
		strbuf_addf(sb, "%lld", (long long)n);
}

static int write_rule(const char *dir, const struct kern_cgroup_device *r, char type,
		      struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%c ", type);
	add_number(&sb, r->major);
	strbuf_addc(&sb, ':');
	add_number(&sb, r->minor);
	strbuf_addf(&sb, " %s", r->access);
	return cgroup_write(dir, r->allow ? "devices.allow" : "devices.deny", sb.data, err);
}

/* 'a' with anything but everything is not what it seems: the kernel reads no
 * further than the letter. Such a rule stands for one of each kind. */
static int devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
		   struct err *err)
{
	const char *dir = cgroup_dir_of(cg, "devices");

	if (!dir)
		return cgroup_missing("devices", "access to devices", err);
	for (size_t i = 0; i < n; i++) {
		const struct kern_cgroup_device *r = &rules[i];
		bool every = r->major < 0 && r->minor < 0 && strlen(r->access) == 3;

		if (check_order(rules, i, err))
			return -1;
		if (r->type == 'a' && !every) {
			if (write_rule(dir, r, 'b', err) || write_rule(dir, r, 'c', err))
				return -1;
		} else if (write_rule(dir, r, r->type, err)) {
			return -1;
		}
	}
	return 0;
}

/* FREEZING until the last thread has stopped. A thread in vfork(2) holds the
 * rest up; writing the state again gives the kernel another look at it. */
static int freeze(struct kern_cgroup *cg, bool frozen, struct err *err)
{
	const char *dir = cgroup_dir_of(cg, "freezer"), *state = frozen ? "FROZEN" : "THAWED";
	struct err ignored;

	if (!dir)
		return err_set(err, ERR_UNSUPPORTED, "the freezer controller of cgroups is not "
			       "available here");
	for (int tries = 0; tries < 20; tries++) {
		if (cgroup_write(dir, "freezer.state", state, err))
			return -1;
		if (!cgroup_wait_for(dir, "freezer.state", state, 100, err))
			return 0;
	}
	if (frozen)
		cgroup_write(dir, "freezer.state", "THAWED", &ignored);
	return -1;
}

static void memory_stats(const char *dir, struct kern_cgroup_stats *st)
{
	st->memory_usage = cgroup_number(dir, "memory.usage_in_bytes");
	st->memory_limit = cgroup_number(dir, "memory.limit_in_bytes");
	st->memory_max_usage = cgroup_number(dir, "memory.max_usage_in_bytes");
	st->memory_inactive_file = cgroup_key(dir, "memory.stat", "total_inactive_file");
	st->oom_kills = cgroup_key(dir, "memory.oom_control", "oom_kill");
}

static int stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err)
{
	const char *memory = cgroup_dir_of(cg, "memory"), *cpu = cgroup_dir_of(cg, "cpu");
	const char *acct = cgroup_dir_of(cg, "cpuacct"), *pids = cgroup_dir_of(cg, "pids");
	const char *first = memory ? memory : pids ? pids : cpu;

	if (first && access(first, F_OK))
		return err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	if (memory)
		memory_stats(memory, st);
	if (acct) {
		st->cpu_total_ns = cgroup_number(acct, "cpuacct.usage");
		st->cpu_user_ns = cgroup_number(acct, "cpuacct.usage_user");
		st->cpu_system_ns = cgroup_number(acct, "cpuacct.usage_sys");
	}
	if (cpu) {
		st->periods = cgroup_key(cpu, "cpu.stat", "nr_periods");
		st->throttled_periods = cgroup_key(cpu, "cpu.stat", "nr_throttled");
		st->throttled_ns = cgroup_key(cpu, "cpu.stat", "throttled_time");
	}
	if (pids) {
		st->pids = cgroup_number(pids, "pids.current");
		st->pids_limit = cgroup_number(pids, "pids.max");
	}
	return 0;
}

const struct cgroup_ops cgroup_v1_ops = { prepare, apply, devices, freeze, stats };
