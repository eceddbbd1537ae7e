/*
 * ports.h - published ports: "-p 127.0.0.1:8080:80/tcp" in, the PORTS column out.
 */
#ifndef DOCKYARD_CLI_PORTS_H
#define DOCKYARD_CLI_PORTS_H

#include <jansson.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/err.h"

/* [[ip:][host-port]:]container-port[/protocol], ports also as ranges "80-82".
 * Adds to exposed {"80/tcp": {}} and bindings {"80/tcp": [{HostIp, HostPort}]}. */
int cli_ports_publish(const char *spec, json_t *exposed, json_t *bindings, struct err *err);

/* port[-port][/protocol], to expose only. */
int cli_ports_expose(const char *spec, json_t *exposed, struct err *err);

/* The PORTS column from the list's Ports [{IP, PrivatePort, PublicPort, Type}]:
 * neighbours joined to ranges, "0.0.0.0:80-82->80-82/tcp, 443/tcp". */
void cli_ports_show(const json_t *ports, struct strbuf *out);

#endif
