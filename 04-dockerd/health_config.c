/*
 * health_config.c - the Healthcheck of a container's Config: completed from the image's,
 * checked, read (health.h).
 */
#include "health.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"

#define MILLISECOND 1000000LL
#define SECOND 1000000000LL

static const struct field health_fields[] = {
	{ "Test", 'l', true, "null" },      { "Interval", 'i', true, "0" },
	{ "Timeout", 'i', true, "0" },      { "StartPeriod", 'i', true, "0" },
	{ "StartInterval", 'i', true, "0" }, { "Retries", 'i', true, "0" },
	{ NULL },
};

/* What the request leaves out is the image's. Then Go's omitempty. */
static json_t *complete(const json_t *given, const json_t *image, struct err *err)
{
	json_t *check = dockerd_normalise(given, health_fields, "Healthcheck.", err);

	for (const struct field *f = health_fields; check && f->name; f++) {
		json_t *theirs = json_object_get(image, f->name);

		if (!dockerd_is_empty(json_object_get(check, f->name)))
			continue;
		if (theirs && !dockerd_is_empty(theirs))
			json_object_set(check, f->name, theirs);
		else
			json_object_del(check, f->name);
	}
	return check;
}

static int check_times(const json_t *check, struct err *err)
{
	static const char *const keys[] = { "Interval", "Timeout", "StartPeriod", "StartInterval",
					    NULL };

	for (size_t i = 0; keys[i]; i++) {
		json_int_t v = jsonx_int(check, keys[i], 0);

		if (v && v < MILLISECOND)
			return err_set(err, ERR_INVALID,
				       "%s in Healthcheck cannot be less than 1ms", keys[i]);
	}
	if (jsonx_int(check, "Retries", 0) < 0)
		return err_set(err, ERR_INVALID, "Retries in Healthcheck cannot be negative");
	return 0;
}

static int check_test(const json_t *check, struct err *err)
{
	json_t *test = json_object_get(check, "Test");
	const char *kind = json_string_value(json_array_get(test, 0));

	if (!kind || !strcmp(kind, "NONE"))
		return 0;
	if (strcmp(kind, "CMD") && strcmp(kind, "CMD-SHELL"))
		return err_set(err, ERR_INVALID,
			       "Healthcheck.Test: unknown type '%s' (NONE, CMD or CMD-SHELL)",
			       kind);
	if (json_array_size(test) < 2)
		return err_set(err, ERR_INVALID, "Healthcheck.Test: %s needs a command", kind);
	return 0;
}

int dockerd_health_merge(json_t *config, const json_t *image, struct err *err)
{
	json_t *given = json_object_get(config, "Healthcheck"),
	       *theirs = json_object_get(image, "Healthcheck"), *check;

	if (!json_is_object(given) && !json_is_object(theirs))
		return 0;
	check = complete(json_is_object(given) ? given : NULL, theirs, err);
	if (!check)
		return -1;
	json_object_set_new(config, "Healthcheck", check);
	return check_times(check, err) ? -1 : check_test(check, err);
}

json_t *dockerd_health_command(const json_t *config)
{
	json_t *test = jsonx_at(config, "Healthcheck.Test"),
	       *shell = json_object_get(config, "Shell");
	const char *kind = json_string_value(json_array_get(test, 0));
	json_t *command;

	if (!kind || !strcmp(kind, "NONE"))
		return NULL;
	command = json_deep_copy(test);
	json_array_remove(command, 0);
	if (!strcmp(kind, "CMD-SHELL")) {
		json_t *words = json_array_size(shell) ? json_deep_copy(shell)
						       : json_pack("[s, s]", "/bin/sh", "-c");

		json_array_extend(words, command);
		json_decref(command);
		command = words;
	}
	return command;
}

static int64_t or_default(const json_t *check, const char *key, int64_t fallback)
{
	int64_t v = jsonx_int(check, key, 0);

	return v ? v : fallback;
}

void dockerd_health_times(const json_t *config, struct health_times *t)
{
	const json_t *check = json_object_get(config, "Healthcheck");

	*t = (struct health_times){
		.interval = or_default(check, "Interval", 30 * SECOND),
		.timeout = or_default(check, "Timeout", 30 * SECOND),
		.start_period = or_default(check, "StartPeriod", 0),
		.start_interval = or_default(check, "StartInterval", 5 * SECOND),
		.retries = (int)or_default(check, "Retries", 3),
	};
}
