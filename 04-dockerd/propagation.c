/*
 * propagation.c - see mounts.h: what a container and the host see of each other's mounts below a bind.
 *
 * The runtime can let mounts through only where the source's own mount does (mount_namespaces(7)): "shared" wants it shared,
 * "slave" shared or a slave itself. And the container's root must not stand in the way (linux.rootfsPropagation of
 * config-linux.md): everything below a private one would be private, too.
 *
 * A bind of the daemon's own directory, or of one around it, sees mounts that come and go there: those of volumes. A copy of
 * one that is private would keep it busy when the daemon has unmounted it. So such a bind is a slave, or shared.
 */
#include "mounts.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/mountinfo.h"

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strcmp(dir, "/") || (!strncmp(path, dir, n) && (!path[n] || path[n] == '/'));
}

/* The mount that holds `path`: of those above it the nearest, and of two in one place the later one. */
static const struct kern_mount *mount_of(const struct kern_mount_table *t, const char *path)
{
	const struct kern_mount *found = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (is_below(path, t->v[i].target) && (!found || strlen(t->v[i].target) >= strlen(found->target)))
			found = &t->v[i];
	return found;
}

static int check(const struct kern_mount_table *t, const char *source, bool shared, struct err *err)
{
	AUTO_FREE char *real = realpath(source, NULL);
	const struct kern_mount *m = real ? mount_of(t, real) : NULL;

	if (!m || strstr(m->tags, "shared:") || (!shared && strstr(m->tags, "master:")))
		return 0;
	return err_set(err, ERR_INVALID, "path %s is mounted on %s but it is not a shared%s mount", source, m->target,
		       shared ? "" : " or slave");
}

int dockerd_mount_of_root(json_t *m, const char *data_root, struct err *err)
{
	const char *source = jsonx_str(m, "Source", ""), *word = jsonx_str(m, "Propagation", "");

	if (strcmp(jsonx_str(m, "Type", ""), "bind") || (!is_below(source, data_root) && !is_below(data_root, source)))
		return 0;
	if (!json_object_get(m, "_chosen")) {
		json_object_set_new(m, "Propagation", json_string("rslave"));
		json_object_set_new(m, "_if_possible", json_true());
		return 0;
	}
	return !strcmp(word, "rslave") || !strcmp(word, "rshared") ? 0 : err_set(err, ERR_INVALID,
		"invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when mount source is within "
		"the daemon root, daemon root: \"%s\", bind mount source: \"%s\", propagation: \"%s\"", data_root, source, word);
}

int dockerd_mounts_propagation(const json_t *mounts, const char **root, struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	const json_t *m;
	size_t i;

	*root = NULL;
	json_array_foreach(mounts, i, m) {
		const char *word = jsonx_str(m, "Propagation", "");
		bool shared = str_ends(word, "shared");

		if (!shared && !str_ends(word, "slave"))
			continue;
		if (!t.v && kern_mount_table_read(&t, err))
			return -1;
		if (check(&t, jsonx_str(m, "Source", ""), shared, err)) {
			if (json_object_get(m, "_if_possible"))
				continue;
			return -1;
		}
		if (shared || !*root)
			*root = shared ? "shared" : "rslave";
	}
	return 0;
}
