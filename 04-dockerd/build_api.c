/*
 * build_api.c - POST /build and /build/prune: the requests (build.h).
 *
 * The answer to a build is lines of JSON, in the words of Docker's classic builder:
 *
 *     {"stream":"Step 1/2 : FROM busybox\n"}  {"stream":" ---> 0123456789ab\n"}  …
 *     {"aux":{"ID":"sha256:…"}}
 *     {"errorDetail":{"code":1,"message":"The command …"},"error":"The command …"}
 *
 * Our own, beside the parameters of Docker's API, are two headers, where Docker's CLI has a session, which only
 * BuildKit knows: X-Docker-Build-Secrets, base64 of {"id": base64 of the value}, for RUN --mount=type=secret; and
 * X-Docker-Build-Ssh, base64 of {"token": …, "ids": {"id": true}}, whose client waits at POST /build/ssh (build_ssh.c).
 * And two parameters: `nocachefilter`, the names of stages that are built anew, and `buildcontexts` (build_named.c).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "auth.h"
#include "build.h"
#include "create.h"
#include "events.h"
#include "filters.h"
#include "image_name.h"
#include "prune.h"

/* --- parameters ----------------------------------------------------------------------------------- */

/* What BuildKit or another platform's daemon could: refused where it asks for something. */
static int check_foreign(const struct http_request *req, struct err *err)
{
	static const char *const names[] = { "squash", "outputs", "session", "cacheto",
					     "credentialspec", "isolation" };
	static const char *const nothing[] = { "", "0", "false", "null", "[]", "{}", "default" };
	const char *version = http_query(req, "version");

	if (version && !strcmp(version, "2"))
		return err_set(err, ERR_UNSUPPORTED, "BuildKit is not supported by this daemon: build with "
			       "DOCKER_BUILDKIT=0");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = http_query(req, names[i]);
		bool asks = value != NULL;

		for (size_t n = 0; asks && n < sizeof nothing / sizeof *nothing; n++)
			asks = strcmp(value, nothing[n]) != 0;
		if (asks)
			return err_set(err, ERR_UNSUPPORTED, "%s is not supported by this daemon's builder",
				       names[i]);
	}
	return 0;
}

/* A parameter that is a JSON object or array; new, an empty one where it is absent. */
static json_t *document(const struct http_request *req, const char *name, json_type type, struct err *err)
{
	const char *text = http_query(req, name);

	return jsonx_parse_optional(text, text ? strlen(text) : 0, type, name, err);
}

/* All of its values are strings, or, where that may be, null. */
static int check_strings(const json_t *map, const char *name, bool null_too, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)map, key, v)
		if (!json_is_string(v) && !(null_too && json_is_null(v)))
			return err_set(err, ERR_INVALID, "%s.%s: expected a string", name, key);
	return 0;
}

/* A parameter that is a list of strings; new. */
static json_t *strings(const struct http_request *req, const char *name, struct err *err)
{
	AUTO_JSON json_t *list = document(req, name, JSON_ARRAY, err);
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!json_is_string(v)) {
			err_set(err, ERR_INVALID, "%s[%zu]: expected a string", name, i);
			return NULL;
		}
	return steal_ptr(&list);
}

struct tagging {
	struct build_options *o;
	bool failed;
	struct err *err;
};

static void add_tag(void *arg, const char *value)
{
	struct tagging *t = arg;
	AUTO_FREE char *full = NULL, *familiar = NULL;

	if (t->failed || !*value)
		return;
	t->failed = dockerd_name_parse(value, NULL, &full, &familiar, t->err) != 0;
	if (t->failed)
		return;
	strlist_add(&t->o->tags, full);
	strlist_add(&t->o->shown, familiar);
}

static int take_tags(struct build_options *o, const struct http_request *req, struct err *err)
{
	struct tagging t = { .o = o, .err = err };

	http_query_each(req, "t", add_tag, &t);
	return t.failed ? -1 : 0;
}

/* --- limits of RUN ---------------------------------------------------------------------------------- */

static void add_text(void *arg, const char *value)
{
	json_array_append_new(arg, json_string(value));
}

static const struct {
	const char *query, *field;
	char kind; /* n number, s string */
} host_fields[] = {
	{ "memory", "Memory", 'n' },	     { "memswap", "MemorySwap", 'n' },
	{ "cpushares", "CpuShares", 'n' },   { "cpuperiod", "CpuPeriod", 'n' },
	{ "cpuquota", "CpuQuota", 'n' },     { "shmsize", "ShmSize", 'n' },
	{ "cpusetcpus", "CpusetCpus", 's' }, { "cpusetmems", "CpusetMems", 's' },
	{ "networkmode", "NetworkMode", 's' }, { "cgroupparent", "CgroupParent", 's' },
};

static int take_host(struct build_options *o, struct http_request *req, struct err *err)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	AUTO_JSON json_t *hosts = json_array(), *security = json_array(),
			 *ulimits = document(req, "ulimits", JSON_ARRAY, err), *whole = NULL;

	o->host = json_object();
	for (size_t i = 0; i < sizeof host_fields / sizeof *host_fields; i++) {
		const char *text = http_query(req, host_fields[i].query);
		long n;

		if (!text || !*text)
			continue;
		if (host_fields[i].kind == 'n' && dockerd_query_int(req, host_fields[i].query, 0, &n, err))
			return -1;
		if (host_fields[i].kind == 's' || n)
			json_object_set_new(o->host, host_fields[i].field,
					    host_fields[i].kind == 'n' ? json_integer(n) : json_string(text));
	}
	http_query_each(req, "extrahosts", add_text, hosts);
	http_query_each(req, "securityopt", add_text, security);
	if (!ulimits)
		return -1;
	json_object_set(o->host, "ExtraHosts", hosts);
	json_object_set(o->host, "Ulimits", ulimits);
	json_object_set(o->host, "SecurityOpt", security);
	whole = dockerd_host_make(o->host, &warnings, err); /* what is wrong is told before anything is built */
	return whole ? 0 : -1;
}

/* --- all of it ------------------------------------------------------------------------------------------- */

static int take_epoch(struct build_options *o, struct err *err)
{
	const char *text = jsonx_str(o->args, "SOURCE_DATE_EPOCH", NULL);
	char *end;

	if (!text || !*text)
		return 0;
	o->epoch = strtoll(text, &end, 10);
	o->has_epoch = true;
	if (*end || o->epoch < 0 || o->epoch > 253402300799) /* the year 9999 */
		return err_set(err, ERR_INVALID, "invalid SOURCE_DATE_EPOCH: %s", text);
	return 0;
}

static int take_ssh(struct build_options *o, const struct http_request *req, struct err *err)
{
	static const char name[] = "X-Docker-Build-Ssh";
	AUTO_JSON json_t *doc = dockerd_auth_document(http_header(req, name), name, err);

	if (!doc)
		return -1;
	o->ssh_token = xstrdup(jsonx_str(doc, "token", NULL));
	o->ssh_ids = json_incref(json_object_get(doc, "ids"));
	return 0;
}

static int take_options(struct build_options *o, struct http_request *req, struct err *err)
{
	const char *file = http_query(req, "dockerfile"), *remote = http_query(req, "remote");

	if (check_foreign(req, err) || take_tags(o, req, err) ||
	    dockerd_platform_parse(http_query(req, "platform"), &o->platform, err))
		return -1;
	if (o->platform && strchr(o->platform, ','))
		return err_set(err, ERR_UNSUPPORTED, "an image for several platforms (%s) is not supported by this "
			       "daemon's builder", o->platform);
	o->dockerfile = xstrdup(file && *file ? file : "Dockerfile");
	o->target = xstrdup(http_query(req, "target"));
	o->remote = remote && *remote ? xstrdup(remote) : NULL;
	o->no_cache = http_query_bool(req, "nocache", 0);
	o->pull = http_query_bool(req, "pull", 0);
	o->quiet = http_query_bool(req, "q", 0);
	o->keep = !http_query_bool(req, "rm", 1) && !http_query_bool(req, "forcerm", 0);
	o->args = document(req, "buildargs", JSON_OBJECT, err);
	o->labels = o->args ? document(req, "labels", JSON_OBJECT, err) : NULL;
	if (!o->labels || check_strings(o->args, "buildargs", true, err) ||
	    check_strings(o->labels, "labels", false, err))
		return -1;
	o->auths = dockerd_auth_document(http_header(req, "X-Registry-Config"), "X-Registry-Config", err);
	if (!o->auths)
		return -1;
	o->secrets = dockerd_auth_document(http_header(req, "X-Docker-Build-Secrets"),
					   "X-Docker-Build-Secrets", err);
	if (!o->secrets || take_ssh(o, req, err))
		return -1;
	o->contexts = document(req, "buildcontexts", JSON_OBJECT, err);
	if (!o->contexts || check_strings(o->contexts, "buildcontexts", false, err))
		return -1;
	o->cache_from = strings(req, "cachefrom", err);
	o->fresh_stages = o->cache_from ? strings(req, "nocachefilter", err) : NULL;
	if (!o->fresh_stages)
		return -1;
	return take_epoch(o, err) || take_host(o, req, err) ? -1 : 0;
}

static int post_build(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct build *b = xcalloc(1, sizeof *b);
	struct progress_job job = { build_run, build_free, b };

	*b = (struct build){ .d = daemon, .context = -1, .global_args = json_object(),
			     .used_args = json_object() };
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	if (!take_options(&b->o, req, err) && !build_upload_take(req, b, err))
		return dockerd_progress(daemon, &job, rep, err);
	build_free(b);
	return -1;
}

/* --- prune ------------------------------------------------------------------------------------------------- */

static bool begins(const char *value, const void *arg)
{
	return str_starts(arg, value);
}

static bool chooses(void *arg, const json_t *entry)
{
	const struct prune *p = arg;

	return dockerd_prune_chooses(p, NULL, jsonx_str(entry, "LastUsedAt", ZERO_TIME)) &&
	       dockerd_filter_any(p->filters, "id", begins, jsonx_str(entry, "ID", "")) &&
	       dockerd_filter_equal(p->filters, "type", jsonx_str(entry, "Type", ""));
}

/* How much may stay, under the three names that this has had. */
static int take_keep(struct http_request *req, long *keep, struct err *err)
{
	static const char *const names[] = { "keep-storage", "reserved-space", "max-used-space" };
	long free_space, n;

	*keep = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (dockerd_query_int(req, names[i], 0, &n, err))
			return -1;
		*keep = n > *keep ? n : *keep;
	}
	if (dockerd_query_int(req, "min-free-space", 0, &free_space, err))
		return -1;
	return free_space ? err_set(err, ERR_UNSUPPORTED, "min-free-space is not supported by this daemon") : 0;
}

static int post_prune(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	static const char *const known[] = { "until", "id", "type", NULL };
	json_int_t freed;
	json_t *done;
	struct prune p;
	long keep;

	if (take_keep(req, &keep, err) || dockerd_prune_parse(&p, http_query(req, "filters"), known, err))
		return -1;
	done = cache_prune(daemon, chooses, &p, keep, &freed);
	dockerd_prune_free(&p);
	dockerd_event(daemon, "builder", "prune", "",
		      json_pack("{s:o}", "reclaimed", json_sprintf("%lld", (long long)freed)));
	if (!json_array_size(done)) { /* as Go writes a list that nothing was put into */
		json_decref(done);
		done = json_null();
	}
	http_reply_json(rep, 200, json_pack("{s:o, s:I}", "CachesDeleted", done, "SpaceReclaimed", freed));
	return 0;
}

const struct http_route dockerd_build_routes[] = {
	{ "POST", "/build", post_build, build_upload_sink },
	{ "POST", "/build/prune", post_prune },
	{ "POST", "/build/ssh", build_ssh_line },
	{ NULL },
};
