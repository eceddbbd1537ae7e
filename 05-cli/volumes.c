/*
 * volumes.c - see volumes.h.
 */
#include "volumes.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"

#define PARTS_MAX 3

/* An absolute path without "." and "..", by its words alone. The path is one of
 * the daemon's machine, which need not be ours. */
static char *clean_path(const char *path)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, strlen(path) + 1);
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		if (n == 2 && !strncmp(p, "..", 2)) {
			while (sb.len && sb.data[sb.len - 1] != '/')
				sb.data[--sb.len] = 0;
			if (sb.len)
				sb.data[--sb.len] = 0;
		} else if (n && !(n == 1 && *p == '.')) {
			strbuf_addf(&sb, "/%.*s", (int)n, p);
		}
		p += n;
	}
	if (!sb.len)
		strbuf_addc(&sb, '/');
	return strbuf_steal(&sb);
}

char *cli_absolute_path(const char *path, struct err *err)
{
	char here[PATH_MAX];

	if (*path == '/')
		return clean_path(path);
	if (!getcwd(here, sizeof here)) {
		err_sys(err, "getcwd");
		return NULL;
	}
	AUTO_FREE char *whole = xasprintf("%s/%s", here, path);
	return clean_path(whole);
}

static int count_parts(const char *spec, struct err *err)
{
	int parts = 1;

	if (!*spec)
		return err_set(err, ERR_INVALID, "invalid empty volume spec");
	if (strlen(spec) < 3) /* too short for a colon between two parts */
		return 1;
	for (const char *p = spec; *p; p++)
		if (*p == ':') {
			parts++;
			if (p == spec || !p[1] || p[1] == ':')
				return err_set(err, ERR_INVALID, "invalid spec: %s: empty section between colons",
					       spec);
		}
	if (parts > PARTS_MAX)
		return err_set(err, ERR_INVALID, "invalid spec: %s: too many colons", spec);
	return parts;
}

int cli_volume_parse(const char *spec, json_t *binds, json_t *volumes, struct err *err)
{
	int parts = count_parts(spec, err);

	if (parts < 0)
		return -1;
	if (parts == 1)
		return json_object_set_new(volumes, spec, json_object())
			       ? err_set(err, ERR_INVALID, "a volume that is not valid UTF-8") : 0;
	const char *place = strchr(spec, ':');
	AUTO_FREE char *source = xstrndup(spec, (size_t)(place - spec));
	AUTO_FREE char *whole = *spec == '.' ? cli_absolute_path(source, err) : xstrdup(source);
	if (!whole)
		return -1;
	AUTO_FREE char *bind = xasprintf("%s%s", whole, place);
	return json_array_append_new(binds, json_string(bind))
		       ? err_set(err, ERR_INVALID, "a volume that is not valid UTF-8") : 0;
}

void cli_tmpfs_parse(const char *spec, json_t *tmpfs)
{
	const char *colon = strchr(spec, ':');
	AUTO_FREE char *place = xstrndup(spec, colon ? (size_t)(colon - spec) : strlen(spec));

	json_object_set_new(tmpfs, place, json_string(colon ? colon + 1 : ""));
}
