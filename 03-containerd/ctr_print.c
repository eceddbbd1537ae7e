/*
 * ctr_print.c - tables, aligned (ctr.h).
 */
#include "ctr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 8

void ctr_table_row(struct ctr_table *t, ...)
{
	va_list ap;

	va_start(ap, t);
	for (size_t i = 0; i < t->columns; i++) {
		AUTO_STRBUF struct strbuf cell = STRBUF_INIT;
		strbuf_add_plain(&cell, va_arg(ap, const char *), "");
		strlist_add(&t->cells, cell.data);
	}
	va_end(ap);
}

void ctr_table_print(struct ctr_table *t)
{
	size_t width[COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < t->cells.n; i++)
		if (strlen(t->cells.v[i]) > width[i % t->columns])
			width[i % t->columns] = strlen(t->cells.v[i]);
	for (size_t i = 0; i < t->cells.n; i++) {
		bool last = i % t->columns == t->columns - 1;

		printf("%-*s%s", last ? 0 : (int)width[i % t->columns] + 2, t->cells.v[i],
		       last ? "\n" : "");
	}
	strlist_free(&t->cells);
}

char *ctr_size(json_int_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t u = 0;

	while (n >= 1024 && u < 4) {
		n /= 1024;
		u++;
	}
	return u ? xasprintf("%.1f %s", n, units[u]) : xasprintf("%lld B", (long long)bytes);
}
