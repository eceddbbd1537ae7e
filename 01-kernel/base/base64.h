/*
 * base64.h - bytes as text (RFC 4648): logins in headers, secrets, tokens.
 */
#ifndef DOCKYARD_BASE64_H
#define DOCKYARD_BASE64_H

#include <stddef.h>

/* Padded; the plain alphabet (section 4). The caller frees. */
char *base64_encode(const void *bytes, size_t n);
/* The same with "-_" in place of "+/", for URLs and file names (section 5). */
char *base64_encode_url(const void *bytes, size_t n);

/* The first n characters, in either alphabet, with padding or without: the bytes, a NUL after them, and how many in
 * *len. NULL: it is no base64. The caller frees. */
char *base64_decode(const char *code, size_t n, size_t *len);

#endif
