/*
 * tar_links.c - see tar_links.h.
 */
#include "tar_links.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

/* Whoever owns the files can make any number of such; past these a second name is a second file. */
#define LINKS_MAX 262144

struct link {
	dev_t dev;
	ino_t ino;
	char path[];
};

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

void ctrd_links_free(struct ctrd_links *links)
{
	tdestroy(links->tree, free);
}

const char *ctrd_links_first(const struct ctrd_links *links, const struct stat *st)
{
	struct link key = { .dev = st->st_dev, .ino = st->st_ino };
	struct link *const *found = st->st_nlink > 1 ? tfind(&key, &links->tree, by_inode) : NULL;

	return found ? (*found)->path : NULL;
}

void ctrd_links_add(struct ctrd_links *links, const struct stat *st, const char *path)
{
	struct link *l;

	if (st->st_nlink < 2 || links->n == LINKS_MAX)
		return;
	links->n++;
	l = xcalloc(1, sizeof(*l) + strlen(path) + 1);
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	strcpy(l->path, path);
	tsearch(l, &links->tree, by_inode);
}
