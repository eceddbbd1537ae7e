/*
 * registry.c - the command line.
 *
 *     registry [serve] --root DIR --addr HOST:PORT      until SIGTERM or SIGINT; --proxy: a mirror
 *     registry seed    --root DIR LAYOUT[:REF] NAME[:TAG], or ARCHIVE[:REF]|- [NAME[:TAG]]
 *     registry ls      --root DIR
 *     registry gc      --root DIR
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
#include "gc.h"
#include "index.h"
#include "seed.h"
#include "server.h"
#include "units.h"

#define VERSION "0.1.0"
#define TIDY_SECONDS 3600

struct command_line {
	struct reg_server_options server;
	struct reg_gc_options gc;
	bool for_gc; /* one of its flags was there */
	char **args; /* what is no flag, NULL at its end */
	int n_args;
	bool serving; /* there is a flag that says how */
};

static const char usage_text[] =
	"Usage: registry [serve] --root DIR --addr HOST:PORT\n"
	"                [--tls-cert FILE --tls-key FILE [--tls-ca FILE]]\n"
	"                [--htpasswd FILE [--access FILE [--token-realm URL]]]\n"
	"                [--readonly | --proxy URL] [--s3 URL [--s3-proxy]]\n"
	"       registry seed --root DIR LAYOUT_DIR[:REF] NAME[:TAG]\n"
	"       registry seed --root DIR ARCHIVE[:REF]|- [NAME[:TAG]]\n"
	"       registry ls --root DIR\n"
	"       registry gc --root DIR [--dry-run] [--untagged] [--grace TIME]\n"
	"\n"
	"A registry for container images: the OCI distribution specification over HTTP.\n"
	"\n"
	"Commands:\n"
	"  serve   serve the store until SIGTERM (what it does without a command)\n"
	"  seed    put an image of an OCI image layout into the store, or of an archive made by\n"
	"          docker save (\"-\": standard input), all of them where no name is given; a\n"
	"          registry that is serving it shows the image at once\n"
	"  ls      list repositories, tags and digests\n"
	"  gc      remove the blobs that no manifest needs; the registry may be running\n"
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
	"  --proxy URL       be a mirror of the registry there (docker.io: Docker Hub): fetch what\n"
	"                    is asked for once, and keep it\n"
	"  --proxy-user NAME, --proxy-password-file FILE\n"
	"                    who to be there\n"
	"  --proxy-max-size SIZE\n"
	"                    keep so much of it (\"20G\"); what is unused longest goes\n"
	"  --s3 URL          keep blobs in an object store: https://endpoint/bucket[/prefix]\n"
	"  --s3-region NAME  its region (default AWS_REGION, or us-east-1)\n"
	"  --s3-credentials FILE\n"
	"                    as ~/.aws/credentials; default AWS_ACCESS_KEY_ID and\n"
	"                    AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN\n"
	"  --s3-proxy        fetch blobs there for clients, instead of sending these there\n"
	"  --access-log FILE a line for each request there (\"-\": standard output), not in the\n"
	"                    log; SIGHUP opens it again\n"
	"  --notify URL      post an event there for each push, pull, mount and deletion\n"
	"  --dry-run         only say what gc would remove\n"
	"  --untagged        gc takes manifests, too, that no tag leads to\n"
	"  --grace TIME      gc spares what was pushed or asked for so lately (default 24h)\n"
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
		{ "proxy", required_argument, NULL, 'p' },
		{ "proxy-user", required_argument, NULL, 'u' },
		{ "proxy-password-file", required_argument, NULL, 'w' },
		{ "proxy-max-size", required_argument, NULL, 'm' },
		{ "access-log", required_argument, NULL, 'l' },
		{ "notify", required_argument, NULL, 'N' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "untagged", no_argument, NULL, 't' },
		{ "grace", required_argument, NULL, 'g' },
		{ "s3", required_argument, NULL, '3' },
		{ "s3-region", required_argument, NULL, 'R' },
		{ "s3-credentials", required_argument, NULL, 'K' },
		{ "s3-proxy", no_argument, NULL, 'P' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err err;
	int c;

	while ((c = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
		line->serving |= !strchr("r3RKntg", c); /* the others are of every command, or gc's */
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
		case 'p': line->server.proxy.url = optarg; break;
		case 'u': line->server.proxy.user = optarg; break;
		case 'w': line->server.proxy.password_file = optarg; break;
		case 'm':
			if (reg_size_parse(optarg, &line->server.proxy.max_size, &err))
				return -fail(&err);
			break;
		case 'l': line->server.access_log = optarg; break;
		case 'N':
			if (line->server.notify) {
				fprintf(stderr, "registry: --notify takes one URL\n");
				return -1;
			}
			line->server.notify = optarg;
			break;
		case 'n': line->gc.dry_run = line->for_gc = true; break;
		case 't': line->gc.untagged = line->for_gc = true; break;
		case 'g':
			line->for_gc = true;
			if (reg_seconds_parse(optarg, &line->gc.grace, &err))
				return -fail(&err);
			break;
		case '3': line->server.s3.url = optarg; break;
		case 'R': line->server.s3.region = optarg; break;
		case 'K': line->server.s3.credentials = optarg; break;
		case 'P': line->server.s3.proxy = true; break;
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

static const char *wrong_proxy(const struct reg_server_options *server)
{
	const struct reg_proxy_options *o = &server->proxy;

	if (o->url && server->readonly)
		return "a mirror takes no changes: --readonly says nothing";
	if (o->url && server->s3.url)
		return "a mirror keeps blobs on the disk: --proxy does not go with --s3";
	if (!o->user != !o->password_file)
		return "--proxy-user and --proxy-password-file go together";
	return o->url || !(o->user || o->max_size) ? NULL
						   : "--proxy-user and --proxy-max-size need --proxy";
}

int main(int argc, char **argv)
{
	struct command_line line = { .server.root = "/var/lib/dockyard/registry",
				     .gc.grace = 24 * 3600 };
	int rc = parse_flags(argc, argv, &line);

	if (rc)
		return rc > 0 ? 0 : misuse(NULL);
	if (!line.server.tls_cert != !line.server.tls_key)
		return misuse("--tls-cert and --tls-key go together");
	if (wrong_proxy(&line.server))
		return misuse(wrong_proxy(&line.server));
	if (line.server.tls_ca && !line.server.tls_cert)
		return misuse("--tls-ca needs --tls-cert");
	if (line.server.auth.access && !line.server.auth.htpasswd)
		return misuse("--access needs --htpasswd");
	if (line.server.auth.token_realm && !line.server.auth.access)
		return misuse("--token-realm needs --access");
	if (!line.server.s3.url &&
	    (line.server.s3.region || line.server.s3.credentials || line.server.s3.proxy))
		return misuse("--s3-region, --s3-credentials and --s3-proxy go with --s3");
	log_setup("registry", 2, LOG_INFO, 0);
	trace_setup("registry");
	return dispatch(&line);
}
