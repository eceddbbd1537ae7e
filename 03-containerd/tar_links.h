/*
 * tar_links.h - a file with several names in an archive that goes out: the first name has its data, each
 * other one is a link to the first.
 */
#ifndef DOCKYARD_CTRD_TAR_LINKS_H
#define DOCKYARD_CTRD_TAR_LINKS_H

#include <sys/stat.h>

/* Zero before the first use. */
struct ctrd_links {
	void *tree; /* by device and inode */
	unsigned n;
};

void ctrd_links_free(struct ctrd_links *links);
/* The name under which the archive has this file already; NULL: none. */
const char *ctrd_links_first(const struct ctrd_links *links, const struct stat *st);
/* It was written as `path`. */
void ctrd_links_add(struct ctrd_links *links, const struct stat *st, const char *path);

#endif
