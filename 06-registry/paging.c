/*
 * paging.c - see paging.h.
 */
#include "paging.h"

struct reg_page reg_page_after(const struct strlist *all, int (*compare)(const char *, const char *),
			       const char *last, size_t count)
{
	struct reg_page page = { 0, all->n };

	while (last && page.from < all->n && compare(all->v[page.from], last) <= 0)
		page.from++;
	if (all->n - page.from > count)
		page.to = page.from + count;
	return page;
}
