/*
 * criu.c - see criu.h: a criu of our own, one question at a time.
 */
#include "criu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/spawn.h"
#include "01-kernel/tty.h"
#include "process.h"
#include "sync.h"

#define CRIU_FD 3
#define MAX_PACKET (64 << 10)

/* The fields of criu_req and of criu_resp, and of what is in the latter. */
enum { REQ_TYPE = 1, REQ_OPTS, REQ_NOTIFY_SUCCESS, REQ_KEEP_OPEN, REQ_FEATURES };
enum { RESP_TYPE = 1, RESP_SUCCESS = 2, RESP_RESTORE = 4, RESP_NOTIFY = 5, RESP_ERRNO = 7,
       RESP_FEATURES = 8, RESP_WHY = 9, RESP_VERSION = 10 };
enum { FEATURE_MEM_TRACK = 1, FEATURE_LAZY_PAGES = 2 };

/* ---- the process ---------------------------------------------------------------- */

/* Put the descriptors where criu looks for them. First all out of the way: a target
 * may be the number of one that is still to be moved. */
static int place_fds(int sock, int report, const struct runc_criu_start *how, struct err *err)
{
	const int above = CRIU_FIRST_FD + CRIU_MAX_FDS;
	int moved[1 + CRIU_MAX_FDS], keep;

	moved[0] = fcntl(sock, F_DUPFD_CLOEXEC, above);
	for (size_t i = 0; i < how->n; i++)
		moved[1 + i] = fcntl(how->fds[i], F_DUPFD_CLOEXEC, above);
	keep = fcntl(report, F_DUPFD_CLOEXEC, above);
	for (size_t i = 0; i <= how->n; i++)
		if (moved[i] < 0 || dup2(moved[i], CRIU_FD + (int)i) < 0)
			return err_sys(err, "hand descriptors to criu");
	if (keep < 0 ||
	    syscall(SYS_close_range, CRIU_FD + 1 + how->n, ~0U, CLOSE_RANGE_CLOEXEC))
		return err_sys(err, "hand descriptors to criu");
	return keep;
}

/* Its errors, until it has opened its log, go to our stderr. */
static int null_stdio(struct err *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return err_sys(err, "open /dev/null");
	return 0;
}

__attribute__((noreturn)) static void become_criu(char *program, int sock, int report,
						  const struct runc_criu_start *how)
{
	char fd[] = { '0' + CRIU_FD, '\0' };
	char *const argv[] = { "criu", "swrk", fd, NULL };
	struct err err;

	runc_process_reset_signals();
	if (!(how->prepare && how->prepare(how->arg, &err)) &&
	    !(!how->stdio && null_stdio(&err)) &&
	    (report = place_fds(sock, report, how, &err)) >= 0) {
		execv(program, argv);
		err_sys(&err, "execute %s", program);
	}
	if (report >= 0)
		runc_sync_fail(report, &err);
	_exit(1);
}

int runc_criu_start(struct runc_criu *criu, const struct runc_criu_start *how, struct err *err)
{
	AUTO_CLOSE int ours = -1, theirs = -1, report = -1, heard = -1;
	AUTO_FREE char *program = NULL;
	struct kern_clone clone = { .cgroup_fd = -1 };
	enum runc_word word;

	if (runc_find_program("criu", environ, &program, err) ||
	    runc_sync_pair(&ours, &theirs, err) || runc_sync_pair(&heard, &report, err))
		return -1;
	criu->pid = kern_ns_clone(&clone, err);
	if (!criu->pid)
		become_criu(program, theirs, report, how);
	if (criu->pid < 0) {
		criu->pid = 0;
		return -1;
	}
	close(report); /* so that we see its end */
	report = -1;
	criu->sock = steal_fd(&ours);
	if (how->born && how->born(how->arg, criu->pid, err)) {
		kill(criu->pid, SIGKILL); /* it may be waiting for us */
		return -1;
	}
	return runc_sync_hear(heard, &word, err);
}

void runc_criu_stop(struct runc_criu *criu)
{
	cleanup_close(&criu->sock);
	criu->sock = -1;
	if (criu->pid > 0)
		spawn_wait(criu->pid, NULL);
	criu->pid = 0;
}

/* ---- the protocol ------------------------------------------------------------------ */

static int say(const struct runc_criu *criu, const struct strbuf *message, struct err *err)
{
	if (send(criu->sock, message->data, message->len, MSG_NOSIGNAL) < 0)
		return err_sys(err, "send a request to criu");
	return 0;
}

static void copy_text(char *out, size_t size, const struct runc_pb_field *f)
{
	snprintf(out, size, "%.*s", (int)f->len, f->bytes ? (const char *)f->bytes : "");
	out[strcspn(out, "\n")] = '\0';
}

/* What is in an answer's inner messages, each of a few fields. */
static void read_inner(struct runc_criu_answer *a, unsigned kind, const struct runc_pb_field *outer)
{
	struct runc_pb_reader r = { outer->bytes, outer->bytes + outer->len };
	struct runc_pb_field f;
	static const int parts[] = { 0, 10000, 100 }; /* major, minor */

	while (runc_pb_next(&r, &f) > 0) {
		if (kind == RESP_RESTORE && f.number == 1)
			a->pid = (pid_t)f.value;
		else if (kind == RESP_NOTIFY && f.number == 1)
			copy_text(a->script, sizeof a->script, &f);
		else if (kind == RESP_NOTIFY && f.number == 2)
			a->pid = (pid_t)f.value;
		else if (kind == RESP_FEATURES && f.number == FEATURE_MEM_TRACK)
			a->mem_track = f.value;
		else if (kind == RESP_FEATURES && f.number == FEATURE_LAZY_PAGES)
			a->lazy_pages = f.value;
		else if (kind == RESP_VERSION && (f.number == 1 || f.number == 2))
			a->version += (int)f.value * parts[f.number];
		else if (kind == RESP_VERSION && f.number == 3) /* between two releases: the next */
			a->version += 100;
		else if (kind == RESP_VERSION && f.number == 4)
			a->version += (int)f.value;
	}
}

static int read_answer(struct runc_criu_answer *a, const unsigned char *p, size_t n,
		       struct err *err)
{
	struct runc_pb_reader r = { p, p + n };
	struct runc_pb_field f;
	int got;

	while ((got = runc_pb_next(&r, &f)) > 0) {
		if (f.number == RESP_TYPE)
			a->type = (enum criu_type)f.value;
		else if (f.number == RESP_SUCCESS)
			a->success = f.value;
		else if (f.number == RESP_ERRNO)
			a->errnum = (int)f.value;
		else if (f.number == RESP_WHY)
			copy_text(a->why, sizeof a->why, &f);
		else if (f.bytes)
			read_inner(a, f.number, &f);
	}
	return got ? err_set(err, ERR_CORRUPT, "criu's answer is not understood") : 0;
}

/* It died, or what it runs on (a kernel that is too new for it) stopped it early. */
static int no_answer(struct runc_criu *criu, struct err *err)
{
	int status = 0;

	spawn_wait(criu->pid, &status);
	criu->pid = 0;
	return err_set(err, ERR_SYSTEM, "criu failed: it ended without an answer, %s %d",
		       WIFSIGNALED(status) ? "killed by signal" : "with status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static int take_fd(struct msghdr *msg)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static int hear(struct runc_criu *criu, struct runc_criu_answer *a, struct err *err)
{
	AUTO_FREE unsigned char *packet = xmalloc(MAX_PACKET);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { packet, MAX_PACKET };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof control };
	ssize_t n;

	*a = (struct runc_criu_answer){ .fd = -1 };
	do
		n = recvmsg(criu->sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return no_answer(criu, err);
	if (n < 0)
		return err_sys(err, "receive criu's answer");
	a->fd = take_fd(&msg);
	return read_answer(a, packet, (size_t)n, err);
}

static const char *type_name(enum criu_type type)
{
	switch (type) {
	case CRIU_DUMP: return "DUMP";
	case CRIU_RESTORE: return "RESTORE";
	case CRIU_PRE_DUMP: return "PRE_DUMP";
	case CRIU_NOTIFY: return "NOTIFY";
	case CRIU_FEATURE_CHECK: return "FEATURE_CHECK";
	case CRIU_VERSION: return "VERSION";
	}
	return "EMPTY";
}

static int answer_notice(const struct runc_criu *criu, bool success, struct err *err)
{
	AUTO_STRBUF struct strbuf reply = STRBUF_INIT;

	runc_pb_number(&reply, REQ_TYPE, CRIU_NOTIFY);
	runc_pb_number(&reply, REQ_NOTIFY_SUCCESS, success);
	return say(criu, &reply, err);
}

/* Serve the notices, until the answer proper. After a notice that went wrong on our
 * side criu is told so, and cleans up; our reason is then the one that counts. */
static int serve(struct runc_criu *criu, struct runc_criu_answer *a, runc_criu_notice *notice,
		 void *arg, struct err *err)
{
	struct err second;
	bool failed = false;

	for (;;) {
		if (hear(criu, a, failed ? &second : err))
			return -1;
		if (a->type != CRIU_NOTIFY || !a->success)
			break;
		failed |= !failed && notice && notice(arg, a, err);
		cleanup_close(&a->fd);
		if (answer_notice(criu, !failed, failed ? &second : err))
			return -1;
	}
	if (failed)
		return -1;
	if (!a->success)
		return err_set(err, ERR_SYSTEM, "criu failed: type %s errno %d%s%s",
			       type_name(a->type), a->errnum, *a->why ? "; its first error: " : "",
			       a->why);
	return 0;
}

int runc_criu_do(struct runc_criu *criu, enum criu_type type, const struct strbuf *opts,
		 runc_criu_notice *notice, void *arg, struct err *err)
{
	AUTO_STRBUF struct strbuf request = STRBUF_INIT;
	struct runc_criu_answer a;

	runc_pb_number(&request, REQ_TYPE, type);
	runc_pb_message(&request, REQ_OPTS, opts);
	return say(criu, &request, err) || serve(criu, &a, notice, arg, err) ? -1 : 0;
}

/* A question without options, to a criu that is started for it. */
static int ask(enum criu_type type, const struct strbuf *features, struct runc_criu_answer *a,
	       struct err *err)
{
	AUTO_CRIU struct runc_criu criu = RUNC_CRIU_INIT;
	AUTO_STRBUF struct strbuf request = STRBUF_INIT;
	const struct runc_criu_start how = { .fds = NULL };

	runc_pb_number(&request, REQ_TYPE, type);
	if (features)
		runc_pb_message(&request, REQ_FEATURES, features);
	return runc_criu_start(&criu, &how, err) || say(&criu, &request, err) ||
	       serve(&criu, a, NULL, NULL, err) ? -1 : 0;
}

int runc_criu_version(int oldest, struct err *err)
{
	struct runc_criu_answer a;

	if (ask(CRIU_VERSION, NULL, &a, err))
		return err_wrap(err, "CRIU version check failed");
	if (a.version < oldest)
		return err_set(err, ERR_UNSUPPORTED, "CRIU version %d must be %d or higher",
			       a.version, oldest);
	return a.version;
}

int runc_criu_features(bool mem_track, bool lazy_pages, struct err *err)
{
	AUTO_STRBUF struct strbuf wanted = STRBUF_INIT;
	struct runc_criu_answer a;
	const char *missing;

	runc_pb_number(&wanted, FEATURE_MEM_TRACK, mem_track);
	runc_pb_number(&wanted, FEATURE_LAZY_PAGES, lazy_pages);
	if (ask(CRIU_FEATURE_CHECK, &wanted, &a, err))
		return err_wrap(err, "CRIU feature check failed");
	missing = mem_track && !a.mem_track ? "MemTrack"
		: lazy_pages && !a.lazy_pages ? "LazyPages" : NULL;
	if (missing)
		return err_set(err, ERR_UNSUPPORTED, "criu is missing features: [%s] (it, or this "
			       "kernel, cannot do it)", missing);
	return 0;
}
