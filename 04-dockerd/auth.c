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

int dockerd_base64_decode(const char *text, struct strbuf *out)
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

json_t *dockerd_auth_document(const char *header, const char *name, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_FREE char *what = xasprintf("invalid %s header", name);

	if (!header || !*header)
		return json_object();
	if (dockerd_base64_decode(header, &text)) {
		err_set(err, ERR_INVALID, "%s: not base64url", what);
		return NULL;
	}
	return text.len ? jsonx_parse(text.data, text.len, what, err) : json_object();
}

json_t *dockerd_auth_of(const json_t *login)
{
	const char *user = jsonx_str(login, "username", ""),
		   *identity = jsonx_str(login, "identitytoken", ""),
		   *token = jsonx_str(login, "registrytoken", "");

	if (*token)
		return json_pack("{s:s}", "registryToken", token);
	if (*identity)
		return json_pack("{s:s}", "identityToken", identity);
	if (!*user)
		return NULL;
	return json_pack("{s:s, s:s}", "username", user, "password", jsonx_str(login, "password", ""));
}

int dockerd_auth_parse(const char *header, json_t **out, struct err *err)
{
	AUTO_JSON json_t *doc = dockerd_auth_document(header, "X-Registry-Auth", err);

	*out = dockerd_auth_of(doc);
	return doc ? 0 : -1;
}
