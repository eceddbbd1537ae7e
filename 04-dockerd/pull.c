/*
 * pull.c - POST /images/create?fromImage=: containerd's progress in Docker's words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "auth.h"
#include "events.h"
#include "image_name.h"
#include "progress.h"
#include "pull.h"
#include "reload.h"
#include "spool.h"

struct pull {
	struct daemon *d;
	char *familiar;      /* nginx:latest */
	char *path, *tag;    /* library/nginx, latest: as the first line shows them */
	json_t *request;     /* containerd's */
	char old_digest[136]; /* what the name pointed at before, or "" */
	struct trace_span span;
	struct progress *progress;
	bool started;
};

static void pull_free(void *arg)
{
	struct pull *p = arg;

	json_decref(p->request);
	free(p->familiar);
	free(p->path);
	free(p->tag);
	free(p);
}

/* --- containerd's lines to Docker's -------------------------------------------------------- */

static const struct progress_word words[] = {
	{ "waiting", "Pulling fs layer", false }, { "downloading", "Downloading", true },
	{ "downloaded", "Download complete", false }, { "extracting", "Extracting", true },
	{ "exists", "Already exists", false }, { "complete", "Pull complete", false },
};

static int status_line(struct pull *p, json_t *text)
{
	return progress_line(p->progress, json_pack("{s:o}", "status", text));
}

static int done_lines(struct pull *p, const json_t *line)
{
	const char *digest = json_string_value(jsonx_at(line, "target.digest"));
	bool newer = digest && strcmp(digest, p->old_digest);

	status_line(p, json_sprintf("Digest: %s", digest ? digest : ""));
	status_line(p, json_sprintf(newer ? "Status: Downloaded newer image for %s"
					  : "Status: Image is up to date for %s",
				    p->familiar));
	return 0;
}

static int on_line(void *arg, json_t *line)
{
	struct pull *p = arg;

	if (!p->started) {
		p->started = true;
		progress_line(p->progress, json_pack("{s:o, s:s}", "status",
						     json_sprintf("Pulling from %s", p->path), "id",
						     p->tag));
	}
	if (json_object_get(line, "id"))
		return progress_layer(p->progress, line, words, sizeof words / sizeof *words);
	return strcmp(jsonx_str(line, "status", ""), "done") ? 0 : done_lines(p, line);
}

/* In Docker's words what the registry's refusal means for who typed the name. Clients tell by
 * them whether a login might help, or nothing will. */
static void explain(const struct pull *p, struct err *err)
{
	AUTO_FREE char *name = xstrdup(p->familiar);
	char *colon = strrchr(name, ':');

	if (err->kind == ERR_NOT_FOUND)
		err_wrap(err, "manifest for %s not found", p->familiar);
	if (err->kind != ERR_UNAUTHORIZED && err->kind != ERR_PERMISSION)
		return;
	if (colon && !strchr(colon, '/'))
		*colon = '\0';
	err->kind = ERR_NOT_FOUND;
	err_wrap(err,
		 "pull access denied for %s, repository does not exist or may require 'docker "
		 "login'",
		 name);
}

static int run(struct progress *progress, void *arg, struct err *err)
{
	struct pull *p = arg;
	int rc;

	p->progress = progress;
	dockerd_name_displace(p->d, jsonx_str(p->request, "ref", ""), p->old_digest);
	rc = ctrd_stream(p->d->waits, "POST", "/v1/transfer/pull", p->request, on_line, p, err);
	dockerd_nameless_sweep(p->d);
	trace_end(&p->span, "pull %s", p->familiar);
	if (rc && !p->started)
		explain(p, err);
	if (!rc)
		dockerd_event(p->d, "image", "pull", p->familiar,
			      json_pack("{s:s}", "name", p->familiar));
	return rc;
}

/* --- the request
 * ------------------------------------------------------------------------------------- */

/* `tag` may be a digest. */
static int reference_of(struct http_request *req, struct reference *ref, struct err *err)
{
	const char *image = http_query(req, "fromImage"), *tag = http_query(req, "tag");
	AUTO_FREE char *text = NULL;

	if (!image || !*image)
		return err_set(err, ERR_INVALID, "fromImage is missing");
	text = xasprintf("%s%s%s", image, tag && *tag ? strchr(tag, ':') ? "@" : ":" : "",
			 tag ? tag : "");
	return reference_parse(text, ref, err);
}

static struct pull *new_pull(struct daemon *d, const struct reference *ref, const char *platform,
			     json_t *auth)
{
	struct pull *p = xcalloc(1, sizeof *p);
	AUTO_FREE char *full = reference_full(ref);

	p->d = d;
	p->span = trace_begin();
	p->familiar = reference_familiar(ref);
	p->path = strcmp(ref->domain, "docker.io") ? xasprintf("%s/%s", ref->domain, ref->path)
						   : xstrdup(ref->path);
	p->tag = xstrdup(*ref->digest ? ref->digest : ref->tag);
	p->request = json_pack("{s:s, s:o, s:o}", "ref", full, "mirrors", dockerd_mirrors(d),
			       "insecure", dockerd_insecure(d));
	if (platform && *platform)
		json_object_set_new(p->request, "platform", json_string(platform));
	if (auth)
		json_object_set_new(p->request, "auth", auth);
	return p;
}

int dockerd_pull(struct daemon *d, struct progress *progress, const char *ref, const char *platform,
		 const json_t *auth, struct err *err)
{
	struct reference parsed;
	struct pull *p;
	int rc;

	if (reference_parse(ref, &parsed, err))
		return -1;
	p = new_pull(d, &parsed, platform, dockerd_auth_of(auth));
	rc = run(progress, p, err);
	pull_free(p);
	return rc;
}

static int post_create(struct http_request *req, struct http_reply *rep, void *d, struct err *err)
{
	struct progress_job job = { run, pull_free, NULL };
	AUTO_FREE char *platform = NULL;
	struct reference ref;
	json_t *auth = NULL;

	if (http_query(req, "fromSrc"))
		return dockerd_import(req, rep, d, err);
	if (reference_of(req, &ref, err) ||
	    dockerd_platform_parse(http_query(req, "platform"), &platform, err) ||
	    dockerd_auth_parse(http_header(req, "X-Registry-Auth"), &auth, err))
		return -1;
	job.arg = new_pull(d, &ref, platform, auth);
	return dockerd_progress(d, &job, rep, err);
}

const struct http_route dockerd_pull_routes[] = {
	{ "POST", "/images/create", post_create, dockerd_spool_sink },
	{ NULL },
};
