/*
 * log_options.c - the options of the log drivers: one row each (log_config.h).
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "log_config.h"

enum { JSON_FILE = 1, LOCAL = 2, SYSLOG = 4, JOURNALD = 8,
       FILES = JSON_FILE | LOCAL, SENT = SYSLOG | JOURNALD, ALL = FILES | SENT };

static unsigned driver_of(const char *type)
{
	return !strcmp(type, "json-file") ? JSON_FILE : !strcmp(type, "local") ? LOCAL
	       : !strcmp(type, "syslog") ? SYSLOG : !strcmp(type, "journald") ? JOURNALD : 0;
}

/* --- values --------------------------------------------------------------------------------- */

static int bad_value(const char *key, struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid value of log opt '%s'", key);
}

static int check_size(const char *key, const char *value, struct err *err)
{
	return dockerd_parse_size(value) < 1 ? bad_value(key, err) : 0;
}

static int check_count(const char *key, const char *value, struct err *err)
{
	char *end;
	long n = strtol(value, &end, 10);

	return *end || n < 1 || n > INT_MAX ? bad_value(key, err) : 0;
}

static int check_bool(const char *key, const char *value, struct err *err)
{
	return dockerd_parse_bool(value) < 0 ? bad_value(key, err) : 0;
}

static int check_any(const char *key, const char *value, struct err *err)
{
	(void)key;
	(void)value;
	(void)err;
	return 0;
}

static int check_regex(const char *key, const char *value, struct err *err)
{
	return dockerd_log_regex_check(value, err) ? err_wrap(err, "invalid value of log opt '%s'", key)
						   : 0;
}

static int check_tag(const char *key, const char *value, struct err *err)
{
	return dockerd_log_tag_check(value, err) ? err_wrap(err, "invalid value of log opt '%s'", key) : 0;
}

static int check_mode(const char *key, const char *value, struct err *err)
{
	(void)key;
	if (*value && strcmp(value, "blocking") && strcmp(value, "non-blocking"))
		return err_set(err, ERR_INVALID, "logger: logging mode not supported: %s", value);
	return 0;
}

static int check_buffer(const char *key, const char *value, struct err *err)
{
	if (dockerd_parse_size(value) < 1)
		return err_set(err, ERR_INVALID, "error parsing option %s: invalid size: '%s'", key, value);
	return 0;
}

static int check_address(const char *key, const char *value, struct err *err)
{
	AUTO_FREE char *network = NULL, *address = NULL;

	(void)key;
	return dockerd_syslog_address(value, &network, &address, err);
}

static int check_facility(const char *key, const char *value, struct err *err)
{
	(void)key;
	return dockerd_syslog_facility(value) < 0 ? err_set(err, ERR_INVALID, "invalid syslog facility")
						  : 0;
}

static int check_format(const char *key, const char *value, struct err *err)
{
	static const char *const known[] = { "", "rfc3164", "rfc5424", "rfc5424micro", NULL };

	(void)key;
	for (size_t i = 0; known[i]; i++)
		if (!strcmp(value, known[i]))
			return 0;
	return err_set(err, ERR_INVALID, "Invalid syslog format");
}

/* The shim has no TLS: it is to be small, and there is one for each container. */
static int refuse_tls(const char *key, const char *value, struct err *err)
{
	(void)value;
	return err_set(err, ERR_UNSUPPORTED, "log opt '%s': TLS to a syslog server is not supported by "
		       "this daemon", key);
}

/* Docker takes it, and it changes nothing there. */
static int refuse_useless(const char *key, const char *value, struct err *err)
{
	(void)value;
	return err_set(err, ERR_INVALID, "log opt '%s' has no effect for this log driver", key);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct option {
	const char *key;
	unsigned drivers;
	int (*check)(const char *key, const char *value, struct err *err);
} options[] = {
	{ "mode", ALL, check_mode },
	{ "max-buffer-size", ALL, check_buffer },
	{ "max-size", FILES, check_size },
	{ "max-file", FILES, check_count },
	{ "compress", FILES, check_bool },
	{ "labels", JSON_FILE | JOURNALD, check_any },
	{ "labels-regex", JSON_FILE | JOURNALD, check_regex },
	{ "env", JSON_FILE | JOURNALD, check_any },
	{ "env-regex", JSON_FILE | JOURNALD, check_regex },
	{ "labels", SYSLOG, refuse_useless },
	{ "labels-regex", SYSLOG, refuse_useless },
	{ "env", SYSLOG, refuse_useless },
	{ "env-regex", SYSLOG, refuse_useless },
	{ "tag", JSON_FILE | SENT, check_tag },
	{ "syslog-address", SYSLOG, check_address },
	{ "syslog-facility", SYSLOG, check_facility },
	{ "syslog-format", SYSLOG, check_format },
	{ "syslog-tls-ca-cert", SYSLOG, refuse_tls },
	{ "syslog-tls-cert", SYSLOG, refuse_tls },
	{ "syslog-tls-key", SYSLOG, refuse_tls },
	{ "syslog-tls-skip-verify", SYSLOG, refuse_tls },
	{ "cache-disabled", SENT, check_bool },
	{ "cache-max-size", SENT, check_size },
	{ "cache-max-file", SENT, check_count },
	{ "cache-compress", SENT, check_bool },
	{ "cache-disabled", FILES, refuse_useless },
	{ "cache-max-size", FILES, refuse_useless },
	{ "cache-max-file", FILES, refuse_useless },
	{ "cache-compress", FILES, refuse_useless },
	{ NULL, 0, NULL },
};

static int check_option(const char *type, const char *key, const json_t *value, struct err *err)
{
	const struct option *o = options;

	while (o->key && (strcmp(o->key, key) || !(o->drivers & driver_of(type))))
		o++;
	if (!o->key && !strcmp(type, "local"))
		return err_set(err, ERR_INVALID, "unknown log opt '%s' for log driver local", key);
	if (!o->key)
		return err_set(err, ERR_INVALID, "unknown log opt '%s' for %s log driver", key, type);
	if (!json_is_string(value))
		return err_set(err, ERR_INVALID, "log opt '%s': expected a string", key);
	return o->check(key, json_string_value(value), err);
}

const char *dockerd_log_option(const json_t *log, const char *key)
{
	return jsonx_str(json_object_get(log, "Config"), key, NULL);
}

bool dockerd_log_option_bool(const json_t *log, const char *key, bool fallback)
{
	const char *value = dockerd_log_option(log, key);

	return value ? dockerd_parse_bool(value) > 0 : fallback;
}

/* What makes sense only together. */
static int check_together(const char *type, const json_t *log, struct err *err)
{
	const char *size = dockerd_log_option(log, "max-size"),
		   *files = dockerd_log_option(log, "max-file"),
		   *mode = dockerd_log_option(log, "mode"), *cached;
	bool local = !strcmp(type, "local");

	if (dockerd_log_option(log, "max-buffer-size") && (!mode || strcmp(mode, "non-blocking")))
		return err_set(err, ERR_INVALID, "logger: max-buffer-size option is only supported with "
			       "'mode=non-blocking'");
	if (dockerd_log_option_bool(log, "compress", false) &&
	    ((!local && !size) || (files ? atoi(files) : local ? 5 : 1) < 2))
		return err_set(err, ERR_INVALID, "compress cannot be true when max-file is less than 2 "
			       "or max-size is not set");
	cached = dockerd_log_option(log, "cache-max-file");
	if (dockerd_log_option_bool(log, "cache-compress", false) && cached && atoi(cached) < 2)
		return err_set(err, ERR_INVALID, "cache-compress cannot be true when cache-max-file is less "
			       "than 2");
	return 0;
}

int dockerd_log_check(const json_t *log, struct err *err)
{
	const char *type = jsonx_str(log, "Type", ""), *key;
	json_t *v;

	if (!*type)
		type = "json-file";
	if (!driver_of(type) && strcmp(type, "none"))
		return err_set(err, ERR_INVALID, "logger: no log driver named '%s' is registered", type);
	json_object_foreach(json_object_get(log, "Config"), key, v)
		if (check_option(type, key, v, err))
			return -1;
	return check_together(type, log, err);
}

/* --- the daemon's defaults ------------------------------------------------------------------ */

/* "key=value" each. New. */
static json_t *default_options(const struct config *cfg)
{
	json_t *options_json = json_object();

	for (size_t i = 0; i < cfg->log_opts.n; i++) {
		AUTO_FREE char *key = xstrdup(cfg->log_opts.v[i]);
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		json_object_set_new(options_json, key, json_string(value ? value : ""));
	}
	return options_json;
}

int dockerd_log_check_defaults(const struct config *cfg, struct err *err)
{
	AUTO_JSON json_t *log = json_pack("{s:s, s:o}", "Type", cfg->log_driver, "Config",
					  default_options(cfg));

	return dockerd_log_check(log, err) ? err_wrap(err, "failed to set log opts") : 0;
}

/* Of another driver's options those of the copy to read from are for all that are sent. */
static void merge(json_t *given, const json_t *defaults, const char *type, const char *of)
{
	bool same = !strcmp(type, of);
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)defaults, key, v)
		if (!json_object_get(given, key) &&
		    (same || (str_starts(key, "cache-") && driver_of(type) & SENT)))
			json_object_set(given, key, v);
}

json_t *dockerd_log_defaults(const struct config *cfg, const json_t *host)
{
	json_t *out = host ? json_copy((json_t *)host) : json_object();
	json_t *given = json_object_get(out, "LogConfig"), *config, *log;
	AUTO_JSON json_t *defaults = default_options(cfg);
	const char *type = jsonx_str(given, "Type", "");

	if (given && !json_is_null(given) && !json_is_object(given))
		return out; /* it will be refused */
	config = json_object_get(given, "Config");
	if (config && !json_is_null(config) && !json_is_object(config))
		return out;
	log = json_is_object(given) ? json_copy(given) : json_object();
	config = json_is_object(config) ? json_copy(config) : json_object();
	if (!*type)
		json_object_set_new(log, "Type", json_string(type = cfg->log_driver));
	merge(config, defaults, type, cfg->log_driver);
	json_object_set_new(log, "Config", config);
	json_object_set_new(out, "LogConfig", log);
	return out;
}

/* --- of a container ---------------------------------------------------------------------------- */

bool dockerd_log_is_kept(const json_t *log)
{
	unsigned driver = driver_of(jsonx_str(log, "Type", ""));

	return driver & SENT ? !dockerd_log_option_bool(log, "cache-disabled", false) : driver != 0;
}

char *dockerd_log_file(const struct container *c)
{
	unsigned driver = driver_of(jsonx_str(json_object_get(c->host, "LogConfig"), "Type", ""));

	return driver & SENT ? xstrdup("container-cached.log") : driver & LOCAL ? xstrdup("local.log")
							      : xasprintf("%s-json.log", c->id);
}
