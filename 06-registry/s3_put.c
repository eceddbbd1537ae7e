/*
 * s3_put.c - an object from a file.
 *
 * A small one goes in one PUT. A large one goes in parts, of which one that fails is sent again
 * alone, and which become an object when the store is told their list; until then, and if that
 * never happens, there is none. Memory does not grow with the size: libcurl reads the file.
 */
#include <stdlib.h>
#include <string.h>

#include "s3_private.h"

#define PART_SIZE (16ull << 20)
#define PARTS_MAX 10000u /* Amazon's limit; the least size of a part but the last is 5 MiB */

static uint64_t part_size(uint64_t size)
{
	uint64_t least = size / PARTS_MAX + 1;

	return least > PART_SIZE ? least : PART_SIZE;
}

/* What the store calls the upload, fit for a query. */
static char *begin(struct reg_s3 *s3, const char *key, struct err *err)
{
	struct s3_request r = { .method = "POST", .key = key, .query = "uploads=", .fd = -1,
				.body = "" };
	int rc = s3_request(s3, &r, err);
	AUTO_FREE char *id = rc ? NULL : s3_element(r.answer.data, "UploadId");
	struct strbuf encoded = STRBUF_INIT;

	if (id)
		s3_add_encoded(&encoded, id);
	else if (!rc)
		err_set(err, ERR_UNAVAILABLE, "object store: POST %s: no UploadId", key);
	strbuf_free(&r.answer);
	return id ? strbuf_steal(&encoded) : NULL;
}

static int put_part(struct reg_s3 *s3, const char *key, const char *id, unsigned number, int fd,
		    uint64_t offset, uint64_t size, struct strbuf *list, struct err *err)
{
	AUTO_FREE char *query = xasprintf("partNumber=%u&uploadId=%s", number, id);
	struct s3_request r = { .method = "PUT", .key = key, .query = query, .fd = fd,
				.offset = offset, .size = size };
	int rc = s3_request(s3, &r, err);

	strbuf_addf(list, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", number, r.etag);
	strbuf_free(&r.answer);
	return rc;
}

/* Its status comes before the work is done, so a 200 may carry an error. */
static int complete(struct reg_s3 *s3, const char *key, const char *id, const struct strbuf *list,
		    struct err *err)
{
	AUTO_FREE char *query = xasprintf("uploadId=%s", id);
	AUTO_FREE char *body = xasprintf("<CompleteMultipartUpload>%s</CompleteMultipartUpload>",
					 list->data);
	struct s3_request r = { .method = "POST", .key = key, .query = query, .fd = -1,
				.body = body };
	int rc = s3_request(s3, &r, err);

	if (!rc && (!r.answer.data || !strstr(r.answer.data, "<CompleteMultipartUploadResult")))
		rc = s3_refused("POST", key, 200, r.answer.data, err);
	strbuf_free(&r.answer);
	return rc;
}

static void give_up(struct reg_s3 *s3, const char *key, const char *id)
{
	AUTO_FREE char *query = xasprintf("uploadId=%s", id);
	struct s3_request r = { .method = "DELETE", .key = key, .query = query, .fd = -1,
				.body = NULL };
	struct err ignored; /* what is left is for the bucket's own rule on unfinished uploads */

	s3_request(s3, &r, &ignored);
	strbuf_free(&r.answer);
}

static int put_parts(struct reg_s3 *s3, const char *key, int fd, uint64_t size, struct err *err)
{
	AUTO_STRBUF struct strbuf list = STRBUF_INIT;
	AUTO_FREE char *id = begin(s3, key, err);
	uint64_t each = part_size(size);
	unsigned number = 1;
	int rc = id ? 0 : -1;

	for (uint64_t at = 0; !rc && at < size; at += each)
		rc = put_part(s3, key, id, number++, fd, at, size - at < each ? size - at : each,
			      &list, err);
	if (!rc)
		rc = complete(s3, key, id, &list, err);
	if (rc && id)
		give_up(s3, key, id);
	return rc;
}

int reg_s3_put(struct reg_s3 *s3, const char *key, int fd, uint64_t size, struct err *err)
{
	struct s3_request r = { .method = "PUT", .key = key, .fd = fd, .size = size };
	int rc;

	if (size > PART_SIZE)
		return put_parts(s3, key, fd, size, err);
	rc = s3_request(s3, &r, err);
	strbuf_free(&r.answer);
	return rc;
}

int reg_s3_delete(struct reg_s3 *s3, const char *key, struct err *err)
{
	struct s3_request r = { .method = "DELETE", .key = key, .fd = -1 };
	int rc = s3_request(s3, &r, err);

	strbuf_free(&r.answer);
	return rc && err->kind == ERR_NOT_FOUND ? 0 : rc;
}
