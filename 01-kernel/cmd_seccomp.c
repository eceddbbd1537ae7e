/*
 * cmd_seccomp.c - `kernel seccomp`: a command that may not use some system calls.
 *
 * no_new_privs comes first: without it only a privileged process may load a
 * filter, or a set-user-ID program could be run under a filter it does not expect.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "caps.h"
#include "cmd.h"
#include "seccomp.h"

static int deny(struct kern_seccomp *s, const char *list, const char *action, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(list);
	char *save = NULL;

	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (kern_seccomp_rule(s, name, action, -1, NULL, 0, err))
			return -1;
	return 0;
}

static int load(const char *list, const char *action, struct err *err)
{
	struct kern_seccomp *s = kern_seccomp_new("SCMP_ACT_ALLOW", -1, err);
	struct sock_filter *bpf = NULL;
	size_t n = 0;
	int rc;

	if (!s)
		return -1;
	rc = deny(s, list, action, err);
	if (!rc)
		rc = kern_seccomp_compile(s, &bpf, &n, err);
	kern_seccomp_free(s);
	if (!rc)
		rc = kern_no_new_privs(err);
	if (!rc)
		rc = kern_seccomp_load(bpf, n, 0, err);
	free(bpf);
	return rc < 0 ? -1 : 0;
}

static int run(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "deny", required_argument, NULL, 'd' }, { "kill", no_argument, NULL, 'k' }, { 0 },
	};
	const char *list = NULL, *action = "SCMP_ACT_ERRNO";
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == 'd')
			list = optarg;
		else if (opt == 'k')
			action = "SCMP_ACT_KILL_PROCESS";
		else
			return kern_cmd_usage(&kern_cmd_seccomp, err);
	}
	if (!list)
		return kern_cmd_usage(&kern_cmd_seccomp, err);
	if (load(list, action, err))
		return -1;
	return kern_cmd_exec(kern_cmd_words(argc, argv, optind), err);
}

const struct kern_cmd kern_cmd_seccomp = {
	"seccomp", "--deny SYSCALL,... [--kill] [-- COMMAND...]",
	"run a command that gets EPERM (or is killed) for some system calls (seccomp(2))", run,
};
