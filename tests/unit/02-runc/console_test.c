/*
 * console_test.c - terminals by console socket, and in the foreground.
 */
#include "suite.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/tty.h"

/* What the terminal says until it is closed, at most for a few seconds. */
static char *listen_to(int master)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct pollfd p = { .fd = master, .events = POLLIN };
	char buf[512];
	ssize_t n;

	strbuf_adds(&sb, "");
	while (poll(&p, 1, 5000) > 0 && (n = read(master, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != '\r')
				strbuf_addc(&sb, buf[i]);
	return strbuf_steal(&sb);
}

static int accept_master(int listener)
{
	AUTO_CLOSE int sock = accept(listener, NULL, NULL);
	struct err err = { .msg = "" };
	char text[64];
	int fd = kern_fd_recv(sock, text, sizeof text, &err);

	if (fd < 0)
		fprintf(stderr, "\n%s\n", err.msg);
	return fd;
}

static void console_socket(void)
{
	AUTO_FREE char *path = xasprintf("%s/console", test_dir), *said = NULL;
	AUTO_JSON json_t *config = spec();
	AUTO_CLOSE int listener = -1, master = -1;
	struct err err;

	set(config, "process.terminal", "true");
	set(config, "process.consoleSize", "{'height': 33, 'width': 99}");
	set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
	script(config, "tty; stty size; stat -c %u /dev/pts/0; test -t 0 -a -t 1 -a -t 2 && echo all; "
	       "echo to console >/dev/console; ls -1 /dev/pts; readlink /proc/self/fd/0");
	listener = kern_unix_listen(path, 0600, &err);
	CU_ASSERT_FATAL(listener >= 0);
	EQ_INT(runc("create", "--console-socket", path, "-b", bundle(config), new_id(), NULL).status, 0);
	master = accept_master(listener);
	CU_ASSERT_FATAL(master >= 0);
	EQ_INT(runc("start", id, NULL).status, 0);
	said = listen_to(master);
	EQ_STR(said, "/dev/pts/0\n33 99\n1000\nall\nto console\n0\nptmx\n/dev/pts/0\n");
	CU_ASSERT(wait_status("stopped"));
	stop();
	NOTHING_LEFT();
}

static void exec_with_terminal(void)
{
	AUTO_FREE char *path = xasprintf("%s/console2", test_dir), *said = NULL;
	AUTO_CLOSE int listener = -1, master = -1;
	json_t *config = spec();
	struct err err;

	set(config, "process.args", "['sleep', '1000']");
	if (!start(config))
		return;
	listener = kern_unix_listen(path, 0600, &err);
	EQ_INT(runc("exec", "-d", "-t", "--console-socket", path, id, "sh", "-c", "tty; sleep 0.2",
		    NULL).status, 0);
	master = accept_master(listener);
	CU_ASSERT_FATAL(master >= 0);
	said = listen_to(master);
	EQ_STR(said, "/dev/pts/0\n");
	/* In the foreground runc itself stands between. */
	HAS(runc("exec", "-t", id, "tty", NULL).out, "/dev/pts/");
	EQ_INT(runc("exec", "-t", id, "sh", "-c", "exit 6", NULL).status, 6);
	FAILS(runc("exec", "-d", "-t", id, "tty", NULL), 255, "without setting console socket");
	stop();
	NOTHING_LEFT();
}

static void foreground(void)
{
	json_t *config = spec();

	set(config, "process.terminal", "true");
	script(config, "tty; seq 1 3000; exit 5");
	struct result r = run(config);

	EQ_INT(r.status, 5);
	HAS(r.out, "/dev/pts/0");
	HAS(r.out, "\n3000\n"); /* down to the last line, and no carriage returns added */
	NOTHING_LEFT();
}

static void refused(void)
{
	AUTO_JSON json_t *with = spec(), *without = spec();

	set(with, "process.terminal", "true");
	FAILS(runc("create", "-b", bundle(with), new_id(), NULL), 1, "without setting console socket");
	FAILS(runc("create", "--console-socket", "/nowhere", "-b", bundle(with), new_id(), NULL), 1,
	      "console socket");
	FAILS(runc("create", "--console-socket", "/nowhere", "-b", bundle(without), new_id(), NULL), 1,
	      "cannot use console socket");
	set(with, "mounts", "[{'destination': '/proc', 'type': 'proc'}]");
	FAILS(runc("run", "-b", bundle(with), new_id(), NULL), 1, "needs a mount of devpts");
	NOTHING_LEFT();
}

/* The process that exec adds is killed before it can send its terminal: it comes into a
 * group that is frozen, and that is then ended. */
static void killed_before_it_sends(void)
{
	json_t *config = spec();
	int status = -1, waited = 0;
	pid_t pid;

	set(config, "process.args", "['sleep', '1000']");
	CU_ASSERT_FATAL(start(config));
	EQ_INT(runc("pause", id, NULL).status, 0);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(runc("exec", "--ignore-paused", "-t", id, "true", NULL).status);
	usleep(500 * 1000);
	EQ_INT(runc("delete", "--force", id, NULL).status, 0);
	while (!waitpid(pid, &status, WNOHANG) && ++waited < 1000)
		usleep(10 * 1000);
	CU_ASSERT(waited < 1000);
	if (waited == 1000)
		kill(pid, SIGKILL);
	EQ_INT(WEXITSTATUS(status), 255);
	NOTHING_LEFT();
}

/* More input than a terminal holds, for a program that reads none: all else goes on. */
static void unread_input(void)
{
	static const char input[] = "{ head -c 40000 /dev/zero | tr '\\0' y; sleep 20; }";
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *run = NULL, *exec = NULL;

	set(config, "process.terminal", "true");
	script(config, "stty -echo raw; sleep 1; echo said; exit 7");
	run = xasprintf("exec timeout -s KILL 15 %s --root %s/runc run -b %s %s < <(%s)", runc_path, test_dir,
			bundle(config), new_id(), input);
	{
		struct result r = run_program((char *[]){ "bash", "-c", run, NULL });

		EQ_INT(r.status, 7);
		HAS(r.out, "said");
	}
	config = (json_decref(config), spec());
	set(config, "process.args", "['sleep', '1000']");
	CU_ASSERT_FATAL(start(json_incref(config)));
	exec = xasprintf("exec timeout -s KILL 15 %s --root %s/runc exec -t %s sh -c 'stty -echo raw; sleep 1; exit 8' < <(%s)",
			 runc_path, test_dir, id, input);
	EQ_INT(run_program((char *[]){ "bash", "-c", exec, NULL }).status, 8);
	stop();
	NOTHING_LEFT();
}

CU_TestInfo console_tests[] = {
	{ "--console-socket", console_socket },
	{ "exec --tty", exec_with_terminal },
	{ "killed before it sends its terminal", killed_before_it_sends },
	{ "run in the foreground", foreground },
	{ "input that nobody reads", unread_input },
	{ "what cannot work is refused", refused },
	CU_TEST_INFO_NULL,
};
