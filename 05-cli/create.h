/*
 * create.h - what `docker run` and `docker create` ask for.
 */
#ifndef DOCKYARD_CLI_CREATE_H
#define DOCKYARD_CLI_CREATE_H

#include "cli.h"

/* The flags that both verbs know. Those that are one field of the request go
 * straight into `body` (see flags.h); the others stay here until
 * cli_create_request puts them in. */
struct cli_create_options {
	json_t *body;
	struct strlist attach, env, env_files, volumes, mounts, tmpfs, publish, expose, networks, aliases, devices,
		ulimits, hosts, security, link_local, label_files, weights, read_bps, write_bps, read_iops, write_iops;
	const char *entrypoint, *cidfile, *restart, *ip, *ip6, *mac, *health_cmd;
	const char *name, *platform, *pull;
	const char *gpus;
	bool stdin, tty, remove, no_health, quiet, untrusted, api_socket;
};
extern const struct cli_flag cli_create_flags[];

/* For a flag --add-host: "name:address" is needed. */
int cli_create_check_host(const char *value, struct err *err);

/* One --ulimit, NAME=SOFT[:HARD], appended to the array (or only checked: NULL). */
int cli_create_ulimit(const char *text, json_t *list, struct err *err);

/* NAME[:COUNT] of --restart: new, or NULL. */
json_t *cli_restart_policy(const char *policy, struct err *err);

/* Put together the body of POST /containers/create for this image and command.
 * `detach` attaches nothing. Sets o->body. */
int cli_create_request(struct cli_create_options *o, char **args, int n, bool detach, struct err *err);

/* Create it, pulling the image first where --pull says so; warnings go to
 * stderr, the ID to *id (to be freed) and to --cidfile. */
int cli_create(struct cli *cli, const struct cli_create_options *o, const char *image, char **id,
	       struct err *err);

/* "stdin", "stdout", "stderr": is it to be attached, by the request? */
bool cli_create_attaches(const struct cli_create_options *o, const char *stream);

#endif
