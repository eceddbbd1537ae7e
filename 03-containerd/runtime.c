/*
 * runtime.c - see runtime.h.
 */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/spawn.h"

#define LOG_LIMIT (256 << 10)

void ctrd_runtime_command(struct strlist *argv, const struct ctrd_runtime *rt, const char *log,
			  const char *command)
{
	json_t *arg;
	size_t i;

	strlist_add(argv, rt->binary);
	json_array_foreach((json_t *)rt->args, i, arg)
		strlist_add(argv, json_string_value(arg));
	strlist_add(argv, "--root");
	strlist_add(argv, rt->root);
	strlist_add(argv, "--log");
	strlist_add(argv, log);
	strlist_add(argv, "--log-format");
	strlist_add(argv, "json");
	strlist_add(argv, command);
}

int ctrd_runtime_spawn(char *const *argv, char *const *env, const int stdio[3], pid_t *pid,
		       struct err *err)
{
	if (!spawn_program(argv, env, stdio, true, pid, err))
		return 0;
	err_errno(err, err->errnum, "cannot run the OCI runtime %s", argv[0]);
	err->kind = ERR_UNAVAILABLE;
	return -1;
}

int ctrd_runtime_stderr(struct err *err)
{
	int fd = memfd_create("runtime-stderr", MFD_CLOEXEC);

	return fd < 0 ? err_sys(err, "memfd_create") : fd;
}

off_t ctrd_runtime_log_size(const char *log)
{
	struct stat st;

	return stat(log, &st) ? 0 : st.st_size;
}

/* Which of the container's mistakes a runtime's sentence describes: all the words
 * must occur. The first rows are runc's, those with a back quote crun's. */
static const struct {
	enum err_kind kind;
	const char *words[2];
} meanings[] = {
	{ ERR_NO_PROGRAM, { "executable file not found", "" } },
	{ ERR_NO_PROGRAM, { "exec: \"", "no such file or directory" } },
	{ ERR_NOT_EXECUTABLE, { "exec: \"", "permission denied" } },
	{ ERR_NOT_EXECUTABLE, { "exec: \"", "is a directory" } },
	{ ERR_NOT_EXECUTABLE, { "exec ", "exec format error" } },
	{ ERR_NO_PROGRAM, { "executable file `", "not found" } },
	{ ERR_NOT_EXECUTABLE, { "open executable", "permission denied" } },
	{ ERR_NOT_EXECUTABLE, { "executable file `", "permission denied" } },
	{ ERR_NOT_EXECUTABLE, { "exec `", "permission denied" } },
};

static enum err_kind meaning_of(const char *msg)
{
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (strcasestr(msg, meanings[i].words[0]) && strcasestr(msg, meanings[i].words[1]))
			return meanings[i].kind;
	return ERR_SYSTEM;
}

/* The last message of level error in the log; new, or NULL. */
static char *last_error(const char *log, off_t from)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_CLOSE int fd = open(log, O_RDONLY | O_CLOEXEC);
	char *found = NULL, *save = NULL;
	struct err ignored;

	if (fd < 0 || lseek(fd, from, SEEK_SET) < 0 ||
	    file_read_fd(fd, &text, LOG_LIMIT, &ignored) || !text.len)
		return NULL;
	for (char *s = strtok_r(text.data, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		AUTO_JSON json_t *line = jsonx_parse(s, strlen(s), "log", &ignored);
		const char *level = jsonx_str(line, "level", "");

		if (strcmp(level, "error") && strcmp(level, "fatal"))
			continue;
		free(found);
		found = xstrdup(jsonx_str(line, "msg", ""));
	}
	return found;
}

/* What stands in the file of ctrd_runtime_stderr, or waits in a pipe that does not
 * block, on one line; new, or NULL. */
static char *stderr_text(int fd)
{
	char buf[1024];
	ssize_t n = fd < 0 ? 0 : pread(fd, buf, sizeof buf - 1, 0);

	if (n < 0 && errno == ESPIPE)
		n = read(fd, buf, sizeof buf - 1);
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		n--;
	if (n <= 0)
		return NULL;
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\n')
			buf[i] = ' ';
	return xstrndup(buf, (size_t)n);
}

int ctrd_runtime_failure(const char *command, const char *log, off_t from, int errfd, int status,
			 struct err *err)
{
	AUTO_FREE char *logged = last_error(log, from);
	AUTO_FREE char *said = logged && *logged ? NULL : stderr_text(errfd);
	const char *msg = said ? said : logged;

	if (msg && *msg)
		return err_set(err, meaning_of(msg), "OCI runtime %s failed: %s", command, msg);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, "OCI runtime %s was killed by signal %d", command,
			       WTERMSIG(status));
	return err_set(err, ERR_SYSTEM, "OCI runtime %s failed with exit status %d and no message",
		       command, WEXITSTATUS(status));
}

int ctrd_runtime_run(const struct ctrd_runtime *rt, const char *log, const char *command,
		     const char *flag, const char *id, struct err *err)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT;
	AUTO_CLOSE int errfd = ctrd_runtime_stderr(err);
	off_t from = ctrd_runtime_log_size(log);
	int status;
	pid_t pid;

	if (errfd < 0)
		return -1;
	ctrd_runtime_command(&argv, rt, log, command);
	if (flag)
		strlist_add(&argv, flag);
	strlist_add(&argv, id);
	if (ctrd_runtime_spawn(argv.v, NULL, (int[3]){ -1, -1, errfd }, &pid, err))
		return -1;
	if (spawn_wait(pid, &status))
		return err_sys(err, "wait for %s", rt->binary);
	return status ? ctrd_runtime_failure(command, log, from, errfd, status, err) : 0;
}
