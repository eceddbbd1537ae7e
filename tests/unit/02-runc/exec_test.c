/*
 * exec_test.c - one more process in a running container.
 */
#include "suite.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static bool begin(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	append(config, "process.env", "'FROM=config'");
	return start(config);
}

static void output_and_status(void)
{
	struct result r;

	if (!begin())
		return;
	PRINTS(runc("exec", id, "echo", "-n", "hello", NULL), "hello");
	r = runc("exec", id, "sh", "-c", "echo o; echo e >&2; exit 7", NULL);
	EQ_INT(r.status, 7);
	EQ_STR(r.out, "o\n");
	EQ_STR(r.err, "e\n");
	EQ_INT(runc("exec", id, "sh", "-c", "kill -9 $$", NULL).status, 137);
	FAILS(runc("exec", id, "nope", NULL), 255, "exec failed: unable to start container "
	      "process: exec: \"nope\": executable file not found in $PATH");
	FAILS(runc("exec", id, "/etc/passwd", NULL), 255, "permission denied");
	FAILS(runc("exec", "--cwd", "/nope", id, "true", NULL), 255, "chdir to cwd (\"/nope\")");
	FAILS(runc("exec", "nobody", "true", NULL), 255, "container does not exist");
	FAILS(runc("exec", id, NULL), 255, "a command to run, or --process, is needed");
	stop();
	NOTHING_LEFT();
}

/* It is where the container is: namespaces, cgroup, root. */
static void same_place(void)
{
	struct result r;
	char want[64];

	if (!begin())
		return;
	r = runc("exec", id, "sh", "-c",
		 "for n in ipc mnt net pid uts cgroup; do test $(readlink /proc/self/ns/$n) = "
		 "$(readlink /proc/1/ns/$n) || echo differs: $n; done; "
		 "cmp=$(cat /proc/1/cgroup); test \"$cmp\" = \"$(cat /proc/self/cgroup)\" || echo cgroup; "
		 "hostname; ps -o pid,args | awk '$1 == 1 { print $2 }'", NULL);
	PRINTS(r, "runc\nsleep\n");
	r = runc("ps", "--format", "json", id, NULL);
	snprintf(want, sizeof want, "[");
	HAS(r.out, want);
	stop();
	NOTHING_LEFT();
}

static void options(void)
{
	if (!begin())
		return;
	PRINTS(runc("exec", "-e", "A=1", "--env", "A=2", id, "sh", "-c", "echo $A $FROM", NULL),
	       "2 config\n");
	PRINTS(runc("exec", "--cwd", "/etc", id, "pwd", NULL), "/etc\n");
	PRINTS(runc("exec", "--user", "1000:1001", "-g", "5", "-g", "6", id, "sh", "-c",
		    "id -u; id -g; id -G; echo $HOME", NULL), "1000\n1001\n1001 5 6\n/home/user\n");
	PRINTS(runc("exec", id, "sh", "-c", "echo $HOME", NULL), "/root\n");
	PRINTS(runc("exec", "--cap", "CAP_SYS_TIME", id, "sh", "-c",
		    "grep CapEff /proc/self/status | cut -f2", NULL), "0000000022000420\n");
	FAILS(runc("exec", "--user", "root", id, "true", NULL), 255, "--user: 'root' is not uid");
	FAILS(runc("exec", "-e", "NOVALUE", id, "true", NULL), 255, "invalid environment variable");
	stop();
	NOTHING_LEFT();
}

static void process_file(void)
{
	AUTO_FREE char *path = xasprintf("%s/process.json", test_dir);
	AUTO_FREE char *pid_file = xasprintf("%s/exec-pid", test_dir), *pid = NULL;

	if (!begin())
		return;
	write_file(test_dir, "process.json", "{\"args\": [\"sh\", \"-c\", \"echo $A; id -u; "
		   "grep CapEff /proc/self/status | cut -f2; grep NoNewPrivs /proc/self/status | "
		   "cut -f2; pwd; umask\"], \"env\": [\"A=file\", \"PATH=/bin\"], \"cwd\": \"/tmp\", "
		   "\"user\": {\"uid\": 5, \"umask\": 18}, \"noNewPrivileges\": true}");
	PRINTS(runc("exec", "--process", path, id, NULL),
	       "file\n5\n0000000000000000\n1\n/tmp\n0022\n");
	write_file(test_dir, "process.json", "{\"args\": [\"sleep\", \"1000\"], \"env\": "
		   "[\"PATH=/bin\"], \"cwd\": \"/\"}");
	EQ_INT(runc("exec", "-d", "--pid-file", pid_file, "-p", path, id, NULL).status, 0);
	pid = read_file(pid_file);
	CU_ASSERT(atoi(pid) > 1 && !kill(atoi(pid), 0));
	PRINTS(runc("exec", id, "sh", "-c", "ps -o args | grep -c '^sleep 1000'", NULL), "2\n");
	write_file(test_dir, "process.json", "{\"args\": []}");
	FAILS(runc("exec", "-p", path, id, NULL), 255, "process.json: ");
	stop();
	NOTHING_LEFT();
}

/* The container's own filter and limits hold for what is added to it. */
static void confined_alike(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': "
	    "['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95}]}");
	set(config, "root.readonly", "false");
	if (!start(config))
		return;
	PRINTS(runc("exec", id, "sh", "-c", "mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status; "
		    "ulimit -n", NULL),
	       "mkdir: can't create directory '/tmp/x': Operation not supported\nSeccomp:\t2\n1024\n");
	stop();
	NOTHING_LEFT();
}

/* By how many the container's session keyring is used (proc(5), /proc/keys); -1: there
 * is none, or the machine has no keyrings. */
static int keyring_users(void)
{
	AUTO_FREE char *keys = read_file("/proc/keys"), *name = xasprintf("_ses.%s:", id);
	char *at = strstr(keys, name), *line;
	int users = -1;

	if (!at)
		return -1;
	*at = '\0';
	line = strrchr(keys, '\n');
	sscanf(line ? line + 1 : keys, "%*x %*s %d", &users);
	return users;
}

/* Not the session keyring of whoever calls exec, in which his secrets are. */
static void session_keyring(void)
{
	for (int stay = 0; stay < 2; stay++) {
		AUTO_JSON json_t *config = spec();
		int before;

		set(config, "process.args", "['sleep', '1000']");
		EQ_INT(runc("create", "-b", bundle(config), stay ? "--no-new-keyring" : "--no-pivot=false",
			    new_id(), NULL).status, 0);
		EQ_INT(runc("start", id, NULL).status, 0);
		before = keyring_users();
		EQ_INT(runc("exec", "-d", id, "sleep", "1000", NULL).status, 0);
		if (!access("/proc/keys", F_OK))
			CU_ASSERT(stay ? keyring_users() == -1 : keyring_users() > before);
		stop();
	}
	NOTHING_LEFT();
}

CU_TestInfo exec_tests[] = {
	{ "output and exit status", output_and_status },
	{ "in the container's namespaces and cgroup", same_place },
	{ "options", options },
	{ "--process and --detach", process_file },
	{ "the container's seccomp filter and limits", confined_alike },
	{ "the container's session keyring", session_keyring },
	CU_TEST_INFO_NULL,
};
