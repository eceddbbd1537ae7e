/*
 * paging.h - a long, sorted list in pages: of so many entries, each behind the last one of the page before.
 */
#ifndef DOCKYARD_REG_PAGING_H
#define DOCKYARD_REG_PAGING_H

#include "01-kernel/base/strbuf.h"

struct reg_page {
	size_t from, to; /* of the list */
};

/* `last` need not be in the list; NULL: the first page. */
struct reg_page reg_page_after(const struct strlist *all, int (*compare)(const char *, const char *),
			       const char *last, size_t count);

#endif
