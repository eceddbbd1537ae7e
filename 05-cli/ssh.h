/*
 * ssh.h - a daemon behind ssh://[user@]host[:port][/socket].
 *
 * Every connection is an ssh of its own that runs "docker system dial-stdio" on
 * the other machine, whose stdin and stdout are then a connection to the daemon
 * there. libcurl connects to an address of this process's own, where ssh waits.
 */
#ifndef DOCKYARD_CLI_SSH_H
#define DOCKYARD_CLI_SSH_H

#include <curl/curl.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

/* The command of a host's URL: ssh and its arguments. ERR_INVALID when it is none. */
int cli_ssh_parse(const char *url, struct strlist *command, struct err *err);

/* Make this handle connect through the command (borrowed, as long as the handle). */
void cli_ssh_aim(CURL *easy, const struct strlist *command);

#endif
