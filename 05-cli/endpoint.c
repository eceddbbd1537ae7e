/*
 * endpoint.c - see endpoint.h.
 */
#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "context.h"

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *default_host(const struct cli_place *place)
{
	const char *host = place->hosts.n && *place->hosts.v[0] ? place->hosts.v[0] : env("DOCKER_HOST");

	return host ? host : CLI_HOST_DEFAULT;
}

json_t *cli_endpoint_meta(const struct cli *cli, const char *name, struct err *err)
{
	if (strcmp(name, CLI_CONTEXT_DEFAULT))
		return cli_context_load(&cli->config, name, err);
	return json_pack("{s:s, s:{}, s:{s:{s:s, s:b}}}", "Name", name, "Metadata", "Endpoints", "docker", "Host",
			 default_host(cli->place), "SkipTLSVerify", 0);
}

static const char *context_name(const struct cli *cli, const struct cli_place *place)
{
	const char *name = place->context && *place->context ? place->context : NULL;

	if (!name && (place->hosts.n || env("DOCKER_HOST")))
		return CLI_CONTEXT_DEFAULT;
	name = name ? name : env("DOCKER_CONTEXT");
	name = name ? name : cli_config_get(&cli->config, "currentContext");
	return name ? name : CLI_CONTEXT_DEFAULT;
}

/* The default context's TLS is what the flags and the environment say. */
static int use_default(struct cli *cli, const struct cli_place *place, struct err *err)
{
	const char *certs = env("DOCKER_CERT_PATH");
	struct cli_tls_flags tls = place->tls;

	tls.verify = tls.verify || env("DOCKER_TLS_VERIFY");
	tls.tls = tls.tls || env("DOCKER_TLS");
	return cli_host_parse(&cli->api.host, default_host(place), &tls,
			      certs ? certs : cli->config.directory, err);
}

/* A named one brings its own files; it has TLS where it has any. */
static int use_context(struct cli *cli, const char *name, struct err *err)
{
	AUTO_JSON json_t *meta = cli_context_load(&cli->config, name, err);
	const json_t *docker = jsonx_at(meta, "Endpoints.docker");
	const char *host = jsonx_str(docker, "Host", "");
	bool skip = jsonx_bool(docker, "SkipTLSVerify", false);
	AUTO_FREE char *directory = cli_context_path(&cli->config, "tls", name);
	AUTO_FREE char *files = xasprintf("%s/docker", directory);

	if (!meta)
		return err_wrap(err, "unable to resolve docker endpoint");
	AUTO_FREE char *ca = xasprintf("%s/ca.pem", files);
	bool secure = !access(files, F_OK) || skip;
	struct cli_tls_flags tls = { .tls = secure, .verify = secure && !skip && !access(ca, F_OK) };
	return cli_host_parse(&cli->api.host, *host ? host : CLI_HOST_DEFAULT, &tls, files, err);
}

int cli_endpoint_choose(struct cli *cli, const struct cli_place *place, bool offline, struct err *err)
{
	const char *version = env("DOCKER_API_VERSION");

	cli->place = place;
	cli->context = context_name(cli, place);
	if (offline)
		return 0;
	if (place->hosts.n > 1)
		return err_set(err, ERR_INVALID, "unable to resolve docker endpoint: Specify only one -H");
	if (version && strspn(version, "0123456789.") != strlen(version))
		return err_set(err, ERR_INVALID, "DOCKER_API_VERSION is no version: %s", version);
	snprintf(cli->api.version, sizeof cli->api.version, "%s", version ? version : "");
	return strcmp(cli->context, CLI_CONTEXT_DEFAULT) ? use_context(cli, cli->context, err)
							 : use_default(cli, place, err);
}
