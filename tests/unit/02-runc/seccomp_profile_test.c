/*
 * seccomp_profile_test.c - from linux.seccomp to a filter: what is refused and with
 * which path, what a whole profile means call by call, and what is kept.
 */
#include "suite.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "02-runc/config.h"
#include "02-runc/seccomp.h"
#include "tests/unit/bpf.h"

#define CACHE "/run/dockyard/seccomp"
#define ALLOW_ALL "'defaultAction': 'SCMP_ACT_ALLOW'"
#define RULES(rules) "{" ALLOW_ALL ", 'syscalls': [" rules "]}"
#define ARGS(args) RULES("{'names': ['dup'], 'action': 'SCMP_ACT_ERRNO', 'args': [" args "]}")
#define NOTIFY(name) "{'names': ['dup', '" name "'], 'action': 'SCMP_ACT_NOTIFY'}"
#define FAIL_WITH(e) (SECCOMP_RET_ERRNO | (e))

static json_t *profile(const char *text)
{
	json_t *doc = json_object(), *value;

	set(doc, "s", "%s", text);
	value = json_incref(json_object_get(doc, "s"));
	json_decref(doc);
	return value;
}

static json_t *docker_profile(void)
{
	struct err err;
	json_t *doc = jsonx_read(AT_FDCWD, "../tests/unit/02-runc/docker-seccomp.json", 1 << 20, &err);

	if (!doc) {
		fprintf(stderr, "%s\n", err.msg);
		exit(2);
	}
	return doc;
}

/* ---- words -------------------------------------------------------------------- */

static const struct { const char *profile, *complaint; } bad[] = {
	{ "{'defaultAction': 'SCMP_ACT_X'}", "linux.seccomp.defaultAction: 'SCMP_ACT_X'" },
	{ "{'syscalls': [{'names': ['dup'], 'action': 'SCMP_ACT_ALLOW'}]}",
	  "linux.seccomp.defaultAction: required" },
	{ "{'defaultAction': 'SCMP_ACT_NOTIFY'}",
	  "defaultAction: SCMP_ACT_NOTIFY cannot be used as default action" },
	{ "{" ALLOW_ALL ", 'defaultErrnoRet': 1}",
	  "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno" },
	{ "{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 4096}",
	  "linux.seccomp.defaultErrnoRet: 4096" },
	{ "{" ALLOW_ALL ", 'architectures': ['SCMP_ARCH_X86', 'SCMP_ARCH_PDP11']}",
	  "linux.seccomp.architectures[1]: seccomp: unknown architecture 'SCMP_ARCH_PDP11'" },
	{ "{" ALLOW_ALL ", 'flags': ['SECCOMP_FILTER_FLAG_LOG', 'X']}",
	  "linux.seccomp.flags[1]: seccomp flag X is not known" },
	{ "{" ALLOW_ALL ", 'flags': ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']}",
	  "linux.seccomp.flags[0]" },
	{ "{" ALLOW_ALL ", 'listenerPath': 7}", "linux.seccomp.listenerPath: expected a string" },
	{ "{" ALLOW_ALL ", 'listenerMetadata': 'x'}",
	  "linux.seccomp.listenerMetadata: must not be set without listenerPath" },
	{ RULES("7"), "linux.seccomp.syscalls[0]: expected an object" },
	{ RULES("{'names': ['dup']}"), "linux.seccomp.syscalls[0].action: required" },
	{ RULES("{'names': ['dup'], 'action': 'ALLOW'}"), "linux.seccomp.syscalls[0].action: 'ALLOW'" },
	{ RULES("{'action': 'SCMP_ACT_ERRNO'}"), "linux.seccomp.syscalls[0].names: required" },
	{ RULES("{'names': [], 'action': 'SCMP_ACT_ERRNO'}"), "linux.seccomp.syscalls[0].names: required" },
	{ RULES("{'names': ['dup', ''], 'action': 'SCMP_ACT_ERRNO'}"),
	  "linux.seccomp.syscalls[0].names[1]: must not be empty" },
	{ RULES("{'names': ['dup'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 99999}"),
	  "linux.seccomp.syscalls[0].errnoRet: 99999" },
	{ RULES("{'names': ['dup'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': -1}"),
	  "linux.seccomp.syscalls[0].errnoRet: -1" },
	{ RULES("{'names': ['dup'], 'action': 'SCMP_ACT_KILL', 'errnoRet': 1}"),
	  "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes no errno" },
	{ ARGS("{'index': 6, 'value': 1, 'op': 'SCMP_CMP_EQ'}"),
	  "linux.seccomp.syscalls[0].args[0].index: a system call has 6" },
	{ ARGS("{'value': 1, 'op': 'SCMP_CMP_EQ'}"), "args[0].index: required" },
	{ ARGS("{'index': 0, 'op': 'SCMP_CMP_EQ'}"), "args[0].value: required" },
	{ ARGS("{'index': 0, 'value': 1}"), "args[0].op: required" },
	{ ARGS("{'index': 0, 'value': 1, 'op': 'EQ'}"), "args[0].op: 'EQ' is not a comparison" },
	{ ARGS("{'index': 0, 'value': -1, 'op': 'SCMP_CMP_EQ'}"), "args[0].value: expected" },
	{ RULES(NOTIFY("dup3")), "linux.seccomp.listenerPath: is not set" },
	{ "{" ALLOW_ALL ", 'listenerPath': '/x', 'syscalls': [" NOTIFY("write") "]}",
	  "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall" },
};

static void refused(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_JSON json_t *seccomp = profile(bad[i].profile);
		struct runc_filter f = RUNC_FILTER_INIT;
		struct err err = { .msg = "" };

		CU_ASSERT(runc_seccomp_build(seccomp, &f, &err));
		HAS(err.msg, bad[i].complaint);
		runc_seccomp_free(&f);
	}
}

static const struct { const char *profile; bool filter; unsigned flags; } good[] = {
	/* No action and no rule: no filter, as runc has it. */
	{ "{}", false, 0 },
	{ "{'defaultAction': '', 'architectures': ['SCMP_ARCH_X86'], 'syscalls': []}", false, 0 },
	/* The default of flags is not the same as none. */
	{ "{" ALLOW_ALL "}", true, SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "{" ALLOW_ALL ", 'flags': null}", true, SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "{" ALLOW_ALL ", 'flags': []}", true, 0 },
	{ "{" ALLOW_ALL ", 'flags': ['SECCOMP_FILTER_FLAG_TSYNC']}", true, 0 },
	{ "{" ALLOW_ALL ", 'flags': ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']}", true,
	  SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	/* Without NOTIFY a listener is ignored. */
	{ "{" ALLOW_ALL ", 'flags': [], 'listenerPath': '/x', 'listenerMetadata': 'y'}", true, 0 },
	{ "{" ALLOW_ALL ", 'flags': [], 'listenerPath': '/x', 'syscalls': [" NOTIFY("dup3") "]}", true,
	  SECCOMP_FILTER_FLAG_NEW_LISTENER },
	{ "{" ALLOW_ALL ", 'flags': [], 'syscalls': [{'names': ['no_such_call', 'dup', 'dup'], 'action': "
	  "'SCMP_ACT_ERRNO', 'errnoRet': null, 'args': null}], 'unknown': 1}", true, 0 },
	{ "{'defaultAction': 'SCMP_ACT_TRACE', 'defaultErrnoRet': 65535, 'flags': []}", true, 0 },
	{ ARGS("{'index': 5, 'value': 18446744073709551615, 'valueTwo': 1, 'op': 'SCMP_CMP_LE'}"), true,
	  SECCOMP_FILTER_FLAG_SPEC_ALLOW },
};

static void accepted(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err err = { .msg = "" };
		AUTO_JSON json_t *seccomp = runc_config_read(AT_FDCWD, json_file("profile.json", good[i].profile),
							     &err);
		struct runc_filter f = RUNC_FILTER_INIT;

		EQ_INT(runc_seccomp_build(seccomp, &f, &err), 0);
		EQ_STR(err.msg, "");
		EQ_INT(f.n > 0, good[i].filter);
		EQ_INT(f.flags, good[i].flags);
		runc_seccomp_free(&f);
	}
}

/* ---- Docker's default profile, call by call --------------------------------------- */

#define X32 0x40000000

/* Numbers from the kernel's syscall tables, verdicts from the rules of the profile. */
static const struct {
	uint32_t arch;
	int nr;
	uint64_t arg0;
	uint32_t verdict;
} docker[] = {
	{ AUDIT_ARCH_X86_64, 0, 0, SECCOMP_RET_ALLOW },              /* read */
	{ AUDIT_ARCH_X86_64, 165, 0, FAIL_WITH(EPERM) },             /* mount */
	{ AUDIT_ARCH_X86_64, 161, 0, SECCOMP_RET_ALLOW },            /* chroot: by capability */
	{ AUDIT_ARCH_X86_64, 272, 0, FAIL_WITH(EPERM) },             /* unshare */
	{ AUDIT_ARCH_X86_64, 250, 0, FAIL_WITH(EPERM) },             /* keyctl */
	{ AUDIT_ARCH_X86_64, 56, 0x11, SECCOMP_RET_ALLOW },          /* clone: a fork */
	{ AUDIT_ARCH_X86_64, 56, 0x10000011, FAIL_WITH(EPERM) },     /* of CLONE_NEWUSER */
	{ AUDIT_ARCH_X86_64, 56, 0x02000011, FAIL_WITH(EPERM) },     /* of CLONE_NEWCGROUP */
	{ AUDIT_ARCH_X86_64, 435, 0, FAIL_WITH(ENOSYS) },            /* clone3 */
	{ AUDIT_ARCH_X86_64, 135, 0, SECCOMP_RET_ALLOW },            /* personality */
	{ AUDIT_ARCH_X86_64, 135, 0x20008, SECCOMP_RET_ALLOW },
	{ AUDIT_ARCH_X86_64, 135, 0xffffffff, SECCOMP_RET_ALLOW },
	{ AUDIT_ARCH_X86_64, 135, 1, FAIL_WITH(EPERM) },
	{ AUDIT_ARCH_X86_64, 135, 0x100000008, FAIL_WITH(EPERM) },   /* all 64 bits count */
	{ AUDIT_ARCH_X86_64, 41, 2, SECCOMP_RET_ALLOW },             /* socket */
	{ AUDIT_ARCH_X86_64, 41, 40, FAIL_WITH(EPERM) },             /* of AF_VSOCK */
	{ AUDIT_ARCH_X86_64, 4000, 0, FAIL_WITH(ENOSYS) },           /* younger than the list */
	{ AUDIT_ARCH_I386, 3, 0, SECCOMP_RET_ALLOW },                /* read */
	{ AUDIT_ARCH_I386, 21, 0, FAIL_WITH(EPERM) },                /* mount */
	{ AUDIT_ARCH_I386, 120, 0x11, SECCOMP_RET_ALLOW },           /* clone */
	{ AUDIT_ARCH_I386, 120, 0x10000011, FAIL_WITH(EPERM) },
	{ AUDIT_ARCH_I386, 102, 0, SECCOMP_RET_ALLOW },              /* socketcall */
	{ AUDIT_ARCH_I386, 359, 40, FAIL_WITH(EPERM) },              /* socket */
	{ AUDIT_ARCH_I386, 435, 0, FAIL_WITH(ENOSYS) },              /* clone3 */
	{ AUDIT_ARCH_I386, 4000, 0, FAIL_WITH(ENOSYS) },
	{ AUDIT_ARCH_X86_64, X32 + 0, 0, SECCOMP_RET_ALLOW },        /* read */
	{ AUDIT_ARCH_X86_64, X32 + 520, 0, SECCOMP_RET_ALLOW },      /* execve, x32's own */
	{ AUDIT_ARCH_X86_64, X32 + 59, 0, FAIL_WITH(EPERM) },        /* execve, x86-64's */
	{ AUDIT_ARCH_X86_64, X32 + 165, 0, FAIL_WITH(EPERM) },       /* mount */
	{ AUDIT_ARCH_X86_64, X32 + 4000, 0, FAIL_WITH(ENOSYS) },
	{ AUDIT_ARCH_S390X, 3, 0, SECCOMP_RET_KILL_THREAD },         /* not in the filter */
};

static void docker_verdicts(void)
{
	AUTO_JSON json_t *seccomp = docker_profile();
	struct runc_filter f = RUNC_FILTER_INIT;
	struct err err = { .msg = "" };

	EQ_INT(runc_seccomp_build(seccomp, &f, &err), 0);
	EQ_STR(err.msg, "");
	for (size_t i = 0; f.n && i < sizeof docker / sizeof *docker; i++) {
		const struct seccomp_data d = { .nr = docker[i].nr, .arch = docker[i].arch,
						.args = { docker[i].arg0 } };
		uint32_t got = bpf_run(f.bpf, f.n, &d);

		if (got != docker[i].verdict)
			fprintf(stderr, "\narch %x, call %x(%llx): expected %x, got %x\n", d.arch,
				(unsigned)d.nr, (unsigned long long)d.args[0], docker[i].verdict, got);
		CU_ASSERT_EQUAL(got, docker[i].verdict);
	}
	CU_ASSERT(f.n < 600); /* libseccomp's own program has more than 1200 */
	runc_seccomp_free(&f);
}

/* ---- what is kept ------------------------------------------------------------------ */

/* A configuration around the profile as it is written here, loaded and its filter made.
 * *read (may be NULL): is the profile in the document, its filter not being known? */
static struct runc_config with_profile(const char *text, bool *read)
{
	AUTO_FREE char *doc = xasprintf("{'ociVersion': '1.0.2', 'root': {'path': 'rootfs'}, 'linux': "
					"{'namespaces': [], 'seccomp': %s}}", text);
	struct runc_config c;
	struct err err = { .msg = "" };

	EQ_INT(runc_config_load(&c, AT_FDCWD, json_file("with-profile.json", doc), &err), 0);
	EQ_STR(err.msg, "");
	if (read)
		*read = c.seccomp;
	return c;
}

static void build(const char *text)
{
	struct runc_config c = with_profile(text, NULL);
	struct err err = { .msg = "" };

	EQ_INT(runc_config_filter(&c, &err), 0);
	EQ_STR(err.msg, "");
	runc_config_free(&c);
}

static bool recalled(const char *text)
{
	bool read;
	struct runc_config c = with_profile(text, &read);
	bool known = c.filter.n;

	CU_ASSERT_EQUAL(known, !read);
	runc_config_free(&c);
	return known;
}

#define CHMOD_AND(more) "{" ALLOW_ALL ", 'flags': ['SECCOMP_FILTER_FLAG_LOG'], 'syscalls': " \
	"[{'names': ['chmod'], 'action': 'SCMP_ACT_ERRNO'}]" more "}"
#define CHOWN "{" ALLOW_ALL ", 'syscalls': [{'names': ['chown'], 'action': 'SCMP_ACT_ERRNO'}]}"

static void kept(void)
{
	struct runc_config a = with_profile(CHMOD_AND(""), NULL), b;
	struct err err = { .msg = "" };

	CU_ASSERT(!a.filter.n && a.seccomp);
	EQ_INT(runc_config_filter(&a, &err), 0);
	b = with_profile(CHMOD_AND(""), NULL);
	CU_ASSERT_FATAL(b.filter.n && !b.seccomp);
	EQ_INT(runc_config_filter(&b, &err), 0);
	CU_ASSERT(a.filter.n == b.filter.n && a.filter.flags == b.filter.flags);
	EQ_INT(a.filter.flags, SECCOMP_FILTER_FLAG_LOG);
	CU_ASSERT(!memcmp(a.filter.bpf, b.filter.bpf, a.filter.n * sizeof *a.filter.bpf));
	runc_config_free(&a);
	runc_config_free(&b);
	/* Other bytes are another profile, whatever they mean. */
	CU_ASSERT(!recalled(CHOWN));
	CU_ASSERT(!recalled(CHMOD_AND(" ")));
}

/* Where the agent listens is told init, and so is read also if the filter is known. */
static void with_an_agent(void)
{
	static const char text[] = CHMOD_AND(", 'listenerPath': '/x', 'listenerMetadata': 'm'");
	struct runc_config c;
	struct err err = { .msg = "" };

	for (int i = 0; i < 2; i++) {
		c = with_profile(text, NULL);
		CU_ASSERT(!c.filter.n && c.seccomp);
		EQ_INT(runc_config_filter(&c, &err), 0);
		CU_ASSERT(c.filter.n);
		EQ_STR(jsonx_str(c.seccomp, "listenerPath", ""), "/x");
		runc_config_free(&c);
	}
	c = with_profile(CHMOD_AND(", 'listenerMetadata': 'm'"), NULL);
	CU_ASSERT(runc_config_filter(&c, &err));
	HAS(err.msg, "listenerMetadata");
	runc_config_free(&c);
}

/* What looks like the profile and is none must not be taken for it, nor the filter be
 * kept under its name. */
static void decoys(void)
{
	static const char *const documents[] = {
		"{'seccomp': " CHMOD_AND("") ", 'ociVersion': '1.0.2', 'root': {'path': 'r'}, 'linux': {}}",
		"{'ociVersion': '1.0.2', 'root': {'path': 'r'}, 'x': {'seccomp': " CHMOD_AND("") "}, "
		"'linux': {'seccomp': " CHOWN "}}",
		"{'ociVersion': '1.0.2', 'root': {'path': 'r'}, 'x': ['seccomp', " CHMOD_AND("") "], "
		"'linux': {'seccomp': " CHOWN "}}",
		"{'ociVersion': '1.0.2', 'root': {'path': 'r'}, 'linux': {'x': {'seccomp': " CHMOD_AND("") "}, "
		"'secc\\u006fmp': " CHOWN "}}",
	};
	struct runc_config c, want;
	struct err err = { .msg = "" };

	build(CHMOD_AND(""));
	want = with_profile(CHOWN, NULL);
	EQ_INT(runc_config_filter(&want, &err), 0);
	for (size_t i = 0; i < 2 * (sizeof documents / sizeof *documents); i++) {
		EQ_INT(runc_config_load(&c, AT_FDCWD, json_file("decoy.json", documents[i / 2]), &err), 0);
		EQ_INT(runc_config_filter(&c, &err), 0);
		EQ_STR(err.msg, "");
		if (i / 2 == 0)
			EQ_INT(c.filter.n, 0);
		else
			CU_ASSERT(c.filter.n == want.filter.n &&
				  !memcmp(c.filter.bpf, want.filter.bpf, want.filter.n * sizeof *want.filter.bpf));
		runc_config_free(&c);
	}
	c = with_profile(CHMOD_AND(""), NULL);
	EQ_INT(c.filter.flags, SECCOMP_FILTER_FLAG_LOG);
	runc_config_free(&c);
	runc_config_free(&want);
}

/* An error after the profile is told with its true place, and not hidden by it. */
static void errors_beside_it(void)
{
	static const char *const documents[] = {
		"{'linux': {'seccomp': " CHMOD_AND("") "\n\n}, 'x' 1}", "line 3",
		"{'linux': {'seccomp': " CHMOD_AND("") "}}}", "line 1",
		"{'linux': {'seccomp': " CHMOD_AND("") ", 'seccomp': null}}", "duplicate",
		"{'linux': {'seccomp': " CHMOD_AND("") ", 'seccomp': {}}}", "duplicate",
	};
	struct runc_config c;

	build(CHMOD_AND(""));
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i += 2) {
		struct err err = { .msg = "" };

		CU_ASSERT(runc_config_load(&c, AT_FDCWD, json_file("broken.json", documents[i]), &err));
		HAS(err.msg, documents[i + 1]);
	}
}

static bool in_shell(const char *command)
{
	return !system(command);
}

/* Only what we alone can have written there is believed; what is not is compiled anew. */
static void not_believed(void)
{
	static const struct { const char *spoil, *repair; } how[] = {
		{ "chmod 777 " CACHE, "chmod 700 " CACHE },
		{ "chown 1 " CACHE, "chown 0 " CACHE },
		{ "mv " CACHE " " CACHE ".x; ln -s " CACHE ".x " CACHE,
		  "rm " CACHE "; mv " CACHE ".x " CACHE },
		{ "chmod 622 " CACHE "/*", "chmod 600 " CACHE "/*" },
		{ "chown 1 " CACHE "/*", "chown 0 " CACHE "/*" },
		{ "cd " CACHE "; for f in *; do mv $f x$f; ln -s x$f $f; done",
		  "cd " CACHE "; for f in x*; do mv $f ${f#x}; done" },
		/* Of a length that no filter has; nothing; the wrong number of instructions. */
		{ "for f in " CACHE "/*; do printf x >>$f; done", "rm " CACHE "/*" },
		{ "for f in " CACHE "/*; do : >$f; done", "rm " CACHE "/*" },
		{ "for f in " CACHE "/*; do printf '\\377\\377\\377\\377' | dd of=$f bs=1 seek=4 "
		  "conv=notrunc 2>/dev/null; done", "rm " CACHE "/*" },
		/* Another program's, by what its key begins with: after header and filter. */
		{ "for f in " CACHE "/*; do n=$(od -An -tu4 -j4 -N4 $f); printf zz | dd of=$f bs=1 "
		  "seek=$((12 + 8 * n)) conv=notrunc 2>/dev/null; done", "rm " CACHE "/*" },
	};
	static const char seccomp[] = CHOWN;

	CU_ASSERT(in_shell("rm -f " CACHE "/*"));
	for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
		build(seccomp);
		CU_ASSERT(recalled(seccomp));
		CU_ASSERT(in_shell(how[i].spoil));
		if (recalled(seccomp))
			fprintf(stderr, "\nbelieved after: %s\n", how[i].spoil);
		CU_ASSERT(!recalled(seccomp));
		CU_ASSERT(in_shell(how[i].repair));
	}
	build(seccomp);
	CU_ASSERT(recalled(seccomp));
}

/* Many who write the same few files at once: nobody ever reads half of one. */
static void writers(void)
{
	int status, failed = 0;

	for (int i = 0; i < 8; i++)
		if (!fork()) {
			for (int k = 0; k < 40; k++) {
				AUTO_FREE char *text = xasprintf("{" ALLOW_ALL ", 'x': %d}", (i + k) % 3);
				AUTO_JSON json_t *seccomp = profile(text);
				size_t n = strlen(text);
				struct runc_filter f = RUNC_FILTER_INIT;
				const struct seccomp_data d = { .nr = 0, .arch = AUDIT_ARCH_S390X };
				struct err err;

				if (k % 2)
					runc_seccomp_recall(text, n, &f);
				if (!f.n && runc_seccomp_build(seccomp, &f, &err))
					_exit(1);
				if (f.n && bpf_run(f.bpf, f.n, &d) != SECCOMP_RET_KILL_THREAD)
					_exit(1);
				runc_seccomp_remember(text, n, &f);
				runc_seccomp_free(&f);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		failed += status != 0;
	EQ_INT(failed, 0);
	CU_ASSERT(in_shell("! ls " CACHE "/*.tmp 2>/dev/null"));
}

static bool is_kept(const char *text)
{
	struct runc_filter f = RUNC_FILTER_INIT;
	bool yes = runc_seccomp_recall(text, strlen(text), &f);

	runc_seccomp_free(&f);
	return yes;
}

/* A user without a right to the system's directory has one of his own. */
static void own_place(void)
{
	static const char text[] = "a profile";
	static const struct sock_filter allow = { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW };
	static const struct runc_filter f = { .bpf = &allow, .n = 1 };
	AUTO_FREE char *runtime = xasprintf("%s/xdg", test_dir);
	AUTO_FREE char *ours = xasprintf("ls %s/dockyard/seccomp/?? >/dev/null", runtime);
	int status;

	CU_ASSERT(!mkdir(runtime, 0700) && !chown(runtime, 1000, 1000));
	fflush(NULL);
	if (!fork()) {
		if (setgid(1000) || setuid(1000) || is_kept(text))
			_exit(1);
		unsetenv("XDG_RUNTIME_DIR");
		runc_seccomp_remember(text, strlen(text), &f);
		if (is_kept(text)) /* no place, and no harm */
			_exit(2);
		setenv("XDG_RUNTIME_DIR", runtime, 1);
		runc_seccomp_remember(text, strlen(text), &f);
		_exit(is_kept(text) ? 0 : 3);
	}
	wait(&status);
	EQ_INT(status, 0);
	CU_ASSERT(in_shell(ours));
	CU_ASSERT(!is_kept(text));
}

CU_TestInfo seccomp_profile_tests[] = {
	{ "filters are kept, for the same profile only", kept },
	{ "bad profiles are refused by the property's path", refused },
	{ "good profiles, and the default of flags", accepted },
	{ "Docker's profile, call by call", docker_verdicts },
	{ "the filter is known, the agent is read", with_an_agent },
	{ "what looks like the profile", decoys },
	{ "errors beside a known profile", errors_beside_it },
	{ "kept filters that are not believed", not_believed },
	{ "many writers", writers },
	{ "a place of one's own", own_place },
	CU_TEST_INFO_NULL,
};
