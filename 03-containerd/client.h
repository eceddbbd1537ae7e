/*
 * client.h - containerd's API from the other side: what dockerd and ctr call.
 *
 * Plain HTTP+JSON over the unix socket (README: the API). Every call opens its
 * own connection; a client may be shared by threads.
 */
#ifndef DOCKYARD_CTRD_CLIENT_H
#define DOCKYARD_CTRD_CLIENT_H

#include <jansson.h>

#include "01-kernel/base/err.h"

struct ctrd_client;
struct ctrd_client *ctrd_client_new(const char *address, const char *ns);
void ctrd_client_free(struct ctrd_client *c);

/* One request. `path` is "/v1/…", already escaped (ctrd_escape). `body` may be
 * NULL and stays the caller's. Returns the answer's document (new; {} if empty), or
 * NULL with the kind and message that containerd sent (or ERR_UNAVAILABLE:
 * "containerd at <address> does not answer"). */
json_t *ctrd_call(struct ctrd_client *c, const char *method, const char *path,
		  const json_t *body, struct err *err);

/* A request whose answer is a stream of JSON lines: `each` sees every line (borrowed)
 * and stops the stream by returning non-zero. A last line {"error":…} becomes the
 * error. */
int ctrd_stream(struct ctrd_client *c, const char *method, const char *path, const json_t *body,
		int (*each)(void *arg, json_t *line), void *arg, struct err *err);

/* End every exchange that is under way, and from now on refuse new ones: for a daemon that
 * stops while threads of it wait for containerd. They fail with ERR_UNAVAILABLE. */
void ctrd_client_cancel(struct ctrd_client *c);

/* Upload / download of a blob. */
int ctrd_content_put(struct ctrd_client *c, const void *buf, size_t n, char *digest,
		     struct err *err);
char *ctrd_content_get(struct ctrd_client *c, const char *digest, size_t limit, size_t *n,
		       struct err *err);

/* A GET whose answer is bytes, of `limit` at most; the caller frees. */
char *ctrd_get(struct ctrd_client *c, const char *path, size_t limit, size_t *n, struct err *err);

/* The answer's bytes into an open file; and an open file's bytes, to its end, as a request
 * whose answer is a stream as of ctrd_stream. */
int ctrd_download(struct ctrd_client *c, const char *method, const char *path,
		  const json_t *body, int fd, struct err *err);
int ctrd_upload(struct ctrd_client *c, const char *path, int fd,
		int (*each)(void *arg, json_t *line), void *arg, struct err *err);

/* Escape one path segment ("docker.io/library/nginx:latest" -> "docker.io%2Flibrary…"); freed by the caller. */
char *ctrd_escape(const char *segment);

/* Connect to a task's attach socket and send the opening line: the fd (the caller's). */
int ctrd_attach(const char *attach_path, int in, int out, int errs, struct err *err);

#endif
