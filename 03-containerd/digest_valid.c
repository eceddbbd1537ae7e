/*
 * digest_valid.c - what a digest looks like (OCI image specification, descriptor.md,
 * "Digests"). A page of its own: who only reads names need not load libcrypto.
 */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "content.h"

#define ALGORITHM "sha256:"

bool digest_valid(const char *digest)
{
	const char *hex = digest + strlen(ALGORITHM);

	return str_starts(digest, ALGORITHM) && strlen(hex) == 64 &&
	       strspn(hex, "0123456789abcdef") == 64;
}
