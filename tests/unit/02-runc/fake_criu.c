/*
 * fake_criu.c - a criu that takes nothing apart: it notes what it is asked, and plays
 * the part that the test wants. So the runtime's side is tried where the real one is
 * not installed or does not work, and with failures that the real one seldom has.
 *
 * It is the test program itself under the name "criu". In the environment are
 *
 *     FAKE_CRIU_LOG   the file for what it is asked, a field a line: "2.23.1=/etc/hosts"
 *                     is criu_req.opts (2), opts.ext_mnt (23), its key (1)
 *     FAKE_CRIU       words: "version=30000"; "fail" at the end; "die" in the middle;
 *                     "freeze" before dying; "untracked": no memory tracking;
 *                     "exit=7": the restored process ends with 7 after a while
 */
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/ns.h"
#include "02-runc/criu.h"

#define SOCK 3

/* What of the options it needs itself. */
struct asked {
	unsigned type, pid, images, work, leave_running, notify_success, status_fd;
	char log[64], freezer[256];
};

static const char *word(const char *name)
{
	const char *part = getenv("FAKE_CRIU"), *at = part ? strstr(part, name) : NULL;

	return at ? at + strlen(name) : NULL;
}

static bool is_message(const char *path)
{
	static const char *const messages[] = { "2", "5", "2.11", "2.23", "2.25", "2.27", "2.39" };

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		if (!strcmp(path, messages[i]))
			return true;
	return false;
}

static void keep(struct asked *a, const char *path, const struct runc_pb_field *f)
{
	const struct { const char *path; unsigned *to; } numbers[] = {
		{ "1", &a->type }, { "3", &a->notify_success }, { "2.1", &a->images },
		{ "2.2", &a->pid }, { "2.3", &a->leave_running }, { "2.17", &a->work },
		{ "2.49", &a->status_fd },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!strcmp(path, numbers[i].path))
			*numbers[i].to = (unsigned)f->value;
	if (!strcmp(path, "2.10"))
		snprintf(a->log, sizeof a->log, "%.*s", (int)f->len, f->bytes);
	if (!strcmp(path, "2.44"))
		snprintf(a->freezer, sizeof a->freezer, "%.*s", (int)f->len, f->bytes);
}

static void note(FILE *out, struct asked *a, const char *above, const unsigned char *p, size_t n)
{
	struct runc_pb_reader r = { p, p + n };
	struct runc_pb_field f;

	while (runc_pb_next(&r, &f) > 0) {
		AUTO_FREE char *path = xasprintf("%s%s%u", above, *above ? "." : "", f.number);

		keep(a, path, &f);
		if (f.bytes && is_message(path))
			note(out, a, path, f.bytes, f.len);
		else if (f.bytes)
			fprintf(out, "%s=%.*s\n", path, (int)f.len, f.bytes);
		else
			fprintf(out, "%s=%llu\n", path, (unsigned long long)f.value);
	}
}

/* False when the client has hung up. */
static bool hear(struct asked *a)
{
	static unsigned char packet[1 << 16];
	ssize_t n = recv(SOCK, packet, sizeof packet, 0);
	AUTO_FCLOSE FILE *out = fopen(getenv("FAKE_CRIU_LOG"), "ae");

	if (n <= 0 || !out)
		return false;
	note(out, a, "", packet, (size_t)n);
	return true;
}

static void say(const struct strbuf *message)
{
	if (send(SOCK, message->data, message->len, MSG_NOSIGNAL) < 0)
		_exit(3);
}

static void answer(unsigned type, bool success, unsigned inner, const struct strbuf *message)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	runc_pb_number(&sb, 1, type);
	runc_pb_number(&sb, 2, success);
	if (message)
		runc_pb_message(&sb, inner, message);
	if (!success) {
		runc_pb_number(&sb, 7, 52);
		runc_pb_text(&sb, 9, "a tooth is missing");
	}
	say(&sb);
}

/* A notice; what the client says to it. */
static bool notify(struct asked *a, const char *script, pid_t pid)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	runc_pb_text(&sb, 1, script);
	if (pid)
		runc_pb_number(&sb, 2, (uint64_t)pid);
	answer(CRIU_NOTIFY, true, 5, &sb);
	a->notify_success = 0;
	if (!hear(a))
		_exit(4);
	return a->notify_success;
}

/* As criu does it: in the work directory, or else the images', of the client. */
static void write_log(const struct asked *a)
{
	AUTO_FREE char *dir = xasprintf("/proc/%d/fd/%u", (int)getppid(), a->work ? a->work : a->images);

	write_file(dir, a->log, "(00.1) first\n(00.2) second\n(00.3) Error (wheel.c:1): a tooth\n");
}

static void version(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	unsigned n = word("version=") ? (unsigned)atoi(word("version=")) : 31701;

	runc_pb_number(&sb, 1, n / 10000);
	runc_pb_number(&sb, 2, n / 100 % 100);
	runc_pb_number(&sb, 4, n % 100);
	answer(CRIU_VERSION, true, 10, &sb);
}

static void features(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	runc_pb_number(&sb, 1, !word("untracked"));
	runc_pb_number(&sb, 2, !word("untracked"));
	answer(CRIU_FEATURE_CHECK, true, 8, &sb);
}

static void dump(struct asked *a)
{
	unsigned type = a->type; /* a notice's answer is a request too */
	bool ok = notify(a, "network-lock", 0) && !word("fail");

	write_log(a);
	if (word("freeze")) {
		bool v2 = cgroup_v2();

		write_file(a->freezer, v2 ? "cgroup.freeze" : "freezer.state", v2 ? "1" : "FROZEN");
	}
	if (word("die"))
		kill(getpid(), SIGKILL);
	notify(a, "status-ready", 0);
	if (ok && type == CRIU_DUMP && !a->leave_running)
		kill((pid_t)a->pid, SIGKILL);
	answer(type, ok, 3, NULL);
}

/* The client's child, as criu's are. */
static pid_t restored(void)
{
	const struct kern_clone sibling = { .flags = CLONE_PARENT, .cgroup_fd = -1 };
	const char *end = word("exit=");
	struct err err;
	pid_t pid = kern_ns_clone(&sibling, &err);

	if (pid)
		return pid;
	close(SOCK);
	while (!end)
		pause();
	usleep(300 * 1000);
	_exit(atoi(end));
}

static void restore(struct asked *a)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	pid_t pid = restored();
	bool ok = notify(a, "setup-namespaces", pid) && !word("fail");

	write_log(a);
	if (word("die"))
		kill(getpid(), SIGKILL);
	ok = ok && notify(a, "post-restore", pid);
	if (!ok)
		kill(pid, SIGKILL);
	runc_pb_number(&sb, 1, (uint64_t)pid);
	answer(CRIU_RESTORE, ok, 4, &sb);
}

int fake_criu(void)
{
	struct asked a = { 0 };

	while (hear(&a)) {
		bool pre_dump = a.type == CRIU_PRE_DUMP;

		if (a.type == CRIU_VERSION)
			version();
		else if (a.type == CRIU_FEATURE_CHECK)
			features();
		else if (a.type == CRIU_RESTORE)
			restore(&a);
		else
			dump(&a);
		if (!pre_dump) /* after that it waits for more */
			return 0;
	}
	return 0;
}
