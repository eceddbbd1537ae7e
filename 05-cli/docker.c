/*
 * docker.c - the program: global flags, the verb, its exit status.
 *
 *     docker [global flags] VERB [flags] [arguments]
 *
 * What a command does is in its own file, cmd_VERB.c; what names it has, in
 * commands.c. Here is what all of them share: where the daemon is, which flags
 * are known, and how a failure is told:
 *
 *     flags that are not understood        the error, the usage line; 125
 *     arguments too many or too few        the error, the usage line; 1
 *     a verb that failed                   its error; 1, or what it set
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/log.h"
#include "cli.h"
#include "commands.h"
#include "endpoint.h"
#include "trace.h"
#include "usage.h"

struct globals {
	struct cli_place place;
	const char *config, *level;
	bool debug, version, trace;
	enum log_level debug_level; /* of both */
};

#define AT(field) offsetof(struct globals, field)
static const struct cli_flag global_flags[] = {
	{ 0, "config", CLI_STRING, AT(config), "Location of client config files (default \"~/.docker\")" },
	{ 'c', "context", CLI_STRING, AT(place.context), "Name of the context to use to connect to the daemon (overrides "
	  "DOCKER_HOST env var and default context set with \"docker context use\")" },
	{ 'D', "debug", CLI_BOOL, AT(debug), "Enable debug mode" },
	{ 'H', "host", CLI_LIST, AT(place.hosts), "Daemon socket to connect to" },
	{ 'l', "log-level", CLI_STRING, AT(level), "Set the logging level (\"debug\", \"info\", \"warn\", \"error\", "
	  "\"fatal\")", .shown = "\"info\"" },
	{ 0, "tls", CLI_BOOL, AT(place.tls.tls), "Use TLS; implied by --tlsverify" },
	{ 0, "tlscacert", CLI_STRING, AT(place.tls.ca), "Trust certs signed only by this CA (default \"~/.docker/ca.pem\")" },
	{ 0, "tlscert", CLI_STRING, AT(place.tls.cert), "Path to TLS certificate file (default \"~/.docker/cert.pem\")" },
	{ 0, "tlskey", CLI_STRING, AT(place.tls.key), "Path to TLS key file (default \"~/.docker/key.pem\")" },
	{ 0, "tlsverify", CLI_BOOL, AT(place.tls.verify), "Use TLS and verify the remote" },
	{ 0, "trace", CLI_BOOL, AT(trace), "Show what the command does in every box, and how long it takes" },
	{ 'v', "version", CLI_BOOL, AT(version), "Print version information and quit" },
	{ 0 },
};
static const struct cli_flagset global_set = { { global_flags, NULL } };

/* What is told of the way: warnings, unless more or less is asked for. -1: no such level. */
static int log_level(const struct globals *g, enum log_level *out)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "debug", LOG_DEBUG }, { "info", LOG_WARN }, { "warn", LOG_WARN }, { "error", LOG_ERROR },
		       { "fatal", LOG_ERROR } };

	*out = g->debug ? LOG_DEBUG : LOG_WARN;
	for (size_t i = 0; g->level && i < sizeof levels / sizeof *levels; i++)
		if (!strcmp(g->level, levels[i].name)) {
			*out = g->debug ? LOG_DEBUG : levels[i].level;
			return 0;
		}
	return g->level ? -1 : 0;
}

/* ---- complaints ---------------------------------------------------------- */

static int bad_flags(const char *path, const char *usage, const struct err *err)
{
	const char *blank = *path ? " " : "";

	fprintf(stderr, "%s\n\nUsage:  docker%s%s%s%s\n\nRun 'docker%s%s --help' for more information\n",
		err->msg, blank, path, *usage ? " " : "", usage, blank, path);
	return CLI_STATUS_DAEMON;
}

static int refuse(const char *what, const char *which)
{
	fprintf(stderr, "%s%s\n", what, which);
	return CLI_STATUS_FAILED;
}

static int unknown_command(const struct cli_found *found, const char *word)
{
	const char *group = found->group ? found->group->name : NULL;
	AUTO_FREE char *near = cli_suggest(group, word);
	const char *blank = group ? " " : "";

	group = group ? group : "";
	fprintf(stderr, "docker: unknown command: docker %s%s%s\n", group, blank, word);
	if (near)
		fprintf(stderr, "\nDid you mean this?\n  docker %s%s%s\n", group, blank, near);
	if (*group)
		fprintf(stderr, "\nUsage:  docker %s\n", group);
	fprintf(stderr, "\nRun 'docker %s%s--help' for more information\n", group, blank);
	return CLI_STATUS_FAILED;
}

/* "'docker rm' requires at least 1 argument" */
static int bad_count(const struct cli_command *c, const char *path)
{
	char want[64];
	int n = c->max == c->min || c->max < 0 ? c->min : c->max;

	if (!c->max)
		snprintf(want, sizeof want, "accepts no arguments");
	else if (c->min && c->max > c->min)
		snprintf(want, sizeof want, "requires at least %d and at most %d arguments", c->min, c->max);
	else
		snprintf(want, sizeof want, "requires %s%d argument%s",
			 c->max == c->min ? "" : c->max < 0 ? "at least " : "at most ", n, n == 1 ? "" : "s");
	fprintf(stderr,
		"docker: 'docker %s' %s\n\nUsage:  docker %s%s%s\n\n%s 'docker %s --help' for more information\n",
		path, want, path, *c->usage ? " " : "", c->usage, c->max < 0 ? "See" : "Run", path);
	return CLI_STATUS_FAILED;
}

/* A flag that the daemon is too old for must not be dropped on the way. */
static int check_api(struct cli *cli, const struct cli_args *args, struct err *err)
{
	if (!args->newest)
		return 0;
	if (cli_api_negotiate(&cli->api, err))
		return -1;
	if (cli_api_at_least(&cli->api, args->newest->api))
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		       "\"--%s\" requires API version %s, but the Docker daemon API version is %s",
		       args->newest->name, args->newest->api, cli->api.version);
}

/* ---- the verb ------------------------------------------------------------ */

/* `docker events | head -1`: who closed a pipe knows that it is closed, and what fails then fails for that. */
static bool output_closed(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

static int run_verb(struct cli *cli, const struct globals *g, const struct cli_command *c,
		    void *options, const struct cli_args *args)
{
	struct err err = { 0 };

	if (cli_config_load(&cli->config, g->config, &err)) {
		cli_complain("WARNING: %s", err.msg);
		err = (struct err){ 0 };
	}
	cli->api.headers = json_object_get(cli->config.doc, "HttpHeaders");
	if (cli_endpoint_choose(cli, &g->place, c->offline, &err)) {
		cli_complain("Failed to initialize: %s", err.msg);
		return CLI_STATUS_FAILED;
	}
	if (!check_api(cli, args, &err) && !c->run(cli, options, args->v, args->n, &err))
		return cli->status;
	if (!output_closed())
		cli_complain("%s", err.msg);
	return cli->status ? cli->status : CLI_STATUS_FAILED;
}

static int run_traced(struct cli *cli, const struct globals *g, const struct cli_command *c,
		      void *options, const struct cli_args *args)
{
	bool traced = cli_trace_begin(g->trace);
	struct trace_span span = trace_begin();
	int status = run_verb(cli, g, c, options, args);
	struct err err = { 0 };

	trace_end(&span, "docker %s: exit status %d", cli->path, status);
	if (!traced || !cli_trace_end(&cli->api, g->trace, &err))
		return status;
	fprintf(stderr, "%s\n", err.msg);
	return status ? status : CLI_STATUS_FAILED;
}

static int call(const struct globals *g, const struct cli_found *found, int argc, char **argv)
{
	const struct cli_command *c = found->verb->command;
	struct cli_flagset set = { { c->flags, c->more_flags } };
	AUTO_FREE void *options = xcalloc(1, c->options_size ? c->options_size : 1);
	struct cli cli = { .path = found->path, .debug = g->debug };
	struct cli_args args;
	struct err err = { 0 };
	int status;

	if (cli_flags_parse(&set, argc, argv, c->flags_first, options, &args, &err)) {
		status = bad_flags(found->path, c->usage, &err);
	} else if (args.help) {
		cli_usage_verb(stdout, found->verb, found->path);
		status = 0;
	} else if (args.n < c->min || (c->max >= 0 && args.n > c->max)) {
		status = bad_count(c, found->path);
	} else {
		log_setup("docker", STDERR_FILENO, g->debug_level, 0);
		status = run_traced(&cli, g, c, options, &args);
	}
	cli_api_free(&cli.api);
	cli_config_free(&cli.config);
	cli_flags_free(&set, options);
	free(args.v);
	return status;
}

/* The words after the global flags. `docker help x` is `docker x --help`. */
static int dispatch(const struct globals *g, const struct cli_args *words)
{
	bool help = words->n && !strcmp(words->v[0], "help");
	char **v = words->v + help;
	int n = words->n - help, status = 0;
	struct cli_found found;

	cli_find(v, n, &found);
	help = help || words->help;
	if (found.verb && help)
		cli_usage_verb(stdout, found.verb, found.path);
	else if (found.verb)
		status = call(g, &found, n - found.used, v + found.used);
	else if (found.group && (n == 1 || v[1][0] == '-'))
		cli_usage_group(n == 1 && !help ? stderr : stdout, found.group);
	else if (n && help && !found.group)
		status = refuse("unknown help topic: ", v[0]);
	else if (n)
		status = unknown_command(&found, v[found.used]);
	else
		cli_usage_top(stdout, global_flags);
	free(found.path);
	return status;
}

/* A descriptor 0, 1 or 2 that is closed would be given to the next file or
 * socket that is opened, and be taken for the terminal. */
static void fill_standard_fds(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd < STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct globals g = { 0 };
	struct cli_args words = { 0 };
	struct err err = { 0 };
	int status = 0;

	fill_standard_fds();
	trace_setup("docker");
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(2), not our death */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (cli_flags_parse(&global_set, argc - 1, argv + 1, true, &g, &words, &err))
		status = bad_flags("", "[OPTIONS] COMMAND [ARG...]", &err);
	else if (log_level(&g, &g.debug_level))
		status = refuse("Unable to parse logging level: ", g.level);
	else if (g.place.context && g.place.hosts.n)
		status = refuse("conflicting options: cannot specify both --host and --context", "");
	else if (g.version)
		printf("Docker version " CLI_VERSION ", build dockyard\n");
	else
		status = dispatch(&g, &words);
	cli_flags_free(&global_set, &g);
	free(words.v);
	curl_global_cleanup();
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		if (errno != EPIPE) /* who closed a pipe knows */
			cli_complain("docker: what was to be printed could not be written: %s", strerror(errno ? errno : EIO));
		status = CLI_STATUS_FAILED;
	}
	return status;
}
