/*
 * config_resources.c - `linux.resources` ("Control groups" in config-linux.md),
 * also the document that `update --resources` reads. What it lists per device,
 * page size or interface is in config_resource_lists.c.
 *
 * Clients written in Go send 0 for "not set" in numbers where 0 makes no
 * sense, so 0 means "leave it alone" for each of these; -1 is "no limit".
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "config.h"
#include "property.h"

struct limit_def {
	const char *key;
	struct runc_range range;
	int64_t *to;
	bool zero_counts;
};

/* A number that is absent stays KERN_CGROUP_UNSET. */
static int parse_limits(const json_t *obj, const char *where, const struct limit_def *defs,
			size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value = KERN_CGROUP_UNSET;

		if (runc_prop_int(obj, where, defs[i].key, defs[i].range, &value, NULL, err))
			return -1;
		if (value || defs[i].zero_counts)
			*defs[i].to = value;
	}
	return 0;
}

static const struct runc_range or_none = { -1, INT64_MAX }; /* -1: no limit */
static const struct runc_range any = { INT64_MIN + 1, INT64_MAX }; /* below 0: no limit */
static const struct runc_range positive = { 0, INT64_MAX };
static const struct runc_range percent = { 0, 100 };

static int parse_memory(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			struct err *err)
{
	const struct limit_def defs[] = {
		{ "limit", or_none, &l->memory }, { "reservation", or_none, &l->memory_reservation },
		{ "swap", or_none, &l->memory_swap }, { "swappiness", percent, &l->swappiness, true },
	};
	char path[PROPERTY_PATH_SIZE];
	bool hierarchy = true;
	uint64_t unset = 0;
	struct err ignored;
	json_t *m;

	if (runc_prop_object(obj, where, "memory", &m, err))
		return -1;
	runc_prop_path(path, where, "memory");
	/* -1 as an unsigned number is how "leave it" is said for swappiness. */
	runc_prop_u64(m, path, "swappiness", &unset, &ignored);
	if (parse_limits(m, path, defs, unset == UINT64_MAX ? 3 : 4, err) ||
	    runc_prop_bool(m, path, "disableOOMKiller", &l->oom_kill_disable, err) ||
	    runc_prop_bool(m, path, "checkBeforeUpdate", &l->memory_check, err) ||
	    runc_prop_bool(m, path, "useHierarchy", &hierarchy, err))
		return -1;
	if (json_is_boolean(json_object_get(m, "useHierarchy")))
		l->use_hierarchy = hierarchy;
	return 0;
}

static int parse_cpu(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
		     struct err *err)
{
	const struct limit_def defs[] = {
		{ "shares", positive, &l->cpu_shares }, { "quota", any, &l->cpu_quota },
		{ "burst", positive, &l->cpu_burst, true }, { "period", positive, &l->cpu_period },
		{ "realtimeRuntime", any, &l->cpu_rt_runtime },
		{ "realtimePeriod", positive, &l->cpu_rt_period }, { "idle", any, &l->cpu_idle, true },
	};
	char path[PROPERTY_PATH_SIZE];
	json_t *cpu;

	if (runc_prop_object(obj, where, "cpu", &cpu, err))
		return -1;
	runc_prop_path(path, where, "cpu");
	return parse_limits(cpu, path, defs, sizeof defs / sizeof *defs, err) ||
	       runc_prop_str(cpu, path, "cpus", &l->cpuset_cpus, err) ||
	       runc_prop_str(cpu, path, "mems", &l->cpuset_mems, err) ? -1 : 0;
}

static int parse_pids(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
		      struct err *err)
{
	const struct limit_def defs[] = { { "limit", any, &l->pids } };
	char path[PROPERTY_PATH_SIZE];
	json_t *pids;

	if (runc_prop_object(obj, where, "pids", &pids, err))
		return -1;
	return parse_limits(pids, runc_prop_path(path, where, "pids"), defs, 1, err);
}

/* "rwm" in any order and selection; absent means all of it. An "a" beside them is
 * seen in the wild and stands for no kind of access. */
static int parse_access(char access[4], const char *text, const char *where, struct err *err)
{
	size_t n = 0;

	for (const char *a = "rwm"; *a; a++)
		if (!*text || strchr(text, *a))
			access[n++] = *a;
	access[n] = '\0';
	if (strspn(text, "rwma") != strlen(text) || !n)
		return err_set(err, ERR_INVALID, "%s.access: '%s' is not made of r, w and m",
			       where, text);
	return 0;
}

static int parse_device_rule(struct kern_cgroup_device *d, const json_t *obj, const char *where,
			     struct err *err)
{
	const struct runc_range number = { -1, UINT32_MAX };
	const char *type = "a", *access = "";

	*d = (struct kern_cgroup_device){ .major = -1, .minor = -1 };
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_bool(obj, where, "allow", &d->allow, err) ||
	    runc_prop_str(obj, where, "type", &type, err) ||
	    runc_prop_int(obj, where, "major", number, &d->major, NULL, err) ||
	    runc_prop_int(obj, where, "minor", number, &d->minor, NULL, err) ||
	    runc_prop_str(obj, where, "access", &access, err) ||
	    parse_access(d->access, access, where, err))
		return -1;
	if (strlen(type) > 1 || !strchr("abc", *type))
		return err_set(err, ERR_INVALID, "%s.type: '%s' is not a, b or c", where, type);
	d->type = *type ? *type : 'a';
	return 0;
}

static int parse_devices(struct runc_resources *r, const json_t *obj, const char *where,
			 struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, where, "devices", &array, err))
		return -1;
	if (!array)
		return 0;
	r->devices = xcalloc(json_array_size(array) + 1, sizeof *r->devices);
	json_array_foreach(array, i, item)
		if (parse_device_rule(&r->devices[i], item,
				      runc_prop_index(path, where, "devices", i), err))
			return -1;
	r->n_devices = json_array_size(array);
	return 0;
}

int runc_config_resources(struct runc_resources *r, const json_t *obj, const char *where,
			  struct err *err)
{
	memset(r, 0, sizeof *r);
	kern_cgroup_limits_init(&r->limits);
	if (obj && !json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	return parse_memory(&r->limits, obj, where, err) ||
	       parse_cpu(&r->limits, obj, where, err) ||
	       parse_pids(&r->limits, obj, where, err) || parse_devices(r, obj, where, err) ||
	       runc_config_resource_lists(&r->limits, obj, where, err) ? -1 : 0;
}

void runc_resources_warn(const json_t *obj)
{
	const json_t *memory = json_object_get(obj, "memory");

	if (json_is_integer(json_object_get(memory, "kernel")) ||
	    json_is_integer(json_object_get(memory, "kernelTCP")))
		log_warn("Kernel memory settings are ignored and will be removed");
}

void runc_resources_free(struct runc_resources *r)
{
	free(r->devices);
	free(r->limits.io);
	free(r->limits.hugepages);
	free(r->limits.rdma);
	free(r->limits.net_priorities);
	free(r->limits.unified);
	memset(r, 0, sizeof *r);
}
