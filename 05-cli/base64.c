/*
 * base64.c - RFC 4648; see auth.h.
 */
#include <string.h>

#include "auth.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";

static char digit(unsigned value, bool url)
{
	return alphabet[value + (url && value > 61 ? 2 : 0)];
}

char *cli_base64(const char *data, size_t n, bool url)
{
	const unsigned char *p = (const unsigned char *)data;
	struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, n / 3 * 4 + 4);
	for (size_t i = 0; i < n; i += 3) {
		unsigned left = (unsigned)(n - i);
		unsigned bits = p[i] << 16 | (left > 1 ? p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
		strbuf_addc(&sb, digit(bits >> 18, url));
		strbuf_addc(&sb, digit(bits >> 12 & 63, url));
		strbuf_addc(&sb, left > 1 ? digit(bits >> 6 & 63, url) : '=');
		strbuf_addc(&sb, left > 2 ? digit(bits & 63, url) : '=');
	}
	return strbuf_steal(&sb);
}

char *cli_base64_decode(const char *text, size_t *n)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned bits = 0, held = 0;

	for (const char *c = text; *c && *c != '='; c++) {
		const char *at = strchr(alphabet, *c);
		if (!at) {
			strbuf_free(&sb);
			return NULL;
		}
		unsigned value = (unsigned)(at - alphabet);
		bits = bits << 6 | (value > 63 ? value - 2 : value);
		held += 6;
		if (held >= 8) {
			held -= 8;
			strbuf_addc(&sb, (char)(bits >> held & 0xff));
		}
	}
	*n = sb.len;
	return strbuf_steal(&sb);
}
