/*
 * detach.c - see detach.h.
 */
#include "detach.h"

#include <ctype.h>
#include <string.h>

/* A control character is the key's code with the upper bits off (ASCII). */
static int key_code(const char *text, size_t len)
{
	static const char prefix[] = "ctrl-";
	size_t n = sizeof prefix - 1;

	if (len == 1)
		return (unsigned char)*text;
	if (len != n + 1 || strncmp(text, prefix, n))
		return -1;
	if (!islower((unsigned char)text[n]) && !strchr("@[\\]^_", text[n]))
		return -1;
	return text[n] & 0x1f;
}

int cli_detach_parse(struct cli_detach *d, const char *text, struct err *err)
{
	*d = (struct cli_detach){ 0 };
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		int code = key_code(p, len);

		if (code < 0 || d->n == sizeof d->keys)
			return err_set(err, ERR_INVALID, "invalid escape keys (%s): unknown character: '%.*s'",
				       text, (int)len, p);
		d->keys[d->n++] = (char)code;
		p += len;
		if (!*p)
			return 0;
	}
}

bool cli_detach_filter(struct cli_detach *d, const char *typed, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (typed[i] != d->keys[d->matched] && d->matched) {
			strbuf_add(out, d->keys, d->matched);
			d->matched = 0;
		}
		if (typed[i] != d->keys[d->matched])
			strbuf_addc(out, typed[i]);
		else if (++d->matched == d->n)
			return true;
	}
	return false;
}
