/*
 * unit.c - see unit.h.
 */
#include "unit.h"

#include <string.h>

#include "01-kernel/base/strbuf.h"

#define NAME_LIMIT 255
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\"

static int check_name(const char *name, struct err *err)
{
	if (strlen(name) > NAME_LIMIT || strspn(name, NAME_LETTERS) != strlen(name))
		return err_set(err, ERR_INVALID, "'%s' is not a valid name of a systemd unit", name);
	return 0;
}

int runc_unit_parse(struct runc_unit *u, const char *cgroups_path, const char *id, struct err *err)
{
	AUTO_FREE char *slice = NULL, *prefix = NULL, *name = NULL, *path = NULL;
	bool given = cgroups_path && *cgroups_path;

	if (given) {
		const char *first = strchr(cgroups_path, ':');
		const char *second = first ? strchr(first + 1, ':') : NULL;

		if (!second || strchr(second + 1, ':'))
			return err_set(err, ERR_INVALID, "linux.cgroupsPath: expected cgroupsPath to "
				       "be of format \"slice:prefix:name\" for systemd cgroups, got "
				       "\"%s\" instead", cgroups_path);
		slice = xstrndup(cgroups_path, (size_t)(first - cgroups_path));
		prefix = xstrndup(first + 1, (size_t)(second - first - 1));
		name = xstrdup(second + 1);
	}
	u->title = xstrdup(given ? name : id);
	u->slice = xstrdup(given && *slice ? slice : u->user ? "user.slice" : "system.slice");
	u->name = runc_unit_is_slice(u) ? xstrdup(u->title)
		: xasprintf("%s-%s.scope", given ? prefix : "runc", u->title);
	path = runc_unit_path(u, err);
	return !path || check_name(u->name, err) ? err_wrap(err, "linux.cgroupsPath") : 0;
}

void runc_unit_free(struct runc_unit *u)
{
	free(u->name);
	free(u->slice);
	free(u->title);
	memset(u, 0, sizeof *u);
}

bool runc_unit_is_slice(const struct runc_unit *u)
{
	return str_ends(u->title, ".slice");
}

/* The group of a slice: "" of -.slice. */
static char *slice_path(const char *slice, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	size_t n = strlen(slice), ending = strlen(".slice");

	if (!strcmp(slice, "-.slice"))
		return xstrdup("");
	/* Every part between the hyphens must be there: no a--b.slice, no -a.slice. */
	if (n <= ending || !str_ends(slice, ".slice") || *slice == '-' || slice[n - ending - 1] == '-' ||
	    strstr(slice, "--") || check_name(slice, err)) {
		err_set(err, ERR_INVALID, "invalid slice name: %s", slice);
		return NULL;
	}
	for (size_t i = 1; i <= n - ending; i++)
		if (slice[i] == '-' || i == n - ending)
			strbuf_addf(&path, "/%.*s.slice", (int)i, slice);
	return strbuf_steal(&path);
}

char *runc_unit_path(const struct runc_unit *u, struct err *err)
{
	AUTO_FREE char *above = slice_path(u->slice, err);

	if (!above)
		return NULL;
	return u->name && str_ends(u->name, ".slice") ? slice_path(u->name, err)
		: xasprintf("%s/%s", above, u->name);
}
