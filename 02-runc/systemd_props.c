/*
 * systemd_props.c - limits as properties of a unit
 * (systemd.resource-control(5), and org.freedesktop.systemd1(5) for their types).
 *
 * The properties are an array of (name, variant); each function here appends. What
 * is not limited is not mentioned. "No limit" is the greatest number.
 */
#include <ctype.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "systemd.h"

#define USEC_PER_SEC INT64_C(1000000)
#define DEFAULT_PERIOD 100000 /* us, the kernel's */
#define QUOTA_STEP 10000      /* us per second: a hundredth of a processor */
#define SET_BYTES 1024        /* 8192 processors, as many as Linux can be built for */

/* The first version of systemd that has them. */
#define VERSION_QUOTA_PERIOD 242
#define VERSION_SETS 244
#define VERSION_IDLE 252

/* ---- one property -------------------------------------------------------- */

static void put_name(struct strbuf *body, const char *name)
{
	runc_dbus_put_struct(body);
	runc_dbus_put_text(body, 's', name);
}

void runc_systemd_put_text(struct strbuf *body, const char *name, const char *value)
{
	put_name(body, name);
	runc_dbus_put_text(body, 'g', "s");
	runc_dbus_put_text(body, 's', value);
}

void runc_systemd_put_number(struct strbuf *body, const char *name, char type, uint64_t value)
{
	const char signature[] = { type, '\0' };

	put_name(body, name);
	runc_dbus_put_text(body, 'g', signature);
	runc_dbus_put_number(body, type, value);
}

static struct runc_dbus_array put_array(struct strbuf *body, const char *name, const char *signature)
{
	put_name(body, name);
	runc_dbus_put_text(body, 'g', signature);
	return runc_dbus_open_array(body, signature[1]);
}

void runc_systemd_put_texts(struct strbuf *body, const char *name, const char *value)
{
	struct runc_dbus_array array = put_array(body, name, "as");

	runc_dbus_put_text(body, 's', value);
	runc_dbus_close_array(body, array);
}

void runc_systemd_put_pid(struct strbuf *body, pid_t pid)
{
	struct runc_dbus_array array = put_array(body, "PIDs", "au");

	runc_dbus_put_number(body, 'u', (uint32_t)pid);
	runc_dbus_close_array(body, array);
}

/* Where 0 means nothing but "not given". */
static bool given(int64_t value)
{
	return value != KERN_CGROUP_UNSET && value;
}

static bool limited(int64_t value)
{
	return value != KERN_CGROUP_UNSET && value > 0;
}

/* A limit, where there is one. */
static void put_limit(struct strbuf *body, const char *name, int64_t limit)
{
	if (given(limit))
		runc_systemd_put_number(body, name, 't', limit < 0 ? UINT64_MAX : (uint64_t)limit);
}

/* ---- processor time ------------------------------------------------------ */

static int64_t period_of(const struct kern_cgroup_limits *l)
{
	return limited(l->cpu_period) ? l->cpu_period : DEFAULT_PERIOD;
}

static bool can_idle(const struct runc_systemd_traits *traits)
{
	return traits->v2 && traits->version >= VERSION_IDLE;
}

/* A quota, which is for a period, for a second: in whole steps, rounded up. */
static int64_t per_second(const struct kern_cgroup_limits *l)
{
	__int128 usec = (__int128)l->cpu_quota * USEC_PER_SEC / period_of(l);

	return usec > INT64_MAX / 2 ? INT64_MAX : (int64_t)(usec + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
}

/* Both or neither: a quota makes sense with its period only. */
void runc_systemd_put_quota(struct strbuf *body, const struct kern_cgroup_limits *l,
			    const struct runc_systemd_traits *traits)
{
	bool period = limited(l->cpu_period);

	if (period && traits->version >= VERSION_QUOTA_PERIOD)
		runc_systemd_put_number(body, "CPUQuotaPeriodUSec", 't', (uint64_t)l->cpu_period);
	if (period || given(l->cpu_quota))
		runc_systemd_put_number(body, "CPUQuotaPerSecUSec", 't', limited(l->cpu_quota) ?
					(uint64_t)per_second(l) : UINT64_MAX);
}

/* Idle is a weight of 0, for systemd; that idle is over it hears only as a weight. */
static void put_weight(struct strbuf *body, const struct kern_cgroup_limits *l,
		       const struct runc_systemd_traits *traits)
{
	bool idle = can_idle(traits) && l->cpu_idle != KERN_CGROUP_UNSET;
	uint64_t weight = UINT64_MAX; /* the default */

	if (!traits->v2) {
		put_limit(body, "CPUShares", l->cpu_shares);
		return;
	}
	if (idle && l->cpu_idle == 1)
		weight = 0;
	else if (given(l->cpu_shares))
		weight = (uint64_t)kern_cgroup_cpu_weight(l->cpu_shares);
	if (idle || given(l->cpu_shares))
		runc_systemd_put_number(body, "CPUWeight", 't', weight);
}

void runc_systemd_adapt(struct kern_cgroup_limits *l, const struct runc_systemd_traits *traits)
{
	struct kern_cgroup_file *idle = runc_systemd_unified(l, "cpu.idle");
	struct kern_cgroup_file *weight = runc_systemd_unified(l, "cpu.weight");

	if (limited(l->cpu_quota) && per_second(l) != INT64_MAX)
		l->cpu_quota = (int64_t)((__int128)per_second(l) * period_of(l) / USEC_PER_SEC);
	if (!can_idle(traits))
		return;
	if (l->cpu_idle == 1 && given(l->cpu_shares)) {
		log_warn("unable to apply both CPUWeight and CPUIdle to systemd, ignoring CPUWeight");
		l->cpu_shares = KERN_CGROUP_UNSET;
	}
	if (idle && weight && atoi(idle->text) == 1) {
		log_warn("unable to apply both cpu.weight and cpu.idle to systemd, ignoring cpu.weight");
		*weight = l->unified[--l->n_unified];
	}
}

/* ---- sets of processors and memory nodes --------------------------------- */

/* "0-2,7" as bits, the first in the lowest of the first byte. */
static int parse_set(const char *list, unsigned char bits[SET_BYTES], size_t *used, struct err *err)
{
	const char *p = list;

	*used = 0;
	for (;;) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;
		bool number = isdigit((unsigned char)*p);

		if (number && *end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (!number || (*end && *end != ',') || last < first || last >= SET_BYTES * 8)
			return err_set(err, ERR_INVALID, "'%s' is not a list of numbers and ranges", list);
		for (unsigned long i = first; i <= last; i++)
			bits[i / 8] |= (unsigned char)(1u << i % 8);
		if (last / 8 >= *used)
			*used = last / 8 + 1;
		if (!*end)
			return 0;
		p = end + 1;
	}
}

int runc_systemd_put_set(struct strbuf *body, const char *name, const char *list,
			 const struct runc_systemd_traits *traits, struct err *err)
{
	unsigned char bits[SET_BYTES] = { 0 };
	struct runc_dbus_array array;
	size_t used;

	if (!list || !*list)
		return 0;
	if (parse_set(list, bits, &used, err))
		return err_wrap(err, "%s", name);
	if (traits->version < VERSION_SETS)
		return 0; /* in the file it will stand all the same */
	array = put_array(body, name, "ay");
	strbuf_add(body, bits, used);
	runc_dbus_close_array(body, array);
	return 0;
}

/* ---- all of it ----------------------------------------------------------- */

/* Swap alone is what version 2 limits; what was configured is memory and swap. Memory
 * without a limit takes the one on swap away, too. */
static void put_memory(struct strbuf *body, const struct kern_cgroup_limits *l, bool v2)
{
	int64_t swap = l->memory == -1 && !given(l->memory_swap) ? -1 : l->memory_swap;

	put_limit(body, v2 ? "MemoryMax" : "MemoryLimit", l->memory);
	if (!v2)
		return;
	put_limit(body, "MemoryLow", l->memory_reservation);
	if (swap > 0 && limited(l->memory))
		runc_systemd_put_number(body, "MemorySwapMax", 't', (uint64_t)(swap - l->memory));
	else
		put_limit(body, "MemorySwapMax", swap);
}

static void put_io(struct strbuf *body, const struct kern_cgroup_limits *l, bool v2)
{
	if (given(l->io_weight))
		runc_systemd_put_number(body, v2 ? "IOWeight" : "BlockIOWeight", 't',
					(uint64_t)(v2 ? kern_cgroup_io_weight(l->io_weight)
						      : l->io_weight));
}

int runc_systemd_put_limits(struct strbuf *body, const struct kern_cgroup_limits *l,
			    const struct runc_systemd_traits *traits, struct err *err)
{
	put_memory(body, l, traits->v2);
	put_limit(body, "TasksMax", l->pids);
	put_weight(body, l, traits);
	runc_systemd_put_quota(body, l, traits);
	put_io(body, l, traits->v2);
	return runc_systemd_put_set(body, "AllowedCPUs", l->cpuset_cpus, traits, err) ||
	       runc_systemd_put_set(body, "AllowedMemoryNodes", l->cpuset_mems, traits, err) ||
	       runc_systemd_put_unified(body, l, traits, err) ? -1 : 0;
}
