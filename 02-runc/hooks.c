/*
 * hooks.c - see hooks.h.
 *
 * A hook's stdin and its output are memfds, not pipes: neither side can block
 * on the other, whatever the hook reads or prints, and the output is at hand
 * for the error message when it fails.
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

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
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

/* In the child: become the hook. Its environment is the one configured and no
 * other ("env" in config.md: "IEEE Std 1003.1-2008's environ"). */
__attribute__((noreturn)) static void exec_hook(const struct runc_hook *h, int in, int out)
{
	const char *const no_env[] = { NULL }, *const only_path[] = { h->path, NULL };
	const char *const *args = h->args && h->args[0] ? h->args : only_path;

	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(127);
	runc_process_reset_signals();
	execve(h->path, (char **)args, (char **)(h->env ? h->env : no_env));
	dprintf(2, "%s: %s", h->path, strerror(errno));
	_exit(127);
}

/* Wait for the hook, at most its timeout; a hook that is late is killed. */
static int await(pid_t pid, int pidfd, const struct runc_hook *h, int *status, struct err *err)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int ready = 1;

	if (h->timeout)
		do
			ready = poll(&p, 1, h->timeout * 1000);
		while (ready < 0 && errno == EINTR);
	if (!ready)
		kill(pid, SIGKILL); /* not yet waited for: the pid is still this child's */
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "wait for the hook %s", h->path);
	if (!ready)
		return err_set(err, ERR_TIMEOUT, "%s did not end within %d s and was killed",
			       h->path, h->timeout);
	return 0;
}

static int judge(const struct runc_hook *h, int status, int out, struct err *err)
{
	char text[OUTPUT_SHOWN + 1];
	ssize_t n = pread(out, text, OUTPUT_SHOWN, 0);

	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	text[n > 0 ? n : 0] = '\0';
	if (WIFSIGNALED(status)) {
		const char *name = strsignal(WTERMSIG(status)); /* runc's do not begin with a capital */

		return err_set(err, ERR_SYSTEM, "%s: signal: %c%s, output: %s", h->path,
			       tolower((unsigned char)name[0]), name + 1, text);
	}
	return err_set(err, ERR_SYSTEM, "%s: exit status %d, output: %s", h->path,
		       WEXITSTATUS(status), text);
}

static int run_hook(const struct runc_hook *h, const char *state, struct err *err)
{
	AUTO_CLOSE int in = memfd_with(state, err), out = memfd_create("hook", MFD_CLOEXEC);
	AUTO_CLOSE int pidfd = -1;
	struct kern_clone clone = { .cgroup_fd = -1, .pidfd = &pidfd };
	int status = 0;
	pid_t pid;

	if (in < 0)
		return -1;
	if (out < 0)
		return err_sys(err, "memfd_create");
	pid = kern_ns_clone(&clone, err);
	if (pid < 0)
		return -1;
	if (!pid)
		exec_hook(h, in, out);
	return await(pid, pidfd, h, &status, err) || judge(h, status, out, err) ? -1 : 0;
}

int runc_hooks_run(const struct runc_config *c, enum runc_hook_kind kind,
		   const struct runc_state *st, enum runc_status status, pid_t pid,
		   struct err *err)
{
	const struct runc_hook_list *list = &c->hooks[kind];
	AUTO_JSON json_t *doc = NULL;
	AUTO_FREE char *text = NULL;

	if (!list->n)
		return 0;
	doc = runc_state_document(st, status, pid);
	text = jsonx_text(doc);
	for (size_t i = 0; i < list->n; i++) {
		if (!run_hook(&list->v[i], text, err))
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
