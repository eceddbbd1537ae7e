/*
 * init.c - see init.h. Read runc_init_steps first: it is the whole story, and
 * nearly every line of it stands where it stands for a reason.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/netlink.h"
#include "01-kernel/path.h"
#include "console.h"
#include "hooks.h"
#include "sync.h"

uint64_t runc_init_clone_flags(const struct runc_config *c)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < c->n_ns; i++)
		if (!c->ns[i].path)
			flags |= c->ns[i].type->flag;
	/* A new cgroup namespace has its creator's group as the root, and the clone
	 * makes it before it moves the child into its group (clone(2)). */
	return flags & ~(uint64_t)CLONE_NEWCGROUP;
}

/* In a pid namespace that is not new there may be processes of another container. */
static bool sees_others(const struct runc_config *c)
{
	const struct runc_namespace *ns = runc_config_ns(c, CLONE_NEWPID);

	return !ns || ns->path;
}

static int begin(struct runc_init *in, struct err *err)
{
	/* Until we are ready nobody but our creator knows of us. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "ask for a signal when the runtime dies");
	/* A session of our own: no terminal of the host's can be ours any more, and
	 * one opened later can (TIOCSCTTY). Already one's leader: that is fine. */
	setsid();
	umask(0);
	prctl(PR_SET_NAME, "runc:init"); /* what ps shows while it waits for `start` */
	runc_process_reset_signals();
	if (sees_others(in->config) && runc_process_hide(err))
		return -1;
	return runc_process_seal_fds(&in->launch, err);
}

static int join_cgroup(struct runc_init *in, struct err *err)
{
	return in->in_cgroup ? kern_cgroup_join_v1(in->cgroup, err)
			     : kern_cgroup_add(in->cgroup, 0, err);
}

static int enter_namespaces(struct runc_init *in, struct err *err)
{
	const struct runc_config *c = in->config;
	const struct runc_namespace *cgroup = runc_config_ns(c, CLONE_NEWCGROUP);

	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++) {
		const struct runc_namespace *ns = runc_config_ns(c, t->flag);

		/* A pid namespace is entered by being born there: see container.c. */
		if (ns && ns->path && t->flag != CLONE_NEWPID &&
		    kern_ns_enter_path(ns->path, (int)t->flag, err))
			return err_wrap(err, "join the %s namespace", t->oci);
	}
	return cgroup && !cgroup->path ? kern_ns_unshare(CLONE_NEWCGROUP, err) : 0;
}

/* A new network namespace has a loopback interface, down. */
static int bring_up_loopback(struct runc_init *in, struct err *err)
{
	const struct runc_namespace *net = runc_config_ns(in->config, CLONE_NEWNET);

	return net && !net->path ? kern_link_up("lo", err) : 0;
}

static int set_names(struct runc_init *in, struct err *err)
{
	const char *host = in->config->hostname, *domain = in->config->domainname;

	if (host && *host && sethostname(host, strlen(host)))
		return err_sys(err, "set the host name '%s'", host);
	if (domain && *domain && setdomainname(domain, strlen(domain)))
		return err_sys(err, "set the domain name '%s'", domain);
	return 0;
}

/* Through the host's /proc: what a file of /proc/sys means depends on who opens
 * it, and that is us, in the new namespaces. Only settings that belong to one of
 * those got past the check in sysctl.c. */
static int write_sysctls(struct runc_init *in, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(in->config->sysctl, key, value) {
		AUTO_FREE char *path = xasprintf("sys/%s", key);
		const char *text = json_string_value(value);
		AUTO_CLOSE int fd = -1;

		for (char *p = path; !strchr(key, '/') && (p = strchr(p, '.')); )
			*p = '/';
		fd = kern_path_open_proc(path, O_WRONLY, err);
		if (fd < 0)
			return err_wrap(err, "sysctl %s", key);
		if (write(fd, text, strlen(text)) < 0)
			return err_sys(err, "sysctl %s: write '%s'", key, text);
	}
	return 0;
}

static int open_console(struct runc_init *in, struct err *err)
{
	if (in->console_socket < 0)
		return 0;
	return runc_console_open(in->rootfs.root, in->console_socket, in->launch.process,
				 runc_devices_wanted(in->config), err);
}

/* The runtime runs its hooks while we wait; then ours, in our namespaces but
 * still with the host's tree around us. */
static int give_hooks_their_time(struct runc_init *in, struct err *err)
{
	const struct runc_config *c = in->config;
	enum runc_word word;

	if (c->hooks[HOOK_PRESTART].n || c->hooks[HOOK_CREATE_RUNTIME].n) {
		if (runc_sync_say(in->sync, WORD_MOUNTED, err) ||
		    runc_sync_hear(in->sync, &word, err))
			return -1;
		if (word != WORD_GO)
			return err_set(err, ERR_CANCELLED, "the runtime has gone away");
	}
	return runc_hooks_run(c, HOOK_CREATE_CONTAINER, in->state, STATUS_CREATING, getpid(), err);
}

/* What leads back to the host's files: everything but what is still to be said and
 * waited for. */
static void let_go_of_host(struct runc_init *in)
{
	const int keep[] = { in->sync, in->fifo, in->launch.proc };

	runc_process_close_fds(&in->launch, keep, sizeof keep / sizeof *keep);
}

static int set_personality(struct runc_init *in, struct err *err)
{
	if (in->config->has_personality && personality(in->config->personality) < 0)
		return err_sys(err, "set the personality");
	return 0;
}

static int report_ready(struct runc_init *in, struct err *err)
{
	/* From now on our creator may end, and we do not. */
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "take back the death signal");
	return runc_sync_say(in->sync, WORD_READY, err);
}

/* Opening a fifo for writing waits for a reader: that is `start`. The name that
 * leads to it is in the runtime's /proc, where we still hold our directory. */
static int wait_for_start(struct runc_init *in, struct err *err)
{
	AUTO_FREE char *name = xasprintf("fd/%d", in->fifo);
	AUTO_CLOSE int fd = -1;

	if (in->fifo < 0)
		return 0; /* `run` does not wait */
	close(in->sync); /* whoever created us is done; `start` is somebody else */
	in->sync = -1;
	do
		fd = openat(in->launch.proc, name, O_WRONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return err_sys(err, "wait for start");
	close(in->fifo);
	in->fifo = -1;
	return 0;
}

/* With the last descriptor of the host's closed: not even a hook may be reached
 * through what /proc/self/fd shows of us. */
static int run_start_hooks(struct runc_init *in, struct err *err)
{
	close(in->launch.proc);
	in->launch.proc = -1;
	return runc_hooks_run(in->config, HOOK_START_CONTAINER, in->state, STATUS_CREATED,
			      getpid(), err);
}

static int runc_init_steps(struct runc_init *in, struct err *err)
{
	struct runc_launch *l = &in->launch;
	struct runc_rootfs *r = &in->rootfs;

	/* The runtime's /proc, before any other namespace can put one in its place. */
	if (begin(in, err) || runc_process_open_proc(l, err))
		return -1;
	/* The cgroup before its namespace, whose root will be where we then stand;
	 * and before we do anything that should count against its limits. */
	if (join_cgroup(in, err) || enter_namespaces(in, err) || bring_up_loopback(in, err))
		return -1;
	/* While "/" is the host's: sources of mounts can be named, and /proc is true.
	 * The terminal is opened here because it comes from the new /dev/pts. */
	if (runc_rootfs_assemble(r, err) || open_console(in, err) ||
	    give_hooks_their_time(in, err))
		return -1;
	/* After the hooks, who may have set or added some of this; before the new
	 * root, where /proc is the container's. */
	if (set_names(in, err) || write_sysctls(in, err) ||
	    runc_process_environment(l, r->root, err) || runc_devices_reopen_null(r->root, err) ||
	    runc_process_own_stdio(l, err))
		return -1;
	/* Read-only paths and masks at the end of all mounting, or they would be in
	 * its way; and before the root is entered, so that they are resolved from a
	 * descriptor, outside the container's reach. */
	if (runc_rootfs_seal(r, l->process->cwd, err) || runc_rootfs_enter(r, in->no_pivot, err))
		return -1;
	/* The limits this late, for a low RLIMIT_NOFILE would have been in our own way. */
	if (runc_process_limits(l, err) || set_personality(in, err))
		return -1;
	let_go_of_host(in);
	/* Now only privileges are left to lose. The directory and the program are
	 * looked up after that, with the eyes of the user who will run. */
	if (runc_process_drop(l, err) || runc_process_chdir(l, err) || runc_process_find(l, err))
		return -1;
	if (report_ready(in, err) || wait_for_start(in, err) || run_start_hooks(in, err))
		return -1;
	return runc_process_exec(l, err);
}

void runc_init_main(struct runc_init *in)
{
	struct err err = { .kind = ERR_NONE };

	runc_init_steps(in, &err);
	/* Before `start` there is a runtime to tell; afterwards only our stderr. */
	if (in->sync >= 0)
		runc_sync_fail(in->sync, &err);
	else
		dprintf(STDERR_FILENO, "%s\n", err.msg);
	_exit(1);
}
