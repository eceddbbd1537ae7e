/*
 * lines.c - see lines.h.
 */
#include "lines.h"

#include <string.h>

#define LINE_LIMIT (1u << 20)

int cli_lines_feed(struct strbuf *held, const char *data, size_t n, cli_line take, void *context, struct err *err)
{
	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t piece = end ? (size_t)(end - data) : n, used = end ? piece + 1 : n;

		if (held->len + piece > LINE_LIMIT)
			return err_set(err, ERR_INVALID, "the daemon's answer has a line of over %u bytes", LINE_LIMIT);
		strbuf_add(held, data, piece);
		data += used;
		n -= used;
		if (!end)
			return 0;
		int rc = held->len ? take(context, held->data, held->len, err) : 0;
		strbuf_clear(held);
		if (rc)
			return -1;
	}
	return 0;
}
