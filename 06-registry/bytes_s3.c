/*
 * bytes_s3.c - blobs whose bytes are in an object store, and the markers in their place.
 *
 * On the way in the order is: the object, its marker, the repository's link. A kill in between
 * leaves an object that nobody knows of, which the next push of the same blob overwrites. On
 * the way out the marker goes first, for the same reason: a marker promises an object.
 *
 * <root>/s3 holds the address, so that the store is not taken for one whose bytes are here.
 */
#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "names.h"

#define MARKER_MODE (S_ISVTX | 0400)
#define URL_SECONDS (20 * 60) /* to begin a download within */
#define ADDRESS_LIMIT 4096

static bool is_marker(const struct reg_blob *blob)
{
	struct stat st;

	return !fstat(blob->fd, &st) && (st.st_mode & S_ISVTX);
}

/* Below the address given, and below the root alike. */
static char *key_of(const char *digest)
{
	return reg_path_of_digest("blobs", digest);
}

/* ---- in and out ---------------------------------------------------------------------- */

/* Not a rename: that would replace a marker that somebody else has just made, and linked. */
static int name_marker(struct reg_store *store, const char *temporary, const char *digest,
		       struct err *err)
{
	AUTO_FREE char *place = key_of(digest);
	AUTO_FREE char *dir = xasprintf("%s/%s", store->root, place);

	*strrchr(dir, '/') = '\0';
	if (reg_mkdir_durable(dir, err))
		return -1;
	if (!linkat(store->root_fd, temporary, store->root_fd, place, 0) || errno == EEXIST)
		return 0;
	return err_sys(err, "mark blob %s", digest);
}

static int make_marker(struct reg_store *store, const char *digest, uint64_t size, struct err *err)
{
	char uuid[REG_UUID_SIZE];
	AUTO_FREE char *temporary = NULL;
	AUTO_CLOSE int fd = -1;
	int rc;

	reg_uuid_new(uuid);
	temporary = xasprintf("ingest/.%d.%s", (int)getpid(), uuid); /* swept as others of a dead process */
	fd = openat(store->root_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "mark blob %s", digest);
	if (ftruncate(fd, (off_t)size) || fchmod(fd, MARKER_MODE) || fsync(fd))
		rc = err_sys(err, "mark blob %s", digest);
	else
		rc = name_marker(store, temporary, digest, err);
	unlinkat(store->root_fd, temporary, 0);
	return rc;
}

static int upload(struct reg_store *store, struct ingest *in, const char *digest, struct err *err)
{
	AUTO_FREE char *key = key_of(digest);
	AUTO_CLOSE int fd = ingest_reader(in, err);

	if (fd < 0 || reg_s3_put(store->s3, key, fd, ingest_offset(in), err))
		return -1;
	return make_marker(store, digest, ingest_offset(in), err);
}

static int keep(struct reg_store *store, struct ingest *in, const char *digest, struct err *err)
{
	int rc = content_has(store->content, digest, NULL) ? 0 : upload(store, in, digest, err);

	ingest_abort(in);
	return rc;
}

static int drop(struct reg_store *store, const char *digest, struct err *err)
{
	AUTO_FREE char *key = key_of(digest);
	struct err why;
	struct stat st;
	bool remote = !fstatat(store->root_fd, key, &st, AT_SYMLINK_NOFOLLOW) &&
		      (st.st_mode & S_ISVTX);

	if (content_delete(store->content, digest, err))
		return -1;
	if (remote && reg_s3_delete(store->s3, key, &why))
		log_warn("%s is deleted, its object stays: %s", digest, why.msg);
	return 0;
}

/* ---- to those who ask ------------------------------------------------------------------- */

static int read_object(struct reg_s3_object *object, size_t size, struct strbuf *text,
		       struct err *err)
{
	ssize_t n;

	strbuf_reserve(text, size);
	while ((n = reg_s3_read(object, text->data + text->len, size, err)) > 0) {
		text->len += (size_t)n;
		size -= (size_t)n;
	}
	text->data[text->len] = '\0';
	return n < 0 ? -1 : 0;
}

static int read_all(struct reg_store *store, const struct reg_blob *blob, size_t limit,
		    struct strbuf *text, struct err *err)
{
	AUTO_FREE char *key = key_of(blob->digest);
	struct reg_s3_object *object;
	struct stat st;
	int rc;

	if (!is_marker(blob))
		return reg_bytes_disk.read(store, blob, limit, text, err);
	if (fstat(blob->fd, &st) || (uint64_t)st.st_size > limit)
		return err_set(err, ERR_INVALID, "larger than %zu bytes", limit);
	object = reg_s3_get(store->s3, key, 0, (uint64_t)st.st_size, err);
	if (!object)
		return -1;
	rc = read_object(object, (size_t)st.st_size, text, err);
	reg_s3_end(object);
	return rc;
}

static char *url(struct reg_store *store, const struct reg_blob *blob)
{
	AUTO_FREE char *key = key_of(blob->digest);

	if (store->s3_proxy || !is_marker(blob))
		return NULL;
	return reg_s3_presign(store->s3, key, time(NULL), URL_SECONDS);
}

static ssize_t read_on(void *arg, uint64_t pos, void *buf, size_t max)
{
	struct err err;
	ssize_t n = reg_s3_read(arg, buf, max, &err);

	(void)pos;
	if (n < 0)
		log_warn("%s", err.msg);
	return n;
}

static void end(void *arg)
{
	reg_s3_end(arg);
}

static int reply(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		 int status, const char *type, struct reg_blob *blob, uint64_t first,
		 uint64_t count, struct err *err)
{
	AUTO_FREE char *key = key_of(blob->digest);
	struct reg_s3_object *object;

	/* To a HEAD only the length is sent, and the marker has that. */
	if (!is_marker(blob) || !strcmp(http_method(req), "HEAD"))
		return reg_bytes_disk.reply(store, req, rep, status, type, blob, first, count, err);
	object = reg_s3_get(store->s3, key, first, count, err);
	if (!object)
		return -1;
	http_reply_read(rep, status, type, count, read_on, object, end);
	return 0;
}

const struct reg_bytes reg_bytes_s3 = { keep, drop, read_all, url, reply };

/* ---- which of the two ---------------------------------------------------------------------- */

/* Is `url` what the store has been told before? Then, or now for the first time, it is written down. */
static int same_address(struct reg_store *store, const char *url, struct err *err)
{
	AUTO_STRBUF struct strbuf known = STRBUF_INIT;

	if (file_read(store->root_fd, "s3", &known, ADDRESS_LIMIT, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		return url ? file_write_atomic(store->root_fd, "s3", url, strlen(url), 0644, err)
			   : 0;
	}
	if (url && known.data && !strcmp(known.data, url))
		return 0;
	return err_set(err, ERR_CONFLICT, "the blobs of %s are at %s: --s3 has to say so",
		       store->root, known.data ? known.data : "");
}

int reg_bytes_choose(struct reg_store *store, const struct reg_s3_options *o, struct err *err)
{
	if (!o || !o->url) {
		content_write_early(store->content);
		return same_address(store, NULL, err);
	}
	store->s3 = reg_s3_open(o, err);
	if (!store->s3 || same_address(store, reg_s3_url(store->s3), err))
		return -1;
	store->bytes = &reg_bytes_s3;
	store->s3_proxy = o->proxy;
	return 0;
}
