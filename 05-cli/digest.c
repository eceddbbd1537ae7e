/*
 * digest.c - see digest.h.
 */
#include "digest.h"

#include <openssl/sha.h>
#include <stdio.h>

const char *cli_sha256(const char *data, size_t n, char hex[CLI_SHA256_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)data, n, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return hex;
}
