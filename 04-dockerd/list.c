/*
 * list.c - GET /containers/json: docker ps.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "api.h"
#include "filters.h"
#include "health.h"
#include "human.h"
#include "images.h"
#include "inspect.h"
#include "links.h"
#include "list_ports.h"
#include "mounts.h"

static const char *const known_filters[] = { "status",	 "name",    "id",     "label",
					     "ancestor", "exited",  "before", "since",
					     "volume",	 "network", "health",
					     "expose",	 "publish", "is-task", "isolation", NULL };

/* --- filters -------------------------------------------------------------------------- */

static bool contains(const char *value, const void *arg)
{
	if (*value == '/')
		value++;
	/* "^/name$" is how scripts ask for exactly one. */
	if (*value == '^') {
		size_t n = strlen(++value), len = strlen(arg);

		if (*value == '/')
			value++, n--;
		if (n && value[n - 1] == '$')
			return n - 1 == len && !strncmp(value, arg, n - 1);
		return !strncmp(arg, value, n);
	}
	return strstr(arg, value) != NULL;
}

static bool begins(const char *value, const void *arg)
{
	return str_starts(arg, value);
}

static bool is_exit_code(const char *value, const void *arg)
{
	const struct state *st = arg;

	return !st->running && strcmp(st->started, ZERO_TIME) && atoi(value) == st->exit_code;
}

static bool is_mounted(const char *value, const void *arg)
{
	const struct container *c = arg;
	json_t *m;
	size_t i;

	json_array_foreach(c->mounts, i, m)
		if (!strcmp(value, jsonx_str(m, "Name", "")) ||
		    !strcmp(value, jsonx_str(m, "Destination", "")))
			return true;
	return false;
}

static bool is_image(const char *value, const void *arg)
{
	const struct container *c = arg;

	return dockerd_image_is(value, c->image_id, c->image_name);
}

/* No container here is a task of a swarm's. */
static bool is_false(const char *value, const void *arg)
{
	(void)arg;
	return !strcasecmp(value, "false") || !strcmp(value, "0");
}

/* By name, or by an ID's beginning: of those that run the latter is known. */
static bool is_network(const char *value, const void *arg)
{
	const struct container *c = arg;

	if (json_object_get(c->networks, value))
		return true;
	for (const struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		if (*value && str_starts(ep->net->id, value))
			return true;
	return false;
}

/* daemon.lock held. */
static bool passes(const struct container *c, const json_t *f)
{
	return dockerd_filter_equal(f, "status", dockerd_state_word(&c->st)) &&
	       dockerd_filter_equal(f, "health", dockerd_health_word(c->st.health)) &&
	       dockerd_filter_any(f, "name", contains, c->name) &&
	       dockerd_filter_any(f, "id", begins, c->id) &&
	       dockerd_filter_labels(f, json_object_get(c->config, "Labels")) &&
	       dockerd_filter_any(f, "ancestor", is_image, c) &&
	       dockerd_filter_any(f, "exited", is_exit_code, &c->st) &&
	       dockerd_filter_any(f, "volume", is_mounted, c) &&
	       dockerd_filter_any(f, "expose", dockerd_list_exposes, c) &&
	       dockerd_filter_any(f, "publish", dockerd_list_publishes, c) &&
	       dockerd_filter_any(f, "is-task", is_false, NULL) &&
	       dockerd_filter_equal(f, "isolation", "default") &&
	       dockerd_filter_any(f, "network", is_network, c);
}

/* The values of `key` must be among the words. */
static int check_words(const json_t *filters, const char *key, const char *const words[],
		       struct err *err)
{
	json_t *list = json_object_get(filters, key), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!words_have(words, json_string_value(v)))
			return err_set(err, ERR_INVALID, "invalid filter '%s=%s'", key,
				       json_string_value(v));
	return 0;
}

static int check_values(const json_t *filters, struct err *err)
{
	static const char *const health[] = { "none", "starting", "healthy", "unhealthy", NULL };
	static const char *const truths[] = { "true", "false", "1", "0", "True", "False", NULL };
	static const char *const words[] = { "created",	 "running", "paused", "restarting",
					     "removing", "exited",  "dead",   NULL };

	return check_words(filters, "status", words, err) ||
			       check_words(filters, "health", health, err) ||
			       check_words(filters, "is-task", truths, err) ||
			       dockerd_list_check_ports(filters, err)
		       ? -1
		       : 0;
}

/* --- one line ---------------------------------------------------------------------------- */

/* The command as one line; arguments with blanks are quoted so that they show as one. */
static json_t *command(const struct container *c)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_JSON json_t *args = dockerd_container_args(c);
	json_t *v;
	size_t i;

	strbuf_reserve(&sb, 0);
	json_array_foreach(args, i, v) {
		const char *s = json_string_value(v);

		strbuf_addf(&sb, strchr(s, ' ') ? "%s'%s'" : "%s%s", i ? " " : "", s);
	}
	return json_string(sb.data);
}

/* daemon.lock held. */
static json_t *summary(const struct daemon *d, const struct container *c, time_t now, int minor,
		       bool links)
{
	AUTO_FREE char *status = dockerd_state_text(&c->st, now);
	const struct endpoint *ep = dockerd_gateway_of(c);
	json_t *s = json_pack("{s:s, s:[o], s:s, s:s, s:o, s:I}", "Id", c->id, "Names",
			      json_sprintf("/%s", c->name), "Image",
			      jsonx_str(c->config, "Image", ""), "ImageID", c->image_id, "Command",
			      command(c), "Created", (json_int_t)dockerd_parse_time(c->created));

	json_object_set_new(s, "Ports",
			    dockerd_ports_summary(ep ? &ep->ports : NULL,
						  c->endpoints ? json_object_get(c->config, "ExposedPorts")
						     : NULL));
	json_object_set_new(s, "Labels", json_deep_copy(json_object_get(c->config, "Labels")));
	json_object_set_new(s, "State", json_string(dockerd_state_word(&c->st)));
	json_object_set_new(s, "Status", json_string(status));
	json_object_set_new(s, "HostConfig",
			    json_pack("{s:s}", "NetworkMode",
				      jsonx_str(c->host, "NetworkMode", "")));
	json_object_set_new(s, "NetworkSettings",
			    json_pack("{s:o}", "Networks", dockerd_inspect_networks(d, c, minor)));
	json_object_set_new(s, "Mounts", dockerd_mounts_inspect(c->mounts));
	if (links)
		dockerd_links_names(d, c, json_object_get(s, "Names"));
	return s;
}

/* --- the list ------------------------------------------------------------------------------ */

struct query {
	bool all;
	long limit;
	int minor; /* of the API's version */
	json_t *filters;
	struct container *before, *since; /* references, or NULL */
};

static int find_bound(struct daemon *d, const json_t *filters, const char *key,
		      struct container **out, struct err *err)
{
	const char *ref = json_string_value(json_array_get(json_object_get(filters, key), 0));

	*out = ref ? dockerd_container_find(d, ref, err) : NULL;
	return ref && !*out ? -1 : 0;
}

static int parse(struct http_request *req, struct daemon *d, struct query *q, struct err *err)
{
	q->filters = dockerd_filters_parse(http_query(req, "filters"), known_filters, err);
	if (!q->filters || check_values(q->filters, err) ||
	    dockerd_query_int(req, "limit", -1, &q->limit, err) ||
	    find_bound(d, q->filters, "before", &q->before, err) ||
	    find_bound(d, q->filters, "since", &q->since, err))
		return -1;
	/* Asking for a state, or for the last few, asks for more than the running ones. */
	q->all = http_query_bool(req, "all", 0) || q->limit > 0 ||
		 json_object_get(q->filters, "status") || json_object_get(q->filters, "exited") ||
		 q->before || q->since;
	return 0;
}

/* The table is newest first: "before" starts behind that one, "since" ends at it. */
static json_t *collect(struct daemon *d, const struct query *q)
{
	json_t *list = json_array();
	time_t now = time(NULL);
	bool in = !q->before, links;

	dockerd_lock(d);
	links = dockerd_links_any(d);
	for (struct container *c = d->containers; c && c != q->since; c = c->next) {
		if (c == q->before) {
			in = true;
			continue;
		}
		if (!in || (!q->all && !c->st.running && !c->st.restarting) ||
		    !passes(c, q->filters))
			continue;
		if (q->limit > 0 && json_array_size(list) >= (size_t)q->limit)
			break;
		json_array_append_new(list, summary(d, c, now, q->minor, links));
	}
	dockerd_unlock(d);
	return list;
}

static void add_sizes(struct daemon *d, json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach(list, i, s) {
		AUTO_FREE char *path = xasprintf("/v1/snapshots/%s/usage", jsonx_str(s, "Id", ""));
		struct err ignored;
		json_t *usage = ctrd_call(d->ctrd, "GET", path, NULL, &ignored);

		if (jsonx_int(usage, "size", 0)) /* as Go leaves out what is zero */
			json_object_set(s, "SizeRw", json_object_get(usage, "size"));
		json_object_set_new(s, "SizeRootFs",
				    json_integer(
					    jsonx_int(usage, "size", 0) +
					    dockerd_image_size(d, jsonx_str(s, "ImageID", ""))));
		json_decref(usage);
	}
}

static int get_list(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct query q = { .minor = dockerd_api_minor(req) };
	json_t *list = NULL;

	if (!parse(req, daemon, &q, err)) {
		list = collect(daemon, &q);
		if (http_query_bool(req, "size", 0))
			add_sizes(daemon, list);
		http_reply_json(rep, 200, list);
	}
	json_decref(q.filters);
	dockerd_container_put(daemon, q.before);
	dockerd_container_put(daemon, q.since);
	return list ? 0 : -1;
}

const struct http_route dockerd_list_routes[] = {
	{ "GET", "/containers/json", get_list },
	{ NULL },
};
