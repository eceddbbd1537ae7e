/*
 * cmd_checkpoint.c - `checkpoint`: a running container becomes a directory of
 * images, from which `restore` makes it run again; see criu.h.
 *
 * criu does the taking apart. What it cannot know is said here: which mounts,
 * namespaces and pipes lead out of the container. It then ends the processes, and
 * what is left is removed as `delete` would; with --leave-running and --pre-dump, or
 * after any failure, the container goes on as if nothing had happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "cmd.h"
#include "criu.h"

struct dump {
	struct runc_state state;
	struct runc_config config;
	struct runc_criu_options o;
	struct kern_cgroup *cgroup;
	int version; /* of criu */
	bool frozen; /* it was paused before */
};

/* ---- what criu has to know ---------------------------------------------------------- */

/* A namespace that the container has joined is not taken apart with it: there are
 * others in it. restore will hand in one of the same key. */
static int add_external_namespace(struct strbuf *opts, const struct dump *d, uint64_t flag,
				  const char *key, struct err *err)
{
	const struct runc_namespace *ns = runc_config_ns(&d->config, flag);
	AUTO_FREE char *text = NULL;
	struct stat st;

	if (!ns || !ns->path)
		return 0;
	if (flag == CLONE_NEWPID && d->version < CRIU_EXTERNAL_PID)
		return err_set(err, ERR_UNSUPPORTED, "criu lacks support for external pid "
			       "namespace during checkpointing process (old criu version?)");
	if (stat(ns->path, &st))
		return err_sys(err, "stat the namespace %s", ns->path);
	text = xasprintf("%s[%llu]:%s", ns->type->proc, (unsigned long long)st.st_ino, key);
	runc_pb_text(opts, OPT_EXTERNAL, text);
	return 0;
}

static void add_page_server(struct strbuf *opts, const struct runc_criu_options *o)
{
	AUTO_STRBUF struct strbuf server = STRBUF_INIT;

	if (!o->address)
		return;
	runc_pb_text(&server, 1, o->address);
	runc_pb_number(&server, 2, (uint64_t)o->port);
	runc_pb_message(opts, OPT_PAGE_SERVER, &server);
}

/* Stopped by their cgroup, no process can fork away while criu counts them. */
static void add_freezer(struct strbuf *opts, const struct dump *d)
{
	const char *dir = kern_cgroup_freezer_dir(d->cgroup);

	if (dir && (kern_cgroup_version() != KERN_CGROUP_V2 || d->version >= CRIU_FREEZES_V2))
		runc_pb_text(opts, OPT_FREEZE_CGROUP, dir);
}

static void add_flags(struct strbuf *opts, const struct runc_criu_options *o)
{
	const struct { unsigned field; bool set; } flags[] = {
		{ OPT_LEAVE_RUNNING, o->leave_running }, { OPT_LINK_REMAP, o->link_remap },
		{ OPT_TCP_SKIP_IN_FLIGHT, o->tcp_skip_in_flight },
		{ OPT_TRACK_MEM, o->parent_path && *o->parent_path },
	};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].set)
			runc_pb_number(opts, flags[i].field, 1);
}

static int build_request(struct strbuf *opts, const struct dump *d, struct err *err)
{
	const struct runc_criu_options *o = &d->o;

	runc_criu_options_add(opts, o, &d->config);
	runc_pb_text(opts, OPT_ROOT, d->state.rootfs);
	runc_pb_number(opts, OPT_PID, (uint64_t)d->state.pid);
	if (o->parent_path && *o->parent_path)
		runc_pb_text(opts, OPT_PARENT_IMG, o->parent_path);
	/* A criu before 3.15 announces by itself that its pages can be fetched. */
	if (o->lazy_pages && o->status_fd >= 0 && d->version < CRIU_EXTERNAL_PID)
		runc_pb_number(opts, OPT_STATUS_FD, (uint64_t)o->status_fd);
	add_flags(opts, o);
	add_page_server(opts, o);
	add_freezer(opts, d);
	if (runc_criu_dump_cgroups(opts, d->state.pid, err) ||
	    add_external_namespace(opts, d, CLONE_NEWNET, "extRootNetNS", err) ||
	    add_external_namespace(opts, d, CLONE_NEWPID, "extRootPidNS", err))
		return -1;
	/* A pre-dump is memory only. */
	return o->pre_dump ? 0 : runc_criu_dump_mounts(opts, &d->config, &d->state, err);
}

/* Which pipes stdin, stdout and stderr were, by their names in /proc/PID/fd: criu
 * knows them by these, and restore has others to put in their places. */
static int save_descriptors(const struct dump *d, struct err *err)
{
	AUTO_JSON json_t *none = json_pack("[s, s, s]", "/dev/null", "/dev/null", "/dev/null");
	const json_t *list = d->state.descriptors ? d->state.descriptors : none;
	AUTO_FREE char *text = jsonx_text(list);

	return file_write_volatile(d->o.images, "descriptors.json", text, strlen(text), 0600, err);
}

/* ---- doing it ------------------------------------------------------------------------- */

/* "status-ready": the pages can be fetched. Whoever waits for it reads a zero byte. */
static int notice(void *arg, struct runc_criu_answer *a, struct err *err)
{
	struct runc_criu_options *o = &((struct dump *)arg)->o;

	(void)err;
	if (strcmp(a->script, "status-ready") || o->status_fd < 0)
		return 0;
	if (write(o->status_fd, "", 1) != 1)
		log_warn("can't write \\0 to status fd: %s", strerror(errno));
	close(o->status_fd);
	o->status_fd = -1;
	return 0;
}

/* A criu that was killed has left the cgroup frozen. */
static void thaw(const struct dump *d)
{
	struct err ignored;

	if (!d->frozen && kern_cgroup_frozen(d->cgroup))
		kern_cgroup_freeze(d->cgroup, false, &ignored);
}

static int run_criu(struct dump *d, struct err *err)
{
	AUTO_CRIU struct runc_criu criu = RUNC_CRIU_INIT;
	AUTO_STRBUF struct strbuf opts = STRBUF_INIT;
	const struct runc_criu_start how = { .fds = NULL };
	enum criu_type type = d->o.pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;

	if (build_request(&opts, d, err) || (!d->o.pre_dump && save_descriptors(d, err)) ||
	    runc_criu_start(&criu, &how, err))
		return -1;
	if (!runc_criu_do(&criu, type, &opts, notice, d, err))
		return 0;
	runc_criu_stop(&criu);
	thaw(d);
	runc_criu_quote_log(&d->o);
	return err_wrap(err, "cannot checkpoint %s (log file: %s)", d->state.id, d->o.log);
}

static int check_status_fd(const struct runc_criu_options *o, struct err *err)
{
	int flags;

	if (!o->lazy_pages || o->status_fd == -1)
		return 0;
	flags = fcntl(o->status_fd, F_GETFL);
	if (flags < 0)
		return err_sys(err, "invalid --status-fd argument %d", o->status_fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return err_set(err, ERR_INVALID, "invalid --status-fd argument %d: not writable",
			       o->status_fd);
	return 0;
}

static int check_container(struct dump *d, const struct runc_global *g, const char *id,
			   struct err *err)
{
	enum runc_status status;

	if (runc_cmd_state_of(g, id, &d->state, err))
		return -1;
	status = runc_state_status(&d->state);
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return err_set(err, ERR_CONFLICT, "Container cannot be checkpointed in %s state",
			       runc_status_names[status]);
	d->frozen = status == STATUS_PAUSED;
	d->cgroup = kern_cgroup_open(d->state.cgroup, err);
	return d->cgroup ? runc_config_load(&d->config, d->state.dir, "config.json", err) : -1;
}

/* Said here and not at restore, whose stderr is the container's. */
static void warn(const struct dump *d)
{
	if (geteuid())
		log_warn("checkpoint needs root: criu does little without it");
	if (d->config.process.no_new_privileges && d->version < CRIU_NO_NEW_PRIVS)
		log_warn("this criu (%d) forgets no_new_privs, %d does not: restored, the container "
			 "could gain privileges from its setuid programs", d->version,
			 CRIU_NO_NEW_PRIVS);
}

static int checkpoint(struct dump *d, const struct runc_global *g, const char *id,
		      struct err *err)
{
	struct runc_criu_options *o = &d->o;

	if (check_container(d, g, id, err) || check_status_fd(o, err))
		return -1;
	d->version = runc_criu_version(CRIU_OLDEST, err);
	if (d->version < 0 || runc_criu_options_open(o, true, "dump.log", err))
		return -1;
	warn(d);
	if ((o->pre_dump || o->lazy_pages) && runc_criu_features(o->pre_dump, o->lazy_pages, err))
		return -1;
	if (run_criu(d, err))
		return -1;
	if (o->leave_running || o->pre_dump)
		return 0;
	struct err second; /* the images are good, whatever becomes of the rest */

	if (runc_container_destroy(&d->state, NULL, g->root, &second))
		log_warn("%s", second.msg);
	return 0;
}

int runc_cmd_checkpoint(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[options] <container-id>",
						"save a running container with criu", 1, 1 };
	struct dump d = { .state = RUNC_STATE_INIT, .o = RUNC_CRIU_OPTIONS_INIT };
	struct runc_criu_options *o = &d.o;
	const struct option_def defs[] = {
		{ "image-path", 0, OPTION_TEXT, &o->image_path, "where the images go; by default ./checkpoint" },
		{ "work-path", 0, OPTION_TEXT, &o->work_path, "where criu's log goes" },
		{ "parent-path", 0, OPTION_TEXT, &o->parent_path,
		  "the images before, seen from image-path: only save what has changed" },
		{ "leave-running", 0, OPTION_FLAG, &o->leave_running, "do not stop the container" },
		{ "tcp-established", 0, OPTION_FLAG, &o->tcp_established,
		  "save open TCP connections" },
		{ "tcp-skip-in-flight", 0, OPTION_FLAG, &o->tcp_skip_in_flight,
		  "leave out connections that are being made" },
		{ "link-remap", 0, OPTION_FLAG, &o->link_remap, "link unlinked files back" },
		{ "ext-unix-sk", 0, OPTION_FLAG, &o->ext_unix_sk, "allow external unix sockets" },
		{ "shell-job", 0, OPTION_FLAG, &o->shell_job, "allow jobs of an outer shell" },
		{ "lazy-pages", 0, OPTION_FLAG, &o->lazy_pages,
		  "stay, and let restore fetch memory as it is needed" },
		{ "status-fd", 0, OPTION_NUMBER, &o->status_fd,
		  "write a zero byte to this descriptor when lazy pages can be fetched" },
		{ "page-server", 0, OPTION_TEXT, &o->page_server, "ADDRESS:PORT of a page server" },
		{ "file-locks", 0, OPTION_FLAG, &o->file_locks, "save file locks" },
		{ "pre-dump", 0, OPTION_FLAG, &o->pre_dump,
		  "save memory only, as a --parent-path for later; leave it running" },
		{ "manage-cgroups-mode", 0, OPTION_TEXT, &o->cgroups_mode,
		  "soft (the default), full, strict or ignore" },
		{ "empty-ns", 0, OPTION_LIST, &o->empty_ns,
		  "a namespace whose contents are not saved (network, which never are)" },
		{ "auto-dedup", 0, OPTION_FLAG, &o->auto_dedup,
		  "drop from the parent's images what is saved again" },
		{ NULL },
	};
	int rest, failed;

	failed = runc_cmd_parse(&usage, defs, argc, argv, &rest, err) ||
		 (rest >= 0 && checkpoint(&d, g, argv[rest], err));
	kern_cgroup_free(d.cgroup);
	runc_config_free(&d.config);
	runc_state_free(&d.state);
	runc_criu_options_free(o);
	return failed ? -1 : 0;
}
