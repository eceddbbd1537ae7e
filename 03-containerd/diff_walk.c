/*
 * diff_walk.c - two trees side by side: what is new, other or gone (diff_private.h).
 *
 * Both are walked by descriptors, a directory at a time, names in the order of their bytes.
 * A directory above a change is told before it, even if it is the same: whoever unpacks a
 * layer by itself must know what that directory looks like. A container may be at work in
 * the upper tree: what vanishes between two looks was not there.
 */
#include "diff_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"

#define DEPTH_MAX 400 /* two descriptors for each level */
#define COMPARE_BLOCK (64u << 10)

/* A directory on the way down. */
struct frame {
	struct frame *up;
	struct diff_change c;
	int lower, upper; /* open; lower -1: nothing below */
	bool hidden;      /* the lower one is not seen through the upper one */
	bool told;
	unsigned depth;
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && !st->st_rdev;
}

/* --- looking --------------------------------------------------------------------------- */

static int list(int fd, struct strlist *names, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = own < 0 ? NULL : fdopendir(own);

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "list a directory");
	for (struct dirent *de; (de = readdir(dir));)
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			strlist_add(names, de->d_name);
	strlist_sort(names);
	return 0;
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What the lower tree has under this name; a whiteout there is nothing. */
static bool look_below(const struct frame *f, const char *name, struct stat *st)
{
	return f->lower >= 0 && !fstatat(f->lower, name, st, AT_SYMLINK_NOFOLLOW) &&
	       !is_whiteout(st);
}

/* --- comparing --------------------------------------------------------------------------- */

static int same_xattrs(int a, int b, const char *name, bool *same, struct err *err)
{
	struct xattr_list x, y;

	if (xattrs_read(a, name, &x, err))
		return -1;
	if (xattrs_read(b, name, &y, err)) {
		xattrs_release(&x);
		return -1;
	}
	*same = xattrs_equal(&x, &y);
	xattrs_release(&x);
	xattrs_release(&y);
	return 0;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_rdev == b->st_rdev && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       (S_ISDIR(a->st_mode) || a->st_size == b->st_size);
}

static bool same_link(int a, int b, const char *name)
{
	char x[PATH_MAX], y[PATH_MAX];
	ssize_t n = readlinkat(a, name, x, sizeof(x)), m = readlinkat(b, name, y, sizeof(y));

	return n >= 0 && n == m && !memcmp(x, y, (size_t)n);
}

static bool same_bytes(int a, int b, const char *name)
{
	AUTO_CLOSE int x = openat(a, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_CLOSE int y = openat(b, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FREE char *buf = xmalloc(2 * COMPARE_BLOCK);
	ssize_t n = x < 0 || y < 0 ? -1 : 0, m = n;

	do {
		if (n < 0 || n != m || memcmp(buf, buf + COMPARE_BLOCK, (size_t)n))
			return false;
		n = io_read_full(x, buf, COMPARE_BLOCK);
		m = io_read_full(y, buf + COMPARE_BLOCK, COMPARE_BLOCK);
	} while (n > 0 || m > 0);
	return n == 0;
}

/* Is it the same file? As real containerd does it, equal times are believed if they have
 * fractions of a second; archives and build tools often set whole seconds. */
static int same_file(const struct frame *f, const char *name, const struct stat *a,
		     const struct stat *b, bool *same, struct err *err)
{
	*same = same_stat(a, b) && (!S_ISLNK(a->st_mode) || same_link(f->lower, f->upper, name)) &&
		(!S_ISREG(a->st_mode) || a->st_mtim.tv_nsec ||
		 same_bytes(f->lower, f->upper, name));
	return *same ? same_xattrs(f->lower, f->upper, name, same, err) : 0;
}

/* --- what is left out -------------------------------------------------------------------- */

static bool is_left_out(const struct diff_trees *t, const char *path)
{
	for (size_t i = 0; t->without && i < t->without->n; i++)
		if (!strcmp(t->without->v[i] + 1, path))
			return true;
	return false;
}

static bool holds_left_out(const struct diff_trees *t, const char *path)
{
	size_t n = strcmp(path, ".") ? strlen(path) : 0;

	for (size_t i = 0; t->without && i < t->without->n; i++) {
		const char *one = t->without->v[i] + 1, *slash = strrchr(one, '/');

		if ((slash ? (size_t)(slash - one) : 0) == n && !strncmp(one, path, n))
			return true;
	}
	return false;
}

/* Whether whoever made what is left out explains all that is new about the directory c, which was `lo`, or was not. */
static bool is_late(const struct diff_trees *t, int lower, const struct diff_change *c, const struct stat *lo)
{
	struct stat was = lo ? *lo : c->st;
	bool same = true;
	struct err ignored;

	was.st_mtim = c->st.st_mtim;
	return holds_left_out(t, c->path) && same_stat(&was, &c->st) &&
	       (!lo || (!same_xattrs(lower, c->dir, c->name, &same, &ignored) && same));
}

/* --- telling ------------------------------------------------------------------------------- */

static int tell_frame(const struct diff_trees *t, struct frame *f, struct err *err)
{
	if (!f || f->told)
		return 0;
	f->told = true;
	return tell_frame(t, f->up, err) || t->visit(t->arg, &f->c, err) ? -1 : 0;
}

static int tell(const struct diff_trees *t, struct frame *f, const struct diff_change *c,
		struct err *err)
{
	return tell_frame(t, f, err) || t->visit(t->arg, c, err) ? -1 : 0;
}

static char *join(const struct frame *f, const char *name)
{
	return strcmp(f->c.path, ".") ? xasprintf("%s/%s", f->c.path, name) : xstrdup(name);
}

static int deleted(const struct diff_trees *t, struct frame *f, const char *name, struct err *err)
{
	AUTO_FREE char *path = join(f, name);
	struct diff_change c = { .path = path, .kind = CTRD_DELETED };

	return !is_left_out(t, path) && look_below(f, name, &c.st) ? tell(t, f, &c, err) : 0;
}

/* --- walking --------------------------------------------------------------------------------- */

static int walk(const struct diff_trees *t, struct frame *f, struct err *err);

static int into(const struct diff_trees *t, struct frame *up, const struct diff_change *c,
		bool below, struct err *err)
{
	bool cut = c->opaque && t->whole_deletes;
	AUTO_CLOSE int upper = open_dir(up->upper, c->name);
	AUTO_CLOSE int lower = below && !cut ? open_dir(up->lower, c->name) : -1;
	struct frame f = { .up = up, .c = *c, .lower = lower, .upper = upper,
			   .hidden = up->hidden || c->opaque, .depth = up->depth + 1 };

	if (upper < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0 : err_sys(err, "open %s", c->path);
	if (f.depth > DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED, "%.200s...: directories nested more than %d deep",
			       c->path, DEPTH_MAX);
	if (((!c->same && !c->late) || c->opaque) && tell_frame(t, &f, err))
		return -1;
	return walk(t, &f, err);
}

/* Is it overlayfs's word for "nothing here"? Or does it take overlayfs to read it at all? */
static int overlay_marks(const struct frame *f, const struct diff_change *c, bool *gone,
			 struct err *err)
{
	bool file = S_ISREG(c->st.st_mode), dir = S_ISDIR(c->st.st_mode);

	*gone = is_whiteout(&c->st) ||
		(file && !c->st.st_size && xattr_overlay(f->upper, c->name, "whiteout"));
	if ((file && xattr_overlay(f->upper, c->name, "metacopy")) ||
	    (dir && xattr_overlay(f->upper, c->name, "redirect")))
		return err_set(err, ERR_UNSUPPORTED, "%s is kept as a reference to a lower layer",
			       c->path);
	return 0;
}

static int entry(const struct diff_trees *t, struct frame *f, const char *name, struct err *err)
{
	AUTO_FREE char *path = join(f, name);
	struct diff_change c = { .path = path, .dir = f->upper, .name = name };
	bool below, gone = false, same = false;
	struct stat lo;

	if (is_left_out(t, path))
		return 0;
	if (fstatat(f->upper, name, &c.st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, "stat %s", path);
	if (t->overlay && overlay_marks(f, &c, &gone, err))
		return -1;
	if (gone)
		return deleted(t, f, name, err);
	below = look_below(f, name, &lo);
	c.kind = below ? CTRD_MODIFIED : CTRD_ADDED;
	if (!S_ISDIR(c.st.st_mode)) {
		/* In an upper directory a file is only if it was changed. */
		if (below && !t->overlay && same_file(f, name, &lo, &c.st, &same, err))
			return -1;
		return same ? 0 : tell(t, f, &c, err);
	}
	below = below && S_ISDIR(lo.st_mode);
	if (below && same_stat(&lo, &c.st) &&
	    same_xattrs(f->lower, f->upper, name, &c.same, err))
		return -1;
	c.late = !c.same && is_late(t, f->lower, &c, below ? &lo : NULL);
	c.opaque = below && t->overlay && !f->hidden && xattr_overlay(f->upper, name, "opaque");
	return into(t, f, &c, below, err);
}

static int walk(const struct diff_trees *t, struct frame *f, struct err *err)
{
	AUTO_STRLIST struct strlist above = STRLIST_INIT, below = STRLIST_INIT;
	bool compare = f->lower >= 0 && (!t->overlay || f->hidden);

	if (list(f->upper, &above, err) || (compare && list(f->lower, &below, err)))
		return err_wrap(err, "%s", f->c.path);
	for (size_t i = 0, k = 0; i < above.n || k < below.n;) {
		int order = i == above.n ? 1 : k == below.n ? -1 : strcmp(above.v[i], below.v[k]);

		if (order > 0 ? deleted(t, f, below.v[k++], err) : entry(t, f, above.v[i++], err))
			return -1;
		k += order == 0;
	}
	return 0;
}

int diff_walk(const struct diff_trees *t, struct err *err)
{
	struct frame root = { .c = { .path = ".", .dir = t->upper, .name = "." },
			      .lower = t->lower, .upper = t->upper };
	struct stat lo;

	if (fstat(t->upper, &root.c.st) || (t->lower >= 0 && fstat(t->lower, &lo)))
		return err_sys(err, "stat a tree's root");
	root.c.kind = t->lower >= 0 ? CTRD_MODIFIED : CTRD_ADDED;
	if (t->lower >= 0 && same_stat(&lo, &root.c.st) &&
	    same_xattrs(t->lower, t->upper, ".", &root.c.same, err))
		return -1;
	root.c.late = !root.c.same && is_late(t, t->lower, &root.c, t->lower >= 0 ? &lo : NULL);
	if (!root.c.same && !root.c.late && tell_frame(t, &root, err))
		return -1;
	return walk(t, &root, err);
}
