/*
 * destination.c - where mounts go, written in one way.
 *
 * "dev/", "/dev/." and "//dev" are all /dev, and a good deal depends on whether a
 * mount is on /dev or /proc; so they are made equal in the document, once, before
 * it is read. ".." stays: only the kernel knows what is above a link.
 */
#include <string.h>

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

int runc_destinations_clean(json_t *doc)
{
	int relative = -1;
	json_t *mounts = json_object_get(doc, "mounts"), *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		const char *path = json_string_value(json_object_get(mount, "destination"));
		AUTO_FREE char *good = path && *path ? clean(path) : NULL;

		if (!good || !strcmp(good, path))
			continue;
		if (*path != '/' && relative < 0)
			relative = (int)i;
		json_object_set_new(mount, "destination", json_string(good));
	}
	return relative;
}
