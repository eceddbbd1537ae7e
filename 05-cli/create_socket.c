/*
 * create_socket.c - docker run --use-api-socket: a container that speaks to the daemon it runs on, as its user.
 *
 * The daemon's socket is mounted into it. Who the user is at which registry
 * goes into a config.json of the container's own, which its docker command
 * finds by DOCKER_CONFIG; a DOCKER_CONFIG of the user's is left alone.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "auth.h"
#include "create_private.h"
#include "tar.h"
#include "value.h"

#define SOCKET "/var/run/docker.sock"
#define CONFIG_DIRECTORY "run/secrets/docker" /* from the container's root */
#define CONFIG_VARIABLE "DOCKER_CONFIG="

static bool has_config(const json_t *env)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)env, i, item)
		if (json_is_string(item) && str_starts(json_string_value(item), CONFIG_VARIABLE))
			return true;
	return false;
}

/* {"auths": {"registry": {"auth": "…"}}}: new, or NULL where nothing is known. */
static json_t *make_config(const json_t *all)
{
	AUTO_JSON json_t *auths = json_object();
	const char *key;
	json_t *auth;

	json_object_foreach((json_t *)all, key, auth)
		json_object_set_new(auths, key, cli_auth_entry(auth));
	return json_object_size(auths) ? json_pack("{s:O}", "auths", auths) : NULL;
}

int cli_create_socket(struct cli *cli, const struct cli_create_options *o, json_t **config, struct err *err)
{
	json_t *host = cli_object_at(o->body, "HostConfig"), *env = cli_array_at(o->body, "Env");

	const struct cli_host *daemon = &cli->api.host;

	if (!daemon->socket)
		return err_set(err, ERR_INVALID, "flag --use-api-socket can only be used with unix sockets: docker endpoint %s "
			       "incompatible", daemon->text);
	json_array_append_new(cli_array_at(host, "Mounts"), json_pack("{s:s, s:s, s:s, s:{}}", "Type", "bind", "Source",
								     daemon->socket, "Target", SOCKET, "BindOptions"));
	if (has_config(env))
		return 0;
	AUTO_JSON json_t *all = cli_auth_all(&cli->config, err);
	if (!all)
		return err_wrap(err, "resolving credentials failed");
	*config = make_config(all);
	if (*config)
		json_array_append_new(env, json_string(CONFIG_VARIABLE "/" CONFIG_DIRECTORY));
	return 0;
}

struct archive {
	struct strbuf bytes;
	size_t sent;
};

static ssize_t send_archive(void *context, char *buf, size_t size, struct err *err)
{
	struct archive *a = context;
	size_t left = a->bytes.len - a->sent, n = left < size ? left : size;

	(void)err;
	memcpy(buf, a->bytes.data + a->sent, n);
	a->sent += n;
	return (ssize_t)n;
}

int cli_create_put_config(struct cli *cli, const char *id, const json_t *config, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(config), *path = xasprintf("/containers/%s/archive?path=%%2F", id);
	struct archive archive = { 0 };
	struct cli_request request = { .method = "PUT", .path = path, .source = send_archive, .source_context = &archive };

	cli_tar_file(&archive.bytes, CONFIG_DIRECTORY "/config.json", 0600, text, strlen(text));
	cli_tar_end(&archive.bytes);
	int rc = cli_api_do(&cli->api, &request, NULL, err);
	strbuf_free(&archive.bytes);
	return rc ? err_wrap(err, "injecting docker config.json into container failed") : 0;
}
