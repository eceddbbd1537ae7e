/*
 * build_named.c - see build.h: --build-context NAME=PATH | URL | docker-image://REFERENCE.
 *
 * A directory goes in the one archive that is sent, behind the build's own context, as .build-contexts/N; what the
 * daemon fetches or has, goes by its name.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"

static int add_directory(struct cli_build_context *c, const char *name, const char *dir, struct err *err)
{
	AUTO_FREE char *rules = xasprintf("%s/.dockerignore", dir), *text = NULL;
	AUTO_CLOSE int fd = open(rules, O_RDONLY | O_CLOEXEC);
	struct cli_pack_tree *tree;
	struct stat st;

	if (stat(dir, &st))
		return err_set(err, ERR_NOT_FOUND, "build context %s: path \"%s\" not found", name, dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "build context %s: %s is not a directory", name, dir);
	c->rules.more = xrealloc(c->rules.more, (c->rules.n_more + 1) * sizeof *c->rules.more);
	tree = &c->rules.more[c->rules.n_more];
	*tree = (struct cli_pack_tree){ .path = xasprintf("%s/.", dir),
					.name = xasprintf(".build-contexts/%zu", c->rules.n_more) };
	json_object_set_new(c->named, name, json_sprintf("local://%zu", c->rules.n_more++));
	return fd < 0 ? 0 : cli_build_ignore(&tree->ignore, rules, fd, &text, err);
}

static int add(struct cli_build_context *c, const char *text, struct err *err)
{
	const char *value = strchr(text, '=');
	AUTO_FREE char *name = xstrndup(text, value ? (size_t)(value - text) : 0);

	if (!*name || !value[1])
		return err_set(err, ERR_INVALID, "invalid build context: %s: expected NAME=VALUE", text);
	value++;
	if (str_starts(value, "oci-layout://") || str_starts(value, "target:"))
		return err_set(err, ERR_UNSUPPORTED, "--build-context %s is not supported: a directory, an URL or "
			       "docker-image://", text);
	if (!str_starts(value, "docker-image://") && !cli_build_is_remote(value))
		return add_directory(c, name, value, err);
	json_object_set_new(c->named, name, json_string(value));
	return 0;
}

int cli_build_named(struct cli_build_context *c, const struct strlist *list, struct err *err)
{
	c->named = json_object();
	for (size_t i = 0; i < list->n; i++)
		if (add(c, list->v[i], err))
			return -1;
	return 0;
}

void cli_build_named_free(struct cli_build_context *c)
{
	for (size_t i = 0; i < c->rules.n_more; i++) {
		free(c->rules.more[i].path);
		free(c->rules.more[i].name);
		ignore_free(&c->rules.more[i].ignore);
	}
	free(c->rules.more);
	json_decref(c->named);
}
