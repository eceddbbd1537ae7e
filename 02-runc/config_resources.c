/*
 * config_resources.c - `linux.resources` ("Control groups" in config-linux.md),
 * also the document that `update --resources` reads.
 *
 * Clients written in Go send 0 for "not set" in numbers where 0 makes no
 * sense, so 0 means "leave it alone" for each of these; -1 is "no limit".
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "config.h"
#include "property.h"

static int parse_limit(const json_t *obj, const char *where, const char *key, int64_t *out,
		       struct err *err)
{
	const struct runc_range any = { -1, INT64_MAX };
	int64_t value = 0;

	if (runc_prop_int(obj, where, key, any, &value, NULL, err))
		return -1;
	if (value)
		*out = value;
	return 0;
}

static int parse_memory(struct runc_resources *r, const json_t *obj, const char *where,
			struct err *err)
{
	static const char *const unsupported[] = { "swappiness", "disableOOMKiller", NULL };
	char path[PROPERTY_PATH_SIZE];
	json_t *m;

	if (runc_prop_object(obj, where, "memory", &m, err))
		return -1;
	runc_prop_path(path, where, "memory");
	if (runc_prop_means(m, "kernel") || runc_prop_means(m, "kernelTCP"))
		log_warn("%s: the kernel memory limit is obsolete in Linux and ignored", path);
	return runc_prop_refuse(m, path, unsupported, err) ||
	       parse_limit(m, path, "limit", &r->limits.memory, err) ||
	       parse_limit(m, path, "reservation", &r->limits.memory_reservation, err) ||
	       parse_limit(m, path, "swap", &r->limits.memory_swap, err) ? -1 : 0;
}

static int parse_cpu(struct runc_resources *r, const json_t *obj, const char *where,
		     struct err *err)
{
	static const char *const unsupported[] = { "realtimeRuntime", "realtimePeriod", "burst",
						   "idle", NULL };
	const char *cpus = NULL, *mems = NULL;
	char path[PROPERTY_PATH_SIZE];
	json_t *cpu;

	if (runc_prop_object(obj, where, "cpu", &cpu, err))
		return -1;
	runc_prop_path(path, where, "cpu");
	if (runc_prop_refuse(cpu, path, unsupported, err) ||
	    parse_limit(cpu, path, "shares", &r->limits.cpu_shares, err) ||
	    parse_limit(cpu, path, "quota", &r->limits.cpu_quota, err) ||
	    parse_limit(cpu, path, "period", &r->limits.cpu_period, err) ||
	    runc_prop_str(cpu, path, "cpus", &cpus, err) ||
	    runc_prop_str(cpu, path, "mems", &mems, err))
		return -1;
	if (cpus && *cpus)
		r->limits.cpuset_cpus = cpus;
	if (mems && *mems)
		r->limits.cpuset_mems = mems;
	return 0;
}

static int parse_pids(struct runc_resources *r, const json_t *obj, const char *where,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *pids;

	if (runc_prop_object(obj, where, "pids", &pids, err))
		return -1;
	return parse_limit(pids, runc_prop_path(path, where, "pids"), "limit", &r->limits.pids,
			   err);
}

/* "rwm" in any order and selection; absent means all of it. */
static int parse_access(char access[4], const char *text, const char *where, struct err *err)
{
	size_t n = 0;

	for (const char *a = "rwm"; *a; a++)
		if (!*text || strchr(text, *a))
			access[n++] = *a;
	access[n] = '\0';
	if (strspn(text, "rwm") != strlen(text))
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
	if (strlen(type) > 1 || !strchr("abcpu", *type))
		return err_set(err, ERR_INVALID, "%s.type: '%s' is not a, b or c", where, type);
	d->type = *type == 'u' ? 'c' : *type ? *type : 'a';
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

/* Limits that a container must not silently go without. */
static int refuse_the_rest(const json_t *obj, const char *where, struct err *err)
{
	static const char *const whole[] = { "hugepageLimits", "rdma", "unified", NULL };
	static const char *const block[] = {
		"weight", "leafWeight", "weightDevice", "throttleReadBpsDevice",
		"throttleWriteBpsDevice", "throttleReadIOPSDevice", "throttleWriteIOPSDevice", NULL,
	};
	static const char *const net[] = { "classID", "priorities", NULL };
	char path[PROPERTY_PATH_SIZE];

	return runc_prop_refuse(obj, where, whole, err) ||
	       runc_prop_refuse(json_object_get(obj, "blockIO"),
				runc_prop_path(path, where, "blockIO"), block, err) ||
	       runc_prop_refuse(json_object_get(obj, "network"),
				runc_prop_path(path, where, "network"), net, err) ? -1 : 0;
}

int runc_config_resources(struct runc_resources *r, const json_t *obj, const char *where,
			  struct err *err)
{
	memset(r, 0, sizeof *r);
	kern_cgroup_limits_init(&r->limits);
	if (obj && !json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	return parse_memory(r, obj, where, err) || parse_cpu(r, obj, where, err) ||
	       parse_pids(r, obj, where, err) || parse_devices(r, obj, where, err) ||
	       refuse_the_rest(obj, where, err) ? -1 : 0;
}

void runc_resources_free(struct runc_resources *r)
{
	free(r->devices);
	memset(r, 0, sizeof *r);
}
