/*
 * unpack_dirs.c - the directories of the tree being made.
 *
 * An archive goes directory by directory, so the last parent stays open. Directories that
 * no entry has named are made on the way and noted: they are to look like those of the layers
 * below, which are not known here. Times are set when nothing more comes into a directory.
 */
#include "unpack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/path.h"

#define LINKS_MAX 40 /* as path_resolution(7) */

void layer_root_init(struct layer_root *r, int fd, const struct ctrd_unpack_options *o)
{
	*r = (struct layer_root){ .fd = fd, .userns = o->userns, .parent_fd = -1 };
	strlist_add(&r->implicit, "."); /* until an entry names it */
}

void layer_forget_parent(struct layer_root *r)
{
	if (r->parent_fd >= 0)
		close(r->parent_fd);
	r->parent_fd = -1;
	free(r->parent_path);
	r->parent_path = NULL;
}

void layer_root_free(struct layer_root *r)
{
	layer_forget_parent(r);
	for (size_t i = 0; i < r->n_dirs; i++)
		free(r->dirs[i].path);
	free(r->dirs);
	strlist_free(&r->implicit);
}

char *layer_clean_path(const char *name)
{
	AUTO_FREE char *out = xmalloc(strlen(name) + 2);
	size_t len = 0;

	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			if (!len)
				return NULL;
			while (len && out[len - 1] != '/')
				len--;
			len -= len > 0; /* the slash */
		} else if (n && !(n == 1 && name[0] == '.')) {
			if (len)
				out[len++] = '/';
			memcpy(out + len, name, n);
			len += n;
		}
		name += n + (name[n] == '/');
	}
	if (!len)
		out[len++] = '.';
	out[len] = '\0';
	return steal_ptr(&out);
}

/* --- directories on the way ----------------------------------------------------------------- */

char *layer_dir_part(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');

	*base = slash ? slash + 1 : path;
	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}

/* The path of the directory fd beneath the root, without links. NULL cannot happen to a
 * directory that stands there, but is handled. */
static char *canonical(const struct layer_root *r, int fd)
{
	char proc[KERN_PATH_PROC_SIZE], root[PATH_MAX], here[PATH_MAX];
	ssize_t n = readlink(kern_path_proc(r->fd, proc), root, sizeof(root) - 1);
	ssize_t m = readlink(kern_path_proc(fd, proc), here, sizeof(here) - 1);

	if (n <= 0 || m < n || memcmp(root, here, (size_t)n))
		return NULL;
	here[m] = '\0';
	if (m == n)
		return xstrdup(".");
	return here[n] == '/' ? xstrdup(here + n + 1) : NULL;
}

static int open_dir(struct layer_root *r, const char *path, unsigned links, struct err *err);

/* `path`, whose parent is open, is missing: make it, or what the dangling link there means. */
static int make_dir(struct layer_root *r, int parent, const char *path, const char *base,
		    unsigned links, struct err *err)
{
	AUTO_FREE char *above = NULL, *target = NULL;
	char text[PATH_MAX];
	ssize_t n;

	if (!mkdirat(parent, base, 0755)) {
		if (fchmodat(parent, base, 0755, 0)) /* whatever the umask */
			return err_sys(err, "mkdir %s", path);
		above = canonical(r, parent);
		if (above)
			strlist_addf(&r->implicit, "%s%s%s", strcmp(above, ".") ? above : "",
				     strcmp(above, ".") ? "/" : "", base);
		return openat(parent, base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	n = errno == EEXIST ? readlinkat(parent, base, text, sizeof(text) - 1) : -1;
	if (n <= 0)
		return err_sys(err, "mkdir %s", path);
	if (links > LINKS_MAX)
		return err_errno(err, ELOOP, "mkdir %s", path);
	text[n] = '\0';
	above = canonical(r, parent);
	target = text[0] == '/' ? xstrdup(text) : xasprintf("%s/%s", above ? above : ".", text);
	return open_dir(r, target, links + 1, err);
}

/* The directory at `path` beneath the root (O_PATH), made where it is missing. */
static int open_dir(struct layer_root *r, const char *path, unsigned links, struct err *err)
{
	int fd = kern_path_open(r->fd, path, O_PATH | O_DIRECTORY, 0, 0, err);
	AUTO_FREE char *dir = NULL, *copy = NULL;
	AUTO_CLOSE int parent = -1;
	const char *base;

	if (fd >= 0 || err->errnum != ENOENT)
		return fd;
	copy = xstrdup(path);
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';)
		copy[--n] = '\0';
	dir = layer_dir_part(copy, &base);
	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return -1;
	parent = open_dir(r, *dir ? dir : "/", links, err);
	if (parent < 0)
		return -1;
	return make_dir(r, parent, copy, base, links, err);
}

int layer_parent(struct layer_root *r, const char *path, const char **base, struct err *err)
{
	AUTO_FREE char *dir = layer_dir_part(path, base);

	if (r->parent_path && !strcmp(r->parent_path, dir))
		return r->parent_fd;
	layer_forget_parent(r);
	r->parent_fd = open_dir(r, dir, 0, err);
	if (r->parent_fd < 0)
		return -1;
	r->parent_path = steal_ptr(&dir);
	return r->parent_fd;
}

/* --- the end ------------------------------------------------------------------------------------------ */

void layer_remember_dir(struct layer_root *r, const char *path, const struct tar_entry *e)
{
	if (r->n_dirs == r->cap_dirs) {
		r->cap_dirs = r->cap_dirs ? r->cap_dirs * 2 : 64;
		r->dirs = xrealloc(r->dirs, r->cap_dirs * sizeof(*r->dirs));
	}
	r->dirs[r->n_dirs++] = (struct layer_dir){ xstrdup(path), e->mtime, e->atime };
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Take from `implicit` what an entry named after all. */
static void subtract(struct strlist *implicit, struct strlist *named)
{
	size_t kept = 0;

	if (!named->n)
		return;
	qsort(named->v, named->n, sizeof(*named->v), by_text);
	for (size_t i = 0; i < implicit->n; i++) {
		if (bsearch(&implicit->v[i], named->v, named->n, sizeof(*named->v), by_text))
			free(implicit->v[i]);
		else
			implicit->v[kept++] = implicit->v[i];
	}
	implicit->n = kept;
	implicit->v[kept] = NULL;
}

int layer_finish(struct layer_root *r, struct err *err)
{
	AUTO_STRLIST struct strlist named = STRLIST_INIT;

	for (size_t i = 0; i < r->n_dirs; i++) {
		struct err ignored; /* a later entry may have put something else there */
		AUTO_CLOSE int fd = kern_path_open(r->fd, r->dirs[i].path,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0,
						   &ignored);
		struct timespec times[2] = { r->dirs[i].atime, r->dirs[i].mtime };
		AUTO_FREE char *path = NULL;

		if (fd < 0)
			continue;
		if (futimens(fd, times))
			return err_sys(err, "set the time of %s", r->dirs[i].path);
		path = canonical(r, fd);
		if (path)
			strlist_add(&named, path);
	}
	subtract(&r->implicit, &named);
	return 0;
}
