/*
 * cli.h - one command line, from its words to its exit status.
 *
 * A verb ("ps", "container rm") is one struct cli_command in one file,
 * cmd_VERB.c: how it is called, its flags, and the function that does it. The
 * tree of names over the verbs is commands.c; main (docker.c) finds the verb,
 * parses its flags into the verb's own options struct, and calls it.
 *
 * A verb returns 0, or -1 with err filled, which main prints. Where the exit
 * status is not 0 or 1 (the status of a container, Docker's 125 to 127), or
 * where a verb has said itself what failed, it sets cli->status.
 */
#ifndef DOCKYARD_CLI_H
#define DOCKYARD_CLI_H

#include <stdbool.h>

#include "01-kernel/base/strbuf.h"
#include "api.h"
#include "config.h"
#include "flags.h"

#define CLI_VERSION "0.1.0"

/* Exit statuses with a meaning of their own (docker run's reference page). */
#define CLI_STATUS_FAILED 1
#define CLI_STATUS_TEMPLATE 64
#define CLI_STATUS_DAEMON 125 /* the daemon, or the flags, were at fault */

struct cli {
	struct cli_config config;
	struct cli_api api;
	const struct cli_place *place; /* what the command line said about the daemon (endpoint.h) */
	const char *context;           /* the name of the one that counts (context.h) */
	const char *path; /* the verb as it was called: "container ls" */
	bool debug;
	int status; /* what to exit with; 0 and a failed verb means 1 */
};

struct cli_command {
	const char *usage;   /* what follows the name: "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
	const char *summary; /* one line for the list of commands */
	const char *about;   /* what --help says instead, where that is more */
	const char *more;    /* a second usage line, or NULL */
	const char *aliases; /* all ways to say it, where it is in more groups than one */
	int min, max;        /* how many arguments; max -1 is any number */
	bool offline;        /* it needs no daemon */
	bool flags_first;    /* flags end at the first argument: what follows is another program's */
	size_t options_size;
	const struct cli_flag *flags, *more_flags; /* either may be NULL */
	int (*run)(struct cli *cli, void *options, char **args, int n, struct err *err);
};

/* Several targets, each of which may fail on its own: the verb goes on, and
 * the failures are said together at the end, as Docker does. */
struct cli_failures {
	struct strbuf text;
};
#define CLI_FAILURES_INIT { STRBUF_INIT }
void cli_failures_add(struct cli_failures *f, const struct err *err);
/* Print them, set the status where there are any, and free them. */
void cli_failures_end(struct cli_failures *f, struct cli *cli);

/* A line to stderr; what may be a daemon's or a registry's words does not steer the terminal. */
void cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A call on a file of the user's that failed (errno), as Docker words it:
 * "open x: no such file or directory". Returns -1. */
int cli_file_error(const char *call, const char *path, struct err *err);

/* --disable-content-trust is there because scripts say it; without it there would
 * have to be signatures, which this client does not check. */
#define CLI_TRUST_FLAG(at, help) \
	{ 0, "disable-content-trust", CLI_BOOL, at, help, .shown = "true" }
int cli_trust_check(bool disabled, struct err *err);

/* docker run and create say more than other verbs about a failure: the
 * message, then where to read on. Sets the status to 125. */
void cli_fail_with_help(struct cli *cli, const struct err *err);

#endif
