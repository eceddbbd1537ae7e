/*
 * cmd_ns.c - `kernel ns`: a command in new namespaces.
 *
 * The child is cloned into all of them at once, so with --pid it is process 1.
 * It sees its own processes only through a /proc of its own, which needs a
 * mount namespace to put it in: --pid therefore implies --mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd.h"
#include "mount.h"
#include "ns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

enum { OPT_HOSTNAME = 1, OPT_NS };

/* The option's val indexes this table from OPT_NS on. */
static const uint64_t flags_of[] = { CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWNS, CLONE_NEWNET,
				     CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWCGROUP };
static const struct option options[] = {
	{ "hostname", required_argument, NULL, OPT_HOSTNAME },
	{ "pid", no_argument, NULL, OPT_NS },       { "uts", no_argument, NULL, OPT_NS + 1 },
	{ "mount", no_argument, NULL, OPT_NS + 2 }, { "net", no_argument, NULL, OPT_NS + 3 },
	{ "ipc", no_argument, NULL, OPT_NS + 4 },   { "user", no_argument, NULL, OPT_NS + 5 },
	{ "cgroup", no_argument, NULL, OPT_NS + 6 }, { 0 },
};

/* Map the caller to root of the new user namespace (user_namespaces(7)). */
static int map_root(pid_t pid, uid_t uid, gid_t gid, struct err *err)
{
	const struct { const char *file; char text[40]; } maps[] = {
		{ "setgroups", "deny" }, { "uid_map", "" }, { "gid_map", "" },
	};

	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		char path[64], text[40];

		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, maps[i].file);
		snprintf(text, sizeof text, "0 %u 1", i == 1 ? uid : gid);
		if (file_write_once(AT_FDCWD, path, i ? text : maps[i].text, err))
			return -1;
	}
	return 0;
}

/* What only the one inside can do, before the command runs. */
static int prepare(uint64_t flags, const char *hostname, struct err *err)
{
	const struct kern_mount_options o = { .set = MS_NOSUID | MS_NODEV | MS_NOEXEC };
	AUTO_CLOSE int proc = -1;

	if (flags & CLONE_NEWNS && kern_mount_propagation("/", MS_PRIVATE | MS_REC, err))
		return -1;
	if (flags & CLONE_NEWPID) {
		proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (proc < 0)
			return err_sys(err, "open /proc");
		if (kern_mount_fs("proc", "proc", proc, &o, err))
			return -1;
	}
	if (hostname && sethostname(hostname, strlen(hostname)))
		return err_sys(err, "set the host name %s", hostname);
	return 0;
}

static void child(int go, uint64_t flags, const char *hostname, char **words)
{
	struct err err;
	char c;

	/* The parent maps our user first; end of file means that it failed and said so. */
	if (read(go, &c, 1) != 1)
		_exit(1);
	if (prepare(flags, hostname, &err)) {
		fprintf(stderr, "kernel: %s\n", err.msg);
		_exit(1);
	}
	kern_cmd_exec_or_exit(words);
}

static int run(int argc, char **argv, struct err *err)
{
	struct kern_clone clone_args = { .cgroup_fd = -1 };
	const char *hostname = NULL;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int opt, go[2], rc = 0;
	pid_t pid;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == OPT_HOSTNAME)
			hostname = optarg;
		else if (opt >= OPT_NS)
			clone_args.flags |= flags_of[opt - OPT_NS];
		else
			return kern_cmd_usage(&kern_cmd_ns, err);
	}
	if (clone_args.flags & CLONE_NEWPID)
		clone_args.flags |= CLONE_NEWNS;
	if (hostname && !(clone_args.flags & CLONE_NEWUTS))
		return err_set(err, ERR_INVALID, "--hostname needs --uts: it would rename this machine");
	if (pipe2(go, O_CLOEXEC))
		return err_sys(err, "pipe");
	pid = kern_ns_clone(&clone_args, err);
	if (pid == 0) {
		close(go[1]);
		child(go[0], clone_args.flags, hostname, kern_cmd_words(argc, argv, optind));
	}
	close(go[0]);
	if (pid > 0 && clone_args.flags & CLONE_NEWUSER)
		rc = map_root(pid, uid, gid, err);
	if (pid > 0 && !rc)
		(void)!write(go[1], "x", 1);
	close(go[1]);
	if (pid < 0)
		return -1;
	if (rc) {
		struct err ignored;

		kern_cmd_wait(pid, &ignored);
		return -1;
	}
	return kern_cmd_wait(pid, err);
}

const struct kern_cmd kern_cmd_ns = {
	"ns", "[--pid] [--uts [--hostname NAME]] [--mount] [--net] [--ipc] [--user] [--cgroup] [-- COMMAND...]",
	"run a command in new namespaces (namespaces(7))", run,
};
