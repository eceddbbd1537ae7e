/*
 * update_test.c - `update`: options, documents, and what one has to do with what was
 * set before.
 */
#include "cgroup_suite.h"

#define UPDATE(...) EQ_INT(runc("update", __VA_ARGS__, id, NULL).status, 0)

static json_t *limited(void)
{
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 33554432, 'reservation': 25165824}");
	set(config, "linux.resources.cpu", "{'shares': 100, 'quota': 500000, 'period': 1000000}");
	set(config, "linux.resources.pids", "{'limit': 20}");
	return config;
}

static void options(void)
{
	if (!start(limited()))
		return;
	UPDATE("--memory", "67108864", "--pids-limit", "44");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "67108864");
	GROUP_IS("pids.max", "pids.max", "44");
	/* Options may follow the id; sizes have units, of 1024. */
	EQ_INT(runc("update", id, "--memory", "50M", "--memory-reservation", "1.5m", NULL).status, 0);
	GROUP_IS("memory.limit_in_bytes", "memory.max", "52428800");
	GROUP_IS("memory.soft_limit_in_bytes", "memory.low", "1572864");
	UPDATE("--memory", "60 MiB");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "62914560");
	UPDATE("--pids-limit", "-1", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--cpu-share", "1024");
	GROUP_IS("pids.max", "pids.max", "max");
	GROUP_IS("cpuset.cpus", "cpuset.cpus", "0");
	GROUP_IS("cpu.shares", "cpu.weight", cgroup_v2() ? "100" : "1024");
	if (group_has("cpu.idle", "cpu.idle")) {
		UPDATE("--cpu-idle", "1");
		GROUP_IS("cpu.idle", "cpu.idle", "1");
		UPDATE("--cpu-period", "200000"); /* something else leaves it alone */
		GROUP_IS("cpu.idle", "cpu.idle", "1");
		FAILS(runc("update", "--cpu-idle", "2", id, NULL), 1, "cpu.idle");
	}
	EQ_INT(runc("update", id, NULL).status, 0); /* nothing is nothing */
	stop();
	NOTHING_LEFT();
}

/* A period without its quota, a quota without its period: the other stays. */
static void bandwidth(void)
{
	bool v2 = cgroup_v2();

	if (!start(limited()))
		return;
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", v2 ? "500000 1000000" : "500000");
	UPDATE("--cpu-period", "900000");
	GROUP_IS("cpu.cfs_period_us", "cpu.max", v2 ? "500000 900000" : "900000");
	UPDATE("--cpu-quota", "600000");
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", v2 ? "600000 900000" : "600000");
	UPDATE("--cpu-quota", "-1");
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", v2 ? "max 900000" : "-1");
	UPDATE("--cpu-quota", "20000", "--cpu-period", "100000");
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", v2 ? "20000 100000" : "20000");
	if (group_has("cpu.cfs_burst_us", "cpu.max.burst")) {
		UPDATE("--cpu-burst", "20000");
		UPDATE("--memory", "100M");
		AUTO_FREE char *burst = group_value("cpu.cfs_burst_us", "cpu.max.burst");

		CU_ASSERT(strcmp(burst, "0"));
		UPDATE("--cpu-burst", "0");
		GROUP_IS("cpu.cfs_burst_us", "cpu.max.burst", "0");
	}
	stop();
	/* And where nothing was set before. */
	if (!start(sleeper()))
		return;
	UPDATE("--cpu-period", "50000");
	GROUP_IS("cpu.cfs_period_us", "cpu.max", v2 ? "max 50000" : "50000");
	stop();
	NOTHING_LEFT();
}

static void swap(void)
{
	bool v2 = cgroup_v2();

	if (!start(limited()))
		return;
	if (!group_has("memory.memsw.limit_in_bytes", "memory.swap.max")) {
		stop();
		SKIP("this kernel does not limit swap");
	}
	/* Both together, up and down, past what the other was. */
	UPDATE("--memory", "30M", "--memory-swap", "50M");
	GROUP_IS("memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "20971520" : "52428800");
	UPDATE("--memory", "60M", "--memory-swap", "80M");
	GROUP_IS("memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "20971520" : "83886080");
	UPDATE("--memory", "20M", "--memory-swap", "25M");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "20971520");
	GROUP_IS("memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "5242880" : "26214400");
	/* Alone: memory's is known from before. */
	UPDATE("--memory-swap", "40M");
	GROUP_IS("memory.memsw.limit_in_bytes", "memory.swap.max", v2 ? "20971520" : "41943040");
	/* Memory alone, above memory and swap: that cannot be. */
	FAILS(runc("update", "--memory", "50M", id, NULL), 1, "memory+swap limit should be >= memory limit");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "20971520");
	UPDATE("--memory-swap", "-1");
	UPDATE("--memory", "50M");
	/* Without a limit on memory none on both is left. */
	UPDATE("--memory-swap", "70M");
	UPDATE("--memory", "-1");
	if (v2)
		GROUP_IS("", "memory.swap.max", "max");
	UPDATE("--memory", "90M");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "94371840");
	stop();
	NOTHING_LEFT();
}

static void documents(void)
{
	if (!start(limited()))
		return;
	UPDATE("--resources", json_file("resources.json", "{'cpu': {'quota': 20000, 'period': 100000}}"));
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "20000 100000" : "20000");
	GROUP_IS("pids.max", "pids.max", "20");
	/* The document that runc's help shows: zeros everywhere, which say nothing. */
	UPDATE("-r", json_file("resources.json", "{'memory': {'limit': 0, 'reservation': 0, 'swap': 0, 'checkBeforeUpdate': true}, "
			       "'cpu': {'shares': 0, 'quota': 0, 'period': 0, 'cpus': '', 'mems': ''}, "
			       "'blockIO': {'weight': 0}, 'pids': {'limit': 0}}"));
	GROUP_IS("cpu.cfs_quota_us", "cpu.max", cgroup_v2() ? "20000 100000" : "20000");
	GROUP_IS("memory.limit_in_bytes", "memory.max", "33554432");
	/* Given a document, options do not count. */
	UPDATE("-r", json_file("resources.json", "{'pids': {'limit': 11}}"), "--pids-limit", "99");
	GROUP_IS("pids.max", "pids.max", "11");
	FAILS(runc("update", "-r", json_file("resources.json", "{'pids': {'limit': 'x'}}"), id, NULL), 1,
	      "resources.pids.limit: expected an integer");
	FAILS(runc("update", "-r", json_file("resources.json", "{"), id, NULL), 1, "resources.json");
	FAILS(runc("update", "-r", "/no/such/file", id, NULL), 1, "/no/such/file");
	/* On stdin, through a pipe. */
	AUTO_FREE char *cmd = xasprintf("echo '{\"pids\": {\"limit\": 12}}' | %s --root %s/runc update -r - %s",
					runc_path, test_dir, id);

	EQ_INT(system(cmd), 0);
	GROUP_IS("pids.max", "pids.max", "12");
	stop();
	NOTHING_LEFT();
}

/* The next command, and whoever restores the container, finds what was set last. */
static void is_kept(void)
{
	if (!start(limited()))
		return;
	UPDATE("--memory", "64M", "--cpu-share", "300");
	UPDATE("-r", json_file("resources.json", "{'blockIO': {'throttleReadBpsDevice': []}, 'hugepageLimits': []}"));
	AUTO_FREE char *path = xasprintf("%s/runc/%s/config.json", test_dir, id), *text = read_file(path);
	AUTO_JSON json_t *doc = json_loads(text, 0, NULL);

	EQ_INT(json_integer_value(jsonx_at(doc, "linux.resources.memory.limit")), 64 << 20);
	EQ_INT(json_integer_value(jsonx_at(doc, "linux.resources.memory.reservation")), 25165824);
	EQ_INT(json_integer_value(jsonx_at(doc, "linux.resources.cpu.shares")), 300);
	EQ_INT(json_integer_value(jsonx_at(doc, "linux.resources.cpu.quota")), 500000);
	stop();
	NOTHING_LEFT();
}

/* What fails half-way is set back: the limit that could be set, too. */
static void set_back(void)
{
	if (!start(limited()))
		return;
	FAILS(runc("update", "-r", json_file("resources.json", "{'pids': {'limit': 5}, 'cpu': {'cpus': 'nonsense'}}"), id, NULL), 1,
	      "nonsense");
	GROUP_IS("pids.max", "pids.max", "20");
	FAILS(runc("update", "--pids-limit", "6", "--cpu-quota", "1", id, NULL), 1,
	      cgroup_v2() ? "write '1 1000000' to" : "write '1' to");
	GROUP_IS("pids.max", "pids.max", "20");
	AUTO_FREE char *path = xasprintf("%s/runc/%s/config.json", test_dir, id), *text = read_file(path);

	CU_ASSERT(!strstr(text, "nonsense"));
	stop();
	NOTHING_LEFT();
}

static void numbers(void)
{
	static const char *const bad[][2] = {
		{ "--memory", "lots" }, { "--memory", "1x" }, { "--memory", "-2" }, { "--memory", "1mbx" },
		{ "--memory", "0x10" }, { "--cpu-period", "-1" }, { "--cpu-quota", "1k" }, { "--cpu-share", "1.5" },
		{ "--pids-limit", "x" }, { "--pids-limit", "" }, { "--blkio-weight", "" }, { "--cpu-burst", "99999999999999999999" },
	};

	if (!start(sleeper()))
		return;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_FREE char *complaint = xasprintf("invalid value for %s: '%s'", bad[i][0] + 2, bad[i][1]);

		FAILS(runc("update", bad[i][0], bad[i][1], id, NULL), 1, complaint);
	}
	/* These are texts to runc, and "" is none. */
	EQ_INT(runc("update", "--memory=", "--cpu-share=", "--l3-cache-schema=", "--mem-bw-schema=", id, NULL).status, 0);
	if (!cgroup_v2()) /* where the kernel refuses it; the directory is that of the limit */
		HAS(runc("update", "--memory", "1", id, NULL).err, "/memory/");
	HAS(runc("update", "--kernel-memory", "4m", "--pids-limit", "8", id, NULL).err,
	    "Kernel memory settings are ignored");
	GROUP_IS("pids.max", "pids.max", "8");
	stop();
	FAILS(runc("update", "--memory", "1m", id, NULL), 1, "container does not exist");
	NOTHING_LEFT();
}

static void states(void)
{
	AUTO_JSON json_t *config = sleeper();

	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	UPDATE("--pids-limit", "14");
	GROUP_IS("pids.max", "pids.max", "14");
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	FAILS(runc("update", "--pids-limit", "15", id, NULL), 1, "container not running");
	stop();
	NOTHING_LEFT();
}

static void below_usage(void)
{
	if (!start(limited()))
		return;
	if (!cgroup_v2()) {
		stop();
		SKIP("version 1 refuses this by itself");
	}
	FAILS(runc("update", "-r", json_file("resources.json", "{'memory': {'limit': 1024, 'checkBeforeUpdate': true}}"), id, NULL), 1,
	      "rejecting memory limit");
	FAILS(runc("update", "-r", json_file("resources.json", "{'memory': {'limit': 1024, 'swap': 2048, 'checkBeforeUpdate': true}}"),
		   id, NULL), 1, "rejecting memory+swap limit");
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

CU_TestInfo update_tests[] = {
	{ "options", options },
	{ "quota, period, burst", bandwidth },
	{ "memory and swap", swap },
	{ "documents", documents },
	{ "what is set is kept", is_kept },
	{ "what fails is set back", set_back },
	{ "numbers that are none", numbers },
	{ "created and stopped containers", states },
	{ "below what is used", below_usage },
	CU_TEST_INFO_NULL,
};
