/*
 * api_diff.c - what a snapshot changed, over HTTP: as a layer in the store, as a list, as an
 * archive (api.h, diff.h).
 */
#include "api.h"

#include <string.h>

#include "01-kernel/base/log.h"
#include "diff.h"
#include "wire.h"

#define GZIP_LAYER "application/vnd.oci.image.layer.v1.tar+gzip"

static int layer_format(const char *media_type, bool *plain, struct err *err)
{
	*plain = str_ends(media_type, ".tar");
	if (*plain || str_ends(media_type, ".tar+gzip") || str_ends(media_type, ".tar.gzip"))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "cannot make a layer of the media type \"%.100s\"",
		       media_type);
}

/* ?without=/a,/b */
static int take_without(const struct http_request *req, struct strlist *out, struct err *err)
{
	const char *given = http_query(req, "without");
	AUTO_FREE char *text = xstrdup(given ? given : "");
	char *save = NULL;

	for (char *p = strtok_r(text, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (*p != '/')
			return err_set(err, ERR_INVALID, "without: \"%.100s\" is not an absolute path", p);
		strlist_add(out, p);
	}
	return 0;
}

API_HANDLER(api_snapshot_diff)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err), *parent, *type, *epoch;
	AUTO_STRLIST struct strlist without = STRLIST_INIT;
	struct ctrd_diff diff = { .key = http_param(req, "key"), .without = &without };
	const char *media_type;
	struct ctrd_diffed out;
	int rc;

	if (!body || jsonx_want(body, "", "parent", JSON_STRING, &parent, err) ||
	    jsonx_want(body, "", "mediaType", JSON_STRING, &type, err) ||
	    jsonx_want(body, "", "sourceDateEpoch", JSON_INTEGER, &epoch, err) || take_without(req, &without, err))
		return -1;
	media_type = type ? json_string_value(type) : GZIP_LAYER;
	diff.parent = json_string_value(parent);
	diff.clamp = epoch != NULL;
	diff.epoch = json_integer_value(epoch);
	if (layer_format(media_type, &diff.plain, err))
		return -1;
	ctrd_images_lease(d->images);
	rc = ctrd_diff(d->snapshots, d->content, &diff, &out, err) ||
	     ctrd_api_hold(d, req, LEASE_CONTENT, out.digest, err);
	ctrd_images_release(d->images);
	if (rc)
		return -1;
	return ctrd_api_reply(rep, 201, json_pack("{s:s, s:s, s:I, s:s, s:I}", "mediaType", media_type,
						  "digest", out.digest, "size", (json_int_t)out.size,
						  "diffID", out.diff_id, "diffSize",
						  (json_int_t)out.diff_size));
}

/* --- streams ---------------------------------------------------------------------------- */

struct walk {
	struct ctrd_daemon *daemon;
	char *key, *parent; /* parent NULL: the snapshot's own */
	struct strlist without;
	struct http_writer *writer;
};

static void release(void *arg)
{
	struct walk *w = arg;

	free(w->key);
	free(w->parent);
	strlist_free(&w->without);
	free(w);
}

/* A file's name is bytes, JSON is UTF-8: what is not is shown as the replacement character. */
static json_t *path_text(const char *path)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	json_t *text = json_string(path);

	if (text)
		return text;
	for (; *path; path++) {
		if ((unsigned char)*path < 0x80)
			strbuf_addc(&sb, *path);
		else
			strbuf_adds(&sb, "\xef\xbf\xbd");
	}
	return json_string(sb.data);
}

static int tell_change(void *arg, const char *path, enum ctrd_change_kind kind, struct err *err)
{
	static const char *const kinds[] = { "C", "A", "D" }; /* as docker diff has them */
	struct walk *w = arg;
	AUTO_JSON json_t *line = json_pack("{s:s, s:o}", "kind", kinds[kind], "path",
					   path_text(path));

	return http_write_json(w->writer, line, err);
}

static void produce_changes(struct http_writer *writer, void *arg)
{
	struct walk *w = arg;
	struct ctrd_diff d = { .key = w->key, .parent = w->parent, .without = &w->without };
	struct err err, gone;

	w->writer = writer;
	if (ctrd_changes(w->daemon->snapshots, &d, tell_change, w, &err)) {
		AUTO_JSON json_t *line = ctrd_wire_error(&err);

		http_write_json(writer, line, &gone);
	}
}

static int write_bytes(void *state, const void *buf, size_t n, struct err *err)
{
	return http_write(state, buf, n, err);
}

static void produce_archive(struct http_writer *writer, void *arg)
{
	struct walk *w = arg;
	struct ctrd_diff d = { .key = w->key, .parent = w->parent, .without = &w->without };
	struct ctrd_sink sink = { write_bytes, writer };
	struct err err;

	if (!ctrd_diff_archive(w->daemon->snapshots, &d, &sink, &err))
		return;
	if (err.kind != ERR_CANCELLED)
		log_warn("archive: %s", err.msg);
	http_writer_fail(writer);
}

static int stream(struct http_request *req, struct http_reply *rep, struct ctrd_daemon *d,
		  const char *type, http_producer produce, struct err *err)
{
	const char *key = http_param(req, "key");
	AUTO_JSON json_t *info = ctrd_snapshot_get(d->snapshots, key, err);
	struct walk *w;

	if (!info)
		return -1;
	w = xcalloc(1, sizeof *w);
	*w = (struct walk){ .daemon = d, .key = xstrdup(key),
			    .parent = xstrdup(http_query(req, "parent")) };
	if (take_without(req, &w->without, err)) {
		release(w);
		return -1;
	}
	http_reply_stream(rep, 200, type, produce, w, release);
	return 0;
}

API_HANDLER(api_snapshot_changes)
{
	return stream(req, rep, daemon, "application/x-ndjson", produce_changes, err);
}

API_HANDLER(api_snapshot_archive)
{
	return stream(req, rep, daemon, "application/x-tar", produce_archive, err);
}
