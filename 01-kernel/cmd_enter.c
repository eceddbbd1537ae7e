/*
 * cmd_enter.c - `kernel enter`: a command in the namespaces of a process.
 *
 * All are opened before the first is entered: inside the mount namespace
 * another /proc shows other processes. Entering a pid namespace counts for
 * children only (setns(2)), so the command runs in a child.
 */
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"
#include "ns.h"

#define MAX_TYPES 8

static int is_own(int fd, const struct kern_ns_type *type, struct err *err)
{
	AUTO_CLOSE int own = kern_ns_open(getpid(), type, err);
	struct stat a, b;

	return own >= 0 && !fstat(fd, &a) && !fstat(own, &b) && a.st_ino == b.st_ino;
}

/* Enter those that differ from ours: a user namespace cannot be entered twice. */
static int enter_all(pid_t pid, uint64_t wanted, struct err *err)
{
	int fds[MAX_TYPES], n = 0, rc = 0;

	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++, n++) {
		fds[n] = -1;
		if (rc || (wanted && !(wanted & t->flag)))
			continue;
		fds[n] = kern_ns_open(pid, t, err);
		if (fds[n] < 0)
			rc = -1;
	}
	for (int i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (!rc && !is_own(fds[i], &kern_ns_types[i], err) &&
		    setns(fds[i], (int)kern_ns_types[i].flag))
			rc = err_sys(err, "enter the %s namespace of %d", kern_ns_types[i].oci, (int)pid);
		close(fds[i]);
	}
	return rc;
}

static int run(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "pid", no_argument, NULL, 'p' }, { "uts", no_argument, NULL, 'u' },
		{ "mount", no_argument, NULL, 'm' }, { "net", no_argument, NULL, 'n' },
		{ "ipc", no_argument, NULL, 'i' }, { "user", no_argument, NULL, 'U' },
		{ "cgroup", no_argument, NULL, 'C' }, { 0 },
	};
	static const struct { int opt; uint64_t flag; } flags[] = {
		{ 'p', CLONE_NEWPID }, { 'u', CLONE_NEWUTS }, { 'm', CLONE_NEWNS },
		{ 'n', CLONE_NEWNET }, { 'i', CLONE_NEWIPC }, { 'U', CLONE_NEWUSER },
		{ 'C', CLONE_NEWCGROUP },
	};
	uint64_t wanted = 0;
	char *end;
	long pid;
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == '?')
			return kern_cmd_usage(&kern_cmd_enter, err);
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
			if (flags[i].opt == opt)
				wanted |= flags[i].flag;
	}
	if (optind >= argc)
		return kern_cmd_usage(&kern_cmd_enter, err);
	pid = strtol(argv[optind], &end, 10);
	if (*end || pid <= 0)
		return err_set(err, ERR_INVALID, "'%s' is not a process id", argv[optind]);
	optind++;
	if (optind < argc && !strcmp(argv[optind], "--"))
		optind++;
	if (enter_all((pid_t)pid, wanted, err))
		return -1;
	return kern_cmd_run(kern_cmd_words(argc, argv, optind), err);
}

const struct kern_cmd kern_cmd_enter = {
	"enter", "[--pid] [--uts] [--mount] [--net] [--ipc] [--user] [--cgroup] PID [-- COMMAND...]",
	"run a command in the namespaces of a process, all or those named (setns(2))", run,
};
