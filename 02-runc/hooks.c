/*
 * hooks.c - see hooks.h.
 *
 * A hook's stdin, stdout and stderr are memfds, not pipes: neither side can block
 * on the other, whatever the hook reads or prints, and the output is at hand
 * for the error message when it fails. Its words there are runc's.
 */
#include "hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "process.h"

#define OUTPUT_SHOWN 512 /* bytes of a failed hook's output in the error message */

static int memfd_with(const char *text, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("hook", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "memfd_create");
	if (io_write_full(fd, text, strlen(text)) || lseek(fd, 0, SEEK_SET))
		return err_sys(err, "write a hook's input");
	return steal_fd(&fd);
}

/* What a hook has of its own besides struct runc_hook. */
struct run {
	const struct runc_hook *hook;
	const char *dir; /* where it runs; NULL: where we are */
	int in, out, err;
	int failed[2]; /* a pipe: errno, if the hook could not be executed */
};

/* In the child: become the hook. */
__attribute__((noreturn)) static void exec_hook(const struct run *r)
{
	const struct runc_hook *h = r->hook;
	const char *const only_path[] = { h->path, NULL };
	const char *const *args = h->args && h->args[0] ? h->args : only_path;

	if (dup2(r->in, 0) >= 0 && dup2(r->out, 1) >= 0 && dup2(r->err, 2) >= 0) {
		/* A bundle may be gone when the poststop hooks run. */
		(void)!(r->dir && chdir(r->dir));
		runc_process_reset_signals();
		execve(h->path, (char **)args, h->env ? (char **)h->env : environ);
	}
	(void)!write(r->failed[1], &errno, sizeof errno);
	_exit(127);
}

/* Wait for the hook, at most its timeout; a hook that is late is killed. */
static int await(pid_t pid, int pidfd, const struct runc_hook *h, int *status, struct err *err)
{
	const struct timespec timeout = { .tv_sec = h->timeout };
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int ready = 1;

	if (h->timeout)
		do
			ready = ppoll(&p, 1, &timeout, NULL); /* poll(2) ends at 24 days */
		while (ready < 0 && errno == EINTR);
	if (!ready)
		kill(pid, SIGKILL); /* not yet waited for: the pid is still this child's */
	if (spawn_wait(pid, status))
		return err_sys(err, "wait for the hook %s", h->path);
	if (!ready)
		return err_set(err, ERR_TIMEOUT, "%s: hook ran past specified timeout of %d.0s",
			       h->path, h->timeout);
	return 0;
}

static void read_output(int fd, char text[OUTPUT_SHOWN + 1])
{
	ssize_t n = pread(fd, text, OUTPUT_SHOWN, 0);

	text[n > 0 ? n : 0] = '\0';
}

static int judge(const struct run *r, int status, struct err *err)
{
	char out[OUTPUT_SHOWN + 1], errors[OUTPUT_SHOWN + 1];
	int errnum;

	if (read(r->failed[0], &errnum, sizeof errnum) == sizeof errnum)
		return err_set(err, err_kind_of_errno(errnum), "fork/exec %s: %s", r->hook->path,
			       runc_errno_words(errnum));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	read_output(r->out, out);
	read_output(r->err, errors);
	if (WIFSIGNALED(status)) {
		const char *name = strsignal(WTERMSIG(status)); /* runc's begin with a small letter */

		return err_set(err, ERR_SYSTEM, "%s: signal: %c%s, stdout: %s, stderr: %s",
			       r->hook->path, tolower((unsigned char)name[0]), name + 1, out, errors);
	}
	return err_set(err, ERR_SYSTEM, "%s: exit status %d, stdout: %s, stderr: %s", r->hook->path,
		       WEXITSTATUS(status), out, errors);
}

static int start_and_await(struct run *r, struct err *err)
{
	AUTO_CLOSE int pidfd = -1;
	struct kern_clone clone = { .cgroup_fd = -1, .pidfd = &pidfd };
	pid_t pid = kern_ns_clone(&clone, err);
	int status = 0;

	if (!pid)
		exec_hook(r);
	close(r->failed[1]);
	if (pid < 0)
		return -1;
	return await(pid, pidfd, r->hook, &status, err) || judge(r, status, err) ? -1 : 0;
}

static int run_hook(const struct runc_hook *h, const char *dir, const char *state, struct err *err)
{
	AUTO_CLOSE int in = memfd_with(state, err), out = memfd_with("", err);
	AUTO_CLOSE int errors = memfd_with("", err);
	struct run r = { .hook = h, .dir = dir, .in = in, .out = out, .err = errors };
	int failed;

	if (in < 0 || out < 0 || errors < 0)
		return -1;
	if (pipe2(r.failed, O_CLOEXEC | O_NONBLOCK))
		return err_sys(err, "make a pipe");
	failed = start_and_await(&r, err);
	close(r.failed[0]);
	return failed;
}

int runc_hooks_run(const struct runc_config *c, enum runc_hook_kind kind,
		   const struct runc_state *st, enum runc_status status, pid_t pid,
		   struct err *err)
{
	const struct runc_hook_list *list = &c->hooks[kind];
	bool ours = kind != HOOK_CREATE_CONTAINER && kind != HOOK_START_CONTAINER;
	AUTO_JSON json_t *doc = NULL;
	AUTO_FREE char *text = NULL;

	if (!list->n)
		return 0;
	doc = runc_state_document(st, status, pid);
	text = jsonx_text(doc);
	for (size_t i = 0; i < list->n; i++) {
		if (!run_hook(&list->v[i], ours ? st->bundle : NULL, text, err))
			continue;
		err_wrap(err, "error running %s hook #%zu", runc_hook_names[kind], i);
		if (kind != HOOK_POSTSTOP)
			return -1;
		/* "If any poststop hook fails, the runtime MUST log a warning, but the
		 * remaining hooks and lifecycle continue" (runtime.md, "Lifecycle"). */
		log_warn("%s", err->msg);
	}
	return 0;
}
