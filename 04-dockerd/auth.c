/*
 * auth.c - see auth.h.
 */
#include "auth.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

static int decode(const char *text, struct strbuf *out)
{
	unsigned bits = 0, n = 0;

	for (; *text && *text != '='; text++) {
		int d = digit(*text);

		if (d < 0)
			return -1;
		bits = bits << 6 | (unsigned)d;
		n += 6;
		if (n >= 8) {
			n -= 8;
			strbuf_addc(out, (char)(bits >> n));
		}
	}
	return 0;
}

int dockerd_auth_parse(const char *header, json_t **out, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_JSON json_t *doc = NULL;
	const char *user, *identity, *token;

	*out = NULL;
	if (!header || !*header)
		return 0;
	if (decode(header, &text))
		return err_set(err, ERR_INVALID, "invalid X-Registry-Auth header: not base64url");
	doc = text.len ? jsonx_parse(text.data, text.len, "invalid X-Registry-Auth header", err)
		       : json_object();
	if (!doc)
		return -1;
	user = jsonx_str(doc, "username", "");
	identity = jsonx_str(doc, "identitytoken", "");
	token = jsonx_str(doc, "registrytoken", "");
	if (*token)
		*out = json_pack("{s:s}", "registryToken", token);
	else if (*identity)
		*out = json_pack("{s:s}", "identityToken", identity);
	else if (*user)
		*out = json_pack("{s:s, s:s}", "username", user, "password",
				 jsonx_str(doc, "password", ""));
	return 0;
}
