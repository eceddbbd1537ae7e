/*
 * ospec_devices.c - which devices a container has and which it may use
 * (ospec.h; config-linux.md, "Devices" and "Allowed Device list").
 *
 * The runtime makes /dev/null and its like itself. The rules are a list of which the
 * last match counts: containerd's defaults allow the harmless ones, then comes
 * what was asked for.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/spec.h"
#include "ospec.h"

static void allow(json_t *rules, char type, const struct stat *st, const char *access)
{
	char text[2] = { type, '\0' };

	json_array_append_new(rules, json_pack("{s:b, s:s, s:i, s:i, s:s}", "allow", 1, "type",
					       text, "major", (int)major(st->st_rdev), "minor",
					       (int)minor(st->st_rdev), "access", access));
}

static int stat_device(const char *path, struct stat *st, struct err *err)
{
	if (stat(path, st))
		return err_set(err, ERR_INVALID,
			       "error gathering device information while adding custom "
			       "device \"%s\": %s",
			       path,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
		return err_set(err, ERR_INVALID,
			       "error gathering device information while adding custom "
			       "device \"%s\": not a device node",
			       path);
	return 0;
}

static char type_of(const struct stat *st)
{
	return S_ISBLK(st->st_mode) ? 'b' : 'c';
}

json_t *dockerd_spec_device_rules(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *rules = ctrd_spec_device_rules(jsonx_bool(host, "Privileged", false));
	json_t *list = json_object_get(host, "Devices"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *access = jsonx_str(v, "CgroupPermissions", "");
		struct stat st;

		if (stat_device(jsonx_str(v, "PathOnHost", ""), &st, err))
			return NULL;
		allow(rules, type_of(&st), &st, *access ? access : "rwm");
	}
	return steal_ptr(&rules);
}

static void add_node(json_t *nodes, const char *path, const struct stat *st)
{
	char type[2] = { type_of(st), '\0' };

	json_array_append_new(nodes, json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "path", path,
					       "type", type, "major", (int)major(st->st_rdev),
					       "minor", (int)minor(st->st_rdev), "fileMode",
					       (int)(st->st_mode & 07777), "uid", (int)st->st_uid,
					       "gid", (int)st->st_gid));
}

/* All of the host's, for a privileged container; directories that are file systems of
 * their own in a container stay out. */
static void add_all(json_t *nodes, const char *dir)
{
	static const char *const skip[] = { "pts",   "shm",  "fd",	"mqueue",
					    ".udev", ".lxc", "console", NULL };
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, e->d_name);
		struct stat st;
		size_t i = 0;

		while (skip[i] && strcmp(skip[i], e->d_name))
			i++;
		if (skip[i] || e->d_name[0] == '.' || lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			add_all(nodes, path);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			add_node(nodes, path, &st);
	}
}

json_t *dockerd_spec_device_nodes(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *nodes = json_array();
	json_t *list = json_object_get(host, "Devices"), *v;
	size_t i;

	if (jsonx_bool(host, "Privileged", false))
		add_all(nodes, "/dev");
	json_array_foreach(list, i, v) {
		const char *source = jsonx_str(v, "PathOnHost", ""),
			   *path = jsonx_str(v, "PathInContainer", "");
		struct stat st;

		if (stat_device(source, &st, err))
			return NULL;
		add_node(nodes, *path ? path : source, &st);
	}
	return steal_ptr(&nodes);
}

int dockerd_devices_check(const json_t *host, struct err *err)
{
	json_t *list = json_object_get(host, "Devices"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *access = jsonx_str(v, "CgroupPermissions", "");

		if (access[strspn(access, "rwm")])
			return err_set(err, ERR_INVALID, "invalid device mode: %s", access);
	}
	return 0;
}
