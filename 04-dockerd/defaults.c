/*
 * defaults.c - see defaults.h.
 */
#include "defaults.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "network.h"
#include "ospec.h"

/* --- limits ------------------------------------------------------------------------------- */

static const struct field ulimit_fields[] = {
	{ "Name", 's', true, "\"\"" },
	{ "Hard", 'i', true, "0" },
	{ "Soft", 'i', true, "0" },
	{ NULL },
};

/* Takes `limit`. */
static int put_ulimit(json_t **all, json_t *limit, struct err *err)
{
	if (dockerd_rlimit_check(limit, err)) {
		json_decref(limit);
		return err_wrap(err, "default ulimit");
	}
	if (!*all)
		*all = json_object();
	return json_object_set_new(*all, jsonx_str(limit, "Name", ""), limit);
}

/* "nofile=1024:4096", soft and hard; "nofile=1024" is both. */
int dockerd_default_ulimits_add(json_t **all, const char *flag, struct err *err)
{
	const char *eq = strchr(flag, '=');
	AUTO_FREE char *name = xstrndup(flag, strcspn(flag, "="));
	long long soft, hard;
	char *end;

	if (!eq)
		return err_set(err, ERR_INVALID, "invalid ulimit argument: %s", flag);
	soft = hard = strtoll(eq + 1, &end, 10);
	if (*end == ':' && end != eq + 1)
		hard = strtoll(end + 1, &end, 10);
	if (*end || end == eq + 1)
		return err_set(err, ERR_INVALID, "invalid ulimit argument: %s", flag);
	return put_ulimit(all, json_pack("{s:s, s:I, s:I}", "Name", name, "Hard", (json_int_t)hard,
					 "Soft", (json_int_t)soft), err);
}

int dockerd_default_ulimits_take(json_t **all, const json_t *given, struct err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)given, name, v) {
		AUTO_FREE char *where = xasprintf("default-ulimits.%s.", name);
		json_t *limit = dockerd_normalise(v, ulimit_fields, where, err);

		if (!limit)
			return -1;
		json_object_set_new(limit, "Name", json_string(name));
		if (put_ulimit(all, limit, err))
			return -1;
	}
	return 0;
}

/* --- networks' options ----------------------------------------------------------------------- */

static int put_option(json_t **all, const char *driver, const char *key, const char *value,
		      struct err *err)
{
	json_t *options;

	if (strcmp(driver, "bridge") && strcmp(driver, "macvlan") && strcmp(driver, "ipvlan"))
		return err_set(err, ERR_INVALID, "default network option %s: there is no driver '%s'", key,
			       driver);
	if (!*all)
		*all = json_object();
	options = json_object_get(*all, driver);
	if (!options)
		json_object_set_new(*all, driver, options = json_object());
	return json_object_set_new(options, key, json_string(value));
}

int dockerd_default_options_add(json_t **all, const char *flag, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(flag);
	char *key = strchr(copy, '='), *value = key ? strchr(key + 1, '=') : NULL;

	if (!value || key == copy || value == key + 1)
		return err_set(err, ERR_INVALID,
			       "invalid default network option '%s': expected DRIVER=KEY=VALUE", flag);
	*key++ = *value++ = '\0';
	return put_option(all, copy, key, value, err);
}

int dockerd_default_options_take(json_t **all, const json_t *given, struct err *err)
{
	const char *driver, *key;
	json_t *options, *v;

	json_object_foreach((json_t *)given, driver, options) {
		if (!json_is_object(options))
			return err_set(err, ERR_INVALID, "default-network-opts.%s: expected an object", driver);
		json_object_foreach(options, key, v) {
			if (!json_is_string(v))
				return err_set(err, ERR_INVALID,
					       "default-network-opts.%s.%s: expected a string", driver, key);
			if (put_option(all, driver, key, json_string_value(v), err))
				return -1;
		}
	}
	return 0;
}

json_t *dockerd_defaults_of_network(const struct config *cfg, const char *driver, const json_t *options)
{
	json_t *out = json_is_object(options) ? json_copy((json_t *)options) : json_object();

	json_object_update_missing(out, json_object_get(cfg->network_opts, driver));
	return out;
}

/* --- checks ---------------------------------------------------------------------------------- */

static int check_word(const char *flag, const char *value, const char *a, const char *b,
		      struct err *err)
{
	if (!value || !strcmp(value, a) || !strcmp(value, b))
		return 0;
	return err_set(err, ERR_INVALID, "--%s: '%s' is neither %s nor %s", flag, value, a, b);
}

int dockerd_defaults_check(const struct config *cfg, struct err *err)
{
	struct kern_addr ip;

	if (check_word("default-ipc-mode", cfg->ipc_mode, "private", "shareable", err) ||
	    check_word("default-cgroupns-mode", cfg->cgroupns_mode, "private", "host", err))
		return -1;
	if (cfg->shm_size && dockerd_parse_size(cfg->shm_size) < 0)
		return err_set(err, ERR_INVALID, "--default-shm-size: invalid size: '%s'", cfg->shm_size);
	if (cfg->publish_on && (!dockerd_addr_parse(cfg->publish_on, &ip) || ip.family != AF_INET))
		return err_set(err, ERR_INVALID, "--ip: '%s' is no IPv4 address", cfg->publish_on);
	if (cfg->mtu && (cfg->mtu < 68 || cfg->mtu > 65535))
		return err_set(err, ERR_INVALID, "--mtu: %lld is none", (long long)cfg->mtu);
	for (size_t i = 0; i < cfg->labels.n; i++)
		if (!strchr(cfg->labels.v[i], '=') || cfg->labels.v[i][0] == '=')
			return err_set(err, ERR_INVALID, "bad attribute format: %s", cfg->labels.v[i]);
	return 0;
}

/* --- into a request --------------------------------------------------------------------------- */

static void set_word(json_t *host, const char *key, const char *value)
{
	if (value && !*jsonx_str(host, key, ""))
		json_object_set_new(host, key, json_string(value));
}

static json_t *own_list(json_t *host, const char *key)
{
	json_t *list = json_object_get(host, key), *copy = json_is_array(list) ? json_copy(list) : json_array();

	json_object_set_new(host, key, copy);
	return copy;
}

/* Those that the request does not limit itself. */
static void add_ulimits(const json_t *defaults, json_t *host)
{
	AUTO_JSON json_t *missing = json_copy((json_t *)defaults);
	json_t *list = own_list(host, "Ulimits"), *v;
	const char *name;
	size_t i;

	json_array_foreach(list, i, v)
		json_object_del(missing, jsonx_str(v, "Name", ""));
	json_object_foreach(missing, name, v)
		json_array_append(list, v);
}

static void forbid_privileges(json_t *host)
{
	json_t *list = own_list(host, "SecurityOpt"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && str_starts(json_string_value(v), "no-new-privileges"))
			return;
	json_array_append_new(list, json_string("no-new-privileges=true"));
}

void dockerd_defaults_of_host(const struct config *cfg, json_t *host)
{
	set_word(host, "IpcMode", cfg->ipc_mode);
	set_word(host, "CgroupParent", cfg->cgroup_parent);
	if (!jsonx_bool(host, "Privileged", false)) /* that one has the machine's */
		set_word(host, "CgroupnsMode", cfg->cgroupns_mode);
	if (cfg->shm_size && !jsonx_int(host, "ShmSize", 0))
		json_object_set_new(host, "ShmSize", json_integer(dockerd_parse_size(cfg->shm_size)));
	if (cfg->init && !json_is_boolean(json_object_get(host, "Init")))
		json_object_set_new(host, "Init", json_true());
	if (cfg->ulimits)
		add_ulimits(cfg->ulimits, host);
	if (cfg->no_new_privileges)
		forbid_privileges(host);
}
