/*
 * seccomp_test.c - filters at work: what each action does in a container, and
 * that the runtime's own last steps do not depend on what a profile allows.
 */
#include "suite.h"

#include <signal.h>

#define ALLOW_ALL "'defaultAction': 'SCMP_ACT_ALLOW'"
#define MKDIR "'names': ['mkdir', 'mkdirat']"

static void set_filter(json_t *config, bool no_new_privs, const char *rules)
{
	set(config, "process.noNewPrivileges", no_new_privs ? "true" : "false");
	set(config, "linux.seccomp", "{" ALLOW_ALL ", 'syscalls': [%s]}", rules);
}

static struct result run_filtered(bool no_new_privs, const char *rules, const char *text)
{
	json_t *config = spec();

	script(config, text);
	set_filter(config, no_new_privs, rules);
	return run(config);
}

/* ---- actions --------------------------------------------------------------------- */

/* What `mkdir /tmp/x; echo $?` says. 128 + 31 is what a shell makes of SIGSYS. */
static const struct { const char *action, *out; } actions[] = {
	{ "'SCMP_ACT_ALLOW'", "0\n" },
	{ "'SCMP_ACT_LOG'", "0\n" },
	{ "'SCMP_ACT_ERRNO'", "mkdir: can't create directory '/tmp/x': Operation not permitted\n1\n" },
	{ "'SCMP_ACT_ERRNO', 'errnoRet': 100", "mkdir: can't create directory '/tmp/x': Network is down\n1\n" },
	{ "'SCMP_ACT_ERRNO', 'errnoRet': 0", "0\n" },
	{ "'SCMP_ACT_TRACE', 'errnoRet': 7",
	  "mkdir: can't create directory '/tmp/x': Function not implemented\n1\n" },
	{ "'SCMP_ACT_TRAP'", "Bad system call\n159\n" },
	{ "'SCMP_ACT_KILL'", "Bad system call\n159\n" },
	{ "'SCMP_ACT_KILL_THREAD'", "Bad system call\n159\n" },
	{ "'SCMP_ACT_KILL_PROCESS'", "Bad system call\n159\n" },
};

static void each_action(void)
{
	for (int nnp = 0; nnp < 2; nnp++)
		for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
			AUTO_FREE char *rules = xasprintf("{" MKDIR ", 'action': %s}", actions[i].action);
			AUTO_JSON json_t *config = spec();
			const char *root;

			script(config, "mkdir /tmp/x 2>&1; echo $?");
			set_filter(config, nnp, rules);
			set(config, "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 0}]");
			PRINTS(runc("run", "-b", own_bundle(config, &root), new_id(), NULL),
			       actions[i].out);
		}
	/* A handler of the program's own: SIGSYS is a signal like others. */
	PRINTS(run_filtered(true, "{'names': ['umask'], 'action': 'SCMP_ACT_TRAP'}",
			    "trap 'echo trapped' SYS; umask >/dev/null; echo on"), "trapped\non\n");
	/* The program itself: runc's exit status is the shell's. */
	EQ_INT(run_filtered(true, "{'names': ['umask'], 'action': 'SCMP_ACT_KILL_PROCESS'}",
			    "umask").status, 128 + SIGSYS);
	NOTHING_LEFT();
}

static void arguments(void)
{
	static const char rule[] = "{'names': ['kill'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95, 'args': "
		"[{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'}, {'index': 1, 'value': 12, 'op': 'SCMP_CMP_EQ'}]}";

	PRINTS(run_filtered(true, rule, "kill -12 1 2>&1; kill -0 1 && echo allowed; grep Seccomp: "
			    "/proc/self/status"),
	       "sh: can't kill pid 1: Operation not supported\nallowed\nSeccomp:\t2\n");
}

static void flags(void)
{
	static const struct { const char *flags, *said; } rows[] = {
		{ "null", "flags: 4" }, { "[]", "flags: 0" },
		{ "['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG']", "flags: 2" },
		{ "['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']", "flags: 6" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_JSON json_t *config = spec();
		AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
		struct result r;

		set(config, "linux.seccomp", "{" ALLOW_ALL ", 'flags': %s}", rows[i].flags);
		r = run_program((char *[]){ runc_path, "--debug", "--root", root, "run", "-b",
					    (char *)bundle(config), (char *)new_id(), NULL });
		EQ_INT(r.status, 0);
		HAS(r.err, rows[i].said);
	}
}

/* With a profile the program is seccomp's (mode 2), with none it is not. */
static void none(void)
{
	json_t *config = spec();

	script(config, "grep Seccomp: /proc/self/status");
	set(config, "linux.seccomp", "{}");
	PRINTS(run(config), "Seccomp:\t0\n");
}

/* ---- the runtime's own last steps --------------------------------------------------- */

/* What a runtime does around this time. None of it may depend on the profile: all is
 * done before the filter is loaded. (Busybox itself makes the last two, and copes with
 * an error.) */
#define OUR_OWN "'names': ['capget', 'setresuid', 'setresgid', 'setgroups', 'chdir', " \
	"'fchdir', 'getcwd', 'openat2', 'faccessat', 'faccessat2', 'access', 'stat', 'statx', " \
	"'close_range', 'umask', 'sendto', 'sendmsg', 'recvfrom', 'recvmsg', 'clone', 'clone3', 'fork', " \
	"'vfork', 'personality', 'setsid', 'ioctl', 'fcntl', 'rt_sigaction', 'rt_sigprocmask', " \
	"'mount', 'keyctl', 'setrlimit', 'socketpair', 'eventfd2', 'seccomp', 'getpid', 'gettid', 'wait4', " \
	"'waitid', 'poll', 'ppoll', 'fstatfs', 'statfs', 'read'"
#define BUSYBOX_TOO ", 'prctl', 'newfstatat'"

static void denied_to_us(void)
{
	static const char *const how[] = { "'SCMP_ACT_ERRNO'", "'SCMP_ACT_ERRNO', 'errnoRet': 38",
					   "'SCMP_ACT_ERRNO', 'errnoRet': 0", "'SCMP_ACT_KILL_PROCESS'" };

	for (int nnp = 0; nnp < 2; nnp++)
		for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
			AUTO_FREE char *rules = xasprintf("{" OUR_OWN "%s], 'action': %s}",
							  strstr(how[i], "KILL") ? "" : BUSYBOX_TOO,
							  how[i]);
			json_t *config = spec();
			struct result r;

			set(config, "process.user", "{'uid': 1000, 'gid': 1000, 'additionalGids': [7]}");
			set(config, "process.capabilities", "{'bounding': ['CAP_KILL'], 'permitted': "
			    "['CAP_KILL'], 'effective': ['CAP_KILL'], 'inheritable': ['CAP_KILL'], "
			    "'ambient': ['CAP_KILL']}");
			set_filter(config, nnp, rules);
			r = run(json_incref(config));
			if (r.status)
				fprintf(stderr, "\nnnp %d, %s: %d %s\n", nnp, how[i], r.status, r.err);
			EQ_INT(r.status, 0);
			/* In two steps init waits in between, and says more. */
			CU_ASSERT(start(config));
			CU_ASSERT(wait_status("stopped"));
			stop();
		}
	NOTHING_LEFT();
}

/* /proc/PID/status of init, which waits for `start`. The caller frees. */
static char *status_of_init(const json_t *config)
{
	AUTO_JSON json_t *state = NULL;
	AUTO_FREE char *path = NULL;

	EQ_INT(runc("create", "-b", bundle(config), new_id(), NULL).status, 0);
	state = json_loads(runc("state", id, NULL).out, 0, NULL);
	path = xasprintf("/proc/%d/status", (int)jsonx_int(state, "pid", 0));
	return read_file(path);
}

/* The capability that loading takes is kept until then, and not one step longer. */
static void nothing_kept(void)
{
	for (int nnp = 0; nnp < 2; nnp++) {
		AUTO_JSON json_t *config = spec();
		AUTO_FREE char *status = NULL;

		set_filter(config, nnp, "");
		set(config, "process.capabilities", "{'bounding': ['CAP_KILL'], 'permitted': ['CAP_KILL'], "
		    "'effective': ['CAP_KILL']}");
		status = status_of_init(config);
		HAS(status, "CapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n");
		HAS(status, "Seccomp:\t2\n");
		stop();
	}
	NOTHING_LEFT();
}

/* A profile that says "done" to a change of user does not make root of the user. */
static void not_faked(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *status = NULL;

	set_filter(config, false, "{'names': ['setresuid', 'setresgid', 'setgroups', 'capset', 'prctl'], "
		   "'action': 'SCMP_ACT_ERRNO', 'errnoRet': 0}");
	set(config, "process.user", "{'uid': 1000, 'gid': 1001, 'additionalGids': [7]}");
	set(config, "process.capabilities", "{}");
	status = status_of_init(config);
	HAS(status, "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\n");
	HAS(status, "Groups:\t7 \n");
	HAS(status, "CapBnd:\t0000000000000000\n");
	stop();
	NOTHING_LEFT();
}

/* What is needed all the same: clear words, and nothing left. */
static void denied_and_needed(void)
{
	static const struct { const char *name; bool nnp; const char *words; } rows[] = {
		{ "execve", true, "Operation not permitted" },
		{ "execve", false, "Operation not permitted" },
		{ "capset", false, "give up CAP_SYS_ADMIN under the seccomp filter: " },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_FREE char *rules = xasprintf("{'names': ['%s'], 'action': 'SCMP_ACT_ERRNO'}",
						  rows[i].name);
		struct result r = run_filtered(rows[i].nnp, rules, "echo no");

		CU_ASSERT(r.status && !*r.out);
		HAS(r.err, rows[i].words);
		NOTHING_LEFT();
	}
	/* Close is for who has waited for `start`, and capset for who keeps a capability. */
	PRINTS(run_filtered(true, "{'names': ['close'], 'action': 'SCMP_ACT_ERRNO'}", "echo yes"), "yes\n");
	PRINTS(run_filtered(true, "{'names': ['capset'], 'action': 'SCMP_ACT_ERRNO'}", "echo yes"), "yes\n");
	FAILS(run_filtered(true, "{'names': ['write'], 'action': 'SCMP_ACT_KILL_PROCESS'}", "echo no"), 1,
	      "init ended without a word");
	NOTHING_LEFT();
}

/* ---- hooks and exec -------------------------------------------------------------------- */

static void hook_of(json_t *config, const char *text)
{
	set(config, "hooks", "{'startContainer': [{'path': '/bin/sh', 'args': ['sh', '-c', '%s'], "
	    "'env': ['PATH=/bin']}]}", text);
}

/* A startContainer hook is bound as the program will be. */
static void hooks(void)
{
	for (int nnp = 0; nnp < 2; nnp++) {
		json_t *config = spec();
		struct result r;

		set_filter(config, nnp, "{" MKDIR ", 'action': 'SCMP_ACT_KILL'}");
		set(config, "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 0}]");
		hook_of(config, "mkdir /dev/shm/foo");
		r = run(config);
		FAILS(r, 1, "error running startContainer hook");
		HAS(r.err, "signal: bad system call");
		NOTHING_LEFT();
	}
}

/* Docker's profile says that there is no clone3, and a hook is run all the same. */
static void hooks_with_docker(void)
{
	AUTO_FREE char *profile = read_file("../tests/unit/02-runc/docker-seccomp.json");

	for (int nnp = 0; nnp < 2; nnp++) {
		AUTO_JSON json_t *config = spec();
		const char *root;

		script(config, "cat /tmp/hooked; grep Seccomp: /proc/self/status");
		set(config, "process.noNewPrivileges", nnp ? "true" : "false");
		set(config, "linux.seccomp", "%s", profile);
		hook_of(config, "echo done >/tmp/hooked");
		PRINTS(runc("run", "-b", own_bundle(config, &root), new_id(), NULL), "done\nSeccomp:\t2\n");
	}
	NOTHING_LEFT();
}

/* What is added by exec has the container's profile: also when what was kept of
 * it is lost, and whatever has become of the bundle. */
static void added(void)
{
	static const char script_[] = "mkdir /tmp/x 2>&1; grep -e Seccomp: -e NoNewPrivs /proc/self/status";

	for (int nnp = 0; nnp < 2; nnp++) {
		json_t *config = spec();

		set(config, "process.args", "['sleep', '1000']");
		set_filter(config, nnp, "{" MKDIR ", 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95}");
		if (!start(config))
			return;
		for (int k = 0; k < 2; k++) {
			struct result r = runc("exec", id, "sh", "-c", script_, NULL);

			HAS(r.out, "Operation not supported\n");
			HAS(r.out, nnp ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n");
			HAS(r.out, "Seccomp:\t2\n");
			EQ_INT(system("rm -rf /run/dockyard/seccomp"), 0);
		}
		/* By an own user, who may not load a filter any more. */
		HAS(runc("exec", "--user", "1000:1000", id, "sh", "-c", script_, NULL).out, "Seccomp:\t2\n");
		stop();
	}
	NOTHING_LEFT();
}

CU_TestInfo seccomp_tests[] = {
	{ "each action", each_action },
	{ "arguments", arguments },
	{ "flags", flags },
	{ "no profile", none },
	{ "denied, and nothing to us", denied_to_us },
	{ "no capability is kept", nothing_kept },
	{ "no identity is faked", not_faked },
	{ "denied, and needed", denied_and_needed },
	{ "startContainer hooks are bound", hooks },
	{ "startContainer hooks under Docker's profile", hooks_with_docker },
	{ "processes added by exec", added },
	CU_TEST_INFO_NULL,
};
