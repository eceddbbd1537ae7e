/*
 * api_content.c - blobs over HTTP (api.h, content.h).
 */
#include "api.h"

#include <string.h>

#include "01-kernel/base/log.h"
#include "content_labels.h"

struct listing {
	struct content *content;
	json_t *list, *labels; /* labels: by digest */
};

static int add_blob(void *arg, const char *digest, uint64_t size)
{
	struct listing *l = arg;
	struct timespec when;
	char text[TIME_TEXT_SIZE];
	struct err gone;

	if (!content_created(l->content, digest, &when, &gone))
		json_array_append_new(l->list, json_pack("{s:s, s:I, s:s, s:O*}", "digest", digest, "size",
							 (json_int_t)size, "createdAt",
							 time_text(&when, text), "labels",
							 json_object_get(l->labels, digest)));
	return 0;
}

API_HANDLER(api_content_list)
{
	struct ctrd_daemon *d = daemon;
	AUTO_JSON json_t *list = json_array();
	AUTO_JSON json_t *labels = content_labels(d->content, err);
	struct listing l = { d->content, list, labels };

	if (!labels || content_walk(d->content, add_blob, &l, err))
		return -1;
	return ctrd_api_reply_list(req, rep, steal_ptr(&list), err);
}

static void add_ingest(void *arg, const char *name, const struct stat *st)
{
	char text[TIME_TEXT_SIZE];

	json_array_append_new(arg, json_pack("{s:s, s:I, s:s}", "ref", name, "offset", (json_int_t)st->st_size,
					     "updatedAt", time_text(&st->st_mtim, text)));
}

API_HANDLER(api_content_ingests)
{
	struct ctrd_daemon *d = daemon;
	AUTO_JSON json_t *list = json_array();

	if (content_ingests(d->content, add_ingest, list, err))
		return -1;
	return ctrd_api_reply_list(req, rep, steal_ptr(&list), err);
}

API_HANDLER(api_content_label)
{
	json_t *body = http_body_json(req, err), *labels;
	struct ctrd_daemon *d = daemon;

	if (!body || jsonx_want(body, "", "labels", JSON_OBJECT, &labels, err))
		return -1;
	labels = content_label(d->content, http_param(req, "digest"), labels, err);
	return ctrd_api_reply(rep, 200, labels ? json_pack("{s:o}", "labels", labels) : NULL);
}

API_HANDLER(api_content_get)
{
	struct ctrd_daemon *d = daemon;
	uint64_t size;
	int fd = content_reader(d->content, http_param(req, "digest"), &size, err);

	if (fd < 0)
		return -1;
	http_reply_fd(rep, 200, "application/octet-stream", fd, 0, size);
	return 0;
}

API_HANDLER(api_content_delete)
{
	struct ctrd_daemon *d = daemon;

	(void)rep;
	return content_delete(d->content, http_param(req, "digest"), err);
}

/* --- uploads: POST /v1/content?digest=&size= ------------------------------------------------ */

struct upload {
	struct ingest *ingest; /* NULL once it was committed */
};

static int upload_write(void *state, const void *buf, size_t n, struct err *err)
{
	struct upload *u = state;

	return ingest_write(u->ingest, buf, n, err);
}

static void upload_release(void *state)
{
	struct upload *u = state;

	if (u->ingest)
		ingest_abort(u->ingest);
	free(u);
}

static int expected(struct http_request *req, const char **digest, int64_t *size, struct err *err)
{
	const char *text = http_query(req, "size");
	char *end = NULL;

	*digest = http_query(req, "digest");
	*size = text ? strtoll(text, &end, 10) : -1;
	if (text && (end == text || *end || *size < 0))
		return err_set(err, ERR_INVALID, "size: expected a number");
	if (*digest && !digest_valid(*digest))
		return err_set(err, ERR_INVALID, "digest: expected sha256:<64 hex digits>");
	return 0;
}

int api_content_sink(struct http_request *req, struct http_sink *sink, void *daemon,
		     struct err *err)
{
	struct ctrd_daemon *d = daemon;
	const char *digest;
	struct upload *u;
	int64_t size;

	if (expected(req, &digest, &size, err))
		return -1;
	u = xcalloc(1, sizeof *u);
	u->ingest = content_ingest(d->content, NULL, err);
	if (!u->ingest) {
		free(u);
		return -1;
	}
	*sink = (struct http_sink){ u, upload_write, upload_release };
	return 0;
}

API_HANDLER(api_content_put)
{
	struct upload *u = http_sink_state(req);
	struct ctrd_daemon *d = daemon;
	char got[DIGEST_SIZE];
	const char *digest;
	int64_t size, length;
	int rc;

	if (expected(req, &digest, &size, err))
		return -1;
	length = (int64_t)ingest_offset(u->ingest);
	ctrd_images_lease(d->images);
	rc = ingest_commit(steal_ptr(&u->ingest), digest, size, got, err);
	/* To the one who sent it the mismatch is a bad request, not a corrupt store. */
	if (rc && err->kind == ERR_CORRUPT)
		err->kind = ERR_INVALID;
	if (!rc)
		rc = ctrd_api_hold(d, req, LEASE_CONTENT, got, err);
	ctrd_images_release(d->images);
	if (rc)
		return -1;
	return ctrd_api_reply(rep, 201, json_pack("{s:s, s:I}", "digest", got, "size",
						  (json_int_t)length));
}
