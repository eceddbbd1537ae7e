/*
 * snapshot_open.c - a snapshot's files as a directory to read, without a mount that anybody
 * else could see.
 *
 * Its own directory is one file system's; its whole tree takes an overlay. That is mounted
 * by a thread in a mount namespace of its own, which opens the root and ends: the namespace
 * goes with it, the mount stays until the descriptor is closed. So a crash, too, leaves none.
 */
#include "snapshot_private.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/mount.h"

struct job {
	const struct kern_overlay *overlay;
	const char *at; /* any directory: what is in it is hidden for this thread alone */
	int fd;
	struct err *err;
};

static void *mount_and_open(void *arg)
{
	struct job *job = arg;

	if (unshare(CLONE_NEWNS)) {
		err_sys(job->err, "make a mount namespace");
		return NULL;
	}
	if (kern_mount_propagation("/", MS_PRIVATE | MS_REC, job->err) ||
	    kern_overlay_mount(job->overlay, job->at, job->err))
		return NULL;
	job->fd = open(job->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->fd < 0)
		err_sys(job->err, "open %s", job->at);
	return NULL;
}

int snap_overlay_open(const struct kern_overlay *o, const char *at, struct err *err)
{
	struct job job = { o, at, -1, err };
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, mount_and_open, &job);

	if (rc)
		return err_errno(err, rc, "start a thread");
	pthread_join(thread, NULL);
	return job.fd;
}

int ctrd_snapshot_own(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	struct snap *sn;
	int fd = -1;

	pthread_mutex_lock(&s->lock);
	sn = snap_want(s, key, err);
	if (sn)
		fd = snap_open_fs(s, sn->n, err);
	pthread_mutex_unlock(&s->lock);
	return fd;
}

/* The directories of the tree, topmost first; the lock is held. */
static int layers_of(struct ctrd_snapshots *s, const char *key, struct strlist *dirs,
		     struct err *err)
{
	const struct snap *sn = snap_want(s, key, err);

	if (!sn)
		return -1;
	for (; sn; sn = *sn->parent ? snap_find(s, sn->parent) : NULL) {
		if (sn->kind == CTRD_VIEW && *sn->parent)
			continue; /* it has no files of its own */
		strlist_addf(dirs, "%s/%u/fs", s->root, sn->n);
		if (s->native)
			break;
	}
	return 0;
}

int ctrd_snapshot_tree(struct ctrd_snapshots *s, const char *key, struct err *err)
{
	AUTO_STRLIST struct strlist dirs = STRLIST_INIT;
	struct kern_overlay o = { 0 };
	int rc, fd;

	pthread_mutex_lock(&s->lock);
	rc = layers_of(s, key, &dirs, err);
	pthread_mutex_unlock(&s->lock);
	if (rc)
		return -1;
	o.lowers = (const char *const *)dirs.v;
	o.n = dirs.n;
	o.userxattr = s->userxattr;
	if (o.n > 1)
		fd = snap_overlay_open(&o, s->root, err);
	else if ((fd = open(dirs.v[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err_sys(err, "open %s", dirs.v[0]);
	return fd < 0 ? err_wrap(err, "snapshot %.200s", key) : fd;
}
