/*
 * container.c - see container.h. Creating is a list of steps with an undo that
 * runs them backwards; it asks each piece whether it is there, so it is right
 * after any step has failed.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/tty.h"
#include "clone.h"
#include "hooks.h"
#include "init.h"
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
	return runc_sysctl_check(c, err);
}

/* Read everything, check everything, make nothing. */
static int prepare(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	AUTO_FREE char *config = xasprintf("%s/config.json", opt->bundle);
	AUTO_FREE char *root = NULL;
	struct stat st;

	if (runc_config_load(&c->config, AT_FDCWD, config, err) ||
	    check_options(opt, &c->config, err) ||
	    runc_seccomp_build(c->config.seccomp, &c->filter, err))
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
	return 0;
}

/* The id is ours from here on. Saved at once, so that `delete --force` can clean
 * up after a runtime that was killed in the middle. */
static int take_id(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	struct runc_state *st = &c->state;
	char now[TIME_TEXT_SIZE];
	AUTO_FREE char *text = jsonx_text(c->config.doc);

	if (runc_state_take(st, opt->root, opt->id, err))
		return -1;
	st->created = xstrdup(time_now_text(now));
	st->version = xstrdup(c->config.version);
	st->cgroup = runc_cgroup_path(&c->config, opt->id);
	st->annotations = json_incref(c->config.annotations);
	st->no_new_keyring = opt->no_new_keyring;
	if (!c->config.process.terminal)
		runc_state_note_stdio(st);
	return runc_state_save(st, err) ||
	       file_write_volatile(st->dir, "config.json", text, strlen(text), 0600, err) ||
	       runc_seccomp_save(&c->filter, st->dir, err) ? -1 : 0;
}

/* init waits at the fifo through a descriptor: its path is the host's. */
static int make_fifo(const struct runc_container *c, const struct runc_create *opt, int *fifo,
		     struct err *err)
{
	if (opt->at_once)
		return 0;
	if (mkfifoat(c->state.dir, "exec.fifo", 0622))
		return err_sys(err, "make exec.fifo");
	*fifo = openat(c->state.dir, "exec.fifo", O_PATH | O_CLOEXEC);
	if (*fifo < 0 || fchmodat(c->state.dir, "exec.fifo", 0622, 0))
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
		c->console = pair[0];
		*fd = pair[1];
		return 0;
	}
	if (!opt->console_socket)
		return 0;
	*fd = kern_unix_connect(opt->console_socket, err);
	return *fd < 0 ? err_wrap(err, "console socket") : 0;
}

static pid_t clone_init(struct runc_container *c, struct runc_init *in, struct err *err)
{
	const struct runc_namespace *pid_ns = runc_config_ns(&c->config, CLONE_NEWPID);
	const char *joined = pid_ns ? pid_ns->path : NULL;
	struct kern_clone clone = {
		.flags = runc_init_clone_flags(&c->config),
		.cgroup_fd = kern_cgroup_v2_fd(c->cgroup),
		.pidfd = &c->pidfd,
	};
	AUTO_CLOSE int ns = joined ? open(joined, O_RDONLY | O_CLOEXEC) : -1;

	if (joined && ns < 0)
		return err_sys(err, "join the pid namespace: open %s", joined);
	in->in_cgroup = clone.cgroup_fd >= 0;
	return runc_clone(&clone, ns, err);
}

/* Converse with init until it is ready; see sync.h. */
static int hear_ready(struct runc_container *c, struct err *err)
{
	enum runc_word word = WORD_END;

	if (runc_sync_hear(c->sync, &word, err))
		return err_wrap(err, "unable to start container process");
	if (word == WORD_MOUNTED) {
		if (runc_hooks_run(&c->config, HOOK_PRESTART, &c->state, STATUS_CREATING, c->pid,
				   err) ||
		    runc_hooks_run(&c->config, HOOK_CREATE_RUNTIME, &c->state, STATUS_CREATING,
				   c->pid, err) ||
		    runc_sync_say(c->sync, WORD_GO, err))
			return -1;
		if (runc_sync_hear(c->sync, &word, err))
			return err_wrap(err, "unable to start container process");
	}
	if (word != WORD_READY)
		return err_set(err, ERR_SYSTEM, "unable to start container process: init ended "
			       "without a word (killed for want of memory?)");
	return 0;
}

static int start_init(struct runc_container *c, const struct runc_create *opt, int fifo,
		      int console, struct err *err)
{
	AUTO_FREE char *keyring = xasprintf("_ses.%s", opt->id);
	AUTO_CLOSE int theirs = -1;
	struct runc_init in = {
		.config = &c->config, .state = &c->state, .cgroup = c->cgroup,
		.fifo = fifo, .console_socket = console, .no_pivot = opt->no_pivot,
		.launch = { .process = &c->config.process, .filter = &c->filter, .proc = -1,
			    .keyring = opt->no_new_keyring ? NULL : keyring,
			    .preserve_fds = opt->preserve_fds },
		.rootfs = { .config = &c->config, .bundle = c->state.bundle,
			    .path = c->state.rootfs, .cgroup = c->state.cgroup,
			    .root = -1, .null = -1 },
	};

	if (runc_sync_pair(&c->sync, &theirs, err))
		return -1;
	in.sync = theirs;
	c->pid = clone_init(c, &in, err);
	if (c->pid < 0)
		return -1;
	if (!c->pid)
		runc_init_main(&in);
	close(theirs); /* so that we see its end when init ends */
	theirs = -1;
	c->state.pid = c->pid;
	return kern_proc_start_time(c->pid, &c->state.start_time, NULL, err);
}

static void undo(struct runc_container *c, const char *root)
{
	struct err ignored;

	if (c->pid > 0 && c->pidfd >= 0) {
		kern_pidfd_signal(c->pidfd, SIGKILL, &ignored);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (c->cgroup) {
		kern_cgroup_kill(c->cgroup, SIGKILL, &ignored); /* what hooks and init forked */
		if (kern_cgroup_remove(c->cgroup, &ignored))
			log_warn("%s", ignored.msg);
	}
	if (c->state.dir >= 0 && runc_state_remove(&c->state, root, &ignored))
		log_warn("%s", ignored.msg);
}

static int build(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	AUTO_CLOSE int fifo = -1, console = -1;

	if (prepare(c, opt, err) || connect_console(c, opt, &console, err) || take_id(c, opt, err) ||
	    make_fifo(c, opt, &fifo, err))
		return -1;
	c->cgroup = runc_cgroup_make(&c->config, c->state.cgroup, err);
	if (!c->cgroup)
		return -1;
	if (start_init(c, opt, fifo, console, err) ||
	    hear_ready(c, err) || runc_state_save(&c->state, err))
		return -1;
	return opt->pid_file ? runc_pid_file_write(opt->pid_file, c->pid, err) : 0;
}

int runc_container_create(struct runc_container *c, const struct runc_create *opt,
			  struct err *err)
{
	struct trace_span span = trace_begin();

	if (runc_state_check_id(opt->id, err))
		return -1;
	if (build(c, opt, err)) {
		undo(c, opt->root);
		return -1;
	}
	trace_end(&span, "create %s: namespaces, cgroup, root file system", opt->id);
	return 0;
}

int runc_container_claim(struct runc_container *c, const struct runc_create *opt, struct err *err)
{
	if (runc_state_check_id(opt->id, err) || prepare(c, opt, err))
		return -1;
	if (!take_id(c, opt, err))
		c->cgroup = runc_cgroup_make(&c->config, c->state.cgroup, err);
	if (c->cgroup)
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

	if (!runc_sync_hear(c->sync, &word, err))
		return 0;
	undo(c, opt->root);
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
	runc_seccomp_free(&c->filter);
	runc_config_free(&c->config);
	runc_state_free(&c->state);
}
