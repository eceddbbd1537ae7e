/*
 * config_linux.c - the `linux` object (config-linux.md), except `resources`.
 */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "config.h"
#include "property.h"

static int parse_namespace(struct runc_config *c, const json_t *obj, const char *where,
			   struct err *err)
{
	struct runc_namespace *ns = &c->ns[c->n_ns];
	const char *type = NULL, *path = NULL;

	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_need_str(obj, where, "type", &type, err) ||
	    runc_prop_str(obj, where, "path", &path, err))
		return -1;
	ns->type = kern_ns_by_oci_name(type);
	ns->path = path && *path ? path : NULL;
	if (!ns->type)
		return err_set(err, ERR_INVALID, "%s.type: there is no namespace type '%s'", where,
			       type);
	if (ns->path && ns->path[0] != '/')
		return err_set(err, ERR_INVALID, "%s.path: '%s' is not an absolute path", where,
			       path);
	if (runc_config_ns(c, ns->type->flag))
		return err_set(err, ERR_INVALID, "%s: the %s namespace is given twice", where,
			       type);
	c->n_ns++;
	return 0;
}

static int parse_namespaces(struct runc_config *c, const json_t *obj, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, "linux", "namespaces", &array, err))
		return -1;
	json_array_foreach(array, i, item) {
		runc_prop_index(path, "linux", "namespaces", i);
		if (i >= RUNC_NS_MAX)
			return err_set(err, ERR_INVALID, "%s: more namespaces than types", path);
		if (parse_namespace(c, item, path, err))
			return -1;
	}
	return 0;
}

static int device_type(const char *type, mode_t *mode)
{
	static const struct { char letter; mode_t mode; } types[] = {
		{ 'c', S_IFCHR }, { 'u', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (type[0] == types[i].letter && !type[1]) {
			*mode |= types[i].mode;
			return 0;
		}
	return -1;
}

static int parse_device(struct runc_device *d, const json_t *obj, const char *where,
			struct err *err)
{
	const struct runc_range number = { 0, UINT32_MAX };
	const struct runc_range id = { 0, UINT32_MAX - 1 };
	int64_t mode = 0666, uid = 0, gid = 0;
	const char *type = NULL;

	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_int(obj, where, "fileMode", number, &mode, NULL, err) ||
	    runc_prop_need_str(obj, where, "path", &d->path, err) ||
	    runc_prop_need_str(obj, where, "type", &type, err) ||
	    runc_prop_int(obj, where, "major", number, &d->major, NULL, err) ||
	    runc_prop_int(obj, where, "minor", number, &d->minor, NULL, err) ||
	    runc_prop_int(obj, where, "uid", id, &uid, NULL, err) ||
	    runc_prop_int(obj, where, "gid", id, &gid, NULL, err))
		return -1;
	/* Docker sends the file type within the mode; only the permissions count here. */
	d->mode = (mode_t)mode & 07777;
	d->uid = (uid_t)uid;
	d->gid = (gid_t)gid;
	if (device_type(type, &d->mode))
		return err_set(err, ERR_INVALID, "%s.type: '%s' is not c, b, u or p", where, type);
	if (!S_ISFIFO(d->mode) &&
	    (!json_object_get(obj, "major") || !json_object_get(obj, "minor")))
		return err_set(err, ERR_INVALID, "%s: major and minor are required", where);
	return 0;
}

static int parse_devices(struct runc_config *c, const json_t *obj, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, "linux", "devices", &array, err))
		return -1;
	c->devices = xcalloc(json_array_size(array) + 1, sizeof *c->devices);
	json_array_foreach(array, i, item)
		if (parse_device(&c->devices[i], item,
				 runc_prop_index(path, "linux", "devices", i), err))
			return -1;
	c->n_devices = json_array_size(array);
	return 0;
}

static int parse_propagation(struct runc_config *c, const json_t *obj, struct err *err)
{
	static const struct { const char *word; uint64_t flags; } words[] = {
		{ "private", MS_PRIVATE }, { "rprivate", MS_PRIVATE | MS_REC },
		{ "slave", MS_SLAVE }, { "rslave", MS_SLAVE | MS_REC },
		{ "shared", MS_SHARED }, { "rshared", MS_SHARED | MS_REC },
		{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
	};
	const char *word = "";

	if (runc_prop_str(obj, "linux", "rootfsPropagation", &word, err))
		return -1;
	if (!*word)
		return 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(word, words[i].word))
			c->propagation = words[i].flags;
	if (!c->propagation)
		return err_set(err, ERR_INVALID,
			       "linux.rootfsPropagation: '%s' is not a propagation", word);
	return 0;
}

static int parse_personality(struct runc_config *c, const json_t *obj, struct err *err)
{
	AUTO_FREE const char **flags = NULL;
	const char *domain = NULL;
	json_t *personality_;

	if (runc_prop_object(obj, "linux", "personality", &personality_, err))
		return -1;
	if (!personality_)
		return 0;
	if (runc_prop_strings(personality_, "linux.personality", "flags", &flags, err) ||
	    runc_prop_need_str(personality_, "linux.personality", "domain", &domain, err))
		return -1;
	if (flags && flags[0])
		return err_set(err, ERR_INVALID, "linux.personality.flags[0]: '%s' is not a flag: "
			       "the specification knows none", flags[0]);
	if (strcmp(domain, "LINUX") && strcmp(domain, "LINUX32"))
		return err_set(err, ERR_INVALID,
			       "linux.personality.domain: '%s' is neither LINUX nor LINUX32",
			       domain);
	c->personality = domain[5] ? PER_LINUX32 : PER_LINUX;
	c->has_personality = true;
	return 0;
}

static int parse_absolute_paths(const json_t *obj, const char *key, const char ***paths,
				struct err *err)
{
	if (runc_prop_strings(obj, "linux", key, paths, err))
		return -1;
	for (size_t i = 0; *paths && (*paths)[i]; i++)
		if ((*paths)[i][0] != '/')
			return err_set(err, ERR_INVALID, "linux.%s[%zu]: '%s' is not an absolute "
				       "path", key, i, (*paths)[i]);
	return 0;
}

static int parse_paths(struct runc_config *c, const json_t *obj, struct err *err)
{
	const char *cgroups = NULL, *label = NULL;

	if (parse_absolute_paths(obj, "maskedPaths", &c->masked_paths, err) ||
	    parse_absolute_paths(obj, "readonlyPaths", &c->readonly_paths, err) ||
	    runc_prop_str(obj, "linux", "mountLabel", &label, err) ||
	    runc_prop_str(obj, "linux", "cgroupsPath", &cgroups, err))
		return -1;
	c->mount_label = label && *label ? label : NULL;
	c->cgroups_path = cgroups && *cgroups ? cgroups : NULL;
	return 0;
}

int runc_config_linux(struct runc_config *c, const json_t *linux_, struct err *err)
{
	json_t *resources;

	if (parse_namespaces(c, linux_, err) || runc_config_maps(&c->maps, linux_, "linux", err) ||
	    runc_config_time(c, linux_, err) || parse_devices(c, linux_, err) ||
	    parse_propagation(c, linux_, err) || parse_personality(c, linux_, err) ||
	    runc_config_memory_policy(&c->memory_policy, linux_, err) ||
	    runc_config_netdevices(c, linux_, err) || runc_config_rdt(c, linux_, err) ||
	    parse_paths(c, linux_, err) ||
	    runc_prop_object(linux_, "linux", "seccomp", &c->seccomp, err) ||
	    runc_prop_object(linux_, "linux", "resources", &resources, err))
		return -1;
	return runc_config_resources(&c->resources, resources, "linux.resources", err);
}
