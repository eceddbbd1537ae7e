/*
 * runc.c - the program: global options, the table of commands, and the one place
 * where a struct err becomes words on stderr, a line in the log and an exit status.
 *
 *     runc [global options] command [options] [arguments]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "cmd.h"

static const struct {
	const char *name;
	runc_cmd *run;
	const char *help;
} commands[] = {
	{ "checkpoint", runc_cmd_checkpoint, "save a running container" },
	{ "create", runc_cmd_create, "create a container" },
	{ "delete", runc_cmd_delete, "remove what a container leaves" },
	{ "events", runc_cmd_events, "statistics of a container" },
	{ "exec", runc_cmd_exec, "run one more process in a container" },
	{ "features", runc_cmd_features, "what this runtime can do" },
	{ "kill", runc_cmd_kill, "send a signal to a container" },
	{ "list", runc_cmd_list, "list containers" },
	{ "pause", runc_cmd_pause, "freeze a container" },
	{ "ps", runc_cmd_ps, "list a container's processes" },
	{ "restore", runc_cmd_restore, "let a saved container run again" },
	{ "resume", runc_cmd_resume, "continue a frozen container" },
	{ "run", runc_cmd_run, "create and start a container" },
	{ "spec", runc_cmd_spec, "write a config.json to begin with" },
	{ "start", runc_cmd_start, "let a created container run its program" },
	{ "state", runc_cmd_state, "print a container's state" },
	{ "update", runc_cmd_update, "change a container's limits" },
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static void version(void)
{
	printf("runc version " RUNC_VERSION "-dockyard\ncommit: dockyard\nspec: " RUNC_SPEC_VERSION
	       "\n");
}

static void help(const struct option_def *defs)
{
	printf("usage: runc [global options] command [options] [arguments]\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("   %-10s %s\n", commands[i].name, commands[i].help);
	printf("\nglobal options:\n");
	runc_options_help(defs);
}

int runc_cmd_parse(const struct cmd_usage *u, const struct option_def *defs, int argc, char **argv,
		   int *rest, struct err *err)
{
	const char *name = argv[-1]; /* the command itself stands there */

	if (argc && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))) {
		printf("runc %s - %s\n\nusage: runc %s %s\n\noptions:\n", name, u->about, name,
		       u->usage);
		runc_options_help(defs);
		*rest = -1;
		return 0;
	}
	if (runc_options_parse(defs, argc, argv, rest, err))
		return err_wrap(err, "%s", name);
	if (argc - *rest < u->min || (u->max >= 0 && argc - *rest > u->max))
		return err_set(err, ERR_INVALID, "%s: expected %s %d argument%s: runc %s %s", name,
			       argc - *rest < u->min ? "at least" : "at most",
			       argc - *rest < u->min ? u->min : u->max,
			       (argc - *rest < u->min ? u->min : u->max) == 1 ? "" : "s", name,
			       u->usage);
	return 0;
}

int runc_cmd_state_of(const struct runc_global *g, const char *id, struct runc_state *st,
		      struct err *err)
{
	return runc_state_load(st, g->root, id, err);
}

static int open_log(const struct runc_global *g, struct err *err)
{
	int fd = STDERR_FILENO;

	if (strcmp(g->log_format, "text") && strcmp(g->log_format, "json"))
		return err_set(err, ERR_INVALID, "invalid log-format '%s'", g->log_format);
	if (g->log)
		fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "open the log %s", g->log);
	log_setup("runc", fd, g->debug ? LOG_DEBUG : LOG_INFO, !strcmp(g->log_format, "json"));
	return 0;
}

/* The caller reads the last error of the log; the user reads stderr. */
static int fail(const struct runc_global *g, const struct err *err, int status)
{
	if (g->log)
		log_error("%s", err->msg);
	fprintf(stderr, "%s%s\n", str_starts(err->msg, "runc ") ? "" : "runc: ", err->msg);
	return status;
}

static int dispatch(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	if (g->systemd_cgroup)
		return err_set(err, ERR_UNSUPPORTED, "--systemd-cgroup: this runtime makes cgroups "
			       "in the file system, not through systemd");
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(g, argc - 1, argv + 1, err);
	return err_set(err, ERR_INVALID, "there is no command '%s' (see runc --help)", argv[0]);
}

int main(int argc, char **argv)
{
	struct runc_global g = { .root = "/run/dockyard/runc", .log_format = "text", .argv = argv };
	bool show_help = false, show_version = false;
	const struct option_def defs[] = {
		{ "root", 0, OPTION_TEXT, &g.root, "where containers' states are kept" },
		{ "log", 0, OPTION_TEXT, &g.log, "append errors and warnings to this file" },
		{ "log-format", 0, OPTION_TEXT, &g.log_format, "text or json" },
		{ "debug", 0, OPTION_FLAG, &g.debug, "log more" },
		{ "systemd-cgroup", 0, OPTION_FLAG, &g.systemd_cgroup,
		  "make cgroups through systemd (refused)" },
		{ "help", 'h', OPTION_FLAG, &show_help, "print this" },
		{ "version", 'v', OPTION_FLAG, &show_version, "print the version" },
		{ NULL },
	};
	struct err err = { .kind = ERR_NONE };
	int rest = 0, status;

	trace_setup("runc");
	if (runc_options_parse(defs, argc - 1, argv + 1, &rest, &err) || open_log(&g, &err))
		return fail(&g, &err, 1);
	if (show_version || show_help || rest + 1 >= argc) {
		show_version ? version() : help(defs);
		return show_version || show_help ? 0 : 1;
	}
	status = dispatch(&g, argc - 1 - rest, argv + 1 + rest, &err);
	return status < 0 ? fail(&g, &err, status == -255 ? 255 : 1) : status;
}
