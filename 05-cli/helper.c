/*
 * helper.c - see helper.h.
 */
#include "helper.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/spawn.h"

#define ANSWER_LIMIT (1u << 20)
static const char not_found[] = "credentials not found in native keychain";

/* What goes in is smaller than a pipe holds, so it is written before anything is read. */
static int talk(const char *program, const char *verb, const char *input, struct strbuf *out, int *status,
		struct err *err)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	char *argv[] = { (char *)program, (char *)verb, NULL };
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return err_sys(err, "pipe");
	AUTO_CLOSE int in = to[0];
	AUTO_CLOSE int feed = to[1];
	AUTO_CLOSE int answer = from[0];
	AUTO_CLOSE int result = from[1];
	if (spawn_program(argv, NULL, (int[]){ in, result, STDERR_FILENO }, false, &pid, err))
		return err_errno(err, err->errnum, "exec: \"%s\"", program);
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
