/*
 * base64.h - RFC 4648, over libcrypto: the plain alphabet of Basic credentials, and the one for
 * URLs, without padding, of tokens.
 */
#ifndef DOCKYARD_REG_BASE64_H
#define DOCKYARD_REG_BASE64_H

#include <stdbool.h>

#include "01-kernel/base/strbuf.h"

/* The caller frees. */
char *reg_base64url(const void *bytes, size_t n);

/* Of the first n characters; in either alphabet, with padding or without. The text that they
 * stand for, NUL-terminated; NULL where they are no base64, or a NUL is in it. The caller frees. */
char *reg_base64_text(const char *code, size_t n);

#endif
