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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/netlink.h"
#include "01-kernel/path.h"
#include "console.h"
#include "hooks.h"
#include "namespaces.h"
#include "selinux.h"
#include "sync.h"

/* In a pid namespace that is not new there may be processes of another container: they shall not look at us.
 * What is undumpable is root's in /proc, so a runtime that is not root could not write our maps; no process of
 * a container has power over the user's own ones, and we can wait until he has written them. */
static int hide(const struct runc_init *in, bool mapped, struct err *err)
{
	bool late = in->unprivileged && runc_config_ns_is_new(in->config, CLONE_NEWUSER);

	return runc_config_ns_is_new(in->config, CLONE_NEWPID) || late != mapped ? 0 : runc_process_hide(err);
}

static int begin(struct runc_init *in, struct err *err)
{
	/* What an operator who asked for --debug greps for, in runc's words. */
	log_debug("nsexec container setup: namespaces are made");
	log_debug("child process in init()");
	/* Until we are ready nobody but our creator knows of us. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "ask for a signal when the runtime dies");
	/* A session of our own: no terminal of the host's can be ours any more, and
	 * one opened later can (TIOCSCTTY). Already one's leader: that is fine. */
	setsid();
	umask(0);
	prctl(PR_SET_NAME, "runc:init"); /* what ps shows while it waits for `start` */
	runc_process_reset_signals();
	return hide(in, false, err) || runc_process_seal_fds(&in->launch, err) ? -1 : 0;
}

static int await_go(struct runc_init *in, struct err *err)
{
	enum runc_word word;

	if (runc_sync_hear(in->sync, &word, err))
		return -1;
	return word == WORD_GO ? 0 : err_set(err, ERR_CANCELLED, "the runtime has gone away");
}

static int join_cgroup(struct runc_init *in, struct err *err)
{
	if (in->placed && await_go(in, err))
		return -1;
	return in->in_cgroup ? kern_cgroup_join_v1(in->cgroup, err)
			     : kern_cgroup_add(in->cgroup, 0, err);
}

/* In a new user namespace every id is "nobody" until the runtime has written the maps. */
static int await_maps(struct runc_init *in, struct err *err)
{
	if (runc_config_ns_is_new(in->config, CLONE_NEWUSER) && await_go(in, err))
		return -1;
	return hide(in, true, err);
}

/* A new network namespace has a loopback interface, down. */
static int bring_up_loopback(struct runc_init *in, struct err *err)
{
	return runc_config_ns_is_new(in->config, CLONE_NEWNET) ? kern_link_loopback_up(err) : 0;
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
		fd = kern_proc_file(in->launch.procfs, path, O_WRONLY, err);
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

/* In the root that is to be, and with no environment of the host's. */
static int run_container_hooks(struct runc_init *in, struct err *err)
{
	const char *path = runc_env_get((char **)in->launch.process->env, "PATH");
	AUTO_FREE char *entry = xasprintf("PATH=%s", path ? path : "");
	char *env[] = { path ? entry : NULL, NULL }, **before = environ;
	int failed;

	if (fchdir(in->rootfs.root))
		return err_sys(err, "enter the root file system");
	environ = env;
	failed = runc_hooks_run(in->config, HOOK_CREATE_CONTAINER, in->state, STATUS_CREATING,
				getpid(), err);
	environ = before;
	return failed;
}

/* The runtime moves network devices and runs its hooks while we wait; then ours, in our namespaces but
 * still with the host's tree around us. */
static int give_hooks_their_time(struct runc_init *in, struct err *err)
{
	const struct runc_config *c = in->config;

	if ((c->hooks[HOOK_PRESTART].n || c->hooks[HOOK_CREATE_RUNTIME].n || c->n_netdevs) &&
	    (runc_sync_say(in->sync, WORD_MOUNTED, err) || await_go(in, err)))
		return -1;
	return c->hooks[HOOK_CREATE_CONTAINER].n ? run_container_hooks(in, err) : 0;
}

/* The directory of our descriptors is what opens the fifo (wait_for_start): in the
 * container's procfs, which leads nowhere else; without one, in the runtime's. */
static int keep_way_to_fifo(struct runc_init *in, struct err *err)
{
	int own = -1, other = in->launch.proc;

	if (in->fifo >= 0 && in->rootfs.proc >= 0)
		own = kern_proc_file(in->rootfs.proc, "thread-self/fd", O_PATH | O_DIRECTORY, err);
	if (in->fifo >= 0 && own < 0) {
		own = kern_proc_file(other, "fd", O_PATH | O_DIRECTORY, err);
		if (own < 0)
			return -1;
	}
	in->launch.proc = own;
	close(other);
	return 0;
}

/* What leads back to the host's files: everything but what is still to be said and
 * waited for. */
static int let_go_of_host(struct runc_init *in, struct err *err)
{
	if (keep_way_to_fifo(in, err))
		return -1;
	const int keep[] = { in->sync, in->fifo, in->launch.proc };

	runc_process_close_fds(&in->launch, keep, sizeof keep / sizeof *keep);
	in->rootfs.proc = -1;
	return 0;
}

/* The filter as late as can be, but before `create` ends, which tells what is wrong
 * with it, and before the hooks, which it binds too. */
static int report_ready(struct runc_init *in, struct err *err)
{
	/* From now on our creator may end, and we do not. */
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "take back the death signal");
	return runc_process_filter(&in->launch, in->sync, err) ||
	       runc_sync_say_filtered(in->sync, WORD_READY, err) ? -1 : 0;
}

/* Opening a fifo for writing waits for a reader: that is `start`. */
static int wait_for_start(struct runc_init *in, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%d", in->fifo);

	if (in->fifo < 0)
		return 0; /* `run` does not wait */
	close(in->sync); /* whoever created us is done; `start` is somebody else */
	in->sync = -1;
	do
		in->started = openat(in->launch.proc, name, O_WRONLY | O_CLOEXEC);
	while (in->started < 0 && errno == EINTR);
	if (in->started < 0)
		return err_sys(err, "wait for start");
	close(in->fifo);
	in->fifo = -1;
	return 0;
}

/* With the last descriptor of the host's closed: not even a hook may be reached
 * through what /proc/self/fd shows of us. */
static int run_start_hooks(struct runc_init *in, struct err *err)
{
	if (runc_process_close_proc(&in->launch, err))
		return -1;
	if (!in->config->hooks[HOOK_START_CONTAINER].n)
		return 0; /* without asking for our pid, which the filter may not allow */
	environ = in->launch.env.v;
	return runc_hooks_run(in->config, HOOK_START_CONTAINER, in->state, STATUS_CREATED,
			      getpid(), err);
}

/* `start` waits for this, so that it can tell when a hook has failed. */
static int answer_start(struct runc_init *in, struct err *err)
{
	if (in->started >= 0 && write(in->started, RUNC_STARTED, 1) != 1)
		return err_sys(err, "answer start");
	cleanup_close(&in->started);
	in->started = -1;
	return 0;
}

static int runc_init_steps(struct runc_init *in, struct err *err)
{
	struct runc_launch *l = &in->launch;
	struct runc_rootfs *r = &in->rootfs;

	/* The runtime's /proc, before any other namespace can put one in its place. */
	if (begin(in, err) || runc_process_open_proc(l, err))
		return -1;
	/* The cgroup before its namespace, whose root will be where we then stand; before
	 * we do anything that should count against its limits; and while we are, by our
	 * id, the one whose directories the groups are. */
	if (join_cgroup(in, err) || runc_ns_enter(in->config, l->procfs, err))
		return -1;
	/* So too for what is the host's and hidden from the container's root: hold of it
	 * first, then become that root, to whom all that is made from here on belongs. */
	if (await_maps(in, err) || runc_rootfs_open(r, err) || runc_ns_become_root(in->config, err) ||
	    bring_up_loopback(in, err))
		return -1;
	/* While "/" is the host's: sources of mounts can be named, and /proc is true.
	 * The terminal is opened here because it comes from the new /dev/pts. */
	if (runc_rootfs_assemble(r, err) || runc_labels_queues(in->config, r->root, err) ||
	    open_console(in, err) ||
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
	if (runc_process_limits(l, err) || runc_schedule_apply(in->config, l->process, NULL, err))
		return -1;
	log_debug("init: closing the pipe to signal completion"); /* the log is closed too */
	if (let_go_of_host(in, err))
		return -1;
	/* Now only privileges are left to lose. The directory and the program are
	 * looked up after that, with the eyes of the user who will run. */
	if (runc_process_drop(l, err) || runc_process_chdir(l, err) || runc_process_find(l, err))
		return -1;
	if (report_ready(in, err) || wait_for_start(in, err) || run_start_hooks(in, err) ||
	    answer_start(in, err))
		return -1;
	return runc_process_exec(l, err);
}

void runc_init_main(struct runc_init *in)
{
	struct err err = { .kind = ERR_NONE };

	runc_init_steps(in, &err);
	/* First there is the runtime to tell, then `start`, at the end only our stderr. */
	if (in->sync >= 0)
		runc_sync_fail(in->sync, &err);
	else
		dprintf(in->started >= 0 ? in->started : STDERR_FILENO, "%s\n", err.msg);
	_exit(1);
}
