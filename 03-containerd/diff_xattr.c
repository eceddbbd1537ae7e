/*
 * diff_xattr.c - extended attributes as layers carry them (diff_private.h).
 *
 * Not carried: what overlayfs notes for itself about one upper directory, and SELinux's
 * label, which says where a file lay on this machine and not what it is.
 */
#include "diff_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "01-kernel/base/strbuf.h"

#define XATTR_MAX (64u << 10) /* the kernel's XATTR_SIZE_MAX and XATTR_LIST_MAX */

static bool private_to_machine(const char *name)
{
	return str_starts(name, "trusted.overlay.") || str_starts(name, "user.overlay.") ||
	       !strcmp(name, "security.selinux");
}

/* The xattr calls have no *at forms: a path through the directory's descriptor. */
static char *path_of(int dir, const char *name)
{
	return xasprintf("/proc/self/fd/%d/%s", dir, name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ctrd_xattr *)a)->name, ((const struct ctrd_xattr *)b)->name);
}

static int add(struct xattr_list *l, const char *path, const char *name, struct err *err)
{
	AUTO_FREE char *value = xmalloc(XATTR_MAX);
	ssize_t n = lgetxattr(path, name, value, XATTR_MAX);

	if (n < 0)
		return errno == ENODATA || errno == ENOENT || errno == EOPNOTSUPP
			       ? 0 : err_sys(err, "read the extended attribute %.100s", name);
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = (struct ctrd_xattr){ xstrdup(name), xrealloc(steal_ptr(&value),
								     (size_t)n + 1), (size_t)n };
	return 0;
}

int xattrs_read(int dir, const char *name, struct xattr_list *l, struct err *err)
{
	AUTO_FREE char *path = path_of(dir, name), *names = NULL;
	ssize_t n = llistxattr(path, NULL, 0);

	*l = (struct xattr_list){ NULL, 0 };
	if (n <= 0) /* most files have none */
		return n < 0 && errno != ENOENT && errno != EOPNOTSUPP
			       ? err_sys(err, "list extended attributes") : 0;
	names = xmalloc(XATTR_MAX);
	n = llistxattr(path, names, XATTR_MAX);
	for (const char *p = names; p < names + n; p += strlen(p) + 1)
		if (!private_to_machine(p) && add(l, path, p, err)) {
			xattrs_release(l);
			return -1;
		}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	return 0;
}

void xattrs_release(struct xattr_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].value);
	}
	free(l->v);
	*l = (struct xattr_list){ NULL, 0 };
}

bool xattrs_equal(const struct xattr_list *a, const struct xattr_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].name, b->v[i].name) || a->v[i].size != b->v[i].size ||
		    memcmp(a->v[i].value, b->v[i].value, a->v[i].size))
			return false;
	return true;
}

bool xattr_overlay(int dir, const char *name, const char *what)
{
	AUTO_FREE char *path = path_of(dir, name);
	AUTO_FREE char *trusted = xasprintf("trusted.overlay.%s", what);
	AUTO_FREE char *user = xasprintf("user.overlay.%s", what);
	char value[256];
	ssize_t n = lgetxattr(path, trusted, value, sizeof(value));

	if (n < 0 && errno != ERANGE)
		n = lgetxattr(path, user, value, sizeof(value));
	/* "x" on a directory only says that there may be whiteouts of the new kind in it. */
	return (n >= 0 || errno == ERANGE) && !(n == 1 && *value == 'x');
}
