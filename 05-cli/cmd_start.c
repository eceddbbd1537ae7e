/*
 * cmd_start.c - docker start: start containers, or start one and attach to it.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "verbs.h"

struct options {
	const char *keys;
	bool attach, input;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'a', "attach", CLI_BOOL, AT(attach), "Attach STDOUT/STDERR and forward signals" },
	{ 0, "detach-keys", CLI_STRING, AT(keys), "Override the key sequence for detaching a container" },
	{ 'i', "interactive", CLI_BOOL, AT(input), "Attach container's STDIN" },
	{ 0 },
};

static int post_start(struct cli *cli, const char *name, struct err *err)
{
	AUTO_FREE char *path = cli_api_path("containers", name, "/start", err);

	return path ? cli_api_post(&cli->api, path, err) : -1;
}

static int start_all(struct cli *cli, char **args, int n, struct err *err)
{
	AUTO_STRBUF struct strbuf failed = STRBUF_INIT;

	for (int i = 0; i < n; i++) {
		if (!post_start(cli, args[i], err)) {
			puts(args[i]);
			continue;
		}
		fflush(stdout);
		cli_complain("%s", err->msg);
		strbuf_addf(&failed, "%s%s", failed.len ? ", " : "", args[i]);
	}
	return failed.len ? err_set(err, ERR_SYSTEM, "Error: failed to start containers: %s", failed.data) : 0;
}

static int start_attached(struct cli_session *s, struct cli_conn *wait, bool removed, struct err *err)
{
	int status = 0;

	if (cli_session_check_tty(s->input, s->tty, err) || cli_session_signals(s, err) ||
	    cli_container_attach(s, err) || cli_session_watch(s, wait, removed, err) ||
	    post_start(s->cli, s->id, err) || cli_session_run(s, err))
		return -1;
	if (s->detached)
		return 0;
	if (cli_session_wait(s, wait, &status, err))
		return -1;
	s->cli->status = status;
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_conn conn = CLI_CONN_INIT, wait = CLI_CONN_INIT;

	if (!o->attach && !o->input)
		return start_all(cli, args, n, err);
	if (n > 1)
		return err_set(err, ERR_INVALID, "you cannot start and attach multiple containers at once");
	AUTO_JSON json_t *container = cli_container_inspect(cli, args[0], err);
	if (!container)
		return -1;
	const json_t *config = json_object_get(container, "Config");
	struct cli_session s = {
		.cli = cli, .conn = &conn, .tty = jsonx_bool(config, "Tty", false), .output = true,
		.input = o->input && jsonx_bool(config, "OpenStdin", false), .object = "containers",
		.id = jsonx_str(container, "Id", ""), .signals = -1,
		.keys = o->keys ? o->keys : cli_config_get(&cli->config, "detachKeys"),
	};
	s.proxy = !s.tty;
	bool removed = jsonx_bool(json_object_get(container, "HostConfig"), "AutoRemove", false);
	int rc = start_attached(&s, &wait, removed, err);
	cli_session_end(&s);
	cli_conn_free(&conn);
	cli_conn_free(&wait);
	return rc;
}

const struct cli_command cli_cmd_start = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]", .summary = "Start one or more stopped containers",
	.min = 1, .max = -1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
