/*
 * config_userns.c - `linux.uidMappings`, `linux.gidMappings` (also those of a mount)
 * and `linux.timeOffsets` ("User namespace mappings", "Offset for Time Namespace" in
 * config-linux.md).
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "property.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define MAX_RANGES 340 /* as many lines as a map takes (user_namespaces(7)) */

static int parse_range(struct kern_id_range *r, const json_t *obj, const char *where,
		       struct err *err)
{
	const struct runc_range id = { 0, UINT32_MAX - 1 }, size = { 1, UINT32_MAX };
	int64_t inside = -1, outside = -1, count = -1;

	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_int(obj, where, "containerID", id, &inside, NULL, err) ||
	    runc_prop_int(obj, where, "hostID", id, &outside, NULL, err) ||
	    runc_prop_int(obj, where, "size", size, &count, NULL, err))
		return -1;
	if (inside < 0 || outside < 0 || count < 0)
		return err_set(err, ERR_INVALID, "%s: containerID, hostID and size are required", where);
	*r = (struct kern_id_range){ (uint32_t)inside, (uint32_t)outside, (uint32_t)count };
	return 0;
}

static int parse_map(struct kern_id_map *map, const json_t *obj, const char *where,
		     const char *key, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, where, key, &array, err))
		return -1;
	if (json_array_size(array) > MAX_RANGES)
		return err_set(err, ERR_INVALID, "%s: a map has at most %d lines",
			       runc_prop_path(path, where, key), MAX_RANGES);
	if (!json_array_size(array))
		return 0;
	map->v = xcalloc(json_array_size(array), sizeof *map->v);
	json_array_foreach(array, i, item) {
		if (parse_range(&map->v[i], item, runc_prop_index(path, where, key, i), err))
			return -1;
		map->n = i + 1;
	}
	return 0;
}

int runc_config_maps(struct kern_id_maps *m, const json_t *obj, const char *where, struct err *err)
{
	return parse_map(&m->uid, obj, where, "uidMappings", err) ||
	       parse_map(&m->gid, obj, where, "gidMappings", err) ? -1 : 0;
}

static int parse_offset(struct runc_config *c, const json_t *offsets, const char *clock,
			struct err *err)
{
	const struct runc_range secs = { INT64_MIN, INT64_MAX }, nanosecs = { 0, 999999999 };
	char path[PROPERTY_PATH_SIZE];
	int64_t s = 0, ns = 0;
	size_t n = strlen(c->time_offsets);
	json_t *obj;

	if (runc_prop_object(offsets, "linux.timeOffsets", clock, &obj, err))
		return -1;
	runc_prop_path(path, "linux.timeOffsets", clock);
	if (runc_prop_int(obj, path, "secs", secs, &s, NULL, err) ||
	    runc_prop_int(obj, path, "nanosecs", nanosecs, &ns, NULL, err))
		return -1;
	if (obj)
		snprintf(c->time_offsets + n, sizeof c->time_offsets - n, "%s %lld %lld\n", clock,
			 (long long)s, (long long)ns);
	return 0;
}

int runc_config_time(struct runc_config *c, const json_t *linux_, struct err *err)
{
	json_t *offsets, *value;
	const char *clock;

	if (runc_prop_object(linux_, "linux", "timeOffsets", &offsets, err))
		return -1;
	json_object_foreach(offsets, clock, value) {
		if (strcmp(clock, "monotonic") && strcmp(clock, "boottime"))
			return err_set(err, ERR_INVALID, "linux.timeOffsets.%s: there is no such clock "
				       "(only monotonic and boottime)", clock);
		if (parse_offset(c, offsets, clock, err))
			return -1;
	}
	return 0;
}

/* The namespace's file says how it is mapped; containerd writes the same maps into the
 * document too. Others would promise what is not so. */
static int compare_maps(const struct runc_config *c, const char *path, struct err *err)
{
	struct kern_id_maps there = { .uid = { NULL, 0 } };
	AUTO_CLOSE int fd = open(path, KERN_NS_OPEN_FLAGS);
	bool same;

	if (fd < 0 || kern_userns_read(fd, &there, err))
		return fd < 0 ? err_sys(err, "open the user namespace %s", path) : -1;
	same = kern_id_map_equal(&there.uid, &c->maps.uid) &&
	       kern_id_map_equal(&there.gid, &c->maps.gid);
	kern_id_maps_free(&there);
	return same ? 0 :
	       err_set(err, ERR_INVALID, "linux.uidMappings, linux.gidMappings: the user namespace to "
		       "join has others (only one of path and mappings may be given)");
}

/* The ids that the runtime itself takes on must exist inside. */
static int check_ids(const struct runc_config *c, struct err *err)
{
	const struct runc_process *p = &c->process;
	uint32_t out;

	if (!kern_id_map_outside(&c->maps.uid, 0, &out) || !kern_id_map_outside(&c->maps.gid, 0, &out))
		return err_set(err, ERR_INVALID, "linux.uidMappings, linux.gidMappings: root (id 0 of "
			       "the container) must be mapped");
	if (!kern_id_map_outside(&c->maps.uid, p->uid, &out))
		return err_set(err, ERR_INVALID, "process.user.uid: %u is not in linux.uidMappings",
			       p->uid);
	if (!kern_id_map_outside(&c->maps.gid, p->gid, &out))
		return err_set(err, ERR_INVALID, "process.user.gid: %u is not in linux.gidMappings",
			       p->gid);
	return 0;
}

static int check_time(const struct runc_config *c, struct err *err)
{
	const struct runc_namespace *ns = runc_config_ns(c, CLONE_NEWTIME);

	if (*c->time_offsets && !ns)
		return err_set(err, ERR_INVALID, "linux.timeOffsets: time namespace offsets specified, "
			       "but time namespace isn't enabled in the config");
	if (*c->time_offsets && ns->path)
		return err_set(err, ERR_INVALID, "linux.timeOffsets: the time namespace that is joined "
			       "has its own offsets; only one of path and offsets may be given");
	return 0;
}

static int check_mounts(const struct runc_config *c, struct err *err)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].idmapped && !c->mounts[i].maps.uid.n &&
		    !runc_config_ns(c, CLONE_NEWUSER))
			return err_set(err, ERR_INVALID, "mounts[%zu]: id-mapped mounts must have both uid "
				       "and gid mappings specified, where there is no user namespace to "
				       "take them from", i);
	return 0;
}

int runc_config_check_userns(const struct runc_config *c, struct err *err)
{
	const struct runc_namespace *user = runc_config_ns(c, CLONE_NEWUSER);
	bool mapped = c->maps.uid.n || c->maps.gid.n;

	if (!user && mapped)
		return err_set(err, ERR_INVALID, "linux.uidMappings, linux.gidMappings: user namespace "
			       "mappings specified, but user namespace isn't enabled in the config");
	if (user && !user->path && (!c->maps.uid.n || !c->maps.gid.n))
		return err_set(err, ERR_INVALID, "linux.uidMappings, linux.gidMappings: a new user "
			       "namespace needs at least one mapping of each");
	if (user && !user->path && check_ids(c, err))
		return -1;
	return check_mounts(c, err) || check_time(c, err) ? -1 : 0;
}

int runc_userns_check_host(const struct runc_config *c, struct err *err)
{
	const struct runc_namespace *user = runc_config_ns(c, CLONE_NEWUSER);

	if (!user && geteuid())
		return err_set(err, ERR_INVALID, "linux.namespaces: rootless container requires user "
			       "namespaces");
	for (size_t i = 0; geteuid() && i < c->n_mounts; i++)
		if (c->mounts[i].idmapped)
			return err_set(err, ERR_INVALID, "mounts[%zu]: id-mapped mounts are not supported "
				       "for rootless containers", i);
	if (user && user->path && (c->maps.uid.n || c->maps.gid.n))
		return compare_maps(c, user->path, err);
	return 0;
}
