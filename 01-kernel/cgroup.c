/*
 * cgroup.c - see cgroup.h.
 *
 * A group is a directory that the kernel fills with files: mkdir makes it,
 * rmdir removes it, a pid written to cgroup.procs moves a process into it. On
 * version 1 the same path is made in every hierarchy, and a process is moved in
 * each of them, so that the two versions look alike from here on. What differs
 * (the names and shapes of the limits' files) is in cgroup_v1.c and cgroup_v2.c.
 */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_private.h"

void kern_cgroup_limits_init(struct kern_cgroup_limits *l)
{
	*l = (struct kern_cgroup_limits){
		.memory = KERN_CGROUP_UNSET, .memory_reservation = KERN_CGROUP_UNSET,
		.memory_swap = KERN_CGROUP_UNSET, .pids = KERN_CGROUP_UNSET,
		.cpu_shares = KERN_CGROUP_UNSET, .cpu_quota = KERN_CGROUP_UNSET,
		.cpu_period = KERN_CGROUP_UNSET,
	};
}

/* "a//b/" to "/a/b"; NULL and ERR_INVALID for "", "/" and anything with "..":
 * the root group is the machine itself, and not ours to limit or remove. */
static char *normalise(const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2)) {
			err_set(err, ERR_INVALID, "cgroup path: '..' is not allowed");
			return NULL;
		}
		if (n && !(n == 1 && *path == '.')) {
			strbuf_addc(&sb, '/');
			strbuf_add(&sb, path, n);
		}
		path += n;
	}
	if (!sb.len) {
		err_set(err, ERR_INVALID, "cgroup path: the root group cannot be used");
		return NULL;
	}
	return strbuf_steal(&sb);
}

static struct kern_cgroup *new_group(const char *path, struct err *err)
{
	char *clean = normalise(path, err);
	struct kern_cgroup *cg;

	if (!clean)
		return NULL;
	cg = xcalloc(1, sizeof *cg);
	cg->path = clean;
	cg->dir_fd = -1;
	if (cgroup_detect(&cg->layout, err)) {
		kern_cgroup_free(cg);
		return NULL;
	}
	if (!cg->layout.n) {
		err_set(err, ERR_UNSUPPORTED, "no cgroup file system is mounted");
		kern_cgroup_free(cg);
		return NULL;
	}
	for (size_t i = 0; i < cg->layout.n; i++)
		cg->layout.h[i].dir = xasprintf("%s%s", cg->layout.h[i].mount, clean);
	return cg;
}

void kern_cgroup_free(struct kern_cgroup *cg)
{
	if (!cg)
		return;
	cgroup_layout_free(&cg->layout);
	if (cg->dir_fd >= 0)
		close(cg->dir_fd);
	free(cg->path);
	free(cg);
}

/* For AUTO: what is not stolen is freed. */
static void drop_group(struct kern_cgroup **cg)
{
	kern_cgroup_free(*cg);
}

static int prepare(const struct kern_cgroup *cg, const struct cgroup_hierarchy *h,
		   const char *parent, const char *dir, struct err *err)
{
	/* cgroup2 beside v1 has no controllers: there is nothing to prepare. */
	if (h->v2 && cg->layout.version != KERN_CGROUP_V2)
		return 0;
	return cgroup_ops_of(&cg->layout)->prepare(h, parent, dir, err);
}

/* mkdir -p below the mount, each step prepared; what was made goes to `made`. */
static int create_in(const struct kern_cgroup *cg, const struct cgroup_hierarchy *h,
		     struct strlist *made, struct err *err)
{
	AUTO_FREE char *dir = xstrdup(h->dir);
	AUTO_FREE char *parent = xstrdup(h->mount);

	for (char *s = dir + strlen(h->mount) + 1;; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		if (!mkdir(dir, 0755))
			strlist_add(made, dir);
		else if (errno != EEXIST)
			return err_sys(err, "create cgroup %s", dir);
		if (prepare(cg, h, parent, dir, err))
			return -1;
		if (c == '\0')
			return 0;
		free(parent);
		parent = xstrdup(dir);
		*s = c;
	}
}

static void open_v2_dir(struct kern_cgroup *cg)
{
	const char *dir = cgroup_v2_dir(cg);

	if (dir)
		cg->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct kern_cgroup *kern_cgroup_create(const char *path, struct err *err)
{
	AUTO(drop_group) struct kern_cgroup *cg = new_group(path, err);
	AUTO_STRLIST struct strlist made = STRLIST_INIT;

	for (size_t i = 0; cg && i < cg->layout.n; i++)
		if (create_in(cg, &cg->layout.h[i], &made, err)) {
			while (made.n > 0 && !rmdir(made.v[made.n - 1]))
				free(made.v[--made.n]);
			return NULL;
		}
	if (cg)
		open_v2_dir(cg);
	return steal_ptr(&cg);
}

struct kern_cgroup *kern_cgroup_open(const char *path, struct err *err)
{
	AUTO(drop_group) struct kern_cgroup *cg = new_group(path, err);

	for (size_t i = 0; cg && i < cg->layout.n; i++)
		if (!access(cg->layout.h[i].dir, F_OK)) {
			open_v2_dir(cg);
			return steal_ptr(&cg);
		}
	if (cg)
		err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	return NULL;
}

int kern_cgroup_clone_fd(const struct kern_cgroup *cg)
{
	return cg->layout.version == KERN_CGROUP_V2 ? cg->dir_fd : -1;
}

int kern_cgroup_v2_fd(const struct kern_cgroup *cg)
{
	return cg->dir_fd;
}

int kern_cgroup_apply(struct kern_cgroup *cg, const struct kern_cgroup_limits *l, struct err *err)
{
	return cgroup_ops_of(&cg->layout)->apply(cg, l, err) ? err_wrap(err, "cgroup %s", cg->path)
							     : 0;
}

int kern_cgroup_devices(struct kern_cgroup *cg, const struct kern_cgroup_device *rules, size_t n,
			struct err *err)
{
	if (!n)
		return 0;
	if (cgroup_ops_of(&cg->layout)->devices(cg, rules, n, err))
		return err_wrap(err, "device rules of cgroup %s", cg->path);
	return 0;
}

int kern_cgroup_freeze(struct kern_cgroup *cg, bool frozen, struct err *err)
{
	if (cgroup_ops_of(&cg->layout)->freeze(cg, frozen, err))
		return err_wrap(err, "%s cgroup %s", frozen ? "freeze" : "thaw", cg->path);
	return 0;
}

const char *kern_cgroup_freezer_dir(const struct kern_cgroup *cg)
{
	return cg->layout.version == KERN_CGROUP_V2 ? cgroup_v2_dir(cg)
						    : cgroup_dir_of(cg, "freezer");
}

/* v1 says FREEZING until the last thread has stopped; that counts as frozen: it
 * is what was asked for. */
bool kern_cgroup_frozen(struct kern_cgroup *cg)
{
	bool v2 = cg->layout.version == KERN_CGROUP_V2;
	const char *dir = kern_cgroup_freezer_dir(cg);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (!dir || cgroup_read(dir, v2 ? "cgroup.freeze" : "freezer.state", &sb, &ignored))
		return false;
	return str_starts(sb.data, v2 ? "1" : "FR");
}

int kern_cgroup_stats(struct kern_cgroup *cg, struct kern_cgroup_stats *st, struct err *err)
{
	*st = (struct kern_cgroup_stats){ 0 };
	return cgroup_ops_of(&cg->layout)->stats(cg, st, err);
}

/* A hierarchy in which the group does not exist was mounted after the group was
 * made: its processes are not there either. */
static int join(const struct cgroup_hierarchy *h, pid_t pid, size_t *joined, struct err *err)
{
	bool tasks = !pid && !h->v2; /* see cgroup.h */

	if (access(h->dir, F_OK))
		return 0;
	++*joined;
	if (!cgroup_write_int(h->dir, tasks ? "tasks" : "cgroup.procs", pid, err))
		return 0;
	if (err->errnum == EBUSY)
		return err_set(err, ERR_CONFLICT, "add process %d to %s: a group whose children "
			       "have controllers takes no processes itself", (int)pid, h->dir);
	return err_wrap(err, "add process %d", (int)pid);
}

int kern_cgroup_add(struct kern_cgroup *cg, pid_t pid, struct err *err)
{
	size_t joined = 0;

	for (size_t i = 0; i < cg->layout.n; i++)
		if (join(&cg->layout.h[i], pid, &joined, err))
			return -1;
	if (!joined)
		return err_set(err, ERR_NOT_FOUND, "there is no cgroup %s", cg->path);
	return 0;
}

int kern_cgroup_join_v1(struct kern_cgroup *cg, struct err *err)
{
	size_t joined = 0;

	for (size_t i = 0; i < cg->layout.n; i++)
		if (!cg->layout.h[i].v2 && join(&cg->layout.h[i], 0, &joined, err))
			return -1;
	return 0;
}

/* rmdir(2) answers EBUSY while a process is still on its way out, which is a
 * little after its parent has seen it exit. */
static int remove_dir(const char *dir, struct err *err)
{
	for (int waited = 0, step = 1; ; step = step < 16 ? step * 2 : 16) {
		struct timespec pause = { .tv_nsec = step * 1000000L };

		if (!rmdir(dir) || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != EINTR)
			return err_sys(err, "remove cgroup %s", dir);
		if (waited > 2000)
			return err_set(err, ERR_CONFLICT, "remove cgroup %s: processes are left in it",
				       dir);
		nanosleep(&pause, NULL);
		waited += step;
	}
}

/* Call fn for the groups below dir, deepest first, then for dir itself. */
static int each_below(const char *dir, int (*fn)(const char *dir, void *arg, struct err *err),
		      void *arg, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", dir);
	while ((e = readdir(d))) {
		AUTO_FREE char *below = NULL;

		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		below = xasprintf("%s/%s", dir, e->d_name);
		if (each_below(below, fn, arg, err))
			return -1;
	}
	return fn(dir, arg, err);
}

static int remove_one(const char *dir, void *arg, struct err *err)
{
	(void)arg;
	return remove_dir(dir, err);
}

int kern_cgroup_remove(struct kern_cgroup *cg, struct err *err)
{
	for (size_t i = 0; i < cg->layout.n; i++)
		if (each_below(cg->layout.h[i].dir, remove_one, NULL, err))
			return -1;
	return 0;
}

struct pid_list {
	pid_t *v;
	size_t n, cap;
};

static int add_pids(const char *dir, void *arg, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct pid_list *l = arg;
	char *p;

	if (cgroup_read(dir, "cgroup.procs", &sb, err)) {
		/* Removed meanwhile; or threaded, and its processes are the parent's. */
		if (err->errnum == ENOENT || err->errnum == ENODEV || err->errnum == EOPNOTSUPP)
			return 0;
		return -1;
	}
	for (p = sb.data; p && *p;) {
		long pid = strtol(p, &p, 10);

		if (l->n == l->cap) {
			l->cap = l->cap ? l->cap * 2 : 16;
			l->v = xrealloc(l->v, l->cap * sizeof *l->v);
		}
		if (pid > 0) /* 0: a process that our pid namespace does not see */
			l->v[l->n++] = (pid_t)pid;
		p += strspn(p, "\n");
	}
	return 0;
}

/* One hierarchy is enough, and the one without controllers cannot be changed
 * from within a container by accident: v2 where it is mounted. */
static const char *process_dir(const struct kern_cgroup *cg)
{
	const char *dir = cgroup_v2_dir(cg);

	if (!dir || access(dir, F_OK))
		dir = cgroup_dir_of(cg, "pids");
	if (!dir || access(dir, F_OK))
		dir = cgroup_dir_of(cg, "memory");
	return dir && !access(dir, F_OK) ? dir : cg->layout.h[0].dir;
}

int kern_cgroup_pids(struct kern_cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	struct pid_list l = { NULL, 0, 0 };

	*pids = NULL;
	*n = 0;
	if (each_below(process_dir(cg), add_pids, &l, err)) {
		free(l.v);
		return -1;
	}
	*pids = l.v;
	*n = l.n;
	return 0;
}
