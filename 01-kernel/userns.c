/*
 * userns.c - see userns.h.
 */
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "ns.h"
#include "path.h"

#define INITIAL_USERNS 0xEFFFFFFDU /* the number of its file (the kernel's proc_ns.h) */

void kern_id_maps_free(struct kern_id_maps *m)
{
	free(m->uid.v);
	free(m->gid.v);
	*m = (struct kern_id_maps){ .uid = { NULL, 0 } };
}

bool kern_id_map_equal(const struct kern_id_map *a, const struct kern_id_map *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->v, b->v, a->n * sizeof *a->v));
}

bool kern_id_map_outside(const struct kern_id_map *map, uint32_t inside, uint32_t *outside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct kern_id_range *r = &map->v[i];

		if (inside >= r->inside && inside - r->inside < r->size) {
			*outside = r->outside + (inside - r->inside);
			return true;
		}
	}
	return false;
}

static char *map_text(const struct kern_id_map *map)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < map->n; i++)
		strbuf_addf(&sb, "%u %u %u\n", map->v[i].inside, map->v[i].outside, map->v[i].size);
	return strbuf_steal(&sb);
}

/* One write: the kernel takes a map whole, and only once. */
static int write_map(pid_t pid, const char *file, const char *text, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%d/%s", (int)pid, file);
	AUTO_CLOSE int proc = kern_proc_open(err);

	return proc < 0 ? -1 : kern_proc_write(proc, path, text, err);
}

/* "newuidmap PID 0 1000 1 1 100000 65536", and what it complains about. */
static int run_helper(const char *program, pid_t pid, const struct kern_id_map *map,
		      struct err *err)
{
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	AUTO_STRBUF struct strbuf said = STRBUF_INIT;
	int status = 0, out[2];
	struct err ignored;
	pid_t helper;

	strlist_add(&args, program);
	strlist_addf(&args, "%d", (int)pid);
	for (size_t i = 0; i < map->n; i++) {
		strlist_addf(&args, "%u", map->v[i].inside);
		strlist_addf(&args, "%u", map->v[i].outside);
		strlist_addf(&args, "%u", map->v[i].size);
	}
	if (pipe2(out, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	helper = fork();
	if (!helper) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execvp(program, args.v);
		dprintf(STDERR_FILENO, "%s", strerror(errno));
		_exit(127);
	}
	close(out[1]);
	file_read_fd(out[0], &said, 4096, &ignored);
	close(out[0]);
	if (helper < 0)
		return err_sys(err, "run %s", program);
	spawn_wait(helper, &status);
	if (!status)
		return 0;
	if (said.len)
		said.data[strcspn(said.data, "\n")] = '\0';
	return err_set(err, ERR_PERMISSION, "%s: %s (it comes with the package uidmap; /etc/sub%cid "
		       "says which ids a user may map)", program, said.len ? said.data : "failed",
		       program[3]);
}

/* May we write this map ourselves (user_namespaces(7), "Defining user and group ID
 * mappings")? As root: any. Else one line, of one id, which is our own. */
static bool may_write(const struct kern_id_map *map, uint32_t own)
{
	return !geteuid() || (map->n == 1 && map->v[0].size == 1 && map->v[0].outside == own);
}

int kern_userns_write(pid_t pid, const struct kern_id_maps *m, struct err *err)
{
	AUTO_FREE char *uids = map_text(&m->uid), *gids = map_text(&m->gid);

	if (may_write(&m->uid, geteuid()) ? write_map(pid, "uid_map", uids, err)
					  : run_helper("newuidmap", pid, &m->uid, err))
		return err_wrap(err, "map the user ids");
	if (!may_write(&m->gid, getegid()))
		return run_helper("newgidmap", pid, &m->gid, err) ? err_wrap(err, "map the group ids")
								  : 0;
	/* Who could leave a group could get at files that the group may not read. So
	 * the unprivileged have to give up setgroups(2) first. */
	if (geteuid() && write_map(pid, "setgroups", "deny", err))
		return -1;
	return write_map(pid, "gid_map", gids, err) ? err_wrap(err, "map the group ids") : 0;
}

/* A child that does nothing, in a user namespace of its own or in that of ns_fd, until
 * it is killed: /proc has its files. */
static pid_t stand_in(uint64_t flags, int ns_fd, int *pidfd, struct err *err)
{
	struct kern_clone clone = { .flags = flags, .cgroup_fd = -1, .pidfd = pidfd };
	int ready[2];
	ssize_t n;
	pid_t pid;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	pid = kern_ns_clone(&clone, err);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWUSER))
			_exit(errno);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	n = pid < 0 ? 0 : read(ready[0], &byte, 1);
	close(ready[0]);
	if (pid > 0 && n != 1) {
		int status = 0;

		waitpid(pid, &status, 0);
		return err_errno(err, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR,
				 "join the user namespace");
	}
	return pid;
}

static void dismiss(pid_t pid, int pidfd)
{
	struct err ignored;

	kern_pidfd_signal(pidfd, SIGKILL, &ignored);
	spawn_wait(pid, NULL);
}

int kern_userns_make(const struct kern_id_maps *m, struct err *err)
{
	AUTO_CLOSE int pidfd = -1;
	pid_t pid = stand_in(CLONE_NEWUSER, -1, &pidfd, err);
	int fd = -1;

	if (pid < 0)
		return -1;
	if (!kern_userns_write(pid, m, err))
		fd = kern_ns_open(pid, kern_ns_by_oci_name("user"), err);
	dismiss(pid, pidfd);
	return fd;
}

static int read_map(pid_t pid, const char *file, struct kern_id_map *map, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%d/%s", (int)pid, file);
	AUTO_CLOSE int fd = kern_path_open_proc(path, O_RDONLY, err);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct kern_id_range r;
	int used;

	if (fd < 0 || file_read_fd(fd, &sb, 1 << 16, err))
		return -1;
	for (const char *p = sb.data; sscanf(p, "%u %u %u%n", &r.inside, &r.outside, &r.size,
					     &used) == 3; p += used) {
		map->v = xrealloc(map->v, (map->n + 1) * sizeof r);
		map->v[map->n++] = r;
	}
	return 0;
}

int kern_userns_read(int ns_fd, struct kern_id_maps *m, struct err *err)
{
	AUTO_CLOSE int pidfd = -1;
	pid_t pid = stand_in(0, ns_fd, &pidfd, err);
	int failed;

	*m = (struct kern_id_maps){ .uid = { NULL, 0 } };
	if (pid < 0)
		return -1;
	failed = read_map(pid, "uid_map", &m->uid, err) || read_map(pid, "gid_map", &m->gid, err);
	dismiss(pid, pidfd);
	if (failed)
		kern_id_maps_free(m);
	return failed ? -1 : 0;
}

bool kern_userns_initial(void)
{
	struct stat st;

	/* A kernel without user namespaces has no such file, and one namespace. */
	return stat("/proc/self/ns/user", &st) || st.st_ino == INITIAL_USERNS;
}
