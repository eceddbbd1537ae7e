/*
 * stats_sample.c - see stats_sample.h. What is zero is left out where Docker leaves it out:
 * clients tell by that what the machine counts.
 */
#include "stats_sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"

static void set_unless_zero(json_t *to, const char *key, json_int_t n)
{
	if (n)
		json_object_set_new(to, key, json_integer(n));
}

/* All CPU time of the machine in nanoseconds (proc(5), /proc/stat, first line). */
static json_int_t system_cpu(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	unsigned long long t[8] = { 0 }, sum = 0;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/stat", &sb, 1 << 20, &ignored) ||
	    sscanf(sb.data, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", t, t + 1, t + 2, t + 3,
		   t + 4, t + 5, t + 6, t + 7) < 4)
		return 0;
	for (size_t i = 0; i < 8; i++)
		sum += t[i];
	return (json_int_t)(sum * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK)));
}

json_t *dockerd_stats_cpu(const json_t *m)
{
	json_t *percpu = json_object_get(m, "cpuPerCPUNs"), *doc;

	doc = json_pack("{s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}}", "cpu_usage", "total_usage",
			jsonx_int(m, "cpuTotalNs", 0), "usage_in_kernelmode",
			jsonx_int(m, "cpuSystemNs", 0), "usage_in_usermode",
			jsonx_int(m, "cpuUserNs", 0), "throttling_data", "periods",
			jsonx_int(m, "periods", 0), "throttled_periods",
			jsonx_int(m, "throttledPeriods", 0), "throttled_time",
			jsonx_int(m, "throttledNs", 0));
	if (!m)
		return doc;
	if (json_array_size(percpu)) /* version 1 of the cgroups alone */
		json_object_set(json_object_get(doc, "cpu_usage"), "percpu_usage", percpu);
	json_object_set_new(doc, "system_cpu_usage", json_integer(system_cpu()));
	json_object_set_new(doc, "online_cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	return doc;
}

/* Without a limit the machine's memory is the limit. */
json_t *dockerd_stats_memory(const json_t *m)
{
	json_int_t limit = jsonx_int(m, "memoryLimit", 0);
	json_int_t all = (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE);
	json_t *kinds = json_object_get(m, "memory"), *doc = json_object();

	if (!m)
		return doc;
	set_unless_zero(doc, "usage", jsonx_int(m, "memoryUsage", 0));
	set_unless_zero(doc, "max_usage", jsonx_int(m, "memoryMaxUsage", 0));
	json_object_set_new(doc, "stats", kinds ? json_incref(kinds) : json_object());
	json_object_set_new(doc, "limit", json_integer(limit <= 0 || limit > all ? all : limit));
	return doc;
}

json_t *dockerd_stats_pids(const json_t *m)
{
	json_int_t limit = jsonx_int(m, "pidsLimit", 0);
	json_t *doc = json_object();

	set_unless_zero(doc, "current", jsonx_int(m, "pids", 0));
	set_unless_zero(doc, "limit", limit == INT64_MAX ? 0 : limit); /* that is: none */
	return doc;
}

json_t *dockerd_stats_blkio(const json_t *m)
{
	static const char *const names[][2] = {
		{ "io_service_bytes_recursive", "serviceBytes" },
		{ "io_serviced_recursive", "serviced" },
		{ "io_queue_recursive", "queued" },
		{ "io_service_time_recursive", "serviceTime" },
		{ "io_wait_time_recursive", "waitTime" },
		{ "io_merged_recursive", "merged" },
		{ "io_time_recursive", "time" },
		{ "sectors_recursive", "sectors" },
	};
	json_t *io = json_object_get(m, "io"), *doc = json_object();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		json_t *list = json_object_get(io, names[i][1]);

		json_object_set_new(doc, names[i][0], list ? json_incref(list) : json_null());
	}
	return doc;
}

/* The interfaces as the container itself sees them: /proc/PID/net/dev. */
json_t *dockerd_stats_networks(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/net/dev", (int)pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_t *out = json_object();
	char *save = NULL, name[32];
	struct err ignored;
	long long v[16];

	if (file_read(AT_FDCWD, path, &sb, 1 << 16, &ignored))
		return out;
	for (char *l = strtok_r(sb.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (sscanf(l,
			   " %31[^: ]: %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld",
			   name, v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9,
			   v + 10, v + 11) != 13 ||
		    !strcmp(name, "lo"))
			continue;
		json_object_set_new(out, name,
				    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
					      "rx_bytes", (json_int_t)v[0], "rx_packets",
					      (json_int_t)v[1], "rx_errors", (json_int_t)v[2],
					      "rx_dropped", (json_int_t)v[3], "tx_bytes",
					      (json_int_t)v[8], "tx_packets", (json_int_t)v[9],
					      "tx_errors", (json_int_t)v[10], "tx_dropped",
					      (json_int_t)v[11]));
	}
	return out;
}
