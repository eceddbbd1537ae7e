/*
 * image_change.c - `changes=` of commit and import: a Dockerfile of instructions that touch an
 * image's Config only (image_make.h).
 *
 * They are the builder's, in a stage that is none of a build: it has a Config, and nothing else.
 */
#include <ctype.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "build.h"
#include "image_make.h"

static bool may_change(const char *word)
{
	static const char *const words[] = { "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL",
					     "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", NULL };

	return words_have(words, word);
}

/* In small letters, as Docker's parser has it. */
static int refuse(const struct instruction *i, struct err *err)
{
	AUTO_FREE char *word = xstrdup(i->word);

	for (char *p = word; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return err_set(err, ERR_INVALID, "%s is not a valid change command", word);
}

static int check_all(const struct dockerfile *f, struct err *err)
{
	for (size_t n = 0; n < f->n; n++) {
		if (!may_change(f->v[n].word))
			return refuse(&f->v[n], err);
		if (step_check(&f->v[n], err))
			return -1;
	}
	return 0;
}

static int run_all(struct stage *s, const struct dockerfile *f, struct err *err)
{
	for (size_t n = 0; n < f->n; n++) {
		if (stage_step(s, &f->v[n], err))
			return -1;
		/* ENTRYPOINT [] is none, so that in a commit it is the container's. */
		if (!strcmp(f->v[n].word, "ENTRYPOINT") &&
		    !json_array_size(json_object_get(stage_config(s), "Entrypoint")))
			json_object_del(stage_config(s), "Entrypoint");
	}
	return 0;
}

int dockerd_image_change(json_t *config, const char *text, struct err *err)
{
	struct build b = { 0 };
	AUTO_JSON json_t *doc = json_pack("{s:O}", "config", config);
	struct stage s = { .b = &b, .doc = doc, .bare = true };
	int rc = dockerfile_parse(text, strlen(text), &b.file, err);

	if (!rc)
		rc = check_all(&b.file, err) || run_all(&s, &b.file, err) ? -1 : 0;
	dockerfile_free(&b.file);
	return rc;
}

static void add_line(void *arg, const char *text)
{
	strbuf_addf(arg, "%s\n", text);
}

int dockerd_image_changes(json_t *config, const struct http_request *req, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	http_query_each(req, "changes", add_line, &text);
	return text.len ? dockerd_image_change(config, text.data, err) : 0;
}
