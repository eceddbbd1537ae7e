/*
 * cmd_context_create.c - docker context create and docker context update.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "context.h"
#include "endpoint.h"
#include "units.h"
#include "verbs.h"

#define FILE_LIMIT (1u << 20)

struct options {
	const char *description, *from;
	struct strlist docker; /* "host=tcp://…", "ca=file", … */
};

#define AT(field) offsetof(struct options, field)
#define COMMON                                                                                     \
	{ 0, "description", CLI_STRING, AT(description), "Description of the context" },           \
	{ 0, "docker", CLI_STRINGS, AT(docker), "set the docker endpoint", .type = "stringToString", .shown = "[]" }
static const struct cli_flag create_flags[] = {
	COMMON,
	{ 0, "from", CLI_STRING, AT(from), "create context from a named context" },
	{ 0 },
};
static const struct cli_flag update_flags[] = { COMMON, { 0 } };

#define ABOUT(verb, title)                                                                              \
	title "\n\nDocker endpoint config:\n\n"                                                         \
	"NAME                DESCRIPTION\n"                                                             \
	"from                Copy named context's Docker endpoint configuration\n"                      \
	"host                Docker endpoint on which to connect\n"                                     \
	"ca                  Trust certs signed only by this CA\n"                                      \
	"cert                Path to TLS certificate file\n"                                            \
	"key                 Path to TLS key file\n"                                                    \
	"skip-tls-verify     Skip TLS certificate validation\n\n"                                       \
	"Example:\n\n$ docker context " verb " my-context --description \"some description\" "         \
	"--docker \"host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file\""

/* ---- where the new one gets it from -------------------------------------- */

static int copy_tls(const struct cli_config *config, const char *from, const char *to, struct err *err)
{
	for (const char *const *file = cli_context_tls_files; *file; file++) {
		AUTO_STRBUF struct strbuf content = STRBUF_INIT;
		struct err ignored;
		if (!cli_context_get_tls(config, from, *file, &content, &ignored) &&
		    cli_context_put_tls(config, to, *file, &content, err))
			return -1;
	}
	return 0;
}

/* ---- --docker ------------------------------------------------------------ */

static int put_file(struct cli *cli, const char *name, const char *file, const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf content = STRBUF_INIT;
	AUTO_FREE char *home = !strncmp(path, "~/", 2) && getenv("HOME") ? xasprintf("%s%s", getenv("HOME"), path + 1)
									 : xstrdup(path);

	strbuf_reserve(&content, 1);
	if (access(home, R_OK))
		return cli_file_error("open", home, err);
	if (file_read(AT_FDCWD, home, &content, FILE_LIMIT, err))
		return -1;
	return cli_context_put_tls(&cli->config, name, file, &content, err);
}

static int put_setting(struct cli *cli, json_t *docker, const char *name, const char *key, const char *value,
		       struct err *err)
{
	static const char *const files[][2] = { { "ca", "ca.pem" }, { "cert", "cert.pem" }, { "key", "key.pem" } };
	bool skip;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (!strcmp(key, files[i][0]))
			return put_file(cli, name, files[i][1], value, err);
	if (!strcmp(key, "host"))
		return json_object_set_new(docker, "Host", json_string(value));
	if (!strcmp(key, "skip-tls-verify"))
		return cli_parse_bool(value, &skip, err) ? err_wrap(err, "skip-tls-verify")
							 : json_object_set_new(docker, "SkipTLSVerify", json_boolean(skip));
	return err_set(err, ERR_INVALID, "unrecognized config key: %s", key);
}

static int put_settings(struct cli *cli, const struct options *o, const char *name, json_t *meta, struct err *err)
{
	AUTO_JSON json_t *docker = json_pack("{s:s, s:b}", "Host", "", "SkipTLSVerify", 0);

	for (size_t i = 0; i < o->docker.n; i++) {
		const char *text = o->docker.v[i], *equals = strchr(text, '=');
		if (!equals)
			return err_set(err, ERR_INVALID, "%s must be formatted as key=value", text);
		AUTO_FREE char *key = xstrndup(text, (size_t)(equals - text));
		if (strcmp(key, "from")) {
			if (put_setting(cli, docker, name, key, equals + 1, err))
				return err_wrap(err, "unable to create docker endpoint config");
			continue;
		}
		AUTO_JSON json_t *other = cli_endpoint_meta(cli, equals + 1, err);
		json_t *from = jsonx_at(other, "Endpoints.docker");
		if (!from || copy_tls(&cli->config, equals + 1, name, err))
			return -1;
		json_object_update(docker, from);
	}
	json_object_set(json_object_get(meta, "Endpoints"), "docker", docker);
	return 0;
}

/* ---- the verbs ----------------------------------------------------------- */

/* What the new one begins as: another's, or today's. */
static json_t *make_meta(struct cli *cli, const struct options *o, const char *name, struct err *err)
{
	const char *from = o->from ? o->from : cli->context;

	if (o->docker.n)
		return json_pack("{s:s, s:{}, s:{}}", "Name", name, "Metadata", "Endpoints");
	AUTO_JSON json_t *meta = cli_endpoint_meta(cli, from, err);
	json_t *about = json_object_get(meta, "Metadata");
	if (!jsonx_at(meta, "Endpoints.docker") || copy_tls(&cli->config, from, name, err))
		return NULL;
	if (!strcmp(from, CLI_CONTEXT_DEFAULT))
		json_object_set_new(about, "Description", json_string(CLI_ENDPOINT_DEFAULT_ABOUT));
	/* "Name" is the first in the file, as it is in Docker's. */
	return json_pack("{s:s, s:O, s:O}", "Name", name, "Metadata", about, "Endpoints", json_object_get(meta, "Endpoints"));
}

static int fill_and_save(struct cli *cli, const struct options *o, const char *name, json_t *meta, struct err *err)
{
	if (o->description)
		json_object_set_new(json_object_get(meta, "Metadata"), "Description", json_string(o->description));
	if (o->docker.n && put_settings(cli, o, name, meta, err))
		return -1;
	return cli_context_save(&cli->config, meta, err);
}

static int run_create(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct err ignored;

	(void)n;
	if (cli_context_check_name(args[0], err))
		return -1;
	if (cli_context_exists(&cli->config, args[0]))
		return err_set(err, ERR_EXISTS, "context \"%s\" already exists", args[0]);
	if (o->from && o->docker.n)
		return err_set(err, ERR_INVALID, "cannot use --docker flag when --from is set");
	AUTO_JSON json_t *meta = make_meta(cli, o, args[0], err);
	if (!meta || fill_and_save(cli, o, args[0], meta, err)) {
		cli_context_remove(&cli->config, args[0], &ignored);
		return -1;
	}
	puts(args[0]);
	fflush(stdout);
	fprintf(stderr, "Successfully created context \"%s\"\n", args[0]);
	return 0;
}

static int run_update(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	(void)n;
	if (!strcmp(args[0], CLI_CONTEXT_DEFAULT))
		return cli_context_check_name(args[0], err);
	AUTO_JSON json_t *meta = cli_context_load(&cli->config, args[0], err);
	if (!meta || fill_and_save(cli, options, args[0], meta, err))
		return -1;
	puts(args[0]);
	fflush(stdout);
	fprintf(stderr, "Successfully updated context \"%s\"\n", args[0]);
	return 0;
}

const struct cli_command cli_cmd_context_create = {
	.usage = "[OPTIONS] CONTEXT", .summary = "Create a context", .about = ABOUT("create", "Create a context"),
	.min = 1, .max = 1, .offline = true, .options_size = sizeof(struct options), .flags = create_flags,
	.run = run_create,
};

const struct cli_command cli_cmd_context_update = {
	.usage = "[OPTIONS] CONTEXT", .summary = "Update a context", .about = ABOUT("update", "Update a context"),
	.min = 1, .max = 1, .offline = true, .options_size = sizeof(struct options), .flags = update_flags,
	.run = run_update,
};
