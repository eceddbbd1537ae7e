/*
 * strbuf.c - see strbuf.h. Capacity doubles, so adding n bytes one by one
 * costs O(n).
 */
#include "strbuf.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	return strbuf_steal(&sb);
}

void strbuf_reserve(struct strbuf *sb, size_t more)
{
	size_t need = sb->len + more + 1;

	if (need < more)
		checked(NULL);
	if (need <= sb->cap)
		return;
	sb->cap = need < 64 ? 64 : need > sb->cap * 2 ? need : sb->cap * 2;
	sb->data = xrealloc(sb->data, sb->cap);
	sb->data[sb->len] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t n)
{
	strbuf_reserve(sb, n);
	if (n)
		memcpy(sb->data + sb->len, bytes, n);
	sb->len += n;
	sb->data[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	strbuf_reserve(sb, (size_t)n);
	vsnprintf(sb->data + sb->len, (size_t)n + 1, fmt, ap);
	sb->len += (size_t)n;
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

/* ECMA-48's controls: C0, DEL, and C1, which is U+0080 to U+009F in UTF-8 (a terminal that does not
 * know UTF-8 takes the byte alone for one). */
void strbuf_add_plain(struct strbuf *sb, const char *text, const char *keep)
{
	strbuf_reserve(sb, strlen(text));
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		bool continued = c > (const unsigned char *)text && c[-1] >= 0x80 && (*c & 0xc0) == 0x80;
		if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			strbuf_addf(sb, "\\u%04x", *++c);
		else if (((*c < 0x20 || *c == 0x7f) && !strchr(keep, *c)) || (*c >= 0x80 && *c < 0xa0 && !continued))
			strbuf_addf(sb, "\\x%02x", *c);
		else
			strbuf_addc(sb, (char)*c);
	}
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	if (sb->data)
		sb->data[0] = '\0';
}

void strbuf_free(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf)STRBUF_INIT;
}

char *strbuf_steal(struct strbuf *sb)
{
	char *s;

	strbuf_reserve(sb, 0);
	s = sb->data;
	*sb = (struct strbuf)STRBUF_INIT;
	return s;
}

static void strlist_push(struct strlist *l, char *owned)
{
	if (l->n + 2 > l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = xrealloc(l->v, l->cap * sizeof *l->v);
	}
	l->v[l->n++] = owned;
	l->v[l->n] = NULL;
}

void strlist_add(struct strlist *l, const char *s)
{
	strlist_push(l, xstrdup(s));
}

void strlist_addf(struct strlist *l, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	strlist_push(l, strbuf_steal(&sb));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strlist_sort(struct strlist *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_bytes);
}

void strlist_free(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strlist)STRLIST_INIT;
}

int str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

int str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}
