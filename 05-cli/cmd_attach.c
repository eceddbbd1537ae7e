/*
 * cmd_attach.c - docker attach: join a container that runs.
 */
#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "verbs.h"

struct options {
	const char *keys;
	bool no_stdin, proxy;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 0, "detach-keys", CLI_STRING, AT(keys), "Override the key sequence for detaching a container" },
	{ 0, "no-stdin", CLI_BOOL, AT(no_stdin), "Do not attach STDIN" },
	{ 0, "sig-proxy", CLI_BOOL, AT(proxy), "Proxy all received signals to the process", .shown = "true" },
	{ 0 },
};

static int check_state(const json_t *container, struct err *err)
{
	const json_t *state = json_object_get(container, "State");

	if (!jsonx_bool(state, "Running", false))
		return err_set(err, ERR_CONFLICT, "You cannot attach to a stopped container, start it first");
	if (jsonx_bool(state, "Paused", false))
		return err_set(err, ERR_CONFLICT, "You cannot attach to a paused container, unpause it first");
	if (jsonx_bool(state, "Restarting", false))
		return err_set(err, ERR_CONFLICT,
			       "You cannot attach to a restarting container, wait until it is running");
	return 0;
}

static int carry(struct cli_session *s, struct cli_conn *wait, struct err *err)
{
	int status = 0;

	if (cli_session_check_tty(s->input, s->tty, err) || cli_session_signals(s, err) ||
	    cli_session_watch(s, wait, false, err) || cli_container_attach(s, err))
		return -1;
	/* It may have ended since it was looked at: then nothing would ever come. */
	AUTO_JSON json_t *again = cli_container_inspect(s->cli, s->id, err);
	if (!again || check_state(again, err))
		return -1;
	cli_session_nudge(s);
	if (cli_session_run(s, err))
		return -1;
	if (s->detached)
		return err_set(err, ERR_CANCELLED, "read escape sequence");
	if (cli_session_wait(s, wait, &status, err))
		return -1;
	s->cli->status = status;
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	struct cli_conn conn = CLI_CONN_INIT, wait = CLI_CONN_INIT;
	AUTO_JSON json_t *container = cli_container_inspect(cli, args[0], err);
	const json_t *config = json_object_get(container, "Config");

	(void)n;
	if (!container || check_state(container, err))
		return -1;
	struct cli_session s = {
		.cli = cli, .conn = &conn, .tty = jsonx_bool(config, "Tty", false), .output = true,
		.input = !o->no_stdin && jsonx_bool(config, "OpenStdin", false), .object = "containers",
		.id = jsonx_str(container, "Id", ""), .signals = -1,
		.keys = o->keys ? o->keys : cli_config_get(&cli->config, "detachKeys"),
	};
	s.proxy = o->proxy && !s.tty;
	int rc = carry(&s, &wait, err);
	cli_session_end(&s);
	cli_conn_free(&conn);
	cli_conn_free(&wait);
	return rc;
}

const struct cli_command cli_cmd_attach = {
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Attach local standard input, output, and error streams to a running container",
	.min = 1, .max = 1, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
