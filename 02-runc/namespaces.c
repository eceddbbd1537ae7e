/*
 * namespaces.c - see namespaces.h.
 */
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/calls.h"
#include "01-kernel/path.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

bool runc_ns_user(const struct runc_config *c)
{
	return runc_config_ns(c, CLONE_NEWUSER);
}

/* What clone3 is to make. A cgroup and a time namespace it could make too, but too
 * early: see runc_ns_enter. */
static uint64_t new_ones(const struct runc_config *c)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < c->n_ns; i++)
		if (!c->ns[i].path)
			flags |= c->ns[i].type->flag;
	return flags & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
}

/* ---- joining -------------------------------------------------------------- */

static int join(const struct runc_namespace *ns, struct err *err)
{
	return kern_ns_enter_path(ns->path, (int)ns->type->flag, err) ?
	       err_wrap(err, "join the %s namespace", ns->type->oci) : 0;
}

/* By the process between the runtime and the container's (namespaces.h). Whether the host or the user namespace owns a namespace,
 * and so whether it can be joined before or only after that one, is not to be seen
 * from outside: try, and try again. */
static int join_before_birth(const struct runc_config *c, struct err *err)
{
	const struct runc_namespace *user = runc_config_ns(c, CLONE_NEWUSER);
	const struct runc_namespace *again[RUNC_NS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->n_ns; i++) {
		const struct runc_namespace *ns = &c->ns[i];

		if (!ns->path || ns == user || ns->type->flag == CLONE_NEWNS)
			continue;
		if (join(ns, err)) {
			if (err->errnum != EPERM || !user->path)
				return -1;
			again[n++] = ns;
		}
	}
	if (user->path && join(user, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (join(again[i], err))
			return -1;
	return 0;
}

/* All that exist in the container, whether its own or shared with the host. */
static uint64_t all_of(const struct runc_config *c)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < c->n_ns; i++)
		flags |= c->ns[i].type->flag;
	return flags;
}

static int join_all_of(const struct runc_config *c, int init_pidfd, uint64_t but, struct err *err)
{
	if (kern_call_setns(init_pidfd, (int)(all_of(c) & ~but)))
		return err_sys(err, "enter the container's namespaces");
	return 0;
}

/* ---- the process in between ----------------------------------------------- */

static bool someone_between(const struct runc_birth *b)
{
	const struct runc_namespace *user = runc_config_ns(b->config, CLONE_NEWUSER);

	if (!user || user->path || b->init_pidfd >= 0)
		return user;
	for (size_t i = 0; i < b->config->n_ns; i++)
		if (b->config->ns[i].path)
			return true;
	return false;
}

/* What it has to say to the runtime: whose parent it is now, or what went wrong. */
struct news {
	pid_t child; /* -1: see err */
	struct err err;
};

/* 0 in the container's process. The group first, while its directories can be
 * reached; what is born here is born in it. */
static pid_t be_between(const struct runc_birth *b, bool in_v2, struct news *news)
{
	struct kern_clone clone = { .flags = CLONE_PARENT, .cgroup_fd = -1 };

	news->child = -1;
	if (in_v2 ? kern_cgroup_join_v1(b->cgroup, &news->err)
		  : kern_cgroup_add(b->cgroup, 0, &news->err))
		return -1;
	if (b->init_pidfd >= 0 ? join_all_of(b->config, b->init_pidfd, 0, &news->err)
			       : join_before_birth(b->config, &news->err))
		return -1;
	if (b->init_pidfd < 0)
		clone.flags |= new_ones(b->config);
	news->child = kern_ns_clone(&clone, &news->err);
	return news->child;
}

static pid_t hear_news(const struct runc_birth *b, int from, pid_t between, struct err *err)
{
	struct news news = { .child = -1 };
	ssize_t n = io_read_full(from, &news, sizeof news);

	spawn_wait(between, NULL);
	if (n != sizeof news)
		return err_set(err, ERR_SYSTEM, "the process that joins the namespaces was killed");
	if (news.child < 0) {
		*err = news.err;
		return -1;
	}
	/* Ours, and not waited for yet: the pid is nobody else's. */
	*b->pidfd = kern_pidfd_open(news.child, err);
	return *b->pidfd < 0 ? -1 : news.child;
}

static pid_t clone_with_help(const struct runc_birth *b, struct err *err)
{
	struct kern_clone clone = { .cgroup_fd = kern_cgroup_v2_fd(b->cgroup) };
	int pipe_[2];
	pid_t pid;

	if (pipe2(pipe_, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	AUTO_CLOSE int from = pipe_[0], to = pipe_[1];

	pid = kern_ns_clone(&clone, err);
	if (pid < 0)
		return -1;
	if (!pid) {
		struct news news = { .err.kind = ERR_NONE };

		if (!be_between(b, clone.cgroup_fd >= 0, &news))
			return 0;
		(void)!write(to, &news, sizeof news);
		_exit(0);
	}
	close(to);
	to = -1;
	return hear_news(b, from, pid, err);
}

/* ---- without him ---------------------------------------------------------- */

/* setns(2) with CLONE_NEWPID decides only where the children that one has from then
 * on are born. So the runtime asks for that, has its one child, and takes it back: the
 * hooks that it runs belong to the host. */
static pid_t clone_in_pid_ns(const struct kern_clone *args, int ns, struct err *err)
{
	AUTO_CLOSE int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (own < 0)
		return err_sys(err, "open the runtime's own pid namespace");
	if (kern_call_setns(ns, CLONE_NEWPID))
		return err_sys(err, "join the pid namespace");
	pid = kern_ns_clone(args, err);
	if (pid && kern_call_setns(own, CLONE_NEWPID))
		log_warn("cannot return to the runtime's pid namespace: %s", strerror(errno));
	return pid;
}

pid_t runc_ns_clone(const struct runc_birth *b, struct err *err)
{
	const struct runc_namespace *pid_ns = runc_config_ns(b->config, CLONE_NEWPID);
	struct kern_clone clone = {
		.flags = b->init_pidfd >= 0 ? 0 : new_ones(b->config),
		.cgroup_fd = kern_cgroup_v2_fd(b->cgroup), .pidfd = b->pidfd,
	};
	AUTO_CLOSE int ns = -1;

	if (someone_between(b))
		return clone_with_help(b, err);
	if (b->init_pidfd >= 0 && pid_ns)
		return clone_in_pid_ns(&clone, b->init_pidfd, err);
	if (b->init_pidfd >= 0 || !pid_ns || !pid_ns->path)
		return kern_ns_clone(&clone, err);
	ns = open(pid_ns->path, KERN_NS_OPEN_FLAGS);
	return ns < 0 ? err_sys(err, "join the pid namespace: open %s", pid_ns->path)
		      : clone_in_pid_ns(&clone, ns, err);
}

/* ---- after the clone ------------------------------------------------------ */

int runc_ns_map_ids(const struct runc_config *c, pid_t pid, struct err *err)
{
	return runc_config_ns_is_new(c, CLONE_NEWUSER) ? kern_userns_write(pid, &c->maps, err) : 0;
}

/* Offsets can be set as long as the namespace is only that of the children to come;
 * whoever enters it before would have lived in two times. */
static int make_time(const struct runc_config *c, int proc, struct err *err)
{
	AUTO_CLOSE int ns = -1;

	if (kern_ns_unshare(CLONE_NEWTIME, err))
		return -1;
	if (*c->time_offsets && kern_proc_write(proc, "self/timens_offsets", c->time_offsets, err))
		return err_wrap(err, "linux.timeOffsets");
	ns = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (ns < 0 || kern_call_setns(ns, CLONE_NEWTIME))
		return err_sys(err, "enter the new time namespace");
	return 0;
}

int runc_ns_enter(const struct runc_config *c, int proc, struct err *err)
{
	const struct runc_birth own = { .config = c, .init_pidfd = -1 };
	bool joined = someone_between(&own);

	if (runc_config_ns_is_new(c, CLONE_NEWCGROUP) && kern_ns_unshare(CLONE_NEWCGROUP, err))
		return -1;
	if (runc_config_ns_is_new(c, CLONE_NEWTIME) && make_time(c, proc, err))
		return -1;
	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++) {
		const struct runc_namespace *ns = runc_config_ns(c, t->flag);

		/* Mount is the last in the table. */
		if (ns && ns->path && t->flag != CLONE_NEWPID && (!joined || t->flag == CLONE_NEWNS) &&
		    join(ns, err))
			return -1;
	}
	return 0;
}

int runc_ns_enter_of(const struct runc_config *c, int init_pidfd, struct err *err)
{
	/* We were born in the pid namespace; setns would only concern our children. */
	return runc_ns_user(c) ? 0 : join_all_of(c, init_pidfd, CLONE_NEWPID, err);
}

int runc_ns_become_root(const struct runc_config *c, struct err *err)
{
	if (!runc_ns_user(c))
		return 0;
	/* Denied to the unprivileged, who then keep the groups that they had. */
	if (setgroups(0, NULL) && errno != EPERM)
		return err_sys(err, "drop the supplementary groups");
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return err_sys(err, "become root of the user namespace");
	return 0;
}
