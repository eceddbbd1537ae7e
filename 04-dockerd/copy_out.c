/*
 * copy_out.c - see copy.h: what is there, and its archive.
 *
 * After the first look only names of single components are opened, none is followed, and
 * each from the descriptor of the directory that has it. What the container changes meanwhile
 * makes an entry lacking, never another file's.
 */
#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/path.h"
#include "03-containerd/tar_links.h"
#include "container_root.h"
#include "mounts.h"

#define DEPTH_MAX 400
#define CAPABILITY "security.capability"
#define CAPABILITY_MAX 64

/* --- looking ------------------------------------------------------------------------------- */

void copy_source_free(struct copy_source *s)
{
	if (s->parent >= 0)
		close(s->parent);
	free(s->name);
	free(s->shown);
	free(s->path);
	free(s->link);
}

/* Where the link leads in the end, as the kernel resolves it; a dangling one as it is written. */
static char *link_target(int root, const struct copy_source *s)
{
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, s->path, O_PATH, 0, 0, &ignored);
	char proc[KERN_PATH_PROC_SIZE], text[PATH_MAX], top[PATH_MAX];
	AUTO_FREE char *joined = NULL;
	ssize_t n, m;

	if (fd >= 0 && (n = readlink(kern_path_proc(fd, proc), text, sizeof text - 1)) > 0 &&
	    (m = readlink(kern_path_proc(root, proc), top, sizeof top - 1)) > 0) {
		text[n] = top[m] = '\0';
		if (m == 1)
			return xstrdup(text);
		if (str_starts(text, top) && text[m] == '/')
			return xstrdup(text + m);
	}
	n = readlinkat(s->parent, s->name, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	joined = *text == '/' ? xstrdup(text) : xasprintf("%s/../%s", s->path, text);
	return dockerd_root_clean(joined);
}

/* What it is called in the archive: "x" of "/x" and "/x/", "." of "/x/.". New. */
static char *base_of(const char *path)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	return end ? xstrndup(path + start, end - start) : xstrdup("/");
}

int copy_find(int root, const char *path, struct copy_source *s, struct err *err)
{
	char *slash;

	*s = (struct copy_source){ .parent = -1, .path = dockerd_root_clean(path) };
	slash = strrchr(s->path, '/');
	s->shown = base_of(path);
	if (!slash[1] || !strcmp(slash, "/.")) { /* a directory, and to be followed */
		s->parent = kern_path_open(root, s->path, O_RDONLY | O_DIRECTORY, 0, 0, err);
		s->name = xstrdup(".");
		if (s->parent < 0 && err->errnum == ENOTDIR)
			return err_set(err, ERR_INVALID, "%s: not a directory", s->path);
	} else {
		AUTO_FREE char *dir = xstrndup(s->path, (size_t)(slash - s->path));

		s->parent = kern_path_open(root, *dir ? dir : "/", O_PATH | O_DIRECTORY, 0, 0, err);
		s->name = xstrdup(slash + 1);
	}
	if (s->parent < 0)
		return err->errnum == ENOTDIR ? err_set(err, ERR_NOT_FOUND, "not a directory") : -1;
	if (fstatat(s->parent, s->name, &s->st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", s->path);
	s->link = S_ISLNK(s->st.st_mode) ? link_target(root, s) : xstrdup("");
	return 0;
}

/* The bits of Go's os.FileMode, which are not the kernel's. */
static json_int_t go_mode(mode_t mode)
{
	static const struct {
		mode_t kernel;
		unsigned bit;
	} kinds[] = { { S_IFDIR, 31 }, { S_IFLNK, 27 }, { S_IFBLK, 26 }, { S_IFIFO, 25 },
		      { S_IFSOCK, 24 } };
	json_int_t out = mode & 0777;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((mode & S_IFMT) == kinds[i].kernel)
			out |= (json_int_t)1 << kinds[i].bit;
	if (S_ISCHR(mode))
		out |= (json_int_t)1 << 26 | (json_int_t)1 << 21;
	out |= mode & S_ISUID ? (json_int_t)1 << 23 : 0;
	out |= mode & S_ISGID ? (json_int_t)1 << 22 : 0;
	return out | (mode & S_ISVTX ? (json_int_t)1 << 20 : 0);
}

json_t *copy_stat(const struct copy_source *s)
{
	char text[64];
	struct tm tm;
	size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S",
			    gmtime_r(&s->st.st_mtim.tv_sec, &tm));

	snprintf(text + n, sizeof text - n, ".%09ldZ", s->st.st_mtim.tv_nsec);
	return json_pack("{s:s, s:I, s:I, s:s, s:s}", "name", s->shown, "size",
			 (json_int_t)s->st.st_size, "mode", go_mode(s->st.st_mode), "mtime", text,
			 "linkTarget", s->link);
}

/* --- writing ------------------------------------------------------------------------------- */

struct walk {
	const struct ctrd_sink *out;
	const json_t *mounts;
	struct strbuf at;   /* the path in the container of the directory at hand */
	struct strbuf name; /* and in the archive */
	unsigned depth;
	unsigned long entries; /* headers written */
	struct ctrd_links links;
};

static int write_entry(struct walk *w, int dir, const char *name, const struct stat *st,
		       struct err *err);

static int write_children(struct walk *w, int fd, struct err *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	struct stat st;

	if (!dir)
		return err_sys(err, "open directory");
	if (w->depth >= DEPTH_MAX)
		return err_set(err, ERR_INVALID, "directories nested too deep");
	w->depth++;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    write_entry(w, fd, e->d_name, &st, err))
			return -1;
	w->depth--;
	return 0;
}

/* The header, with the one attribute that programs do not work without. */
static int header(struct walk *w, int fd, struct ctrd_tar_entry *e, struct err *err)
{
	char value[CAPABILITY_MAX], key[] = CAPABILITY;
	ssize_t n = fd < 0 ? -1 : fgetxattr(fd, key, value, sizeof value);
	struct ctrd_xattr x = { key, value, n > 0 ? (size_t)n : 0 };

	if (n > 0) {
		e->xattrs = &x;
		e->n_xattrs = 1;
	}
	w->entries++;
	return ctrd_tar_header(w->out, e, err);
}

static int write_file(struct walk *w, int dir, const char *name, struct ctrd_tar_entry *e,
		      struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0; /* gone, or another thing, just now */
	e->size = (uint64_t)st.st_size;
	return header(w, fd, e, err) || ctrd_tar_data(w->out, fd, e->size, err) ? -1 : 0;
}

static int write_dir(struct walk *w, int dir, const char *name, const struct stat *st,
		     struct ctrd_tar_entry *e, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE char *path = xasprintf("%s%s", w->name.data, str_ends(w->name.data, "/") ? "" : "/");
	struct stat parent;

	if (fd < 0)
		return 0;
	e->path = path;
	if (ctrd_tar_header(w->out, e, err))
		return -1;
	if (fstat(dir, &parent))
		return err_sys(err, "stat");
	if (parent.st_dev != st->st_dev && !dockerd_mounts_at(w->mounts, w->at.data))
		return 0;
	return write_children(w, fd, err);
}

static int write_link(struct walk *w, int dir, const char *name, struct ctrd_tar_entry *e,
		      struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n < 0)
		return 0;
	target[n] = '\0';
	e->link = target;
	return header(w, -1, e, err);
}

static int write_kind(struct walk *w, int dir, const char *name, const struct stat *st,
		      struct ctrd_tar_entry *e, struct err *err)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return write_file(w, dir, name, e, err);
	case S_IFDIR:
		e->type = DIRTYPE;
		return write_dir(w, dir, name, st, e, err);
	case S_IFLNK:
		e->type = SYMTYPE;
		return write_link(w, dir, name, e, err);
	case S_IFSOCK:
		return 0;
	default:
		e->type = S_ISFIFO(st->st_mode) ? FIFOTYPE : S_ISCHR(st->st_mode) ? CHRTYPE : BLKTYPE;
		e->major = major(st->st_rdev);
		e->minor = minor(st->st_rdev);
		return header(w, -1, e, err);
	}
}

static int write_one(struct walk *w, int dir, const char *name, const struct stat *st,
		     struct err *err)
{
	struct ctrd_tar_entry e = { .type = REGTYPE, .path = w->name.data,
				    .mode = st->st_mode & 07777, .uid = st->st_uid,
				    .gid = st->st_gid, .mtime = st->st_mtim };
	unsigned long before = w->entries;
	bool is_dir = S_ISDIR(st->st_mode);

	e.link = is_dir ? NULL : ctrd_links_first(&w->links, st);
	if (e.link) {
		e.type = LNKTYPE;
		return header(w, -1, &e, err);
	}
	if (write_kind(w, dir, name, st, &e, err))
		return -1;
	if (!is_dir && w->entries != before)
		ctrd_links_add(&w->links, st, w->name.data);
	return 0;
}

static void cut(struct strbuf *sb, size_t n)
{
	sb->len = n;
	sb->data[n] = '\0';
}

static void descend(struct strbuf *sb, const char *name)
{
	if (sb->len && sb->data[sb->len - 1] != '/')
		strbuf_addc(sb, '/');
	strbuf_adds(sb, name);
}

static int write_entry(struct walk *w, int dir, const char *name, const struct stat *st,
		       struct err *err)
{
	size_t at = w->at.len, shown = w->name.len;
	int rc;

	descend(&w->at, name);
	descend(&w->name, name);
	rc = write_one(w, dir, name, st, err);
	cut(&w->at, at);
	cut(&w->name, shown);
	return rc;
}

int copy_out(const struct copy_source *s, const json_t *mounts, const struct ctrd_sink *out,
	     struct err *err)
{
	struct walk w = { .out = out, .mounts = mounts };
	int rc;

	strbuf_adds(&w.at, s->path);
	if (str_ends(s->path, "/."))
		cut(&w.at, w.at.len - 2);
	strbuf_adds(&w.name, s->shown);
	rc = write_one(&w, s->parent, s->name, &s->st, err) || ctrd_tar_end(out, err) ? -1 : 0;
	ctrd_links_free(&w.links);
	strbuf_free(&w.at);
	strbuf_free(&w.name);
	return rc;
}
