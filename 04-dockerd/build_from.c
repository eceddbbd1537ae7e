/*
 * build_from.c - see build.h: what a stage begins with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/platform.h"
#include "03-containerd/reference.h"
#include "build.h"
#include "images.h"
#include "ospec.h"
#include "pull.h"

/* --- images --------------------------------------------------------------------------------------- */

/* The client's login at the registry that the name points to; borrowed, or NULL. */
static const json_t *auth_of(struct build *b, const char *ref)
{
	static const char hub[] = "https://index.docker.io/v1/";
	struct reference parsed;
	struct err ignored;

	if (reference_parse(ref, &parsed, &ignored))
		return NULL;
	return json_object_get(b->o.auths, strcmp(parsed.domain, "docker.io") ? parsed.domain : hub);
}

json_t *build_image(struct stage *s, const char *ref, const char *platform, struct err *err)
{
	const struct named_context *named = context_find(s->b, ref);
	AUTO_FREE char *name = NULL;
	json_t *image;

	ref = named && named->image ? named->image : ref;
	image = s->b->o.pull ? NULL : dockerd_image_resolve(s->b->d, ref, &name, err);

	if (image || (!s->b->o.pull && err->kind != ERR_NOT_FOUND))
		return image;
	if (dockerd_pull(s->b->d, s->b->progress, ref, platform, auth_of(s->b, ref), err))
		return NULL;
	free(name);
	name = NULL;
	return dockerd_image_resolve(s->b->d, ref, &name, err);
}

/* --- the ground -------------------------------------------------------------------------------------- */

/* Of nothing but the machine that it is for. */
static int begin_empty(struct stage *s, const char *platform, struct err *err)
{
	struct ctrd_platform p;

	if (ctrd_platform_parse(platform, &p, err))
		return -1;
	s->doc = json_pack("{s:s, s:s, s:{}, s:{s:s, s:[]}, s:[]}", "architecture", p.arch, "os", p.os, "config",
			   "rootfs", "type", "layers", "diff_ids", "history");
	if (*p.variant)
		json_object_set_new(s->doc, "variant", json_string(p.variant));
	s->layers = json_array();
	return 0;
}

static int begin_stage(struct stage *s, struct stage *base, struct err *err)
{
	if (stage_await(s, base, err))
		return -1;
	s->doc = json_deep_copy(base->doc);
	s->layers = json_deep_copy(base->layers);
	s->args = json_deep_copy(base->args);
	strcpy(s->chain, base->chain);
	return 0;
}

static int check_platform(const char *platform, const json_t *image, struct err *err)
{
	const json_t *config = json_object_get(image, "config");
	AUTO_FREE char *ours = xasprintf("%s/%s", jsonx_str(config, "os", ""),
					 jsonx_str(config, "architecture", ""));
	size_t n = strlen(ours);

	if (!platform || (!strncmp(platform, ours, n) && (!platform[n] || platform[n] == '/')))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "image was found but does not match the specified platform: "
		       "wanted %s, actual: %s", platform, ours);
}

static int begin_image(struct stage *s, const char *ref, const char *platform, struct err *err)
{
	AUTO_JSON json_t *image = build_image(s, ref, platform, err);
	json_t *layers = jsonx_at(image, "manifest.layers");

	if (!image || check_platform(platform, image, err))
		return -1;
	s->doc = json_deep_copy(json_object_get(image, "config"));
	s->layers = json_is_array(layers) ? json_deep_copy(layers) : json_array();
	snprintf(s->chain, sizeof s->chain, "%s", jsonx_str(image, "chainID", ""));
	/* What an old engine wrote of the container that it was made in. */
	json_object_del(s->doc, "container");
	json_object_del(s->doc, "container_config");
	json_object_del(s->doc, "docker_version");
	return 0;
}

static void add_path(struct stage *s)
{
	if (!stage_env(s, "PATH"))
		json_array_append_new(config_member(stage_config(s), "Env", json_array),
				      json_string(DEFAULT_PATH));
}

/* --- triggers ----------------------------------------------------------------------------------------- */

static int run_trigger(struct stage *s, const char *text, struct err *err)
{
	struct dockerfile f;
	int rc = dockerfile_parse(text, strlen(text), &f, err);

	for (size_t i = 0; !rc && i < f.n; i++) {
		if (!strcmp(f.v[i].word, "FROM") || !strcmp(f.v[i].word, "ONBUILD") ||
		    !strcmp(f.v[i].word, "MAINTAINER"))
			rc = err_set(err, ERR_INVALID, "%s isn't allowed as an ONBUILD trigger", f.v[i].word);
		else
			rc = step_check(&f.v[i], err) || stage_step(s, &f.v[i], err) ? -1 : 0;
	}
	dockerfile_free(&f);
	return rc;
}

static int run_triggers(struct stage *s, struct err *err)
{
	AUTO_JSON json_t *triggers = json_incref(json_object_get(stage_config(s), "OnBuild"));
	size_t n = json_array_size(triggers), i;
	json_t *v;

	json_object_del(stage_config(s), "OnBuild");
	stage_identify(s);
	if (n && stage_say(s, err, "# Executing %zu build trigger%s\n", n, n > 1 ? "s" : ""))
		return -1;
	json_array_foreach(triggers, i, v)
		if (run_trigger(s, json_is_string(v) ? json_string_value(v) : "", err))
			return err_wrap(err, "a trigger of the base image");
	return 0;
}

/* --- FROM ------------------------------------------------------------------------------------------------ */

/* A build context of files: an image that has them, and nothing else. */
static int begin_files(struct stage *s, const char *name, const char *platform, struct err *err)
{
	AUTO_FREE char *copy = xasprintf("COPY --from=%s . /", name);

	if (begin_empty(s, platform, err))
		return -1;
	s->args = json_object();
	stage_identify(s);
	return run_trigger(s, copy, err);
}

static int begin(struct stage *s, const char *name, const char *platform, struct err *err)
{
	struct stage *base = stage_find(s, name);

	if (base)
		return begin_stage(s, base, err);
	if (context_of_files(s->b, name) >= 0)
		return begin_files(s, name, platform, err);
	return strcmp(name, "scratch") ? begin_image(s, name, platform, err) : begin_empty(s, platform, err);
}

int step_from(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	struct expander x = global_expander(s->b);
	const char *flag = step_flag(i, "platform", 0);
	AUTO_FREE char *name = NULL, *platform = NULL;

	dockerfile_words(i->rest, s->b->file.escape, &words);
	name = dockerfile_expand(&x, words.v[0], err);
	if (!name || (flag && !(platform = dockerfile_expand(&x, flag, err))))
		return -1;
	if (!*name)
		return err_set(err, ERR_INVALID, "base name (%s) should not be blank", words.v[0]);
	if (begin(s, name, platform && *platform ? platform : s->b->o.platform, err))
		return -1;
	if (!s->args)
		s->args = json_object();
	add_path(s);
	stage_identify(s);
	/* Of nothing there is no image, and so no ID. */
	if (stage_say(s, err, " ---> %.12s\n", strcmp(name, "scratch") ? s->id + strlen("sha256:") : ""))
		return -1;
	return run_triggers(s, err);
}
