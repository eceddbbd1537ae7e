/*
 * content.c - the store's whole blobs: find, read, delete, list. See content.h for the
 * layout; ingest.c puts blobs in.
 *
 * There is no index and no lock: the directory is the index, and rename(2) and
 * unlink(2) are atomic. A reader that holds a blob open keeps it alive while
 * somebody deletes it.
 */
#include "content_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"

#define PULL_SECONDS (24 * 3600)

static int open_dir(const char *root, const char *sub, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, sub);
	int fd;

	if (file_mkdir_p(path, 0700, err))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static bool is_old(struct content *c, const char *name)
{
	struct stat st;

	return !fstatat(c->ingest, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       time(NULL) - st.st_mtime > PULL_SECONDS;
}

/* What a process that died between link and rename left: ".<pid>.<n>"; and old pulls. `opening`: our
 * own number was a dead process's before, and in a PID namespace it often is the same again:
 * what stands under it would be in the way of our first commit. */
static bool is_left_over(struct content *c, const char *name, bool opening)
{
	int pid;

	if (sscanf(name, ".%d.", &pid) == 1)
		return pid == getpid() ? opening : kill(pid, 0) && errno == ESRCH;
	return str_starts(name, CONTENT_PULL) && is_old(c, name);
}

static void sweep(struct content *c, bool opening)
{
	int fd = openat(c->ingest, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *de; dir && (de = readdir(dir));)
		if (is_left_over(c, de->d_name, opening))
			unlinkat(c->ingest, de->d_name, 0);
}

int content_ingests(struct content *c, void (*each)(void *arg, const char *name, const struct stat *st),
		    void *arg, struct err *err)
{
	int fd = openat(c->ingest, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;

	if (!dir)
		return err_sys(err, "read %s/ingest", c->root);
	for (struct dirent *de; (de = readdir(dir));)
		if (*de->d_name != '.' && !fstatat(c->ingest, de->d_name, &st, AT_SYMLINK_NOFOLLOW))
			each(arg, de->d_name, &st);
	return 0;
}

void content_tidy(struct content *c)
{
	sweep(c, false);
}

/* The directory for blobs that are called so: <root>/blobs/<algorithm>. */
static char *algorithm_of(const char *digest)
{
	return xstrndup(digest, strcspn(digest, ":"));
}

int content_prepare(struct content *c, const char *digest, struct err *err)
{
	AUTO_FREE char *name = algorithm_of(digest);

	if (mkdirat(c->blobs, name, 0700) ? errno == EEXIST : !fsync(c->blobs))
		return 0;
	return err_sys(err, "make %s/blobs/%s", c->root, name);
}

struct content *content_open(const char *root, struct err *err)
{
	struct content *c = xcalloc(1, sizeof(*c));

	c->root = xstrdup(root);
	pthread_mutex_init(&c->labels_lock, NULL);
	c->ingest = -1;
	c->blobs = open_dir(root, "blobs", err);
	if (c->blobs >= 0 && !content_prepare(c, "sha256:", err))
		c->ingest = open_dir(root, "ingest", err);
	if (c->ingest >= 0) {
		sweep(c, true);
		return c;
	}
	err_wrap(err, "content store");
	content_close(c);
	return NULL;
}

void content_close(struct content *c)
{
	if (!c)
		return;
	if (c->blobs >= 0)
		close(c->blobs);
	if (c->ingest >= 0)
		close(c->ingest);
	pthread_mutex_destroy(&c->labels_lock);
	free(c->root);
	free(c);
}

void content_write_early(struct content *c)
{
	c->early = true;
}

int content_path(const char *digest, char path[DIGEST_SIZE], struct err *err)
{
	if (!digest_known(digest))
		return err_set(err, ERR_INVALID, "invalid digest \"%.100s\"", digest);
	strcpy(path, digest);
	*strchr(path, ':') = '/';
	return 0;
}

int content_sync(struct content *c, struct err *err)
{
	return syncfs(c->blobs) ? err_sys(err, "sync %s", c->root) : 0;
}

/* Renames are in the directory, which is a file of its own. */
int content_settle_like(struct content *c, const char *digest, struct err *err)
{
	AUTO_FREE char *name = algorithm_of(digest);
	AUTO_CLOSE int dir = openat(c->blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 || fsync(dir) ? err_sys(err, "sync %s/blobs/%s", c->root, name) : 0;
}

int content_settle(struct content *c, struct err *err)
{
	return content_settle_like(c, "sha256:", err);
}

bool content_has(struct content *c, const char *digest, uint64_t *size)
{
	struct err ignored;
	char path[DIGEST_SIZE];
	struct stat st;

	if (content_path(digest, path, &ignored) || fstatat(c->blobs, path, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return false;
	if (size)
		*size = (uint64_t)st.st_size;
	return true;
}

int content_created(struct content *c, const char *digest, struct timespec *when, struct err *err)
{
	char path[DIGEST_SIZE];
	struct stat st;

	if (content_path(digest, path, err))
		return -1;
	if (fstatat(c->blobs, path, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "no such blob: %s", digest)
				       : err_sys(err, "blob %s", digest);
	*when = st.st_mtim; /* nobody writes to a blob */
	return 0;
}

int content_reader(struct content *c, const char *digest, uint64_t *size, struct err *err)
{
	char path[DIGEST_SIZE];
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (content_path(digest, path, err))
		return -1;
	fd = openat(c->blobs, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "no such blob: %s", digest);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "blob %s", digest);
	if (size)
		*size = (uint64_t)st.st_size;
	return steal_fd(&fd);
}

char *content_read(struct content *c, const char *digest, size_t limit, size_t *n, struct err *err)
{
	AUTO_CLOSE int fd = content_reader(c, digest, NULL, err);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	if (fd < 0)
		return NULL;
	if (file_read_fd(fd, &sb, limit, err)) {
		err_wrap(err, "blob %s", digest);
		return NULL;
	}
	if (n)
		*n = sb.len;
	return strbuf_steal(&sb);
}

int content_delete(struct content *c, const char *digest, struct err *err)
{
	char path[DIGEST_SIZE];
	AUTO_FREE char *labels = NULL;

	if (content_path(digest, path, err))
		return -1;
	labels = xasprintf("%s/" CONTENT_LABELS "%s.json", c->root, strchr(path, '/'));
	if (!unlinkat(c->blobs, path, 0)) {
		unlink(labels); /* most have none */
		return 0;
	}
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "no such blob: %s", digest);
	return err_sys(err, "delete blob %s", digest);
}

/* 1: `each` wants no more. */
static int walk(struct content *c, const char *algorithm,
		int (*each)(void *arg, const char *digest, uint64_t size), void *arg, struct err *err)
{
	/* A fresh description: threads must not share the directory's position. */
	int fd = openat(c->blobs, algorithm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "list %s", c->root);
	for (struct dirent *de; (de = readdir(dir));) {
		AUTO_FREE char *digest = xasprintf("%s:%s", algorithm, de->d_name);
		uint64_t size;

		if (content_has(c, digest, &size) && each(arg, digest, size))
			return 1;
	}
	return 0;
}

int content_walk(struct content *c, int (*each)(void *arg, const char *digest, uint64_t size),
		 void *arg, struct err *err)
{
	int rc = walk(c, "sha256", each, arg, err);

	if (!rc)
		rc = walk(c, "sha512", each, arg, err);
	return rc < 0 ? -1 : 0;
}
