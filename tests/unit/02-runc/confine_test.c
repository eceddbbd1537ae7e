/*
 * confine_test.c - what config.json asks for is what the program finds around
 * itself: each is looked at from inside.
 */
#include "suite.h"

#include <sys/resource.h>
#include <sys/stat.h>

static void capabilities(void)
{
	json_t *config = spec();

	script(config, "grep Cap /proc/self/status");
	set(config, "process.capabilities", "{'bounding': ['CAP_KILL', 'CAP_CHOWN', 'CAP_NOPE'], "
	    "'permitted': ['CAP_KILL', 'CAP_CHOWN'], 'effective': ['CAP_KILL'], "
	    "'inheritable': ['CAP_KILL'], 'ambient': ['CAP_KILL']}");
	/* execve as root gives permitted = bounding, effective = all of it (capabilities(7)). */
	PRINTS(run(config), "CapInh:\t0000000000000020\nCapPrm:\t0000000000000021\n"
	       "CapEff:\t0000000000000021\nCapBnd:\t0000000000000021\nCapAmb:\t0000000000000020\n");
	/* Another user keeps what is ambient. */
	config = spec();
	script(config, "grep Cap /proc/self/status");
	set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
	set(config, "process.capabilities", "{'bounding': ['CAP_KILL'], 'permitted': ['CAP_KILL'], "
	    "'effective': ['CAP_KILL'], 'inheritable': ['CAP_KILL'], 'ambient': ['CAP_KILL']}");
	PRINTS(run(config), "CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\n"
	       "CapEff:\t0000000000000020\nCapBnd:\t0000000000000020\nCapAmb:\t0000000000000020\n");
	config = spec();
	script(config, "grep Cap /proc/self/status");
	set(config, "process.capabilities", "null");
	PRINTS(run(config), "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
	       "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}

static void identity(void)
{
	json_t *config = spec();

	script(config, "id -u; id -g; id -G; umask; pwd; echo $HOME; echo $A");
	set(config, "process.user",
	    "{'uid': 1000, 'gid': 100, 'additionalGids': [5, 6], 'umask': 63}");
	set(config, "process.cwd", "'/tmp'");
	set(config, "process.env", "['PATH=/bin', 'A=1', 'A=2']"); /* the last one, as runc does */
	PRINTS(run(config), "1000\n100\n100 5 6\n0077\n/tmp\n/home/user\n2\n");
	config = spec();
	script(config, "echo $HOME; id -G; umask"); /* 0022 without one, as runc and crun */
	set(config, "process.user", "{'uid': 4711}");
	PRINTS(run(config), "/\n0\n0022\n");
	config = spec();
	script(config, "echo $HOME");
	append(config, "process.env", "'HOME=/given'");
	PRINTS(run(config), "/given\n");
}

static void working_directory(void)
{
	const char *root;
	AUTO_JSON json_t *config = spec();
	struct stat st;

	script(config, "pwd");
	set(config, "process.cwd", "'/made/on/demand'");
	PRINTS(runc("run", "-b", own_bundle(config, &root), new_id(), NULL), "/made/on/demand\n");
	AUTO_FREE char *made = xasprintf("%s/made/on/demand", root);

	CU_ASSERT(!stat(made, &st) && (st.st_mode & 0777) == 0755);
}

static void seccomp_filter(void)
{
	static const char profile[] = "{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': "
		"['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'], 'syscalls': ["
		"{'names': ['sethostname', 'no_such_call'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95},"
		"{'names': ['kill'], 'action': 'SCMP_ACT_ERRNO', 'args': "
		"[{'index': 1, 'value': 12, 'op': 'SCMP_CMP_EQ'}]}]}";
	static const char want[] = "hostname: sethostname: Operation not supported\n"
		"sh: can't kill pid 1: Operation not permitted\nallowed\nSeccomp:\t2\n";

	/* With no_new_privs the filter is loaded last, without it before the ids. */
	for (int nnp = 0; nnp < 2; nnp++) {
		json_t *config = spec();
		struct result r;

		script(config, "hostname x 2>&1; kill -12 1 2>&1; kill -0 1 && echo allowed; "
		       "grep Seccomp: /proc/self/status");
		set(config, "process.noNewPrivileges", nnp ? "true" : "false");
		set(config, "linux.seccomp", "%s", profile);
		r = run(config);
		HAS(r.out, "Operation not permitted");
		HAS(r.out, "allowed\nSeccomp:\t2\n");
		HAS(r.out, strchr(want, '\n'));
	}
}

static void no_new_privileges(void)
{
	json_t *config = spec();

	script(config, "grep NoNewPrivs /proc/self/status");
	PRINTS(run(config), "NoNewPrivs:\t1\n");
	config = spec();
	script(config, "grep NoNewPrivs /proc/self/status");
	set(config, "process.noNewPrivileges", "false");
	PRINTS(run(config), "NoNewPrivs:\t0\n");
}

static void limits(void)
{
	struct rlimit now;
	json_t *config = spec();

	script(config, "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc");
	set(config, "process.rlimits", "[{'type': 'RLIMIT_NOFILE', 'soft': 99, 'hard': 100}, "
	    "{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 512}]");
	PRINTS(run(config), "99\n100\n0\n1\n");
	/* One that the runtime itself could not have done its work with. */
	config = spec();
	script(config, "ulimit -Sn");
	set(config, "process.rlimits", "[{'type': 'RLIMIT_NOFILE', 'soft': 10, 'hard': 10}]");
	PRINTS(run(config), "10\n");
	/* A hard limit above our own: allowed with CAP_SYS_RESOURCE, else an error and
	 * never a silently lower limit. */
	getrlimit(RLIMIT_NOFILE, &now);
	config = spec();
	script(config, "ulimit -Hn");
	set(config, "process.rlimits", "[{'type': 'RLIMIT_NOFILE', 'soft': 10, 'hard': %lu}]",
	    (unsigned long)now.rlim_max + 1);
	struct result r = run(config);

	if (!r.status)
		EQ_INT(atol(r.out), (long)now.rlim_max + 1);
	else
		FAILS(r, 1, "needs CAP_SYS_RESOURCE");
	NOTHING_LEFT();
}

static void oom_score(void)
{
	json_t *config = spec();

	script(config, "cat /proc/self/oom_score_adj");
	set(config, "process.oomScoreAdj", "321");
	PRINTS(run(config), "321\n");
}

static void masks(void)
{
	json_t *config = spec();

	script(config, "cat /proc/timer_list /proc/keys /etc/plain /bin/link; ls /tmp; "
	       "echo x >/tmp/y || echo no; echo 0 >/proc/sys/kernel/panic || echo ro; "
	       "echo x >/proc/sysrq-trigger || echo ro2; touch /etc/new || echo ro3");
	set(config, "linux.maskedPaths", "['/proc/timer_list', '/proc/keys', '/etc/plain', '/tmp', "
	    "'/proc/none']");
	append(config, "linux.readonlyPaths", "'/no/such/path'");
	struct result r = run(config);

	EQ_INT(r.status, 0);
	EQ_STR(r.out, "no\nro\nro2\nro3\n");
	HAS(r.err, "Read-only file system");
	HAS(r.err, "can't open '/bin/link'");
}

static void readonly_root(void)
{
	json_t *config = spec();
	const char *root;

	script(config, "touch /x || echo ro; touch /dev/x && echo dev");
	PRINTS(run(config), "ro\ndev\n");
	AUTO_JSON json_t *writable = spec();

	script(writable, "touch /x && echo rw");
	PRINTS(runc("run", "-b", own_bundle(writable, &root), new_id(), NULL), "rw\n");
}

static void namespaces(void)
{
	json_t *config = spec();
	AUTO_FREE char *want = NULL;
	char link[64];
	ssize_t n = readlink("/proc/self/ns/net", link, sizeof link - 1);

	link[n > 0 ? n : 0] = '\0';
	script(config, "readlink /proc/self/ns/net; hostname; echo $$");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'pid'}, {'type': 'uts'}, "
	    "{'type': 'network', 'path': '/proc/%d/ns/net'}, {'type': 'ipc'}]", (int)getpid());
	set(config, "hostname", "'inside'");
	want = xasprintf("%s\ninside\n1\n", link);
	PRINTS(run(config), want);
	config = spec();
	script(config, "readlink /proc/self/ns/net");
	CU_ASSERT(strcmp(run(config).out, link) != 0);
	/* A new network namespace has its loopback up. */
	config = spec();
	script(config, "cat /proc/net/dev | grep -c lo:; grep -c 127.0.0.1 /proc/net/fib_trie");
	HAS(run(config).out, "1\n");
	config = spec();
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'pid'}, {'type': 'uts'}, "
	    "{'type': 'network', 'path': '/proc/self/ns/ipc'}]");
	FAILS(run(config), 1, "join the network namespace");
	NOTHING_LEFT();
}

/* Two containers, one pid namespace, as the containers of a pod may have it. */
static void joined_pid_namespace(void)
{
	AUTO_JSON json_t *state = NULL, *second = spec();
	json_t *config = spec();
	char first[64];

	set(config, "process.args", "['sleep', '777']");
	if (!start(config))
		return;
	strcpy(first, id);
	state = json_loads(runc("state", first, NULL).out, 0, NULL);
	set(second, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc'}, "
	    "{'type': 'pid', 'path': '/proc/%d/ns/pid'}]", (int)jsonx_int(state, "pid", 0));
	script(second, "ps -o args | grep -c '^sleep 777'; test $$ != 1 && echo not 1");
	PRINTS(runc("run", "-b", bundle(second), new_id(), NULL), "1\nnot 1\n");
	strcpy(id, first);
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

static void sysctls(void)
{
	json_t *config = spec();

	script(config, "cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_default_ttl");
	set(config, "linux.sysctl", "{'kernel.shmmni': '77', 'net.ipv4.ip_default_ttl': '42'}");
	PRINTS(run(config), "77\n42\n");
	config = spec();
	set(config, "linux.sysctl", "{'vm.swappiness': '1'}");
	FAILS(run(config), 1, "sysctl \"vm.swappiness\" is not in a separate kernel namespace");
	config = spec();
	set(config, "linux.sysctl", "{'net.ipv4.ip_default_ttl': '42'}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}]");
	FAILS(run(config), 1, "not allowed in host network namespace");
	config = spec();
	set(config, "linux.sysctl", "{'net/../kernel/panic': '1'}");
	FAILS(run(config), 1, "is no setting");
	NOTHING_LEFT();
}

static void domain_and_personality(void)
{
	json_t *config = spec();

	set(config, "domainname", "'example.org'");
	set(config, "linux.personality", "{'domain': 'LINUX32'}");
	script(config, "cat /proc/sys/kernel/domainname; busybox uname -m");
	struct result r = run(config);

	HAS(r.out, "example.org\n");
	CU_ASSERT(!strstr(r.out, "x86_64"));
}

static void file_descriptors(void)
{
	json_t *config = spec();
	AUTO_JSON json_t *owned = config;
	AUTO_FREE char *cmd = NULL;
	struct result r;

	script(config, "ls /proc/self/fd; cat <&3; cat <&4 2>/dev/null || echo no 4");
	cmd = xasprintf("exec %s --root %s/runc run --preserve-fds 1 -b %s %s 3<<EOF 4</etc/passwd "
			"9</etc/passwd\nthree\nEOF\n", runc_path, test_dir, bundle(config), new_id());
	r = run_program((char *[]){ "sh", "-c", cmd, NULL });
	EQ_INT(r.status, 0);
	HAS(r.out, "three\nno 4\n");
	r = runc("run", "--preserve-fds", "3", "-b", bundle(config), new_id(), NULL);
	FAILS(r, 1, "file descriptor 3 is not open");
	NOTHING_LEFT();
}

CU_TestInfo confine_tests[] = {
	{ "capabilities", capabilities },
	{ "user, groups, umask, environment", identity },
	{ "the working directory is made", working_directory },
	{ "seccomp", seccomp_filter },
	{ "noNewPrivileges", no_new_privileges },
	{ "rlimits", limits },
	{ "oomScoreAdj", oom_score },
	{ "masked and read-only paths", masks },
	{ "a read-only root", readonly_root },
	{ "namespaces, new and joined", namespaces },
	{ "a joined pid namespace", joined_pid_namespace },
	{ "sysctl", sysctls },
	{ "domainname and personality", domain_and_personality },
	{ "only the descriptors that are to be preserved", file_descriptors },
	CU_TEST_INFO_NULL,
};
