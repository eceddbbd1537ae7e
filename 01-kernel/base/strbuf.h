/*
 * strbuf.h - a string that grows, and allocation that does not fail.
 *
 * `data` is always NUL-terminated and never NULL after strbuf_init or the
 * first call on a zeroed struct (STRBUF_INIT); `len` does not count the NUL.
 * Allocation failure ends the process: with overcommit the kernel's OOM killer
 * acts long before malloc returns NULL, so there is no path worth writing.
 */
#ifndef DOCKYARD_STRBUF_H
#define DOCKYARD_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

#include "cleanup.h"

struct strbuf {
	char *data;
	size_t len;
	size_t cap;
};

#define STRBUF_INIT { NULL, 0, 0 }

void strbuf_add(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);
/* Text from elsewhere that a person will see: what steers a terminal is shown (\x1b) and not sent;
 * but for the characters in `keep` ("\n\t"). */
void strbuf_add_plain(struct strbuf *sb, const char *text, const char *keep);
void strbuf_reserve(struct strbuf *sb, size_t more); /* room for `more` bytes and a NUL */
void strbuf_clear(struct strbuf *sb);                /* empty, keep the memory */
void strbuf_free(struct strbuf *sb);
char *strbuf_steal(struct strbuf *sb); /* the caller frees; sb is empty again; never NULL */

#define AUTO_STRBUF AUTO(strbuf_free)

/* malloc and friends that end the process instead of returning NULL. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A list of strings, ready for execve: v[n] is always NULL once n > 0.
 * The list owns its strings. */
struct strlist {
	char **v;
	size_t n;
	size_t cap;
};

#define STRLIST_INIT { NULL, 0, 0 }

void strlist_add(struct strlist *l, const char *s);
void strlist_addf(struct strlist *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* By the bytes of the strings. */
void strlist_sort(struct strlist *l);
void strlist_free(struct strlist *l);

#define AUTO_STRLIST AUTO(strlist_free)

/* Does s begin / end with the given part? */
int str_starts(const char *s, const char *prefix);
int str_ends(const char *s, const char *suffix);

#endif
