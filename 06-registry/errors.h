/*
 * errors.h - the error codes of the distribution specification.
 *
 * A client of a registry looks at a code ("BLOB_UNKNOWN"), a status and a JSON
 * body of a given shape. Everything here fails through struct err like the rest
 * of the project; the code travels in err.errnum, above every errno (the
 * kernel's end at 4095), so it passes unharmed through functions that know
 * struct err only, such as the HTTP server's.
 */
#ifndef DOCKYARD_REG_ERRORS_H
#define DOCKYARD_REG_ERRORS_H

#include "01-kernel/base/err.h"
#include "03-containerd/http.h"

enum reg_code {
	REG_BLOB_UNKNOWN = 0x10001,    /* code-1 */
	REG_BLOB_UPLOAD_INVALID,       /* code-2 */
	REG_BLOB_UPLOAD_UNKNOWN,       /* code-3 */
	REG_DIGEST_INVALID,            /* code-4 */
	REG_MANIFEST_BLOB_UNKNOWN,     /* code-5 */
	REG_MANIFEST_INVALID,          /* code-6 */
	REG_MANIFEST_UNKNOWN,          /* code-7 */
	REG_NAME_INVALID,              /* code-8 */
	REG_NAME_UNKNOWN,              /* code-9 */
	REG_SIZE_INVALID,              /* code-10 */
	REG_UNAUTHORIZED,              /* code-11 */
	REG_DENIED,                    /* code-12 */
	REG_UNSUPPORTED,               /* code-13 */
	REG_TOO_MANY_REQUESTS,         /* code-14 */
	/* The same codes under another status, where the specification asks for it. */
	REG_UPLOAD_OUT_OF_ORDER,       /* code-2 as 416 */
	REG_UPLOAD_BUSY,               /* code-2 as 409 */
	REG_RANGE_UNSATISFIABLE,       /* code-10 as 416 */
	REG_SCOPE_DENIED,              /* code-12 as 401: another token would do */
	REG_METHOD_UNSUPPORTED,        /* code-13 as 405 */
	REG_PAGE_INVALID,              /* an `n` that is no number; Docker's code for it */
	REG_TAG_INVALID,               /* a tag that cannot be one; Docker's code for it */
};

/* Fill err with this code; always -1. */
int reg_refuse(struct err *err, enum reg_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Keep the message of a failure from elsewhere, under this code; always -1. */
int reg_recode(struct err *err, enum reg_code code);

/* Does err carry this code? */
int reg_refused(const struct err *err, enum reg_code code);

/* {"errors":[{"code","message"}]} with its status: the server's error function. */
void reg_error_reply(struct http_request *req, struct http_reply *rep, const struct err *err);

#endif
