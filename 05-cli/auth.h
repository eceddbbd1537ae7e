/*
 * auth.h - who the user is at a registry.
 *
 * `docker login` keeps a name and a password (or a token) per registry, either
 * in config.json itself, in base64, which hides nothing:
 *
 *     "auths": { "registry.example:5000": { "auth": "<base64 of name:password>" } }
 *
 * or with a program of the user's, docker-credential-NAME, which asks the
 * desktop's keyring: "credHelpers": { registry: NAME } for one registry,
 * "credsStore": NAME for all. A request that makes the daemon go to a registry
 * carries them along, in the header X-Registry-Auth.
 */
#ifndef DOCKYARD_CLI_AUTH_H
#define DOCKYARD_CLI_AUTH_H

#include "cli.h"
#include "reference.h"

/* Docker Hub is known by the address that its first version had. */
#define CLI_AUTH_HUB "https://index.docker.io/v1/"

/* Under what key a registry's host is kept. "docker.io" is the Hub. */
const char *cli_auth_key(const char *host);

/* {"username", "password" | "identitytoken", "serveraddress"}: new, without a
 * username where nothing is known. NULL with err when a helper fails. */
json_t *cli_auth_get(const struct cli_config *config, const char *key, struct err *err);

/* The header for the image's registry: new. */
char *cli_auth_header(const struct cli_config *config, const struct cli_reference *image, struct err *err);

/* Every registry that is known, {"key": {…}}: new. What a build may need (X-Registry-Config). */
json_t *cli_auth_all(const struct cli_config *config, struct err *err);

/* As config.json has it, in "auths": new. */
json_t *cli_auth_entry(const json_t *auth);

/* Keep it, as cli_auth_get gives it, or forget it. *plain: where it lies open in a file. */
int cli_auth_put(struct cli_config *config, const char *key, const json_t *auth, bool *plain, struct err *err);
int cli_auth_erase(struct cli_config *config, const char *key, struct err *err);

#endif
