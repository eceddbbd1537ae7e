/*
 * tokens.c - see tokens.h.
 */
#include "tokens.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "names.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define ISSUER REG_SERVICE
#define TOKEN_MAX (32u << 10)

int reg_tokens_open(struct reg_tokens *t, const char *root, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/token.key", root);
	AUTO_STRBUF struct strbuf key = STRBUF_INIT;

	if (!file_read(AT_FDCWD, path, &key, sizeof(t->key), err)) {
		if (key.len != sizeof(t->key))
			return err_set(err, ERR_CORRUPT, "%s is not a key of %zu bytes", path,
				       sizeof(t->key));
		memcpy(t->key, key.data, sizeof(t->key));
		return 0;
	}
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	if (getrandom(t->key, sizeof(t->key), 0) != sizeof(t->key))
		return err_sys(err, "make a random key");
	return file_write_atomic(AT_FDCWD, path, t->key, sizeof(t->key), 0600, err);
}

/* As RFC 7515 wants it: without padding. The caller frees. */
static char *code_of(const void *bytes, size_t n)
{
	char *code = base64_encode_url(bytes, n);

	code[strcspn(code, "=")] = '\0';
	return code;
}

/* Of "header.claims". The caller frees. */
static char *sign(const struct reg_tokens *t, const char *text, size_t n)
{
	unsigned char mac[32];

	HMAC(EVP_sha256(), t->key, sizeof(t->key), (const unsigned char *)text, n, mac, NULL);
	return code_of(mac, sizeof(mac));
}

char *reg_token_make(const struct reg_tokens *t, const char *audience, const char *user, long seconds,
		     json_t *claims)
{
	AUTO_JSON json_t *all = claims;
	json_int_t now = time(NULL);
	char id[REG_UUID_SIZE];
	AUTO_FREE char *header = code_of(HEADER, strlen(HEADER));
	AUTO_FREE char *text = NULL, *code = NULL, *signed_part = NULL, *signature = NULL;

	reg_uuid_new(id);
	json_object_set_new(all, "iss", json_string(ISSUER));
	json_object_set_new(all, "aud", json_string(audience));
	json_object_set_new(all, "sub", json_string(user));
	json_object_set_new(all, "iat", json_integer(now));
	json_object_set_new(all, "nbf", json_integer(now));
	json_object_set_new(all, "exp", json_integer(now + seconds));
	json_object_set_new(all, "jti", json_string(id));
	text = jsonx_text(all);
	code = code_of(text, strlen(text));
	signed_part = xasprintf("%s.%s", header, code);
	signature = sign(t, signed_part, strlen(signed_part));
	return xasprintf("%s.%s", signed_part, signature);
}

static bool is_ours(const struct reg_tokens *t, const char *token, const char *dot)
{
	AUTO_FREE char *signature = sign(t, token, (size_t)(dot - token));
	size_t n = strlen(signature);

	return strlen(dot + 1) == n && !CRYPTO_memcmp(dot + 1, signature, n);
}

static bool is_good(const json_t *claims, const char *audience)
{
	json_int_t now = time(NULL);

	return !strcmp(jsonx_str(claims, "iss", ""), ISSUER) &&
	       !strcmp(jsonx_str(claims, "aud", ""), audience) &&
	       jsonx_int(claims, "nbf", now + 1) <= now && now < jsonx_int(claims, "exp", 0);
}

/* The part between the dots, of a token that we signed. */
static json_t *read_claims(const char *token, const char *end, struct err *err)
{
	const char *code = strchr(token, '.') + 1;
	size_t n;
	AUTO_FREE char *text = base64_decode(code, (size_t)(end - code), &n);

	return text ? jsonx_parse(text, n, "token", err) : NULL;
}

json_t *reg_token_read(const struct reg_tokens *t, const char *audience, const char *token,
		       struct err *err)
{
	const char *end = strlen(token) < TOKEN_MAX ? strrchr(token, '.') : NULL;
	AUTO_JSON json_t *claims = NULL;

	/* The signature first: nothing that others wrote is parsed. */
	if (!end || !is_ours(t, token, end))
		reg_refuse(err, REG_UNAUTHORIZED, "the token is not one of this registry");
	else if (!(claims = read_claims(token, end, err)) || !is_good(claims, audience))
		reg_refuse(err, REG_UNAUTHORIZED, "the token has expired, or is for something else");
	else
		return steal_ptr(&claims);
	return NULL;
}
