/*
 * cgroup_tree.c - a group and those below it, and the processes in them.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"

/* Call fn for the groups below dir, deepest first, then for dir itself. */
int cgroup_each_below(const char *dir, int (*fn)(const char *dir, void *arg, struct err *err),
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
		if (cgroup_each_below(below, fn, arg, err))
			return -1;
	}
	return fn(dir, arg, err);
}

struct pid_list {
	pid_t *v;
	size_t n, cap;
};

static int add_pids(const char *dir, void *arg, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct pid_list *l = arg;
	bool failed = cgroup_read(dir, "cgroup.procs", &sb, err);
	char *p, *end;

	/* A threaded group has no list of processes, only one of threads. */
	if (failed && err->errnum == EOPNOTSUPP)
		failed = cgroup_read(dir, "cgroup.threads", &sb, err);
	if (failed) /* removed meanwhile? */
		return err->errnum == ENOENT || err->errnum == ENODEV ? 0 : -1;
	for (p = sb.data; ; p = end) {
		long pid = strtol(p, &end, 10);

		if (end == p) /* what is left is no number: the end of the file */
			return 0;
		if (l->n == l->cap) {
			l->cap = l->cap ? l->cap * 2 : 16;
			l->v = xrealloc(l->v, l->cap * sizeof *l->v);
		}
		if (pid > 0 && pid <= INT_MAX) /* 0: one that our pid namespace does not see */
			l->v[l->n++] = (pid_t)pid;
	}
}

/* One hierarchy is enough, and the one without controllers cannot be changed
 * from within a container by accident: v2 where it is mounted. */
static const char *process_dir(const struct kern_cgroup *cg)
{
	const char *const candidates[] = {
		cgroup_v2_dir(cg), cgroup_dir_of(cg, "pids"), cgroup_dir_of(cg, "memory"),
	};

	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
		if (candidates[i] && !access(candidates[i], F_OK))
			return candidates[i];
	return cg->layout.h[0].dir;
}

int kern_cgroup_pids(struct kern_cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	struct pid_list l = { NULL, 0, 0 };

	*pids = NULL;
	*n = 0;
	if (kern_cgroup_absent(cg))
		return err_set(err, ERR_UNSUPPORTED, "the container has no cgroup of its own, so its "
			       "processes are not known");
	if (cgroup_each_below(process_dir(cg), add_pids, &l, err)) {
		free(l.v);
		return -1;
	}
	*pids = l.v;
	*n = l.n;
	return 0;
}
