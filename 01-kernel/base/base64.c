/*
 * base64.c - see base64.h.
 */
#include "base64.h"

#include <string.h>

#include "strbuf.h"

#define COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Three bytes are four digits; where the last ones lack bytes, "=" stands for a digit. */
static char *encode(const unsigned char *in, size_t n, const char *digits)
{
	char *text = xmalloc((n + 2) / 3 * 4 + 1), *out = text;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned bits = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
				(left > 2 ? in[i + 2] : 0);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[bits & 63] : '=';
	}
	*out = '\0';
	return text;
}

char *base64_encode(const void *bytes, size_t n)
{
	return encode(bytes, n, COMMON "+/");
}

char *base64_encode_url(const void *bytes, size_t n)
{
	return encode(bytes, n, COMMON "-_");
}

/* -1: no digit. */
static int value_of(char c)
{
	static const char digits[] = COMMON "+/-_";
	const char *at = c ? strchr(digits, c) : NULL;
	int value = at ? (int)(at - digits) : -1;

	return value > 63 ? value - 2 : value; /* "-_" are "+/" */
}

char *base64_decode(const char *code, size_t n, size_t *len)
{
	AUTO_FREE char *bytes = xmalloc(n / 4 * 3 + 4);
	unsigned bits = 0, held = 0;

	*len = 0;
	while (n && code[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int value = value_of(code[i]);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (unsigned)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[(*len)++] = (char)(bits >> held);
		}
	}
	bytes[*len] = '\0';
	return steal_ptr(&bytes);
}
