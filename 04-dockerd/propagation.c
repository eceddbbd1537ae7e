/*
 * propagation.c - see mounts.h: what a container and the host see of each other's mounts below a bind.
 *
 * The runtime can let mounts through only where the source's own mount does (mount_namespaces(7)): "shared" wants it shared,
 * "slave" shared or a slave itself. And the container's root must not stand in the way (linux.rootfsPropagation of
 * config-linux.md): everything below a private one would be private, too.
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
		if ((!t.v && kern_mount_table_read(&t, err)) || check(&t, jsonx_str(m, "Source", ""), shared, err))
			return -1;
		if (shared || !*root)
			*root = shared ? "shared" : "rslave";
	}
	return 0;
}
