/*
 * push.c - POST /images/{name}/push: a tag, or all tags of a repository, one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "auth.h"
#include "events.h"
#include "images.h"
#include "progress.h"
#include "reload.h"

struct push {
	struct daemon *d;
	struct reference ref; /* the tag is empty: all of them */
	char *repository;     /* as messages show it: with its host */
	char *platform;
	json_t *auth;
	struct progress *progress;
	const char *tag;      /* the one under way */
};

static void push_free(void *arg)
{
	struct push *p = arg;

	free(p->repository);
	free(p->platform);
	json_decref(p->auth);
	free(p);
}

static const struct progress_word words[] = {
	{ "waiting", "Preparing", false }, { "uploading", "Pushing", true },
	{ "complete", "Pushed", false },   { "exists", "Layer already exists", false },
	{ "mounted", "Mounted", false },   { "skipped", "Skipped foreign layer", false },
};

/* "latest: digest: sha256:… size: 527", and the same for programs. */
static int done_lines(struct push *p, const json_t *target)
{
	const char *digest = jsonx_str(target, "digest", "");
	json_int_t size = jsonx_int(target, "size", 0);

	progress_line(p->progress,
		      json_pack("{s:o}", "status", json_sprintf("%s: digest: %s size: %lld", p->tag,
								digest, (long long)size)));
	return progress_line(p->progress,
			     json_pack("{s:{}, s:{s:s, s:s, s:I}}", "progressDetail", "aux", "Tag",
				       p->tag, "Digest", digest, "Size", size));
}

static int on_line(void *arg, json_t *line)
{
	struct push *p = arg;

	if (!strcmp(jsonx_str(line, "status", ""), "done"))
		return done_lines(p, json_object_get(line, "target"));
	return progress_layer(p->progress, line, words, sizeof words / sizeof *words);
}

static int push_one(struct push *p, const char *name, const struct reference *ref, struct err *err)
{
	AUTO_FREE char *familiar = reference_familiar(ref);
	AUTO_JSON json_t *body = json_pack("{s:s, s:o}", "ref", name, "insecure",
					   dockerd_insecure(p->d));

	if (p->auth)
		json_object_set(body, "auth", p->auth);
	if (p->platform)
		json_object_set_new(body, "platform", json_string(p->platform));
	p->tag = ref->tag;
	if (ctrd_stream(p->d->waits, "POST", "/v1/transfer/push", body, on_line, p, err))
		return -1;
	dockerd_event(p->d, "image", "push", familiar, json_pack("{s:s}", "name", familiar));
	return 0;
}

/* *n: how many there were. */
static int push_all(struct push *p, const struct image_names *all, size_t *n, struct err *err)
{
	struct reference ref;

	for (size_t i = 0; i < all->n; i++) {
		if (reference_parse(all->v[i].name, &ref, err) || !*ref.tag ||
		    strcmp(ref.domain, p->ref.domain) || strcmp(ref.path, p->ref.path) ||
		    (*p->ref.tag && strcmp(ref.tag, p->ref.tag)))
			continue;
		++*n;
		if (push_one(p, all->v[i].name, &ref, err))
			return -1;
	}
	return 0;
}

static int run(struct progress *progress, void *arg, struct err *err)
{
	struct push *p = arg;
	struct image_names all;
	size_t n = 0;
	int rc;

	p->progress = progress;
	progress_line(progress,
		      json_pack("{s:o}", "status", json_sprintf("The push refers to repository [%s]",
								p->repository)));
	if (dockerd_images_load(p->d, &all, err))
		return -1;
	rc = push_all(p, &all, &n, err);
	dockerd_images_free(&all);
	if (rc || n)
		return rc;
	return err_set(err, ERR_NOT_FOUND, "An image does not exist locally with the tag: %s",
		       str_starts(p->repository, "docker.io/library/") ? p->repository + 18
								      : p->repository);
}

/* `name` has no tag: that is a parameter of its own, and without it all are meant. */
static int reference_of(struct http_request *req, struct reference *ref, struct err *err)
{
	const char *name = http_param(req, "name"), *tag = http_query(req, "tag");
	const char *slash = strrchr(name, '/'), *colon = strrchr(name, ':');
	bool tagged = colon && (!slash || colon > slash);
	AUTO_FREE char *text = xasprintf("%s%s%s", name, tag && *tag ? ":" : "", tag ? tag : "");

	if (reference_parse(text, ref, err))
		return -1;
	if (*ref->digest)
		return err_set(err, ERR_INVALID, "cannot push a digest reference");
	if (!tagged && (!tag || !*tag))
		*ref->tag = '\0';
	return 0;
}

static int post_push(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct progress_job job = { run, push_free, NULL };
	AUTO_FREE char *platform = NULL;
	struct reference ref;
	json_t *auth = NULL;
	struct push *p;

	if (reference_of(req, &ref, err) ||
	    dockerd_platform_parse(http_query(req, "platform"), &platform, err) ||
	    dockerd_auth_parse(http_header(req, "X-Registry-Auth"), &auth, err))
		return -1;
	p = xcalloc(1, sizeof *p);
	*p = (struct push){ .d = daemon, .ref = ref, .auth = auth,
			    .repository = xasprintf("%s/%s", ref.domain, ref.path),
			    .platform = steal_ptr(&platform) };
	job.arg = p;
	return dockerd_progress(daemon, &job, rep, err);
}

const struct http_route dockerd_push_routes[] = {
	{ "POST", "/images/{name...}/push", post_push },
	{ NULL },
};
