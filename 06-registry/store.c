/*
 * store.c - the shared blobs and the links to them. The model is in store.h.
 *
 * What is acknowledged has been synced: the blob before its rename, the link by an
 * fsync of the directory that holds it.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "bytes.h"
#include "errors.h"
#include "names.h"

#define MANIFEST_READ_LIMIT (16u << 20)
#define TOUCH_SECONDS 60 /* a time of access need not be more exact */

static const struct timespec used_now[] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };

struct reg_store *reg_store_open(const char *root, struct err *err)
{
	return reg_store_open_at(root, NULL, err);
}

struct reg_store *reg_store_open_at(const char *root, const struct reg_s3_options *s3,
				    struct err *err)
{
	struct reg_store *store;
	AUTO_FREE char *repositories = xasprintf("%s/repositories", root);
	AUTO_FREE char *uploads = xasprintf("%s/uploads", root);
	struct content *content;
	AUTO_CLOSE int fd = -1;

	if (reg_mkdir_durable(repositories, err) || reg_mkdir_durable(uploads, err))
		return NULL;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(err, "open %s", root);
		return NULL;
	}
	content = content_open(root, err);
	if (!content)
		return NULL;
	store = xcalloc(1, sizeof(*store));
	store->root = xstrdup(root);
	store->root_fd = steal_fd(&fd);
	store->content = content;
	store->bytes = &reg_bytes_disk;
	if (!reg_bytes_choose(store, s3, err))
		return store;
	reg_store_close(store);
	return NULL;
}

void reg_store_close(struct reg_store *store)
{
	if (!store)
		return;
	reg_s3_close(store->s3);
	content_close(store->content);
	close(store->root_fd);
	free((char *)store->root);
	free(store);
}

static int sync_dir(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return err_sys(err, "sync %s", path);
	return 0;
}

int reg_mkdir_durable(const char *path, struct err *err)
{
	AUTO_FREE char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');

	if (!mkdir(path, 0755)) {
		if (slash == parent)
			slash++;
		if (slash)
			*slash = '\0';
		return sync_dir(slash ? parent : ".", err);
	}
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT || !slash || slash == parent)
		return err_sys(err, "make the directory %s", path);
	*slash = '\0';
	return reg_mkdir_durable(parent, err) ? -1 : reg_mkdir_durable(path, err);
}

/* ---- blobs ------------------------------------------------------------------ */

/* Both relative to the root. */
static char *blob_path(const char *digest)
{
	return reg_path_of_digest("blobs", digest);
}

static char *link_path(const char *name, const char *digest)
{
	AUTO_FREE char *dir = reg_dir_of_name(name);
	AUTO_FREE char *blobs = xasprintf("repositories/%s/blobs", dir);

	return reg_path_of_digest(blobs, digest);
}

bool reg_blob_has(struct reg_store *store, const char *name, const char *digest, uint64_t *size)
{
	AUTO_FREE char *path = link_path(name, digest);
	struct stat st;

	if (fstatat(store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return false;
	if (size)
		*size = (uint64_t)st.st_size;
	return true;
}

int reg_blob_open(struct reg_store *store, const char *name, const char *digest, uint64_t *size,
		  struct err *err)
{
	AUTO_FREE char *path = link_path(name, digest);
	AUTO_CLOSE int fd = openat(store->root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return reg_refuse(err, REG_BLOB_UNKNOWN, "%s has no blob %s", name, digest);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "open blob %s of %s", digest, name);
	*size = (uint64_t)st.st_size;
	return steal_fd(&fd);
}

char *reg_blob_read(struct reg_store *store, const char *name, const char *digest, size_t *n,
		    struct err *err)
{
	uint64_t size;
	AUTO_CLOSE int fd = reg_blob_open(store, name, digest, &size, err);
	struct strbuf text = STRBUF_INIT;

	if (fd < 0)
		return NULL;
	if (store->bytes->read(store, &(struct reg_blob){ digest, fd }, MANIFEST_READ_LIMIT, &text,
			       err)) {
		err_wrap(err, "read %s of %s", digest, name);
		strbuf_free(&text);
		return NULL;
	}
	*n = text.len;
	return strbuf_steal(&text);
}

int reg_blobs_lock(struct reg_store *store, int how, struct err *err)
{
	AUTO_CLOSE int fd = openat(store->root_fd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open the blobs");
	while (flock(fd, how))
		if (errno != EINTR)
			return err_sys(err, "lock the blobs");
	return steal_fd(&fd);
}

static int make_link(struct reg_store *store, const char *from, const char *to, struct err *err)
{
	if (!linkat(store->root_fd, from, store->root_fd, to, 0) || errno == EEXIST)
		return 0;
	if (errno == EMLINK)
		return err_sys(err, "link %s: as many repositories share it as the file system allows",
			       from);
	return err_sys(err, "link %s to %s", from, to);
}

/* Make `to`, in the repository's blobs, a link to `from`; durable when it returns 0. */
static int add_link(struct reg_store *store, const char *from, const char *to, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", store->root, to);

	*strrchr(dir, '/') = '\0';
	if (reg_mkdir_durable(dir, err) || make_link(store, from, to, err))
		return -1;
	/* It may have been here unused for long: now somebody wants it. */
	utimensat(store->root_fd, to, used_now, 0);
	return sync_dir(dir, err);
}

static int commit(struct reg_store *store, const struct reg_bytes *bytes, const char *name,
		  struct ingest *in, const char *digest, int64_t size, struct err *err)
{
	AUTO_FREE char *from = blob_path(digest);
	AUTO_FREE char *to = link_path(name, digest);
	AUTO_CLOSE int lock = reg_blobs_lock(store, LOCK_SH, err);

	if (lock < 0) {
		ingest_abort(in);
		return -1;
	}
	if (ingest_verify(in, digest, size, err)) {
		ingest_abort(in);
		return err->kind == ERR_CORRUPT ? reg_recode(err, REG_DIGEST_INVALID) : -1;
	}
	return bytes->keep(store, in, digest, err) ? -1 : add_link(store, from, to, err);
}

int reg_blob_commit(struct reg_store *store, const char *name, struct ingest *in,
		    const char *digest, int64_t size, struct err *err)
{
	return commit(store, store->bytes, name, in, digest, size, err);
}

int reg_blob_write(struct reg_store *store, const char *name, const void *buf, size_t n,
		   const char *digest, struct err *err)
{
	struct ingest *in = content_ingest(store->content, NULL, err);

	if (!in)
		return -1;
	if (ingest_hash_like(in, digest, err) || ingest_write(in, buf, n, err)) {
		ingest_abort(in);
		return -1;
	}
	return commit(store, &reg_bytes_disk, name, in, digest, (int64_t)n, err);
}

int reg_blob_mount(struct reg_store *store, const char *from, const char *name, const char *digest,
		   struct err *err)
{
	AUTO_FREE char *source = from ? link_path(from, digest) : blob_path(digest);
	AUTO_FREE char *to = link_path(name, digest);
	AUTO_CLOSE int lock = reg_blobs_lock(store, LOCK_SH, err);

	if (lock < 0)
		return -1;
	if (from ? !reg_blob_has(store, from, digest, NULL)
		 : !content_has(store->content, digest, NULL))
		return reg_refuse(err, REG_BLOB_UNKNOWN, "there is no blob %s to mount", digest);
	return add_link(store, source, to, err);
}

void reg_blob_touch(int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && time(NULL) - st.st_atime > TOUCH_SECONDS)
		futimens(fd, used_now);
}

int reg_blob_claim(struct reg_store *store, const char *name, const char *digest, uint64_t *size,
		   struct err *err)
{
	AUTO_CLOSE int lock = reg_blobs_lock(store, LOCK_SH, err);
	int fd = lock < 0 ? -1 : reg_blob_open(store, name, digest, size, err);

	if (fd >= 0)
		reg_blob_touch(fd);
	return fd;
}

bool reg_blob_unused(struct reg_store *store, const char *name, const char *digest,
		     uint64_t seconds)
{
	AUTO_FREE char *path = link_path(name, digest);
	struct stat st;

	return !fstatat(store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_atime + (time_t)seconds <= time(NULL);
}

int reg_blob_unlink(struct reg_store *store, const char *name, const char *digest, struct err *err)
{
	AUTO_FREE char *path = link_path(name, digest);

	return unlinkat(store->root_fd, path, 0) ? err_sys(err, "remove %s", path) : 0;
}

unsigned reg_blob_links(struct reg_store *store, const char *name, const char *digest)
{
	AUTO_FREE char *path = link_path(name, digest);
	struct stat st;

	return fstatat(store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (unsigned)st.st_nlink;
}

/* Remove a shared blob that nobody links to any more. Needs lock 2, exclusive. */
static int drop_unlinked(struct reg_store *store, const char *digest, unsigned *removed,
			 struct err *err)
{
	AUTO_FREE char *path = blob_path(digest);
	struct stat st;

	if (fstatat(store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) || st.st_nlink != 1)
		return 0;
	if (store->bytes->drop(store, digest, err))
		return -1;
	++*removed;
	return 0;
}

int reg_blob_delete(struct reg_store *store, const char *name, const char *digest, struct err *err)
{
	AUTO_FREE char *path = link_path(name, digest);
	AUTO_CLOSE int lock = -1;
	struct err busy;
	unsigned removed = 0;

	if (unlinkat(store->root_fd, path, 0)) {
		if (errno == ENOENT)
			return reg_refuse(err, REG_BLOB_UNKNOWN, "%s has no blob %s", name, digest);
		return err_sys(err, "remove %s", path);
	}
	lock = reg_blobs_lock(store, LOCK_EX | LOCK_NB, &busy);
	return lock < 0 ? 0 : drop_unlinked(store, digest, &removed, err);
}

struct sweep {
	struct reg_store *store;
	unsigned *removed;
	struct err *err;
};

static int sweep_one(void *arg, const char *digest, uint64_t size)
{
	struct sweep *s = arg;

	(void)size;
	return drop_unlinked(s->store, digest, s->removed, s->err);
}

int reg_store_sweep(struct reg_store *store, unsigned *removed, struct err *err)
{
	AUTO_CLOSE int lock = reg_blobs_lock(store, LOCK_EX | LOCK_NB, err);
	struct sweep s = { store, removed, err };

	*removed = 0;
	if (lock < 0)
		return err->errnum == EWOULDBLOCK ? 0 : -1;
	return content_walk(store->content, sweep_one, &s, err);
}
