/*
 * cmd_exec.c - docker exec: one more process in a container that runs.
 *
 * Three requests: create it (which says what is wrong with the request), start
 * it (whose connection becomes its streams), and, when the streams have ended,
 * ask for its exit status.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "container.h"
#include "env.h"
#include "verbs.h"

struct options {
	json_t *body;
	struct strlist env, env_files;
	const char *keys;
	bool detach, input, tty;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 'd', "detach", CLI_BOOL, AT(detach), "Detached mode: run command in the background" },
	{ 0, "detach-keys", CLI_STRING, AT(keys), "Override the key sequence for detaching a container" },
	{ 'e', "env", CLI_LIST, AT(env), "Set environment variables", .check = cli_env_check },
	{ 0, "env-file", CLI_LIST, AT(env_files), "Read in a file of environment variables" },
	{ 'i', "interactive", CLI_BOOL, AT(input), "Keep STDIN open even if not attached" },
	{ 0, "privileged", CLI_BOOL, AT(body), "Give extended privileges to the command", "Privileged" },
	{ 't', "tty", CLI_BOOL, AT(tty), "Allocate a pseudo-TTY" },
	{ 'u', "user", CLI_STRING, AT(body), "Username or UID (format: \"<name|uid>[:<group|gid>]\")", "User" },
	{ 'w', "workdir", CLI_STRING, AT(body), "Working directory inside the container", "WorkingDir" },
	{ 0 },
};

/* The size that the terminal begins with; daemons before 1.42 do not know it. */
static void put_console_size(const struct cli *cli, json_t *body)
{
	unsigned short rows, columns;
	struct err ignored;

	if (cli_api_at_least(&cli->api, "1.42") && !kern_tty_size(STDOUT_FILENO, &rows, &columns, &ignored))
		json_object_set_new(body, "ConsoleSize", json_pack("[i, i]", (int)rows, (int)columns));
}

static int fill(struct cli *cli, struct options *o, char **args, int n, struct err *err)
{
	json_t *command = json_array(), *env = cli_env_collect(&o->env_files, &o->env, err);
	int rc = 0;

	o->body = o->body ? o->body : json_object();
	for (int i = 1; i < n; i++)
		rc |= json_array_append_new(command, json_string(args[i]));
	json_object_set_new(o->body, "Cmd", command);
	if (!env)
		return -1;
	json_object_set_new(o->body, "Env", env);
	json_object_set_new(o->body, "AttachStdin", json_boolean(!o->detach && o->input));
	json_object_set_new(o->body, "AttachStdout", json_boolean(!o->detach));
	json_object_set_new(o->body, "AttachStderr", json_boolean(!o->detach));
	json_object_set_new(o->body, "Tty", json_boolean(o->tty));
	if (o->keys)
		json_object_set_new(o->body, "DetachKeys", json_string(o->keys));
	if (o->tty)
		put_console_size(cli, o->body);
	return rc ? err_set(err, ERR_INVALID, "the command is not valid UTF-8") : 0;
}

static int exit_status(struct cli *cli, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/exec/%s/json", id);
	AUTO_JSON json_t *exec = NULL;

	if (cli_api_call(&cli->api, "GET", path, NULL, &exec, err))
		return -1;
	cli->status = (int)jsonx_int(exec, "ExitCode", CLI_STATUS_FAILED);
	return 0;
}

static int start(struct cli *cli, const struct options *o, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/exec/%s/start", id);
	AUTO_JSON json_t *body = json_pack("{s:b, s:b}", "Detach", (int)o->detach, "Tty", (int)o->tty);
	struct cli_conn conn = CLI_CONN_INIT;
	struct cli_session s = {
		.cli = cli, .conn = &conn, .tty = o->tty, .input = o->input, .output = true,
		.object = "exec", .id = id, .keys = o->keys, .signals = -1,
	};

	if (o->detach)
		return cli_api_call(&cli->api, "POST", path, body, NULL, err);
	if (o->tty)
		put_console_size(cli, body);
	int rc = cli_session_signals(&s, err); /* the window's only: exec has no sig-proxy */
	if (!rc)
		rc = cli_conn_upgrade(&conn, &cli->api, path, body, err);
	if (!rc)
		rc = cli_session_run(&s, err);
	cli_session_end(&s);
	cli_conn_free(&conn);
	if (rc)
		return -1;
	if (s.detached)
		return err_set(err, ERR_CANCELLED, "read escape sequence");
	return exit_status(cli, id, err);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	AUTO_JSON json_t *created = NULL;

	o->keys = o->keys ? o->keys : cli_config_get(&cli->config, "detachKeys");
	/* Asked first, so that "no such container" comes before "not a TTY". */
	AUTO_JSON json_t *container = cli_container_inspect(cli, args[0], err);
	if (!container || fill(cli, o, args, n, err))
		return -1;
	if (!o->detach && cli_session_check_tty(o->input, o->tty, err))
		return -1;
	AUTO_FREE char *path = cli_api_path("containers", args[0], "/exec", err);
	if (!path || cli_api_call(&cli->api, "POST", path, o->body, &created, err))
		return -1;
	const char *id = jsonx_str(created, "Id", "");
	if (!*id)
		return err_set(err, ERR_CORRUPT, "exec ID empty");
	return start(cli, o, id, err);
}

const struct cli_command cli_cmd_exec = {
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]", .summary = "Execute a command in a running container",
	.min = 2, .max = -1, .flags_first = true, .options_size = sizeof(struct options),
	.flags = flags, .run = run,
};
