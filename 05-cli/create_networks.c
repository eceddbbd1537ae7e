/*
 * create_networks.c - which networks a container is on, and how.
 *
 * --network NAME, or in long form, in which each network has settings of its own:
 * --network name=NAME,alias=A,ip=1.2.3.4,driver-opt=k=v. What the flags --ip,
 * --network-alias and the like say belongs to the first.
 */
#include <string.h>

#include "01-kernel/base/words.h"
#include "create_private.h"
#include "units.h"

/* What goes into the endpoint as it is; false: no such setting. */
static bool put_text(json_t *endpoint, const char *key, const char *value)
{
	static const struct {
		const char *key, *object, *field;
		bool list;
	} settings[] = {
		{ "alias", NULL, "Aliases", true }, { "ip", "IPAMConfig", "IPv4Address", false },
		{ "ip6", "IPAMConfig", "IPv6Address", false }, { "mac-address", NULL, "MacAddress", false },
		{ "link-local-ip", "IPAMConfig", "LinkLocalIPs", true },
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (strcmp(settings[i].key, key))
			continue;
		json_t *place = settings[i].object ? cli_object_at(endpoint, settings[i].object) : endpoint;
		if (settings[i].list)
			json_array_append_new(cli_array_at(place, settings[i].field), json_string(value));
		else
			json_object_set_new(place, settings[i].field, json_string(value));
		return true;
	}
	return false;
}

static int put_setting(json_t *endpoint, const char *key, const char *value, struct err *err)
{
	int64_t number;

	if (put_text(endpoint, key, value))
		return 0;
	if (!strcmp(key, "gw-priority")) {
		if (cli_parse_int(value, &number, err))
			return err_wrap(err, "invalid gw-priority: %s", value);
		return json_object_set_new(endpoint, "GwPriority", json_integer((json_int_t)number));
	}
	if (!strcmp(key, "driver-opt")) {
		const char *equals = strchr(value, '=');
		if (!equals)
			return err_set(err, ERR_INVALID, "invalid key value pair format in driver options");
		AUTO_FREE char *name = xstrndup(value, (size_t)(equals - value));
		return json_object_set_new(cli_object_at(endpoint, "DriverOpts"), name, json_string(equals + 1));
	}
	return err_set(err, ERR_INVALID, "invalid field key %s", key);
}

/* The long form: its name, new, and the settings into *endpoint. */
static char *parse_long(const char *text, json_t *endpoint, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text), *name = NULL;
	char *save = NULL;

	for (char *field = strtok_r(copy, ",", &save); field; field = strtok_r(NULL, ",", &save)) {
		char *value = strchr(field, '=');
		if (!value) {
			err_set(err, ERR_INVALID, "invalid field %s", field);
			return NULL;
		}
		*value++ = 0;
		if (!strcmp(field, "name")) {
			free(name);
			name = xstrdup(value);
		} else if (put_setting(endpoint, field, value, err)) {
			return NULL;
		}
	}
	if (!name)
		err_set(err, ERR_INVALID, "network name is required: %s", text);
	return steal_ptr(&name);
}

/* Docker's own networks know no other names of a container. */
static bool user_defined(const char *name)
{
	static const char *const own[] = { "default", "bridge", "host", "none", NULL };

	return !words_have(own, name) && !str_starts(name, "container:");
}

static int check_aliases(json_t *endpoints, struct err *err)
{
	const char *name;
	json_t *endpoint;

	json_object_foreach(endpoints, name, endpoint)
		if (json_array_size(json_object_get(endpoint, "Aliases")) && !user_defined(name))
			return err_set(err, ERR_INVALID, "network-scoped aliases are only supported for user-defined networks");
	return 0;
}

static int add_network(struct cli_create_options *o, json_t *host, json_t *endpoints, size_t i, struct err *err)
{
	bool in_full = strchr(o->networks.v[i], '=') != NULL;
	AUTO_JSON json_t *endpoint = json_object();
	AUTO_FREE char *name = in_full ? parse_long(o->networks.v[i], endpoint, err) : xstrdup(o->networks.v[i]);

	if (!name)
		return -1;
	if (!*name)
		return err_set(err, ERR_INVALID, "no name set for network");
	if (o->networks.n > 1 && !user_defined(name))
		return err_set(err, ERR_INVALID, "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
	if (!i)
		json_object_set_new(host, "NetworkMode", json_string(name));
	if (json_object_get(endpoints, name))
		return err_set(err, ERR_INVALID, "network \"%s\" is specified multiple times", name);
	if (in_full || o->networks.n > 1)
		json_object_set(endpoints, name, endpoint);
	return 0;
}

int cli_create_networks(struct cli_create_options *o, json_t *host, struct err *err)
{
	json_t *endpoints = cli_object_at(cli_object_at(o->body, "NetworkingConfig"), "EndpointsConfig");
	const char *first;

	json_object_set_new(host, "NetworkMode", json_string("default"));
	for (size_t i = 0; i < o->networks.n; i++)
		if (add_network(o, host, endpoints, i, err))
			return -1;
	first = json_string_value(json_object_get(host, "NetworkMode"));
	for (size_t i = 0; i < o->aliases.n; i++)
		put_text(cli_object_at(endpoints, first), "alias", o->aliases.v[i]);
	for (size_t i = 0; i < o->link_local.n; i++)
		put_text(cli_object_at(endpoints, first), "link-local-ip", o->link_local.v[i]);
	if (o->ip)
		put_text(cli_object_at(endpoints, first), "ip", o->ip);
	if (o->ip6)
		put_text(cli_object_at(endpoints, first), "ip6", o->ip6);
	if (o->mac)
		put_text(cli_object_at(endpoints, first), "mac-address", o->mac);
	return check_aliases(endpoints, err);
}
