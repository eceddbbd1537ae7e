/*
 * volume_api.c - /volumes.
 */
#include <regex.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "create.h"
#include "events.h"
#include "filters.h"
#include "volume.h"

/* A value is the name, or a regular expression that is found in it. */
static bool matches(const char *value, const void *arg)
{
	regex_t re;
	bool found = !strcmp(value, arg);

	if (found || regcomp(&re, value, REG_EXTENDED | REG_NOSUB))
		return found;
	found = !regexec(&re, arg, 0, NULL, 0);
	regfree(&re);
	return found;
}

/* Finding a volume's users means looking at every container: only when it was asked for. */
static bool passes_dangling(struct daemon *d, const char *name, const json_t *f)
{
	AUTO_JSON json_t *users = NULL;

	if (!json_object_get(f, "dangling"))
		return true;
	users = dockerd_volume_users(d, name);
	return dockerd_filter_bool(f, "dangling", !json_array_size(users));
}

static bool passes(struct daemon *d, const json_t *volume, const json_t *f)
{
	const char *name = jsonx_str(volume, "Name", "");

	return dockerd_filter_any(f, "name", matches, name) &&
	       dockerd_filter_equal(f, "driver", "local") &&
	       dockerd_filter_labels(f, json_object_get(volume, "Labels")) &&
	       passes_dangling(d, name, f);
}

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	static const char *const known[] = { "name", "driver", "label", "dangling", NULL };
	AUTO_JSON json_t *f = dockerd_filters_parse(http_query(req, "filters"), known, err);
	AUTO_JSON json_t *all = f && !dockerd_filter_check_bool(f, "dangling", err)
					? dockerd_volume_list(daemon, err) : NULL;
	json_t *list, *v;
	size_t i;

	if (!all)
		return -1;
	list = json_array();
	json_array_foreach(all, i, v)
		if (passes(daemon, v, f))
			json_array_append(list, v);
	http_reply_json(rep, 200, json_pack("{s:o, s:n}", "Volumes", list, "Warnings"));
	return 0;
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	static const struct field fields[] = {
		{ "Name", 's', true, "\"\"" }, { "Driver", 's', true, "\"local\"" },
		{ "DriverOpts", 'o', true, "{}" }, { "Labels", 'o', true, "{}" },
		{ "ClusterVolumeSpec", 'o', false, "{}" }, { NULL },
	};
	json_t *body = dockerd_api_body(req, err), *volume;
	AUTO_JSON json_t *given = body ? dockerd_normalise(body, fields, "", err) : NULL;
	const char *driver = jsonx_str(given, "Driver", "");
	bool created;

	if (!given)
		return -1;
	if (*driver && strcmp(driver, "local"))
		return err_set(err, ERR_NOT_FOUND,
			       "error looking up volume plugin %s: plugin \"%s\" not found", driver,
			       driver);
	volume = dockerd_volume_create(daemon, jsonx_str(given, "Name", ""),
				       json_object_get(given, "Labels"),
				       json_object_get(given, "DriverOpts"), &created, err);
	if (!volume)
		return -1;
	if (created)
		dockerd_event(daemon, "volume", "create", jsonx_str(volume, "Name", ""),
			      json_pack("{s:s}", "driver", "local"));
	http_reply_json(rep, 201, volume);
	return 0;
}

static int get_one(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	json_t *volume = dockerd_volume_get(daemon, http_param(req, "name"), err);

	if (!volume)
		return -1;
	http_reply_json(rep, 200, volume);
	return 0;
}

static int delete_one(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	const char *name = http_param(req, "name");

	if (dockerd_volume_remove(daemon, name, err)) {
		if (err->kind != ERR_NOT_FOUND || !http_query_bool(req, "force", 0))
			return -1;
	} else {
		dockerd_event(daemon, "volume", "destroy", name,
			      json_pack("{s:s}", "driver", "local"));
	}
	http_reply_empty(rep, 204);
	return 0;
}

const struct http_route dockerd_volume_routes[] = {
	{ "GET", "/volumes", get_list },
	{ "POST", "/volumes/create", post_create },
	{ "GET", "/volumes/{name}", get_one },
	{ "DELETE", "/volumes/{name}", delete_one },
	{ NULL },
};
