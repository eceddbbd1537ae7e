/*
 * push_body.h - a body on its way into the store: an upload session, or a blob of one request.
 *
 * It is hashed and written while it arrives, in blocks that begin and end where the file's pages do:
 * in the odd pieces that come from the network, that takes the kernel more than twice as long. The
 * memory that a push needs does not depend on its size.
 */
#ifndef DOCKYARD_REG_PUSH_BODY_H
#define DOCKYARD_REG_PUSH_BODY_H

#include "03-containerd/http.h"
#include "uploads.h"

struct reg_push {
	struct reg_uploads *uploads;
	struct reg_upload *session; /* end-5, end-6; NULL once handed on */
	struct ingest *single;      /* end-4b; the same */
	uint64_t left;              /* how much the chunk still may have */
	bool broken;                /* a write failed: keep nothing */
	char *block;                /* what has come and is not written yet; NULL: nothing has come */
	size_t n;                   /* so many bytes of it, */
	uint64_t at;                /* which belong there in the file */
};

/* The body goes through a copy of this, which the handler finds by http_sink_state. A client that
 * vanishes leaves the session with what has come. */
void reg_push_take(struct http_sink *sink, const struct reg_push *p);
/* Write what is not written yet: before what has come is counted, or made a blob. */
int reg_push_flush(struct reg_push *p, struct err *err);

#endif
