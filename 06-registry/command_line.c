/*
 * command_line.c - the flags as a table: what each is called, what follows it, where that goes, and
 * which commands have it. See command_line.h.
 */
#include "command_line.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "units.h"

#define VERSION "0.1.0"

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

enum value {
	TEXT,
	ONCE, /* a text that cannot be said twice */
	YES,  /* nothing follows */
	SIZE,
	TIME,
	SAY_VERSION,
	SAY_HELP,
};
enum user { ALL, SERVE, GC };

#define AT(field) offsetof(struct command_line, field)

static const struct flag {
	const char *name;
	enum value value;
	enum user user;
	size_t at;
} flags[] = {
	{ "root", TEXT, ALL, AT(server.root) },
	{ "addr", TEXT, SERVE, AT(server.addr) },
	{ "tls-cert", TEXT, SERVE, AT(server.tls_cert) },
	{ "tls-key", TEXT, SERVE, AT(server.tls_key) },
	{ "tls-ca", TEXT, SERVE, AT(server.tls_ca) },
	{ "htpasswd", TEXT, SERVE, AT(server.auth.htpasswd) },
	{ "access", TEXT, SERVE, AT(server.auth.access) },
	{ "token-realm", TEXT, SERVE, AT(server.auth.token_realm) },
	{ "readonly", YES, SERVE, AT(server.readonly) },
	{ "read-only", YES, SERVE, AT(server.readonly) },
	{ "proxy", TEXT, SERVE, AT(server.proxy.url) },
	{ "proxy-user", TEXT, SERVE, AT(server.proxy.user) },
	{ "proxy-password-file", TEXT, SERVE, AT(server.proxy.password_file) },
	{ "proxy-max-size", SIZE, SERVE, AT(server.proxy.max_size) },
	{ "access-log", TEXT, SERVE, AT(server.access_log) },
	{ "notify", ONCE, SERVE, AT(server.notify) },
	{ "s3", TEXT, ALL, AT(server.s3.url) },
	{ "s3-region", TEXT, ALL, AT(server.s3.region) },
	{ "s3-credentials", TEXT, ALL, AT(server.s3.credentials) },
	{ "s3-proxy", YES, SERVE, AT(server.s3.proxy) },
	{ "dry-run", YES, GC, AT(gc.dry_run) },
	{ "untagged", YES, GC, AT(gc.untagged) },
	{ "grace", TIME, GC, AT(gc.grace) },
	{ "version", SAY_VERSION, ALL, 0 },
	{ "help", SAY_HELP, ALL, 0 },
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

int command_line_wrong(const char *what)
{
	if (what)
		fprintf(stderr, "registry: %s\n", what);
	fprintf(stderr, "Run 'registry --help'.\n");
	return -1;
}

static int say_help(void)
{
	fputs(usage_text, stdout);
	return 1;
}

static int set_text(const struct flag *f, const char **where, const char *text)
{
	char why[80];

	if (f->value == ONCE && *where) {
		snprintf(why, sizeof(why), "--%s takes one URL", f->name);
		return command_line_wrong(why);
	}
	*where = text;
	return 0;
}

/* Returns as command_line_read does. `text`: what follows the flag. */
static int take(struct command_line *line, const struct flag *f, const char *text)
{
	void *where = (char *)line + f->at;
	struct err err;

	line->serving |= f->user == SERVE;
	line->for_gc |= f->user == GC;
	switch (f->value) {
	case TEXT:
	case ONCE: return set_text(f, where, text);
	case YES: *(bool *)where = true; return 0;
	case SIZE: return reg_size_parse(text, where, &err) ? command_line_wrong(err.msg) : 0;
	case TIME: return reg_seconds_parse(text, where, &err) ? command_line_wrong(err.msg) : 0;
	case SAY_VERSION: printf("registry version %s\n", VERSION); return 1;
	case SAY_HELP: return say_help();
	}
	return -1;
}

/* Flags that go together, or do not. NULL: all is well. */
static const char *contradiction(const struct reg_server_options *o)
{
	const struct reg_proxy_options *proxy = &o->proxy;

	if (!o->tls_cert != !o->tls_key)
		return "--tls-cert and --tls-key go together";
	if (proxy->url && o->readonly)
		return "a mirror takes no changes: --readonly says nothing";
	if (proxy->url && o->s3.url)
		return "a mirror keeps blobs on the disk: --proxy does not go with --s3";
	if (!proxy->user != !proxy->password_file)
		return "--proxy-user and --proxy-password-file go together";
	if (!proxy->url && (proxy->user || proxy->max_size))
		return "--proxy-user and --proxy-max-size need --proxy";
	if (o->tls_ca && !o->tls_cert)
		return "--tls-ca needs --tls-cert";
	if (o->auth.access && !o->auth.htpasswd)
		return "--access needs --htpasswd";
	if (o->auth.token_realm && !o->auth.access)
		return "--token-realm needs --access";
	if (!o->s3.url && (o->s3.region || o->s3.credentials || o->s3.proxy))
		return "--s3-region, --s3-credentials and --s3-proxy go with --s3";
	return NULL;
}

int command_line_read(int argc, char **argv, struct command_line *line)
{
	struct option options[FLAGS + 1] = { { 0 } };
	int c, i, rc = 0;

	for (size_t k = 0; k < FLAGS; k++)
		options[k] = (struct option){ flags[k].name,
					      flags[k].value == YES || flags[k].value >= SAY_VERSION
						      ? no_argument : required_argument,
					      NULL, 0 };
	while (!rc && (c = getopt_long(argc, argv, "h", options, &i)) != -1)
		rc = c == 'h' ? say_help()
		     : c == '?' ? command_line_wrong(NULL) /* getopt has said what */
				: take(line, &flags[i], optarg);
	if (rc)
		return rc;
	line->args = argv + optind;
	line->n_args = argc - optind;
	return contradiction(&line->server) ? command_line_wrong(contradiction(&line->server)) : 0;
}
