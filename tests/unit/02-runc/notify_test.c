/*
 * notify_test.c - SCMP_ACT_NOTIFY with an agent: a process of the test's that takes
 * listeners on a socket and decides ("Seccomp" and "The Container Process State" in
 * config-linux.md; seccomp_unotify(2)).
 */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "01-kernel/tty.h"
#include "02-runc/config.h"

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

#define MAX_LISTENERS 32
#define MKDIR "'mkdir', 'mkdirat'"
/* All that init and busybox might call between the load and the end, but write. */
#define EVERYTHING "'read', 'close', 'openat', 'open', 'execve', 'sendto', 'sendmsg', 'recvfrom', 'recvmsg', " \
	"'capset', 'prctl', 'futex', 'exit', 'fcntl', 'readlink', 'brk', 'mmap', 'munmap', 'arch_prctl', " \
	"'set_tid_address', 'exit_group'"

/* ---- the agent ---------------------------------------------------------------- */

static pid_t agent;
static char socket_path[96], states_path[96];

/* The path that a call names, out of the caller's memory. */
static void path_of(const struct seccomp_notif *call, char path[64])
{
	AUTO_FREE char *mem = xasprintf("/proc/%u/mem", call->pid);
	AUTO_CLOSE int fd = open(mem, O_RDONLY);
	uint64_t at = call->data.args[call->data.nr == SYS_openat || call->data.nr == SYS_mkdirat];
	ssize_t n = pread(fd, path, 63, (off_t)at);

	path[n > 0 ? n : 0] = '\0';
}

/* A file of the agent's becomes the caller's, as the result of its open (ADDFD). */
static void give_file(int listener, const struct seccomp_notif *call)
{
	AUTO_CLOSE int file = memfd_create("given", 0);
	struct seccomp_notif_addfd add = { .id = call->id, .srcfd = (unsigned)file,
					   .flags = SECCOMP_ADDFD_FLAG_SEND };

	if (write(file, "from the agent\n", 15) == 15 && !lseek(file, 0, SEEK_SET))
		ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
}

/* By the last word of the path: a value, an errno, a descriptor; else "go on". */
static void decide(int listener)
{
	struct seccomp_notif call = { .id = 0 };
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	char path[64];

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;
	path_of(&call, path);
	resp.id = call.id;
	if (strstr(path, "/value"))
		resp.flags = 0;
	if (strstr(path, "/errno"))
		resp = (struct seccomp_notif_resp){ .id = call.id, .error = -ENOMEDIUM };
	if (strstr(path, "/given"))
		give_file(listener, &call);
	else
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* One state per connection, which is closed then: all of it, and its one descriptor. */
static int take(int server)
{
	AUTO_CLOSE int sock = accept(server, NULL, NULL);
	AUTO_FCLOSE FILE *f = fopen(states_path, "a");
	char text[4096];
	struct err err;
	int listener = kern_fd_recv(sock, text, sizeof text, &err);
	ssize_t n = 0;

	do
		fprintf(f, "%.*s", n ? (int)n : (int)strlen(text), text);
	while ((n = read(sock, text, sizeof text)) > 0);
	fprintf(f, n ? "not closed\n" : "\n");
	return listener;
}

__attribute__((noreturn)) static void serve(int server, bool dies)
{
	struct pollfd p[MAX_LISTENERS + 1] = { { .fd = server, .events = POLLIN } };
	nfds_t n = 1;

	for (;;) {
		poll(p, n, -1);
		if (p[0].revents && n <= MAX_LISTENERS) {
			p[n++] = (struct pollfd){ .fd = take(server), .events = POLLIN };
			if (dies)
				_exit(0);
		}
		for (nfds_t i = 1; i < n; i++) {
			if (p[i].revents & POLLIN) {
				decide(p[i].fd);
			} else if (p[i].revents) { /* nobody is bound by this filter any more */
				close(p[i].fd);
				p[i--] = p[--n];
			}
			p[i].revents = 0;
		}
	}
}

/* Listening, when this returns. `dies`: as soon as it has a listener. */
static void start_agent(bool dies)
{
	struct err err;
	int server;

	snprintf(socket_path, sizeof socket_path, "%s/agent.sock", test_dir);
	snprintf(states_path, sizeof states_path, "%s/agent.states", test_dir);
	write_file(test_dir, "agent.states", "");
	server = kern_unix_listen(socket_path, 0600, &err);
	if (server < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(2);
	}
	fflush(NULL);
	agent = fork();
	if (!agent)
		serve(server, dies);
	close(server);
}

static void stop_agent(void)
{
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	unlink(socket_path);
}

/* The n-th state that the agent got, New. */
static json_t *state_at(int n)
{
	AUTO_FREE char *states = read_file(states_path);
	char *line = states, *end;

	while (n-- && (line = strchr(line, '\n')))
		line++;
	end = line ? strchr(line, '\n') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	return json_loads(line, 0, NULL);
}

static void set_notify(json_t *config, bool no_new_privs, const char *names)
{
	set(config, "process.noNewPrivileges", no_new_privs ? "true" : "false");
	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '%s', "
	    "'listenerMetadata': 'the metadata', 'syscalls': [{'names': [%s], 'action': "
	    "'SCMP_ACT_NOTIFY'}]}", socket_path, names);
}

/* ---- what an agent can do --------------------------------------------------------- */

static void answers(void)
{
	start_agent(false);
	for (int nnp = 0; nnp < 2; nnp++) {
		AUTO_JSON json_t *config = spec();
		const char *root;

		script(config, "mkdir /tmp/value; test -d /tmp/value && echo no; mkdir /tmp/errno 2>&1; "
		       "mkdir /tmp/real; test -d /tmp/real && echo real; cat /tmp/given");
		set_notify(config, nnp, MKDIR ", 'openat', 'open'");
		PRINTS(runc("run", "-b", own_bundle(config, &root), new_id(), NULL),
		       "mkdir: can't create directory '/tmp/errno': No medium found\nreal\nfrom the agent\n");
	}
	stop_agent();
	NOTHING_LEFT();
}

static void check_state(const json_t *doc, const char *status, int pid, int init)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
	EQ_STR(jsonx_str(doc, "ociVersion", ""), RUNC_SPEC_VERSION);
	EQ_INT((long)json_array_size(json_object_get(doc, "fds")), 1);
	EQ_STR(json_string_value(json_array_get(json_object_get(doc, "fds"), 0)), "seccompFd");
	EQ_STR(jsonx_str(doc, "metadata", ""), "the metadata");
	EQ_INT(jsonx_int(doc, "pid", 0), pid);
	doc = json_object_get(doc, "state");
	EQ_STR(jsonx_str(doc, "ociVersion", ""), RUNC_SPEC_VERSION);
	EQ_STR(jsonx_str(doc, "id", ""), id);
	EQ_STR(jsonx_str(doc, "status", ""), status);
	EQ_INT(jsonx_int(doc, "pid", 0), init);
	CU_ASSERT(str_starts(jsonx_str(doc, "bundle", ""), test_dir));
	EQ_STR(jsonx_str(json_object_get(doc, "annotations"), "key", ""), "value");
}

/* A process of `exec` has a filter and a listener of its own. */
static void states(void)
{
	AUTO_FREE char *pid_file = xasprintf("%s/pid", test_dir), *pid = NULL;
	AUTO_JSON json_t *first = NULL, *second = NULL, *state = NULL;
	json_t *config = spec();
	int init;

	start_agent(false);
	set(config, "process.args", "['sleep', '1000']");
	set(config, "annotations", "{'key': 'value'}");
	set_notify(config, true, MKDIR);
	if (start(config)) {
		state = json_loads(runc("state", id, NULL).out, 0, NULL);
		init = (int)jsonx_int(state, "pid", 0);
		first = state_at(0);
		check_state(first, "creating", init, init);
		PRINTS(runc("exec", "--pid-file", pid_file, id, "sh", "-c", "mkdir /tmp/errno 2>&1; true",
			    NULL), "mkdir: can't create directory '/tmp/errno': No medium found\n");
		second = state_at(1);
		pid = read_file(pid_file);
		check_state(second, "running", atoi(pid), init);
		stop();
	}
	stop_agent();
	NOTHING_LEFT();
}

/* More than a socket takes at once. */
static void long_state(void)
{
	AUTO_FREE char *big = xcalloc(1, 600001);
	AUTO_JSON json_t *config = spec(), *doc = NULL;

	memset(big, 'x', 600000);
	start_agent(false);
	set_notify(config, true, MKDIR);
	set(config, "annotations", "{'key': '%s'}", big);
	EQ_INT(runc("run", "-b", bundle(config), new_id(), NULL).status, 0);
	doc = state_at(0);
	EQ_INT((long)strlen(jsonx_str(json_object_get(json_object_get(doc, "state"), "annotations"), "key",
				      "")), 600000);
	stop_agent();
	NOTHING_LEFT();
}

/* ---- nobody waits for ever ----------------------------------------------------------- */

/* An agent may watch all of init's own calls. */
static void everything(void)
{
	start_agent(false);
	for (int nnp = 0; nnp < 2; nnp++) {
		json_t *config = spec();

		set_notify(config, nnp, EVERYTHING);
		EQ_INT(run(json_incref(config)).status, 0);
		script(config, "sleep 1000");
		if (start(config)) {
			EQ_INT(runc("exec", id, "true", NULL).status, 0);
			stop();
		}
	}
	stop_agent();
	NOTHING_LEFT();
}

/* Descriptors are no one else's: not the program's, not a hook's. */
static void no_descriptor(void)
{
	json_t *config = spec();

	start_agent(false);
	script(config, "ls /proc/self/fd | wc -l"); /* 0, 1, 2 and that of ls */
	set_notify(config, true, MKDIR);
	set(config, "hooks", "{'startContainer': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'test $(ls /proc/self/fd | wc -l) = 4'], 'env': ['PATH=/bin']}]}");
	PRINTS(run(config), "4\n");
	stop_agent();
	NOTHING_LEFT();
}

static void no_agent(void)
{
	static const char *const paths[] = { "/no/such/socket", "@no-such-agent" };

	for (size_t i = 0; i < 2; i++)
		for (int nnp = 0; nnp < 2; nnp++) {
			AUTO_JSON json_t *config = spec();

			snprintf(socket_path, sizeof socket_path, "%s", paths[i]);
			set_notify(config, nnp, MKDIR);
			FAILS(runc("run", "-b", bundle(config), new_id(), NULL), 1,
			      "failed to connect with seccomp agent");
			FAILS(runc("create", "-b", bundle(config), new_id(), NULL), 1,
			      "failed to connect with seccomp agent");
			NOTHING_LEFT();
		}
}

/* The agent goes while the container runs: its calls do not exist any more. What is
 * added then is refused, and what runs is left alone. */
static void agent_goes(void)
{
	json_t *config = spec();

	start_agent(false);
	script(config, "sleep 1000");
	set_notify(config, false, MKDIR);
	if (start(config)) {
		stop_agent();
		FAILS(runc("exec", id, "true", NULL), 255, "failed to connect with seccomp agent");
		EQ_STR(status_of(), "running");
		stop();
	}
	NOTHING_LEFT();
}

/* The agent takes the listener and dies: what init calls next answers ENOSYS, for
 * init holds no copy of it. */
static void agent_dies(void)
{
	static const struct { const char *names, *words; } rows[] = {
		{ "'execve'", "Function not implemented" },
		{ "'read', 'close', 'openat', 'execve'", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *config = spec();
		struct result r;

		start_agent(true);
		set_notify(config, true, rows[i].names);
		r = run(config);
		CU_ASSERT(r.status != 0);
		HAS(r.err, rows[i].words);
		stop_agent();
		NOTHING_LEFT();
	}
}

static void killed_later(void)
{
	json_t *config = spec();

	start_agent(true);
	script(config, "mkdir /tmp/x 2>&1; true");
	set_notify(config, false, MKDIR);
	PRINTS(run(config), "mkdir: can't create directory '/tmp/x': Function not implemented\n");
	stop_agent();
	NOTHING_LEFT();
}

/* The one call that init cannot do without before the agent has the listener. */
static void write_denied(void)
{
	static const char *const how[] = { "ERRNO", "KILL_PROCESS" };

	start_agent(false);
	for (size_t i = 0; i < 2; i++) {
		json_t *config = spec();

		set_notify(config, true, MKDIR);
		append(config, "linux.seccomp.syscalls", "{'names': ['write'], 'action': 'SCMP_ACT_%s'}", how[i]);
		FAILS(run(config), 1, "before it could hand over its seccomp listener");
	}
	stop_agent();
	NOTHING_LEFT();
}

/* An abstract socket, as Go's programs write it: '@' for the NUL in front. */
static void abstract(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	json_t *config = spec();

	start_agent(false);
	stop_agent();
	snprintf(socket_path, sizeof socket_path, "@dockyard-unit-%d", (int)getpid());
	memcpy(addr.sun_path + 1, socket_path + 1, strlen(socket_path) - 1);
	CU_ASSERT(!bind(server, (void *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
							  strlen(socket_path))) && !listen(server, 4));
	fflush(NULL);
	agent = fork();
	if (!agent)
		serve(server, false);
	close(server);
	script(config, "mkdir /tmp/errno 2>&1; true");
	set_notify(config, true, MKDIR);
	PRINTS(run(config), "mkdir: can't create directory '/tmp/errno': No medium found\n");
	stop_agent();
}

CU_TestInfo notify_tests[] = {
	{ "a value, an errno, a descriptor, go on", answers },
	{ "the container process state, also of exec", states },
	{ "a very long state", long_state },
	{ "all of init's own calls may be watched", everything },
	{ "no descriptor is left in the container", no_descriptor },
	{ "nobody listens", no_agent },
	{ "the agent goes away", agent_goes },
	{ "the agent dies with the listener", agent_dies },
	{ "the agent dies later", killed_later },
	{ "write is denied", write_denied },
	{ "an abstract socket", abstract },
	CU_TEST_INFO_NULL,
};
