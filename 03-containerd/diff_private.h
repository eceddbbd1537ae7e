/*
 * diff_private.h - what the pages of diff.h share.
 */
#ifndef DOCKYARD_CTRD_DIFF_PRIVATE_H
#define DOCKYARD_CTRD_DIFF_PRIVATE_H

#include <sys/stat.h>

#include "diff.h"

/* --- diff_walk.c ---------------------------------------------------------------------- */

struct diff_change {
	const char *path; /* "etc/passwd"; "." is the root */
	enum ctrd_change_kind kind;
	bool same;        /* a directory that is as it was, on the way to one that is not */
	bool late;        /* a directory that is told if something in it is */
	bool opaque;      /* a directory that shows nothing of the one below it */
	int dir;          /* where it is in the upper tree, and called what; not if deleted */
	const char *name;
	struct stat st;
};

struct diff_trees {
	int lower, upper;  /* lower: -1 for none */
	bool overlay;      /* the upper one is overlayfs's own directory, else a whole tree */
	bool whole_deletes; /* an opaque directory is told as such, else by what it hides */
	const struct strlist *without; /* as in struct ctrd_diff */
	int (*visit)(void *arg, const struct diff_change *c, struct err *err);
	void *arg;
};
/* ERR_UNSUPPORTED when the upper directory has what only a mount can read (a redirect, or a
 * file without its data): compare the whole trees then. */
int diff_walk(const struct diff_trees *t, struct err *err);

/* --- diff_xattr.c ----------------------------------------------------------------------- */

struct xattr_list {
	struct ctrd_xattr *v; /* sorted by name */
	size_t n;
};
/* Those of a file, not followed, without overlayfs's and the machine's own. A file that is
 * gone has none. */
int xattrs_read(int dir, const char *name, struct xattr_list *l, struct err *err);
void xattrs_release(struct xattr_list *l);
bool xattrs_equal(const struct xattr_list *a, const struct xattr_list *b);
/* overlayfs's mark `what` ("opaque", "redirect"), in either of its two spellings. */
bool xattr_overlay(int dir, const char *name, const char *what);

/* --- diff_layer.c ------------------------------------------------------------------------- */

struct layer_writer;
struct layer_writer *layer_writer_new(const struct ctrd_sink *out, const struct ctrd_diff *d);
void layer_writer_free(struct layer_writer *w);
/* A visitor for diff_walk: the change as an entry of the archive. */
int layer_writer_visit(void *w, const struct diff_change *c, struct err *err);

#endif
