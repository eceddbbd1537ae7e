/*
 * base64.c - see base64.h.
 */
#include "base64.h"

#include <openssl/evp.h>
#include <string.h>

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static void exchange(char *s, char from, char to)
{
	for (; *s; s++)
		if (*s == from)
			*s = to;
}

char *reg_base64url(const void *bytes, size_t n)
{
	char *code = xmalloc(n * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)code, bytes, (int)n);
	code[strcspn(code, "=")] = '\0';
	exchange(code, '+', '-');
	exchange(code, '/', '_');
	return code;
}

char *reg_base64_text(const char *code, size_t n)
{
	AUTO_FREE char *padded = xmalloc(n + 4);
	AUTO_FREE char *text = xmalloc(n + 4);
	size_t pad;
	int len;

	while (n && code[n - 1] == '=')
		n--;
	memcpy(padded, code, n);
	padded[n] = '\0';
	exchange(padded, '-', '+');
	exchange(padded, '_', '/');
	if (n % 4 == 1 || strspn(padded, PLAIN) != n)
		return NULL;
	pad = (4 - n % 4) % 4;
	memcpy(padded + n, "===", pad);
	/* Whole groups of three bytes come out; those that the padding stands for are zeros. */
	len = EVP_DecodeBlock((unsigned char *)text, (unsigned char *)padded, (int)(n + pad));
	if (len < 0)
		return NULL;
	len -= (int)pad;
	text[len] = '\0';
	return strlen(text) == (size_t)len ? steal_ptr(&text) : NULL;
}
