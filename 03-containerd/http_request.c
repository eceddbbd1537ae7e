/*
 * http_request.c - what came with a request: path, query, headers, body.
 */
#include "http_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "01-kernel/base/jsonx.h"

void http_pairs_add(struct http_pairs *p, char *name, char *value)
{
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n++] = (struct http_pair){ name, value };
}

void http_pairs_cut(struct http_pairs *p, size_t n)
{
	while (p->n > n) {
		p->n--;
		free(p->v[p->n].name);
		free(p->v[p->n].value);
	}
	if (!n) {
		free(p->v);
		p->v = NULL;
	}
}

static const char *pairs_find(const struct http_pairs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].name, name))
			return p->v[i].value;
	return NULL;
}

/* "a=1&b=2", of a query or a form. */
static int parse_fields(struct http_pairs *fields, const char *q, struct err *err)
{
	while (*q) {
		size_t len = strcspn(q, "&");
		const char *eq = memchr(q, '=', len);
		size_t name_len = eq ? (size_t)(eq - q) : len;
		size_t skip = eq ? name_len + 1 : len;
		char *name = http_decode(q, name_len, true);
		char *value = http_decode(q + skip, len - skip, true);

		if (!name || !value) {
			free(name);
			free(value);
			return err_set(err, ERR_INVALID, "malformed query string");
		}
		http_pairs_add(fields, name, value);
		q += len;
		q += *q == '&';
	}
	return 0;
}

int http_request_parse(struct http_request *req, const char *uri, struct err *err)
{
	char *query;

	/* A proxy's absolute form must be accepted too (RFC 9112, 3.2.2). */
	if (!strncasecmp(uri, "http://", 7) || !strncasecmp(uri, "https://", 8)) {
		uri = strchr(strchr(uri, ':') + 3, '/');
		if (!uri)
			uri = "/";
	}
	req->uri = xstrdup(uri);
	req->raw_path = req->uri;
	query = strchr(req->uri, '?');
	if (query)
		*query++ = '\0';
	req->path = http_decode(req->uri, strlen(req->uri), false);
	if (!req->path)
		return err_set(err, ERR_INVALID, "malformed path");
	return query ? parse_fields(&req->queries, query, err) : 0;
}

void http_request_free(struct http_request *req)
{
	if (req->sink_open && req->sink.release)
		req->sink.release(req->sink.state);
	http_reply_reset(&req->rep, 0);
	http_pairs_cut(&req->params, 0);
	http_pairs_cut(&req->queries, 0);
	http_pairs_cut(&req->form, 0);
	strbuf_free(&req->body);
	json_decref(req->json);
	free(req->uri);
	free(req->path);
	free(req);
}

const char *http_method(const struct http_request *req)
{
	return req->method;
}

const char *http_path(const struct http_request *req)
{
	return req->path ? req->path : "";
}

const char *http_pattern(const struct http_request *req)
{
	return req->route ? req->route->pattern : NULL;
}

const char *http_param(const struct http_request *req, const char *name)
{
	return pairs_find(&req->params, name);
}

const char *http_query(const struct http_request *req, const char *name)
{
	return pairs_find(&req->queries, name);
}

/* The words that Docker's API takes for "no"; anything else is "yes". */
int http_query_bool(const struct http_request *req, const char *name, int fallback)
{
	static const char *const no[] = { "", "0", "no", "false", "none" };
	const char *value = http_query(req, name);

	if (!value)
		return fallback;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcasecmp(value, no[i]))
			return 0;
	return 1;
}

void http_query_each(const struct http_request *req, const char *name,
		     void (*each)(void *arg, const char *value), void *arg)
{
	for (size_t i = 0; i < req->queries.n; i++)
		if (!strcmp(req->queries.v[i].name, name))
			each(arg, req->queries.v[i].value);
}

const char *http_header(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

struct header_lines {
	const char *name;
	void (*each)(void *arg, const char *value);
	void *arg;
};

static enum MHD_Result header_line(void *cls, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct header_lines *h = cls;

	(void)kind;
	if (!strcasecmp(name, h->name))
		h->each(h->arg, value ? value : "");
	return MHD_YES;
}

void http_header_each(const struct http_request *req, const char *name,
		      void (*each)(void *arg, const char *value), void *arg)
{
	struct header_lines h = { name, each, arg };

	MHD_get_connection_values(req->conn, MHD_HEADER_KIND, header_line, &h);
}

int http_request_fd(const struct http_request *req)
{
	return MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void peer_text(const struct http_request *req, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;
	char ip[INET6_ADDRSTRLEN] = "";
	struct ucred who;
	socklen_t len = sizeof(who);

	if (sa && sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(out, size, "%s:%u", ip, ntohs(in->sin_port));
	} else if (sa && sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, size, "[%s]:%u", ip, ntohs(in6->sin6_port));
	} else if (!getsockopt(http_request_fd(req), SOL_SOCKET, SO_PEERCRED, &who, &len)) {
		snprintf(out, size, "pid %d uid %u", (int)who.pid, (unsigned)who.uid);
	}
}

const char *http_peer(const struct http_request *req)
{
	struct http_request *mine = (struct http_request *)req; /* filled on first use */

	if (!mine->peer[0])
		peer_text(req, mine->peer, sizeof(mine->peer));
	return mine->peer;
}

const char *http_body(const struct http_request *req, size_t *len)
{
	if (len)
		*len = req->body.len;
	return req->body.data ? req->body.data : "";
}

/* More values than any request has a use for. A value costs jansson some fifty times what "[],"
 * takes on the wire: it is the number of them that memory has to be kept for. */
#define VALUES_MAX 100000

static bool has_too_many_values(const struct strbuf *text)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || c == '[' || c == '{'))
			n++;
	}
	return n > VALUES_MAX;
}

json_t *http_body_json(struct http_request *req, struct err *err)
{
	if (req->json)
		return req->json;
	if (has_too_many_values(&req->body)) {
		err_set(err, ERR_INVALID, "request body: more than %d values", VALUES_MAX);
		return NULL;
	}
	return req->json = jsonx_parse_optional(req->body.data, req->body.len, JSON_OBJECT, "request body", err);
}

const char *http_form(struct http_request *req, const char *name)
{
	struct err malformed;

	if (!req->form_read && parse_fields(&req->form, http_body(req, NULL), &malformed))
		http_pairs_cut(&req->form, 0); /* a half of it would say something else */
	req->form_read = true;
	return pairs_find(&req->form, name);
}

struct http_reply *http_request_reply(struct http_request *req)
{
	return &req->rep;
}

void *http_sink_state(const struct http_request *req)
{
	return req->sink_open ? req->sink.state : NULL;
}
