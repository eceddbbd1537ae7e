/*
 * tasks_measure.c - what runs in a task, and what it uses. Asked of the kernel directly: the
 * cgroup is the container's, whoever else has gone.
 */
#include "tasks_private.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/cgroup_report.h"

/* The cgroup of a task that has not stopped; the caller's. */
static struct kern_cgroup *open_cgroup(struct ctrd_tasks *ts, const char *ns, const char *id,
				       struct err *err)
{
	AUTO_TASK struct task *t = task_find(ts, ns, id, err);
	AUTO_FREE char *path = NULL;
	bool stopped;

	if (!t)
		return NULL;
	pthread_mutex_lock(&ts->lock);
	stopped = t->init.status == TASK_STOPPED;
	path = xstrdup(t->cgroup);
	pthread_mutex_unlock(&ts->lock);
	if (!stopped && path)
		return kern_cgroup_open(path, err);
	err_set(err, ERR_CONFLICT, "task %s %s", id, stopped ? "has stopped" : "has no cgroup");
	return NULL;
}

/* {"pid"}, and which exec it is, if it is one's first process. */
static json_t *process_json(struct task *t, pid_t pid)
{
	json_t *doc = json_pack("{s:i}", "pid", (int)pid);

	for (const struct task_proc *p = t->execs; p; p = p->next)
		if (p->pid == pid && p->status != TASK_STOPPED)
			json_object_set_new(doc, "execID", json_string(p->exec_id));
	return doc;
}

json_t *ctrd_task_pids(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct kern_cgroup *cg = open_cgroup(ts, ns, id, err);
	AUTO_TASK struct task *t = cg ? task_find(ts, ns, id, err) : NULL;
	AUTO_FREE pid_t *pids = NULL;
	json_t *list = NULL;
	size_t n = 0;

	if (t && !kern_cgroup_pids(cg, &pids, &n, err)) {
		list = json_array();
		pthread_mutex_lock(&ts->lock);
		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, process_json(t, pids[i]));
		pthread_mutex_unlock(&ts->lock);
	}
	kern_cgroup_free(cg);
	return list;
}

/* "No limit" is the largest number: JSON's integers end at 2^63-1. */
static json_t *number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static uint64_t memory_stat(const struct kern_cgroup_report *r, const char *name)
{
	for (size_t i = 0; i < r->memory.n_raw; i++)
		if (!strcmp(r->memory.raw[i].name, name))
			return r->memory.raw[i].value;
	return 0;
}

/* Version 1 counts the groups below apart; where it does, that number is meant. */
static uint64_t inactive_file(const struct kern_cgroup_report *r)
{
	uint64_t total = memory_stat(r, "total_inactive_file");

	return total ? total : memory_stat(r, "inactive_file");
}

static json_t *stats_json(const struct kern_cgroup_report *r, uint64_t oom_kills)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "memoryUsage", r->memory.usage.usage },
		{ "memoryLimit", r->memory.usage.limit },
		{ "memoryMaxUsage", r->memory.usage.max_usage },
		{ "memoryInactiveFile", inactive_file(r) },
		{ "cpuTotalNs", r->cpu.total },
		{ "cpuUserNs", r->cpu.user },
		{ "cpuSystemNs", r->cpu.kernel },
		{ "throttledPeriods", r->cpu.throttled_periods },
		{ "throttledNs", r->cpu.throttled_ns },
		{ "periods", r->cpu.periods },
		{ "pids", r->pids.current },
		{ "pidsLimit", r->pids.limit ? r->pids.limit : UINT64_MAX },
		{ "oomKills", oom_kills },
	};
	json_t *doc = json_object();

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		json_object_set_new(doc, rows[i].name, number(rows[i].value));
	return doc;
}

/* {"serviceBytes":[{"major","minor","op","value"}],…}, of what the kernel counts here. */
static json_t *io_json(const struct kern_cgroup_report *r)
{
	static const char *const names[KERN_IO_TABLES] = {
		[KERN_IO_SERVICE_BYTES] = "serviceBytes", [KERN_IO_SERVICED] = "serviced",
		[KERN_IO_QUEUED] = "queued",		  [KERN_IO_SERVICE_TIME] = "serviceTime",
		[KERN_IO_WAIT_TIME] = "waitTime",	  [KERN_IO_MERGED] = "merged",
		[KERN_IO_TIME] = "time",		  [KERN_IO_SECTORS] = "sectors",
	};
	json_t *io = json_object();

	for (int t = 0; t < KERN_IO_TABLES; t++) {
		json_t *list = json_array();

		for (size_t i = 0; i < r->io[t].n; i++)
			json_array_append_new(list,
					      json_pack("{s:o, s:o, s:s, s:o}", "major",
							number(r->io[t].v[i].major), "minor",
							number(r->io[t].v[i].minor), "op",
							r->io[t].v[i].op, "value",
							number(r->io[t].v[i].value)));
		json_object_set_new(io, names[t], list);
	}
	return io;
}

/* What is not one number: per CPU, per kind of memory, per device. */
static void add_details(json_t *doc, const struct kern_cgroup_report *r)
{
	json_t *cpus = json_array(), *memory = json_object();

	for (size_t i = 0; i < r->cpu.percpu.n; i++)
		json_array_append_new(cpus, number(r->cpu.percpu.v[i]));
	for (size_t i = 0; i < r->memory.n_raw; i++)
		json_object_set_new(memory, r->memory.raw[i].name, number(r->memory.raw[i].value));
	json_object_update_new(doc, json_pack("{s:o, s:o, s:o}", "cpuPerCPUNs", cpus, "memory", memory,
					      "io", io_json(r)));
}

json_t *ctrd_task_metrics(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct kern_cgroup *cg = open_cgroup(ts, ns, id, err);
	AUTO_REPORT struct kern_cgroup_report report = { 0 };
	json_t *doc = NULL;

	if (!cg)
		return NULL;
	if (!kern_cgroup_report(cg, &report, err)) {
		doc = stats_json(&report, kern_cgroup_oom_kills(cg));
		add_details(doc, &report);
	}
	kern_cgroup_free(cg);
	return doc;
}

char *ctrd_task_stats(struct ctrd_tasks *ts, const char *ns, const char *id, struct err *err)
{
	struct kern_cgroup *cg = open_cgroup(ts, ns, id, err);
	AUTO_REPORT struct kern_cgroup_report report = { 0 };
	struct strbuf text = STRBUF_INIT;
	int rc = cg ? kern_cgroup_report(cg, &report, err) : -1;

	kern_cgroup_free(cg);
	if (rc)
		return NULL;
	kern_cgroup_report_json(&text, &report);
	return strbuf_steal(&text);
}
