/*
 * cgroup_oom.c - to be told when a group has run out of memory.
 *
 * Version 1 writes to an eventfd that was registered with cgroup.event_control,
 * also when the group is removed. Version 2 changes memory.events, which inotify(7)
 * sees; what has happened is told by the number in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cgroup_private.h"

static int no_controller(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "memory controller missing");
}

static int watch_v1(const char *dir, struct err *err)
{
	AUTO_FREE char *control = xasprintf("%s/memory.oom_control", dir);
	AUTO_CLOSE int source = open(control, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	AUTO_FREE char *pair = NULL;

	if (source < 0)
		return errno == ENOENT ? no_controller(err) : err_sys(err, "open %s", control);
	if (fd < 0)
		return err_sys(err, "make an eventfd");
	pair = xasprintf("%d %d", fd, source);
	return cgroup_write(dir, "cgroup.event_control", pair, err) ? -1 : steal_fd(&fd);
}

static int watch_v2(const char *dir, struct err *err)
{
	AUTO_FREE char *events = xasprintf("%s/memory.events", dir);
	AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "make an inotify descriptor");
	if (inotify_add_watch(fd, events, IN_MODIFY) < 0)
		return errno == ENOENT ? no_controller(err) : err_sys(err, "watch %s", events);
	return steal_fd(&fd);
}

int kern_cgroup_oom_watch(struct kern_cgroup *cg, struct kern_cgroup_oom_watch *w, struct err *err)
{
	const char *v1 = cgroup_dir_of(cg, "memory"), *v2 = cgroup_v2_dir(cg);

	w->fd = v1 ? watch_v1(v1, err) : v2 ? watch_v2(v2, err) : no_controller(err);
	w->seen = v1 ? 0 : kern_cgroup_oom_kills(cg);
	return w->fd < 0 ? -1 : 0;
}

bool kern_cgroup_oom_happened(const struct kern_cgroup *cg, struct kern_cgroup_oom_watch *w)
{
	const char *v1 = cgroup_dir_of(cg, "memory");
	uint64_t before = w->seen;
	char news[4096];

	if (read(w->fd, news, sizeof news) < 0)
		return false;
	if (v1)
		return cgroup_has(v1, "memory.oom_control"); /* else it was the removal */
	w->seen = kern_cgroup_oom_kills(cg);
	return w->seen > before;
}
