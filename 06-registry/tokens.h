/*
 * tokens.h - what /token hands out, and the rest of the registry believes: a signed statement that
 * somebody may do something until some time.
 *
 *     header.claims.signature       each in base64url (RFC 7519, RFC 7515)
 *     {"alg":"HS256","typ":"JWT"}   always this one: what a token says of its algorithm is not asked
 *     {"iss","aud","sub","iat","nbf","exp","jti","access":[{"type","name","actions"}]}
 *
 * The signature is an HMAC, for who signs and who verifies are one program. Its key is made once
 * and kept as <root>/token.key, so that a token outlives a restart.
 */
#ifndef DOCKYARD_REG_TOKENS_H
#define DOCKYARD_REG_TOKENS_H

#include <jansson.h>

#include "01-kernel/base/err.h"

#define REG_SERVICE "dockyard-registry" /* who we are, in challenges and tokens */

/* Whom a token is for: this registry, or /token itself, to get the next one. */
#define REG_FOR_ACCESS REG_SERVICE
#define REG_FOR_LOGIN REG_SERVICE "/token"

struct reg_tokens {
	unsigned char key[32];
};

int reg_tokens_open(struct reg_tokens *t, const char *root, struct err *err);

/* `claims` (taken) with the rest of what a token has. The caller frees. */
char *reg_token_make(const struct reg_tokens *t, const char *audience, const char *user, long seconds,
		     json_t *claims);

/* The claims, if we signed them for this audience and they are good now. New; NULL: UNAUTHORIZED. */
json_t *reg_token_read(const struct reg_tokens *t, const char *audience, const char *token,
		       struct err *err);

#endif
