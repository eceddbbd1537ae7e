/*
 * create_config.c - a container's Config: what the request says, completed from
 * the image (create.h).
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/ns.h"
#include "create.h"
#include "health.h"
#include "names.h"
#include "network.h"
#include "ports.h"

static const struct field config_fields[] = {
	{ "Hostname", 's', true, "\"\"" },
	{ "Domainname", 's', true, "\"\"" },
	{ "User", 's', true, "\"\"" },
	{ "AttachStdin", 'b', true, "false" },
	{ "AttachStdout", 'b', true, "false" },
	{ "AttachStderr", 'b', true, "false" },
	{ "ExposedPorts", 'o', true, "{}" },
	{ "Tty", 'b', true, "false" },
	{ "OpenStdin", 'b', true, "false" },
	{ "StdinOnce", 'b', true, "false" },
	{ "Env", 'l', true, "null" },
	{ "Cmd", 'c', true, "null" },
	{ "Healthcheck", 'o', true, "null" }, /* health_config.c */
	{ "ArgsEscaped", 'b', true, "false" },
	{ "Image", 's', true, "\"\"" },
	{ "Volumes", 'o', true, "null" },
	{ "WorkingDir", 's', true, "\"\"" },
	{ "Entrypoint", 'c', true, "null" },
	{ "NetworkDisabled", 'b', true, "false" },
	{ "MacAddress", 's', true, "\"\"" },
	{ "OnBuild", 'l', true, "null" },
	{ "Labels", 'o', true, "{}" },
	{ "StopSignal", 's', true, "\"\"" },
	{ "StopTimeout", 'i', true, "null" },
	{ "Shell", 'l', true, "null" },
	/* Not Config's, but in the same request body. */
	{ "HostConfig", 'o', true, "null" },
	{ "NetworkingConfig", 'o', true, "null" },
	{ "Runtime", 's', true, "\"\"" }, /* where Python's library puts HostConfig's */
	{ NULL },
};

/* --- merging ------------------------------------------------------------------------- */

static bool unset(const json_t *config, const char *key)
{
	json_t *v = json_object_get(config, key);

	return !v || dockerd_is_empty(v);
}

static void inherit(json_t *config, const json_t *image, const char *key)
{
	json_t *v = json_object_get(image, key);

	if (unset(config, key) && v && !json_is_null(v))
		json_object_set(config, key, v);
}

/* The image's keys that the request does not have. */
static void inherit_keys(json_t *config, const json_t *image, const char *key)
{
	json_t *mine = json_object_get(config, key), *theirs = json_object_get(image, key);

	if (!json_object_size(theirs))
		return;
	if (!json_is_object(mine))
		json_object_set_new(config, key, mine = json_object());
	else
		json_object_set_new(config, key,
				    mine = json_copy(mine)); /* the body stays as it is */
	json_object_update_missing(mine, theirs);
}

static bool sets(const json_t *env, const char *entry)
{
	size_t n = strcspn(entry, "="), i;
	json_t *v;

	json_array_foreach((json_t *)env, i, v) {
		const char *have = json_string_value(v);

		if (!strncmp(have, entry, n) && (have[n] == '=' || !have[n]))
			return true;
	}
	return false;
}

/* Later entries win when the process starts, and the request's must: it goes
 * first here because the image's come only where the request is silent. */
static void merge_env(json_t *config, const json_t *image)
{
	json_t *env = json_object_get(config, "Env"), *theirs = json_object_get(image, "Env"), *v;
	json_t *merged = json_is_array(env) ? json_copy(env) : json_array();
	size_t i;

	json_array_foreach(theirs, i, v)
		if (json_is_string(v) && !sets(env, json_string_value(v)))
			json_array_append(merged, v);
	json_object_set_new(config, "Env", merged);
}

/* An entrypoint in the request also discards the image's command; [""] is how
 * the CLI says "none". */
static void merge_command(json_t *config, const json_t *image)
{
	json_t *entry = json_object_get(config, "Entrypoint");

	if (json_array_size(entry) == 0) {
		inherit(config, image, "Cmd");
		if (!json_is_array(entry))
			inherit(config, image, "Entrypoint");
	} else if (json_array_size(entry) == 1 && !json_string_length(json_array_get(entry, 0))) {
		json_object_set_new(config, "Entrypoint", json_null());
	}
}

void dockerd_config_merge(json_t *config, const json_t *image)
{
	inherit(config, image, "User");
	inherit(config, image, "WorkingDir");
	inherit(config, image, "StopSignal");
	inherit_keys(config, image, "ExposedPorts");
	inherit_keys(config, image, "Volumes");
	inherit_keys(config, image, "Labels");
	merge_env(config, image);
	merge_command(config, image);
}

/* --- checking ------------------------------------------------------------------------ */

static int check_env(const json_t *env, struct err *err)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)env, i, v)
		if (!json_string_length(v) || *json_string_value(v) == '=')
			return err_set(err, ERR_INVALID, "invalid environment variable: %s",
				       json_string_value(v));
	return 0;
}

static int check_ports(const json_t *exposed, struct err *err)
{
	struct port_spec spec;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)exposed, key, v)
		if (dockerd_port_parse(key, &spec, err))
			return -1;
	return 0;
}

static int check_labels(const json_t *labels, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)labels, key, v)
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "Labels.%s: expected a string", key);
	return 0;
}

static int check(const json_t *config, struct err *err)
{
	const char *dir = jsonx_str(config, "WorkingDir", ""),
		   *signal = jsonx_str(config, "StopSignal", ""),
		   *mac = jsonx_str(config, "MacAddress", "");
	uint8_t ignored[6];

	if (*dir && *dir != '/')
		return err_set(
			err, ERR_INVALID,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			dir);
	if (*signal && kern_signal_parse(signal, err) < 0)
		return err_set(err, ERR_INVALID, "invalid signal: %s", signal);
	if (unset(config, "Entrypoint") && !json_array_size(json_object_get(config, "Cmd")))
		return err_set(err, ERR_INVALID, "no command specified");
	if (*mac && !dockerd_mac_parse(mac, ignored))
		return err_set(err, ERR_INVALID, "invalid MAC address: %s", mac);
	if (jsonx_int(config, "StopTimeout", 0) < -1)
		return err_set(err, ERR_INVALID, "StopTimeout: expected -1 or more");
	if (check_env(json_object_get(config, "Env"), err) ||
	    check_ports(json_object_get(config, "ExposedPorts"), err))
		return -1;
	return check_labels(json_object_get(config, "Labels"), err);
}

json_t *dockerd_config_of(const json_t *body, struct err *err)
{
	json_t *config = dockerd_normalise(body, config_fields, "", err);

	json_object_del(config, "HostConfig");
	json_object_del(config, "NetworkingConfig");
	json_object_del(config, "Runtime");
	return config;
}

json_t *dockerd_config_make(const json_t *body, const json_t *image_config, const char *id,
			    struct err *err)
{
	AUTO_JSON json_t *config = dockerd_config_of(body, err);
	char hostname[ID_SHORT + 1];

	if (!config)
		return NULL;
	dockerd_config_merge(config, image_config);
	inherit(config, image_config, "OnBuild");
	inherit(config, image_config, "Shell");
	if (dockerd_health_merge(config, image_config, err) || check(config, err))
		return NULL;
	if (unset(config, "Hostname")) {
		snprintf(hostname, sizeof hostname, "%s", id);
		json_object_set_new(config, "Hostname", json_string(hostname));
	}
	/* Go leaves these out of inspect where they are empty. */
	for (const char *const *key =
		     (const char *const[]){ "Healthcheck", "ArgsEscaped", "NetworkDisabled",
					    "MacAddress", "StopSignal", "StopTimeout", "Shell",
					    "ExposedPorts", NULL };
	     *key; key++)
		if (unset(config, *key) && (strcmp(*key, "StopTimeout") ||
					    !json_is_integer(json_object_get(config, *key))))
			json_object_del(config, *key);
	return steal_ptr(&config);
}
