/*
 * ctr_transfer.c - images pull, push; content fetch: what a registry has a part in (ctr.h).
 */
#include "ctr.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

const char ctr_registry_help[] =
	"  -u, --user USER:PASSWORD    --plain-http      -k, --skip-verify\n"
	"  --tlscacert FILE            believe this authority too\n"
	"  --tlscert FILE --tlskey FILE  the certificate to show\n"
	"  --hosts-dir DIRECTORY       of hosts.toml and certificates, in place of containerd's own\n"
	"  --mirror URL                ask there first (Docker Hub's images; a pull's)\n";

/* One line for each layer, when there is no more to do for it. On a terminal or not: ctr's
 * progress is for reading. */
static int show(void *arg, json_t *event)
{
	static const char *const steps[] = { "waiting", "downloading", "downloaded", "extracting",
					     "uploading" };
	const char *status = jsonx_str(event, "status", ""), *id = jsonx_str(event, "id", NULL);

	(void)arg;
	for (size_t i = 0; id && i < sizeof steps / sizeof *steps; i++)
		if (!strcmp(status, steps[i]))
			return 0;
	if (id)
		printf("%s: %s\n", id, status);
	else if (!strcmp(status, "done"))
		printf("%s: done, %s\n", jsonx_str(event, "name", ""),
		       jsonx_str(json_object_get(event, "target"), "digest", ""));
	else
		printf("%s: %s\n", jsonx_str(event, "name", ""), status);
	fflush(stdout);
	return 0;
}

static void set_auth(json_t *body, const char *user_password)
{
	AUTO_FREE char *user = xstrdup(user_password);
	char *colon = strchr(user, ':');

	if (colon)
		*colon++ = '\0';
	json_object_set_new(body, "auth", json_pack("{s:s, s:s}", "username", user, "password",
						    colon ? colon : ""));
}

static void append(json_t *body, const char *key, const char *value)
{
	json_t *list = json_object_get(body, key);

	if (!list) {
		list = json_array();
		json_object_set_new(body, key, list);
	}
	json_array_append_new(list, json_string(value));
}

/* containerd opens it, and has another working directory than we. */
static int set_file(json_t *to, const char *key, const char *path, struct err *err)
{
	char *whole = realpath(path, NULL);

	if (!whole)
		return err_sys(err, "%s", path);
	json_object_set_new(to, key, json_string(whole));
	free(whole);
	return 0;
}

static json_t *tls_of(json_t *body)
{
	if (!json_object_get(body, "tls"))
		json_object_set_new(body, "tls", json_object());
	return json_object_get(body, "tls");
}

/* --- options ------------------------------------------------------------------------------- */

enum verb { PULL, PUSH, FETCH };

struct request {
	enum verb verb;
	json_t *body;
	bool insecure, chain_id;
	const char *platform;
};

enum { O_PLATFORM = 256, O_ALL, O_CHAIN, O_PLAIN, O_MIRROR, O_HOSTS, O_CA, O_CERT, O_KEY };

static int set_option(struct request *r, int ch, const char *arg, struct err *err)
{
	switch (ch) {
	case O_PLATFORM: r->platform = arg; break;
	case O_ALL:
		if (r->verb == PUSH)
			return err_set(err, ERR_INVALID, "--all-platforms: a push is of all that is here");
		return json_object_set_new(r->body, "allPlatforms", json_true());
	case O_CHAIN:
		if (r->verb != PULL)
			return err_set(err, ERR_INVALID, "--print-chainid: only a pull unpacks");
		r->chain_id = true;
		break;
	case O_PLAIN:
	case 'k': r->insecure = true; break; /* to containerd both are an insecure registry */
	case 'u': set_auth(r->body, arg); break;
	case O_MIRROR: append(r->body, "mirrors", arg); break;
	case O_HOSTS: return set_file(r->body, "hostsDir", arg, err);
	case O_CA: return set_file(tls_of(r->body), "ca", arg, err);
	case O_CERT: return set_file(tls_of(r->body), "cert", arg, err);
	case O_KEY: return set_file(tls_of(r->body), "key", arg, err);
	default: return err_set(err, ERR_INVALID, "unknown option");
	}
	return 0;
}

static int parse(struct request *r, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "platform", required_argument, NULL, O_PLATFORM },
		{ "all-platforms", no_argument, NULL, O_ALL },
		{ "print-chainid", no_argument, NULL, O_CHAIN },
		{ "plain-http", no_argument, NULL, O_PLAIN },
		{ "skip-verify", no_argument, NULL, 'k' },
		{ "user", required_argument, NULL, 'u' },
		{ "mirror", required_argument, NULL, O_MIRROR },
		{ "hosts-dir", required_argument, NULL, O_HOSTS },
		{ "tlscacert", required_argument, NULL, O_CA },
		{ "tlscert", required_argument, NULL, O_CERT },
		{ "tlskey", required_argument, NULL, O_KEY },
		{ 0 },
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "+ku:", options, NULL)) != -1)
		if (set_option(r, ch, optarg, err))
			return -1;
	if (argc - optind != 1 && !(r->verb == PUSH && argc - optind == 2))
		return err_set(err, ERR_INVALID, r->verb == PUSH
			       ? "expected a reference, and the name that the image has here"
			       : "expected one reference");
	if (r->platform && json_object_get(r->body, "allPlatforms"))
		return err_set(err, ERR_INVALID, "--platform and --all-platforms exclude each other");
	return 0;
}

/* --- the commands -------------------------------------------------------------------------- */

static int print_chain_id(struct ctr *c, const char *text, const char *platform, struct err *err)
{
	AUTO_FREE char *name = ctr_image_name(text, err);
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_JSON json_t *image = NULL;

	if (!name)
		return -1;
	strbuf_addf(&path, "/v1/resolve/%s", name);
	if (platform)
		ctr_query(&path, "platform", platform);
	image = ctr_call(c, "GET", NULL, err, "%s", path.data);
	if (!image)
		return -1;
	printf("image chain ID: %s\n", jsonx_str(image, "chainID", ""));
	return 0;
}

static int send(struct ctr *c, struct request *r, const char *text, const char *local, struct err *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err))
		return -1;
	if (r->insecure)
		append(r->body, "insecure", ref.domain);
	if (r->platform)
		json_object_set_new(r->body, "platform", json_string(r->platform));
	if (r->verb == FETCH)
		json_object_set_new(r->body, "unpack", json_false());
	json_object_set_new(r->body, "ref", json_string(text));
	if (local)
		json_object_set_new(r->body, "image", json_string(local));
	if (ctrd_stream(c->client, "POST", r->verb == PUSH ? "/v1/transfer/push" : "/v1/transfer/pull",
			r->body, show, NULL, err))
		return -1;
	return r->chain_id ? print_chain_id(c, text, r->platform, err) : 0;
}

static int transfer(struct ctr *c, enum verb verb, int argc, char **argv)
{
	AUTO_JSON json_t *body = json_object();
	struct request r = { .verb = verb, .body = body };
	struct err err;

	if (parse(&r, argc, argv, &err))
		return ctr_misuse(c, err.msg);
	if (send(c, &r, argv[optind], argc - optind == 2 ? argv[optind + 1] : NULL, &err))
		return ctr_fail(&err);
	return 0;
}

int ctr_images_pull(struct ctr *c, int argc, char **argv)
{
	return transfer(c, PULL, argc, argv);
}

int ctr_images_push(struct ctr *c, int argc, char **argv)
{
	return transfer(c, PUSH, argc, argv);
}

/* The image is there then, but not unpacked. */
int ctr_content_fetch(struct ctr *c, int argc, char **argv)
{
	return transfer(c, FETCH, argc, argv);
}
