/*
 * destination.c - where mounts go, written in one way.
 *
 * "dev/", "/dev/." and "//dev" are all /dev, and a good deal depends on whether a
 * mount is on /dev or /proc; so they are made equal in the document, once, before
 * it is read. ".." stays: only the kernel knows what is above a link.
 */
#include <string.h>

#include "01-kernel/base/log.h"
#include "config.h"

static char *clean(const char *path)
{
	struct strbuf sb = STRBUF_INIT;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n && !(n == 1 && *path == '.'))
			strbuf_addf(&sb, "/%.*s", (int)n, path);
		path += n + (path[n] == '/');
	}
	if (!sb.len)
		strbuf_addc(&sb, '/');
	return strbuf_steal(&sb);
}

void runc_destinations_clean(json_t *doc)
{
	json_t *mounts = json_object_get(doc, "mounts"), *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *path = json_string_value(json_object_get(mount, "destination"));
		AUTO_FREE char *good = path && *path ? clean(path) : NULL;

		if (!good || !strcmp(good, path))
			continue;
		/* Deprecated, but valid ("Mounts" in config.md). */
		if (*path != '/')
			log_warn("mounts[%zu].destination: '%s' is not an absolute path, using it "
				 "as relative to /", i, path);
		json_object_set_new(mount, "destination", json_string(good));
	}
}
