/*
 * helper.c - see helper.h.
 */
#include "helper.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <fcntl.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/spawn.h"

#define ANSWER_LIMIT (1u << 20)
static const char not_found[] = "credentials not found in native keychain";

extern char **environ;

static int spawn(const char *program, const char *verb, int in, int out, pid_t *pid, struct err *err)
{
	char *argv[] = { (char *)program, (char *)verb, NULL };
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	int rc = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? err_errno(err, rc, "exec: \"%s\"", program) : 0;
}

/* What goes in is smaller than a pipe holds, so it is written before anything is read. */
static int talk(const char *program, const char *verb, const char *input, struct strbuf *out, int *status,
		struct err *err)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return err_sys(err, "pipe");
	AUTO_CLOSE int in = to[0];
	AUTO_CLOSE int feed = to[1];
	AUTO_CLOSE int answer = from[0];
	AUTO_CLOSE int result = from[1];
	if (spawn(program, verb, in, result, &pid, err))
		return -1;
	close(steal_fd(&result));
	close(steal_fd(&in));
	(void)io_write_full(feed, input, strlen(input)); /* one that does not read it says so itself */
	close(steal_fd(&feed));
	int rc = file_read_fd(answer, out, ANSWER_LIMIT, err);
	spawn_wait(pid, status);
	return rc;
}

int cli_helper_run(const char *name, const char *verb, const char *input, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *program = xasprintf("docker-credential-%s", name);
	int status = 0;

	strbuf_reserve(out, 1);
	if (talk(program, verb, input, out, &status, err))
		return err_wrap(err, "error getting credentials");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	while (out->len && strchr("\r\n", out->data[out->len - 1]))
		out->data[--out->len] = 0;
	if (!strcmp(out->data, not_found))
		return err_set(err, ERR_NOT_FOUND, "%s", not_found);
	return err_set(err, ERR_SYSTEM, "error getting credentials - err: exit status %d, out: `%s`",
		       WEXITSTATUS(status), out->data);
}
