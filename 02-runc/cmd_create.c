/*
 * cmd_create.c - `create`: everything up to the program, which waits for `start`.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cmd.h"
#include "sealed.h"

#define FDS_MAX 65536

int runc_cmd_preserve(int asked, bool listening, unsigned *n, struct err *err)
{
	const char *pid = getenv("LISTEN_PID"), *text;
	long listen, total;

	/* Meant for an ancestor of ours (sd_listen_fds(3)): then it is no word of what we have. */
	if (!listening || !pid || strtol(pid, NULL, 10) != getpid())
		unsetenv("LISTEN_FDS");
	text = getenv("LISTEN_FDS");
	listen = text ? strtol(text, NULL, 10) : 0;
	total = listen > FDS_MAX ? listen : asked + listen;

	if (asked < 0 || listen < 0 || total > FDS_MAX)
		return err_set(err, ERR_INVALID, "--preserve-fds: %ld is not a count", total);
	for (int fd = 3; fd < 3 + total; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || (flags & FD_CLOEXEC))
			return err_set(err, ERR_INVALID, "--preserve-fds: file descriptor %d is "
				       "not open", fd);
	}
	*n = (unsigned)total;
	return 0;
}

int runc_cmd_parse_create(struct runc_create_cmd *c, const struct runc_global *g, bool run,
			  int argc, char **argv, struct err *err)
{
	const struct cmd_usage usage = { "[options] <container-id>", run
		? "create a container as the bundle's config.json says, and start it"
		: "create a container as the bundle's config.json says; its program waits for start", 1, 1 };
	const struct option_def defs[] = {
		{ "bundle", 'b', OPTION_TEXT, &c->create.bundle, "the bundle's directory; by default this one" },
		{ "console-socket", 0, OPTION_TEXT, &c->create.console_socket,
		  "unix socket that receives the terminal's master" },
		{ "pidfd-socket", 0, OPTION_TEXT, &c->create.pidfd_socket,
		  "unix socket that receives a pidfd of init" },
		{ "pid-file", 0, OPTION_TEXT, &c->create.pid_file, "write init's pid to this" },
		{ "no-pivot", 0, OPTION_FLAG, &c->create.no_pivot,
		  "move the root instead of pivot_root (on a ramdisk)" },
		{ "no-new-keyring", 0, OPTION_FLAG, &c->create.no_new_keyring,
		  "stay in the caller's session keyring" },
		{ "preserve-fds", 0, OPTION_NUMBER, &c->preserve_fds,
		  "hand on this many file descriptors beyond 0, 1, 2" },
		/* Only `run` has the rest: a name of NULL ends the table. */
		{ run ? "detach" : NULL, 'd', OPTION_FLAG, &c->detach, "do not wait for its end" },
		{ "keep", 0, OPTION_FLAG, &c->keep, "do not delete the container at its end" },
		{ "no-subreaper", 0, OPTION_FLAG, &c->no_subreaper,
		  "accepted: init is our child, no subreaper is ever used" },
		{ NULL },
	};
	int rest;

	c->create = (struct runc_create){ .root = g->root, .bundle = ".", .rootless = g->rootless,
					  .systemd = g->systemd_cgroup };
	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	c->create.id = argv[rest];
	return runc_cmd_preserve(c->preserve_fds, true, &c->create.preserve_fds, err);
}

int runc_cmd_create(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static struct runc_container container = RUNC_CONTAINER_INIT; /* see runc_cmd_run */
	struct runc_create_cmd cmd = { .detach = true };

	if (runc_sealed(g->argv, err) || runc_cmd_parse_create(&cmd, g, false, argc, argv, err))
		return -1;
	if (!cmd.create.id)
		return 0;
	if (runc_container_create(&container, &cmd.create, err))
		return err_wrap(err, "runc create failed");
	return 0;
}
