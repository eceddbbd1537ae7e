/*
 * events_test.c - `events`: statistics once and again and again, want of memory, the
 * end.
 */
#include "cgroup_suite.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "02-runc/events.h"

/* The names that runc prints and its users read. */
static void statistics(void)
{
	static const char *const numbers[] = {
		"data.cpu.usage.total", "data.cpu.usage.user", "data.cpu.usage.kernel", "data.pids.current",
		"data.memory.usage.usage", "data.memory.usage.limit", "data.memory.usage.failcnt",
		"data.memory.swap.limit", "data.memory.kernel.limit", "data.memory.kernelTCP.failcnt",
		"data.cpuset.cpu_exclusive", "data.cpuset.sched_relax_domain_level", NULL,
	};
	struct result r;
	json_t *config = sleeper();

	set(config, "linux.resources.memory", "{'limit': 67108864}");
	set(config, "linux.resources.pids", "{'limit': 10}");
	if (!start(config))
		return;
	r = runc("events", "--stats", id, NULL);
	/* No limit is 2^64-1, which is no integer to jansson. */
	AUTO_JSON json_t *doc = json_loads(r.out, JSON_DECODE_INT_AS_REAL, NULL);
	AUTO_FREE char *first = xasprintf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":{\"cpu\":{\"usage\":{", id);

	CU_ASSERT_FATAL(doc != NULL);
	CU_ASSERT(str_starts(r.out, first) && strchr(r.out, '\n') == r.out + strlen(r.out) - 1);
	for (size_t i = 0; numbers[i]; i++)
		if (!json_is_number(jsonx_at(doc, numbers[i])))
			has("", numbers[i], __FILE__, __LINE__);
	EQ_INT((long)json_number_value(jsonx_at(doc, "data.memory.usage.limit")), 67108864);
	EQ_INT((long)json_number_value(jsonx_at(doc, "data.pids.limit")), 10);
	EQ_INT((long)json_number_value(jsonx_at(doc, "data.pids.current")), 1);
	CU_ASSERT(json_number_value(jsonx_at(doc, "data.memory.usage.usage")) > 0);
	CU_ASSERT(json_object_size(jsonx_at(doc, "data.memory.raw")) > 10);
	CU_ASSERT(json_is_object(jsonx_at(doc, "data.hugetlb")) && json_is_object(jsonx_at(doc, "data.blkio")));
	CU_ASSERT(json_is_object(jsonx_at(doc, "data.intel_rdt")));
	CU_ASSERT(json_is_null(jsonx_at(doc, "data.network_interfaces")));
	if (!cgroup_v2())
		CU_ASSERT(json_array_size(jsonx_at(doc, "data.cpu.usage.percpu")) > 0 &&
			  json_array_size(jsonx_at(doc, "data.cpuset.cpus")) > 0);
	stop();
	FAILS(runc("events", "--stats", id, NULL), 1, "container does not exist");
	NOTHING_LEFT();
}

/* Every number of 64 bits, and what is left out when there is nothing to say. */
static void as_text(void)
{
	static uint64_t cpus[] = { 0, 5 };
	static struct kern_cgroup_io_count io[] = { { 8, 0, UINT64_MAX, "Read" }, { 0, 0, 0, "" } };
	static struct kern_cgroup_named raw[] = { { (char *)"anon", UINT64_MAX } };
	static struct kern_cgroup_hugepages huge[] = { { "2MB", 0, 7, 0 } };
	struct kern_cgroup_report r = {
		.cpu = { .total = UINT64_MAX, .kernel = 0, .periods = 3,
			 .psi = { true, { 1.5, 0, 0.25, 9 }, { 0, 0, 0, 0 } } },
		.cpuset = { .cpus = { cpus, 2 }, .sched_relax_domain_level = -1 },
		.memory = { .usage = { .limit = UINT64_MAX }, .raw = raw, .n_raw = 1 },
		.io = { [KERN_IO_SERVICED] = { io, 2 } },
		.hugepages = huge, .n_hugepages = 1,
	};
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	runc_events_stats(&sb, "c1", &r, NULL);
	EQ_STR(sb.data,
	       "{\"type\":\"stats\",\"id\":\"c1\",\"data\":{\"cpu\":{\"usage\":{\"total\":18446744073709551615,"
	       "\"kernel\":0,\"user\":0},\"throttling\":{\"periods\":3},\"psi\":{\"some\":{\"avg10\":1.5,"
	       "\"avg60\":0,\"avg300\":0.25,\"total\":9},\"full\":{\"avg10\":0,\"avg60\":0,\"avg300\":0,"
	       "\"total\":0}}},\"cpuset\":{\"cpus\":[0,5],\"cpu_exclusive\":0,\"mem_hardwall\":0,"
	       "\"mem_exclusive\":0,\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0,"
	       "\"memory_pressure\":0,\"sched_load_balance\":0,\"sched_relax_domain_level\":-1},"
	       "\"memory\":{\"usage\":{\"limit\":18446744073709551615,\"failcnt\":0},\"swap\":{\"limit\":0,"
	       "\"failcnt\":0},\"kernel\":{\"limit\":0,\"failcnt\":0},\"kernelTCP\":{\"limit\":0,\"failcnt\":0},"
	       "\"raw\":{\"anon\":18446744073709551615}},\"pids\":{},\"blkio\":{\"ioServicedRecursive\":["
	       "{\"major\":8,\"op\":\"Read\",\"value\":18446744073709551615},{}]},\"hugetlb\":{\"2MB\":{\"max\":7,"
	       "\"failcnt\":0}},\"intel_rdt\":{},\"network_interfaces\":null}}\n");
}

static void durations(void)
{
	static const struct { const char *text; int64_t ns; } good[] = {
		{ "5s", 5000000000 }, { "100ms", 100000000 }, { "1m30s", 90000000000 }, { "1.5h", 5400000000000 },
		{ "3us", 3000 }, { "3µs", 3000 }, { "7ns", 7 }, { "0", 0 }, { "-1s", -1000000000 },
	};
	static const char *const bad[] = { "", "5", "s", "1x", "1s2", "1 s", "ms5", "1.2.3s", "1e9s", NULL };
	int64_t ns;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		EQ_INT(runc_duration_parse(good[i].text, &ns), 0);
		EQ_INT(ns, good[i].ns);
	}
	for (size_t i = 0; bad[i]; i++)
		if (!runc_duration_parse(bad[i], &ns))
			has("refused", bad[i], __FILE__, __LINE__);
}

/* `events` in the background, writing to a file. */
static pid_t follow(const char *path, const char *interval)
{
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
	pid_t pid = fork();

	if (!pid) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, 1);
		execl(runc_path, "runc", "--root", root, "events", "--interval", interval, id, NULL);
		_exit(127);
	}
	return pid;
}

static bool said(const char *path, const char *words)
{
	for (int i = 0; i < 300; i++, usleep(20000)) {
		AUTO_FREE char *text = read_file(path);

		if (strstr(text, words))
			return true;
	}
	return false;
}

static void until_the_end(void)
{
	AUTO_FREE char *path = xasprintf("%s/events", test_dir);
	int status = -1, lines = 0;
	pid_t pid;

	if (!start(sleeper()))
		return;
	FAILS(runc("events", "--interval", "0s", id, NULL), 1, "duration interval must be greater than 0");
	FAILS(runc("events", "--interval", "often", id, NULL), 1, "'often' is not a duration");
	pid = follow(path, "50ms");
	CU_ASSERT(said(path, "}\n{\"type\":\"stats\"")); /* two lines at least */
	stop();
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	EQ_INT(status, 0);
	AUTO_FREE char *text = read_file(path);

	for (char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	CU_ASSERT(lines >= 2);
	unlink(path);
	NOTHING_LEFT();
}

static void want_of_memory(void)
{
	AUTO_FREE char *path = xasprintf("%s/events", test_dir);
	AUTO_FREE char *line = NULL;
	json_t *config = sleeper();
	pid_t pid;

	set(config, "linux.resources.memory", "{'limit': 33554432, 'swap': 33554432}");
	if (!start(config))
		return;
	pid = follow(path, "100ms");
	CU_ASSERT(said(path, "stats"));
	line = xasprintf("{\"type\":\"oom\",\"id\":\"%s\"}\n", id);
	/* One that eats, beside init. */
	runc("exec", id, "sh", "-c", "x=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | busybox tr '\\0' x)", NULL);
	CU_ASSERT(said(path, line));
	EQ_STR(status_of(), "running");
	stop();
	waitpid(pid, NULL, 0);
	unlink(path);
	NOTHING_LEFT();
}

CU_TestInfo events_tests[] = {
	{ "--stats", statistics },
	{ "as text", as_text },
	{ "durations", durations },
	{ "until the end", until_the_end },
	{ "want of memory", want_of_memory },
	CU_TEST_INFO_NULL,
};
