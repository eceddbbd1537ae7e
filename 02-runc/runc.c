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
#include <sys/auxv.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/userns.h"
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
	printf("NAME:\n   runc - Open Container Initiative runtime\n\n"
	       "USAGE:\n   runc [global options] command [options] [arguments]\n\nCOMMANDS:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("   %-10s %s\n", commands[i].name, commands[i].help);
	printf("\nGLOBAL OPTIONS:\n");
	runc_options_help(defs);
}

static int check_count(const struct cmd_usage *u, const char *name, int n, struct err *err)
{
	int bound = n < u->min ? u->min : u->max;

	if (n >= u->min && (u->max < 0 || n <= u->max))
		return 0;
	if (!bound)
		return err_set(err, ERR_INVALID, "%s: expected no arguments: runc %s %s", name, name, u->usage);
	return err_set(err, ERR_INVALID, "%s: expected %s %d argument%s: runc %s %s", name,
		       u->min == u->max ? "exactly" : n < u->min ? "at least" : "at most", bound,
		       bound == 1 ? "" : "s", name, u->usage);
}

int runc_cmd_parse(const struct cmd_usage *u, const struct option_def *defs, int argc, char **argv,
		   int *rest, struct err *err)
{
	const char *name = argv[-1]; /* the command itself stands there */

	if (u->in_order ? runc_options_parse(defs, argc, argv, rest, err)
			: runc_options_parse_mixed(defs, argc, argv, rest, err))
		return err_wrap(err, "%s", name);
	if (*rest < 0) {
		printf("NAME:\n   runc %s - %s\n\nUSAGE:\n   runc %s %s\n\nOPTIONS:\n", name,
		       u->about, name, u->usage);
		runc_options_help(defs);
		return 0;
	}
	return check_count(u, name, argc - *rest, err);
}

int runc_cmd_state_of(const struct runc_global *g, const char *id, struct runc_state *st,
		      struct err *err)
{
	return runc_state_load(st, g->root, id, err);
}

static int open_log(struct runc_global *g, struct err *err)
{
	int fd = STDERR_FILENO;

	if (strcmp(g->log_format, "text") && strcmp(g->log_format, "json"))
		return err_set(err, ERR_INVALID, "invalid log-format '%s'", g->log_format);
	if (g->log)
		fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "open the log %s", g->log);
	g->logs = g->log;
	log_setup("runc", fd, g->debug ? LOG_DEBUG : LOG_INFO,
		  strcmp(g->log_format, "json") ? LOG_LOGFMT : LOG_JSON);
	return 0;
}

/* The caller reads the last error of the log; the user reads stderr, in one line. */
static int fail(const struct runc_global *g, const struct err *err, int status)
{
	AUTO_STRBUF struct strbuf line = STRBUF_INIT;

	if (g->logs)
		log_error("%s", err->msg);
	strbuf_adds(&line, str_starts(err->msg, "runc ") ? "" : "runc: ");
	log_plain(&line, err->msg);
	fprintf(stderr, "%s\n", line.data);
	return status;
}

/* What was printed may still be in stdio's buffer; a disk that is full has not taken it. */
static int flush_output(struct err *err)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return err_errno(err, errno ? errno : EIO, "write the output");
}

#define STATUS_NO_COMMAND 3 /* as runc has it */

/* In a trace the whole command is a span, and what was done in it is told at its end. */
static int run(runc_cmd *cmd, const struct runc_global *g, int argc, char **argv, struct err *err)
{
	struct trace_span span = trace_detail_begin();
	int status = cmd(g, argc - 1, argv + 1, err);

	trace_end(&span, status < 0 ? "%s: %s" : "%s", argv[0], err->msg);
	trace_write();
	return status;
}

static int dispatch(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[0], commands[i].name))
			return run(commands[i].run, g, argc, argv, err);
	err_set(err, ERR_INVALID, "No help topic for '%s'", argv[0]);
	return -STATUS_NO_COMMAND;
}

/* Where an ordinary user's containers are remembered: in his own part of /run. Root of a
 * user namespace counts as one, unless he says by $USER that he is more. */
static char *default_root(bool privileged)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");

	if (privileged || !dir || !*dir || (!geteuid() && user && !strcmp(user, "root")))
		return xstrdup("/run/dockyard/runc");
	return xasprintf("%s/dockyard/runc", dir);
}

/* An unset variable in a script; as a path it would be the root directory, and `delete usr` … */
static int check_root(const struct runc_global *g, struct err *err)
{
	return *g->root ? 0 : err_set(err, ERR_INVALID, "option --root: the directory has no name");
}

static int decide_rootless(struct runc_global *g, const char *word, bool privileged,
			   struct err *err)
{
	g->rootless = !strcmp(word, "auto") ? !privileged : !strcmp(word, "true");
	if (strcmp(word, "auto") && strcmp(word, "true") && strcmp(word, "false"))
		return err_set(err, ERR_INVALID, "option --rootless: '%s' is not true, false or auto",
			       word);
	return 0;
}

int main(int argc, char **argv)
{
	bool privileged = !geteuid() && kern_userns_initial();
	AUTO_FREE char *root = default_root(privileged);
	struct runc_global g = { .root = root, .log_format = "text", .argv = argv };
	const char *rootless = "auto";
	bool show_help = false, show_version = false;
	AUTO_FREE char *help_root = xasprintf("where containers' states are kept; by default %s", root);
	const struct option_def defs[] = {
		{ "root", 0, OPTION_TEXT, &g.root, help_root },
		{ "log", 0, OPTION_TEXT, &g.log, "append errors and warnings to this file" },
		{ "log-format", 0, OPTION_TEXT, &g.log_format, "text or json" },
		{ "debug", 0, OPTION_FLAG, &g.debug, "log more" },
		{ "systemd-cgroup", 0, OPTION_FLAG, &g.systemd_cgroup,
		  "have systemd make cgroups; cgroupsPath is then slice:prefix:name" },
		{ "rootless", 0, OPTION_TEXT, &rootless,
		  "ignore that a cgroup may not be made: true, false or auto" },
		{ "help", 'h', OPTION_FLAG, &show_help, "print this" },
		{ "version", 'v', OPTION_FLAG, &show_version, "print the version" },
		{ NULL },
	};
	struct err err = { .kind = ERR_NONE };
	int rest = 0, status;
	size_t seed;

	trace_setup("runc");
	trace_join();
	/* As random as what jansson would open /dev/urandom for: the kernel gave it to us,
	 * at any address. */
	memcpy(&seed, (const void *)getauxval(AT_RANDOM), sizeof seed);
	json_object_seed(seed);
	if (runc_options_parse(defs, argc - 1, argv + 1, &rest, &err) ||
	    check_root(&g, &err) || decide_rootless(&g, rootless, privileged, &err) ||
	    open_log(&g, &err))
		return fail(&g, &err, 1);
	if (rest + 1 < argc && (!strcmp(argv[1 + rest], "help") || !strcmp(argv[1 + rest], "h"))) {
		show_help |= rest + 2 == argc;
		argv[1 + rest] = argv[2 + rest]; /* `help run` is `run --help` */
		argv[2 + rest] = show_help ? NULL : (char *)"--help";
	}
	if (show_version || show_help || rest + 1 >= argc) {
		show_version ? version() : help(defs);
		return flush_output(&err) ? fail(&g, &err, 1) : 0;
	}
	status = dispatch(&g, argc - 1 - rest, argv + 1 + rest, &err);
	if (status >= 0 && flush_output(&err))
		status = -1;
	return status < 0 ? fail(&g, &err, status < -1 ? -status : 1) : status;
}
