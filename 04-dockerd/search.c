/*
 * search.c - GET /images/search: what a registry has of that name.
 *
 * Version 2 of the registry's API has no search; Docker Hub and some others still answer that of version 1:
 *
 *   docker search busybox              ─▶  https://index.docker.io/v1/search?q=busybox&n=25
 *   docker search reg.example:5000/x   ─▶  https://reg.example:5000/v1/search?q=x&n=25
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "auth.h"
#include "create.h"
#include "filters.h"
#include "registry_api.h"

#define INDEX "https://index.docker.io"
#define ANSWER_LIMIT (4u << 20)
#define RESULTS_DEFAULT 25
#define RESULTS_MAX 100

/* --- where, and what ------------------------------------------------------------------------- */

/* The first part of a name is a host as in every reference: by a dot, a colon, or "localhost".
 * *url: the caller frees. */
static const char *split(const char *term, char **url)
{
	size_t n = strcspn(term, "/");
	AUTO_FREE char *first = xstrndup(term, n);
	bool is_host = term[n] && (strpbrk(first, ".:") || !strcmp(first, "localhost"));
	const char *name = is_host ? term + n + 1 : term;

	if (is_host && strcmp(first, "docker.io") && strcmp(first, "index.docker.io")) {
		*url = steal_ptr(&first);
		return name;
	}
	*url = xstrdup(INDEX);
	return str_starts(name, "library/") ? name + strlen("library/") : name;
}

static json_t *ask(struct daemon *d, const char *term, long limit, const json_t *auth,
		   struct err *err)
{
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	AUTO_FREE char *url = NULL, *name = ctrd_escape(split(term, &url)),
		       *path = xasprintf("v1/search?q=%s&n=%ld", name, limit);
	struct ctrd_registry *r = dockerd_registry(d, url, NULL, auth, err);
	int rc = r ? ctrd_registry_ask(r, path, ANSWER_LIMIT, &body, err) : -1;

	ctrd_registry_free(r);
	return rc ? NULL : jsonx_parse(body.data, body.len, "the registry's answer", err);
}

/* --- what of it ------------------------------------------------------------------------------ */

struct wanted {
	int official, automated; /* 0, 1; -1: either */
	json_int_t stars;
};

static int want_bool(const json_t *filters, const char *key, int *out, struct err *err)
{
	const json_t *values = json_object_get(filters, key);
	const char *text = json_string_value(json_array_get(values, 0));

	*out = -1;
	if (!text)
		return 0;
	*out = dockerd_parse_bool(text);
	if (*out < 0 || json_array_size(values) != 1)
		return err_set(err, ERR_INVALID, "invalid filter '%s=%s'", key, text);
	return 0;
}

static int want(const json_t *filters, struct wanted *w, struct err *err)
{
	json_t *v;
	size_t i;

	w->stars = 0;
	json_array_foreach(json_object_get(filters, "stars"), i, v) {
		char *end;
		long n = strtol(json_string_value(v), &end, 10);

		if (*end || end == json_string_value(v))
			return err_set(err, ERR_INVALID, "invalid filter 'stars=%s'",
				       json_string_value(v));
		w->stars = n > w->stars ? n : w->stars;
	}
	return want_bool(filters, "is-official", &w->official, err) ||
	       want_bool(filters, "is-automated", &w->automated, err) ? -1 : 0;
}

static bool passes(const json_t *result, const struct wanted *w)
{
	return (w->official < 0 || jsonx_bool(result, "is_official", false) == w->official) &&
	       jsonx_int(result, "star_count", 0) >= w->stars;
}

/* Automated builds are no more: nothing is one, whatever a registry says (API 1.43). */
static json_t *results(const json_t *given, const struct wanted *w)
{
	json_t *out = json_array(), *v;
	size_t i;

	json_array_foreach((json_t *)given, i, v)
		if (w->automated != 1 && json_is_object(v) && passes(v, w))
			json_array_append_new(
				out, json_pack("{s:s, s:s, s:I, s:b, s:b}", "name",
					       jsonx_str(v, "name", ""), "description",
					       jsonx_str(v, "description", ""), "star_count",
					       jsonx_int(v, "star_count", 0), "is_official",
					       jsonx_bool(v, "is_official", false), "is_automated", 0));
	return out;
}

/* --- the request ----------------------------------------------------------------------------- */

static int check(const char *term, long limit, struct err *err)
{
	if (!*term)
		return err_set(err, ERR_INVALID, "search term is missing");
	if (strstr(term, "://"))
		return err_set(err, ERR_INVALID,
			       "invalid repository name (%s): it must not have a scheme", term);
	if (limit < 1 || limit > RESULTS_MAX)
		return err_set(err, ERR_INVALID, "limit %ld is outside the range of [1, %d]", limit,
			       RESULTS_MAX);
	return 0;
}

static int get_search(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	static const char *const known[] = { "is-automated", "is-official", "stars", NULL };
	const char *given = http_query(req, "term"), *term = given ? given : "";
	AUTO_JSON json_t *filters = dockerd_filters_parse(http_query(req, "filters"), known, err);
	AUTO_JSON json_t *auth = NULL, *answer = NULL;
	struct wanted w;
	long limit;

	if (!filters || want(filters, &w, err) ||
	    dockerd_query_int(req, "limit", RESULTS_DEFAULT, &limit, err) ||
	    check(term, limit, err) ||
	    dockerd_auth_parse(http_header(req, "X-Registry-Auth"), &auth, err))
		return -1;
	answer = ask(daemon, term, limit, auth, err);
	if (!answer)
		return -1;
	http_reply_json(rep, 200, results(json_object_get(answer, "results"), &w));
	return 0;
}

const struct http_route dockerd_search_routes[] = {
	{ "GET", "/images/search", get_search },
	{ NULL },
};
