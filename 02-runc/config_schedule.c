/*
 * config_schedule.c - `process.scheduler`, `ioPriority` and `execCPUAffinity`.
 * What can be told wrong without asking the kernel is (sched_setattr(2)).
 */
#include <string.h>

#include "config.h"
#include "cpulist.h"
#include "property.h"

#ifndef SCHED_ISO
#define SCHED_ISO 4 /* a number that the kernel keeps free for it */
#endif
#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

struct name {
	const char *name;
	int value;
};

static const struct name policies[] = {
	{ "SCHED_OTHER", SCHED_OTHER }, { "SCHED_FIFO", SCHED_FIFO }, { "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH }, { "SCHED_ISO", SCHED_ISO }, { "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE }, { NULL, 0 },
}, flag_names[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 }, { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 }, { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { NULL, 0 },
}, io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 }, { "IOPRIO_CLASS_BE", 2 }, { "IOPRIO_CLASS_IDLE", 3 }, { NULL, 0 },
};

static int find(const struct name *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table->value;
	return -1;
}

static int parse_flags(struct runc_scheduler *s, const json_t *obj, const char *where,
		       struct err *err)
{
	AUTO_FREE const char **names = NULL;
	char path[PROPERTY_PATH_SIZE];

	if (runc_prop_strings(obj, where, "flags", &names, err))
		return -1;
	for (size_t i = 0; names && names[i]; i++) {
		int flag = find(flag_names, names[i]);

		if (flag < 0)
			return err_set(err, ERR_INVALID, "%s: invalid scheduler flag: %s",
				       runc_prop_index(path, where, "flags", i), names[i]);
		s->flags |= (uint64_t)flag;
	}
	return 0;
}

/* Each policy has parameters of its own; one of another's would be ignored. */
static int check_parameters(const struct runc_scheduler *s, const char *where, struct err *err)
{
	bool fair = s->policy == SCHED_OTHER || s->policy == SCHED_BATCH;
	bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (fair && (s->nice < -20 || s->nice > 19))
		return err_set(err, ERR_INVALID, "%s.nice: %d is not within -20..19", where,
			       s->nice);
	if (!real_time && s->priority)
		return err_set(err, ERR_INVALID, "%s.priority: can only be specified for "
			       "SCHED_FIFO or SCHED_RR", where);
	if (real_time && (s->priority < 1 || s->priority > 99))
		return err_set(err, ERR_INVALID, "%s.priority: %u is not within 1..99", where,
			       s->priority);
	if (s->policy != SCHED_DEADLINE && (s->runtime || s->deadline || s->period))
		return err_set(err, ERR_INVALID, "%s: runtime, deadline and period can only be "
			       "specified for SCHED_DEADLINE", where);
	return 0;
}

static int parse_scheduler(struct runc_scheduler *s, const json_t *process, const char *parent,
			   struct err *err)
{
	const struct runc_range nice = { INT32_MIN, INT32_MAX }, prio = { 0, INT32_MAX };
	const char *policy = NULL;
	char where[PROPERTY_PATH_SIZE];
	int64_t niceness = 0, priority = 0;
	json_t *obj;
	int number;

	if (runc_prop_object(process, parent, "scheduler", &obj, err))
		return -1;
	if (!obj)
		return 0;
	runc_prop_path(where, parent, "scheduler");
	if (runc_prop_need_str(obj, where, "policy", &policy, err) ||
	    runc_prop_int(obj, where, "nice", nice, &niceness, NULL, err) ||
	    runc_prop_int(obj, where, "priority", prio, &priority, NULL, err) ||
	    parse_flags(s, obj, where, err) ||
	    runc_prop_u64(obj, where, "runtime", &s->runtime, err) ||
	    runc_prop_u64(obj, where, "deadline", &s->deadline, err) ||
	    runc_prop_u64(obj, where, "period", &s->period, err))
		return -1;
	number = find(policies, policy);
	if (number < 0)
		return err_set(err, ERR_INVALID, "%s.policy: invalid scheduler policy: %s", where,
			       policy);
	s->present = true;
	s->policy = (uint32_t)number;
	s->nice = (int32_t)niceness;
	s->priority = (uint32_t)priority;
	return check_parameters(s, where, err);
}

static int parse_io_priority(struct runc_io_priority *io, const json_t *process,
			     const char *parent, struct err *err)
{
	const struct runc_range levels = { 0, 7 };
	const char *name = NULL;
	char where[PROPERTY_PATH_SIZE];
	int64_t level = 0;
	json_t *obj;
	int class;

	if (runc_prop_object(process, parent, "ioPriority", &obj, err))
		return -1;
	if (!obj)
		return 0;
	runc_prop_path(where, parent, "ioPriority");
	/* The level is required too, but what is sent for the idle class, which has none,
	 * often lacks it. */
	if (runc_prop_need_str(obj, where, "class", &name, err) ||
	    runc_prop_int(obj, where, "priority", levels, &level, NULL, err))
		return -1;
	class = find(io_classes, name);
	if (class < 0)
		return err_set(err, ERR_INVALID, "%s.class: '%s' is not a class of I/O priority",
			       where, name);
	io->present = true;
	io->value = class << 13 | (int)level;
	return 0;
}

static int parse_cpus(const json_t *obj, const char *where, const char *key, bool *present,
		      cpu_set_t *set, struct err *err)
{
	const char *text = NULL;
	char path[PROPERTY_PATH_SIZE];

	if (runc_prop_str(obj, where, key, &text, err))
		return -1;
	if (!text || !*text)
		return 0;
	*present = true;
	if (runc_cpulist_parse(text, set, err))
		return err_wrap(err, "%s", runc_prop_path(path, where, key));
	return 0;
}

static int parse_affinity(struct runc_affinity *a, const json_t *process, const char *parent,
			  struct err *err)
{
	char where[PROPERTY_PATH_SIZE];
	json_t *obj;

	if (runc_prop_object(process, parent, "execCPUAffinity", &obj, err))
		return -1;
	runc_prop_path(where, parent, "execCPUAffinity");
	return parse_cpus(obj, where, "initial", &a->has_initial, &a->initial, err) ||
	       parse_cpus(obj, where, "final", &a->has_final, &a->final, err) ? -1 : 0;
}

int runc_config_schedule(struct runc_process *p, const json_t *obj, const char *where,
			 struct err *err)
{
	return parse_scheduler(&p->scheduler, obj, where, err) ||
	       parse_io_priority(&p->io_priority, obj, where, err) ||
	       parse_affinity(&p->affinity, obj, where, err) ? -1 : 0;
}
