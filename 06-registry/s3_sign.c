/*
 * s3_sign.c - presigned URLs: AWS Signature Version 4 with the signature in the query.
 *
 *   canonical request   what will be asked, in one agreed spelling
 *   string to sign      when, where, and the hash of the above
 *   key                 the secret, hashed with the day, the region and the service in turn,
 *                       so that a key that leaks is good for one day in one place
 *
 * (Amazon S3 API reference, "Authenticating Requests: Using Query Parameters".) The body is
 * not signed, a GET has none; of the headers only Host is.
 */
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "03-containerd/content.h"
#include "s3_private.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SHA256_SIZE 32

static void hmac(const void *key, size_t n, const char *text, unsigned char out[SHA256_SIZE])
{
	if (!HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text, strlen(text), out, NULL))
		abort(); /* no memory, or a libcrypto without SHA-256 */
}

static void signing_key(const struct reg_s3 *s3, const char *day, unsigned char key[SHA256_SIZE])
{
	AUTO_FREE char *first = xasprintf("AWS4%s", s3->secret);

	hmac(first, strlen(first), day, key);
	hmac(key, SHA256_SIZE, s3->region, key);
	hmac(key, SHA256_SIZE, "s3", key);
	hmac(key, SHA256_SIZE, "aws4_request", key);
}

void s3_add_encoded(struct strbuf *sb, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~";

	for (; *s; s++)
		strchr(plain, *s) ? strbuf_addc(sb, *s)
				  : strbuf_addf(sb, "%%%02X", (unsigned char)*s);
}

/* Sorted by name, as the canonical request wants them. */
static void add_query(struct strbuf *sb, const struct reg_s3 *s3, const char *scope,
		      const char *when, unsigned seconds)
{
	strbuf_adds(sb, "X-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=");
	s3_add_encoded(sb, s3->key_id);
	strbuf_adds(sb, "%2F");
	s3_add_encoded(sb, scope);
	strbuf_addf(sb, "&X-Amz-Date=%s&X-Amz-Expires=%u", when, seconds);
	if (s3->token) {
		strbuf_adds(sb, "&X-Amz-Security-Token=");
		s3_add_encoded(sb, s3->token);
	}
	strbuf_adds(sb, "&X-Amz-SignedHeaders=host");
}

static void sign(const struct reg_s3 *s3, const char *key, const char *query, const char *scope,
		 const char *when, char signature[2 * SHA256_SIZE + 1])
{
	AUTO_FREE char *request = xasprintf("GET\n%s/%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD",
					    s3->path, key, query, s3->host);
	AUTO_FREE char *day = xstrndup(when, strcspn(when, "T"));
	AUTO_FREE char *to_sign = NULL;
	unsigned char sum[SHA256_SIZE];
	char digest[DIGEST_SIZE];

	digest_of(request, strlen(request), digest);
	to_sign = xasprintf(ALGORITHM "\n%s\n%s\n%s", when, scope, strchr(digest, ':') + 1);
	signing_key(s3, day, sum);
	hmac(sum, SHA256_SIZE, to_sign, sum);
	for (int i = 0; i < SHA256_SIZE; i++)
		sprintf(signature + 2 * i, "%02x", sum[i]);
}

char *reg_s3_presign(const struct reg_s3 *s3, const char *key, time_t now, unsigned seconds)
{
	AUTO_STRBUF struct strbuf query = STRBUF_INIT;
	AUTO_FREE char *scope = NULL;
	char when[sizeof("20130524T000000Z")], signature[2 * SHA256_SIZE + 1];
	struct tm utc;

	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	scope = xasprintf("%.8s/%s/s3/aws4_request", when, s3->region);
	add_query(&query, s3, scope, when, seconds);
	sign(s3, key, query.data, scope, when, signature);
	return xasprintf("%s/%s?%s&X-Amz-Signature=%s", s3->url, key, query.data, signature);
}
