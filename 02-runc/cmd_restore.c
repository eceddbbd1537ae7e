/*
 * cmd_restore.c - `restore`: a container runs again from the images that
 * `checkpoint` has written; see criu.h.
 *
 * It is a `run` in which criu stands where init stands in container.c: id, state
 * and cgroup are made as always, from the bundle's config.json, and criu, started
 * in that cgroup, makes the namespaces, mounts and processes out of its images and
 * gives us init as our child. The notices during that are the times for what the
 * runtime has to do itself.
 *
 * The root file system is not in the images. criu wants it as a mount whose parent is
 * not mounted over, so it is bound to <root>/<id>/criu-root; in a mount namespace that only
 * criu has, so that the host never sees any of it and nothing is to be undone. criu also
 * mounts below its working directory, so that must be one of the same namespace: the
 * child opens the two directories there and sends us what we then name to criu.
 *
 * Hooks: prestart and createRuntime run, as at `create`; those that belong to the
 * moments around the start of the program do not, for it is not started.
 */
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/tty.h"
#include "cmd.h"
#include "console.h"
#include "criu_restore.h"

#define DESCRIPTORS_LIMIT (1 << 16)

/* Everything that can be known to be wrong before anything is made. */
static int look_ahead(struct restore *r, struct err *err)
{
	bool lsm = r->o.lsm_profile || r->o.lsm_mount_context;

	if (runc_criu_version(CRIU_OLDEST, err) < 0)
		return -1;
	if (lsm && runc_criu_version(CRIU_LSM, err) < 0)
		return err_wrap(err, "%s", r->o.lsm_profile ? "--lsm-profile" : "--lsm-mount-context");
	if (runc_criu_options_open(&r->o, false, "restore.log", err))
		return -1;
	r->descriptors = jsonx_read(r->o.images, "descriptors.json", DESCRIPTORS_LIMIT, err);
	if (!r->descriptors)
		return err_wrap(err, "%s", r->o.image_path);
	if (!r->create.console_socket)
		return 0;
	r->console = kern_unix_connect(r->create.console_socket, err);
	return r->console < 0 ? err_wrap(err, "console socket") : 0;
}

static int bring_back(struct restore *r, struct err *err)
{
	AUTO_FREE char *root = NULL;

	if (runc_container_claim(&r->c, &r->create, err))
		return -1;
	root = realpath(r->create.root, NULL); /* criu wants no links in it */
	r->criu_root = xasprintf("%s/%s/criu-root", root ? root : r->create.root, r->create.id);
	if (!runc_criu_restore(r, err) &&
	    (!r->create.pid_file || !runc_pid_file_write(r->create.pid_file, r->c.pid, err)))
		return 0;
	runc_container_abandon(&r->c, r->create.root);
	return -1;
}

/* Wait for the end, then clear away; as cmd_run.c. */
static int stay(struct restore *r, struct err *err)
{
	int status = 0;

	if (runc_relay(r->c.pid, r->c.pidfd, r->master, &status, err) ||
	    runc_container_destroy(&r->c.state, &r->c.config, r->create.root, err))
		return -1;
	return status;
}

static int restore(struct restore *r, struct err *err)
{
	if (geteuid())
		log_warn("restore needs root: criu does little without it");
	r->create.foreground = !r->detach;
	if (!r->detach)
		runc_relay_prepare();
	if (look_ahead(r, err) || bring_back(r, err))
		return -1;
	return r->detach ? 0 : stay(r, err);
}

static int parse(struct restore *r, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[options] <container-id>",
						"let a saved container run again", 1, 1 };
	struct runc_criu_options *o = &r->o;
	const struct option_def defs[] = {
		{ "console-socket", 0, OPTION_TEXT, &r->create.console_socket,
		  "unix socket that receives the terminal's master" },
		{ "image-path", 0, OPTION_TEXT, &o->image_path, "where the images are; by default ./checkpoint" },
		{ "work-path", 0, OPTION_TEXT, &o->work_path, "where criu's log goes" },
		{ "tcp-established", 0, OPTION_FLAG, &o->tcp_established,
		  "restore open TCP connections" },
		{ "ext-unix-sk", 0, OPTION_FLAG, &o->ext_unix_sk, "allow external unix sockets" },
		{ "shell-job", 0, OPTION_FLAG, &o->shell_job, "allow jobs of an outer shell" },
		{ "file-locks", 0, OPTION_FLAG, &o->file_locks, "restore file locks" },
		{ "manage-cgroups-mode", 0, OPTION_TEXT, &o->cgroups_mode,
		  "soft, full, strict or ignore (soft)" },
		{ "bundle", 'b', OPTION_TEXT, &r->create.bundle, "the bundle's directory (.)" },
		{ "detach", 'd', OPTION_FLAG, &r->detach, "do not wait for its end" },
		{ "pid-file", 0, OPTION_TEXT, &r->create.pid_file, "write init's pid to this" },
		{ "no-subreaper", 0, OPTION_FLAG, &r->no_subreaper,
		  "accepted: init is our child, no subreaper is ever used" },
		{ "no-pivot", 0, OPTION_FLAG, &r->create.no_pivot,
		  "accepted: how the root is entered is criu's choice" },
		{ "empty-ns", 0, OPTION_LIST, &o->empty_ns,
		  "a namespace whose contents are not restored (network, which never are)" },
		{ "auto-dedup", 0, OPTION_FLAG, &o->auto_dedup,
		  "drop from the images what has been restored" },
		{ "lazy-pages", 0, OPTION_FLAG, &o->lazy_pages,
		  "fetch memory as it is needed, through `criu lazy-pages`" },
		{ "lsm-profile", 0, OPTION_TEXT, &o->lsm_profile, "another LSM profile, TYPE:NAME" },
		{ "lsm-mount-context", 0, OPTION_TEXT, &o->lsm_mount_context,
		  "another LSM context for mounts" },
		{ NULL },
	};
	int rest;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	r->create.id = rest < 0 ? NULL : argv[rest];
	return 0;
}

int runc_cmd_restore(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	struct restore r = {
		.c = RUNC_CONTAINER_INIT, .create = { .root = g->root, .bundle = ".",
						      .rootless = g->rootless,
						      .systemd = g->systemd_cgroup },
		.o = RUNC_CRIU_OPTIONS_INIT, .console = -1, .master = -1,
		.dirs = { -1, -1 },
	};
	int status = parse(&r, argc, argv, err);

	if (!status && r.create.id)
		status = restore(&r, err);
	for (size_t i = 0; i < r.n_ns; i++)
		close(r.ns[i]);
	for (size_t i = 0; i < 2; i++)
		cleanup_close(&r.dirs[i]);
	cleanup_close(&r.console);
	cleanup_close(&r.master);
	json_decref(r.descriptors);
	free(r.criu_root);
	runc_criu_options_free(&r.o);
	runc_container_free(&r.c);
	return status;
}
