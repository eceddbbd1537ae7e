/*
 * registry.c - the commands; command_line.h has the flags.
 *
 *     registry [serve] --root DIR --addr HOST:PORT      until SIGTERM or SIGINT; --proxy: a mirror
 *     registry seed    --root DIR LAYOUT[:REF] NAME[:TAG], or ARCHIVE[:REF]|- [NAME[:TAG]]
 *     registry ls      --root DIR
 *     registry gc      --root DIR
 *
 * Exit codes: 0, 1 for a failure, 2 for a wrong command line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "command_line.h"
#include "index.h"
#include "seed.h"

#define TIDY_SECONDS 3600
#define MISUSE 2

static int fail(const struct err *err)
{
	fprintf(stderr, "registry: %s\n", err->msg);
	return 1;
}

/* ---- commands ---------------------------------------------------------------------- */

/* Sleep until a signal says to stop, and tidy up every hour. */
static void wait_for_end(struct reg_server *server, const sigset_t *signals)
{
	const struct timespec hour = { .tv_sec = TIDY_SECONDS };

	for (;;) {
		int sig = sigtimedwait(signals, NULL, &hour);

		if (sig == SIGHUP) {
			reg_server_reopen(server);
			continue;
		}
		if (sig > 0) {
			log_info("%s: stopping", strsignal(sig));
			return;
		}
		if (errno == EAGAIN)
			reg_server_tidy(server);
	}
}

static int serve(const struct command_line *line, struct err *err)
{
	struct reg_server *server;
	sigset_t signals;

	/* Blocked before the first thread exists, so that only we take them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	server = reg_server_start(&line->server, err);
	if (!server)
		return fail(err);
	log_info("serving %s on %s (port %d)%s%s%s", line->server.root, line->server.addr,
		 http_server_port(server->http), line->server.tls_cert ? ", TLS" : "",
		 line->server.auth.htpasswd ? ", login required" : "",
		 line->server.proxy.url    ? ", a mirror"
		 : line->server.readonly ? ", read-only"
					 : "");
	reg_server_tidy(server);
	wait_for_end(server, &signals);
	reg_server_stop(server);
	return 0;
}

static int seed(const struct command_line *line, struct err *err)
{
	struct reg_store *store = reg_store_open_at(line->server.root, &line->server.s3, err);
	int rc;

	if (!store)
		return fail(err);
	rc = reg_seed(store, line->args[0], line->n_args > 1 ? line->args[1] : NULL, stdout, err);
	reg_store_close(store);
	return rc ? fail(err) : 0;
}

static void print_repository(const char *name, const json_t *index)
{
	size_t i;
	json_t *d;

	json_array_foreach(json_object_get(index, "manifests"), i, d) {
		const char *tag = reg_index_tag_of(d);

		printf("%s%s%s  %s\n", name, tag ? ":" : "", tag ? tag : "",
		       jsonx_str(d, "digest", ""));
	}
}

/* One that is there: opening would make it. */
static struct reg_store *open_existing(const struct reg_server_options *o, struct err *err)
{
	if (!access(o->root, F_OK))
		return reg_store_open_at(o->root, &o->s3, err);
	err_sys(err, "no store in %s", o->root);
	return NULL;
}

static int ls(const struct command_line *line, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct reg_store *store = open_existing(&line->server, err);
	int rc;

	rc = store ? reg_repo_list(store, &names, err) : -1;
	for (size_t i = 0; !rc && i < names.n; i++) {
		AUTO_JSON json_t *index = reg_index_load(store, names.v[i], true, err);

		if (index)
			print_repository(names.v[i], index);
		else
			rc = -1;
	}
	reg_store_close(store);
	return rc ? fail(err) : 0;
}

static int gc(const struct command_line *line, struct err *err)
{
	struct reg_store *store = open_existing(&line->server, err);
	int rc = store ? reg_gc(store, &line->gc, stdout, err) : -1;

	reg_store_close(store);
	return rc ? fail(err) : 0;
}

static const struct command {
	const char *name;
	int (*run)(const struct command_line *line, struct err *err);
	int args_min, args_max;
} commands[] = {
	{ "serve", serve, 0, 0 },
	{ "seed", seed, 1, 2 },
	{ "ls", ls, 0, 0 },
	{ "gc", gc, 0, 0 },
};

/* ---- which of them ------------------------------------------------------------------- */

static int misuse(const char *what)
{
	command_line_wrong(what);
	return MISUSE;
}

static int dispatch(struct command_line *line)
{
	const char *name = line->n_args ? line->args[0] : "serve";
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		if (line->n_args) {
			line->args++;
			line->n_args--;
		}
		if (line->n_args < commands[i].args_min || line->n_args > commands[i].args_max)
			return misuse("wrong number of arguments");
		if (commands[i].run != serve && line->serving)
			return misuse("all flags but --root and --s3 are for serving, or for gc");
		if (commands[i].run != gc && line->for_gc)
			return misuse("--dry-run, --untagged and --grace are for gc");
		if (!line->server.addr)
			line->server.addr = "127.0.0.1:5000";
		return commands[i].run(line, &err);
	}
	fprintf(stderr, "registry: no command \"%s\"\n", name);
	return misuse(NULL);
}

int main(int argc, char **argv)
{
	struct command_line line = { .server.root = "/var/lib/dockyard/registry",
				     .gc.grace = 24 * 3600 };
	int rc = command_line_read(argc, argv, &line);

	if (rc)
		return rc > 0 ? 0 : MISUSE;
	log_setup("registry", 2, LOG_INFO, 0);
	trace_setup("registry");
	return dispatch(&line);
}
