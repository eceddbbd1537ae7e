/*
 * proxies.c - see proxies.h.
 */
#include "proxies.h"

#include <ctype.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"

/* All that is set: {"HTTP_PROXY": "…", "http_proxy": "…"}, new. The daemon's own entry replaces the default. */
static json_t *variables(const struct cli *cli)
{
	static const char *const known[][2] = {
		{ "HTTP_PROXY", "httpProxy" }, { "HTTPS_PROXY", "httpsProxy" }, { "NO_PROXY", "noProxy" },
		{ "FTP_PROXY", "ftpProxy" }, { "ALL_PROXY", "allProxy" },
	};
	const json_t *all = json_object_get(cli->config.doc, "proxies"), *own = NULL;
	json_t *out = json_object();

	if (cli->api.host.text)
		own = json_object_get(all, cli->api.host.text);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *value = jsonx_str(own ? own : json_object_get(all, "default"), known[i][1], "");
		AUTO_FREE char *small = xstrdup(known[i][0]);
		for (char *c = small; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!*value)
			continue;
		json_object_set_new(out, known[i][0], json_string(value));
		json_object_set_new(out, small, json_string(value));
	}
	return out;
}

/* Is it in the list: "NAME=value", or "NAME" alone, which takes it away? */
static bool listed(const json_t *list, const char *name)
{
	size_t n = strlen(name), i;
	json_t *item;

	json_array_foreach((json_t *)list, i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";
		if (!strncmp(text, name, n) && (!text[n] || text[n] == '='))
			return true;
	}
	return false;
}

void cli_proxies_to_list(const struct cli *cli, json_t *list)
{
	AUTO_JSON json_t *set = variables(cli);
	const char *name;
	json_t *value;

	json_object_foreach(set, name, value) {
		AUTO_FREE char *text = xasprintf("%s=%s", name, json_string_value(value));
		if (!listed(list, name))
			json_array_append_new(list, json_string(text));
	}
}

void cli_proxies_to_object(const struct cli *cli, json_t *object)
{
	AUTO_JSON json_t *set = variables(cli);

	json_object_update_missing(object, set);
}
