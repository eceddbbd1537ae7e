/*
 * diff_layer.c - changes become the entries of a layer (OCI image-spec, layer.md; the
 * reverse of unpack_entry.c).
 *
 *     gone               an empty file .wh.NAME
 *     opaque directory   an empty file .wh..wh..opq in it, before all else in it
 *     a file's 2nd name  a hard link to the first one of this layer
 *
 * Sockets are left out: they mean nothing without the process that listens.
 */
#include "diff_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "tar_links.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct layer_writer {
	struct ctrd_sink out;
	bool clamp;
	int64_t epoch;
	struct ctrd_links links;
};

struct layer_writer *layer_writer_new(const struct ctrd_sink *out, const struct ctrd_diff *d)
{
	struct layer_writer *w = xcalloc(1, sizeof(*w));

	*w = (struct layer_writer){ .out = *out, .clamp = d->clamp, .epoch = d->epoch };
	return w;
}

void layer_writer_free(struct layer_writer *w)
{
	ctrd_links_free(&w->links);
	free(w);
}

/* --- entries ----------------------------------------------------------------------------- */

static void fill(const struct layer_writer *w, struct ctrd_tar_entry *e, const struct stat *st)
{
	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime = st->st_mtim;
	if (w->clamp && e->mtime.tv_sec >= w->epoch)
		e->mtime = (struct timespec){ w->epoch, 0 };
}

static int empty_file(struct layer_writer *w, const char *path, struct err *err)
{
	struct ctrd_tar_entry e = { .type = REGTYPE, .path = path };

	return ctrd_tar_header(&w->out, &e, err);
}

static int whiteout(struct layer_writer *w, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash + 1 - path) : 0;
	AUTO_FREE char *name = xasprintf("%.*s" WHITEOUT "%s", dir, path, path + dir);

	return empty_file(w, name, err);
}

/* With its extended attributes, then its data. */
static int write_entry(struct layer_writer *w, const struct diff_change *c,
		       struct ctrd_tar_entry *e, int fd, struct err *err)
{
	struct xattr_list x;
	int rc;

	if (xattrs_read(c->dir, c->name, &x, err))
		return -1;
	e->xattrs = x.v;
	e->n_xattrs = x.n;
	rc = ctrd_tar_header(&w->out, e, err);
	xattrs_release(&x);
	if (!rc && fd >= 0)
		rc = ctrd_tar_data(&w->out, fd, e->size, err);
	if (!rc)
		ctrd_links_add(&w->links, &c->st, c->path);
	return rc;
}

static int file(struct layer_writer *w, const struct diff_change *c, struct ctrd_tar_entry *e,
		struct err *err)
{
	AUTO_CLOSE int fd = openat(c->dir, c->name,
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : err_sys(err, "open");
	if (fstat(fd, &st))
		return err_sys(err, "stat");
	if (!S_ISREG(st.st_mode))
		return 0; /* replaced just now */
	fill(w, e, &st);
	e->size = (uint64_t)st.st_size;
	return write_entry(w, c, e, fd, err);
}

static int directory(struct layer_writer *w, const struct diff_change *c,
		     struct ctrd_tar_entry *e, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/", c->path);
	AUTO_FREE char *opaque = xasprintf("%s" OPAQUE, path);
	struct diff_change once = *c;

	e->path = path;
	once.st.st_nlink = 1; /* a directory's links are not names */
	if (write_entry(w, &once, e, -1, err))
		return -1;
	return c->opaque ? empty_file(w, opaque, err) : 0;
}

static int symlink_entry(struct layer_writer *w, const struct diff_change *c,
			 struct ctrd_tar_entry *e, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(c->dir, c->name, target, sizeof(target) - 1);

	if (n < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : err_sys(err, "read the link");
	target[n] = '\0';
	e->link = target;
	return write_entry(w, c, e, -1, err);
}

static int special(struct layer_writer *w, const struct diff_change *c, struct ctrd_tar_entry *e,
		   struct err *err)
{
	e->type = S_ISFIFO(c->st.st_mode) ? FIFOTYPE : S_ISCHR(c->st.st_mode) ? CHRTYPE : BLKTYPE;
	if (e->type != FIFOTYPE) {
		e->major = major(c->st.st_rdev);
		e->minor = minor(c->st.st_rdev);
	}
	return write_entry(w, c, e, -1, err);
}

static int write_change(struct layer_writer *w, const struct diff_change *c, struct err *err)
{
	struct ctrd_tar_entry e = { .type = REGTYPE, .path = c->path };
	const char *first = S_ISDIR(c->st.st_mode) ? NULL : ctrd_links_first(&w->links, &c->st);

	fill(w, &e, &c->st);
	if (first) {
		e.type = LNKTYPE;
		e.link = first;
		return ctrd_tar_header(&w->out, &e, err);
	}
	switch (c->st.st_mode & S_IFMT) {
	case S_IFREG:
		return file(w, c, &e, err);
	case S_IFDIR:
		e.type = DIRTYPE;
		return directory(w, c, &e, err);
	case S_IFLNK:
		e.type = SYMTYPE;
		return symlink_entry(w, c, &e, err);
	case S_IFSOCK:
		return 0;
	default:
		return special(w, c, &e, err);
	}
}

int layer_writer_visit(void *arg, const struct diff_change *c, struct err *err)
{
	struct layer_writer *w = arg;

	if (c->same && !strcmp(c->path, "."))
		return 0;
	if (c->kind == CTRD_DELETED)
		return whiteout(w, c->path, err);
	if (str_starts(c->name, WHITEOUT)) {
		/* In a layer this name means another file's absence (layer.md, "Whiteouts"). */
		log_warn("diff: %s: no layer can hold a file of such a name", c->path);
		return 0;
	}
	return write_change(w, c, err) ? err_wrap(err, "%s", c->path) : 0;
}
