/*
 * server.c - the specification's table of endpoints, and what serves it.
 */
#include "server.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "manifest.h"
#include "names.h"

#define PEM_LIMIT (1u << 20)
#define IDLE_SECONDS 120 /* of a client that neither sends nor reads on */
#define CONNECTION_MEMORY (64u << 10)
#define UPLOAD_LIFE (7L * 24 * 3600)

/* In the order of the specification's table, under its numbers. GET is HEAD too. */
static const struct http_route routes[] = {
	/* end-1   */ { "GET",    "/v2/", reg_get_base },
	/* end-2   */ { "GET",    "/v2/{name...}/blobs/{digest}", reg_get_blob },
	/* end-3   */ { "GET",    "/v2/{name...}/manifests/{reference}", reg_get_manifest },
	/* end-4,11 */ { "POST",  "/v2/{name...}/blobs/uploads/", reg_post_upload, reg_open_post },
	/* end-5   */ { "PATCH",  "/v2/{name...}/blobs/uploads/{uuid}", reg_patch_upload, reg_open_patch },
	/* end-6   */ { "PUT",    "/v2/{name...}/blobs/uploads/{uuid}", reg_put_upload, reg_open_put },
	/* end-7   */ { "PUT",    "/v2/{name...}/manifests/{reference}", reg_put_manifest },
	/* end-8   */ { "GET",    "/v2/{name...}/tags/list", reg_get_tags },
	/* end-9   */ { "DELETE", "/v2/{name...}/manifests/{reference}", reg_delete_manifest },
	/* end-10  */ { "DELETE", "/v2/{name...}/blobs/{digest}", reg_delete_blob },
	/* end-12  */ { "GET",    "/v2/{name...}/referrers/{digest}", reg_get_referrers },
	/* end-13  */ { "GET",    "/v2/{name...}/blobs/uploads/{uuid}", reg_get_upload },
	/* Docker's, beside the specification */
	              { "DELETE", "/v2/{name...}/blobs/uploads/{uuid}", reg_delete_upload },
	              { "GET",    "/v2/_catalog", reg_get_catalog },
	              { "GET",    "/v2", reg_get_base },
	              { "POST",   "/v2/{name...}/blobs/uploads", reg_post_upload, reg_open_post },
	              { "GET",    "/token", reg_get_token },
	              { "POST",   "/token", reg_post_token },
	/* For who watches */
	              { "GET",    "/metrics", reg_get_metrics },
	              { "GET",    "/", reg_get_page },
	              { "GET",    "/style.css", reg_get_style },
	              { NULL, NULL, NULL },
};

const char *reg_repository(struct http_request *req, struct err *err)
{
	const char *name = http_param(req, "name");

	return reg_name_check(name, err) ? NULL : name;
}

void reg_location(struct http_reply *rep, const char *name, const char *fmt, ...)
{
	AUTO_STRBUF struct strbuf url = STRBUF_INIT;
	va_list ap;

	strbuf_addf(&url, "/v2/%s", name);
	va_start(ap, fmt);
	strbuf_vaddf(&url, fmt, ap);
	va_end(ap);
	http_reply_header(rep, "Location", url.data);
}

/* Before any handler: headers that every reply has. */
static const char *before(struct http_request *req, struct http_reply *rep, const char *path,
			  void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_header(rep, "Docker-Distribution-Api-Version", "registry/2.0");
	return path;
}

/* What --readonly forbids: all that is not reading, but for the POST that asks for a token. */
static bool changes(struct http_request *req)
{
	const char *method = http_method(req);

	return strcmp(method, "GET") && strcmp(method, "HEAD") && strcmp(http_path(req), "/token");
}

static int admit(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	const struct reg_server *server = daemon;

	if (reg_auth_admit(server->auth, req, rep, err))
		return -1;
	if ((server->readonly || server->proxy) && changes(req))
		return reg_refuse(err, REG_METHOD_UNSUPPORTED, "this registry is %s",
				  server->proxy ? "a mirror: push to the one that it mirrors"
						: "read-only");
	return 0;
}

static char *read_pem(const char *path, struct err *err)
{
	struct strbuf pem = STRBUF_INIT;

	if (!file_read(AT_FDCWD, path, &pem, PEM_LIMIT, err))
		return strbuf_steal(&pem);
	strbuf_free(&pem);
	return NULL;
}

static int open_root(struct reg_server *server, const struct reg_server_options *o, struct err *err)
{
	const char *root = o->root;

	server->store = reg_store_open_at(root, &o->s3, err);
	if (!server->store)
		return -1;
	server->lock = file_lock_dir(root, err);
	if (server->lock < 0)
		return err->kind == ERR_CONFLICT
			       ? err_set(err, ERR_CONFLICT, "another registry is serving %s", root)
			       : -1;
	server->uploads = reg_uploads_new(server->store);
	server->lookup = reg_lookup_new(server->store);
	return 0;
}

static int open_auth(struct reg_server *server, const struct reg_server_options *o,
		     struct err *err)
{
	server->auth = reg_auth_open(&o->auth, o->root, o->tls_cert, err);
	return server->auth ? 0 : -1;
}

static int open_proxy(struct reg_server *server, const struct reg_proxy_options *o,
		      struct err *err)
{
	if (!o->url)
		return 0;
	server->proxy = reg_proxy_new(server->store, o, err);
	return server->proxy ? 0 : err_wrap(err, "mirror %s", o->url);
}

static int open_watch(struct reg_server *server, const struct reg_server_options *o,
		      struct err *err)
{
	server->metrics = reg_metrics_new();
	if (o->access_log)
		server->access_log = reg_access_log_open(o->access_log, err);
	if (o->access_log && !server->access_log)
		return -1;
	if (o->notify)
		server->notify = reg_notify_new(o->notify, server->auth, err);
	return o->notify && !server->notify ? -1 : 0;
}

static int listen_on(struct reg_server *server, const struct reg_server_options *o,
		     struct err *err)
{
	struct http_options http = {
		.routes = routes,
		.daemon = server,
		.body_limit = REG_MANIFEST_LIMIT,
		.connection_memory = CONNECTION_MEMORY,
		.idle_seconds = IDLE_SECONDS,
		.error = reg_error_reply,
		.before = before,
		.admit = admit,
		.done = reg_request_done,
	};

	if (o->tls_cert) {
		server->cert_pem = read_pem(o->tls_cert, err);
		server->key_pem = server->cert_pem ? read_pem(o->tls_key, err) : NULL;
		if (!server->key_pem)
			return -1;
	}
	if (o->tls_ca && !(server->ca_pem = read_pem(o->tls_ca, err)))
		return -1;
	http.tls_cert_pem = server->cert_pem;
	http.tls_key_pem = server->key_pem;
	http.tls_ca_pem = server->ca_pem;
	server->http = http_serve_tcp(o->addr, &http, err);
	return server->http ? 0 : -1;
}

struct reg_server *reg_server_start(const struct reg_server_options *o, struct err *err)
{
	struct reg_server *server = xcalloc(1, sizeof(*server));

	server->lock = -1;
	server->readonly = o->readonly;
	if (!open_root(server, o, err) && !open_auth(server, o, err) &&
	    !open_proxy(server, &o->proxy, err) && !open_watch(server, o, err) &&
	    !listen_on(server, o, err))
		return server;
	reg_server_stop(server);
	return NULL;
}

void reg_server_stop(struct reg_server *server)
{
	if (!server)
		return;
	reg_proxy_stop(server->proxy); /* or handlers would wait for it */
	http_server_stop(server->http);
	reg_proxy_free(server->proxy);
	reg_notify_free(server->notify);
	reg_access_log_close(server->access_log);
	reg_metrics_free(server->metrics);
	reg_auth_free(server->auth);
	reg_uploads_free(server->uploads);
	reg_lookup_free(server->lookup);
	reg_store_close(server->store);
	if (server->lock >= 0)
		close(server->lock);
	free(server->cert_pem);
	free(server->key_pem);
	free(server->ca_pem);
	free(server);
}

void reg_server_reopen(struct reg_server *server)
{
	struct err err;

	if (reg_access_log_reopen(server->access_log, &err))
		log_warn("%s", err.msg);
}

void reg_server_tidy(struct reg_server *server)
{
	struct err err;
	unsigned removed;

	if (server->readonly)
		return;
	content_tidy(server->store->content); /* what a mirror began and nobody came back for */
	if (reg_uploads_expire(server->uploads, UPLOAD_LIFE, &err))
		log_warn("expire uploads: %s", err.msg);
	if (reg_store_sweep(server->store, &removed, &err))
		log_warn("sweep blobs: %s", err.msg);
	else if (removed)
		log_info("removed %u blobs that no repository has", removed);
}
