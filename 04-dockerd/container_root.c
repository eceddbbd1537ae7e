/*
 * container_root.c - see container_root.h.
 *
 * Mounting is done by a thread in a mount namespace of its own, which hands out a copy of the
 * mounts that is attached nowhere (open_tree(2)). The namespace ends with the thread, the copy
 * with its descriptor: there is nothing to clean up, however this process ends.
 */
#include "container_root.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "01-kernel/mount.h"
#include "01-kernel/ns.h"
#include "01-kernel/path.h"
#include "03-containerd/mounts.h"
#include "mounts.h"
#include "volume_mount.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* --- mounted for us alone ------------------------------------------------------------------- */

struct mounting {
	const json_t *mounts, *binds;
	const char *target;
	bool write;
	int root;
	struct err err;
};

static bool has_option(const json_t *mount, const char *word)
{
	return words_json_have(json_object_get(mount, "options"), word);
}

/* A source that has gone shows nothing. A place that the image lacks is made at the start, or when
 * something is to be written there. */
static int bind_one(int root, const json_t *m, bool write, struct err *err)
{
	AUTO_CLOSE int from = open(jsonx_str(m, "source", ""), O_PATH | O_CLOEXEC);
	const char *destination = jsonx_str(m, "destination", "");
	struct kern_mount_options o = { .set = MS_BIND | MS_REC };
	struct stat st, was;
	AUTO_CLOSE int to = -1;

	if (from < 0 || fstat(from, &st))
		return 0;
	to = write ? kern_path_mountpoint(root, destination, S_ISDIR(st.st_mode), &was, err)
		   : kern_path_open(root, destination, O_PATH, 0, 0, err);
	if (to < 0)
		return write ? err_wrap(err, "bind %s", destination) : 0;
	if (!write || has_option(m, "ro") || has_option(m, "rro"))
		o.set |= MS_RDONLY;
	return kern_mount_bind(from, to, &o, err) ? err_wrap(err, "bind %s", destination) : 0;
}

static int bind_all(struct mounting *m, struct err *err)
{
	json_t *bind;
	size_t i;

	json_array_foreach((json_t *)m->binds, i, bind) {
		AUTO_CLOSE int root = open(m->target, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (root < 0)
			return err_sys(err, "open %s", m->target);
		if (!strcmp(jsonx_str(bind, "type", ""), "bind") &&
		    bind_one(root, bind, m->write, err))
			return -1;
	}
	return 0;
}

static void *mount_in_private(void *arg)
{
	struct mounting *m = arg;
	int top;

	if (kern_ns_unshare(CLONE_NEWNS, &m->err) ||
	    kern_mount_propagation("/", MS_PRIVATE | MS_REC, &m->err) ||
	    ctrd_mounts_apply(m->mounts, m->target, &m->err) || bind_all(m, &m->err))
		return NULL;
	top = open(m->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->root = top < 0 ? err_sys(&m->err, "open %s", m->target)
			  : kern_mount_clone(top, true, &m->err);
	if (top >= 0)
		close(top);
	return NULL;
}

/* An overlay to look at only: what was its upper directory is the topmost of the lower ones.
 * So the container may start meanwhile: the kernel allows one writable mount. */
static json_t *read_only(const json_t *mounts)
{
	json_t *copy = json_deep_copy(mounts), *m, *v;
	size_t i, j;

	json_array_foreach(copy, i, m) {
		const char *upper = NULL, *lower = NULL;
		json_t *options = json_array();

		if (strcmp(jsonx_str(m, "type", ""), "overlay")) {
			json_array_append_new(json_object_get(m, "options"), json_string("ro"));
			json_decref(options);
			continue;
		}
		json_array_foreach(json_object_get(m, "options"), j, v) {
			const char *text = json_string_value(v);

			if (str_starts(text, "upperdir="))
				upper = text + strlen("upperdir=");
			else if (str_starts(text, "lowerdir="))
				lower = text + strlen("lowerdir=");
			else if (!str_starts(text, "workdir="))
				json_array_append(options, v);
		}
		json_array_append_new(options, upper ? json_sprintf("lowerdir=%s%s%s", upper,
								    lower ? ":" : "",
								    lower ? lower : "")
						     : json_sprintf("lowerdir=%s", lower));
		json_object_set_new(m, "options", options);
	}
	return copy;
}

int dockerd_root_mount(struct daemon *d, const char *key, const json_t *binds, bool write,
		       struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/mounts", key);
	AUTO_FREE char *target = xasprintf("%s/look-into", d->cfg->exec_root);
	AUTO_JSON json_t *doc = ctrd_call(d->ctrd, "GET", path, NULL, err), *looked = NULL;
	struct mounting m = { .binds = binds, .target = target, .write = write, .root = -1 };
	pthread_t thread;

	if (!doc || file_mkdir_p(target, 0700, err))
		return -1;
	m.mounts = json_object_get(doc, "mounts");
	if (!write)
		m.mounts = looked = read_only(m.mounts);
	if (pthread_create(&thread, NULL, mount_in_private, &m))
		return err_set(err, ERR_SYSTEM, "cannot start a thread");
	pthread_join(thread, NULL);
	if (m.root < 0)
		*err = m.err;
	return m.root;
}

/* --- a container's --------------------------------------------------------------------------- */

/* The process may end at any moment and its number be another's: what was opened counts only
 * if the one we mean was there before and is there after. */
static int open_running(pid_t pid, struct err *err)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	AUTO_FREE char *path = xasprintf("/proc/%d/root", pid);
	AUTO_CLOSE int root = pidfd < 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct pollfd gone = { pidfd, POLLIN, 0 };

	if (root < 0)
		return err_sys(err, "look into the container");
	if (poll(&gone, 1, 0) != 0)
		return err_set(err, ERR_CONFLICT, "the container ended just now");
	return steal_fd(&root);
}

/* Its volumes are mounted until we have a copy of the mounts, which holds what it shows. */
static int open_stopped(struct daemon *d, const struct container *c, bool write, struct err *err)
{
	AUTO_FREE char *parts = NULL;
	AUTO_JSON json_t *binds = NULL;
	char user[ID_SIZE]; /* of the volumes, for this moment */
	int root;

	dockerd_random_id(user);
	if (dockerd_volumes_mount(d, user, c->mounts, err))
		return -1;
	parts = dockerd_subpaths_dir(d, user);
	binds = dockerd_mounts_oci(c->mounts, parts);
	root = dockerd_root_mount(d, c->id, binds, write, err);
	dockerd_volumes_release(d, user);
	return root;
}

int dockerd_root_open(struct daemon *d, struct container *c, bool write, struct err *err)
{
	pid_t pid;

	dockerd_lock(d);
	pid = c->st.running ? c->st.pid : 0;
	dockerd_unlock(d);
	if (pid > 0)
		return open_running(pid, err);
	return open_stopped(d, c, write, err);
}

char *dockerd_root_clean(const char *path)
{
	AUTO_FREE char *clean = ignore_clean(path);
	size_t n = strlen(path);
	bool dot = n && (path[n - 1] == '/' || !strcmp(path, ".") || str_ends(path, "/."));

	return strcmp(clean, ".") ? xasprintf("/%s%s", clean, dot ? "/." : "") : xstrdup("/");
}
