/*
 * build.c - see build.h: a build as a whole.
 *
 *   context, Dockerfile ─▶ stages ─▶ a thread for each that is needed ─▶ image ─▶ names
 *
 * What the stages say is told in their order, whatever order they run in: the words of a later one
 * wait until those before it are done.
 */
#include "build.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "events.h"
#include "image_make.h"
#include "image_name.h"
#include "images.h"
#include "task.h"

int build_call(struct daemon *d, const char *method, const char *path, const json_t *body,
	       struct err *err)
{
	AUTO_JSON json_t *answer = ctrd_call(d->ctrd, method, path, body, err);

	return answer ? 0 : -1;
}

#define SAID_MAX 4096 /* lines */

/* --- saying --------------------------------------------------------------------------------------- */

/* build.lock held. */
static void tell(struct build *b, json_t *line)
{
	if (progress_line(b->progress, line)) {
		b->stop = true;
		pthread_cond_broadcast(&b->changed);
	}
}

/* A program may print what is no UTF-8. */
static json_t *plain_text(const char *text)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	for (; *text; text++) {
		if ((unsigned char)*text < 0x80)
			strbuf_addc(&sb, *text);
		else
			strbuf_adds(&sb, "\xef\xbf\xbd");
	}
	return json_string(sb.data);
}

int stage_say(struct stage *s, struct err *err, const char *fmt, ...)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct build *b = s->b;
	json_t *line;
	bool stop;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	line = json_string(text.data);
	line = json_pack("{s:o}", "stream", line ? line : plain_text(text.data));
	pthread_mutex_lock(&b->lock);
	/* Words that nobody hears yet are not kept without end: their stage waits for its turn. */
	while (!b->o.quiet && json_array_size(s->said) >= SAID_MAX && s->index != b->speaking && !b->stop)
		pthread_cond_wait(&b->changed, &b->lock);
	if (s->index == b->speaking && !b->stop && !b->o.quiet)
		tell(b, line);
	else
		json_array_append_new(s->said, line);
	if (json_array_size(s->said) > SAID_MAX)
		json_array_remove(s->said, 0);
	stop = b->stop;
	pthread_mutex_unlock(&b->lock);
	return stop ? err_set(err, ERR_CANCELLED, "the build was given up") : 0;
}

bool build_stopped(struct build *b)
{
	bool stop;

	pthread_mutex_lock(&b->lock);
	if (progress_cancelled(b->progress) || dockerd_is_stopping(b->d)) {
		b->stop = true;
		pthread_cond_broadcast(&b->changed);
	}
	stop = b->stop;
	pthread_mutex_unlock(&b->lock);
	return stop;
}

char *build_temporary(struct build *b, const char *dir, const char *what)
{
	unsigned n;

	pthread_mutex_lock(&b->lock);
	n = b->serial++;
	pthread_mutex_unlock(&b->lock);
	return xasprintf("%s/%s-%u", dir, what, n);
}

/* --- stages ------------------------------------------------------------------------------------------ */

/* The next one's turn, and its words so far. build.lock held. */
static void pass_on(struct build *b)
{
	while (b->speaking <= b->target &&
	       (!b->stages[b->speaking].needed || b->stages[b->speaking].done)) {
		json_t *line;
		size_t i;

		if (b->stages[b->speaking].failed || ++b->speaking > b->target)
			return;
		if (b->o.quiet) /* what was said is told only where the stage fails */
			continue;
		json_array_foreach(b->stages[b->speaking].said, i, line)
			tell(b, json_incref(line));
		json_array_clear(b->stages[b->speaking].said);
	}
}

static void *stage_thread(void *arg)
{
	struct stage *s = arg;
	struct build *b = s->b;
	struct err err = { 0 };
	int rc = stage_run(s, &err);

	pthread_mutex_lock(&b->lock);
	s->done = true;
	if (rc) {
		s->failed = true;
		s->err = err;
		b->stop = true;
	}
	pass_on(b);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* The failure that made the others give up, with what its stage had to say. */
static int verdict(struct build *b, struct err *err)
{
	struct stage *worst = NULL;
	json_t *line;
	size_t i;

	for (size_t n = 0; n <= b->target; n++)
		if (b->stages[n].failed && (!worst || worst->err.kind == ERR_CANCELLED))
			worst = &b->stages[n];
	if (!worst)
		return 0;
	*err = worst->err;
	json_array_foreach(worst->said, i, line)
		progress_line(b->progress, json_incref(line));
	if (!worst->exit_code)
		return -1;
	/* The CLI's own exit status is this code. */
	progress_line(b->progress, json_pack("{s:{s:i, s:s}, s:s}", "errorDetail", "code",
					     worst->exit_code, "message", err->msg, "error", err->msg));
	return 1;
}

static int run_stages(struct build *b, struct err *err)
{
	AUTO_FREE pthread_t *threads = xcalloc(b->n_stages, sizeof(pthread_t));
	AUTO_FREE bool *runs = xcalloc(b->n_stages, sizeof(bool));

	pthread_mutex_lock(&b->lock);
	for (size_t n = 0; n <= b->target && !b->stages[b->speaking].needed; n++)
		b->speaking = n;
	pthread_mutex_unlock(&b->lock);
	for (size_t n = 0; n <= b->target; n++) {
		if (!b->stages[n].needed)
			continue;
		runs[n] = !trace_thread(&threads[n], NULL, stage_thread, &b->stages[n]);
		if (!runs[n])
			stage_thread(&b->stages[n]);
	}
	for (size_t n = 0; n <= b->target; n++)
		if (runs[n])
			pthread_join(threads[n], NULL);
	return verdict(b, err);
}

/* --- the image ------------------------------------------------------------------------------------------ */

static void warn_unused(struct build *b)
{
	AUTO_STRBUF struct strbuf names = STRBUF_INIT;
	const char *name;
	json_t *value;

	json_object_foreach(b->o.args, name, value)
		if (!json_object_get(b->used_args, name) && !strcasestr(name, "_proxy") &&
		    strcmp(name, "SOURCE_DATE_EPOCH"))
			strbuf_addf(&names, "%s%s", names.len ? " " : "", name);
	if (names.len && !b->o.quiet)
		progress_text(b->progress, json_sprintf("[Warning] One or more build-args [%s] were not "
							"consumed\n", names.data));
}

/* What the first name means now; new, or NULL. */
static json_t *named_image(struct build *b, struct err *err)
{
	AUTO_FREE char *name = NULL;

	return b->o.tags.n ? dockerd_image_resolve(b->d, b->o.tags.v[0], &name, err) : NULL;
}

/* Is it the image already, after a build that changed nothing? */
static bool is_made(const json_t *image, const struct stage *s)
{
	return image && !strcmp(jsonx_str(jsonx_at(image, "manifest.config"), "digest", ""), s->id) &&
	       json_equal(jsonx_at(image, "manifest.layers"), s->layers);
}

/* The image under each of its names; nameless where it has none. */
static int make_image(struct build *b, struct stage *s, struct err *err)
{
	AUTO_JSON json_t *image = named_image(b, err);
	char id[136];

	snprintf(id, sizeof id, "%s", s->id);
	if (!is_made(image, s)) {
		if (dockerd_image_make(b->d, s->doc, s->layers, b->o.tags.n ? b->o.tags.v[0] : NULL, id, err))
			return -1;
		json_decref(image);
		image = b->o.tags.n > 1 ? named_image(b, err) : json_object();
		if (!image)
			return -1;
	}
	progress_line(b->progress, json_pack("{s:{s:s}}", "aux", "ID", id));
	progress_text(b->progress, b->o.quiet ? json_sprintf("%s\n", id)
					      : json_sprintf("Successfully built %.12s\n", strchr(id, ':') + 1));
	for (size_t n = 0; n < b->o.tags.n; n++) {
		if (n && dockerd_name_give(b->d, b->o.tags.v[n], json_object_get(image, "target"), err))
			return -1;
		dockerd_event(b->d, "image", "tag", id, json_pack("{s:s}", "name", b->o.shown.v[n]));
		if (!b->o.quiet)
			progress_text(b->progress,
				      json_sprintf("Successfully tagged %s\n", b->o.shown.v[n]));
	}
	return 0;
}

static int finish(struct build *b, struct err *err)
{
	struct stage *s = &b->stages[b->target];

	b->speaking = b->target; /* no other thread is left */
	if (json_object_size(b->o.labels)) {
		AUTO_FREE char *shown = jsonx_text(b->o.labels);

		if (stage_say(s, err, "Step %d/%d : LABEL %s\n", b->steps, b->steps, shown) ||
		    config_label(s, b->o.labels, err))
			return -1;
	}
	warn_unused(b);
	return make_image(b, s, err);
}

/* --- a build ------------------------------------------------------------------------------------------- */

static void say_arguments(struct build *b)
{
	for (size_t n = 0; n < b->file.warnings.n && !b->o.quiet; n++)
		progress_text(b->progress, json_string(b->file.warnings.v[n]));
	for (size_t n = 0; n < b->before_from && !b->o.quiet; n++)
		progress_text(b->progress, json_sprintf("Step %zu/%d : %s\n", n + 1, b->steps,
							b->file.v[n].text));
}

int build_run(struct progress *p, void *arg, struct err *err)
{
	struct build *b = arg;
	int rc;

	b->progress = p;
	cache_from_open(b);
	if (build_contexts(b, err) || build_context(b, err) || build_stages(b, err))
		return -1;
	say_arguments(b);
	rc = run_stages(b, err);
	if (rc)
		return rc > 0 ? 0 : -1;
	return finish(b, err);
}

static void stage_free(struct stage *s)
{
	free(s->name);
	json_decref(s->doc);
	json_decref(s->layers);
	json_decref(s->args);
	json_decref(s->said);
}

void build_options_free(struct build_options *o)
{
	strlist_free(&o->tags);
	strlist_free(&o->shown);
	free(o->dockerfile);
	free(o->target);
	free(o->remote);
	free(o->platform);
	json_decref(o->args);
	json_decref(o->labels);
	json_decref(o->host);
	json_decref(o->auths);
	json_decref(o->secrets);
	json_decref(o->contexts);
	free(o->ssh_token);
	json_decref(o->ssh_ids);
	json_decref(o->cache_from);
	json_decref(o->fresh_stages);
}

void build_free(void *arg)
{
	struct build *b = arg;
	struct err err;

	if (b->context >= 0)
		close(b->context);
	build_contexts_free(b);
	for (size_t n = 0; n < b->views.n; n++)
		if (dockerd_snapshot_remove(b->d, b->views.v[n], &err))
			log_warn("build: %s", err.msg);
	if ((b->dir && file_remove_tree(AT_FDCWD, b->dir, &err)) ||
	    (b->secret_dir && file_remove_tree(AT_FDCWD, b->secret_dir, &err)))
		log_warn("build: %s", err.msg);
	for (size_t n = 0; n < b->n_stages; n++)
		stage_free(&b->stages[n]);
	free(b->stages);
	free(b->dir);
	free(b->secret_dir);
	strlist_free(&b->views);
	json_decref(b->global_args);
	json_decref(b->builtin_args);
	json_decref(b->used_args);
	json_decref(b->snapshots);
	json_decref(b->cache_images);
	dockerfile_free(&b->file);
	build_options_free(&b->o);
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->changed);
	free(b);
}

void dockerd_build_sweep(struct daemon *d)
{
	AUTO_FREE char *on_disk = xasprintf("%s/build", d->cfg->data_root),
		       *secrets = xasprintf("%s/build", d->cfg->exec_root);
	struct err err;

	if (file_remove_tree(AT_FDCWD, on_disk, &err) || file_remove_tree(AT_FDCWD, secrets, &err))
		log_warn("what is left of a build: %s", err.msg);
}
