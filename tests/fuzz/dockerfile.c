/*
 * dockerfile.c - a Dockerfile, and the variables of each of its instructions.
 */
#include <string.h>

#include "01-kernel/base/ignore.h"
#include "04-dockerd/dockerfile.h"
#include "fuzz.h"

static const char *get(void *arg, const char *name)
{
	(void)arg;
	return *name == 'x' ? "a value" : NULL;
}

static void one(const struct dockerfile *f, const struct instruction *i)
{
	struct expander x = { .escape = f->escape, .get = get };
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	AUTO_FREE char *shown = dockerfile_excerpt(f, i), *expanded = NULL;
	struct ignore g = { 0 };
	struct err err = { 0 };
	bool wrong;

	MUST(*i->word && i->line >= 1 && i->end >= i->line && i->end <= (int)f->lines.n);
	for (size_t h = 0; h < i->n_heredocs; h++)
		MUST(i->heredocs[h].content && *i->heredocs[h].name);
	expanded = dockerfile_expand(&x, i->rest, &err);
	MUST(expanded || err.kind != ERR_NONE);
	(void)!dockerfile_expand_words(&x, i->rest, &words, &err);
	json_decref(dockerfile_exec_form(i->rest, &wrong));
	ignore_add_lines(&g, i->rest);
	ignore_chooses(&g, "a/b/c.d");
	ignore_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dockerfile f;
	struct err err = { 0 };

	if (dockerfile_parse((const char *)data, size, &f, &err))
		MUST(err.kind == ERR_INVALID && *err.msg);
	else
		for (size_t i = 0; i < f.n; i++)
			one(&f, &f.v[i]);
	dockerfile_free(&f);
	return 0;
}
