/*
 * foreign.c - layers that need not be in the registry ("nondistributable", "foreign": those of
 * Windows, whose licence forbids it): their descriptor says where they are instead (image-spec,
 * descriptor.md, "urls").
 *
 * They come from there first, without credentials, and from the registry after that, as with real
 * containerd. What was promised is verified as for any other layer. A push leaves them out.
 */
#include "transfer_private.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"

bool transfer_foreign(const json_t *descriptor)
{
	const char *type = jsonx_str(descriptor, "mediaType", "");

	return json_array_size(json_object_get(descriptor, "urls")) &&
	       (strstr(type, ".nondistributable.") || strstr(type, ".foreign."));
}

void transfer_note_foreign(struct transfer *x, const json_t *descriptor)
{
	json_t *urls = json_object_get(descriptor, "urls");

	if (json_is_array(urls) && json_array_size(urls))
		json_object_set(x->elsewhere, jsonx_str(descriptor, "digest", ""), urls);
}

/* The caller's sink, and whether anything came: then it is the caller who goes on. */
struct watched {
	const struct ctrd_fetch_sink *sink;
	bool began;
};

static int begin(void *arg, uint64_t start, struct err *err)
{
	struct watched *w = arg;

	w->began = true;
	return w->sink->begin ? w->sink->begin(w->sink->arg, start, err) : 0;
}

static int write_on(void *arg, const void *buf, size_t n, struct err *err)
{
	struct watched *w = arg;

	return w->sink->write(w->sink->arg, buf, n, err);
}

int transfer_get(struct transfer *x, struct ctrd_registry *r, const char *digest, uint64_t offset,
		 const struct ctrd_fetch_sink *sink, struct err *err)
{
	const json_t *urls = json_object_get(x->elsewhere, digest);
	json_t *url;
	size_t i;

	json_array_foreach(urls, i, url) {
		struct watched w = { sink, false };
		struct ctrd_fetch_sink through = { .begin = begin, .write = write_on, .arg = &w };

		if (!json_is_string(url))
			continue;
		if (!ctrd_fetch_url(r, json_string_value(url), offset, &through, err))
			return 0;
		if (w.began || err->kind == ERR_CANCELLED)
			return -1;
		log_debug("pull: %s", err->msg);
	}
	return ctrd_fetch_blob(r, digest, offset, sink, err);
}
