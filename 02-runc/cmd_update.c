/*
 * cmd_update.c - `update`: other limits for a container that exists.
 *
 * What is not mentioned stays as it is. The device rules are those of `create`:
 * runc does not change them here either.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

struct update {
	const char *resources, *memory, *reservation, *swap, *shares, *quota, *period, *cpus,
		*mems, *pids, *l3, *mb;
};

/* Bytes, or with a suffix as Docker writes it: "64M", "1g". */
static int parse_amount(const char *option, const char *text, int64_t *out, struct err *err)
{
	static const char units[] = "bkmgt";
	char *end;
	long long n = strtoll(text, &end, 10);
	const char *unit = *end ? strchr(units, *end | 0x20) : units;

	if (end == text || !unit || (*end && end[1]) || n < -1 ||
	    n > INT64_MAX >> (10 * (unit - units)))
		return err_set(err, ERR_INVALID, "--%s: '%s' is not an amount", option, text);
	*out = n < 0 ? n : n << (10 * (unit - units));
	return 0;
}

static int from_options(const struct update *u, struct kern_cgroup_limits *l, struct err *err)
{
	const struct { const char *option, *text; int64_t *to; } amounts[] = {
		{ "memory", u->memory, &l->memory },
		{ "memory-reservation", u->reservation, &l->memory_reservation },
		{ "memory-swap", u->swap, &l->memory_swap },
		{ "cpu-share", u->shares, &l->cpu_shares },
		{ "cpu-quota", u->quota, &l->cpu_quota },
		{ "cpu-period", u->period, &l->cpu_period },
		{ "pids-limit", u->pids, &l->pids },
	};

	for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
		if (amounts[i].text &&
		    parse_amount(amounts[i].option, amounts[i].text, amounts[i].to, err))
			return -1;
	if (u->cpus)
		l->cpuset_cpus = u->cpus;
	if (u->mems)
		l->cpuset_mems = u->mems;
	return 0;
}

static int apply(const struct runc_state *st, struct kern_cgroup_limits *l, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, err);
	int failed = cg ? 0 : -1;

	if (!failed && st->unit.name) {
		runc_systemd_round_quota(l);
		failed = runc_systemd_update(&st->unit, l, err);
	}
	if (!failed)
		failed = kern_cgroup_apply(cg, l, err);

	kern_cgroup_free(cg);
	return failed;
}

static int update_rdt(const struct runc_state *st, const struct update *u, struct err *err)
{
	AUTO_JSON json_t *config = NULL;

	if (!u->l3 && !u->mb)
		return 0;
	config = runc_config_read(st->dir, "config.json", NULL, err);
	return !config || runc_rdt_update(config, st->id, st->pid, st->dir, u->l3, u->mb, err) ? -1 : 0;
}

static int update(const struct runc_state *st, const struct update *u, struct err *err)
{
	struct runc_resources r;
	AUTO_JSON json_t *doc = NULL;
	int failed;

	if (u->resources) {
		bool stdin_ = !strcmp(u->resources, "-");

		doc = runc_config_read(AT_FDCWD, stdin_ ? "/dev/stdin" : u->resources, NULL, err);
		if (!doc)
			return -1;
	}
	if (runc_config_resources(&r, doc, "resources", err)) {
		runc_resources_free(&r);
		return -1;
	}
	failed = from_options(u, &r.limits, err) || apply(st, &r.limits, err) ||
		 update_rdt(st, u, err) ? -1 : 0;
	runc_resources_free(&r);
	return failed;
}

int runc_cmd_update(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[options] <container-id>", "change its limits", 1,
						1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	struct update u = { .resources = NULL };
	const struct option_def defs[] = {
		{ "resources", 'r', OPTION_TEXT, &u.resources, "a resources object (- is stdin)" },
		{ "memory", 0, OPTION_TEXT, &u.memory, "bytes (suffix k, m, g); -1 no limit" },
		{ "memory-reservation", 0, OPTION_TEXT, &u.reservation, "bytes" },
		{ "memory-swap", 0, OPTION_TEXT, &u.swap, "bytes of memory and swap together" },
		{ "cpu-share", 0, OPTION_TEXT, &u.shares, "relative weight" },
		{ "cpu-quota", 0, OPTION_TEXT, &u.quota, "microseconds per period" },
		{ "cpu-period", 0, OPTION_TEXT, &u.period, "microseconds" },
		{ "cpuset-cpus", 0, OPTION_TEXT, &u.cpus, "processors, as 0-1,3" },
		{ "cpuset-mems", 0, OPTION_TEXT, &u.mems, "memory nodes" },
		{ "pids-limit", 0, OPTION_TEXT, &u.pids, "processes" },
		{ "l3-cache-schema", 0, OPTION_TEXT, &u.l3, "Intel RDT/CAT: schema of the L3 cache" },
		{ "mem-bw-schema", 0, OPTION_TEXT, &u.mb, "Intel RDT/MBA: schema of the bandwidth" },
		{ NULL },
	};
	int rest;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	if (runc_state_status(&st) == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "container not running");
	return update(&st, &u, err);
}
