/*
 * auth.c - see auth.h.
 */
#include "auth.h"

#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "helper.h"

const char *cli_auth_key(const char *host)
{
	static const char *const hub[] = { "docker.io", "index.docker.io", "registry-1.docker.io", NULL };

	return words_have(hub, host) ? CLI_AUTH_HUB : host;
}

/* The helper that keeps this registry's password, borrowed; NULL: the file does. */
static const char *helper_of(const struct cli_config *config, const char *key)
{
	const char *own = jsonx_str(json_object_get(config->doc, "credHelpers"), key, NULL);

	return own ? own : cli_config_get(config, "credsStore");
}

/* ---- the file ------------------------------------------------------------ */

/* A key may be written with a scheme and a path, as old versions did. */
static bool same_registry(const char *written, const char *key)
{
	const char *scheme = strstr(written, "://");
	const char *host = scheme ? scheme + 3 : written;
	size_t n = strcspn(host, "/");

	return strlen(key) == n && !strncmp(host, key, n);
}

static const json_t *entry_of(const struct cli_config *config, const char *key)
{
	json_t *auths = json_object_get(config->doc, "auths"), *entry = json_object_get(auths, key);
	const char *written;

	if (entry)
		return entry;
	json_object_foreach(auths, written, entry)
		if (same_registry(written, key))
			return entry;
	return NULL;
}

static void read_entry(const json_t *entry, json_t *auth)
{
	const char *code = jsonx_str(entry, "auth", "");
	size_t n = 0;
	AUTO_FREE char *pair = base64_decode(code, strlen(code), &n);
	char *colon = pair ? strchr(pair, ':') : NULL;
	const char *token = jsonx_str(entry, "identitytoken", NULL);

	if (colon) {
		*colon = 0;
		json_object_set_new(auth, "username", json_string(pair));
		json_object_set_new(auth, "password", json_string(colon + 1));
	}
	if (token)
		json_object_set_new(auth, "identitytoken", json_string(token));
}

/* ---- both ---------------------------------------------------------------- */

/* A name of "<token>" says that the secret is a token, and no password. */
static int ask_helper(const char *helper, const char *key, json_t *auth, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	if (cli_helper_run(helper, "get", key, &out, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	AUTO_JSON json_t *answer = jsonx_parse(out.data, out.len, "the credential helper's answer", err);
	if (!answer)
		return -1;
	const char *name = jsonx_str(answer, "Username", ""), *secret = jsonx_str(answer, "Secret", "");
	bool token = !strcmp(name, "<token>");
	if (!token)
		json_object_set_new(auth, "username", json_string(name));
	json_object_set_new(auth, token ? "identitytoken" : "password", json_string(secret));
	return 0;
}

json_t *cli_auth_get(const struct cli_config *config, const char *key, struct err *err)
{
	const char *helper = helper_of(config, key);
	AUTO_JSON json_t *auth = json_object();

	if (helper && ask_helper(helper, key, auth, err))
		return NULL;
	if (!helper)
		read_entry(entry_of(config, key), auth);
	json_object_set_new(auth, "serveraddress", json_string(key));
	return steal_ptr(&auth);
}

char *cli_auth_header(const struct cli_config *config, const struct cli_reference *image, struct err *err)
{
	const char *name = image->name ? image->name : "docker.io/";
	AUTO_FREE char *host = xstrndup(name, strcspn(name, "/"));
	AUTO_JSON json_t *auth = cli_auth_get(config, cli_auth_key(host), err);

	return auth ? cli_api_header("X-Registry-Auth", auth) : NULL;
}

json_t *cli_auth_all(const struct cli_config *config, struct err *err)
{
	AUTO_JSON json_t *all = json_object(), *keys = json_object();
	const char *store = cli_config_get(config, "credsStore"), *key;
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	json_t *ignored;

	json_object_update(keys, json_object_get(config->doc, "auths"));
	json_object_update(keys, json_object_get(config->doc, "credHelpers"));
	if (store && !cli_helper_run(store, "list", "unused", &out, err)) {
		AUTO_JSON json_t *listed = json_loadb(out.data, out.len, 0, NULL);
		json_object_update(keys, listed);
	}
	json_object_foreach(keys, key, ignored) {
		json_t *auth = cli_auth_get(config, key, err);
		if (!auth)
			return NULL;
		json_object_set_new(all, key, auth);
	}
	return steal_ptr(&all);
}

/* ---- login and logout ---------------------------------------------------- */

static int store_with_helper(const char *helper, const char *key, const json_t *auth, struct err *err)
{
	const char *token = jsonx_str(auth, "identitytoken", NULL);
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	AUTO_JSON json_t *doc =
		json_pack("{s:s, s:s, s:s}", "ServerURL", key, "Username", token ? "<token>" : jsonx_str(auth, "username", ""),
			  "Secret", token ? token : jsonx_str(auth, "password", ""));
	AUTO_FREE char *text = jsonx_text(doc);

	return cli_helper_run(helper, "store", text, &out, err) ? err_wrap(err, "error saving credentials") : 0;
}

json_t *cli_auth_entry(const json_t *auth)
{
	const char *token = jsonx_str(auth, "identitytoken", NULL);
	AUTO_FREE char *pair = xasprintf("%s:%s", jsonx_str(auth, "username", ""),
					 token ? "" : jsonx_str(auth, "password", ""));
	AUTO_FREE char *code = base64_encode(pair, strlen(pair));

	return json_pack("{s:s, s:s*}", "auth", code, "identitytoken", token);
}

int cli_auth_put(struct cli_config *config, const char *key, const json_t *auth, bool *plain, struct err *err)
{
	const char *helper = helper_of(config, key);
	json_t *auths = cli_config_object(config, "auths");

	*plain = !helper;
	json_object_set_new(auths, key, json_object()); /* empty where a helper has it */
	if (helper)
		return store_with_helper(helper, key, auth, err) ? -1 : cli_config_save(config, err);
	json_object_set_new(auths, key, cli_auth_entry(auth));
	return cli_config_save(config, err);
}

int cli_auth_erase(struct cli_config *config, const char *key, struct err *err)
{
	const char *helper = helper_of(config, key);
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	json_object_del(json_object_get(config->doc, "auths"), key);
	if (helper && cli_helper_run(helper, "erase", key, &out, err) && err->kind != ERR_NOT_FOUND)
		return -1;
	return cli_config_save(config, err);
}
