/*
 * cgroup_make.c - a group comes into being, in every hierarchy; and goes.
 *
 * mkdir makes a group, rmdir removes it. What was made before something failed is
 * taken away again; what was there before is left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trace.h"
#include "cgroup_private.h"
#include "mountinfo.h"

static int make(const char *dir)
{
	struct trace_span span = trace_call_begin();
	int rc = mkdir(dir, 0755);

	trace_call_end(&span, rc, "mkdir(%s)", dir);
	return rc;
}

/* Mostly only the last component is missing, so that is what is tried. */
static int make_dir(const struct cgroup_hierarchy *h, struct strlist *made, bool *existed,
		    struct err *err)
{
	AUTO_FREE char *dir = xstrdup(h->dir);

	if (!make(dir)) {
		strlist_add(made, dir);
		return 0;
	}
	for (char *s = dir + strlen(h->mount) + 1; errno == ENOENT && (s = strchr(s, '/')); s++) {
		*s = '\0';
		if (!make(dir))
			strlist_add(made, dir);
		else if (errno != EEXIST)
			return err_sys(err, "mkdir %s", dir);
		*s = '/';
		errno = ENOENT;
	}
	if (errno == ENOENT && !make(dir)) {
		strlist_add(made, dir);
		return 0;
	}
	if (errno != EEXIST)
		return err_sys(err, "mkdir %s", dir);
	*existed = true;
	return 0;
}

static int make_in(struct kern_cgroup *cg, size_t i, struct kern_cgroup_making *how,
		   struct err *err)
{
	const struct cgroup_hierarchy *h = &cg->layout.h[i];
	bool existed = false;

	if (make_dir(h, &how->made, &existed, err))
		return -1;
	how->existed |= existed;
	if (kern_mount_has_option(h->controllers, "cpuset"))
		return cgroup_inherit_cpuset(h, !existed, err);
	/* cgroup2 beside v1 has, in practice, no controllers: there is nothing to enable. */
	if (!h->v2 || cg->layout.version != KERN_CGROUP_V2)
		return 0;
	if (cgroup_check_threaded(h, how->limits, err))
		return -1;
	cgroup_enable_controllers(h);
	return 0;
}

/* Out of the list of those that hold the group, into that of those that were denied. */
static void leave_out(struct cgroup_layout *l, size_t i)
{
	struct cgroup_hierarchy denied = l->h[i];

	memmove(l->h + i, l->h + i + 1, (l->n - i - 1) * sizeof denied);
	l->h[--l->n] = denied;
	l->n_denied++;
}

static bool is_denial(const struct err *err)
{
	return err->errnum == EACCES || err->errnum == EPERM || err->errnum == EROFS;
}

void kern_cgroup_unmake(struct kern_cgroup_making *how)
{
	for (size_t i = how->made.n; i-- > 0;)
		rmdir(how->made.v[i]);
	strlist_free(&how->made);
}

int kern_cgroup_make(struct kern_cgroup *cg, struct kern_cgroup_making *how, struct err *err)
{
	how->existed = false;
	how->made = (struct strlist)STRLIST_INIT;
	for (size_t i = 0; i < cg->layout.n;) {
		if (!make_in(cg, i, how, err)) {
			i++;
		} else if (how->may_be_denied && is_denial(err)) {
			leave_out(&cg->layout, i);
		} else {
			kern_cgroup_unmake(how);
			return -1;
		}
	}
	return 0;
}

bool kern_cgroup_leave_v2(struct kern_cgroup *cg, bool ours)
{
	for (size_t i = 0; cg->layout.version == KERN_CGROUP_HYBRID && i < cg->layout.n; i++) {
		if (!cg->layout.h[i].v2)
			continue;
		if (ours)
			rmdir(cg->layout.h[i].dir);
		cleanup_close(&cg->dir_fd);
		cg->dir_fd = -1;
		leave_out(&cg->layout, i);
		return true;
	}
	return false;
}

struct kern_cgroup *kern_cgroup_create(const char *path, struct err *err)
{
	struct kern_cgroup *cg = kern_cgroup_at(path, err);
	struct kern_cgroup_making how = { .limits = NULL };

	if (cg && kern_cgroup_make(cg, &how, err)) {
		kern_cgroup_free(cg);
		return NULL;
	}
	strlist_free(&how.made);
	return cg;
}

static int give(const char *dir, const char *file, uid_t uid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);

	if (chown(path, uid, (gid_t)-1) && errno != ENOENT)
		return err_sys(err, "give %s to user %u", path, (unsigned)uid);
	return 0;
}

int kern_cgroup_delegate(struct kern_cgroup *cg, uid_t uid, struct err *err)
{
	const char *dir = cgroup_v2_dir(cg);
	AUTO_STRBUF struct strbuf files = STRBUF_INIT;
	struct err ignored;
	char *save = NULL;

	if (!dir || cg->layout.version != KERN_CGROUP_V2)
		return 0;
	if (file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", &files, 1 << 16, &ignored)) {
		strbuf_clear(&files); /* before Linux 4.15 the list was in cgroups(7) only */
		strbuf_adds(&files, "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
	}
	if (give(dir, ".", uid, err))
		return -1;
	for (char *f = strtok_r(files.data, "\n", &save); f; f = strtok_r(NULL, "\n", &save))
		if (give(dir, f, uid, err))
			return -1;
	return 0;
}

/* ---- removing ---- */

/* rmdir(2) answers EBUSY while a process is still on its way out, which is a
 * little after its parent has seen it exit. */
static int remove_dir(const char *dir, void *arg, struct err *err)
{
	(void)arg;
	for (int waited = 0, step = 1; ; step = step < 16 ? step * 2 : 16) {
		struct timespec pause = { .tv_nsec = step * 1000000L };

		if (!rmdir(dir) || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != EINTR)
			return err_sys(err, "remove cgroup %s", dir);
		if (waited > 2000)
			return err_set(err, ERR_CONFLICT, "remove cgroup %s: processes are left in it",
				       dir);
		nanosleep(&pause, NULL);
		waited += step;
	}
}

/* Mostly a group is empty and has none below: then this is all. On a read-only
 * file system rmdir says EROFS even of what is not there. */
static bool removed_at_once(const char *dir)
{
	return !rmdir(dir) || errno == ENOENT || (errno == EROFS && access(dir, F_OK));
}

int kern_cgroup_remove(struct kern_cgroup *cg, struct err *err)
{
	for (size_t i = 0; i < cg->layout.n; i++)
		if (!removed_at_once(cg->layout.h[i].dir) &&
		    cgroup_each_below(cg->layout.h[i].dir, remove_dir, NULL, err))
			return -1;
	return 0;
}

int kern_cgroup_destroy(struct kern_cgroup *cg, struct err *err)
{
	bool gone = true;
	struct err ignored;

	for (size_t i = 0; i < cg->layout.n; i++)
		gone &= removed_at_once(cg->layout.h[i].dir);
	if (gone)
		return 0;
	kern_cgroup_kill(cg, SIGKILL, &ignored); /* what cannot be killed cannot be removed */
	return kern_cgroup_remove(cg, err);
}
