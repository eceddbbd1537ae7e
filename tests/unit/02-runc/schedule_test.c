/*
 * schedule_test.c - scheduler, I/O priority, processors, memory policy and personality,
 * of a container's init and of what `exec` adds. What came of them is read back from
 * the kernel.
 */
#include "suite.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define IOPRIO_WHO_PROCESS 1

/* The pid of container `id`'s init. */
static pid_t init_pid(void)
{
	struct result r = runc("state", id, NULL);
	AUTO_JSON json_t *doc = json_loads(r.out, 0, NULL);

	return (pid_t)jsonx_int(doc, "pid", 0);
}

/* `exec -d` of a process object; its pid. */
static pid_t exec_object(const char *json)
{
	AUTO_FREE char *pid_file = xasprintf("%s/exec.pid", test_dir), *text = NULL;
	struct result r = runc("exec", "-d", "--pid-file", pid_file, "--process", json_file("process.json", json), id,
			       NULL);

	if (r.status)
		fprintf(stderr, "\nexec: %s\n", r.err);
	EQ_INT(r.status, 0);
	text = read_file(pid_file);
	return atoi(text);
}

static int io_priority(pid_t pid)
{
	return (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);
}

static void scheduler(void)
{
	static const char other[] = "{'args': ['sleep', '60'], 'cwd': '/', 'env': ['PATH=/bin'], "
		"'scheduler': {'policy': 'SCHED_IDLE', 'flags': ['SCHED_FLAG_RESET_ON_FORK']}}";
	static const char same[] = "{'args': ['sleep', '60'], 'cwd': '/', 'env': ['PATH=/bin']}";
	json_t *config = spec();
	pid_t pid;

	set(config, "process.args", "['sleep', '60']");
	set(config, "process.scheduler", "{'policy': 'SCHED_BATCH', 'nice': 3}");
	if (!start(config))
		return;
	EQ_INT(sched_getscheduler(init_pid()), SCHED_BATCH);
	/* What a process object leaves out is the container's. */
	pid = exec_object(same);
	EQ_INT(sched_getscheduler(pid), SCHED_BATCH);
	pid = exec_object(other);
	EQ_INT(sched_getscheduler(pid), SCHED_IDLE | SCHED_RESET_ON_FORK);
	PRINTS(runc("exec", id, "sh", "-c", "awk '{print $19}' /proc/self/stat", NULL), "3\n");
	stop();
	NOTHING_LEFT();
}

/* SCHED_DEADLINE wants all processors, which a cpuset may take away. */
static void scheduler_and_cpuset(void)
{
	json_t *config = spec();

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		puts("SKIP: one processor only");
		json_decref(config);
		return;
	}
	set(config, "linux.resources.cpu", "{'cpus': '0'}");
	set(config, "process.scheduler", "{'policy': 'SCHED_DEADLINE', 'runtime': 42000, "
	    "'deadline': 1000000, 'period': 1000000}");
	FAILS(run(config), 1, "process scheduler can't be used together with AllowedCPUs");
	NOTHING_LEFT();
}

static void io_priorities(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '60']");
	set(config, "process.ioPriority", "{'class': 'IOPRIO_CLASS_BE', 'priority': 4}");
	if (!start(config))
		return;
	EQ_INT(io_priority(init_pid()), 2 << 13 | 4);
	EQ_INT(io_priority(exec_object("{'args': ['sleep', '60'], 'cwd': '/', 'env': ['PATH=/bin']}")),
	       2 << 13 | 4);
	EQ_INT(io_priority(exec_object("{'args': ['sleep', '60'], 'cwd': '/', 'env': ['PATH=/bin'], "
				       "'ioPriority': {'class': 'IOPRIO_CLASS_IDLE'}}")) >> 13, 3);
	stop();
	NOTHING_LEFT();
}

static void use_cpu(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

/* A container has all processors, whatever its creator was confined to, and an exec
 * begins on some and ends up on others. */
static void processors(void)
{
	static const char list[] = "grep ^Cpus_allowed_list: /proc/self/status";
	const char *moved = "{'args': ['sh', '-c', 'grep ^Cpus_allowed_list: /proc/self/status'], "
		"'cwd': '/', 'env': ['PATH=/bin'], 'execCPUAffinity': {'initial': '0', 'final': '1'}}";
	const char *stays = "{'args': ['sh', '-c', 'grep ^Cpus_allowed_list: /proc/self/status'], "
		"'cwd': '/', 'env': ['PATH=/bin'], 'execCPUAffinity': {'initial': '1'}}";
	json_t *config = spec();
	cpu_set_t before;
	struct result r, all;

	sched_getaffinity(0, sizeof before, &before);
	if (CPU_COUNT(&before) < 2 || !CPU_ISSET(0, &before) || !CPU_ISSET(1, &before)) {
		puts("SKIP: the processors 0 and 1 are not both ours");
		json_decref(config);
		return;
	}
	script(config, list);
	all = run(config);
	CU_ASSERT(!strstr(all.out, ":\t0\n"));
	use_cpu(0);
	config = spec();
	script(config, list);
	r = run(config);
	EQ_STR(r.out, all.out);
	config = spec();
	set(config, "process.args", "['sleep', '60']");
	set(config, "process.execCPUAffinity", "{'initial': '0', 'final': '1'}");
	if (start(config)) {
		PRINTS(runc("exec", id, "sh", "-c", list, NULL), "Cpus_allowed_list:\t1\n");
		/* Without `final` it is the kernel that says what a move between cpusets leaves. */
		r = runc("exec", "--process", json_file("process.json", stays), id, NULL);
		CU_ASSERT(!strcmp(r.out, "Cpus_allowed_list:\t1\n") || !strcmp(r.out, all.out));
		r = runc("--debug", "exec", "--process", json_file("process.json", moved), id, NULL);
		EQ_STR(r.out, "Cpus_allowed_list:\t1\n");
		HAS(r.err, "affinity: 0x1"); /* where it began */
		stop();
	}
	sched_setaffinity(0, sizeof before, &before);
	NOTHING_LEFT();
}

/* The first mapping's policy, as the kernel words it (proc_pid_numa_maps(5)). */
static void memory_policies(void)
{
	static const struct { const char *policy, *word; } cases[] = {
		{ "{'mode': 'MPOL_INTERLEAVE', 'nodes': '0'}", "interleave:0\n" },
		{ "{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES']}", "bind=static:0\n" },
		{ "{'mode': 'MPOL_PREFERRED', 'nodes': '0', 'flags': ['MPOL_F_RELATIVE_NODES']}", "prefer=relative:0\n" },
		{ "{'mode': 'MPOL_LOCAL'}", "local\n" }, { "{'mode': 'MPOL_DEFAULT'}", "default\n" },
	};
	const char *print = "head -n 1 /proc/self/numa_maps | cut -d ' ' -f 2";
	json_t *config;

	if (access("/proc/self/numa_maps", F_OK)) {
		puts("SKIP: a kernel without NUMA");
		return;
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		config = spec();
		set(config, "linux.memoryPolicy", "%s", cases[i].policy);
		script(config, print);
		PRINTS(run(config), cases[i].word);
	}
	config = spec();
	set(config, "linux.memoryPolicy", "%s", cases[1].policy);
	set(config, "process.args", "['sleep', '60']");
	if (start(config)) {
		PRINTS(runc("exec", id, "sh", "-c", print, NULL), cases[1].word);
		stop();
	}
	/* What only the kernel can tell. */
	config = spec();
	set(config, "linux.memoryPolicy", "{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': "
	    "['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES']}");
	FAILS(run(config), 1, "linux.memoryPolicy: set_mempolicy: Invalid argument");
	NOTHING_LEFT();
}

static void personality_in_exec(void)
{
	json_t *config = spec();
	struct result r;

	set(config, "linux.personality", "{'domain': 'LINUX32'}");
	set(config, "process.args", "['sleep', '60']");
	if (!start(config))
		return;
	r = runc("exec", id, "busybox", "uname", "-m", NULL);
	EQ_INT(r.status, 0);
	CU_ASSERT(!strstr(r.out, "64"));
	stop();
	NOTHING_LEFT();
}

CU_TestInfo schedule_tests[] = {
	{ "the scheduler", scheduler },
	{ "a deadline and a cpuset", scheduler_and_cpuset },
	{ "I/O priority", io_priorities },
	{ "processors", processors },
	{ "memory policy", memory_policies },
	{ "personality of an exec", personality_in_exec },
	CU_TEST_INFO_NULL,
};
