/*
 * cgroup.c - processes go into a group, and are stopped and continued in it.
 *
 * A pid written to cgroup.procs moves a process. On version 1 it is moved in each
 * hierarchy, so that the two versions look alike from outside.
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_private.h"

int kern_cgroup_v2_fd(struct kern_cgroup *cg)
{
	const char *dir = cg ? cgroup_v2_dir(cg) : NULL;

	if (!cg)
		return -1;
	if (cg->dir_fd < 0 && dir)
		cg->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cg->dir_fd;
}

int kern_cgroup_clone_fd(struct kern_cgroup *cg)
{
	return cg->layout.version == KERN_CGROUP_V2 ? kern_cgroup_v2_fd(cg) : -1;
}

static int join(const struct cgroup_hierarchy *h, pid_t pid, struct err *err)
{
	bool tasks = !pid && !h->v2; /* see cgroup.h */

	if (!cgroup_write_int(h->dir, tasks ? "tasks" : "cgroup.procs", pid, err))
		return 0;
	if (err->errnum == EBUSY)
		return err_errno(err, EBUSY, "add process %d to %s: a group whose children have "
				 "controllers takes no processes itself", (int)pid, h->dir);
	return err_wrap(err, "add process %d", (int)pid);
}

int kern_cgroup_add(struct kern_cgroup *cg, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < cg->layout.n; i++)
		if (join(&cg->layout.h[i], pid, err))
			return -1;
	return 0;
}

int kern_cgroup_join_v1(struct kern_cgroup *cg, struct err *err)
{
	for (size_t i = 0; i < cg->layout.n; i++)
		if (!cg->layout.h[i].v2 && join(&cg->layout.h[i], 0, err))
			return -1;
	return 0;
}

/* ---- freezing ---- */

/* FREEZING until the last thread has stopped. A thread in vfork(2) holds the
 * rest up, and so do processes that keep appearing; writing the state again gives
 * the kernel another look, and a moment of thaw lets such a thread get on. */
static int freeze_v1(const char *dir, bool frozen, struct err *err)
{
	const char *state = frozen ? "FROZEN" : "THAWED";
	struct err ignored;

	for (int tries = 0; tries < 40; tries++) {
		if (cgroup_write(dir, "freezer.state", state, err))
			return -1;
		if (!cgroup_wait_for(dir, "freezer.state", state, 100, err))
			return 0;
		if (frozen && tries % 4 == 3) {
			cgroup_write(dir, "freezer.state", "THAWED", &ignored);
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		}
	}
	if (frozen)
		cgroup_write(dir, "freezer.state", "THAWED", &ignored);
	return -1;
}

/* The write only asks; cgroup.events says when every process has stopped. */
static int freeze_v2(const char *dir, bool frozen, struct err *err)
{
	struct err ignored;

	if (cgroup_write(dir, "cgroup.freeze", frozen ? "1" : "0", err)) {
		if (err->errnum == ENOENT && cgroup_has(dir, "cgroup.procs"))
			return err_set(err, ERR_UNSUPPORTED, "this kernel cannot freeze a cgroup "
				       "(Linux 5.2 or later is needed)");
		return -1;
	}
	if (!cgroup_wait_for(dir, "cgroup.events", frozen ? "frozen 1" : "frozen 0", 10000, err))
		return 0;
	if (frozen)
		cgroup_write(dir, "cgroup.freeze", "0", &ignored);
	return -1;
}

/* The v1 freezer where it is mounted, for that is what else freezes there. */
const char *kern_cgroup_freezer_dir(const struct kern_cgroup *cg)
{
	const char *v1 = cgroup_dir_of(cg, "freezer");

	return v1 ? v1 : cgroup_denied(cg, "freezer") ? NULL : cgroup_v2_dir(cg);
}

int kern_cgroup_freeze(struct kern_cgroup *cg, bool frozen, struct err *err)
{
	const char *dir = kern_cgroup_freezer_dir(cg);

	if (!dir)
		return err_set(err, ERR_UNSUPPORTED, "cannot toggle freezer: cgroups not configured "
			       "for container");
	if (cgroup_dir_of(cg, "freezer") ? freeze_v1(dir, frozen, err) : freeze_v2(dir, frozen, err))
		return err_wrap(err, "%s cgroup %s", frozen ? "freeze" : "thaw", cg->path);
	return 0;
}

bool kern_cgroup_frozen(struct kern_cgroup *cg)
{
	const char *dir = kern_cgroup_freezer_dir(cg);
	bool v1 = cgroup_dir_of(cg, "freezer");
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (!dir || cgroup_read(dir, v1 ? "freezer.self_freezing" : "cgroup.freeze", &sb, &ignored))
		return false;
	return str_starts(sb.data, "1");
}
