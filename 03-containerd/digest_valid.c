/*
 * digest_valid.c - what a digest looks like (OCI image specification, descriptor.md,
 * "Digests"). A page of its own: who only reads names need not load libcrypto.
 */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "content.h"

static bool is_digest(const char *digest, const char *algorithm, size_t digits)
{
	const char *hex = digest + strlen(algorithm);

	return str_starts(digest, algorithm) && strlen(hex) == digits &&
	       strspn(hex, "0123456789abcdef") == digits;
}

bool digest_valid(const char *digest)
{
	return is_digest(digest, "sha256:", 64);
}

bool digest_known(const char *digest)
{
	return digest_valid(digest) || is_digest(digest, "sha512:", 128);
}
