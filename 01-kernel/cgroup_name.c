/*
 * cgroup_name.c - which group is meant: by an absolute path, by one relative to
 * the caller's own group, or by the directories that were written down when it
 * was made.
 *
 * The last is what a runtime keeps about a container: "relative to my own group"
 * means something else to whoever runs the next command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cgroup_private.h"
#include "mountinfo.h"

/* "a//b/" to "/a/b"; NULL and ERR_INVALID for "", "/" and anything with "..":
 * the root group is the machine itself, and not ours to limit or remove. */
static char *normalise(const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2)) {
			err_set(err, ERR_INVALID, "cgroup path: '..' is not allowed");
			return NULL;
		}
		if (n && !(n == 1 && *path == '.')) {
			strbuf_addc(&sb, '/');
			strbuf_add(&sb, path, n);
		}
		path += n;
	}
	if (!sb.len) {
		err_set(err, ERR_INVALID, "cgroup path: the root group cannot be used");
		return NULL;
	}
	return strbuf_steal(&sb);
}

/* ---- the caller's own group ---- */

/* The path in a line "id:controllers:path" of /proc/PID/cgroup (cgroups(7)) for this
 * hierarchy, or NULL. */
static char *line_for(const char *text, const struct cgroup_hierarchy *h)
{
	size_t first = strcspn(h->controllers, ",");
	AUTO_FREE char *one = xstrndup(h->controllers, first);

	while (text && *text) {
		const char *list = strchr(text, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		AUTO_FREE char *names = NULL;

		if (!path)
			return NULL;
		names = xstrndup(list + 1, (size_t)(path - list - 1));
		if (h->v2 ? !*names : *names && kern_mount_has_option(names, one))
			return xstrndup(path + 1, strcspn(path + 1, "\n"));
		text = strchr(path, '\n');
		text += text != NULL;
	}
	return NULL;
}

/* What of the path lies below the directory that is mounted: a container without a
 * cgroup namespace sees its group's full path, but only the end of it as a mount. */
static const char *below_mount(const char *own, const char *root)
{
	size_t n = strlen(root);

	if (!strcmp(root, "/") || strncmp(own, root, n) || (own[n] && own[n] != '/'))
		return strcmp(root, "/") ? "" : own;
	return own + n;
}

/* Where a relative path starts in each hierarchy: "" or "/its/path". */
static char *own_group(const char *proc, const struct cgroup_hierarchy *h, bool v2_alone)
{
	AUTO_FREE char *line = line_for(proc, h);
	const char *below = line ? below_mount(line, h->root) : "";
	size_t n = strlen(below);

	if (v2_alone)
		while (n && below[--n] != '/')
			;
	while (n && below[n - 1] == '/')
		n--;
	return xstrndup(below, n);
}

/* ---- a struct for it ---- */

static struct kern_cgroup *new_group(const char *path)
{
	struct kern_cgroup *cg = xcalloc(1, sizeof *cg);

	cg->path = xstrdup(path);
	cg->dir_fd = -1;
	return cg;
}

void kern_cgroup_free(struct kern_cgroup *cg)
{
	if (!cg)
		return;
	cgroup_layout_free(&cg->layout);
	if (cg->dir_fd >= 0)
		close(cg->dir_fd);
	free(cg->path);
	free(cg);
}

/* For AUTO: what is not stolen is freed. */
static void drop_group(struct kern_cgroup **cg)
{
	kern_cgroup_free(*cg);
}

static int place(struct kern_cgroup *cg, bool relative, struct err *err)
{
	AUTO_STRBUF struct strbuf proc = STRBUF_INIT;

	if (relative && file_read(AT_FDCWD, "/proc/self/cgroup", &proc, 1 << 20, err))
		return -1;
	for (size_t i = 0; i < cg->layout.n; i++) {
		struct cgroup_hierarchy *h = &cg->layout.h[i];
		AUTO_FREE char *start = relative ? own_group(proc.data, h, cg->layout.version ==
							     KERN_CGROUP_V2) : xstrdup("");

		h->dir = xasprintf("%s%s%s", h->mount, start, cg->path);
	}
	return 0;
}

struct kern_cgroup *kern_cgroup_at(const char *path, struct err *err)
{
	AUTO_FREE char *clean = normalise(path, err);
	AUTO(drop_group) struct kern_cgroup *cg = clean ? new_group(clean) : NULL;

	if (!cg || cgroup_detect(&cg->layout, err))
		return NULL;
	if (!cg->layout.n) {
		err_set(err, ERR_UNSUPPORTED, "no cgroup file system is mounted");
		return NULL;
	}
	if (place(cg, path[0] != '/', err))
		return NULL;
	return steal_ptr(&cg);
}

/* ---- by name ---- */

char *kern_cgroup_name(const struct kern_cgroup *cg)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < cg->layout.n; i++)
		strbuf_addf(&sb, "%s:%s\n", cg->layout.h[i].controllers, cg->layout.h[i].dir);
	return strbuf_steal(&sb);
}

static int take_line(struct kern_cgroup *cg, const char *line, size_t n, struct err *err)
{
	const char *colon = memchr(line, ':', n);
	struct cgroup_hierarchy *h = &cg->layout.h[cg->layout.n];
	AUTO_FREE char *dir = colon ? xstrndup(colon + 1, n - (size_t)(colon + 1 - line)) : NULL;
	AUTO_FREE char *clean = dir ? normalise(dir, err) : NULL;

	if (!clean || strcmp(dir, clean) || memchr(line, '/', (size_t)(colon - line)) ||
	    cg->layout.n == CGROUP_MAX_HIERARCHIES)
		return err_set(err, ERR_CORRUPT, "'%.*s' does not name a cgroup", (int)n, line);
	h->controllers = xstrndup(line, (size_t)(colon - line));
	h->v2 = !*h->controllers;
	h->dir = steal_ptr(&dir);
	cg->layout.n++;
	return 0;
}

static struct kern_cgroup *from_name(const char *name, struct err *err)
{
	AUTO(drop_group) struct kern_cgroup *cg = new_group("(none)");

	while (*name) {
		size_t n = strcspn(name, "\n");

		if (take_line(cg, name, n, err))
			return NULL;
		name += n + (name[n] == '\n');
	}
	if (cg->layout.n) {
		free(cg->path);
		cg->path = xstrdup(cg->layout.h[cg->layout.n - 1].dir);
	}
	cg->layout.version = cgroup_version_of(&cg->layout);
	return steal_ptr(&cg);
}

/* Those hierarchies in which it is come first. */
static void keep(struct cgroup_layout *l, const bool *there)
{
	const struct cgroup_layout all = *l;
	size_t at = 0;

	for (size_t i = 0; i < all.n; i++)
		if (there[i])
			l->h[at++] = all.h[i];
	l->n = at;
	l->n_denied = all.n - at;
	for (size_t i = 0; i < all.n; i++)
		if (!there[i])
			l->h[at++] = all.h[i];
}

/* One may have been mounted since it was made. */
static void keep_existing(struct cgroup_layout *l)
{
	bool there[CGROUP_MAX_HIERARCHIES];

	for (size_t i = 0; i < l->n; i++)
		there[i] = !access(l->h[i].dir, F_OK);
	keep(l, there);
}

struct kern_cgroup *kern_cgroup_open(const char *name, struct err *err)
{
	AUTO(drop_group) struct kern_cgroup *cg = NULL;

	if (name[0] != '/')
		return from_name(name, err);
	cg = kern_cgroup_at(name, err);
	if (!cg)
		return NULL;
	keep_existing(&cg->layout);
	if (cg->layout.n)
		return steal_ptr(&cg);
	err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	return NULL;
}

struct kern_cgroup *kern_cgroup_of(pid_t pid, struct err *err)
{
	AUTO_FREE char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	AUTO_STRBUF struct strbuf proc = STRBUF_INIT;
	AUTO(drop_group) struct kern_cgroup *cg = new_group(file);
	bool there[CGROUP_MAX_HIERARCHIES];

	if (file_read(AT_FDCWD, file, &proc, 1 << 20, err) || cgroup_detect(&cg->layout, err))
		return NULL;
	for (size_t i = 0; i < cg->layout.n; i++) {
		struct cgroup_hierarchy *h = &cg->layout.h[i];
		AUTO_FREE char *below = own_group(proc.data, h, false);

		h->dir = xasprintf("%s%s", h->mount, below);
		there[i] = *below;
	}
	keep(&cg->layout, there);
	if (cg->layout.n)
		return steal_ptr(&cg);
	err_set(err, ERR_NOT_FOUND, "process %d is in no cgroup but the root's", (int)pid);
	return NULL;
}

/* ---- and from there ---- */

enum kern_cgroup_version kern_cgroup_version_of(const struct kern_cgroup *cg)
{
	return cg->layout.version;
}

bool kern_cgroup_absent(const struct kern_cgroup *cg)
{
	return !cg->layout.n;
}

const char *kern_cgroup_dir_at(const struct kern_cgroup *cg, const char *mount)
{
	for (size_t i = 0; i < cg->layout.n; i++) {
		const struct cgroup_hierarchy *h = &cg->layout.h[i];

		if (h->mount ? !strcmp(h->mount, mount)
			     : str_starts(h->dir, mount) && h->dir[strlen(mount)] == '/')
			return h->dir;
	}
	return NULL;
}

static void forget_fd(struct kern_cgroup *cg)
{
	if (cg->dir_fd >= 0)
		close(cg->dir_fd);
	cg->dir_fd = -1;
}

int kern_cgroup_descend(struct kern_cgroup *cg, const char *controller, const char *path,
			struct err *err)
{
	bool itself = !path[strspn(path, "/")];
	AUTO_FREE char *clean = itself ? xstrdup("") : normalise(path, err);
	size_t found = 0;

	if (!clean)
		return err_set(err, ERR_INVALID, "bad sub cgroup path: %s is not a sub cgroup path",
			       path);
	for (size_t i = 0; i < cg->layout.n; i++) {
		struct cgroup_hierarchy *h = &cg->layout.h[i];
		char *dir;

		if (controller && !kern_mount_has_option(h->controllers, controller))
			continue;
		dir = xasprintf("%s%s", h->dir, clean);
		free(h->dir);
		h->dir = dir;
		found++;
	}
	forget_fd(cg);
	return found || !controller ? 0 : err_set(err, ERR_INVALID, "unknown controller %s in "
						  "SubCgroupPaths", controller);
}

int kern_cgroup_follow(struct kern_cgroup *cg, pid_t pid, struct err *err)
{
	AUTO_FREE char *file = xasprintf("/proc/%d/cgroup", (int)pid);
	AUTO_STRBUF struct strbuf proc = STRBUF_INIT;
	struct cgroup_layout here;

	if (file_read(AT_FDCWD, file, &proc, 1 << 20, err) || cgroup_detect(&here, err))
		return -1;
	for (size_t i = 0; i < cg->layout.n; i++) {
		struct cgroup_hierarchy *h = &cg->layout.h[i];
		AUTO_FREE char *line = h->v2 && here.n && here.h[0].v2 ?
				       line_for(proc.data, &here.h[0]) : NULL;

		if (!line)
			continue;
		free(h->dir);
		h->dir = xasprintf("%s%s", here.h[0].mount, below_mount(line, here.h[0].root));
	}
	cgroup_layout_free(&here);
	forget_fd(cg);
	return 0;
}
