/*
 * push_body.c - see push_body.h.
 */
#include "push_body.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "errors.h"

#define BLOCK (64u << 10)

int reg_push_flush(struct reg_push *p, struct err *err)
{
	size_t n = p->n;
	int rc = 0;

	p->n = 0;
	p->at += n;
	if (n && p->session)
		rc = reg_upload_write(p->session, p->block, n, err);
	else if (n)
		rc = ingest_write(p->single, p->block, n, err);
	p->broken |= rc != 0;
	return rc;
}

static int push_write(void *state, const void *buf, size_t n, struct err *err)
{
	struct reg_push *p = state;

	if (n > p->left)
		return reg_refuse(err, REG_SIZE_INVALID, "the body is longer than announced");
	p->left -= n;
	if (!p->session && !p->single)
		return 0; /* a POST that takes none */
	if (!p->block)
		p->block = xmalloc(BLOCK);
	for (const char *from = buf; n;) {
		size_t room = BLOCK - p->at % BLOCK - p->n;
		size_t some = n < room ? n : room;

		memcpy(p->block + p->n, from, some);
		p->n += some;
		from += some;
		n -= some;
		if (some == room && reg_push_flush(p, err))
			return -1;
	}
	return 0;
}

static void push_release(void *state)
{
	struct reg_push *p = state;
	struct err ignored;

	if (p->session && (p->broken || reg_push_flush(p, &ignored)))
		reg_upload_cancel(p->uploads, p->session);
	else if (p->session)
		reg_upload_give(p->uploads, p->session); /* what came so far may be resumed */
	if (p->single)
		ingest_abort(p->single);
	free(p->block);
	free(p);
}

void reg_push_take(struct http_sink *sink, const struct reg_push *p)
{
	struct reg_push *mine = xmalloc(sizeof(*mine));

	*mine = *p;
	*sink = (struct http_sink){ mine, push_write, push_release };
}
