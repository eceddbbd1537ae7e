/*
 * cgroup_memory.c - how much memory, and swap.
 *
 * Version 1 counts memory and swap *together* in its second limit (memsw), and so
 * does Docker and the OCI specification; version 2 has a limit for swap alone, so
 * a subtraction is needed there.
 */
#include <errno.h>

#include "cgroup_private.h"

bool cgroup_memory_wanted(const struct kern_cgroup_limits *l)
{
	return cgroup_wanted(l->memory) || cgroup_wanted(l->memory_swap) ||
	       cgroup_wanted(l->memory_reservation) || cgroup_given(l->swappiness) ||
	       cgroup_given(l->use_hierarchy) || l->oom_kill_disable;
}

int cgroup_memory_check(const struct kern_cgroup_limits *l, bool v2, struct err *err)
{
	if (v2 && cgroup_given(l->swappiness))
		return err_set(err, ERR_UNSUPPORTED, "memory swappiness cannot be set on cgroup v2");
	if (v2 && l->oom_kill_disable)
		return err_set(err, ERR_UNSUPPORTED, "the OOM killer cannot be disabled on cgroup v2");
	if (v2 && l->use_hierarchy == 0)
		return err_set(err, ERR_UNSUPPORTED, "memory is always counted hierarchically on cgroup v2");
	if (v2 && l->memory_swap > 0 && !cgroup_wanted(l->memory))
		return err_set(err, ERR_INVALID, "unable to set swap limit without memory limit");
	if (l->memory_swap > 0 && l->memory > l->memory_swap)
		return err_set(err, ERR_INVALID, "memory+swap limit should be >= memory limit");
	return 0;
}

/* Without a limit on memory one on memory and swap together makes no sense, so
 * taking the one away takes the other with it. */
static int64_t swap_of(const struct kern_cgroup_limits *l)
{
	return l->memory == -1 && !cgroup_wanted(l->memory_swap) ? -1 : l->memory_swap;
}

/* ---- version 1 ---- */

static int too_low(const char *dir, int64_t limit, struct err *err)
{
	return err_set(err, ERR_CONFLICT, "unable to set memory limit to %lld (current usage: %llu, "
		       "peak usage: %llu)", (long long)limit,
		       (unsigned long long)cgroup_number(dir, "memory.usage_in_bytes"),
		       (unsigned long long)cgroup_number(dir, "memory.max_usage_in_bytes"));
}

/* memory+swap must never be below memory, at no moment: which of them must be
 * written first depends on what there is now. */
static int limits_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	int64_t swap = swap_of(l);
	AUTO_FREE char *memory = xasprintf("%lld", (long long)l->memory);
	AUTO_FREE char *both = xasprintf("%lld", (long long)swap);
	struct cgroup_value v[] = {
		{ "memory.limit_in_bytes", cgroup_wanted(l->memory) ? memory : NULL },
		{ "memory.memsw.limit_in_bytes", cgroup_wanted(swap) ? both : NULL },
	};

	if (!cgroup_write_set(dir, v, 2, err))
		return 0;
	if (err->errnum == EBUSY && v[0].text)
		return too_low(dir, l->memory, err);
	/* The kernel does not count swap (swapaccount=0). Fine if there is nothing to
	 * count, or no limit to set. */
	if (err->errnum == ENOENT && !v[0].text && (swap < 0 || !cgroup_swap_exists()))
		return 0;
	return -1;
}

int cgroup_memory_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	const struct { const char *file; int64_t value; bool wanted; } more[] = {
		{ "memory.soft_limit_in_bytes", l->memory_reservation,
		  cgroup_wanted(l->memory_reservation) },
		{ "memory.use_hierarchy", l->use_hierarchy, cgroup_given(l->use_hierarchy) },
		{ "memory.oom_control", 1, l->oom_kill_disable },
		{ "memory.swappiness", l->swappiness, cgroup_given(l->swappiness) },
	};

	if (limits_v1(dir, l, err))
		return -1;
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].wanted && cgroup_write_int(dir, more[i].file, more[i].value, err))
			return -1;
	return 0;
}

/* ---- version 2 ---- */

/* -1 is "max" here. */
static int write_limit(const char *dir, const char *file, int64_t value, struct err *err)
{
	return value < 0 ? cgroup_write(dir, file, "max", err)
			 : cgroup_write_int(dir, file, value, err);
}

/* A limit below what is used is no error on version 2: the kernel reclaims, and
 * kills. Who does not want that asks to be told before. */
static int check_usage(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	uint64_t usage = l->memory_check ? cgroup_number(dir, "memory.current") : 0;

	if (usage && l->memory_swap > 0 && (uint64_t)l->memory_swap <= usage)
		return err_set(err, ERR_CONFLICT, "rejecting memory+swap limit %lld <= usage %llu",
			       (long long)l->memory_swap, (unsigned long long)usage);
	if (usage && l->memory > 0 && (uint64_t)l->memory <= usage)
		return err_set(err, ERR_CONFLICT, "rejecting memory limit %lld <= usage %llu",
			       (long long)l->memory, (unsigned long long)usage);
	return 0;
}

int kern_cgroup_check_usage(const struct kern_cgroup *cg, const struct kern_cgroup_limits *l,
			    struct err *err)
{
	return cg->layout.version == KERN_CGROUP_V2 ? check_usage(cgroup_v2_dir(cg), l, err) : 0;
}

static int swap_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	int64_t swap = swap_of(l);

	if (!cgroup_wanted(swap))
		return 0;
	if (swap > 0 && l->memory > 0)
		swap -= l->memory;
	if (!write_limit(dir, "memory.swap.max", swap, err))
		return 0;
	/* No swap is what a kernel has that does not count it, as is no limit. */
	return err->errnum == ENOENT && (swap <= 0 || !cgroup_swap_exists()) ? 0 : -1;
}

int cgroup_memory_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (check_usage(dir, l, err) || swap_v2(dir, l, err))
		return -1;
	if (cgroup_wanted(l->memory) && write_limit(dir, "memory.max", l->memory, err))
		return -1;
	if (cgroup_wanted(l->memory_reservation))
		return write_limit(dir, "memory.low", l->memory_reservation, err);
	return 0;
}
