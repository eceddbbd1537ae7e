/*
 * registry.c - the command line.
 *
 *     registry [serve] --root DIR --addr HOST:PORT      until SIGTERM or SIGINT
 *     registry seed    --root DIR LAYOUT[:REF] NAME[:TAG]
 *     registry ls      --root DIR
 *
 * Exit codes: 0, 1 for a failure, 2 for a wrong command line.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "index.h"
#include "seed.h"
#include "server.h"

#define VERSION "0.1.0"
#define TIDY_SECONDS 3600

struct command_line {
	struct reg_server_options server;
	char **args; /* what is no flag, NULL at its end */
	int n_args;
	bool serving; /* there is a flag that says how */
};

static const char usage_text[] =
	"Usage: registry [serve] --root DIR --addr HOST:PORT\n"
	"                [--tls-cert FILE --tls-key FILE [--tls-ca FILE]]\n"
	"                [--htpasswd FILE [--access FILE [--token-realm URL]]] [--readonly]\n"
	"       registry seed --root DIR LAYOUT_DIR[:REF] NAME[:TAG]\n"
	"       registry ls --root DIR\n"
	"\n"
	"A registry for container images: the OCI distribution specification over HTTP.\n"
	"\n"
	"Commands:\n"
	"  serve   serve the store until SIGTERM (what it does without a command)\n"
	"  seed    put an image of an OCI image layout into the store; a registry that is\n"
	"          serving it shows the image at once\n"
	"  ls      list repositories, tags and digests\n"
	"\n"
	"Flags:\n"
	"  --root DIR        the store (default /var/lib/dockyard/registry)\n"
	"  --addr HOST:PORT  where to listen (default 127.0.0.1:5000)\n"
	"  --tls-cert FILE   speak HTTPS with this certificate (PEM) ...\n"
	"  --tls-key FILE    ... and this key\n"
	"  --tls-ca FILE     with clients alone that have a certificate of this authority\n"
	"  --htpasswd FILE   only who has a password in this file (htpasswd -B) is let in,\n"
	"  --access FILE     and may do what this one says (default: everything)\n"
	"  --token-realm URL where clients reach our /token, if not where they reach us\n"
	"  --readonly        refuse every change (or --read-only)\n"
	"  --version, --help\n";

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
	sigprocmask(SIG_BLOCK, &signals, NULL);
	server = reg_server_start(&line->server, err);
	if (!server)
		return fail(err);
	log_info("serving %s on %s (port %d)%s%s%s", line->server.root, line->server.addr,
		 http_server_port(server->http), line->server.tls_cert ? ", TLS" : "",
		 line->server.auth.htpasswd ? ", login required" : "",
		 line->server.readonly ? ", read-only" : "");
	reg_server_tidy(server);
	wait_for_end(server, &signals);
	reg_server_stop(server);
	return 0;
}

static int seed(const struct command_line *line, struct err *err)
{
	struct reg_store *store = reg_store_open(line->server.root, err);
	int rc;

	if (!store)
		return fail(err);
	rc = reg_seed(store, line->args[0], line->args[1], stdout, err);
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

static int ls(const struct command_line *line, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct reg_store *store;
	int rc;

	if (access(line->server.root, F_OK)) { /* opening would make it */
		err_sys(err, "no store in %s", line->server.root);
		return fail(err);
	}
	store = reg_store_open(line->server.root, err);
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

static const struct command {
	const char *name;
	int (*run)(const struct command_line *line, struct err *err);
	int args;
} commands[] = {
	{ "serve", serve, 0 },
	{ "seed", seed, 2 },
	{ "ls", ls, 0 },
};

/* ---- the command line --------------------------------------------------------------- */

static int misuse(const char *what)
{
	if (what)
		fprintf(stderr, "registry: %s\n", what);
	fprintf(stderr, "Run 'registry --help'.\n");
	return 2;
}

/* 0: go on; 1: said all there is to say; -1: wrong. */
static int parse_flags(int argc, char **argv, struct command_line *line)
{
	static const struct option flags[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "addr", required_argument, NULL, 'a' },
		{ "tls-cert", required_argument, NULL, 'c' },
		{ "tls-key", required_argument, NULL, 'k' },
		{ "tls-ca", required_argument, NULL, 'C' },
		{ "htpasswd", required_argument, NULL, 'H' },
		{ "access", required_argument, NULL, 'A' },
		{ "token-realm", required_argument, NULL, 'T' },
		{ "readonly", no_argument, NULL, 'o' },
		{ "read-only", no_argument, NULL, 'o' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
		line->serving |= c != 'r';
		switch (c) {
		case 'r': line->server.root = optarg; break;
		case 'a': line->server.addr = optarg; break;
		case 'c': line->server.tls_cert = optarg; break;
		case 'k': line->server.tls_key = optarg; break;
		case 'C': line->server.tls_ca = optarg; break;
		case 'H': line->server.auth.htpasswd = optarg; break;
		case 'A': line->server.auth.access = optarg; break;
		case 'T': line->server.auth.token_realm = optarg; break;
		case 'o': line->server.readonly = true; break;
		case 'v': printf("registry version %s\n", VERSION); return 1;
		case 'h': fputs(usage_text, stdout); return 1;
		default:  return -1;
		}
	}
	line->args = argv + optind;
	line->n_args = argc - optind;
	return 0;
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
		if (line->n_args != commands[i].args)
			return misuse("wrong number of arguments");
		if (commands[i].run != serve && line->serving)
			return misuse("all flags but --root are for serving");
		if (!line->server.addr)
			line->server.addr = "127.0.0.1:5000";
		return commands[i].run(line, &err);
	}
	fprintf(stderr, "registry: no command \"%s\"\n", name);
	return misuse(NULL);
}

int main(int argc, char **argv)
{
	struct command_line line = { .server.root = "/var/lib/dockyard/registry" };
	int rc = parse_flags(argc, argv, &line);

	if (rc)
		return rc > 0 ? 0 : misuse(NULL);
	if (!line.server.tls_cert != !line.server.tls_key)
		return misuse("--tls-cert and --tls-key go together");
	if (line.server.tls_ca && !line.server.tls_cert)
		return misuse("--tls-ca needs --tls-cert");
	if (line.server.auth.access && !line.server.auth.htpasswd)
		return misuse("--access needs --htpasswd");
	if (line.server.auth.token_realm && !line.server.auth.access)
		return misuse("--token-realm needs --access");
	log_setup("registry", 2, LOG_INFO, 0);
	trace_setup("registry");
	return dispatch(&line);
}
