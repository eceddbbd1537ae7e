/*
 * cmd_events.c - `events`: what happens to a container, as JSON lines: statistics of
 * its cgroup every --interval, and when it runs out of memory, until it ends; or
 * with --stats the statistics once.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/log.h"
#include "cmd.h"
#include "events.h"
#include "intelrdt.h"

struct watch {
	const struct runc_state *state;
	struct kern_cgroup *cgroup;
	struct kern_cgroup_oom_watch oom;
	int pidfd;
	int64_t interval; /* nanoseconds */
};

/* A line is written at once and whole: somebody may be following the file. */
static int print(const char *line, size_t n, struct err *err)
{
	if (fwrite(line, 1, n, stdout) != n || fflush(stdout))
		return err_sys(err, "write an event");
	return 0;
}

static int print_stats(const struct runc_state *st, struct kern_cgroup *cg, struct err *err)
{
	AUTO_REPORT struct kern_cgroup_report report = { .n_hugepages = 0 };
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;
	AUTO_JSON json_t *rdt = NULL;

	if (kern_cgroup_report(cg, &report, err))
		return err_wrap(err, "unable to get container cgroup stats");
	rdt = runc_rdt_stats(st->dir);
	runc_events_stats(&line, st->id, &report, rdt);
	return print(line.data, line.len, err);
}

static int print_oom(const struct watch *w, struct err *err)
{
	AUTO_FREE char *line = xasprintf("{\"type\":\"oom\",\"id\":\"%s\"}\n", w->state->id);

	return print(line, strlen(line), err);
}

/* Until something happens or it is `due`. What has happened is seen even if that was
 * long ago: statistics may take longer than the time between two. */
static int wait_until(struct pollfd p[2], int64_t due)
{
	int64_t left = due - time_steady_ns();
	struct timespec ts = { .tv_sec = 0 };

	if (left > 0)
		ts = (struct timespec){ left / 1000000000, left % 1000000000 };
	return ppoll(p, 2, &ts, NULL);
}

static int watch(struct watch *w, struct err *err)
{
	struct pollfd p[2] = {
		{ .fd = w->pidfd, .events = POLLIN }, { .fd = w->oom.fd, .events = POLLIN },
	};
	bool ended = false;

	for (int64_t due = time_steady_ns() + w->interval; !ended;) {
		int happened = wait_until(p, due);

		if (happened < 0 && errno != EINTR)
			return err_sys(err, "wait for events");
		/* The end last: want of memory may have been the cause of it. */
		ended = happened > 0 && p[0].revents;
		if ((happened > 0 || ended) && kern_cgroup_oom_happened(w->cgroup, &w->oom) &&
		    print_oom(w, err))
			return -1;
		if (happened)
			continue;
		if (print_stats(w->state, w->cgroup, err))
			log_error("%s", err->msg);
		due += w->interval;
		if (due < time_steady_ns()) /* what was missed is not made up for */
			due = time_steady_ns();
	}
	return 0;
}

static int watch_container(const struct runc_state *st, struct kern_cgroup *cg, int64_t interval,
			   struct err *err)
{
	struct watch w = { .state = st, .cgroup = cg, .oom = { .fd = -1 }, .interval = interval };
	AUTO_CLOSE int pidfd = runc_state_pidfd(st, err), oom = -1;
	struct err why;

	if (pidfd < 0)
		return -1;
	if (kern_cgroup_oom_watch(cg, &w.oom, &why))
		log_warn("want of memory will not be told: %s", why.msg);
	w.pidfd = pidfd;
	oom = w.oom.fd;
	return watch(&w, err);
}

int runc_cmd_events(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--stats] <container-id>",
						"what happens to it, as JSON", 1, 1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	bool once = false;
	const char *interval = "5s";
	const struct option_def defs[] = {
		{ "stats", 0, OPTION_FLAG, &once, "its statistics once, then end" },
		{ "interval", 0, OPTION_TEXT, &interval, "time between two lines of them (5s)" },
		{ NULL },
	};
	struct kern_cgroup *cg;
	int rest, failed;
	int64_t ns;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (runc_duration_parse(interval, &ns))
		return err_set(err, ERR_INVALID, "--interval: '%s' is not a duration like 5s or 100ms",
			       interval);
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	if (ns <= 0)
		return err_set(err, ERR_INVALID, "duration interval must be greater than 0");
	if (runc_state_status(&st) == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "container with id %s is not running", st.id);
	cg = kern_cgroup_open(st.cgroup, err);
	failed = !cg || (once ? print_stats(&st, cg, err) : watch_container(&st, cg, ns, err));
	kern_cgroup_free(cg);
	return failed ? -1 : 0;
}
