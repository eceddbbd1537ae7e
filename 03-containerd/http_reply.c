/*
 * http_reply.c - replies of known size: nothing, JSON, bytes, a piece of a file.
 *
 * A reply becomes libmicrohttpd's MHD_Response when it is made, and gets its
 * headers when it is sent: so headers may be set before or after the body.
 */
#include "http_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

#define READ_BLOCK (64u << 10)

int http_status_of(enum err_kind kind)
{
	static const int status[ERR_KINDS] = {
		[ERR_NONE] = 200,          [ERR_SYSTEM] = 500,      [ERR_INVALID] = 400,
		[ERR_NOT_FOUND] = 404,     [ERR_EXISTS] = 409,      [ERR_CONFLICT] = 409,
		[ERR_PERMISSION] = 403,    [ERR_UNAUTHORIZED] = 401, [ERR_UNAVAILABLE] = 503,
		[ERR_NO_SPACE] = 507,      [ERR_UNSUPPORTED] = 501, [ERR_TIMEOUT] = 504,
		[ERR_CANCELLED] = 500,     [ERR_CORRUPT] = 502,     [ERR_NOT_EXECUTABLE] = 400,
		[ERR_NO_PROGRAM] = 400,
	};

	return kind < ERR_KINDS && status[kind] ? status[kind] : 500;
}

void http_reply_header(struct http_reply *rep, const char *name, const char *value)
{
	http_pairs_add(&rep->headers, xstrdup(name), xstrdup(value));
}

void http_reply_reset(struct http_reply *rep, size_t keep)
{
	if (rep->response)
		MHD_destroy_response(rep->response);
	if (rep->upgrade)
		http_upgrade_free(rep->upgrade);
	rep->response = NULL;
	rep->stream = NULL;
	rep->upgrade = NULL;
	rep->status = 0;
	rep->size = 0;
	http_pairs_cut(&rep->headers, keep);
}

/* Take over a new response in place of one made before. */
static void reply_with(struct http_reply *rep, int status, const char *type,
		       struct MHD_Response *response)
{
	http_reply_reset(rep, rep->headers.n);
	rep->response = response;
	rep->status = status;
	if (type)
		http_reply_header(rep, "Content-Type", type);
}

void http_reply_empty(struct http_reply *rep, int status)
{
	reply_with(rep, status, NULL,
		   MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT));
}

void http_reply_json(struct http_reply *rep, int status, json_t *doc)
{
	char *text = jsonx_text(doc);
	size_t n = strlen(text);

	reply_with(rep, status, "application/json",
		   MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE));
	rep->size = n;
	json_decref(doc);
}

void http_reply_bytes(struct http_reply *rep, int status, const char *type, const void *buf,
		      size_t n)
{
	reply_with(rep, status, type,
		   MHD_create_response_from_buffer(n, (void *)buf, MHD_RESPMEM_MUST_COPY));
	rep->size = n;
}

void http_reply_fd(struct http_reply *rep, int status, const char *type, int fd, uint64_t offset,
		   uint64_t size)
{
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(size, fd, offset);

	if (!response)
		close(fd); /* libmicrohttpd took it only with the response */
	reply_with(rep, status, type, response);
	rep->size = size;
}

struct reading {
	ssize_t (*read)(void *arg, uint64_t pos, void *buf, size_t max);
	void *arg;
	void (*release)(void *);
};

/* MHD_ContentReaderCallback */
static ssize_t reading_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	const struct reading *r = cls;
	ssize_t n = r->read(r->arg, pos, buf, max);

	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void reading_free(void *cls)
{
	struct reading *r = cls;

	if (r->release)
		r->release(r->arg);
	free(r);
}

void http_reply_read(struct http_reply *rep, int status, const char *type, uint64_t size,
		     ssize_t (*read)(void *arg, uint64_t pos, void *buf, size_t max), void *arg,
		     void (*release)(void *))
{
	struct reading *r = xmalloc(sizeof(*r));

	*r = (struct reading){ read, arg, release };
	reply_with(rep, status, type,
		   MHD_create_response_from_callback(size == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN
									       : size,
						     READ_BLOCK, reading_read, r, reading_free));
	rep->size = size == HTTP_SIZE_UNKNOWN ? 0 : size;
}

enum MHD_Result http_reply_send(struct http_reply *rep)
{
	bool head = !strcmp(rep->req->method, MHD_HTTP_METHOD_HEAD);
	enum MHD_Result queued;

	if (head && rep->stream) /* libmicrohttpd would send the last chunk's "0" */
		http_reply_empty(rep, rep->status);
	if (!rep->response)
		http_reply_empty(rep, rep->status ? rep->status : MHD_HTTP_NO_CONTENT);
	if (!rep->response)
		return MHD_NO;
	for (size_t i = 0; i < rep->headers.n; i++)
		if (MHD_add_response_header(rep->response, rep->headers.v[i].name,
					    rep->headers.v[i].value) == MHD_NO)
			log_warn("http: header %s refused", rep->headers.v[i].name);
	if (rep->stream && http_stream_start(rep->stream))
		return MHD_NO;
	queued = MHD_queue_response(rep->req->conn, (unsigned)rep->status, rep->response);
	MHD_destroy_response(rep->response); /* our reference; the connection has its own */
	rep->response = NULL;
	rep->stream = NULL;
	return queued;
}
