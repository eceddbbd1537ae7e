/*
 * cmd_ps.c - `ps`: the processes of a container, by their pids out here.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static void print_json(const pid_t *pids, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

/* ps(1) knows how to print a process; it is given the pids. It replaces us. */
static int exec_ps(const pid_t *pids, size_t n, int argc, char **argv, struct err *err)
{
	AUTO_STRLIST struct strlist args = STRLIST_INIT;
	AUTO_STRBUF struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&list, "%s%d", i ? "," : "", (int)pids[i]);
	strlist_add(&args, "ps");
	for (int i = 0; i < argc; i++)
		strlist_add(&args, argv[i]);
	if (!argc)
		strlist_add(&args, "-f");
	strlist_add(&args, "-p");
	strlist_add(&args, list.len ? list.data : "0");
	execvp("ps", args.v);
	return err_sys(err, "run ps");
}

int runc_cmd_ps(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--format json|table] <container-id> [ps options]",
						"list its processes", 1, -1 };
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
	cg = kern_cgroup_open(st.cgroup, err);
	failed = cg ? kern_cgroup_pids(cg, &pids, &n, err) : -1;
	kern_cgroup_free(cg);
	if (failed)
		return -1;
	if (!strcmp(format, "table"))
		return exec_ps(pids, n, argc - rest - 1, argv + rest + 1, err);
	print_json(pids, n);
	return 0;
}
