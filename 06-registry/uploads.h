/*
 * uploads.h - upload sessions: what stands between POST and PUT.
 *
 *     POST ──▶ session ──PATCH──▶ … ──PATCH──▶ PUT ──▶ blob
 *                └──────────── DELETE, or a week without a sign of life ──▶ nothing
 *
 * On disk a session is <root>/uploads/<uuid>, which holds the repository's name,
 * and an ingest of the content store of the same name, which holds the bytes; so
 * a session survives the registry. In memory the ingest stays open between
 * requests, since opening it again means hashing again all that has come so far;
 * the one unused longest is put to sleep when there are too many.
 *
 * A session has one writer at a time: reg_upload_take waits a little for another
 * request to let go (a client that retries is often faster than the news that
 * its first connection died), then refuses.
 */
#ifndef DOCKYARD_REG_UPLOADS_H
#define DOCKYARD_REG_UPLOADS_H

#include "names.h"
#include "store.h"

struct reg_uploads;
struct reg_upload;

struct reg_uploads *reg_uploads_new(struct reg_store *store);
void reg_uploads_free(struct reg_uploads *uploads); /* sessions stay on disk */

int reg_upload_begin(struct reg_uploads *uploads, const char *name, char uuid[REG_UUID_SIZE],
		     struct err *err);

/* Take the session for writing: BLOB_UPLOAD_UNKNOWN unless it is this repository's. */
struct reg_upload *reg_upload_take(struct reg_uploads *uploads, const char *name, const char *uuid,
				   struct err *err);
void reg_upload_give(struct reg_uploads *uploads, struct reg_upload *up);

/* Only while taken. After a failed write the session is good for nothing: cancel it. */
uint64_t reg_upload_offset(const struct reg_upload *up);
int reg_upload_hash_like(struct reg_upload *up, const char *digest, struct err *err); /* see content.h */
int reg_upload_write(struct reg_upload *up, const void *buf, size_t n, struct err *err);

/* Both end the session and consume `up`, whatever they return. */
int reg_upload_finish(struct reg_uploads *uploads, struct reg_upload *up, const char *digest,
		      struct err *err);
void reg_upload_cancel(struct reg_uploads *uploads, struct reg_upload *up);

/* How much a session has, also while somebody is writing to it. */
int reg_upload_status(struct reg_uploads *uploads, const char *name, const char *uuid,
		      uint64_t *offset, struct err *err);

/* How many sessions there are. */
int reg_uploads_count(struct reg_uploads *uploads, uint64_t *count, struct err *err);

/* Drop the sessions that nobody has touched for so many seconds. */
int reg_uploads_expire(struct reg_uploads *uploads, long seconds, struct err *err);

#endif
