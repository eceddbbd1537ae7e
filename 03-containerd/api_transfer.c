/*
 * api_transfer.c - pull and push over HTTP: a stream of progress, a JSON object per line,
 * which ends with {"status":"done",…} or {"error":{…}} (api.h, transfer.h).
 */
#include "api.h"

#include "01-kernel/base/log.h"
#include "reference.h"
#include "transfer.h"
#include "wire.h"

struct transfer {
	struct ctrd_daemon *daemon;
	json_t *body; /* owned; the strings below are its own */
	char *ns, *lease, *image; /* lease: NULL for none; image: of a push, NULL for ref's own */
	struct ctrd_transfer t;
	const char **mirrors, **insecure;
	struct ctrd_tls tls;
	struct ctrd_registries *registries; /* of hostsDir; NULL: the daemon's */
	json_t *(*run)(struct ctrd_images *im, const struct ctrd_transfer *t, struct err *err);
	bool pull;
	struct http_writer *writer;
};

static void release(void *arg)
{
	struct transfer *t = arg;

	json_decref(t->body);
	free(t->ns);
	free(t->lease);
	free(t->image);
	free(t->mirrors);
	free(t->insecure);
	strlist_free(&t->tls.ca);
	strlist_free(&t->tls.certs);
	strlist_free(&t->tls.keys);
	ctrd_registries_free(t->registries);
	free(t);
}

/* A list of strings out of the body, NULL-terminated; the caller frees the list. */
static int string_list(const json_t *body, const char *key, const char ***out, struct err *err)
{
	json_t *list, *v;
	size_t i;

	if (jsonx_want(body, "", key, JSON_ARRAY, &list, err))
		return -1;
	*out = xcalloc(json_array_size(list) + 1, sizeof **out);
	json_array_foreach(list, i, v) {
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "%s: expected strings", key);
		(*out)[i] = json_string_value(v);
	}
	return 0;
}

static int progress(void *arg, json_t *event)
{
	struct transfer *t = arg;
	const json_t *target = json_object_get(event, "target");
	struct err err;

	if (t->lease && target && /* before the last word is out */
	    ctrd_lease_add(t->daemon->leases, t->ns, t->lease, LEASE_CONTENT,
			   jsonx_str(target, "digest", ""), &err))
		log_warn("lease: %s", err.msg);
	return http_write_json(t->writer, event, &err);
}

static void produce(struct http_writer *w, void *arg)
{
	struct transfer *t = arg;
	struct err err, gone;
	AUTO_JSON json_t *done = NULL;

	t->writer = w;
	done = t->run(t->daemon->images, &t->t, &err);
	if (!done) {
		AUTO_JSON json_t *line = ctrd_wire_error(&err);

		http_write_json(w, line, &gone);
	} else if (t->pull) {
		ctrd_events_publish(t->daemon->events, t->ns,
				    jsonx_bool(done, "new", true) ? "/images/create" : "/images/update",
				    json_pack("{s:s}", "name", jsonx_str(done, "name", "")));
	}
}

/* "tls": {"ca","cert","key"}, files of this machine; "hostsDir": in place of the daemon's certs.d. */
static int fill_trust(struct transfer *t, struct err *err)
{
	static const char *const keys[] = { "ca", "cert", "key" };
	struct strlist *const lists[] = { &t->tls.ca, &t->tls.certs, &t->tls.keys };
	json_t *tls, *dir, *file;

	if (jsonx_want(t->body, "", "tls", JSON_OBJECT, &tls, err) ||
	    jsonx_want(t->body, "", "hostsDir", JSON_STRING, &dir, err))
		return -1;
	for (size_t i = 0; tls && i < sizeof keys / sizeof *keys; i++) {
		if (jsonx_want(tls, "tls", keys[i], JSON_STRING, &file, err))
			return -1;
		if (file)
			strlist_add(lists[i], json_string_value(file));
	}
	if (t->tls.certs.n != t->tls.keys.n)
		return err_set(err, ERR_INVALID, "tls: cert and key belong together");
	t->t.tls = &t->tls;
	if (dir) {
		const char *dirs[] = { json_string_value(dir), NULL };

		t->registries = ctrd_registries_new(dirs);
	}
	t->t.registries = t->registries ? t->registries : t->daemon->registries;
	return 0;
}

static int fill(struct transfer *t, struct err *err)
{
	struct reference ref;
	json_t *auth, *name, *image, *platform, *all, *unpack;

	if (jsonx_want(t->body, "", "auth", JSON_OBJECT, &auth, err) ||
	    jsonx_want(t->body, "", "ref", JSON_STRING, &name, err) ||
	    jsonx_want(t->body, "", "image", JSON_STRING, &image, err) ||
	    jsonx_want(t->body, "", "platform", JSON_STRING, &platform, err) ||
	    jsonx_want(t->body, "", "allPlatforms", JSON_TRUE, &all, err) ||
	    jsonx_want(t->body, "", "unpack", JSON_TRUE, &unpack, err))
		return -1;
	if (image && !t->pull) {
		if (reference_parse(json_string_value(image), &ref, err))
			return -1;
		t->t.image = t->image = reference_full(&ref);
	}

	t->t.ref = name ? json_string_value(name) : "";
	t->t.platform = json_string_value(platform);
	t->t.credentials = (struct ctrd_credentials){
		jsonx_str(auth, "username", NULL), jsonx_str(auth, "password", NULL),
		jsonx_str(auth, "identityToken", NULL), jsonx_str(auth, "registryToken", NULL) };
	t->t.all_platforms = json_is_true(all);
	t->t.no_unpack = json_is_false(unpack);
	if (fill_trust(t, err) || string_list(t->body, "mirrors", &t->mirrors, err) ||
	    string_list(t->body, "insecure", &t->insecure, err))
		return -1;
	t->t.mirrors = t->mirrors;
	t->t.insecure = t->insecure;
	return reference_parse(t->t.ref, &ref, err);
}

static int begin(struct http_request *req, struct http_reply *rep, struct ctrd_daemon *d,
		 bool pull, struct err *err)
{
	json_t *body = http_body_json(req, err);
	struct transfer *t;

	if (!body)
		return -1;
	t = xcalloc(1, sizeof *t);
	t->daemon = d;
	t->body = json_incref(body);
	t->ns = xstrdup(ctrd_api_ns(req));
	t->lease = xstrdup(http_header(req, "Containerd-Lease"));
	t->pull = pull;
	t->run = pull ? ctrd_pull : ctrd_push;
	t->t.ns = t->ns;
	t->t.progress = progress;
	t->t.arg = t;
	if (ctrd_namespace_check(t->ns, err) || fill(t, err)) {
		release(t);
		return -1;
	}
	http_reply_stream(rep, 200, "application/x-ndjson", produce, t, release);
	return 0;
}

API_HANDLER(api_pull)
{
	return begin(req, rep, daemon, true, err);
}

API_HANDLER(api_push)
{
	return begin(req, rep, daemon, false, err);
}
