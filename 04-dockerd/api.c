/*
 * api.c - see api.h: gathering the routes, versions, errors.
 *
 *     /v1.41/containers/json ──before()──▶ /containers/json ──▶ the row of a table
 */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/platform.h"
#include "listen.h"

/* Rows are tried in order: what is fixed stands before what has a {name...}. */
static const struct http_route *const areas[] = {
	dockerd_system_routes, dockerd_df_routes, dockerd_event_routes, dockerd_create_routes,
	dockerd_list_routes, dockerd_lifecycle_routes, dockerd_wait_routes, dockerd_attach_routes,
	dockerd_log_routes, dockerd_top_routes, dockerd_stats_routes, dockerd_inspect_routes,
	dockerd_exec_routes, dockerd_pull_routes, dockerd_push_routes, dockerd_save_routes,
	dockerd_copy_routes, dockerd_files_routes, dockerd_commit_routes, dockerd_image_prune_routes,
	dockerd_registry_routes, dockerd_search_routes, dockerd_image_change_routes, dockerd_image_routes,
	dockerd_image_inspect_routes, dockerd_build_routes, dockerd_network_routes,
	dockerd_volume_routes, dockerd_update_routes, dockerd_prune_routes, dockerd_trace_routes,
};

struct api {
	struct http_route *routes;
	struct listeners listeners;
};

/* --- versions ---------------------------------------------------------------------- */

/* "/v1.41/x": the version's numbers and the path behind it; false without one. */
static bool parse_version(const char *path, int *major, int *minor, const char **rest)
{
	int end = 0;

	if (sscanf(path, "/v%4d.%4d%n", major, minor, &end) != 2 || !end || path[end] != '/')
		return false;
	*rest = path + end;
	return true;
}

static int minor_of(const char *version)
{
	return atoi(strchr(version, '.') + 1);
}

int dockerd_api_minor(const struct http_request *req)
{
	const char *rest;
	int major, minor;

	return parse_version(http_path(req), &major, &minor, &rest) ? minor : minor_of(API_VERSION);
}

static int check_version(int major, int minor, struct err *err)
{
	if (major > 1 || (major == 1 && minor > minor_of(API_VERSION)))
		return err_set(err, ERR_INVALID,
			       "client version %d.%d is too new. Maximum supported API version is %s",
			       major, minor, API_VERSION);
	if (major < 1 || minor < minor_of(API_VERSION_MIN))
		return err_set(err, ERR_INVALID,
			       "client version %d.%d is too old. Minimum supported API version is "
			       "%s, please upgrade your client to a newer version",
			       major, minor, API_VERSION_MIN);
	return 0;
}

static const char *before(struct http_request *req, struct http_reply *rep, const char *path,
			  void *daemon, struct err *err)
{
	const char *rest = path;
	int major, minor;

	(void)req;
	(void)daemon;
	http_reply_header(rep, "Api-Version", API_VERSION);
	http_reply_header(rep, "Ostype", "linux");
	http_reply_header(rep, "Server", "Docker/" DOCKERD_VERSION " (linux)");
	if (parse_version(path, &major, &minor, &rest) && check_version(major, minor, err))
		return NULL;
	http_reply_header(rep, "Docker-Experimental", "false");
	return rest;
}

/* --- replies ------------------------------------------------------------------------- */

static void error_reply(struct http_request *req, struct http_reply *rep, const struct err *err)
{
	log_debug("%s %s: %s", http_method(req), http_path(req), err->msg);
	http_reply_json(rep, http_status_of(err->kind), json_pack("{s:s}", "message", err->msg));
}

static void done(const struct http_request *req, const struct http_result *result, void *daemon)
{
	(void)daemon;
	log_debug("%s %s -> %d", http_method(req), http_path(req), result->status);
}

/* The first letter that cannot stand where it stands. */
static void complain(const char *text, struct err *err)
{
	static const char blanks[] = " \t\r\n";
	const char *p = text + strspn(text, blanks);
	bool object = *p == '{';

	p += object ? 1 + strspn(p + 1, blanks) : 0;
	if (!*p || strchr(object ? "\"}" : "[\"-0123456789tfn", *p))
		return; /* further on, and said in our parser's words */
	err_set(err, ERR_INVALID, "invalid JSON: invalid character '%c' looking for beginning of %s", *p,
		object ? "object key string" : "value");
}

json_t *dockerd_api_body(struct http_request *req, struct err *err)
{
	const char *text = http_body(req, NULL);
	json_t *doc = http_body_json(req, err);

	if (!text || !*text) {
		err_set(err, ERR_INVALID, "invalid JSON: got EOF while reading request body");
		return NULL;
	}
	if (!doc)
		complain(text, err);
	return doc;
}

struct container *dockerd_api_container(struct daemon *d, struct http_request *req, struct err *err)
{
	return dockerd_container_find(d, http_param(req, "id"), err);
}

const char *dockerd_stream_type(const struct http_request *req, bool tty)
{
	return tty || dockerd_api_minor(req) < 42 ? "application/vnd.docker.raw-stream"
						  : "application/vnd.docker.multiplexed-stream";
}

int dockerd_query_int(const struct http_request *req, const char *name, long fallback, long *out,
		      struct err *err)
{
	const char *text = http_query(req, name);
	char *end;

	*out = fallback;
	if (!text || !*text)
		return 0;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (*end || end == text || errno)
		return err_set(err, ERR_INVALID, "invalid value of %s: '%s' is not a number", name,
			       text);
	return 0;
}

int dockerd_platform_parse(const char *given, char **text, struct err *err)
{
	AUTO_JSON json_t *doc = NULL;
	const char *os, *arch, *variant;
	struct ctrd_platform ignored;

	*text = NULL;
	if (!given || !*given)
		return 0;
	if (*given != '{') {
		*text = xstrdup(given);
	} else {
		doc = jsonx_parse(given, strlen(given), "failed to parse platform", err);
		if (!doc)
			return -1;
		os = jsonx_str(doc, "os", "");
		arch = jsonx_str(doc, "architecture", "");
		variant = jsonx_str(doc, "variant", "");
		if (!*os || !*arch)
			return err_set(err, ERR_INVALID, "failed to parse platform: os and "
							 "architecture must be there");
		*text = xasprintf("%s/%s%s%s", os, arch, *variant ? "/" : "", variant);
	}
	if (!ctrd_platform_parse(*text, &ignored, err))
		return 0;
	free(*text);
	*text = NULL;
	return -1;
}

/* --- opening -------------------------------------------------------------------------- */

static struct http_route *gather(void)
{
	struct http_route *all = NULL;
	size_t n = 0;

	for (size_t a = 0; a < sizeof areas / sizeof *areas; a++)
		for (const struct http_route *r = areas[a]; r->pattern; r++) {
			all = xrealloc(all, (n + 2) * sizeof *all);
			all[n++] = *r;
		}
	all[n] = (struct http_route){ NULL };
	return all;
}

struct api *dockerd_api_open(struct daemon *d, struct err *err)
{
	struct api *api = xcalloc(1, sizeof *api);
	struct http_options o = { .daemon = d, .error = error_reply, .before = before, .done = done, .no_405 = true,
				  .body_limit = 16 << 20 };

	o.routes = api->routes = gather();
	if (!dockerd_listen(&api->listeners, d->cfg, &o, err))
		return api;
	dockerd_api_close(api);
	return NULL;
}

void dockerd_api_close(struct api *api)
{
	if (!api)
		return;
	dockerd_listeners_close(&api->listeners);
	free(api->routes);
	free(api);
}
