/*
 * cgroup_cpu.c - how much processor time.
 *
 * Shares (version 2: weight) say how much of a busy processor a group gets beside
 * its siblings; a quota per period is a ceiling, even on an idle machine; a burst
 * lets a group save up what it did not use. Idle is less than any weight.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cgroup_private.h"

#define MIN_SHARES 2
#define MAX_SHARES 262144

bool cgroup_cpu_wanted(const struct kern_cgroup_limits *l)
{
	return cgroup_wanted(l->cpu_shares) || cgroup_wanted(l->cpu_quota) ||
	       cgroup_wanted(l->cpu_period) || cgroup_given(l->cpu_burst) ||
	       cgroup_given(l->cpu_idle) || cgroup_wanted(l->cpu_rt_runtime) ||
	       cgroup_wanted(l->cpu_rt_period);
}

/* Version 1 would take any shares and set the nearest that it likes. */
int cgroup_cpu_check(const struct kern_cgroup_limits *l, bool v2, struct err *err)
{
	if (v2 && (cgroup_wanted(l->cpu_rt_runtime) || cgroup_wanted(l->cpu_rt_period)))
		return err_set(err, ERR_UNSUPPORTED, "realtime limits cannot be set on cgroup v2");
	if (!v2 && cgroup_wanted(l->cpu_shares) && l->cpu_shares < MIN_SHARES)
		return err_set(err, ERR_INVALID, "the minimum allowed cpu-shares is %d", MIN_SHARES);
	if (!v2 && l->cpu_shares > MAX_SHARES)
		return err_set(err, ERR_INVALID, "the maximum allowed cpu-shares is %d", MAX_SHARES);
	return 0;
}

static char *text_of(bool given, int64_t value)
{
	return given ? xasprintf("%lld", (long long)value) : NULL;
}

/* Both versions refuse a weight while the group is idle, so that a change of
 * both works in one order only. */
static int write_weight(const char *dir, const char *file, bool given, int64_t weight,
			const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_FREE char *w = text_of(given, weight);
	AUTO_FREE char *idle = text_of(cgroup_given(l->cpu_idle), l->cpu_idle);
	struct cgroup_value v[] = { { file, w }, { "cpu.idle", idle } };

	return cgroup_write_set(dir, v, 2, err);
}

/* ---- version 1 ---- */

/* Quota, period and burst are checked against each other and against the parent's:
 * what fits after all are written may not fit before. */
static int bandwidth_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_FREE char *period = text_of(cgroup_wanted(l->cpu_period), l->cpu_period);
	AUTO_FREE char *burst = text_of(cgroup_given(l->cpu_burst), l->cpu_burst);
	AUTO_FREE char *quota = text_of(cgroup_wanted(l->cpu_quota), l->cpu_quota);
	struct cgroup_value v[] = {
		{ "cpu.cfs_period_us", period }, { "cpu.cfs_burst_us", burst },
		{ "cpu.cfs_quota_us", quota },
	};

	return cgroup_write_set(dir, v, 3, err);
}

/* To be set before a process comes in that is scheduled in real time. */
static int realtime_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_FREE char *period = text_of(cgroup_wanted(l->cpu_rt_period), l->cpu_rt_period);
	AUTO_FREE char *runtime = text_of(cgroup_wanted(l->cpu_rt_runtime), l->cpu_rt_runtime);
	struct cgroup_value v[] = {
		{ "cpu.rt_period_us", period }, { "cpu.rt_runtime_us", runtime },
	};

	return cgroup_write_set(dir, v, 2, err);
}

int cgroup_cpu_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	return write_weight(dir, "cpu.shares", cgroup_wanted(l->cpu_shares), l->cpu_shares, l,
			    err) ||
	       bandwidth_v1(dir, l, err) || realtime_v1(dir, l, err) ? -1 : 0;
}

/* ---- version 2 ---- */

/* Shares are 2..262144 with 1024 by default, weights 1..10000 with 100: a curve
 * through these three points (the quadratic in log(shares) that runc and crun
 * agreed on; before, a straight line made 39 of the default). */
int64_t kern_cgroup_cpu_weight(int64_t shares)
{
	double l = log2((double)shares);

	if (shares <= MIN_SHARES)
		return 1;
	if (shares >= MAX_SHARES)
		return 10000;
	return (int64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

/* "QUOTA PERIOD". A quota alone leaves the period as it is, but a period cannot
 * be written without a quota. */
static char *max_text(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (l->cpu_quota > 0) {
		strbuf_addf(&text, "%lld", (long long)l->cpu_quota);
	} else if (cgroup_wanted(l->cpu_quota)) {
		strbuf_adds(&text, "max");
	} else {
		if (cgroup_read(dir, "cpu.max", &text, err))
			return NULL;
		text.len = strcspn(text.data, " \n");
		text.data[text.len] = '\0';
	}
	if (cgroup_wanted(l->cpu_period))
		strbuf_addf(&text, " %lld", (long long)l->cpu_period);
	return strbuf_steal(&text);
}

static int bandwidth_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	bool limited = cgroup_wanted(l->cpu_quota) || cgroup_wanted(l->cpu_period);
	AUTO_FREE char *burst = text_of(cgroup_given(l->cpu_burst), l->cpu_burst);
	AUTO_FREE char *max = limited ? max_text(dir, l, err) : NULL;
	struct cgroup_value v[] = { { "cpu.max.burst", burst }, { "cpu.max", max } };

	return limited && !max ? -1 : cgroup_write_set(dir, v, 2, err);
}

int cgroup_cpu_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	bool weight = cgroup_wanted(l->cpu_shares);

	return write_weight(dir, "cpu.weight", weight,
			    weight ? kern_cgroup_cpu_weight(l->cpu_shares) : 0, l, err) ||
	       bandwidth_v2(dir, l, err) ? -1 : 0;
}
