/*
 * cmd_events.c - `events`: statistics of the container's cgroup as JSON lines,
 * every --interval until the container ends, or once with --stats.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "cmd.h"

static json_t *number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* The names are those that runc prints and its users read. */
static json_t *document(const char *id, const struct kern_cgroup_stats *s)
{
	json_t *memory = json_pack("{s:{s:o, s:o, s:o, s:o}, s:o}", "usage", "limit",
				   number(s->memory_limit), "usage", number(s->memory_usage),
				   "max", number(s->memory_max_usage), "failcnt", number(0),
				   "cache", number(s->memory_inactive_file));
	json_t *cpu = json_pack("{s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}}", "usage", "total",
				number(s->cpu_total_ns), "kernel", number(s->cpu_system_ns), "user",
				number(s->cpu_user_ns), "throttling", "periods",
				number(s->periods), "throttledPeriods",
				number(s->throttled_periods), "throttledTime",
				number(s->throttled_ns));
	json_t *pids = json_pack("{s:o, s:o}", "current", number(s->pids), "limit",
				 number(s->pids_limit));

	return json_pack("{s:s, s:s, s:{s:o, s:o, s:o}}", "type", "stats", "id", id, "data", "cpu",
			 cpu, "memory", memory, "pids", pids);
}

static int print_stats(const struct runc_state *st, struct kern_cgroup *cg, struct err *err)
{
	struct kern_cgroup_stats stats = { 0 };
	AUTO_JSON json_t *doc = NULL;

	if (kern_cgroup_stats(cg, &stats, err))
		return -1;
	doc = document(st->id, &stats);
	json_object_set_new(json_object_get(doc, "data"), "intel_rdt", runc_rdt_stats(st->dir));
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	return 0;
}

static int watch(const struct runc_state *st, struct kern_cgroup *cg, int seconds, struct err *err)
{
	AUTO_CLOSE int pidfd = runc_state_pidfd(st, err);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int ready;

	if (pidfd < 0)
		return -1;
	do {
		if (print_stats(st, cg, err))
			return -1;
		ready = poll(&p, 1, seconds * 1000);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	return 0;
}

int runc_cmd_events(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--stats] <container-id>",
						"its statistics as JSON", 1, 1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	bool once = false;
	const char *interval = "5s";
	const struct option_def defs[] = {
		{ "stats", 0, OPTION_FLAG, &once, "once, then end" },
		{ "interval", 0, OPTION_TEXT, &interval, "seconds between two lines (5s)" },
		{ NULL },
	};
	struct kern_cgroup *cg;
	int rest, failed, seconds = 0;
	char unit = 's', more;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (sscanf(interval, "%d%c%c", &seconds, &unit, &more) > 2 || seconds < 1 || unit != 's')
		return err_set(err, ERR_INVALID, "--interval: '%s' is not a number of seconds",
			       interval);
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	if (runc_state_status(&st) == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "container with id %s is not running", st.id);
	cg = kern_cgroup_open(st.cgroup, err);
	failed = !cg || (once ? print_stats(&st, cg, err) : watch(&st, cg, seconds, err));
	kern_cgroup_free(cg);
	return failed ? -1 : 0;
}
