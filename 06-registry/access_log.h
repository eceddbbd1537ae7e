/*
 * access_log.h - a line for each request: in the log, or in a file of its own in Apache's
 * "combined" format with the seconds that the request took at its end, which tools for
 * that read:
 *
 *     10.0.0.7 - - [24/Nov/2026:02:19:42 +0000] "GET /v2/a/blobs/sha256:… HTTP/1.1" 200 953 "-" "skopeo/1.9" 0.002
 *
 * What a client sent is in there, so all that could end a line, a quotation or a
 * terminal's good mood is escaped as \xNN, and what is long is cut.
 */
#ifndef DOCKYARD_REG_ACCESS_LOG_H
#define DOCKYARD_REG_ACCESS_LOG_H

#include "03-containerd/http.h"
#include "auth.h"

struct reg_access_log;
/* "-" is the standard output. */
struct reg_access_log *reg_access_log_open(const char *path, struct err *err);
void reg_access_log_close(struct reg_access_log *a);
/* The file was renamed (logrotate): go on in a new one. */
int reg_access_log_reopen(struct reg_access_log *a, struct err *err);

/* `a` NULL: into the log. `auth` knows who it was. */
void reg_access_log_line(struct reg_access_log *a, struct reg_auth *auth,
			 const struct http_request *req, const struct http_result *result,
			 int64_t microseconds);

#endif
