/*
 * cmd_ps.c - `ps`: the processes of a container, by their pids out here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "cmd.h"

#define PS_LIMIT (64u << 20)

static void print_json(const pid_t *pids, size_t n)
{
	if (!n) {
		puts("null");
		return;
	}
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

/* ps(1) with the caller's options, -ef by default; its whole output. */
static int run_ps(int argc, char **argv, struct strbuf *out, struct err *err)
{
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	int pipe_[2], status = 0, failed;
	pid_t pid;

	strlist_add(&args, "ps");
	for (int i = 0; i < argc; i++)
		strlist_add(&args, argv[i]);
	if (!argc)
		strlist_add(&args, "-ef");
	if (pipe2(pipe_, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	pid = fork();
	if (!pid) {
		dup2(pipe_[1], STDOUT_FILENO);
		execvp("ps", args.v);
		_exit(127);
	}
	close(pipe_[1]);
	failed = pid < 0 ? err_sys(err, "start ps") : file_read_fd(pipe_[0], out, PS_LIMIT, err);
	close(pipe_[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || failed)
		return -1;
	return status ? err_set(err, ERR_SYSTEM, "ps failed: exit status %d",
				WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status))
		      : 0;
}

/* The n-th word of a line, as a number. */
static long word(const char *line, int n)
{
	line += strspn(line, " ");
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return strtol(line, NULL, 10);
}

static int pid_column(const char *title)
{
	AUTO_FREE char *words = xstrdup(title);
	char *save = NULL;
	int n = 0;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save), n++)
		if (!strcmp(w, "PID"))
			return n;
	return -1;
}

static bool is_ours(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Which lines are the container's is for us to say: there is no option of ps that
 * all others leave alone. */
static int print_table(const pid_t *pids, size_t n, int argc, char **argv, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	char *save = NULL, *title;
	int column;

	if (run_ps(argc, argv, &out, err))
		return -1;
	title = strtok_r(out.data, "\n", &save);
	column = title ? pid_column(title) : -1;
	if (column < 0)
		return err_set(err, ERR_INVALID, "couldn't find PID field in ps output");
	puts(title);
	for (char *line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (is_ours(pids, n, word(line, column)))
			puts(line);
	return 0;
}

int runc_cmd_ps(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--format json|table] <container-id> [ps options]",
						"list its processes", 1, -1, true };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	AUTO_FREE pid_t *pids = NULL;
	const char *format = "table";
	const struct option_def defs[] = {
		{ "format", 'f', OPTION_TEXT, &format, "table or json" },
		{ NULL },
	};
	struct kern_cgroup *cg;
	size_t n = 0;
	int rest, failed;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (strcmp(format, "table") && strcmp(format, "json"))
		return err_set(err, ERR_INVALID, "invalid format option '%s'", format);
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	/* A stopped container's group may be gone; then it has no processes. */
	cg = kern_cgroup_open(st.cgroup, err);
	failed = cg ? kern_cgroup_pids(cg, &pids, &n, err) : err->kind != ERR_NOT_FOUND;
	kern_cgroup_free(cg);
	if (failed) {
		runc_cgroup_hint("ps", err);
		return -1;
	}
	if (!strcmp(format, "table"))
		return print_table(pids, n, argc - rest - 1, argv + rest + 1, err);
	print_json(pids, n);
	return 0;
}
