/* tokens_test.c - signing and believing. (registry-login.sh has Python check a signature.) */
#include "tokens.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "suites.h"

static const struct reg_tokens keys = { "0123456789abcdef0123456789abcdef" };

static char *token(const char *audience, long seconds)
{
	return reg_token_make(&keys, audience, "alice", seconds, json_pack("{s:[]}", "access"));
}

static bool believed(const struct reg_tokens *t, const char *text)
{
	struct err err = { 0 };
	AUTO_JSON json_t *claims = reg_token_read(t, REG_FOR_ACCESS, text, &err);

	CU_ASSERT_EQUAL(claims == NULL, reg_refused(&err, REG_UNAUTHORIZED));
	return claims;
}

static void good(void)
{
	AUTO_FREE char *text = token(REG_FOR_ACCESS, 60);
	struct err err = { 0 };
	AUTO_JSON json_t *claims = reg_token_read(&keys, REG_FOR_ACCESS, text, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(claims);
	/* {"alg":"HS256","typ":"JWT"}, by base64(1) */
	CU_ASSERT_TRUE(str_starts(text, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
	EQ_STR(jsonx_str(claims, "sub", NULL), "alice");
	CU_ASSERT_EQUAL(jsonx_int(claims, "exp", 0), jsonx_int(claims, "iat", 0) + 60);
	CU_ASSERT_EQUAL(strlen(jsonx_str(claims, "jti", "")), 36);
}

static void bad(void)
{
	/* printf %s '{"alg":"none"}' | basenc --base64url, and the claims of somebody else */
	static const char *const forged[] = { "", ".", "..", "a.b", "a.b.c",
					      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
					      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9" };
	const struct reg_tokens others = { "0123456789abcdef0123456789abcdeX" };
	AUTO_FREE char *text = token(REG_FOR_ACCESS, 60);
	AUTO_FREE char *late = token(REG_FOR_ACCESS, 0);
	AUTO_FREE char *login = token(REG_FOR_LOGIN, 60);
	AUTO_FREE char *longer = xasprintf("%sA", text);

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++)
		CU_ASSERT_FALSE(believed(&keys, forged[i]));
	CU_ASSERT_TRUE(believed(&keys, text));
	CU_ASSERT_FALSE(believed(&others, text));
	CU_ASSERT_FALSE(believed(&keys, late));
	CU_ASSERT_FALSE(believed(&keys, login));
	CU_ASSERT_FALSE(believed(&keys, longer));
	for (size_t i = 0; text[i]; i++) { /* every character counts */
		text[i] ^= 1;
		CU_ASSERT_FALSE(believed(&keys, text));
		text[i] ^= 1;
	}
}

static void kept(void)
{
	struct reg_tokens first, second;
	AUTO_FREE char *path = xasprintf("%s/token.key", test_root);
	struct err err = { 0 };

	CU_ASSERT_EQUAL(reg_tokens_open(&first, test_root, &err), 0);
	CU_ASSERT_EQUAL(reg_tokens_open(&second, test_root, &err), 0);
	CU_ASSERT_EQUAL(memcmp(&first, &second, sizeof(first)), 0);
	CU_ASSERT_EQUAL(truncate(path, 5), 0);
	CU_ASSERT_EQUAL(reg_tokens_open(&second, test_root, &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_CORRUPT);
}

CU_TestInfo token_tests[] = {
	{ "a good one", good },
	{ "bad ones", bad },
	{ "the key is kept", kept },
	CU_TEST_INFO_NULL,
};
