/*
 * criu_mounts.c - the container's mounts, as far as they are not its own.
 *
 * criu saves and mounts again what belongs to the container alone: a tmpfs with
 * what is in it, /proc, /dev/pts. A mount that comes from the host it cannot; it
 * has to be told, by the path in the container, that this one is *external*, and
 * at restore, by the same path, what to mount there. These are the bind mounts,
 * /dev/null over masked files, devices where they are bound and not made, and
 * without a cgroup namespace the directories of version 1's hierarchies.
 *
 * Naming more than there are does no harm: criu looks for the mounts that it finds.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/mountinfo.h"
#include "01-kernel/path.h"
#include "criu.h"
#include "rootfs.h"

struct externals {
	struct strbuf *opts;
	const struct runc_config *config;
	const struct runc_state *state;
	int root; /* the root file system as it lies on the host, O_PATH */
};

static void add(const struct externals *x, const char *inside, const char *outside)
{
	AUTO_STRBUF struct strbuf pair = STRBUF_INIT;

	runc_pb_text(&pair, 1, inside);
	runc_pb_text(&pair, 2, outside);
	runc_pb_message(x->opts, OPT_EXT_MNT, &pair);
}

/* The name of what is open, from the root of its mount namespace; "" for that root. */
static char *name_of(int fd)
{
	char proc[KERN_PATH_PROC_SIZE], name[PATH_MAX];
	ssize_t n = readlink(kern_path_proc(fd, proc), name, sizeof name);

	return xstrndup(name, n > 1 ? (size_t)n : 0);
}

/* Where a mount on `path` really is: the image's links are followed as far as the
 * path exists, the rest is as it was written. criu knows mounts by this name. It is
 * looked up in the tree on the host at both times, so that the two names are one. */
static char *resolve(const struct externals *x, const char *path)
{
	AUTO_FREE char *root = name_of(x->root);
	AUTO_FREE char *whole = xasprintf("/%s", path + strspn(path, "/"));
	size_t end = strlen(whole), n;
	struct err ignored;

	while (end > 1 && whole[end - 1] == '/')
		whole[--end] = '\0';
	for (n = end;;) {
		AUTO_FREE char *head = xstrndup(whole, n);
		AUTO_CLOSE int fd = kern_path_open(x->root, head, O_PATH, 0, 0, &ignored);
		AUTO_FREE char *name = fd >= 0 ? name_of(fd) : NULL;

		if (name && str_starts(name, root))
			return xasprintf("%s%s", name + strlen(root), whole + n);
		if (!n)
			return steal_ptr(&whole);
		while (n && whole[--n] != '/')
			; /* one name less */
	}
}

/* ---- what is external -------------------------------------------------------------- */

/* At dump criu is told a name for the mount, and at restore, by that name, its source.
 * As name serves the path. */
static void add_one(const struct externals *x, const char *path, const char *source)
{
	AUTO_FREE char *inside = resolve(x, path);

	add(x, inside, source ? source : inside);
}

/* The container's directory of each hierarchy, as cgroup_mount.c has bound them. */
static int add_hierarchies(const struct externals *x, const struct runc_mount *m, bool restore,
			   struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table table = { 0 };
	struct kern_cgroup *group = kern_cgroup_open(x->state->cgroup, err);
	int failed = !group || kern_mount_table_read(&table, err);

	for (size_t i = 0; !failed && i < table.n; i++) {
		const struct kern_mount *h = &table.v[i];
		const char *name = strrchr(h->target, '/');
		const char *outside = kern_cgroup_dir_at(group, h->target);
		AUTO_FREE char *inside = xasprintf("%s%s", m->destination, name ? name : "");

		if (!strcmp(h->type, "cgroup") && name && outside)
			add_one(x, inside, restore ? outside : NULL);
	}
	kern_cgroup_free(group);
	return failed ? -1 : 0;
}

static bool is_destination(const struct runc_config *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, path))
			return true;
	return false;
}

/* A recursive bind has brought along the mounts below its source. */
static int add_below(const struct externals *x, const struct runc_mount *m, const char *source,
		     bool restore, struct err *err)
{
	AUTO_MOUNT_TABLE struct kern_mount_table table = { 0 };
	AUTO_FREE char *real = realpath(source, NULL);
	size_t n = real && real[1] ? strlen(real) : 0;

	if (!real)
		return 0; /* its source is gone by now: nothing is below it */
	if (kern_mount_table_read(&table, err))
		return -1;
	for (size_t i = 0; i < table.n; i++) {
		const char *target = table.v[i].target;
		AUTO_FREE char *inside = NULL;

		if (strncmp(target, real, n) || target[n] != '/' || !target[n + 1])
			continue;
		inside = xasprintf("%s%s", m->destination, target + n);
		if (!is_destination(x->config, inside)) /* a mount of its own hides it */
			add_one(x, inside, restore ? target : NULL);
	}
	return 0;
}

static int add_bind(const struct externals *x, const struct runc_mount *m, bool restore,
		    struct err *err)
{
	AUTO_FREE char *source = runc_source_path(m, x->state->bundle);

	add_one(x, m->destination, restore ? source : NULL);
	return m->options.set & MS_REC ? add_below(x, m, source, restore, err) : 0;
}

static int add_mounts(const struct externals *x, bool restore, struct err *err)
{
	const struct runc_config *c = x->config;
	bool own_cgroups = kern_cgroup_version() == KERN_CGROUP_V2 ||
			   runc_config_ns(c, CLONE_NEWCGROUP);
	const struct runc_device *defaults;
	size_t n_defaults = runc_devices_default(&defaults);

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];
		bool hierarchies = !m->bind && !strcmp(m->type, "cgroup") && !own_cgroups;

		if ((m->bind && add_bind(x, m, restore, err)) ||
		    (hierarchies && add_hierarchies(x, m, restore, err)))
			return -1;
	}
	for (size_t i = 0; i < c->n_devices; i++)
		add(x, c->devices[i].path, c->devices[i].path);
	for (size_t i = 0; i < n_defaults; i++)
		add(x, defaults[i].path, defaults[i].path);
	return 0;
}

static int open_root(struct externals *x, struct err *err)
{
	x->root = open(x->state->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return x->root < 0 ? err_sys(err, "open the root file system %s", x->state->rootfs) : 0;
}

/* A masked file shows the null device: one name for all of them. A masked directory
 * shows a tmpfs, which is the container's own. Looked for where they are mounted. */
static int add_masks(const struct externals *x, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/root", (int)x->state->pid);
	AUTO_CLOSE int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(err, "open %s", path);
	for (const char **p = x->config->masked_paths; p && *p; p++) {
		struct err missing;
		AUTO_CLOSE int fd = kern_path_open(root, *p, O_PATH, 0, 0, &missing);
		AUTO_FREE char *inside = fd >= 0 ? name_of(fd) : NULL;
		struct stat st;

		if (fd >= 0 && !fstat(fd, &st) && !S_ISDIR(st.st_mode))
			add(x, inside, "/dev/null");
	}
	return 0;
}

int runc_criu_dump_mounts(struct strbuf *opts, const struct runc_config *c,
			  const struct runc_state *st, struct err *err)
{
	struct externals x = { .opts = opts, .config = c, .state = st, .root = -1 };
	int failed = open_root(&x, err) || add_mounts(&x, false, err) || add_masks(&x, err);

	cleanup_close(&x.root);
	return failed ? -1 : 0;
}

int runc_criu_restore_mounts(struct strbuf *opts, const struct runc_config *c,
			     const struct runc_state *st, struct err *err)
{
	struct externals x = { .opts = opts, .config = c, .state = st, .root = -1 };
	int failed = open_root(&x, err) || add_mounts(&x, true, err);

	/* The masks' name; it is the default device's too, but that need not be there. */
	add(&x, "/dev/null", "/dev/null");
	cleanup_close(&x.root);
	return failed ? -1 : 0;
}

/* ---- the root at restore ------------------------------------------------------------ */

static int bind_root(const char *from, const char *to, bool readonly, int *root, struct err *err)
{
	const struct kern_mount_options recursive = {
		.set = MS_BIND | MS_REC | (readonly ? MS_RDONLY : 0),
		.propagation = MS_PRIVATE | MS_REC,
	};
	AUTO_CLOSE int below = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int target = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (below < 0 || target < 0)
		return err_sys(err, "bind %s to %s", from, to);
	if (kern_mount_bind(below, target, &recursive, err))
		return err_wrap(err, "bind %s to %s", from, to);
	*root = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *root < 0 ? err_sys(err, "open %s", to) : 0;
}

/* criu will restore a tmpfs with all that was in it. */
static bool on_tmpfs(const struct runc_config *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];
		size_t n = strlen(m->destination);

		if (!m->bind && !strcmp(m->type, "tmpfs") && str_starts(path, m->destination) &&
		    path[n] == '/')
			return true;
	}
	return false;
}

/* A bind is also mounted: the place of a later mount may be inside it. */
static int make_mountpoint(int root, const struct runc_mount *m, const struct runc_state *st,
			   struct err *err)
{
	static const struct kern_mount_options recursive = { .set = MS_BIND | MS_REC };
	AUTO_FREE char *source = m->bind ? runc_source_path(m, st->bundle) : NULL;
	AUTO_CLOSE int from = source ? open(source, O_PATH | O_CLOEXEC) : -1, to = -1;
	struct stat stat, was;

	if (source && (from < 0 || fstat(from, &stat)))
		return err_sys(err, "stat %s", source);
	to = kern_path_mountpoint(root, m->destination, !source || S_ISDIR(stat.st_mode), &was, err);
	if (to < 0)
		return -1;
	return source ? kern_mount_bind(from, to, &recursive, err) : 0;
}

int runc_criu_mount_root(const char *path, const struct runc_config *c,
			 const struct runc_state *st, struct err *err)
{
	AUTO_CLOSE int root = -1, again = -1;

	if (bind_root(st->rootfs, path, false, &root, err))
		return -1;
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];

		/* The hierarchies' places are in a tmpfs, or in sysfs. */
		if ((!m->bind && !strcmp(m->type, "cgroup")) || on_tmpfs(c, m->destination))
			continue;
		if (make_mountpoint(root, m, st, err))
			return err_wrap(err, "make a place for the mount on %s", m->destination);
	}
	/* All these mounts go; what had to be made for them stays in the tree below. */
	if (kern_mount_detach(path, err))
		return -1;
	/* criu takes the flags of the root from here, not from its images. */
	return bind_root(st->rootfs, path, c->root_readonly, &again, err);
}
