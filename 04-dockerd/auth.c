/*
 * auth.c - see auth.h.
 */
#include "auth.h"

#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"

json_t *dockerd_auth_document(const char *header, const char *name, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t n;
	AUTO_FREE char *what = xasprintf("invalid %s header", name);

	if (!header || !*header)
		return json_object();
	text = base64_decode(header, strlen(header), &n);
	if (!text) {
		err_set(err, ERR_INVALID, "%s: not base64url", what);
		return NULL;
	}
	return jsonx_parse_optional(text, n, JSON_OBJECT, what, err);
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
