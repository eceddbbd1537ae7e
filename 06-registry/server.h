/*
 * server.h - the registry as one object, and its pages of handlers.
 *
 *   pull.c       end-1, end-2, end-3
 *   push.c       end-4 .. end-7, end-11, end-13
 *   discover.c   end-8, end-12, and Docker's _catalog
 *   manage.c     end-9, end-10
 *   issuer.c     /token, of Docker's token authentication
 *   proxy.h      what a mirror does before pull.c answers
 *   page.c       / for a browser
 *   watch.c      /metrics, and the end of each request
 *   server.c     the table of them, listening
 *
 * Lock order: see store.h; the locks of uploads.c and lookup.c are leaves.
 */
#ifndef DOCKYARD_REG_SERVER_H
#define DOCKYARD_REG_SERVER_H

#include "03-containerd/http.h"
#include "access_log.h"
#include "auth.h"
#include "metrics.h"
#include "notify.h"
#include "proxy.h"
#include "lookup.h"
#include "s3.h"
#include "store.h"
#include "uploads.h"

struct reg_server_options {
	const char *root, *addr;
	const char *tls_cert, *tls_key; /* files; NULL: plain HTTP */
	const char *tls_ca;             /* a file; NULL: clients need no certificate */
	struct reg_auth_options auth;
	bool readonly;
	struct reg_proxy_options proxy; /* without a url: it is no mirror */
	const char *access_log; /* a file, "-"; NULL: requests are in the log */
	const char *notify; /* a URL that hears of what happens; NULL: none */
	struct reg_s3_options s3; /* without a url: blobs are on the disk */
};

struct reg_server {
	struct reg_store *store;
	struct reg_uploads *uploads;
	struct reg_auth *auth;
	struct reg_proxy *proxy;   /* NULL: it is no mirror */
	struct reg_notify *notify; /* NULL: nobody listens */
	struct reg_access_log *access_log; /* NULL: requests are in the log */
	struct reg_metrics *metrics;
	struct reg_lookup *lookup;
	bool readonly;
	char *cert_pem, *key_pem, *ca_pem;
	int lock; /* of the root */
	struct http_server *http;
};

/* Take the root, open the store, listen. */
struct reg_server *reg_server_start(const struct reg_server_options *o, struct err *err);
void reg_server_stop(struct reg_server *server);
/* Open the access log again. */
void reg_server_reopen(struct reg_server *server);
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
reg_handler reg_get_token, reg_post_token;
reg_handler reg_get_metrics, reg_get_page, reg_get_style;
/* See struct http_options: done. */
void reg_request_done(const struct http_request *req, const struct http_result *result,
		      void *daemon);

#endif
