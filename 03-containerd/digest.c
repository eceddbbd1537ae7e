/*
 * digest.c - what a digest is, and making one (OCI image specification,
 * descriptor.md, "Digests"). libcrypto does SHA-256; it picks the processor's
 * own instructions where there are any.
 */
#include "content.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

#define ALGORITHM "sha256:"

struct digester {
	EVP_MD_CTX *ctx;
};

struct digester *digester_new(void)
{
	struct digester *d = xcalloc(1, sizeof(*d));

	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
		abort(); /* no memory, or a libcrypto without SHA-256 */
	return d;
}

void digester_add(struct digester *d, const void *buf, size_t n)
{
	EVP_DigestUpdate(d->ctx, buf, n);
}

void digester_free(struct digester *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void digester_done(struct digester *d, char out[DIGEST_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *p = stpcpy(out, ALGORITHM);

	EVP_DigestFinal_ex(d->ctx, sum, &n);
	for (unsigned i = 0; i < n; i++) {
		*p++ = hex[sum[i] >> 4];
		*p++ = hex[sum[i] & 15];
	}
	*p = '\0';
	digester_free(d);
}

void digest_of(const void *buf, size_t n, char out[DIGEST_SIZE])
{
	struct digester *d = digester_new();

	digester_add(d, buf, n);
	digester_done(d, out);
}
