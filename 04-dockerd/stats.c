/*
 * stats.c - GET /containers/{id}/stats: what `docker stats` computes its columns from.
 *
 * A sample holds the one before it as "precpu_stats", since usage in percent is
 * a difference: of the container's CPU time over that of the whole machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "task.h"

struct session {
	struct daemon *d;
	struct container *c; /* a reference */
	bool stream, one_shot;
	json_t *before;      /* cpu_stats of the last sample */
	char read[TIME_TEXT_SIZE];
};

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

static json_t *cpu_stats(const json_t *m)
{
	return json_pack("{s:{s:I, s:I, s:I}, s:I, s:I, s:{s:I, s:I, s:I}}", "cpu_usage",
			 "total_usage", jsonx_int(m, "cpuTotalNs", 0), "usage_in_kernelmode",
			 jsonx_int(m, "cpuSystemNs", 0), "usage_in_usermode",
			 jsonx_int(m, "cpuUserNs", 0), "system_cpu_usage", system_cpu(),
			 "online_cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
			 "throttling_data", "periods", jsonx_int(m, "periods", 0),
			 "throttled_periods", jsonx_int(m, "throttledPeriods", 0), "throttled_time",
			 jsonx_int(m, "throttledNs", 0));
}

/* Without a limit the machine's memory is the limit. */
static json_t *memory_stats(const json_t *m)
{
	json_int_t limit = jsonx_int(m, "memoryLimit", 0);
	json_int_t all = (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE);

	if (limit <= 0 || limit > all)
		limit = all;
	return json_pack("{s:I, s:I, s:{s:I, s:I}, s:I}", "usage", jsonx_int(m, "memoryUsage", 0),
			 "max_usage", jsonx_int(m, "memoryMaxUsage", 0), "stats", "inactive_file",
			 jsonx_int(m, "memoryInactiveFile", 0), "total_inactive_file",
			 jsonx_int(m, "memoryInactiveFile", 0), "limit", limit);
}

/* The interfaces as the container itself sees them: /proc/PID/net/dev. */
static json_t *networks(pid_t pid)
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

static json_t *sample(struct session *s)
{
	struct err ignored;
	json_t *m, *doc, *cpu;
	char before[TIME_TEXT_SIZE];
	pid_t pid;
	char *name;

	dockerd_lock(s->d);
	pid = s->c->st.running ? s->c->st.pid : 0;
	name = xasprintf("/%s", s->c->name);
	dockerd_unlock(s->d);
	m = pid ? dockerd_task_query(s->d, s->c->id, "metrics", &ignored) : NULL;
	strcpy(before, *s->read ? s->read : ZERO_TIME);
	time_now_text(s->read);
	cpu = m ? cpu_stats(m) : json_object();
	doc = json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:o, s:{s:I, s:I}, s:{s:n}, s:i, s:{}}",
			"name", name, "id", s->c->id, "read", m ? s->read : ZERO_TIME, "preread",
			before, "cpu_stats", cpu, "precpu_stats", s->before, "memory_stats",
			m ? memory_stats(m) : json_object(), "pids_stats", "current",
			jsonx_int(m, "pids", 0), "limit", jsonx_int(m, "pidsLimit", 0),
			"blkio_stats", "io_service_bytes_recursive", "num_procs", 0,
			"storage_stats");
	if (pid)
		json_object_set_new(doc, "networks", networks(pid));
	json_decref(s->before);
	s->before = cpu;
	json_decref(m);
	free(name);
	return doc;
}

/* One second, or less when there is nobody left to wait for. */
static bool pause_a_second(const struct session *s, const struct http_writer *w)
{
	struct pollfd p[2] = { { http_writer_fd(w), 0, 0 }, { s->d->stop_fd, POLLIN, 0 } };

	return poll(p, 2, 1000) == 0;
}

static bool is_listed(const struct session *s)
{
	bool yes;

	dockerd_lock(s->d);
	yes = s->c->listed;
	dockerd_unlock(s->d);
	return yes;
}

static void produce(struct http_writer *w, void *arg)
{
	struct session *s = arg;
	struct err err;

	/* One answer with a difference in it takes two samples. */
	if (!s->stream && !s->one_shot) {
		json_decref(sample(s));
		if (!pause_a_second(s, w))
			return;
	}
	do {
		AUTO_JSON json_t *doc = sample(s);

		if (http_write_json(w, doc, &err))
			return;
	} while (s->stream && pause_a_second(s, w) && is_listed(s));
}

static void release(void *arg)
{
	struct session *s = arg;

	json_decref(s->before);
	dockerd_container_put(s->d, s->c);
	free(s);
}

static int get_stats(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	struct session *s;

	if (!c)
		return -1;
	s = xcalloc(1, sizeof *s);
	*s = (struct session){ .d = daemon,
			       .c = c,
			       .stream = http_query_bool(req, "stream", 1),
			       .one_shot = http_query_bool(req, "one-shot", 0),
			       .before = json_object() };
	http_reply_stream(rep, 200, "application/json", produce, s, release);
	return 0;
}

const struct http_route dockerd_stats_routes[] = {
	{ "GET", "/containers/{id}/stats", get_stats },
	{ NULL },
};
