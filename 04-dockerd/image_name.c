/*
 * image_name.c - see image_name.h.
 */
#include "image_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/reference.h"

static int call(struct daemon *d, const char *method, const char *name, const json_t *body,
		struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(name);
	AUTO_FREE char *path = xasprintf("/v1/images/%s", escaped);
	AUTO_JSON json_t *answer = ctrd_call(d->ctrd, method, path, body, err);

	return answer ? 0 : -1;
}

static int put(struct daemon *d, const char *name, const json_t *target, struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:O, s:{}}", "target", target, "labels");

	return call(d, "PUT", name, body, err);
}

int dockerd_name_drop(struct daemon *d, const char *name, struct err *err)
{
	return call(d, "DELETE", name, NULL, err);
}

static bool is_nameless(const struct image_name *image)
{
	return str_starts(image->name, NAMELESS) || str_starts(image->name, MAKING);
}

/* How many names with that ID there are, and how many of them are real ones. */
static size_t count(const struct image_names *all, const char *id, bool real_only)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += !strcmp(all->v[i].id, id) && !(real_only && is_nameless(&all->v[i]));
	return n;
}

static int put_nameless(struct daemon *d, const json_t *target, struct err *err)
{
	AUTO_FREE char *name = xasprintf(NAMELESS "%s", jsonx_str(target, "digest", ""));

	return put(d, name, target, err);
}

void dockerd_name_displace(struct daemon *d, const char *full, char digest[136])
{
	struct image_names all;
	struct err err;

	*digest = '\0';
	if (dockerd_images_load(d, &all, &err))
		return;
	for (size_t i = 0; i < all.n; i++) {
		const json_t *target = json_object_get(all.v[i].resolved, "target");

		if (strcmp(all.v[i].name, full))
			continue;
		snprintf(digest, 136, "%s", jsonx_str(target, "digest", ""));
		if (count(&all, all.v[i].id, false) == 1 && put_nameless(d, target, &err))
			log_warn("keep what %s was: %s", full, err.msg);
	}
	dockerd_images_free(&all);
}

void dockerd_nameless_sweep(struct daemon *d)
{
	struct image_names all;
	struct err err;

	if (dockerd_images_load(d, &all, &err))
		return;
	for (size_t i = 0; i < all.n; i++)
		if (is_nameless(&all.v[i]) && count(&all, all.v[i].id, true) &&
		    dockerd_name_drop(d, all.v[i].name, &err))
			log_warn("%s: %s", all.v[i].name, err.msg);
	dockerd_images_free(&all);
}

int dockerd_name_give(struct daemon *d, const char *full, const json_t *target, struct err *err)
{
	char old[136];
	int rc;

	if (!full) {
		rc = put_nameless(d, target, err);
	} else {
		dockerd_name_displace(d, full, old);
		rc = put(d, full, target, err);
	}
	dockerd_nameless_sweep(d);
	return rc;
}

int dockerd_name_parse(const char *repo, const char *tag, char **full, char **familiar,
		       struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct reference ref;

	*full = *familiar = NULL;
	if (!repo || !*repo)
		return tag && *tag ? err_set(err, ERR_INVALID, "invalid reference format") : 0;
	text = xasprintf("%s%s%s", repo, tag && *tag ? ":" : "", tag ? tag : "");
	if (reference_parse(text, &ref, err))
		return -1;
	if (*ref.digest)
		return err_set(err, ERR_INVALID,
			       "refusing to create a tag with a digest reference");
	if (!strcmp(repo, "sha256") || str_starts(repo, "sha256:"))
		return err_set(err, ERR_INVALID,
			       "refusing to create an ambiguous tag using digest algorithm as name");
	*full = reference_full(&ref);
	*familiar = reference_familiar(&ref);
	return 0;
}
