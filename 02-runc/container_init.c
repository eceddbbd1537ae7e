/*
 * container_init.c - the runtime's side of init: the clone, what has to be done for it
 * from outside, and what it says until it is ready (sync.h). Its own side is init.c.
 */
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "container.h"
#include "hooks.h"
#include "init.h"
#include "namespaces.h"
#include "notify.h"
#include "oom.h"
#include "sync.h"

/* The clone. In the child this does not return. */
static int clone_init(struct runc_container *c, struct runc_init *in, struct err *err)
{
	const struct runc_birth birth = { &c->config, in->cgroup, &c->pidfd, -1 };
	char own_score[RUNC_OOM_SIZE];

	if (runc_oom_take(in->launch.procfs, &c->config.process, own_score, err))
		return -1;
	do {
		in->in_cgroup = kern_cgroup_v2_fd(in->cgroup) >= 0;
		c->pid = runc_ns_clone(&birth, err);
		if (!c->pid)
			runc_init_main(in);
	} while (c->pid < 0 && runc_cgroup_without_v2(c, err));
	runc_oom_give_back(in->launch.procfs, own_score);
	return c->pid < 0 ? -1 : 0;
}

int runc_container_place(struct runc_container *c, pid_t pid, bool rootless, struct err *err)
{
	if (runc_systemd_start(&c->systemd, pid, err) || runc_cgroup_make(c, rootless, err))
		return -1;
	/* The hierarchies that systemd does not know of. */
	return kern_cgroup_version_of(c->cgroup) == KERN_CGROUP_V2 ? 0 :
	       kern_cgroup_add(c->cgroup, pid, err);
}

/* Here init is born where we are, and does nothing until it has been moved. */
static int clone_init_for_systemd(struct runc_container *c, const struct runc_create *opt,
				  struct runc_init *in, struct err *err)
{
	int failed;

	in->placed = true;
	in->cgroup = kern_cgroup_open("", err); /* of none, as far as it is concerned */
	failed = !in->cgroup || clone_init(c, in, err) ||
		 runc_container_place(c, c->pid, opt->rootless, err) ||
		 runc_sync_say(c->sync, WORD_GO, err);
	kern_cgroup_free(in->cgroup);
	return failed ? -1 : 0;
}

/* A new user namespace is nobody's until it is mapped, which takes somebody outside. */
static int map_ids(struct runc_container *c, struct err *err)
{
	if (!runc_config_ns_is_new(&c->config, CLONE_NEWUSER))
		return 0;
	return runc_ns_map_ids(&c->config, c->pid, err) || runc_sync_say(c->sync, WORD_GO, err) ? -1 : 0;
}

static int hear(const struct runc_container *c, enum runc_word *word, struct err *err)
{
	const struct runc_notify whose = {
		.filter = &c->config.filter, .seccomp = c->config.seccomp, .state = &c->state,
		.status = STATUS_CREATING, .pid = c->pid, .init = c->pid,
	};

	if (runc_notify_hear(c->sync, &whose, word, err))
		return err_wrap(err, "unable to start container process");
	return 0;
}

/* Converse with init until it is ready; see sync.h. */
int runc_container_hear_ready(struct runc_container *c, struct err *err)
{
	enum runc_word word = WORD_END;

	if (hear(c, &word, err))
		return -1;
	if (word == WORD_MOUNTED) {
		if (runc_netdevices_attach(&c->config, c->pid, &c->net, err) ||
		    runc_hooks_run(&c->config, HOOK_PRESTART, &c->state, STATUS_CREATING, c->pid,
				   err) ||
		    runc_hooks_run(&c->config, HOOK_CREATE_RUNTIME, &c->state, STATUS_CREATING,
				   c->pid, err) ||
		    runc_sync_say(c->sync, WORD_GO, err))
			return -1;
		if (hear(c, &word, err))
			return -1;
	}
	if (word != WORD_READY)
		return err_set(err, ERR_SYSTEM, "unable to start container process: init ended "
			       "without a word (killed by `delete --force`, or for want of memory?)");
	return 0;
}

int runc_container_start_init(struct runc_container *c, const struct runc_create *opt, int fifo,
			      int console, struct err *err)
{
	AUTO_FREE char *keyring = xasprintf("_ses.%s", opt->id);
	AUTO_CLOSE int theirs = -1;
	struct runc_init in = {
		.config = &c->config, .state = &c->state, .cgroup = c->cgroup,
		.fifo = fifo, .console_socket = console, .started = -1, .no_pivot = opt->no_pivot,
		.unprivileged = geteuid() != 0,
		.launch = { .process = &c->config.process, .filter = &c->config.filter, .proc = -1,
			    .keyring = opt->no_new_keyring ? NULL : keyring,
			    .preserve_fds = opt->preserve_fds },
		.rootfs = { .config = &c->config, .bundle = c->state.bundle,
			    .path = c->state.rootfs, .cgroup = c->cgroup,
			    .root = -1, .null = -1, .proc = -1, .sys = -1 },
	};
	int failed;

	if (runc_sync_pair(&c->sync, &theirs, err) || runc_process_prepare(&in.launch, err) ||
	    runc_sources_copy(&c->config, c->state.bundle, &c->sources, err))
		return -1;
	in.sync = theirs;
	in.rootfs.sources = c->sources;
	failed = opt->systemd ? clone_init_for_systemd(c, opt, &in, err) : clone_init(c, &in, err);
	close(in.launch.procfs);
	close(theirs); /* so that we see its end when init ends */
	theirs = -1;
	if (failed || map_ids(c, err))
		return -1;
	c->state.pid = c->pid;
	return kern_proc_start_time(c->pid, &c->state.start_time, NULL, err);
}
