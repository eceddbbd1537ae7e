/*
 * cmd_cgroup.c - `kernel cgroup`: a command under limits.
 *
 * The group lives as long as the command. The child puts itself into the group
 * before it runs, so nothing of the command is ever outside.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "cgroup.h"
#include "cmd.h"
#include "ns.h"

/* "32M", "1G", "4096" */
static int parse_size(const char *text, int64_t *out, struct err *err)
{
	static const char units[] = "kmgt";
	char *end;
	const char *unit;
	double n = strtod(text, &end);

	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (end == text || n <= 0 || (*end && (!unit || end[1])))
		return err_set(err, ERR_INVALID, "'%s' is not a size like 32M", text);
	for (const char *u = units; unit && u <= unit; u++)
		n *= 1024;
	*out = (int64_t)n;
	return 0;
}

static int parse_number(const char *text, double *out, struct err *err)
{
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end || *out <= 0)
		return err_set(err, ERR_INVALID, "'%s' is not a positive number", text);
	return 0;
}

static int parse(int argc, char **argv, struct kern_cgroup_limits *l, const char **name,
		 struct err *err)
{
	static const struct option options[] = {
		{ "memory", required_argument, NULL, 'm' }, { "pids", required_argument, NULL, 'p' },
		{ "cpus", required_argument, NULL, 'c' }, { "cpu-shares", required_argument, NULL, 's' },
		{ "name", required_argument, NULL, 'n' }, { 0 },
	};
	double n = 0;
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == '?')
			return kern_cmd_usage(&kern_cmd_cgroup, err);
		if (opt == 'm' && parse_size(optarg, &l->memory, err))
			return -1;
		if (strchr("pcs", opt) && parse_number(optarg, &n, err))
			return -1;
		if (opt == 'n')
			*name = optarg;
		else if (opt == 'p')
			l->pids = (int64_t)n;
		else if (opt == 's')
			l->cpu_shares = (int64_t)n;
		else if (opt == 'c') {
			l->cpu_period = 100000;
			l->cpu_quota = (int64_t)(n * 100000);
		}
	}
	return 0;
}

static int run_inside(struct kern_cgroup *cg, char **words, struct err *err)
{
	struct kern_clone args = { .cgroup_fd = kern_cgroup_clone_fd(cg) };
	struct kern_cgroup_stats stats;
	struct err ignored;
	pid_t pid = kern_ns_clone(&args, err);
	int rc;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (args.cgroup_fd < 0 && kern_cgroup_add(cg, 0, err)) {
			fprintf(stderr, "kernel: %s\n", err->msg);
			_exit(1);
		}
		kern_cmd_exec_or_exit(words);
	}
	rc = kern_cmd_wait(pid, err);
	if (!kern_cgroup_stats(cg, &stats, &ignored) && stats.oom_kills)
		fprintf(stderr, "kernel: out of memory: the kernel killed %llu process(es) in the group\n",
			(unsigned long long)stats.oom_kills);
	return rc;
}

static int run(int argc, char **argv, struct err *err)
{
	AUTO_FREE char *own = xasprintf("/dockyard-kernel-%d", (int)getpid());
	struct kern_cgroup_limits limits;
	const char *name = own;
	struct kern_cgroup *cg;
	struct err cleanup;
	int rc;

	kern_cgroup_limits_init(&limits);
	if (parse(argc, argv, &limits, &name, err))
		return -1;
	cg = kern_cgroup_create(name, err);
	if (!cg)
		return -1;
	rc = kern_cgroup_apply(cg, &limits, err);
	if (!rc)
		rc = run_inside(cg, kern_cmd_words(argc, argv, optind), err);
	/* What the command left running goes with the group. */
	kern_cgroup_kill(cg, SIGKILL, &cleanup);
	if (kern_cgroup_remove(cg, &cleanup))
		fprintf(stderr, "kernel: %s\n", cleanup.msg);
	kern_cgroup_free(cg);
	return rc;
}

const struct kern_cmd kern_cmd_cgroup = {
	"cgroup", "[--memory 32M] [--pids N] [--cpus 0.5] [--cpu-shares N] [--name /PATH] [-- COMMAND...]",
	"run a command under limits (cgroups(7))", run,
};
