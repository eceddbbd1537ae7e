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
#include "01-kernel/base/words.h"
#include "spec.h"

static void allow(json_t *rules, char type, const struct stat *st, const char *access)
{
	char text[2] = { type, '\0' };

	json_array_append_new(rules, json_pack("{s:b, s:s, s:i, s:i, s:s}", "allow", 1, "type",
					       text, "major", (int)major(st->st_rdev), "minor",
					       (int)minor(st->st_rdev), "access", access));
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

/* What is looked for: nodes and rules may be NULL; skip names entries, NULL at its end. */
struct wanted {
	json_t *nodes, *rules;
	const char *access;
	const char *const *skip;
	size_t found;
};

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

static void add(struct wanted *w, const char *path, const struct stat *st)
{
	if (w->rules)
		allow(w->rules, type_of(st), st, w->access);
	if (w->nodes)
		add_node(w->nodes, path, st);
	w->found++;
}

/* All below a directory of the host's, as `path` in the container. */
static void add_all(struct wanted *w, const char *dir, const char *path)
{
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		AUTO_FREE char *source = xasprintf("%s/%s", dir, e->d_name);
		AUTO_FREE char *target = xasprintf("%s/%s", path, e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' || (w->skip && words_have(w->skip, e->d_name)) || lstat(source, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			add_all(w, source, target);
		else if (is_device(&st))
			add(w, target, &st);
	}
}

/* Directories that are file systems of their own in a container stay out. */
void ctrd_spec_all_devices(json_t *nodes)
{
	static const char *const skip[] = { "pts", "shm", "fd", "mqueue", "console", NULL };
	struct wanted w = { .nodes = nodes, .skip = skip };

	add_all(&w, "/dev", "/dev");
}

int ctrd_spec_device(json_t *nodes, json_t *rules, const struct ctrd_spec_device *device,
		     struct err *err)
{
	const char *path = device->path && *device->path ? device->path : device->source;
	struct wanted w = { nodes, rules, device->access && *device->access ? device->access : "rwm",
			    NULL, 0 };
	const char *why = "not a device node";
	struct stat st;

	if (stat(device->source, &st))
		why = errno == ENOENT ? "no such file or directory" : strerror(errno);
	else if (S_ISDIR(st.st_mode))
		add_all(&w, device->source, path);
	else if (is_device(&st))
		add(&w, path, &st);
	if (w.found)
		return 0;
	return err_set(err, ERR_INVALID, "error gathering device information while adding custom "
		       "device \"%s\": %s", device->source, why);
}
