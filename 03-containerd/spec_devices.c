/*
 * spec_devices.c - devices of the host for a container: a node in its /dev, and leave to use
 * it (spec.h; config-linux.md, "Devices" and "Allowed Device list").
 *
 * The runtime makes /dev/null and its like itself. Of the rules the last that matches
 * counts: the defaults allow the harmless devices, then comes what was asked for.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/base/jsonx.h"
#include "spec.h"

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

void ctrd_spec_all_devices(json_t *nodes)
{
	add_all(nodes, "/dev");
}

int ctrd_spec_device(json_t *nodes, json_t *rules, const struct ctrd_spec_device *device,
		     struct err *err)
{
	const char *path = device->path && *device->path ? device->path : device->source;
	const char *access = device->access && *device->access ? device->access : "rwm";
	struct stat st;

	if (stat_device(device->source, &st, err))
		return -1;
	if (rules)
		allow(rules, type_of(&st), &st, access);
	if (nodes)
		add_node(nodes, path, &st);
	return 0;
}
