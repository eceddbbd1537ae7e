/*
 * cgroup_stats.c - the few numbers that are asked for again and again.
 */
#include <unistd.h>

#include "cgroup_private.h"

static void memory_v1(const char *dir, struct kern_cgroup_stats *st)
{
	st->memory_usage = cgroup_number(dir, "memory.usage_in_bytes");
	st->memory_limit = cgroup_number(dir, "memory.limit_in_bytes");
	st->memory_max_usage = cgroup_number(dir, "memory.max_usage_in_bytes");
	st->memory_inactive_file = cgroup_key(dir, "memory.stat", "total_inactive_file");
	st->oom_kills = cgroup_key(dir, "memory.oom_control", "oom_kill");
}

static void memory_v2(const char *dir, struct kern_cgroup_stats *st)
{
	st->memory_usage = cgroup_number(dir, "memory.current");
	st->memory_limit = cgroup_number(dir, "memory.max");
	st->memory_max_usage = cgroup_number(dir, "memory.peak"); /* Linux 5.19 */
	st->memory_inactive_file = cgroup_key(dir, "memory.stat", "inactive_file");
	st->oom_kills = cgroup_key(dir, "memory.events", "oom_kill");
}

/* Nanoseconds in one version, microseconds in the other. */
static void cpu_v1(const char *cpu, const char *acct, struct kern_cgroup_stats *st)
{
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
}

static void cpu_v2(const char *dir, struct kern_cgroup_stats *st)
{
	AUTO_STRBUF struct strbuf stat = STRBUF_INIT;
	struct err ignored;

	if (cgroup_read(dir, "cpu.stat", &stat, &ignored))
		return;
	st->cpu_total_ns = cgroup_key_in(stat.data, "usage_usec") * 1000;
	st->cpu_user_ns = cgroup_key_in(stat.data, "user_usec") * 1000;
	st->cpu_system_ns = cgroup_key_in(stat.data, "system_usec") * 1000;
	st->periods = cgroup_key_in(stat.data, "nr_periods");
	st->throttled_periods = cgroup_key_in(stat.data, "nr_throttled");
	st->throttled_ns = cgroup_key_in(stat.data, "throttled_usec") * 1000;
}

int kern_cgroup_stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err)
{
	const char *v2 = cgroup_v2_dir(cg), *memory = cgroup_dir_of(cg, "memory");
	const char *cpu = cgroup_dir_of(cg, "cpu"), *acct = cgroup_dir_of(cg, "cpuacct");
	const char *pids = cgroup_dir_of(cg, "pids");

	*st = (struct kern_cgroup_stats){ 0 };
	if (kern_cgroup_absent(cg) || access(cg->layout.h[0].dir, F_OK))
		return err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	if (memory)
		memory_v1(memory, st);
	else if (v2)
		memory_v2(v2, st);
	if (cpu || acct)
		cpu_v1(cpu, acct, st);
	else if (v2)
		cpu_v2(v2, st);
	if (pids || v2) {
		st->pids = cgroup_number(pids ? pids : v2, "pids.current");
		st->pids_limit = cgroup_number(pids ? pids : v2, "pids.max");
	}
	return 0;
}

uint64_t kern_cgroup_oom_kills(const struct kern_cgroup *cg)
{
	const char *v1 = cgroup_dir_of(cg, "memory"), *v2 = cgroup_v2_dir(cg);

	if (v1)
		return cgroup_key(v1, "memory.oom_control", "oom_kill");
	return v2 ? cgroup_key(v2, "memory.events", "oom_kill") : 0;
}
