/*
 * errors.c - codes, their kinds, their statuses, their JSON.
 *
 * Failures that carry no code of the specification (a full disk, a malformed
 * request line) get one from their kind; the status then comes from the table
 * that all the daemons share.
 */
#include "errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "01-kernel/base/log.h"

struct code {
	const char *name;
	enum err_kind kind;
	int status;
};

#define ROW(code) [(code) - REG_BLOB_UNKNOWN]

static const struct code codes[] = {
	ROW(REG_BLOB_UNKNOWN) = { "BLOB_UNKNOWN", ERR_NOT_FOUND, 404 },
	ROW(REG_BLOB_UPLOAD_INVALID) = { "BLOB_UPLOAD_INVALID", ERR_INVALID, 400 },
	ROW(REG_BLOB_UPLOAD_UNKNOWN) = { "BLOB_UPLOAD_UNKNOWN", ERR_NOT_FOUND, 404 },
	ROW(REG_DIGEST_INVALID) = { "DIGEST_INVALID", ERR_INVALID, 400 },
	ROW(REG_MANIFEST_BLOB_UNKNOWN) = { "MANIFEST_BLOB_UNKNOWN", ERR_NOT_FOUND, 400 },
	ROW(REG_MANIFEST_INVALID) = { "MANIFEST_INVALID", ERR_INVALID, 400 },
	ROW(REG_MANIFEST_UNKNOWN) = { "MANIFEST_UNKNOWN", ERR_NOT_FOUND, 404 },
	ROW(REG_NAME_INVALID) = { "NAME_INVALID", ERR_INVALID, 400 },
	ROW(REG_NAME_UNKNOWN) = { "NAME_UNKNOWN", ERR_NOT_FOUND, 404 },
	ROW(REG_SIZE_INVALID) = { "SIZE_INVALID", ERR_INVALID, 400 },
	ROW(REG_UNAUTHORIZED) = { "UNAUTHORIZED", ERR_UNAUTHORIZED, 401 },
	ROW(REG_DENIED) = { "DENIED", ERR_PERMISSION, 403 },
	ROW(REG_UNSUPPORTED) = { "UNSUPPORTED", ERR_UNSUPPORTED, 400 },
	ROW(REG_TOO_MANY_REQUESTS) = { "TOOMANYREQUESTS", ERR_UNAVAILABLE, 429 },
	ROW(REG_UPLOAD_OUT_OF_ORDER) = { "BLOB_UPLOAD_INVALID", ERR_INVALID, 416 },
	ROW(REG_UPLOAD_BUSY) = { "BLOB_UPLOAD_INVALID", ERR_CONFLICT, 409 },
	ROW(REG_RANGE_UNSATISFIABLE) = { "SIZE_INVALID", ERR_INVALID, 416 },
	ROW(REG_SCOPE_DENIED) = { "DENIED", ERR_UNAUTHORIZED, 401 },
	ROW(REG_METHOD_UNSUPPORTED) = { "UNSUPPORTED", ERR_UNSUPPORTED, 405 },
	ROW(REG_PAGE_INVALID) = { "PAGINATION_NUMBER_INVALID", ERR_INVALID, 400 },
	ROW(REG_TAG_INVALID) = { "TAG_INVALID", ERR_INVALID, 400 },
};

#define N_CODES ((int)(sizeof(codes) / sizeof(codes[0])))

int reg_refuse(struct err *err, enum reg_code code, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(err, codes[code - REG_BLOB_UNKNOWN].kind, "%s", text);
	return reg_recode(err, code);
}

int reg_recode(struct err *err, enum reg_code code)
{
	err->kind = codes[code - REG_BLOB_UNKNOWN].kind;
	err->errnum = code;
	return -1;
}

int reg_refused(const struct err *err, enum reg_code code)
{
	return err->errnum == (int)code;
}

/* What the specification calls a failure that only has a kind. */
static const char *name_of_kind(enum err_kind kind)
{
	switch (kind) {
	case ERR_NOT_FOUND:    return "NAME_UNKNOWN";
	case ERR_INVALID:      return "NAME_INVALID";
	case ERR_UNSUPPORTED:  return "UNSUPPORTED";
	case ERR_UNAUTHORIZED: return "UNAUTHORIZED";
	case ERR_PERMISSION:   return "DENIED";
	case ERR_UNAVAILABLE:  return "UNAVAILABLE";
	default:               return "UNKNOWN"; /* what clients take any other code for */
	}
}

void reg_error_reply(struct http_request *req, struct http_reply *rep, const struct err *err)
{
	int row = err->errnum - REG_BLOB_UNKNOWN;
	const char *name = err->errnum == EFBIG ? "SIZE_INVALID" : name_of_kind(err->kind);
	int status = http_status_of(err->kind);
	json_t *doc;

	if (row >= 0 && row < N_CODES) {
		name = codes[row].name;
		status = codes[row].status;
	} else if (status >= 500 && err->kind != ERR_UNSUPPORTED) {
		log_error("%s: %s", http_method(req), err->msg);
	}
	doc = json_pack("{s:[{s:s, s:o}]}", "errors", "code", name, "message",
			json_string(err->msg) ?: json_string("the message is not text"));
	http_reply_json(rep, status, doc);
}
