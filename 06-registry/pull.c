/*
 * pull.c - the category "pull": end-1, end-2, end-3.
 *
 * A blob goes from the page cache to the socket (sendfile) and is never in our
 * memory. Everything named by a digest never changes, so the digest is its ETag
 * and a client that has it gets 304.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "range.h"
#include "server.h"

int reg_get_base(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	(void)req;
	(void)daemon;
	(void)err;
	http_reply_json(rep, 200, json_object());
	return 0;
}

/* Is `etag` in the list of an If-None-Match, or is that "*"? */
static bool etag_listed(const char *list, const char *etag)
{
	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == 1 && *list == '*')
			return true;
		if (n > 2 && !strncmp(list, "W/", 2)) { /* weak comparison: RFC 9110, 13.1.2 */
			list += 2;
			n -= 2;
		}
		if (n == strlen(etag) && !strncmp(list, etag, n))
			return true;
		list += n;
	}
	return false;
}

/* The headers of content named by a digest. True: the client has it already (304). */
static bool content_headers(struct http_request *req, struct http_reply *rep, const char *digest)
{
	char etag[DIGEST_SIZE + 2];
	const char *known = http_header(req, "If-None-Match");

	snprintf(etag, sizeof(etag), "\"%s\"", digest);
	http_reply_header(rep, "Docker-Content-Digest", digest);
	http_reply_header(rep, "ETag", etag);
	if (!known || !etag_listed(known, etag))
		return false;
	http_reply_empty(rep, 304);
	return true;
}

/* HEAD is a question, and not a pull. */
static void pulled(struct reg_server *server, const struct http_request *req,
		   struct reg_event *event)
{
	event->action = "pull";
	if (strcmp(http_method(req), "HEAD"))
		reg_notify(server->notify, req, event);
}

/* The range asked for, unless If-Range says that it was meant for other content. */
static enum reg_range_answer asked_range(struct http_request *req, const char *digest,
					 uint64_t size, struct reg_range *range)
{
	const char *condition = http_header(req, "If-Range");

	*range = (struct reg_range){ 0, size };
	if (condition && !strstr(condition, digest))
		return REG_RANGE_WHOLE;
	return reg_range_parse(http_header(req, "Range"), size, range);
}

/* Where a blob's bytes come from: an open file, or one that is still on its way (a mirror);
 * neither, when only its size was asked for. */
struct source {
	int fd;
	struct reg_fetch *fetch;
	uint64_t size;
};

static void source_close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->fetch)
		reg_fetch_release(s->fetch);
}

static ssize_t no_bytes(void *arg, uint64_t pos, void *buf, size_t max)
{
	(void)arg, (void)pos, (void)buf, (void)max;
	return -1;
}

static void refuse_range(struct http_request *req, struct http_reply *rep, const char *digest,
			 uint64_t size)
{
	struct err why;
	char text[40];

	reg_refuse(&why, REG_RANGE_UNSATISFIABLE, "%s has %llu bytes", digest,
		   (unsigned long long)size);
	snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)size);
	http_reply_header(rep, "Content-Range", text);
	reg_error_reply(req, rep, &why);
}

static void send_part(struct http_request *req, struct http_reply *rep, struct source *s,
		      int status, const struct reg_range *part)
{
	if (s->fetch)
		reg_fetch_reply(steal_ptr(&s->fetch), req, rep, status, part->first, part->count);
	else if (s->fd < 0) /* to HEAD */
		http_reply_read(rep, status, "application/octet-stream", part->count, no_bytes,
				NULL, NULL);
	else
		http_reply_fd(rep, status, "application/octet-stream", steal_fd(&s->fd),
			      part->first, part->count);
}

static void send_blob(struct http_request *req, struct http_reply *rep, const char *digest,
		      struct source *s)
{
	struct reg_range range = { 0, s->size };
	char text[80];

	if (content_headers(req, rep, digest))
		return;
	if (s->size == HTTP_SIZE_UNKNOWN) { /* and so is every part of it */
		send_part(req, rep, s, 200, &range);
		return;
	}
	http_reply_header(rep, "Accept-Ranges", "bytes");
	switch (asked_range(req, digest, s->size, &range)) {
	case REG_RANGE_UNSATISFIED:
		refuse_range(req, rep, digest, s->size);
		return;
	case REG_RANGE_PART:
		snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)range.first,
			 (unsigned long long)(range.first + range.count - 1),
			 (unsigned long long)s->size);
		http_reply_header(rep, "Content-Range", text);
		send_part(req, rep, s, 206, &range);
		return;
	case REG_RANGE_WHOLE:
		send_part(req, rep, s, 200, &range);
	}
}

/* A mirror that lacks a blob: HEAD is only told of it, GET has it fetched. */
static int open_upstream(struct reg_proxy *proxy, struct http_request *req, const char *name,
			 const char *digest, struct source *s, struct err *err)
{
	if (!strcmp(http_method(req), "HEAD"))
		return reg_proxy_stat(proxy, name, digest, &s->size, err);
	s->fetch = reg_fetch_begin(proxy, name, digest, err);
	if (!s->fetch)
		return -1;
	s->size = reg_fetch_size(s->fetch);
	return 0;
}

static int open_blob(struct reg_server *server, struct http_request *req, const char *name,
		     const char *digest, struct source *s, struct err *err)
{
	bool head = !strcmp(http_method(req), "HEAD");

	s->fd = (head ? reg_blob_claim : reg_blob_open)(server->store, name, digest, &s->size, err);
	if (s->fd >= 0 && server->proxy)
		reg_proxy_hit(server->proxy, s->fd);
	if (s->fd >= 0 || !server->proxy || !reg_refused(err, REG_BLOB_UNKNOWN))
		return s->fd < 0 ? -1 : 0;
	return open_upstream(server->proxy, req, name, digest, s, err);
}

int reg_get_blob(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *digest = http_param(req, "digest");
	struct source s = { .fd = -1 };
	char buf[REG_NAME_MAX + 1];

	if (!name || reg_digest_check(digest, err))
		return -1;
	name = reg_proxy_name(server->proxy, name, buf);
	if (open_blob(server, req, name, digest, &s, err))
		return -1;
	send_blob(req, rep, digest, &s);
	pulled(server, req, &(struct reg_event){ .name = name, .digest = digest,
						   .size = s.size == HTTP_SIZE_UNKNOWN ? 0 : s.size });
	source_close(&s);
	return 0;
}

struct acceptance {
	const char *media_type;
	bool asked;    /* there is an Accept header at all */
	bool accepted;
};

/* One Accept line (Go's clients send one per type). A generic type stands for any
 * manifest: people with curl send "application/json". */
static void read_accept(void *arg, const char *accept)
{
	struct acceptance *a = arg;
	const char *const good[] = { a->media_type, "*/*", "application/*", "application/json" };

	while (*accept) {
		size_t n;

		accept += strspn(accept, ", \t");
		n = strcspn(accept, ",; \t");
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
			if (n == strlen(good[i]) && !strncasecmp(accept, good[i], n))
				a->accepted = true;
		a->asked |= n > 0;
		accept += strcspn(accept, ",");
	}
}

static bool accepts(struct http_request *req, const char *media_type)
{
	struct acceptance a = { media_type, false, false };

	http_header_each(req, "Accept", read_accept, &a);
	return !a.asked || a.accepted;
}

/* The descriptor of a reference: a tag, or a digest. Borrowed from index. */
static const json_t *resolve(const json_t *index, const char *name, const char *reference,
			     struct err *err)
{
	const json_t *d = strchr(reference, ':') ? reg_index_digest(index, reference)
						 : reg_index_tag(index, reference);

	if (!d)
		reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no manifest %.200s", name, reference);
	return d;
}

int reg_get_manifest(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct reg_server *server = daemon;
	const char *reference = http_param(req, "reference");
	const char *name = reg_repository(req, err);
	char buf[REG_NAME_MAX + 1];
	AUTO_JSON json_t *index = NULL;
	const char *type, *digest;
	const json_t *d;
	uint64_t size;
	int fd;

	name = name ? reg_proxy_name(server->proxy, name, buf) : NULL;
	if (!name || (server->proxy && reg_proxy_manifest(server->proxy, name, reference, err)))
		return -1;
	index = reg_index_load(server->store, name, false, err);
	d = index ? resolve(index, name, reference, err) : NULL;
	if (!d)
		return -1;
	type = jsonx_str(d, "mediaType", "");
	digest = jsonx_str(d, "digest", "");
	http_reply_header(rep, "Vary", "Accept");
	if (!accepts(req, type))
		return reg_refuse(err, REG_MANIFEST_UNKNOWN,
				  "the manifest is a %s, which the request does not accept", type);
	if (content_headers(req, rep, digest))
		return 0;
	fd = reg_blob_open(server->store, name, digest, &size, err);
	if (fd < 0)
		return reg_refused(err, REG_BLOB_UNKNOWN) ? reg_recode(err, REG_MANIFEST_UNKNOWN)
							  : -1;
	if (server->proxy)
		reg_blob_touch(fd);
	pulled(server, req,
	       &(struct reg_event){ .name = name, .digest = digest, .manifest = true, .size = size,
				    .tag = strchr(reference, ':') ? NULL : reference,
				    .media_type = type });
	http_reply_fd(rep, 200, type, fd, 0, size);
	return 0;
}
