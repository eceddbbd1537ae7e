/*
 * schedule_test.c - `scheduler`, `ioPriority` and `execCPUAffinity` ("Linux
 * Process" in config.md) and `memoryPolicy` (config-linux.md).
 */
#include "conform.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef SCHED_FLAG_RESET_ON_FORK
#define SCHED_FLAG_RESET_ON_FORK 0x01
#endif

/* sched_getattr(2), which older C libraries have no function for. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Start a container with this scheduler; what its process then has. */
static bool scheduled(const char *value, struct attributes *a)
{
	json_t *config = sleeper();

	memset(a, 0, sizeof *a);
	set(config, "process.scheduler", "%s", value);
	if (!start(config))
		return false;
	CU_ASSERT(!syscall(SYS_sched_getattr, pid_of(), a, sizeof *a, 0));
	stop();
	return true;
}

PROVES(scheduling_policies,
	{ "config.md#linux-process", MUST, "`scheduler.policy` is the process's policy: `SCHED_OTHER`." },
	{ "config.md#linux-process", MUST, "`SCHED_BATCH`." },
	{ "config.md#linux-process", MUST, "`SCHED_IDLE`." },
	{ "config.md#linux-process", MUST, "`scheduler.nice` is its nice value." });
static void scheduling_policies(void)
{
	struct attributes a;

	if (scheduled("{'policy': 'SCHED_OTHER', 'nice': 7}", &a))
		CU_ASSERT(a.policy == SCHED_OTHER && a.nice == 7);
	if (scheduled("{'policy': 'SCHED_BATCH', 'nice': 5}", &a))
		CU_ASSERT(a.policy == SCHED_BATCH && a.nice == 5);
	if (scheduled("{'policy': 'SCHED_IDLE'}", &a))
		CU_ASSERT(a.policy == SCHED_IDLE);
}

PROVES(scheduling_defaults,
	{ "config.md#linux-process", MUST, "Without `nice` and `priority` they are 0, whatever the runtime's own are." });
static void scheduling_defaults(void)
{
	struct attributes a;

	CU_ASSERT(!setpriority(PRIO_PROCESS, 0, 5));
	if (scheduled("{'policy': 'SCHED_BATCH'}", &a))
		CU_ASSERT(a.policy == SCHED_BATCH && a.nice == 0 && a.priority == 0);
	CU_ASSERT(!setpriority(PRIO_PROCESS, 0, 0));
}

PROVES(real_time,
	{ "config.md#linux-process", MUST, "`SCHED_FIFO`, with the static `priority`." },
	{ "config.md#linux-process", MUST, "`SCHED_RR`." },
	{ "config.md#linux-process", MUST, "`scheduler.flags`: `SCHED_FLAG_RESET_ON_FORK`." });
static void real_time(void)
{
	struct attributes a;

	/* A group of version 1 would need time of its own for it first. */
	if (!access("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", F_OK) ||
	    run_program((char *[]){ "chrt", "-f", "3", "true", NULL }).status) {
		skip("no real-time scheduling for us");
		return;
	}
	if (scheduled("{'policy': 'SCHED_FIFO', 'priority': 3}", &a))
		CU_ASSERT(a.policy == SCHED_FIFO && a.priority == 3);
	if (scheduled("{'policy': 'SCHED_RR', 'priority': 5, 'flags': ['SCHED_FLAG_RESET_ON_FORK']}", &a))
		CU_ASSERT(a.policy == SCHED_RR && a.priority == 5 && a.flags & SCHED_FLAG_RESET_ON_FORK);
}

PROVES(deadlines,
	{ "config.md#linux-process", MUST, "`SCHED_DEADLINE`, with `runtime`, `deadline` and `period`." });
static void deadlines(void)
{
	struct attributes a;

	if (run_program((char *[]){ "chrt", "-d", "-T", "1000000", "-D", "5000000", "-P", "10000000", "0", "true",
				    NULL }).status) {
		skip("no deadline scheduling for us");
		return;
	}
	if (scheduled("{'policy': 'SCHED_DEADLINE', 'runtime': 1000000, 'deadline': 5000000, 'period': 10000000}", &a))
		CU_ASSERT(a.policy == SCHED_DEADLINE && a.runtime == 1000000 && a.deadline == 5000000 &&
			  a.period == 10000000);
}

PROVES(wrong_schedulers,
	{ "config.md#linux-process", MUST, "`policy` is required; one that does not exist is an error, and so is such a flag." });
static void wrong_schedulers(void)
{
	static const char *const wrong[] = {
		"{'nice': 1}", "{'policy': 'SCHED_NOW'}", "{'policy': 'SCHED_OTHER', 'flags': ['SCHED_FLAG_MAYBE']}",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "process.scheduler", "%s", wrong[i]);
		REFUSED(config);
	}
}

PROVES(io_priority,
	{ "config.md#linux-process", MUST, "`ioPriority.class` is the process's class, and that of its children: `IOPRIO_CLASS_BE`." },
	{ "config.md#linux-process", MUST, "`IOPRIO_CLASS_IDLE`." },
	{ "config.md#linux-process", MUST, "`ioPriority.priority` is the level within the class." });
static void io_priority(void)
{
	json_t *config = shell("ionice; (ionice)");

	set(config, "process.ioPriority", "{'class': 'IOPRIO_CLASS_BE', 'priority': 6}");
	SAYS(config, "best-effort: prio 6\nbest-effort: prio 6\n");
	config = shell("ionice");
	set(config, "process.ioPriority", "{'class': 'IOPRIO_CLASS_IDLE', 'priority': 0}");
	HAS(run(config).out, "idle");
}

PROVES(realtime_io_priority,
	{ "config.md#linux-process", MUST, "`IOPRIO_CLASS_RT`." });
static void realtime_io_priority(void)
{
	json_t *config = shell("ionice");

	set(config, "process.ioPriority", "{'class': 'IOPRIO_CLASS_RT', 'priority': 2}");
	SAYS(config, "realtime: prio 2\n");
}

PROVES(wrong_io_priorities,
	{ "config.md#linux-process", MUST, "`class` is required; one that does not exist, and a `priority` outside of 0 to 7, is an error." });
static void wrong_io_priorities(void)
{
	static const char *const wrong[] = {
		"{'priority': 1}", "{'class': 'IOPRIO_CLASS_X', 'priority': 1}",
		"{'class': 'IOPRIO_CLASS_BE', 'priority': 8}", "{'class': 'IOPRIO_CLASS_BE', 'priority': -1}",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "process.ioPriority", "%s", wrong[i]);
		REFUSED(config);
	}
}

#define AFFINITY "grep Cpus_allowed_list /proc/self/status | cut -f 2"

PROVES(affinity_of_exec,
	{ "config.md#linux-process", MUST, "`execCPUAffinity.final`: where a process that joins the container runs." },
	{ "config.md#linux-process", MUST, "It is not for the container's first process." });
static void affinity_of_exec(void)
{
	json_t *config = sleeper();

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip("this machine has one processor");
		json_decref(config);
		return;
	}
	set(config, "process.execCPUAffinity", "{'initial': '0-1', 'final': '1'}");
	if (!start(config))
		return;
	AUTO_FREE char *status = proc_file("status"), *ours = read_file("/proc/self/status");

	EQ_STR(line_after(status, "Cpus_allowed_list:"), line_after(ours, "Cpus_allowed_list:"));
	PRINTS(runc("exec", id, "sh", "-c", AFFINITY, NULL), "1\n");
	stop();
}

PROVES(no_final_affinity,
	{ "config.md#linux-process", SHOULD, "Without `final` the process's affinity is not changed after it has joined the cgroup." });
static void no_final_affinity(void)
{
	json_t *config = sleeper();
	struct result r;

	set(config, "process.execCPUAffinity", "{'initial': '0'}");
	if (!start(config))
		return;
	/* What the kernel makes of the group's processors, or what was before. */
	r = runc("exec", id, "sh", "-c", AFFINITY, NULL);
	EQ_INT(r.status, 0);
	CU_ASSERT(!strcmp(r.out, "0\n") || strchr(r.out, '-'));
	stop();
}

PROVES(wrong_affinity,
	{ "config.md#linux-process", MUST, "`initial` and `final` are lists of processors; anything else is an error." });
static void wrong_affinity(void)
{
	static const char *const wrong[] = { "{'initial': 'x'}", "{'final': '1-'}", "{'final': 3}" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "process.execCPUAffinity", "%s", wrong[i]);
		REFUSED(config);
	}
}

/* The policy is in each line of numa_maps, the word after the address. */
static void has_policy(const char *value, const char *want)
{
	json_t *config = shell("head -n 1 /proc/self/numa_maps | cut -d ' ' -f 2");

	set(config, "linux.memoryPolicy", "%s", value);
	SAYS(config, want);
}

PROVES(memory_policy,
	{ "config-linux.md#memory-policy", MUST, "`memoryPolicy.mode` is the process's policy: `MPOL_BIND`, on the nodes of `nodes`." },
	{ "config-linux.md#memory-policy", MUST, "`MPOL_INTERLEAVE`." },
	{ "config-linux.md#memory-policy", MUST, "`MPOL_PREFERRED`." },
	{ "config-linux.md#memory-policy", MUST, "`MPOL_LOCAL`." },
	{ "config-linux.md#memory-policy", MUST, "`MPOL_DEFAULT`." },
	{ "config-linux.md#memory-policy", MUST, "`flags`: `MPOL_F_STATIC_NODES`." },
	{ "config-linux.md#memory-policy", MUST, "`MPOL_F_RELATIVE_NODES`." });
static void memory_policy(void)
{
	if (access("/proc/self/numa_maps", F_OK)) {
		skip("this kernel has no memory policies");
		return;
	}
	has_policy("{'mode': 'MPOL_BIND', 'nodes': '0'}", "bind:0\n");
	has_policy("{'mode': 'MPOL_INTERLEAVE', 'nodes': '0'}", "interleave:0\n");
	has_policy("{'mode': 'MPOL_PREFERRED', 'nodes': '0'}", "prefer:0\n");
	has_policy("{'mode': 'MPOL_LOCAL', 'nodes': ''}", "local\n");
	has_policy("{'mode': 'MPOL_DEFAULT', 'nodes': ''}", "default\n");
	has_policy("{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES']}", "bind=static:0\n");
	has_policy("{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_RELATIVE_NODES']}", "bind=relative:0\n");
}

PROVES(wrong_memory_policies,
	{ "config-linux.md#memory-policy", MUST, "A mode, a flag or a list of nodes that does not exist is an error." });
static void wrong_memory_policies(void)
{
	static const char *const wrong[] = {
		"{'mode': 'MPOL_FAR', 'nodes': '0'}", "{'mode': 'MPOL_BIND', 'nodes': 'x'}",
		"{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_MAYBE']}", "{'nodes': '0'}",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *config = sleeper();

		set(config, "linux.memoryPolicy", "%s", wrong[i]);
		REFUSED(config);
	}
}

const struct test schedule_rules[] = {
	TEST(scheduling_policies, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(scheduling_defaults, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(real_time, .needs = "the right to real-time scheduling, and no real-time groups",
	     RUNC_DIFFERS = NOT_TRIED, CRUN_DIFFERS = NOT_TRIED),
	TEST(deadlines, .needs = "the right to deadline scheduling", RUNC_DIFFERS = TOO_NEW,
	     CRUN_DIFFERS = TOO_NEW),
	TEST(wrong_schedulers, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(io_priority, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(realtime_io_priority, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(wrong_io_priorities, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(affinity_of_exec, .needs = "two processors", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(no_final_affinity),
	TEST(wrong_affinity, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(memory_policy, .needs = "a kernel with NUMA", RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	TEST(wrong_memory_policies, RUNC_DIFFERS = TOO_NEW, CRUN_DIFFERS = TOO_NEW),
	{ NULL },
};
