/*
 * bytes_disk.c - blobs whose bytes are in their files.
 */
#include "01-kernel/base/file.h"
#include "bytes.h"

/* Synced before they are seen. The new name is not synced: the link in a repository that
 * follows is the one that counts, and without a shared name the bytes would only be stored
 * once more. */
static int keep(struct reg_store *store, struct ingest *in, const char *digest, struct err *err)
{
	(void)store;
	(void)digest;
	if (!ingest_sync(in, err))
		return ingest_publish(in, err);
	ingest_abort(in);
	return -1;
}

static int drop(struct reg_store *store, const char *digest, struct err *err)
{
	return content_delete(store->content, digest, err);
}

static int read_all(struct reg_store *store, const struct reg_blob *blob, size_t limit,
		    struct strbuf *text, struct err *err)
{
	(void)store;
	return file_read_fd(blob->fd, text, limit, err);
}

static char *url(struct reg_store *store, const struct reg_blob *blob)
{
	(void)store;
	(void)blob;
	return NULL;
}

static int reply(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		 int status, const char *type, struct reg_blob *blob, uint64_t first,
		 uint64_t count, struct err *err)
{
	(void)store;
	(void)req;
	(void)err;
	http_reply_fd(rep, status, type, steal_fd(&blob->fd), first, count);
	return 0;
}

const struct reg_bytes reg_bytes_disk = { keep, drop, read_all, url, reply };
