/*
 * host.h - where the daemon is: -H, $DOCKER_HOST, the default.
 *
 *   unix:///path            a socket on this machine
 *   tcp://host[:port]       2375 in the clear, 2376 with TLS; http:// and
 *   host[:port]             https:// say the same
 *   ssh://[user@]host       through ssh(1): ssh.h
 *
 * TLS is for tcp only, and on when asked for (--tls, --tlsverify): with "verify" the daemon must show a certificate signed
 * by ca.pem. The client shows cert.pem and key.pem where they exist. The three
 * files lie in $DOCKER_CERT_PATH, or in the configuration directory.
 */
#ifndef DOCKYARD_CLI_HOST_H
#define DOCKYARD_CLI_HOST_H

#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

#define CLI_HOST_DEFAULT "unix:///var/run/docker.sock"

/* What the command line said about TLS; NULL and false where it said nothing. */
struct cli_tls_flags {
	bool tls, verify;
	const char *ca, *cert, *key;
};

struct cli_host {
	char *text;   /* as messages show it: "unix:///var/run/docker.sock" */
	struct strlist ssh; /* the command that leads to it; empty: none */
	char *socket; /* the unix socket's path, or NULL for tcp */
	char *base;   /* what URLs begin with: "http://localhost" */
	char *name;   /* the Host header */
	bool tls, verify;
	char *ca, *cert, *key; /* files, or NULL */
};

int cli_host_parse(struct cli_host *host, const char *text, const struct cli_tls_flags *flags,
		   const char *cert_directory, struct err *err);
void cli_host_free(struct cli_host *host);

#endif
