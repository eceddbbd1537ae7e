/*
 * server.c - the specification's table of endpoints, and what serves it.
 */
#include "server.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/trace.h"
#include "errors.h"
#include "manifest.h"
#include "names.h"

#define PEM_LIMIT (1u << 20)
#define IDLE_SECONDS 120 /* of a client that neither sends nor reads on */
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
	if (server->readonly && changes(req))
		return reg_refuse(err, REG_METHOD_UNSUPPORTED, "this registry is read-only");
	return 0;
}

/* What a client called the thing, fit for one line of a log: no control characters. */
static char *printable(const char *path)
{
	char *text = xstrndup(path, 400);

	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

/* The access log, and the trace of what moved: manifests and blobs. */
static void done(const struct http_request *req, const struct http_result *result, void *daemon)
{
	AUTO_FREE char *path = printable(http_path(req));
	AUTO_FREE char *agent = printable(http_header(req, "User-Agent") ?: "-");
	struct trace_span span = trace_begin();
	struct timespec now;
	int64_t us;

	(void)daemon;
	clock_gettime(CLOCK_REALTIME, &now);
	us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - result->start_us;
	log_info("%s \"%s %s\" %d %llu %lld.%03llds \"%s\"%s", http_peer(req), http_method(req),
		 path, result->status, (unsigned long long)result->size, (long long)(us / 1000000),
		 (long long)(us / 1000 % 1000), agent, result->whole ? "" : " (client left)");
	if (!span.start_us || (!strstr(path, "/manifests/") && !strstr(path, "/blobs/")))
		return;
	span.start_us = result->start_us;
	trace_end(&span, "%s %s: %d, %llu bytes", http_method(req), path, result->status,
		  (unsigned long long)result->size);
}

static char *read_pem(const char *path, struct err *err)
{
	struct strbuf pem = STRBUF_INIT;

	if (!file_read(AT_FDCWD, path, &pem, PEM_LIMIT, err))
		return strbuf_steal(&pem);
	strbuf_free(&pem);
	return NULL;
}

static int open_root(struct reg_server *server, const char *root, struct err *err)
{
	server->store = reg_store_open(root, err);
	if (!server->store)
		return -1;
	server->lock = file_lock_dir(root, err);
	if (server->lock < 0)
		return err->kind == ERR_CONFLICT
			       ? err_set(err, ERR_CONFLICT, "another registry is serving %s", root)
			       : -1;
	server->uploads = reg_uploads_new(server->store);
	return 0;
}

static int listen_on(struct reg_server *server, const struct reg_server_options *o,
		     struct err *err)
{
	struct http_options http = {
		.routes = routes,
		.daemon = server,
		.body_limit = REG_MANIFEST_LIMIT,
		.idle_seconds = IDLE_SECONDS,
		.error = reg_error_reply,
		.before = before,
		.admit = admit,
		.done = done,
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
	if (!open_root(server, o->root, err) &&
	    (server->auth = reg_auth_open(&o->auth, o->root, o->tls_cert != NULL, err)) &&
	    !listen_on(server, o, err))
		return server;
	reg_server_stop(server);
	return NULL;
}

void reg_server_stop(struct reg_server *server)
{
	if (!server)
		return;
	http_server_stop(server->http);
	reg_auth_free(server->auth);
	reg_uploads_free(server->uploads);
	reg_store_close(server->store);
	if (server->lock >= 0)
		close(server->lock);
	free(server->cert_pem);
	free(server->key_pem);
	free(server->ca_pem);
	free(server);
}

void reg_server_tidy(struct reg_server *server)
{
	struct err err;
	unsigned removed;

	if (server->readonly)
		return;
	if (reg_uploads_expire(server->uploads, UPLOAD_LIFE, &err))
		log_warn("expire uploads: %s", err.msg);
	if (reg_store_sweep(server->store, &removed, &err))
		log_warn("sweep blobs: %s", err.msg);
	else if (removed)
		log_info("removed %u blobs that no repository has", removed);
}
