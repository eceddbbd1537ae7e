/*
 * push.c - the category "push": end-4 to end-7, end-11, end-13.
 *
 * What can be refused by the headers alone is refused before the body is read: open_* below run
 * then. They leave a struct reg_push (push_body.h), which the body goes through and the handler
 * finds afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "manifest.h"
#include "push_body.h"
#include "range.h"
#include "server.h"

/* ---- end-4a, end-4b, end-11: POST -------------------------------------------------- */

int reg_open_post(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *digest = http_query(req, "digest");
	struct reg_push p = { .uploads = server->uploads, .left = UINT64_MAX };

	if (!name)
		return -1;
	if (digest) {
		if (reg_digest_check(digest, err))
			return -1;
		p.single = content_ingest(server->store->content, NULL, err);
		if (!p.single)
			return -1;
		if (ingest_hash_like(p.single, digest, err)) {
			ingest_abort(p.single);
			return -1;
		}
	}
	reg_push_take(sink, &p);
	return 0;
}

/* The blob is here: say so to the client, and to who wants to know. `from`: it was mounted. */
static void reply_blob(struct reg_server *server, const struct http_request *req,
		       struct http_reply *rep, const char *name, const char *digest,
		       const char *from)
{
	struct reg_event event = { .action = from ? "mount" : "push", .name = name,
				   .digest = digest, .from = from };

	if (server->notify)
		reg_blob_has(server->store, name, digest, &event.size);
	reg_notify(server->notify, req, &event);
	reg_location(rep, name, "/blobs/%s", digest);
	http_reply_header(rep, "Docker-Content-Digest", digest);
	http_reply_empty(rep, 201);
}

/* Where the session stands. An empty one says 0-0 as well, as Docker's registry does. */
static void describe_session(struct http_reply *rep, const char *name, const char *uuid,
			     uint64_t offset)
{
	char range[40];

	snprintf(range, sizeof(range), "0-%llu", (unsigned long long)(offset ? offset - 1 : 0));
	reg_location(rep, name, "/blobs/uploads/%s", uuid);
	http_reply_header(rep, "Range", range);
	http_reply_header(rep, "Docker-Upload-UUID", uuid);
}

static void reply_session(struct http_reply *rep, int status, const char *name, const char *uuid,
			  uint64_t offset)
{
	describe_session(rep, name, uuid, offset);
	http_reply_empty(rep, status);
}

static int begin_session(struct reg_server *server, struct http_reply *rep, const char *name,
			 struct err *err)
{
	char uuid[REG_UUID_SIZE];

	if (reg_upload_begin(server->uploads, name, uuid, err))
		return -1;
	reply_session(rep, 202, name, uuid, 0);
	return 0;
}

/* A blob that cannot be mounted is no error: the client then uploads it. */
static int mount_blob(struct reg_server *server, struct http_request *req, struct http_reply *rep,
		      const char *name, struct err *err)
{
	const char *digest = http_query(req, "mount");
	const char *from = http_query(req, "from");

	if (reg_digest_check(digest, err))
		return -1;
	if (from && reg_name_check(from, err))
		return -1;
	/* Without a `from`, any repository's will do, where whoever may pull from one may from all. */
	if (from ? !reg_auth_may_pull(server->auth, req, from) : server->auth->access != NULL)
		return begin_session(server, rep, name, err);
	if (reg_blob_mount(server->store, from, name, digest, err))
		return err->kind == ERR_NOT_FOUND ? begin_session(server, rep, name, err) : -1;
	reply_blob(server, req, rep, name, digest, from);
	return 0;
}

int reg_post_upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	struct reg_push *p = http_sink_state(req);
	const char *name = http_param(req, "name");
	const char *digest = http_query(req, "digest");

	if (http_query(req, "mount"))
		return mount_blob(server, req, rep, name, err);
	if (!digest)
		return begin_session(server, rep, name, err);
	if (reg_push_flush(p, err) ||
	    reg_blob_commit(server->store, name, steal_ptr(&p->single), digest, -1, err))
		return -1;
	reply_blob(server, req, rep, name, digest, NULL);
	return 0;
}

/* ---- end-5, end-6: PATCH and PUT ---------------------------------------------------- */

/* The chunk that a Content-Range announces must follow what is there. */
static int check_chunk(struct http_request *req, struct reg_push *p, struct err *err)
{
	const char *header = http_header(req, "Content-Range");
	const char *length = http_header(req, "Content-Length");
	uint64_t offset = reg_upload_offset(p->session);
	struct reg_range chunk;

	if (!header)
		return 0; /* streamed: goes on where the last one ended */
	if (!reg_chunk_parse(header, &chunk) || chunk.first != offset) {
		describe_session(http_request_reply(req), http_param(req, "name"),
				 http_param(req, "uuid"), offset);
		return reg_refuse(err, REG_UPLOAD_OUT_OF_ORDER,
				  "Content-Range \"%.80s\": the next chunk begins at %llu", header,
				  (unsigned long long)offset);
	}
	if (length && strtoull(length, NULL, 10) != chunk.count)
		return reg_refuse(err, REG_SIZE_INVALID,
				  "Content-Range \"%.80s\" is not Content-Length %.30s", header,
				  length);
	p->left = chunk.count;
	return 0;
}

/* The PUT names a digest (the PATCH none): what comes is hashed for that. */
static int open_chunk(struct http_request *req, struct http_sink *sink, struct reg_server *server,
		      const char *digest, struct err *err)
{
	const char *name = reg_repository(req, err);
	struct reg_push p = { .uploads = server->uploads, .left = UINT64_MAX };

	if (!name)
		return -1;
	p.session = reg_upload_take(server->uploads, name, http_param(req, "uuid"), err);
	if (!p.session)
		return -1;
	if (check_chunk(req, &p, err) || (digest && reg_upload_hash_like(p.session, digest, err))) {
		reg_upload_give(server->uploads, p.session);
		return -1;
	}
	p.at = reg_upload_offset(p.session);
	reg_push_take(sink, &p);
	return 0;
}

int reg_open_patch(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	return open_chunk(req, sink, daemon, NULL, err);
}

int reg_open_put(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	const char *digest = http_query(req, "digest");

	return reg_digest_check(digest, err) ? -1 : open_chunk(req, sink, daemon, digest, err);
}

/* All of the body has come. A chunk of announced length that ended early: the connection lied about
 * its own. */
static int end_chunk(struct http_request *req, struct reg_push *p, struct err *err)
{
	if (!http_header(req, "Content-Range") || !p->left)
		return reg_push_flush(p, err);
	return reg_refuse(err, REG_SIZE_INVALID, "the body is %llu bytes shorter than announced",
			  (unsigned long long)p->left);
}

int reg_patch_upload(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct reg_server *server = daemon;
	struct reg_push *p = http_sink_state(req);
	uint64_t offset;

	if (end_chunk(req, p, err))
		return -1;
	offset = reg_upload_offset(p->session);
	/* Before the reply: the next chunk may come faster than our release. */
	reg_upload_give(server->uploads, steal_ptr(&p->session));
	reply_session(rep, 202, http_param(req, "name"), http_param(req, "uuid"), offset);
	return 0;
}

int reg_put_upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	struct reg_push *p = http_sink_state(req);
	const char *digest = http_query(req, "digest");

	if (end_chunk(req, p, err))
		return -1;
	if (reg_upload_finish(server->uploads, steal_ptr(&p->session), digest, err))
		return -1;
	reply_blob(server, req, rep, http_param(req, "name"), digest, NULL);
	return 0;
}

/* ---- end-7: PUT of a manifest -------------------------------------------------------- */

/* Split a reference into tag or digest, the other being NULL. */
static int read_reference(const char *reference, const char **tag, const char **digest,
			  struct err *err)
{
	*tag = strchr(reference, ':') ? NULL : reference;
	*digest = *tag ? NULL : reference;
	if (*digest)
		return reg_digest_check(*digest, err);
	if (reg_tag_valid(*tag))
		return 0;
	return reg_refuse(err, REG_TAG_INVALID, "\"%.150s\" is not a tag", *tag);
}

int reg_put_manifest(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *tag, *wanted, *text;
	char digest[DIGEST_SIZE];
	struct reg_manifest m;
	size_t n;
	int rc;

	if (!name || read_reference(http_param(req, "reference"), &tag, &wanted, err))
		return -1;
	text = http_body(req, &n);
	digest_of_like(wanted ? wanted : "sha256:", text, n, digest);
	if (wanted && strcmp(wanted, digest))
		return reg_refuse(err, REG_DIGEST_INVALID, "the manifest has the digest %s", digest);
	if (reg_manifest_parse(text, n, http_header(req, "Content-Type"), &m, err))
		return -1;
	rc = reg_manifest_put(server->store, name, tag, text, n, &m, digest, err);
	if (!rc) {
		reg_notify(server->notify, req,
			   &(struct reg_event){ .action = "push", .name = name, .tag = tag,
						.digest = digest, .manifest = true, .size = n,
						.media_type = m.type->media_type });
		if (m.subject)
			http_reply_header(rep, "OCI-Subject", m.subject);
		reg_location(rep, name, "/manifests/%s", digest);
		http_reply_header(rep, "Docker-Content-Digest", digest);
		http_reply_empty(rep, 201);
	}
	reg_manifest_free(&m);
	return rc;
}

/* ---- end-13, and Docker's way to give an upload up ------------------------------------ */

int reg_get_upload(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *uuid = http_param(req, "uuid");
	uint64_t offset;

	if (!name || reg_upload_status(server->uploads, name, uuid, &offset, err))
		return -1;
	reply_session(rep, 204, name, uuid, offset);
	return 0;
}

int reg_delete_upload(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	struct reg_upload *up;

	if (!name)
		return -1;
	up = reg_upload_take(server->uploads, name, http_param(req, "uuid"), err);
	if (!up)
		return -1;
	reg_upload_cancel(server->uploads, up);
	http_reply_empty(rep, 204);
	return 0;
}
