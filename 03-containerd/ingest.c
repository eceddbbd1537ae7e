/*
 * ingest.c - how a blob comes into the store.
 *
 *     content_ingest ─▶ ingest_write … ─▶ ingest_commit    verify, sync, rename
 *                                      ├▶ ingest_verify … content_sync, ingest_publish
 *                                      └▶ ingest_suspend   keep it for later (named)
 *                                      └▶ ingest_abort     remove it
 *
 * An anonymous ingest has no name on disk at all (O_TMPFILE), so that a process
 * that dies leaves nothing; a commit links it into ingest/ first, since linkat(2)
 * cannot replace and rename(2) can. A named one is locked with flock(2) while it is open:
 * two uploads under one name would otherwise write into each other.
 */
#include "content_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/path.h"

#define EARLY_BLOCK (8u << 20)

struct ingest {
	struct content *content;
	int fd;
	char *name; /* in ingest/; NULL while the file has no name */
	bool keep;  /* suspendable: the caller named it */
	uint64_t offset;
	uint64_t early; /* up to here the kernel was asked to write */
	struct digester *digester;
	int failed; /* errno of a write: nothing more may be added or committed */
	char digest[DIGEST_SIZE]; /* once it was verified */
};

/* Feed what there is already to the digester: an earlier process wrote it. */
static int rehash(struct ingest *in, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(1 << 16);
	ssize_t n;

	in->offset = 0;
	if (lseek(in->fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read an ingest");
	while ((n = io_read_full(in->fd, buf, 1 << 16)) > 0) {
		digester_add(in->digester, buf, (size_t)n);
		in->offset += (uint64_t)n;
	}
	return n < 0 ? err_sys(err, "read an ingest") : 0;
}

/* Open and lock. Whoever held the lock before may have committed the file, and so
 * renamed it away, between our open and our lock: then it is not the one we want. */
static int open_locked(struct ingest *in, struct err *err)
{
	struct stat open_one, named;

	for (;;) {
		in->fd = openat(in->content->ingest, in->name,
				O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (in->fd < 0)
			return err_sys(err, "open ingest %s", in->name);
		if (flock(in->fd, LOCK_EX | LOCK_NB))
			return err_set(err, ERR_CONFLICT, "ingest %s is being written already",
				       in->name);
		if (fstat(in->fd, &open_one))
			return err_sys(err, "stat ingest %s", in->name);
		if (!fstatat(in->content->ingest, in->name, &named, AT_SYMLINK_NOFOLLOW) &&
		    named.st_ino == open_one.st_ino)
			return 0;
		close(in->fd);
	}
}

static int open_named(struct ingest *in, const char *name, struct err *err)
{
	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 200)
		return err_set(err, ERR_INVALID, "invalid name of an ingest \"%.220s\"", name);
	in->name = xstrdup(name);
	in->keep = true;
	return open_locked(in, err) ? -1 : rehash(in, err);
}

/* A file name that no other ingest of this process or another one uses. */
static char *unique_name(void)
{
	static _Atomic unsigned serial;

	return xasprintf(".%d.%u", (int)getpid(), serial++);
}

static int open_anonymous(struct ingest *in, struct err *err)
{
	in->fd = openat(in->content->ingest, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (in->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return err_sys(err, "create an ingest in %s", in->content->root);
	in->name = unique_name(); /* a file system without O_TMPFILE */
	in->fd = openat(in->content->ingest, in->name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return in->fd < 0 ? err_sys(err, "create ingest %s", in->name) : 0;
}

static void ingest_free(struct ingest *in, bool remove)
{
	if (remove && in->name)
		unlinkat(in->content->ingest, in->name, 0);
	if (in->fd >= 0)
		close(in->fd);
	digester_free(in->digester);
	free(in->name);
	free(in);
}

struct ingest *content_ingest(struct content *c, const char *resume_name, struct err *err)
{
	struct ingest *in = xcalloc(1, sizeof(*in));

	in->content = c;
	in->fd = -1;
	in->digester = digester_new();
	if (!(resume_name ? open_named(in, resume_name, err) : open_anonymous(in, err)))
		return in;
	ingest_free(in, false);
	return NULL;
}

uint64_t ingest_offset(const struct ingest *in)
{
	return in->offset;
}

/* Begin to write what is in the page cache, and do not wait. A hint: sync is what counts. */
static void write_early(struct ingest *in)
{
	if (!in->content->early || in->offset - in->early < EARLY_BLOCK)
		return;
	sync_file_range(in->fd, (off_t)in->early, (off_t)(in->offset - in->early),
			SYNC_FILE_RANGE_WRITE);
	in->early = in->offset;
}

int ingest_write(struct ingest *in, const void *buf, size_t n, struct err *err)
{
	if (in->failed)
		return err_errno(err, in->failed, "write to the content store");
	if (io_write_full(in->fd, buf, n)) {
		in->failed = errno;
		return err_sys(err, "write to the content store");
	}
	digester_add(in->digester, buf, n);
	in->offset += n;
	write_early(in);
	return 0;
}

int ingest_hash_like(struct ingest *in, const char *like, struct err *err)
{
	if (in->failed || digester_is_like(in->digester, like))
		return 0;
	digester_free(in->digester);
	in->digester = digester_new_like(like);
	return in->offset ? rehash(in, err) : 0;
}

static int check(const struct ingest *in, const char *expected, int64_t size, struct err *err)
{
	if (in->failed)
		return err_errno(err, in->failed, "write to the content store");
	if (size >= 0 && in->offset != (uint64_t)size)
		return err_set(err, ERR_CORRUPT, "%s has %llu bytes instead of %lld",
			       expected ? expected : in->digest, (unsigned long long)in->offset,
			       (long long)size);
	if (expected && strcmp(expected, in->digest))
		return err_set(err, ERR_CORRUPT, "content has the digest %s instead of %.150s",
			       in->digest, expected);
	return 0;
}

/* The mode belongs to what is synced, so it is set here. */
int ingest_verify(struct ingest *in, const char *expected, int64_t size, struct err *err)
{
	if (expected && ingest_hash_like(in, expected, err))
		return -1;
	digester_done(steal_ptr(&in->digester), in->digest);
	if (check(in, expected, size, err))
		return -1;
	return fchmod(in->fd, 0444) ? err_sys(err, "blob %s", in->digest) : 0;
}

int ingest_reader(const struct ingest *in, struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE];
	int fd = open(kern_path_proc(in->fd, proc), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "read a blob that came just now") : fd;
}

int ingest_sync(struct ingest *in, struct err *err)
{
	if (content_has(in->content, in->digest, NULL) || !fsync(in->fd))
		return 0;
	return err_sys(err, "sync blob %s", in->digest);
}

static int give_name(struct ingest *in, struct err *err)
{
	char proc[KERN_PATH_PROC_SIZE];

	if (in->name)
		return 0;
	in->name = unique_name();
	if (!linkat(AT_FDCWD, kern_path_proc(in->fd, proc), in->content->ingest, in->name,
		    AT_SYMLINK_FOLLOW))
		return 0;
	return err_sys(err, "link a blob into %s/ingest", in->content->root);
}

/* Give the synced file its name. */
static int publish(struct ingest *in, struct err *err)
{
	char path[DIGEST_SIZE];

	if (content_has(in->content, in->digest, NULL)) {
		if (in->name)
			unlinkat(in->content->ingest, in->name, 0);
		return 0; /* the same bytes, by definition */
	}
	if (give_name(in, err) || content_prepare(in->content, in->digest, err) ||
	    content_path(in->digest, path, err))
		return -1;
	if (renameat(in->content->ingest, in->name, in->content->blobs, path))
		return err_sys(err, "rename blob %s", in->digest);
	return 0;
}

int ingest_publish(struct ingest *in, struct err *err)
{
	int rc = publish(in, err);

	ingest_free(in, rc != 0);
	return rc;
}

static int commit(struct ingest *in, const char *expected, int64_t size, struct err *err)
{
	if (ingest_verify(in, expected, size, err))
		return -1;
	if (ingest_sync(in, err))
		return -1;
	return publish(in, err) ? -1 : content_settle_like(in->content, in->digest, err);
}

int ingest_commit(struct ingest *in, const char *expected, int64_t size, char *digest,
		  struct err *err)
{
	int rc = commit(in, expected, size, err);

	if (!rc && digest)
		strcpy(digest, in->digest);
	ingest_free(in, rc != 0);
	return rc;
}

void ingest_suspend(struct ingest *in)
{
	if (in)
		ingest_free(in, !in->keep);
}

void ingest_abort(struct ingest *in)
{
	if (in)
		ingest_free(in, true);
}

int content_write(struct content *c, const void *buf, size_t n, const char *expected, char *digest,
		  struct err *err)
{
	struct ingest *in = content_ingest(c, NULL, err);

	if (!in)
		return -1;
	if (ingest_write(in, buf, n, err)) {
		ingest_abort(in);
		return -1;
	}
	return ingest_commit(in, expected, (int64_t)n, digest, err);
}
