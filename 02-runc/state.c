/*
 * state.c - see state.h.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/ns.h"
#include "config.h"

#define REMOVE_TRIES 100 /* a creator writes a handful of files */
#define STATE_LIMIT (2 * RUNC_CONFIG_LIMIT) /* the annotations of any config.json fit */

const char *const runc_status_names[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
	[STATUS_RUNNING] = "running", [STATUS_PAUSED] = "paused", [STATUS_STOPPED] = "stopped",
};

int runc_state_check_id(const char *id, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-.";
	size_t n = strlen(id);

	if (!n || n > 255 || strspn(id, letters) != n || !strcmp(id, ".") || !strcmp(id, ".."))
		return err_set(err, ERR_INVALID, "invalid container id '%s': expected up to 255 "
			       "of the letters a-z A-Z 0-9 _ + - .", id);
	return 0;
}

static int open_dir(struct runc_state *st, const char *root, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, id);

	st->dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (st->dir < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "container does not exist");
	return st->dir < 0 ? err_sys(err, "open %s", path) : 0;
}

/* A descriptor that only names the directory cannot be locked. Init closes its copy first thing,
 * and hooks get none, so the lock ends with this process. */
static int hold(struct runc_state *st, struct err *err)
{
	st->held = openat(st->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st->held < 0 || flock(st->held, LOCK_EX | LOCK_NB))
		return err_sys(err, "lock the state directory of %s", st->id);
	return 0;
}

static bool has_creator(const struct runc_state *st)
{
	AUTO_CLOSE int fd = -1;

	if (st->held >= 0)
		return true;
	fd = openat(st->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

int runc_state_take(struct runc_state *st, const char *root, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, id);

	/* Others may look for their own container in the root, not into ours. */
	if (file_mkdir_p(root, 0711, err))
		return err_wrap(err, "state directory");
	if (mkdir(path, 0711)) {
		if (errno == EEXIST)
			return err_set(err, ERR_EXISTS,
				       "container with given ID already exists: %s", id);
		return err_sys(err, "mkdir %s", path);
	}
	st->id = xstrdup(id);
	if (!open_dir(st, root, id, err) && !hold(st, err))
		return 0;
	rmdir(path);
	return -1;
}

void runc_state_note_stdio(struct runc_state *st)
{
	json_decref(st->descriptors);
	st->descriptors = json_array();
	for (int fd = 0; fd < 3; fd++) {
		AUTO_FREE char *link = xasprintf("/proc/self/fd/%d", fd);
		char name[32] = ""; /* longer, it is the path of a file: of no use here */
		ssize_t n = readlink(link, name, sizeof name);

		json_array_append_new(st->descriptors,
				      json_string(n > 0 && n < (ssize_t)sizeof name ? name : ""));
	}
}

int runc_state_save(const struct runc_state *st, struct err *err)
{
	AUTO_JSON json_t *doc = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:b, s:O*, s:O*, s:I, s:I, s:b}", "ociVersion", st->version,
		"id", st->id, "bundle", st->bundle, "rootfs", st->rootfs, "created", st->created,
		"cgroup", st->cgroup, "systemdUnit", st->unit.name, "systemdUser", st->unit.user,
		"annotations", st->annotations, "descriptors", st->descriptors, "pid",
		(json_int_t)st->pid, "startTime", (json_int_t)st->start_time,
		"noNewKeyring", st->no_new_keyring);
	AUTO_FREE char *text = NULL;

	if (!doc)
		return err_set(err, ERR_INVALID, "the container's state is not valid UTF-8");
	text = jsonx_text(doc);
	if (file_write_volatile(st->dir, "state.json", text, strlen(text), 0600, err))
		return err_wrap(err, "save the state of %s", st->id);
	return 0;
}

/* Take the fields over from the document; each string must be there. */
static int from_document(struct runc_state *st, const json_t *doc, struct err *err)
{
	const struct { const char *key; char **field; } strings[] = {
		{ "id", &st->id }, { "bundle", &st->bundle }, { "rootfs", &st->rootfs },
		{ "created", &st->created }, { "ociVersion", &st->version },
		{ "cgroup", &st->cgroup },
	};
	json_int_t pid;

	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		*strings[i].field = xstrdup(jsonx_str(doc, strings[i].key, NULL));
		if (!*strings[i].field)
			return err_set(err, ERR_CORRUPT, "state.json: no string '%s'",
				       strings[i].key);
	}
	st->unit.name = xstrdup(jsonx_str(doc, "systemdUnit", NULL));
	st->unit.user = jsonx_bool(doc, "systemdUser", false);
	st->annotations = json_incref(json_object_get(doc, "annotations"));
	st->descriptors = json_incref(json_object_get(doc, "descriptors"));
	st->start_time = (uint64_t)jsonx_int(doc, "startTime", 0);
	st->no_new_keyring = jsonx_bool(doc, "noNewKeyring", false);
	pid = jsonx_int(doc, "pid", 0);
	if (pid < 0 || pid > INT_MAX)
		return err_set(err, ERR_CORRUPT, "state.json: pid %lld", (long long)pid);
	st->pid = (pid_t)pid;
	return 0;
}

int runc_state_load(struct runc_state *st, const char *root, const char *id, struct err *err)
{
	AUTO_JSON json_t *doc = NULL;

	if (runc_state_check_id(id, err) || open_dir(st, root, id, err))
		return -1;
	doc = jsonx_read(st->dir, "state.json", STATE_LIMIT, err);
	if (!doc && err->kind == ERR_NOT_FOUND) /* its creator is, or was, just beginning */
		return err_set(err, ERR_NOT_FOUND, "container does not exist");
	if (!doc && err->kind == ERR_INVALID) /* not the caller's fault */
		err->kind = ERR_CORRUPT;
	if (!doc || from_document(st, doc, err))
		return err_wrap(err, "container %s", id);
	if (strcmp(st->id, id)) /* what we remove is named by it */
		return err_set(err, ERR_CONFLICT, "container %s: state.json: the id is another one's",
			       id);
	return 0;
}

int runc_state_remove(const struct runc_state *st, const char *root, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, st->id);
	int failed, tries = 0;

	/* A `create` of this id that is still at it may write one more file after we have looked;
	 * when the directory is gone, it fails. */
	do
		failed = file_remove_tree(AT_FDCWD, path, err);
	while (failed && err->errnum == ENOTEMPTY && ++tries < REMOVE_TRIES);
	return failed;
}

void runc_state_free(struct runc_state *st)
{
	cleanup_close(&st->dir);
	cleanup_close(&st->held);
	free(st->id);
	free(st->bundle);
	free(st->rootfs);
	free(st->created);
	free(st->version);
	free(st->cgroup);
	runc_unit_free(&st->unit);
	json_decref(st->annotations);
	json_decref(st->descriptors);
	*st = (struct runc_state)RUNC_STATE_INIT;
}

/* Does the process that we started still run? A zombie has stopped. */
static bool alive(const struct runc_state *st)
{
	struct err ignored;
	uint64_t ticks;
	char state;

	return st->pid > 0 && !kern_proc_start_time(st->pid, &ticks, &state, &ignored) &&
	       ticks == st->start_time && state != 'Z' && state != 'X';
}

static bool frozen(const struct runc_state *st)
{
	struct err ignored;
	struct kern_cgroup *cg = kern_cgroup_open(st->cgroup, &ignored);
	bool yes = cg && kern_cgroup_frozen(cg);

	kern_cgroup_free(cg);
	return yes;
}

/* A `start` that is killed after init's answer leaves the fifo; but pipe_write() in the kernel has set
 * its time of modification, which was 0. */
bool runc_state_fifo_used(const struct runc_state *st)
{
	struct stat fifo;

	return fstatat(st->dir, "exec.fifo", &fifo, AT_SYMLINK_NOFOLLOW) || fifo.st_mtim.tv_sec;
}

bool runc_state_is_ours(const struct runc_state *st, const char *root)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, st->id);
	struct stat held, named;

	return !fstat(st->dir, &held) && !lstat(path, &named) && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

enum runc_status runc_state_status(const struct runc_state *st)
{
	if (!st->pid && has_creator(st))
		return STATUS_CREATING;
	if (!alive(st))
		return STATUS_STOPPED;
	if (frozen(st)) /* a created one can be, too */
		return STATUS_PAUSED;
	return runc_state_fifo_used(st) ? STATUS_RUNNING : STATUS_CREATED;
}

int runc_state_pidfd(const struct runc_state *st, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	/* Open first, compare afterwards: what the pidfd names cannot change any
	 * more, so if the start time fits now, it is that process. */
	if (st->pid > 0)
		fd = kern_pidfd_open(st->pid, err);
	if (fd < 0 || !alive(st))
		return err_set(err, ERR_CONFLICT, "container not running");
	return steal_fd(&fd);
}

json_t *runc_state_document(const struct runc_state *st, enum runc_status status, pid_t pid)
{
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s}", "ociVersion", RUNC_SPEC_VERSION, "id",
				st->id, "status", runc_status_names[status], "bundle",
				st->bundle);

	if (pid > 0)
		json_object_set_new(doc, "pid", json_integer(pid));
	if (st->annotations)
		json_object_set(doc, "annotations", st->annotations);
	return doc;
}
