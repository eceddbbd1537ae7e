/*
 * top_ps.c - see top_ps.h. There are too many formats of ps to have them here, so it is run: without
 * a shell, with the arguments cut at blanks, and of what it says the container's lines are kept.
 */
#include "top_ps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"

#define BLANKS " \t\n\v\f\r" /* ASCII's: others may be in a name */
#define OUTPUT_MAX (8u << 20)
#define PATIENCE_NS INT64_C(10000000000)

/* --- the arguments ---------------------------------------------------------------------------- */

/* "-o user=PID" gives another column the title by which the container's lines are found: all of
 * the host's processes of which the user is a number of ours would be shown. */
int dockerd_top_check(const char *args, struct err *err)
{
	for (const char *eq = strchr(args, '='); eq; eq = strchr(eq + 1, '=')) {
		const char *title = eq + 1 + strspn(eq + 1, BLANKS), *column = eq;

		while (column > args && !strchr(BLANKS, column[-1]))
			column--;
		if (!str_starts(title, "PID") || (eq - column == 3 && str_starts(column, "pid")))
			continue;
		return err_set(err, ERR_INVALID, "specifying \"%.*s=%.*s\" is not allowed",
			       (int)(eq - column), column, (int)strcspn(title, BLANKS), title);
	}
	return 0;
}

static void cut(struct strlist *argv, const char *args)
{
	AUTO_FREE char *copy = xstrdup(args);
	char *save = NULL;

	strlist_add(argv, "ps");
	for (char *w = strtok_r(copy, BLANKS, &save); w; w = strtok_r(NULL, BLANKS, &save))
		strlist_add(argv, w);
}

/* "-q1,2,3": only these. */
static void add_pids(struct strlist *argv, const json_t *pids)
{
	AUTO_STRBUF struct strbuf list = STRBUF_INIT;
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)pids, i, v)
		strbuf_addf(&list, "%s%lld", i ? "," : "-q", (long long)jsonx_int(v, "pid", 0));
	if (list.len)
		strlist_add(argv, list.data);
}

/* --- running it ---------------------------------------------------------------------------------- */

/* To the end; false: it says too much, or takes too long. */
static bool read_all(int fd, struct strbuf *to)
{
	int64_t end = time_steady_ns() + PATIENCE_NS;
	struct pollfd p = { fd, POLLIN, 0 };
	char block[16384];

	for (;;) {
		int64_t left_ms = (end - time_steady_ns()) / 1000000;
		int ready = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;
		ssize_t n = ready > 0 ? read(fd, block, sizeof block) : -1;

		if (n == 0)
			return true;
		if (n > 0)
			strbuf_add(to, block, (size_t)n);
		if (ready == 0 || (n < 0 && errno != EINTR) || to->len > OUTPUT_MAX)
			return false;
	}
}

/* The first line of what it complained about. */
static int complain(int errors, int status, struct err *err)
{
	char text[1024];
	ssize_t n = pread(errors, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (*text)
		return err_set(err, ERR_SYSTEM, "%s", text);
	return err_set(err, ERR_SYSTEM, "ps: exit status %d", WEXITSTATUS(status));
}

static int run(char *const *argv, struct strbuf *output, struct err *err)
{
	AUTO_CLOSE int errors = memfd_create("ps-stderr", MFD_CLOEXEC);
	AUTO_CLOSE int in = -1, out = -1;
	int ends[2], status;
	bool whole;
	pid_t pid;

	if (errors < 0 || pipe2(ends, O_CLOEXEC))
		return err_sys(err, "ps");
	in = ends[0];
	out = ends[1];
	if (spawn_program(argv, NULL, (int[3]){ -1, out, errors }, false, &pid, err))
		return err->kind != ERR_NOT_FOUND
			       ? -1
			       : err_set(err, ERR_UNSUPPORTED,
					 "ps_args: this machine has no ps; without arguments, or with "
					 "-ef, none is needed");
	close(steal_fd(&out)); /* or the end would never come */
	whole = read_all(in, output);
	if (!whole)
		kill(pid, SIGKILL);
	spawn_wait(pid, &status);
	if (!whole)
		return err_set(err, ERR_SYSTEM, "ps does not come to an end");
	return status ? complain(errors, status, err) : 0;
}

/* --- its output ---------------------------------------------------------------------------------- */

/* Whatever bytes they are: JSON has none but UTF-8. */
static json_t *text_of(char *s)
{
	json_t *text = json_string(s);

	for (char *p = s; !text && *p; p++)
		if (*p & 0x80)
			*p = '?';
	return text ? text : json_string(s);
}

/* The fields of a line; the last of `max` takes the rest, its blanks as one (0: no such). */
static json_t *fields(char *line, size_t max)
{
	json_t *out = json_array();
	AUTO_STRBUF struct strbuf rest = STRBUF_INIT;
	char *save = NULL;

	for (char *w = strtok_r(line, BLANKS, &save); w; w = strtok_r(NULL, BLANKS, &save)) {
		if (!max || json_array_size(out) + 1 < max)
			json_array_append_new(out, text_of(w));
		else
			strbuf_addf(&rest, "%s%s", rest.len ? " " : "", w);
	}
	if (rest.len)
		json_array_append_new(out, text_of(rest.data));
	return out;
}

static size_t column_of_pid(const json_t *titles)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)titles, i, v)
		if (!strcmp(json_string_value(v), "PID"))
			return i;
	return SIZE_MAX;
}

static bool is_ours(const json_t *pids, long pid)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)pids, i, v)
		if (jsonx_int(v, "pid", 0) == pid)
			return true;
	return false;
}

/* Is the line about a process of ours? "-" continues the one before: a thread of it. -1: that is
 * no output of ps. */
static int concerns(const char *pid, const json_t *pids, bool before, struct err *err)
{
	char *end;
	long n;

	if (!strcmp(pid, "-"))
		return before;
	n = strtol(pid, &end, 10);
	if (*end || end == pid)
		return err_set(err, ERR_SYSTEM, "Unexpected pid '%s'", pid);
	return is_ours(pids, n);
}

json_t *dockerd_top_parse(char *output, const json_t *pids, struct err *err)
{
	AUTO_JSON json_t *titles = NULL, *processes = json_array();
	char *save = NULL, *line = strtok_r(output, "\n", &save);
	int ours = false;
	size_t column;

	titles = fields(line ? line : output, 0);
	column = column_of_pid(titles);
	if (column == SIZE_MAX) {
		err_set(err, ERR_SYSTEM, "Couldn't find PID field in ps output");
		return NULL;
	}
	while ((line = strtok_r(NULL, "\n", &save))) {
		AUTO_JSON json_t *row = fields(line, json_array_size(titles));
		const char *pid = json_string_value(json_array_get(row, column));

		if (!pid)
			continue;
		ours = concerns(pid, pids, ours, err);
		if (ours < 0)
			return NULL;
		if (ours)
			json_array_append(processes, row);
	}
	return json_pack("{s:O, s:O}", "Titles", titles, "Processes", processes);
}

json_t *dockerd_top_ps(const char *args, const json_t *pids, struct err *err)
{
	AUTO_STRLIST struct strlist all = STRLIST_INIT, some = STRLIST_INIT;
	AUTO_STRBUF struct strbuf output = STRBUF_INIT;

	if (dockerd_top_check(args, err))
		return NULL;
	cut(&all, args);
	cut(&some, args);
	add_pids(&some, pids);
	strbuf_reserve(&output, 0);
	if (run(some.v, &output, err)) { /* not every option goes with -q */
		strbuf_clear(&output);
		if (run(all.v, &output, err))
			return NULL;
	}
	return dockerd_top_parse(output.data, pids, err);
}
