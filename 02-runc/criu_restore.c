/*
 * criu_restore.c - the part of a restore that is criu's (criu_restore.h): what it is asked
 * for, where it works, and what the runtime does at its notices.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/mount.h"
#include "01-kernel/netlink.h"
#include "01-kernel/tty.h"
#include "criu_restore.h"
#include "hooks.h"
#include "sync.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* ---- the request ---------------------------------------------------------------------- */

static void add_inherited(struct strbuf *opts, const char *key, int fd)
{
	AUTO_STRBUF struct strbuf pair = STRBUF_INIT;

	runc_pb_text(&pair, 1, key);
	runc_pb_number(&pair, 2, (uint64_t)fd);
	runc_pb_message(opts, OPT_INHERIT_FD, &pair);
}

/* Pipes lead out of the container: ours take the places of those that there were. */
static void add_stdio(struct strbuf *opts, const json_t *descriptors)
{
	for (int fd = 0; fd < 3; fd++) {
		const char *name = json_string_value(json_array_get(descriptors, (size_t)fd));

		if (name && str_starts(name, "pipe:"))
			add_inherited(opts, name, fd);
	}
}

/* These two were left out of the images, see cmd_checkpoint.c. */
static const char *external_key(uint64_t flag)
{
	return flag == CLONE_NEWNET ? "extRootNetNS" : flag == CLONE_NEWPID ? "extRootPidNS" : NULL;
}

static int open_namespaces(struct restore *r, struct err *err)
{
	for (size_t i = 0; i < r->c.config.n_ns; i++) {
		const struct runc_namespace *ns = &r->c.config.ns[i];
		int fd;

		if (!ns->path || !external_key(ns->type->flag))
			continue;
		fd = open(ns->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, "the %s namespace %s must exist", ns->type->oci, ns->path);
		r->ns[r->n_ns++] = fd;
	}
	return 0;
}

static int add_namespaces(struct strbuf *opts, const struct restore *r, struct err *err)
{
	int fd = CRIU_FIRST_FD;

	for (size_t i = 0; i < r->c.config.n_ns; i++) {
		const struct runc_namespace *ns = &r->c.config.ns[i];
		AUTO_STRBUF struct strbuf join = STRBUF_INIT;

		if (!ns->path)
			continue;
		if (ns->type->flag == CLONE_NEWCGROUP)
			return err_set(err, ERR_UNSUPPORTED, "criu cannot join a cgroup namespace");
		if (external_key(ns->type->flag)) {
			add_inherited(opts, external_key(ns->type->flag), fd++);
			continue;
		}
		runc_pb_text(&join, 1, ns->type->proc);
		runc_pb_text(&join, 2, ns->path);
		runc_pb_message(opts, OPT_JOIN_NS, &join);
	}
	return 0;
}

static int build_request(struct strbuf *opts, const struct restore *r, pid_t criu, struct err *err)
{
	runc_criu_options_add(opts, &r->o, &r->c.config);
	runc_pb_text(opts, OPT_ROOT, r->criu_root);
	runc_pb_number(opts, OPT_RST_SIBLING, 1); /* criu's sibling: our child */
	/* A device node may have another path here than where it was opened. */
	runc_pb_number(opts, OPT_EVASIVE_DEVICES, 1);
	runc_pb_text(opts, OPT_LSM_PROFILE, r->o.lsm_profile);
	runc_pb_text(opts, OPT_LSM_MOUNT_CONTEXT, r->o.lsm_mount_context);
	add_stdio(opts, r->descriptors);
	return add_namespaces(opts, r, err) || runc_criu_restore_cgroups(opts, criu, err) ||
	       runc_criu_restore_mounts(opts, &r->c.config, &r->c.state, err) ? -1 : 0;
}

/* ---- what is done at criu's notices --------------------------------------------------------- */

static int loopback_up(void *arg, struct err *err)
{
	(void)arg;
	return kern_link_loopback_up(err);
}

/* A new network namespace has a loopback interface, down; as init.c does it. */
static int bring_up_loopback(const struct restore *r, struct err *err)
{
	const struct runc_namespace *net = runc_config_ns(&r->c.config, CLONE_NEWNET);
	AUTO_CLOSE int theirs = -1;

	if (!net || net->path)
		return 0;
	theirs = kern_ns_open(r->c.pid, net->type, err);
	return theirs < 0 ? -1 : kern_net_inside(theirs, loopback_up, NULL, err);
}

static int at_setup_namespaces(struct restore *r, struct err *err)
{
	struct runc_container *c = &r->c;

	return bring_up_loopback(r, err) ||
	       runc_hooks_run(&c->config, HOOK_PRESTART, &c->state, STATUS_CREATING, c->pid, err) ||
	       runc_hooks_run(&c->config, HOOK_CREATE_RUNTIME, &c->state, STATUS_CREATING, c->pid,
			      err) ? -1 : 0;
}

/* So that its clocks go on where they stopped, criu gives the container a time namespace,
 * asked or not. `exec` joins the namespaces that are listed: list it. */
static int note_time_namespace(struct restore *r, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/time", (int)r->c.pid), *text = NULL;
	AUTO_JSON json_t *doc = NULL;
	struct stat ours, theirs;

	if (stat("/proc/self/ns/time", &ours) || stat(path, &theirs) ||
	    ours.st_ino == theirs.st_ino || runc_config_ns(&r->c.config, CLONE_NEWTIME))
		return 0;
	/* Not from c.config.doc, which has no seccomp profile if the filter was known. */
	doc = runc_config_read(r->c.state.dir, "config.json", err);
	if (!doc)
		return -1;
	json_array_append_new(jsonx_at(doc, "linux.namespaces"), json_pack("{s:s}", "type", "time"));
	text = jsonx_text(doc);
	return file_write_volatile(r->c.state.dir, "config.json", text, strlen(text), 0600, err);
}

/* It is complete and about to be let go. */
static int at_post_restore(struct restore *r, struct err *err)
{
	r->c.state.pid = r->c.pid;
	if (kern_proc_start_time(r->c.pid, &r->c.state.start_time, NULL, err) ||
	    note_time_namespace(r, err))
		return -1;
	return runc_state_save(&r->c.state, err);
}

/* criu has made the terminal and holds its master: to whoever shall have it. */
static int pass_master(struct restore *r, struct runc_criu_answer *a, struct err *err)
{
	if (a->fd < 0)
		return err_set(err, ERR_CORRUPT, "criu has sent no terminal");
	if (r->console >= 0)
		return kern_fd_send(r->console, a->fd, "/dev/ptmx", err);
	r->master = steal_fd(&a->fd);
	return 0;
}

/* Our child as soon as criu names it, so that it can be ended and waited for. */
static int meet(struct restore *r, pid_t pid, struct err *err)
{
	if (r->c.pid || pid <= 0)
		return 0;
	r->c.pidfd = kern_pidfd_open(pid, err);
	if (r->c.pidfd < 0)
		return -1;
	r->c.pid = pid;
	return 0;
}

static int notice(void *arg, struct runc_criu_answer *a, struct err *err)
{
	struct restore *r = arg;

	if (meet(r, a->pid, err))
		return -1;
	if (!strcmp(a->script, "setup-namespaces"))
		return at_setup_namespaces(r, err);
	if (!strcmp(a->script, "post-restore"))
		return at_post_restore(r, err);
	if (!strcmp(a->script, "orphan-pts-master"))
		return pass_master(r, a, err);
	return 0;
}

/* ---- doing it --------------------------------------------------------------------------------- */

static int send_dir(const struct restore *r, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : kern_fd_send(r->dirs[1], fd, path, err);
}

/* Around the process that becomes criu, whose children are then in the group too. */
static int place(void *arg, pid_t child, struct err *err)
{
	struct restore *r = arg;

	if (!r->create.systemd)
		return 0;
	return runc_container_place(&r->c, child, r->create.rootless, err) ||
	       runc_sync_say(r->dirs[0], WORD_GO, err) ? -1 : 0;
}

static int enter_cgroup(const struct restore *r, struct err *err)
{
	enum runc_word word;

	return r->create.systemd ? runc_sync_hear(r->dirs[1], &word, err)
				 : kern_cgroup_add(r->c.cgroup, 0, err);
}

/* In the child that becomes criu. */
static int prepare(void *arg, struct err *err)
{
	const struct restore *r = arg;

	if (enter_cgroup(r, err) || kern_ns_unshare(CLONE_NEWNS, err) ||
	    kern_mount_propagation("/", MS_SLAVE | MS_REC, err) ||
	    send_dir(r, r->o.image_path, err) || (r->o.work >= 0 && send_dir(r, r->o.work_path, err)))
		return -1;
	return runc_criu_mount_root(r->criu_root, &r->c.config, &r->c.state, err);
}

static int receive_dir(const struct restore *r, int *fd, struct err *err)
{
	char path[PATH_MAX];

	close(*fd);
	*fd = kern_fd_recv(r->dirs[0], path, sizeof path, err);
	return *fd < 0 ? err_wrap(err, "receive criu's directory") : 0;
}

static int start_criu(struct restore *r, struct runc_criu *criu, struct err *err)
{
	const struct runc_criu_start how = {
		.stdio = true, .fds = r->ns, .n = r->n_ns, .prepare = prepare, .born = place, .arg = r,
	};

	if (mkdirat(r->c.state.dir, "criu-root", 0755))
		return err_sys(err, "make criu-root");
	if (runc_sync_pair(&r->dirs[0], &r->dirs[1], err) || runc_criu_start(criu, &how, err) ||
	    receive_dir(r, &r->o.images, err))
		return -1;
	return r->o.work >= 0 ? receive_dir(r, &r->o.work, err) : 0;
}

int runc_criu_restore(struct restore *r, struct err *err)
{
	AUTO_CRIU struct runc_criu criu = RUNC_CRIU_INIT;
	AUTO_STRBUF struct strbuf opts = STRBUF_INIT;

	if (open_namespaces(r, err) || start_criu(r, &criu, err) ||
	    build_request(&opts, r, criu.pid, err))
		return -1;
	if (runc_criu_do(&criu, CRIU_RESTORE, &opts, notice, r, err)) {
		runc_criu_stop(&criu);
		runc_criu_quote_log(&r->o);
		return err_wrap(err, "cannot restore %s (log file: %s)", r->create.id, r->o.log);
	}
	if (r->c.state.pid <= 0)
		return err_set(err, ERR_SYSTEM, "criu has not said which process is the container's");
	if (unlinkat(r->c.state.dir, "criu-root", AT_REMOVEDIR))
		return err_sys(err, "remove criu-root");
	return 0;
}
