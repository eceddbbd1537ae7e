/*
 * config.h - the client's own settings: DOCKER_CONFIG/config.json.
 *
 * What is read: detachKeys, psFormat and the like, pruneFilters, HttpHeaders,
 * currentContext, proxies; auths, credHelpers and credsStore (auth.h). The file
 * may be absent. It belongs to the user: only login, logout and context write
 * it, and they keep what they do not know.
 */
#ifndef DOCKYARD_CLI_CONFIG_H
#define DOCKYARD_CLI_CONFIG_H

#include <jansson.h>

#include "01-kernel/base/err.h"

struct cli_config {
	char *directory; /* --config, $DOCKER_CONFIG, or ~/.docker */
	json_t *doc;     /* never NULL once loaded */
};

int cli_config_load(struct cli_config *config, const char *directory, struct err *err);
void cli_config_free(struct cli_config *config);

/* Write it back. */
int cli_config_save(const struct cli_config *config, struct err *err);

/* The object under `key`, made where it is missing; borrowed. */
json_t *cli_config_object(struct cli_config *config, const char *key);

/* A string setting, borrowed, or NULL. */
const char *cli_config_get(const struct cli_config *config, const char *key);

#endif
