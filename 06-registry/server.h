/*
 * server.h - the registry as one object, and its pages of handlers.
 *
 *   pull.c       end-1, end-2, end-3
 *   push.c       end-4 .. end-7, end-11, end-13
 *   discover.c   end-8, end-12, and Docker's _catalog
 *   manage.c     end-9, end-10
 *   server.c     the table of them, listening, the access log
 *
 * Lock order: see store.h; the locks of uploads.c and lookup.c are leaves.
 */
#ifndef DOCKYARD_REG_SERVER_H
#define DOCKYARD_REG_SERVER_H

#include "03-containerd/http.h"
#include "lookup.h"
#include "s3.h"
#include "store.h"
#include "uploads.h"

struct reg_server_options {
	const char *root, *addr;
	const char *tls_cert, *tls_key; /* files; NULL: plain HTTP */
	bool readonly;
	struct reg_s3_options s3; /* without a url: blobs are on the disk */
};

struct reg_server {
	struct reg_store *store;
	struct reg_uploads *uploads;
	struct reg_lookup *lookup;
	bool readonly;
	char *cert_pem, *key_pem;
	int lock; /* of the root */
	struct http_server *http;
};

/* Take the root, open the store, listen. */
struct reg_server *reg_server_start(const struct reg_server_options *o, struct err *err);
void reg_server_stop(struct reg_server *server);
/* What has to be done now and then: expire uploads, sweep blobs that lost their repository. */
void reg_server_tidy(struct reg_server *server);

/* A handler: see struct http_route. */
typedef int reg_handler(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err);
typedef int reg_sink_opener(struct http_request *req, struct http_sink *sink, void *daemon,
			    struct err *err);

/* The repository of the request, checked: NAME_INVALID. */
const char *reg_repository(struct http_request *req, struct err *err);
/* "Location: /v2/<name><rest>" */
void reg_location(struct http_reply *rep, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

reg_handler reg_get_base, reg_get_blob, reg_get_manifest;
reg_handler reg_post_upload, reg_patch_upload, reg_put_upload, reg_get_upload, reg_delete_upload;
reg_sink_opener reg_open_post, reg_open_patch, reg_open_put;
reg_handler reg_put_manifest;
reg_handler reg_get_tags, reg_get_catalog, reg_get_referrers;
reg_handler reg_delete_manifest, reg_delete_blob;

#endif
