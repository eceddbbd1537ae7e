/*
 * proxies.h - the proxies that config.json has for what runs in containers:
 *
 *     "proxies": { "default" or "tcp://host:2375": { "httpProxy": "http://proxy:3128", "noProxy": "localhost" } }
 *
 * They become variables, in capitals and in small letters, as programs look
 * for either: HTTP_PROXY and http_proxy. One that the user sets counts more.
 */
#ifndef DOCKYARD_CLI_PROXIES_H
#define DOCKYARD_CLI_PROXIES_H

#include "cli.h"

/* Add them to an array of "NAME=value", and to an object of values. */
void cli_proxies_to_list(const struct cli *cli, json_t *list);
void cli_proxies_to_object(const struct cli *cli, json_t *object);

#endif
