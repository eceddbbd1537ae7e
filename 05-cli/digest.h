/*
 * digest.h - SHA-256 in hexadecimal.
 */
#ifndef DOCKYARD_CLI_DIGEST_H
#define DOCKYARD_CLI_DIGEST_H

#include <stddef.h>

#define CLI_SHA256_SIZE 65

const char *cli_sha256(const char *data, size_t n, char hex[CLI_SHA256_SIZE]);

#endif
