/*
 * cmd_dial.c - docker system dial-stdio: stdin and stdout become a connection to
 * the daemon. It is what an ssh:// host runs on the other machine (ssh.h).
 */
#include <unistd.h>

#include "conn.h"
#include "verbs.h"

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_conn conn = CLI_CONN_INIT;

	(void)options;
	(void)args;
	(void)n;
	int rc = cli_conn_open(&conn, &cli->api, err);
	if (!rc)
		rc = cli_conn_carry(&conn, STDIN_FILENO, STDOUT_FILENO, -1, err);
	cli_conn_free(&conn);
	return rc;
}

const struct cli_command cli_cmd_dial = {
	.usage = "", .summary = "Proxy the stdio stream to the daemon connection. Should not be invoked manually.",
	.run = run,
};
