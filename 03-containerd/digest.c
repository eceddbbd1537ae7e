/*
 * digest.c - what a digest is, and making one (OCI image specification,
 * descriptor.md, "Digests"). libcrypto does the hashing; it picks the processor's
 * own instructions where there are any.
 */
#include "content.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"

struct digester {
	const char *prefix;
	EVP_MD_CTX *ctx;
};

static struct digester *make(const char *prefix, const EVP_MD *algorithm)
{
	struct digester *d = xcalloc(1, sizeof(*d));

	d->prefix = prefix;
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || EVP_DigestInit_ex(d->ctx, algorithm, NULL) != 1)
		abort(); /* no memory, or a libcrypto without SHA-2 */
	return d;
}

struct digester *digester_new(void)
{
	return make("sha256:", EVP_sha256());
}

struct digester *digester_new_like(const char *digest)
{
	return str_starts(digest, "sha512:") ? make("sha512:", EVP_sha512()) : digester_new();
}

bool digester_is_like(const struct digester *d, const char *digest)
{
	return str_starts(digest, d->prefix);
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
	char *p = stpcpy(out, d->prefix);

	EVP_DigestFinal_ex(d->ctx, sum, &n);
	for (unsigned i = 0; i < n; i++) {
		*p++ = hex[sum[i] >> 4];
		*p++ = hex[sum[i] & 15];
	}
	*p = '\0';
	digester_free(d);
}

static void digest_with(struct digester *d, const void *buf, size_t n, char out[DIGEST_SIZE])
{
	digester_add(d, buf, n);
	digester_done(d, out);
}

void digest_of(const void *buf, size_t n, char out[DIGEST_SIZE])
{
	digest_with(digester_new(), buf, n, out);
}

void digest_of_like(const char *like, const void *buf, size_t n, char out[DIGEST_SIZE])
{
	digest_with(digester_new_like(like), buf, n, out);
}
