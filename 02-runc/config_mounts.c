/*
 * config_mounts.c - the `mounts` array ("Mounts" in config.md). The option
 * words are sorted by 01-kernel's kern_mount_option, once, here.
 */
#include <string.h>
#include <sys/mount.h>

#include "config.h"
#include "property.h"

#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

/* Below /proc a mount could make the container's own tools lie; what LXCFS
 * and similar put there is known by name, and proc itself may be replaced. */
static bool allowed_under_proc(const char *destination)
{
	static const char *const files[] = {
		"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps",
		"/proc/uptime", "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev",
		"/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled", NULL,
	};

	if (!str_starts(destination, "/proc/"))
		return true;
	for (size_t i = 0; files[i]; i++)
		if (!strcmp(destination, files[i]))
			return true;
	return false;
}

static int parse_options(struct runc_mount *m, const json_t *obj, const char *where,
			 struct err *err)
{
	AUTO_FREE const char **words = NULL;
	char path[PROPERTY_PATH_SIZE];

	if (runc_prop_strings(obj, where, "options", &words, err))
		return -1;
	for (size_t i = 0; words && words[i]; i++) {
		if (kern_mount_option(&m->options, words[i], err))
			return err_wrap(err, "%s", runc_prop_index(path, where, "options", i));
	}
	return 0;
}

/* Options of a file system belong to all of its mounts: one more cannot change them. */
static int check_bind(const struct runc_mount *m, const char *where, struct err *err)
{
	const uint64_t of_fs = MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_I_VERSION | MS_LAZYTIME;

	if (*m->options.data || (m->options.set & of_fs))
		return err_set(err, ERR_INVALID, "%s.options: bind mounts cannot have any "
			       "filesystem-specific options applied%s%s", where,
			       *m->options.data ? ": " : "", m->options.data);
	return 0;
}

/* Without maps of its own a mount takes the container's: config.c sees whether there
 * is a user namespace. */
static int check_idmap(const struct runc_mount *m, const char *where, struct err *err)
{
	if (!m->bind)
		return err_set(err, ERR_INVALID, "%s: id-mapped mounts are only supported for "
			       "bind-mounts", where);
	if (!m->maps.uid.n != !m->maps.gid.n)
		return err_set(err, ERR_INVALID, "%s: id-mapped mounts must have both uid and gid "
			       "mappings specified", where);
	return 0;
}

static int check_destination(const struct runc_mount *m, const char *where, struct err *err)
{
	if (!allowed_under_proc(m->destination))
		return err_set(err, ERR_INVALID, "%s.destination: '%s' is inside /proc, where "
			       "nothing may be mounted", where, m->destination);
	return 0;
}

static int parse_mount(struct runc_mount *m, const json_t *obj, const char *where,
		       struct err *err)
{
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_need_str(obj, where, "destination", &m->destination, err) ||
	    runc_prop_str(obj, where, "type", &m->type, err) ||
	    runc_prop_str(obj, where, "source", &m->source, err) ||
	    parse_options(m, obj, where, err) || runc_config_maps(&m->maps, obj, where, err))
		return -1;
	m->bind = (m->options.set & MS_BIND) || (m->type && !strcmp(m->type, "bind"));
	if (m->bind && (!m->source || !*m->source))
		return err_set(err, ERR_INVALID, "%s.source: required for a bind mount", where);
	if (!m->bind && (!m->type || !*m->type))
		return err_set(err, ERR_INVALID, "%s.type: required unless it is a bind mount",
			       where);
	if (m->bind && check_bind(m, where, err))
		return -1;
	m->idmapped = m->options.idmap || m->options.ridmap || m->maps.uid.n || m->maps.gid.n;
	if (m->idmapped && check_idmap(m, where, err))
		return -1;
	return check_destination(m, where, err);
}

int runc_config_mounts(struct runc_config *c, const json_t *doc, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(doc, "", "mounts", &array, err))
		return -1;
	c->mounts = xcalloc(json_array_size(array) + 1, sizeof *c->mounts);
	c->n_mounts = json_array_size(array); /* what is not parsed yet is all zero */
	json_array_foreach(array, i, item)
		if (parse_mount(&c->mounts[i], item, runc_prop_index(path, "", "mounts", i), err))
			return -1;
	return 0;
}

/* Some callers write a destination as the host sees it, the root file system's own path
 * in front. From here on it is the container's, and all rules for that hold. */
int runc_config_mounts_inside(struct runc_config *c, const char *rootfs, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	size_t n = strlen(rootfs);

	for (size_t i = 0; i < c->n_mounts; i++) {
		struct runc_mount *m = &c->mounts[i];

		if (n < 2 || !str_starts(m->destination, rootfs) || m->destination[n] != '/')
			continue;
		m->destination += n;
		if (check_destination(m, runc_prop_index(path, "", "mounts", i), err))
			return -1;
	}
	return 0;
}
