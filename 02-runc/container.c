/*
 * container.c - see container.h. Creating is a list of steps with an undo that
 * runs them backwards; it asks each piece whether it is there, so it is right
 * after any step has failed.
 */
#include "container.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/tty.h"
#include "hooks.h"
#include "init.h"
#include "selinux.h"
#include "sync.h"

int runc_pid_file_write(const char *path, pid_t pid, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%d", (int)pid);

	if (file_write_volatile(AT_FDCWD, path, text, strlen(text), 0644, err))
		return err_wrap(err, "write the pid file");
	return 0;
}

static int check_options(const struct runc_create *opt, const struct runc_config *c,
			 struct err *err)
{
	bool console = opt->console_socket || opt->foreground;

	if (!c->process.present)
		return err_set(err, ERR_INVALID, "process: required to create a container");
	if (c->process.terminal && !console)
		return err_set(err, ERR_INVALID,
			       "cannot allocate tty if runc will detach without setting console "
			       "socket");
	if (!c->process.terminal && opt->console_socket)
		return err_set(err, ERR_INVALID, "cannot use console socket if runc will not "
			       "detach or allocate tty");
	if (c->relative_mount >= 0) /* deprecated, but valid ("Mounts" in config.md) */
		log_warn("mounts[%d].destination: not an absolute path, using it as relative to /",
			 c->relative_mount);
	runc_resources_warn(jsonx_at(c->doc, "linux.resources"));
	/* The old root stays reachable then, and would have nothing to keep mounts apart. */
	if (opt->no_pivot && (c->propagation & MS_PRIVATE))
		return err_set(err, ERR_INVALID, "linux.rootfsPropagation: [r]private is not safe "
			       "without pivot_root");
	return runc_sysctl_check(c, err) || runc_userns_check_host(c, err) ||
	       runc_netdevices_check(c, err) || runc_rdt_check_host(&c->rdt, err) ||
	       runc_labels_check(c, &c->process, err) ? -1 : 0;
}

/* Read everything, check everything, make nothing. */
static int prepare(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	AUTO_FREE char *config = xasprintf("%s/config.json", opt->bundle);
	AUTO_FREE char *root = NULL;
	struct stat st;

	if (runc_config_load(&c->config, AT_FDCWD, config, err) ||
	    check_options(opt, &c->config, err) ||
	    runc_config_filter(&c->config, err))
		return -1;
	runc_caps_settle(&c->config.process, runc_config_ns(&c->config, CLONE_NEWUSER), false);
	if (runc_labels_mounts(&c->config, err))
		return -1;
	c->state.bundle = realpath(opt->bundle, NULL);
	if (!c->state.bundle)
		return err_sys(err, "bundle %s", opt->bundle);
	root = c->config.root[0] == '/' ? xstrdup(c->config.root)
					: xasprintf("%s/%s", c->state.bundle, c->config.root);
	c->state.rootfs = realpath(root, NULL);
	if (!c->state.rootfs || stat(c->state.rootfs, &st))
		return err_sys(err, "root.path: %s", root);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "root.path: %s is not a directory", root);
	if (runc_config_mounts_inside(&c->config, c->state.rootfs, err))
		return -1;
	if (opt->systemd && runc_systemd_prepare(&c->systemd, &c->config, opt->id, opt->rootless, err))
		return -1;
	c->cgroup = runc_cgroup_plan(&c->config, opt->systemd ? c->systemd.cgroup
				     : c->config.cgroups_path ? c->config.cgroups_path : opt->id, err);
	return c->cgroup ? 0 : -1;
}

/* The id is ours from here on. Saved at once, so that `delete` can clean up after a runtime
 * that was killed in the middle. */
static int take_id(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	struct runc_state *st = &c->state;
	char now[TIME_TEXT_SIZE];
	const char *text = c->config.text;

	if (runc_state_take(st, opt->root, opt->id, err))
		return -1;
	st->created = xstrdup(time_now_text(now));
	st->version = xstrdup(c->config.version);
	st->cgroup = kern_cgroup_name(c->cgroup);
	st->unit = (struct runc_unit){ .name = xstrdup(c->systemd.unit.name),
				       .user = c->systemd.unit.user };
	st->annotations = json_incref(c->config.annotations);
	st->no_new_keyring = opt->no_new_keyring;
	if (!c->config.process.terminal)
		runc_state_note_stdio(st);
	/* The state last: whoever finds a state.json finds config.json beside it. */
	return file_write_new(st->dir, "config.json", text, strlen(text), 0600, err) ||
	       runc_state_save(st, err) ? -1 : 0;
}

/* init waits at the fifo through a descriptor: its path is the host's. Its time of modification is 0 until
 * init writes to it: see runc_state_fifo_used. */
static int make_fifo(const struct runc_container *c, const struct runc_create *opt, int *fifo,
		     struct err *err)
{
	static const struct timespec never[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };

	if (opt->at_once)
		return 0;
	if (mkfifoat(c->state.dir, "exec.fifo", 0622))
		return err_sys(err, "make exec.fifo");
	*fifo = openat(c->state.dir, "exec.fifo", O_PATH | O_CLOEXEC);
	if (*fifo < 0 || fchmodat(c->state.dir, "exec.fifo", 0622, 0) ||
	    utimensat(c->state.dir, "exec.fifo", never, 0))
		return err_sys(err, "open exec.fifo");
	return 0;
}

/* Where init sends its terminal: the caller's socket, or, in the foreground, us. */
static int connect_console(struct runc_container *c, const struct runc_create *opt, int *fd,
			   struct err *err)
{
	int pair[2];

	if (opt->foreground && c->config.process.terminal && !opt->console_socket) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return err_sys(err, "make a socket pair");
		c->config.process.bare_newlines = true;
		c->console = pair[0];
		*fd = pair[1];
		return 0;
	}
	if (!opt->console_socket)
		return 0;
	*fd = kern_unix_connect(opt->console_socket, err);
	return *fd < 0 ? err_wrap(err, "console socket") : 0;
}

static int connect_pidfd_socket(const struct runc_create *opt, int *fd, struct err *err)
{
	if (!opt->pidfd_socket)
		return 0;
	*fd = kern_unix_connect(opt->pidfd_socket, err);
	return *fd < 0 ? err_wrap(err, "pidfd socket") : 0;
}

/* systemd makes one around a process, which is not there yet: runc_container_place. */
static int make_group(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	return opt->systemd ? runc_cgroup_check_unused(c->cgroup, err)
			    : runc_cgroup_make(c, opt->rootless, err);
}

/* A group of resctrl, for which one must be mounted. */
static int make_rdt_group(struct runc_container *c, struct err *err)
{
	AUTO_FREE char *root = c->config.rdt.present ? runc_rdt_root(err) : NULL;

	if (!c->config.rdt.present)
		return 0;
	return !root || runc_rdt_create(&c->config.rdt, root, c->state.id, c->state.dir, err) ? -1 : 0;
}

static void undo(struct runc_container *c, const char *root)
{
	struct err ignored;

	runc_netdevices_detach(&c->net);
	if (c->pid > 0 && c->pidfd >= 0) {
		kern_pidfd_signal(c->pidfd, SIGKILL, &ignored);
		spawn_wait(c->pid, NULL);
	}
	/* Somebody deleted it meanwhile: what has the id, and the group, now is another container. */
	if (c->state.dir >= 0 && !runc_state_is_ours(&c->state, root))
		return;
	if (c->systemd.started && runc_systemd_end(&c->systemd.unit, c->cgroup, &ignored))
		log_warn("%s", ignored.msg);
	/* With what hooks and init forked. */
	if (c->cgroup_made && kern_cgroup_destroy(c->cgroup, &ignored))
		log_warn("%s", ignored.msg);
	if (c->state.dir < 0)
		return;
	if (runc_rdt_destroy(c->state.dir, true, &ignored))
		log_warn("%s", ignored.msg);
	if (runc_state_remove(&c->state, root, &ignored))
		log_warn("%s", ignored.msg);
	/* Also after a failure the lifecycle ends with these (steps 12 and 13 of
	 * "Lifecycle" in runtime.md). */
	runc_hooks_run(&c->config, HOOK_POSTSTOP, &c->state, STATUS_STOPPED, 0, &ignored);
}

static int build(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	AUTO_CLOSE int fifo = -1, console = -1, pidfd_socket = -1;

	if (prepare(c, opt, err) || connect_console(c, opt, &console, err) ||
	    connect_pidfd_socket(opt, &pidfd_socket, err) || take_id(c, opt, err) ||
	    make_fifo(c, opt, &fifo, err))
		return -1;
	if (make_group(c, opt, err) || make_rdt_group(c, err))
		return -1;
	if (runc_container_start_init(c, opt, fifo, console, err) || runc_rdt_join(c->state.dir, c->pid, err) ||
	    runc_container_hear_ready(c, err)) {
		runc_cgroup_blame(c->cgroup, err);
		return -1;
	}
	/* The word is runc's for an init. */
	if (runc_state_save(&c->state, err) ||
	    (pidfd_socket >= 0 && kern_fd_send(pidfd_socket, c->pidfd, "standard", err)))
		return -1;
	return opt->pid_file ? runc_pid_file_write(opt->pid_file, c->pid, err) : 0;
}

int runc_container_create(struct runc_container *c, const struct runc_create *opt,
			  struct err *err)
{
	struct trace_span span;

	if (runc_state_check_id(opt->id, err))
		return -1;
	span = trace_begin();
	if (build(c, opt, err)) {
		undo(c, opt->root);
		trace_end(&span, "create %s: %s", opt->id, err->msg);
		return -1;
	}
	trace_end(&span, "create %s: namespaces, cgroup, root file system", opt->id);
	return 0;
}

int runc_container_claim(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	if (runc_state_check_id(opt->id, err) || prepare(c, opt, err))
		return -1;
	if (!take_id(c, opt, err) && !make_group(c, opt, err))
		return 0;
	undo(c, opt->root);
	return -1;
}

void runc_container_abandon(struct runc_container *c, const char *root)
{
	undo(c, root);
}

int runc_container_launched(struct runc_container *c, const struct runc_create *opt,
			    struct err *err)
{
	enum runc_word word;

	if (!runc_sync_hear(c->sync, &word, err)) {
		trace_told(NULL, "kernel", 0, "execve(%s)", c->config.process.args[0]);
		return 0;
	}
	undo(c, opt->root);
	if (err->kind == ERR_NO_PROGRAM || err->kind == ERR_NOT_EXECUTABLE)
		return -1; /* the kernel's word on the program: see cmd_run.c */
	return err_wrap(err, "unable to start container process");
}

void runc_container_free(struct runc_container *c)
{
	cleanup_close(&c->pidfd);
	cleanup_close(&c->sync);
	cleanup_close(&c->console);
	c->pidfd = c->sync = c->console = -1;
	kern_cgroup_free(c->cgroup);
	c->cgroup = NULL;
	runc_systemd_free(&c->systemd);
	runc_sources_free(c->sources, c->config.n_mounts);
	c->sources = NULL;
	runc_netmoves_free(&c->net);
	runc_config_free(&c->config);
	runc_state_free(&c->state);
}
