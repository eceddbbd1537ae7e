/*
 * cmd_run.c - `run`: create and start in one, in the foreground unless --detach.
 *
 * Init need not wait for `start` here, so there is no fifo; instead the socket
 * to init stays open, and its end tells that the program has been executed.
 */
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "01-kernel/tty.h"
#include "cmd.h"
#include "console.h"
#include "sealed.h"

/* Wait for the end, then clear away. The exit status is the container's. */
static int stay(struct runc_container *c, const struct runc_create_cmd *cmd, struct err *err)
{
	AUTO_CLOSE int master = -1;
	char name[64];
	int status = 0;

	if (c->console >= 0) {
		master = kern_fd_recv(c->console, name, sizeof name, err);
		if (master < 0)
			return err_wrap(err, "receive the container's terminal");
	}
	if (runc_relay(c->pid, c->pidfd, master, &status, err))
		return -1;
	if (!cmd->keep && runc_container_destroy(&c->state, &c->config, cmd->create.root, err))
		return -1;
	return status;
}

static int launch(struct runc_container *c, const struct runc_create *create, struct err *err)
{
	if (runc_container_create(c, create, err) || runc_container_launched(c, create, err))
		return -1;
	if (!runc_container_poststart(&c->state, &c->config, err))
		return 0;
	struct err second;

	if (runc_container_destroy(&c->state, &c->config, create->root, &second))
		log_warn("%s", second.msg);
	return -1;
}

int runc_cmd_run(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	AUTO_CONTAINER struct runc_container container = RUNC_CONTAINER_INIT;
	struct runc_create_cmd cmd = { .detach = false };

	if (runc_sealed(g->argv, err) || runc_cmd_parse_create(&cmd, g, true, argc, argv, err))
		return -1;
	if (!cmd.create.id)
		return 0;
	cmd.create.at_once = true;
	cmd.create.foreground = !cmd.detach;
	if (!cmd.detach)
		runc_relay_prepare();
	if (launch(&container, &cmd.create, err))
		return err_wrap(err, "runc run failed");
	return cmd.detach ? 0 : stay(&container, &cmd, err);
}
