/*
 * cmd_run.c - docker run: create, attach, start, carry, wait.
 *
 * The order is what makes it lose nothing:
 *
 *     create          (pulling the image when it is missing)
 *     catch signals   so that ctrl-C is the container's from here on
 *     attach          before the start, or the first bytes are gone
 *     watch           before the start, or a short life is missed
 *     start
 *     carry           until the output ends, or the keys are typed
 *     wait            for the exit status, which becomes ours
 *
 * A failed start: 127 when the program was not found, 126 when it could not be
 * run, 125 for everything else. The daemon notes the first two as the exit
 * status of the container that never ran; from there they are taken.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "session.h"
#include "verbs.h"

struct options {
	struct cli_create_options create; /* first: its flags' offsets are from here */
	const char *keys;
	bool detach, proxy;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag run_flags[] = {
	{ 'd', "detach", CLI_BOOL, AT(detach), "Run container in background and print container ID" },
	{ 0, "detach-keys", CLI_STRING, AT(keys), "Override the key sequence for detaching a container" },
	{ 0, "help", CLI_BOOL, 0, "Print usage" }, /* known without this; -h is the hostname's */
	{ 0, "pull", CLI_STRING, AT(create.pull), "Pull image before running (\"always\", \"missing\", \"never\")",
	  .shown = "\"missing\"" },
	{ 0, "sig-proxy", CLI_BOOL, AT(proxy), "Proxy received signals to the process", .shown = "true" },
	{ 0 },
};

/* The exit status that a container which did not start was given. */
static int failed_status(struct cli_session *s, struct cli_conn *wait, bool removed)
{
	AUTO_FREE char *path = xasprintf("/containers/%s/json", s->id);
	AUTO_JSON json_t *container = NULL;
	int status = CLI_STATUS_DAEMON;
	struct err ignored;

	if (removed) /* it will not be there to be asked; its removal is waited for */
		(void)cli_session_wait(s, wait, &status, &ignored);
	else if (!cli_api_call(&s->cli->api, "GET", path, NULL, &container, &ignored))
		status = (int)jsonx_int(json_object_get(container, "State"), "ExitCode", status);
	return status == 126 || status == 127 ? status : CLI_STATUS_DAEMON;
}

static int attach(struct cli_session *s, const struct cli_create_options *o, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	static const char *const streams[] = { "stdin", "stdout", "stderr" };

	strbuf_addf(&path, "/containers/%s/attach?stream=1", s->id);
	for (size_t i = 0; i < 3; i++)
		if (cli_create_attaches(o, streams[i]))
			cli_query(&path, streams[i], "1");
	if (s->keys)
		cli_query(&path, "detachKeys", s->keys);
	return cli_conn_upgrade(s->conn, &s->cli->api, path.data, NULL, err);
}

/* From the created container to its end. */
static int start(struct cli_session *s, const struct options *o, struct cli_conn *wait, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/containers/%s/start", s->id);
	bool attached = s->input || s->output;
	int status = 0;

	if ((attached && attach(s, &o->create, err)) || cli_session_watch(s, wait, o->create.remove, err))
		return -1;
	if (cli_api_post(&s->cli->api, path, err)) {
		cli_conn_free(s->conn);
		cli_fail_with_help(s->cli, err);
		s->cli->status = failed_status(s, wait, o->create.remove);
		return 0;
	}
	if (!attached)
		return 0;
	if (cli_session_run(s, err))
		return -1;
	if (s->detached || !s->output)
		return 0;
	if (cli_session_wait(s, wait, &status, err))
		return -1;
	s->cli->status = status;
	return 0;
}

static int run_created(struct cli *cli, struct options *o, const char *id, struct err *err)
{
	struct cli_conn conn = CLI_CONN_INIT, wait = CLI_CONN_INIT;
	bool output = cli_create_attaches(&o->create, "stdout") || cli_create_attaches(&o->create, "stderr");
	struct cli_session s = {
		.cli = cli, .conn = &conn, .tty = o->create.tty, .object = "containers", .id = id,
		.input = cli_create_attaches(&o->create, "stdin"), .output = output,
		.keys = o->keys ? o->keys : cli_config_get(&cli->config, "detachKeys"),
		.proxy = o->proxy && !o->detach, .signals = -1,
	};

	int rc = o->detach ? 0 : cli_session_signals(&s, err);
	if (!rc)
		rc = start(&s, o, &wait, err);
	if (!output)
		puts(id);
	cli_session_end(&s);
	cli_conn_free(&conn);
	cli_conn_free(&wait);
	return rc;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	AUTO_FREE char *id = NULL;

	if (o->detach && o->create.attach.n)
		return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --attach and --detach");
	if (cli_create_request(&o->create, args, n, o->detach, err)) {
		cli_fail_with_help(cli, err);
		return 0;
	}
	if (!o->detach && cli_session_check_tty(cli_create_attaches(&o->create, "stdin"), o->create.tty, err))
		return -1;
	if (cli_create(cli, &o->create, args[0], &id, err)) {
		cli_fail_with_help(cli, err);
		return 0;
	}
	return run_created(cli, o, id, err);
}

const struct cli_command cli_cmd_run = {
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]", .summary = "Create and run a new container from an image",
	.min = 1, .max = -1, .flags_first = true, .options_size = sizeof(struct options),
	.flags = cli_create_flags, .more_flags = run_flags, .run = run,
};
