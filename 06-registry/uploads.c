/*
 * uploads.c - the table of open sessions. The model is in uploads.h.
 *
 * The table's lock guards the list and each session's `taken`; the rest of a
 * session belongs to whoever has taken it. No file is read or written with the
 * lock held, but for putting the oldest session to sleep.
 */
#include "uploads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"

#define AWAKE_MAX 64     /* sessions with an open ingest that nobody is using */
#define TAKE_SECONDS 10

struct reg_upload {
	struct reg_upload *next;
	char uuid[REG_UUID_SIZE];
	char *name;
	struct ingest *in;
	_Atomic uint64_t offset; /* for those who ask while another one writes */
	bool taken;              /* guarded by the table's lock */
};

struct reg_uploads {
	struct reg_store *store;
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct reg_upload *list; /* used last comes first */
};

struct reg_uploads *reg_uploads_new(struct reg_store *store)
{
	struct reg_uploads *u = xcalloc(1, sizeof(*u));

	u->store = store;
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->given, NULL);
	return u;
}

static void upload_free(struct reg_upload *up)
{
	free(up->name);
	free(up);
}

static void put_to_sleep(struct reg_upload *up)
{
	if (up->in)
		ingest_suspend(up->in);
	upload_free(up);
}

void reg_uploads_free(struct reg_uploads *u)
{
	if (!u)
		return;
	while (u->list) {
		struct reg_upload *up = u->list;

		u->list = up->next;
		put_to_sleep(up);
	}
	pthread_mutex_destroy(&u->lock);
	pthread_cond_destroy(&u->given);
	free(u);
}

/* ---- the list; all of these need the lock ----------------------------------------- */

static struct reg_upload *find(struct reg_uploads *u, const char *uuid)
{
	for (struct reg_upload *up = u->list; up; up = up->next)
		if (!strcmp(up->uuid, uuid))
			return up;
	return NULL;
}

static void unlist(struct reg_uploads *u, struct reg_upload *up)
{
	struct reg_upload **at = &u->list;

	while (*at && *at != up)
		at = &(*at)->next;
	if (*at)
		*at = up->next;
}

static void list_first(struct reg_uploads *u, struct reg_upload *up)
{
	up->next = u->list;
	u->list = up;
}

/* Keep at most AWAKE_MAX of the sessions that nobody is using. */
static void rest_oldest(struct reg_uploads *u)
{
	struct reg_upload *oldest = NULL;
	unsigned awake = 0;

	for (struct reg_upload *up = u->list; up; up = up->next)
		if (!up->taken) {
			awake++;
			oldest = up;
		}
	if (awake <= AWAKE_MAX)
		return;
	unlist(u, oldest);
	put_to_sleep(oldest);
}

/* ---- the disk --------------------------------------------------------------------- */

static char *session_path(const struct reg_uploads *u, const char *uuid)
{
	return xasprintf("%s/uploads/%s", u->store->root, uuid);
}

static int unknown(const char *uuid, struct err *err)
{
	return reg_refuse(err, REG_BLOB_UPLOAD_UNKNOWN, "no upload %.64s here", uuid);
}

/* Is there such a session, and is it this repository's? */
static int check_session(struct reg_uploads *u, const char *name, const char *uuid,
			 struct err *err)
{
	AUTO_STRBUF struct strbuf owner = STRBUF_INIT;
	AUTO_FREE char *path = NULL;

	if (!uuid || !reg_uuid_valid(uuid))
		return unknown(uuid ? uuid : "", err);
	path = session_path(u, uuid);
	if (file_read(AT_FDCWD, path, &owner, REG_NAME_MAX, err))
		return err->kind == ERR_NOT_FOUND ? unknown(uuid, err) : -1;
	return strcmp(owner.data, name) ? unknown(uuid, err) : 0;
}

static void forget_session(struct reg_uploads *u, const char *uuid)
{
	AUTO_FREE char *path = session_path(u, uuid);

	unlink(path);
}

/* ---- sessions --------------------------------------------------------------------- */

static struct reg_upload *upload_new(const char *name, const char *uuid)
{
	struct reg_upload *up = xcalloc(1, sizeof(*up));

	snprintf(up->uuid, sizeof(up->uuid), "%s", uuid);
	up->name = xstrdup(name);
	up->taken = true;
	return up;
}

int reg_upload_begin(struct reg_uploads *u, const char *name, char uuid[REG_UUID_SIZE],
		     struct err *err)
{
	AUTO_FREE char *path = NULL;

	reg_uuid_new(uuid);
	path = session_path(u, uuid);
	/* The ingest comes with the first byte: most sessions of a mirror never see one. Nor is
	 * the session synced: it outlives the registry, and need not outlive the machine. */
	if (file_write_volatile(AT_FDCWD, path, name, strlen(name), 0644, err))
		return err_wrap(err, "begin an upload");
	return 0;
}

/* Wait until nobody else has it; -1 when that takes too long. Needs the lock. */
static int wait_untaken(struct reg_uploads *u, const char *uuid, struct err *err)
{
	struct timespec until;
	struct reg_upload *up;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TAKE_SECONDS;
	while ((up = find(u, uuid)) && up->taken)
		if (pthread_cond_timedwait(&u->given, &u->lock, &until) == ETIMEDOUT)
			return reg_refuse(err, REG_UPLOAD_BUSY,
					  "upload %s is being written by another request", uuid);
	return 0;
}

/* Find it awake, or enter it into the table still asleep. Taken either way. */
static struct reg_upload *claim(struct reg_uploads *u, const char *name, const char *uuid,
				struct err *err)
{
	struct reg_upload *up = NULL;

	pthread_mutex_lock(&u->lock);
	if (!wait_untaken(u, uuid, err)) {
		up = find(u, uuid);
		if (up) {
			up->taken = true;
		} else {
			up = upload_new(name, uuid);
			list_first(u, up);
		}
	}
	pthread_mutex_unlock(&u->lock);
	return up;
}

/* Out of the table, and its memory with it. */
static void discard(struct reg_uploads *u, struct reg_upload *up)
{
	pthread_mutex_lock(&u->lock);
	unlist(u, up);
	pthread_cond_broadcast(&u->given);
	pthread_mutex_unlock(&u->lock);
	upload_free(up);
}

struct reg_upload *reg_upload_take(struct reg_uploads *u, const char *name, const char *uuid,
				   struct err *err)
{
	struct reg_upload *up;

	if (check_session(u, name, uuid, err))
		return NULL;
	up = claim(u, name, uuid, err);
	if (!up)
		return NULL;
	/* It may have been finished or cancelled while we waited. */
	if (check_session(u, name, uuid, err) ||
	    (!up->in && !(up->in = content_ingest(u->store->content, uuid, err)))) {
		discard(u, up);
		return NULL;
	}
	up->offset = ingest_offset(up->in);
	return up;
}

void reg_upload_give(struct reg_uploads *u, struct reg_upload *up)
{
	AUTO_FREE char *path = session_path(u, up->uuid);

	utimensat(AT_FDCWD, path, NULL, 0); /* a sign of life */
	pthread_mutex_lock(&u->lock);
	up->taken = false;
	unlist(u, up);
	list_first(u, up);
	rest_oldest(u);
	pthread_cond_broadcast(&u->given);
	pthread_mutex_unlock(&u->lock);
}

uint64_t reg_upload_offset(const struct reg_upload *up)
{
	return up->offset;
}

int reg_upload_hash_like(struct reg_upload *up, const char *digest, struct err *err)
{
	return ingest_hash_like(up->in, digest, err);
}

int reg_upload_write(struct reg_upload *up, const void *buf, size_t n, struct err *err)
{
	if (ingest_write(up->in, buf, n, err))
		return err_wrap(err, "upload %s", up->uuid);
	up->offset = ingest_offset(up->in);
	return 0;
}

int reg_upload_finish(struct reg_uploads *u, struct reg_upload *up, const char *digest,
		      struct err *err)
{
	int rc = reg_blob_commit(u->store, up->name, steal_ptr(&up->in), digest, -1, err);

	forget_session(u, up->uuid);
	discard(u, up);
	return rc;
}

void reg_upload_cancel(struct reg_uploads *u, struct reg_upload *up)
{
	ingest_abort(up->in);
	forget_session(u, up->uuid); /* second: a session without data is harmless */
	discard(u, up);
}

int reg_upload_status(struct reg_uploads *u, const char *name, const char *uuid, uint64_t *offset,
		      struct err *err)
{
	struct reg_upload *up;

	if (check_session(u, name, uuid, err))
		return -1;
	pthread_mutex_lock(&u->lock);
	up = find(u, uuid);
	if (up)
		*offset = up->offset;
	pthread_mutex_unlock(&u->lock);
	if (up)
		return 0;
	up = reg_upload_take(u, name, uuid, err);
	if (!up)
		return -1;
	*offset = up->offset;
	reg_upload_give(u, up);
	return 0;
}

int reg_uploads_count(struct reg_uploads *u, uint64_t *count, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/uploads", u->store->root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);

	if (!dir)
		return err_sys(err, "open %s", path);
	*count = 0;
	for (struct dirent *e; (e = readdir(dir));)
		*count += reg_uuid_valid(e->d_name);
	return 0;
}

static int expire_one(struct reg_uploads *u, const char *uuid, struct err *err)
{
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;
	AUTO_FREE char *path = session_path(u, uuid);
	struct reg_upload *up;

	if (file_read(AT_FDCWD, path, &name, REG_NAME_MAX, err))
		return -1;
	up = reg_upload_take(u, name.data ? name.data : "", uuid, err);
	if (!up)
		return -1;
	reg_upload_cancel(u, up);
	return 0;
}

int reg_uploads_expire(struct reg_uploads *u, long seconds, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/uploads", u->store->root);
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *e;
	struct stat st;
	struct err one;

	if (!dir)
		return err_sys(err, "open %s", path);
	while ((e = readdir(dir)))
		if (reg_uuid_valid(e->d_name) &&
		    !fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    st.st_mtime + seconds <= time(NULL))
			expire_one(u, e->d_name, &one); /* busy: not expired after all */
	return 0;
}
