/*
 * cgroup_v2.c - limits in the files of version 2 (the kernel's
 * Documentation/admin-guide/cgroup-v2.rst).
 *
 * A group's files of a controller appear only when its parent lists the
 * controller in cgroup.subtree_control. And a group that does so may have no
 * processes of its own ("no internal processes"), the machine's root excepted:
 * processes live in the leaves.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"

static const char *const wanted_controllers[] = {
	"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc", NULL,
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t len = strcspn(p, " \n");

		if (len == n && !memcmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

/* Enable in `parent` what its children are to have. */
static int enable_controllers(const char *parent, struct err *err)
{
	AUTO_STRBUF struct strbuf have = STRBUF_INIT;
	AUTO_STRBUF struct strbuf on = STRBUF_INIT;
	struct err one;

	if (cgroup_read(parent, "cgroup.controllers", &have, err) ||
	    cgroup_read(parent, "cgroup.subtree_control", &on, err))
		return -1;
	for (size_t i = 0; wanted_controllers[i]; i++) {
		char word[32];

		if (!has_word(have.data, wanted_controllers[i]) ||
		    has_word(on.data, wanted_controllers[i]))
			continue;
		/* One at a time: a single one may be refused (cpu, while there are
		 * real-time processes), and its limits are then refused by name. */
		snprintf(word, sizeof word, "+%s", wanted_controllers[i]);
		if (cgroup_write(parent, "cgroup.subtree_control", word, &one) &&
		    one.errnum == EBUSY)
			return err_set(err, ERR_CONFLICT, "cgroup %s has processes of its own, so its "
				       "children can have no limits: move them into a child group",
				       parent);
	}
	return 0;
}

static int prepare(const struct cgroup_hierarchy *h, const char *parent, const char *dir,
		   struct err *err)
{
	(void)h;
	(void)dir;
	return enable_controllers(parent, err);
}

/* -1 is "max" here. */
static int write_limit(const char *dir, const char *file, int64_t value, struct err *err)
{
	if (value < 0)
		return cgroup_write(dir, file, "max", err);
	return cgroup_write_int(dir, file, value, err);
}

/* Docker's number is memory and swap together; memory.swap.max is swap alone. */
static int apply_swap(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	uint64_t memory = cgroup_wanted(l->memory)
				  ? (l->memory < 0 ? UINT64_MAX : (uint64_t)l->memory)
				  : cgroup_number(dir, "memory.max");

	if (l->memory_swap > 0 && memory == UINT64_MAX)
		return err_set(err, ERR_INVALID, "a limit for memory and swap together needs one for "
			       "memory");
	if (l->memory_swap > 0 && (uint64_t)l->memory_swap < memory)
		return err_set(err, ERR_INVALID,
			       "memory and swap together cannot be less than memory");
	if (!cgroup_has(dir, "memory.swap.max"))
		return cgroup_swap_exists() ? cgroup_missing("memory", "swap", err) : 0;
	return write_limit(dir, "memory.swap.max",
			   l->memory_swap < 0 ? -1 : l->memory_swap - (int64_t)memory, err);
}

static int apply_memory(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (cgroup_wanted(l->memory_swap) && apply_swap(dir, l, err))
		return -1;
	if (cgroup_wanted(l->memory) && write_limit(dir, "memory.max", l->memory, err))
		return -1;
	if (cgroup_wanted(l->memory_reservation))
		return write_limit(dir, "memory.low", l->memory_reservation, err);
	return 0;
}

/* Shares are 2..262144 with 1024 by default, weight is 1..10000 with 100: the
 * straight line through the two ends, as the runtimes have long drawn it. */
static int64_t weight_of_shares(int64_t shares)
{
	shares = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
	return 1 + (shares - 2) * 9999 / 262142;
}

/* "QUOTA PERIOD"; where only one of the two is given the other stays. */
static int apply_quota(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_STRBUF struct strbuf now = STRBUF_INIT;
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (cgroup_read(dir, "cpu.max", &now, err))
		return -1;
	now.data[strcspn(now.data, " \n")] = '\0'; /* the quota that is set */
	if (!cgroup_wanted(l->cpu_quota))
		strbuf_adds(&text, now.data);
	else if (l->cpu_quota < 0)
		strbuf_adds(&text, "max");
	else
		strbuf_addf(&text, "%lld", (long long)l->cpu_quota);
	if (cgroup_wanted(l->cpu_period))
		strbuf_addf(&text, " %lld", (long long)l->cpu_period);
	return cgroup_write(dir, "cpu.max", text.data, err);
}

static int apply_cpu(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (cgroup_wanted(l->cpu_shares) &&
	    cgroup_write_int(dir, "cpu.weight", weight_of_shares(l->cpu_shares), err))
		return -1;
	if (cgroup_wanted(l->cpu_quota) || cgroup_wanted(l->cpu_period))
		return apply_quota(dir, l, err);
	return 0;
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
	return write_limit(dir, "pids.max", l->pids, err);
}

static int apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err)
{
	const char *dir = cgroup_v2_dir(cg);
	/* `proof` is a file that exists if and only if the controller is there. */
	const struct {
		const char *controller, *proof, *what;
		bool wanted;
		int (*fn)(const char *dir, const struct kern_cgroup_limits *l, struct err *err);
	} steps[] = {
		{ "memory", "memory.max", "memory", cgroup_wanted(l->memory) ||
		  cgroup_wanted(l->memory_swap) || cgroup_wanted(l->memory_reservation),
		  apply_memory },
		{ "cpu", "cpu.weight", "processor time", cgroup_wanted(l->cpu_shares) ||
		  cgroup_wanted(l->cpu_quota) || cgroup_wanted(l->cpu_period), apply_cpu },
		{ "cpuset", "cpuset.cpus", "which processors are used",
		  (l->cpuset_cpus && *l->cpuset_cpus) || (l->cpuset_mems && *l->cpuset_mems),
		  apply_cpuset },
		{ "pids", "pids.max", "the number of processes", cgroup_wanted(l->pids),
		  apply_pids },
	};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (!steps[i].wanted)
			continue;
		if (!cgroup_has(dir, steps[i].proof))
			return cgroup_missing(steps[i].controller, steps[i].what, err);
		if (steps[i].fn(dir, l, err))
			return -1;
	}
	return 0;
}

static int devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
		   struct err *err)
{
	return cgroup_bpf_devices(cgroup_v2_dir(cg), rules, n, err);
}

/* The write only asks; cgroup.events says when every process has stopped. */
static int freeze(struct kern_cgroup *cg, bool frozen, struct err *err)
{
	const char *dir = cgroup_v2_dir(cg);
	struct err ignored;

	if (!cgroup_has(dir, "cgroup.freeze"))
		return err_set(err, ERR_UNSUPPORTED, "this kernel cannot freeze a cgroup (Linux 5.2 "
			       "or later is needed)");
	if (cgroup_write(dir, "cgroup.freeze", frozen ? "1" : "0", err))
		return -1;
	if (!cgroup_wait_for(dir, "cgroup.events", frozen ? "frozen 1" : "frozen 0", 2000, err))
		return 0;
	if (frozen)
		cgroup_write(dir, "cgroup.freeze", "0", &ignored);
	return -1;
}

static int stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err)
{
	const char *dir = cgroup_v2_dir(cg);

	if (access(dir, F_OK))
		return err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	st->memory_usage = cgroup_number(dir, "memory.current");
	st->memory_limit = cgroup_number(dir, "memory.max");
	st->memory_max_usage = cgroup_number(dir, "memory.peak"); /* Linux 5.19 */
	st->memory_inactive_file = cgroup_key(dir, "memory.stat", "inactive_file");
	st->oom_kills = cgroup_key(dir, "memory.events", "oom_kill");
	st->cpu_total_ns = cgroup_key(dir, "cpu.stat", "usage_usec") * 1000;
	st->cpu_user_ns = cgroup_key(dir, "cpu.stat", "user_usec") * 1000;
	st->cpu_system_ns = cgroup_key(dir, "cpu.stat", "system_usec") * 1000;
	st->periods = cgroup_key(dir, "cpu.stat", "nr_periods");
	st->throttled_periods = cgroup_key(dir, "cpu.stat", "nr_throttled");
	st->throttled_ns = cgroup_key(dir, "cpu.stat", "throttled_usec") * 1000;
	st->pids = cgroup_number(dir, "pids.current");
	st->pids_limit = cgroup_number(dir, "pids.max");
	return 0;
}

const struct cgroup_ops cgroup_v2_ops = { prepare, apply, devices, freeze, stats };
