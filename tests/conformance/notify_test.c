/*
 * notify_test.c - SCMP_ACT_NOTIFY: the listener of "Seccomp", and "The Container
 * Process State" in config-linux.md. The test is the agent: it waits at the
 * socket, reads what the runtime says, and answers the calls of the container.
 */
#include "conform.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "01-kernel/tty.h"

struct agent {
	int listener;
	char path[128];
};

static void listen_at(struct agent *a)
{
	struct err err;

	snprintf(a->path, sizeof a->path, "%s/agent", test_dir);
	unlink(a->path);
	a->listener = kern_unix_listen(a->path, 0600, &err);
	CU_ASSERT(a->listener >= 0);
}

static json_t *notifying(const struct agent *a, const char *text)
{
	json_t *config = shell(text);
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *path = xasprintf("process.capabilities.%s", sets[i]);

		append(config, path, "'CAP_SYS_ADMIN'");
	}
	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '%s', "
	    "'listenerMetadata': 'opaque data', 'syscalls': [{'names': ['sethostname'], 'action': 'SCMP_ACT_NOTIFY'}]}",
	    a->path);
	return config;
}

/* What came by one connection. */
struct message {
	char text[8192];
	int fd[4];
	unsigned n_fds, first_fds; /* all, and those of the first sendmsg */
	unsigned connections;
	bool closed; /* the last one, by the runtime */
};

static void read_connection(int sock, struct message *m)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	size_t have = 0;
	unsigned calls = 0;

	for (m->closed = false; poll(&p, 1, 1000) > 0; calls++) {
		char control[CMSG_SPACE(sizeof m->fd)];
		struct iovec iov = { m->text + have, sizeof m->text - 1 - have };
		struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				    .msg_controllen = sizeof control };
		ssize_t n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);

		if (n <= 0) {
			m->closed = true;
			break;
		}
		have += (size_t)n;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
			if (c->cmsg_type == SCM_RIGHTS) {
				unsigned k = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));

				memcpy(m->fd + m->n_fds, CMSG_DATA(c), k * sizeof(int));
				m->n_fds += k;
				if (!calls)
					m->first_fds += k;
			}
	}
	m->text[have] = '\0';
}

/* Answer each call with success and do nothing. */
static void answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, 5000) > 0 && p.revents & POLLIN) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp reply = { 0 };

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call))
			break;
		reply.id = call.id;
		reply.error = -ENOENT;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	}
}

/* `run` it in a child, be its agent meanwhile. Its output is in test_dir/said. */
static int with_agent(struct agent *a, json_t *config, struct message *m)
{
	AUTO_JSON json_t *owned = config;
	AUTO_FREE char *command = xasprintf("exec %s --root %s/runc run -b %s %s >%s/said 2>&1", runc_path, test_dir,
					    bundle(owned), new_id(), test_dir);
	struct pollfd p = { .fd = a->listener, .events = POLLIN };
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	memset(m, 0, sizeof *m);
	for (; poll(&p, 1, m->connections ? 0 : 10000) > 0; m->connections++) {
		AUTO_CLOSE int sock = accept(a->listener, NULL, NULL);

		read_connection(sock, m);
	}
	if (m->n_fds)
		answer(m->fd[0]);
	waitpid(pid, &status, 0);
	for (unsigned i = 0; i < m->n_fds; i++)
		close(m->fd[i]);
	close(a->listener);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char *said(void)
{
	AUTO_FREE char *path = xasprintf("%s/said", test_dir);

	return read_file(path);
}

PROVES(the_listener,
	{ "config-linux.md#seccomp", MUST, "`SCMP_ACT_NOTIFY`: who holds the notification descriptor decides about the call." },
	{ "config-linux.md#seccomp", MUST, "The runtime connects to the stream socket of `listenerPath` and sends one state by one connection." },
	{ "config-linux.md#seccomp", MUST, "It sends the descriptor that seccomp(2) returned, by the name `seccompFd`." },
	{ "config-linux.md#the-container-process-state", MUST, "The state is JSON, in the socket's data." },
	{ "config-linux.md#the-container-process-state", MUST, "Descriptors come by SCM_RIGHTS, all with the first message." },
	{ "config-linux.md#the-container-process-state", MUST, "`ociVersion` is there." },
	{ "config-linux.md#the-container-process-state", MUST, "`fds` names the descriptors in their order." },
	{ "config-linux.md#the-container-process-state", MUST, "`pid` is there, and is the process's as the runtime sees it." },
	{ "config-linux.md#the-container-process-state", MUST, "`metadata` is `listenerMetadata`." },
	{ "config-linux.md#the-container-process-state", MUST, "`state` is the container's state." });
static void the_listener(void)
{
	struct agent a;
	struct message m;
	AUTO_JSON json_t *state = NULL;
	AUTO_FREE char *text = NULL;

	listen_at(&a);
	EQ_INT(with_agent(&a, notifying(&a, "hostname x 2>&1; true"), &m), 0);
	text = said();
	EQ_STR(text, "hostname: sethostname: No such file or directory\n");
	EQ_INT(m.connections, 1);
	EQ_INT(m.n_fds, 1);
	EQ_INT(m.first_fds, 1);
	state = json_loads(m.text, 0, NULL);
	CU_ASSERT(json_is_object(state));
	CU_ASSERT(strlen(jsonx_str(state, "ociVersion", "")) >= 5);
	EQ_INT((long)json_array_size(json_object_get(state, "fds")), 1);
	CU_ASSERT(json_is_string(json_array_get(json_object_get(state, "fds"), 0)));
	EQ_STR(json_string_value(json_array_get(json_object_get(state, "fds"), 0)), "seccompFd");
	CU_ASSERT(jsonx_int(state, "pid", 0) > 1);
	EQ_STR(jsonx_str(state, "metadata", ""), "opaque data");
	EQ_STR(jsonx_str(json_object_get(state, "state"), "id", ""), id);
	EQ_STR(jsonx_str(json_object_get(state, "state"), "status", ""), "creating");
	CU_ASSERT(str_starts(jsonx_str(json_object_get(state, "state"), "bundle", ""), test_dir));
}

PROVES(one_state_by_one_connection,
	{ "config-linux.md#seccomp", MUST, "It closes the connection after that, and does not use it again." });
static void one_state_by_one_connection(void)
{
	struct agent a;
	struct message m;

	listen_at(&a);
	EQ_INT(with_agent(&a, notifying(&a, "hostname x 2>/dev/null; true"), &m), 0);
	EQ_INT(m.connections, 1);
	CU_ASSERT(m.closed);
}

PROVES(no_agent,
	{ "config-linux.md#seccomp", MUST, "When the state cannot be sent, that is an error." });
static void no_agent(void)
{
	struct agent a = { .listener = -1 };

	snprintf(a.path, sizeof a.path, "%s/nobody", test_dir);
	REFUSED(notifying(&a, "true"));
}

PROVES(no_notification,
	{ "config-linux.md#seccomp", MUST, "Without an action `SCMP_ACT_NOTIFY` `listenerPath` is ignored." });
static void no_notification(void)
{
	struct agent a = { .listener = -1 };
	json_t *config;

	snprintf(a.path, sizeof a.path, "%s/nobody", test_dir);
	config = notifying(&a, "hostname x 2>&1; true");
	set(config, "linux.seccomp.syscalls", "[{'names': ['sethostname'], 'action': 'SCMP_ACT_ERRNO'}]");
	SAYS(config, "hostname: sethostname: Operation not permitted\n");
}

PROVES(metadata_without_listener,
	{ "config-linux.md#seccomp", MUST, "`listenerMetadata` without `listenerPath` is an error." });
static void metadata_without_listener(void)
{
	json_t *config = sleeper();

	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerMetadata': 'x', "
	    "'syscalls': [{'names': ['acct'], 'action': 'SCMP_ACT_ERRNO'}]}");
	REFUSED(config);
}

const struct test notify_rules[] = {
	TEST(the_listener),
	TEST(one_state_by_one_connection, RUNC_DIFFERS = "the connection stays open",
	     CRUN_DIFFERS = "the connection stays open"),
	TEST(no_agent),
	TEST(no_notification, CRUN_DIFFERS = "it connects all the same"),
	TEST(metadata_without_listener, RUNC_DIFFERS = "it is accepted", CRUN_DIFFERS = "it is accepted"),
	{ NULL },
};
