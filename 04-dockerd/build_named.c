/*
 * build_named.c - see build.h: contexts beside the build's own, each under a name (docker build --build-context).
 *
 *     NAME=docker-image://REFERENCE       another image than the Dockerfile's word means
 *     NAME=https://…, git@…, …            an archive or a repository, fetched before the first stage
 *     NAME=local://N                      what came in the archive as .build-contexts/N
 *
 * FROM, COPY --from and RUN --mount=from= find them before a stage or an image of that name. A name that could be an
 * image's is compared as one: "alpine" is "docker.io/library/alpine:latest".
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "build.h"
#include "image_name.h"

#define SENT ".build-contexts"
#define LOCAL "local://"
#define IMAGE "docker-image://"

/* --- names ---------------------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
	AUTO_FREE char *full_a = NULL, *full_b = NULL, *shown_a = NULL, *shown_b = NULL;
	struct err ignored;

	if (!strcasecmp(a, b)) /* a stage's may be in any case */
		return true;
	return !dockerd_name_parse(a, NULL, &full_a, &shown_a, &ignored) && full_a &&
	       !dockerd_name_parse(b, NULL, &full_b, &shown_b, &ignored) && full_b && !strcmp(full_a, full_b);
}

const struct named_context *context_find(const struct build *b, const char *name)
{
	for (size_t n = 0; n < b->n_contexts; n++)
		if (is_same(b->contexts[n].name, name))
			return &b->contexts[n];
	return NULL;
}

int context_of_files(const struct build *b, const char *name)
{
	const struct named_context *c = context_find(b, name);

	return c ? c->root : -1;
}

/* --- files ------------------------------------------------------------------------------------------ */

/* What came with the build's own context does not stay in it. */
static int take_sent(struct build *b, int *sent, struct err *err)
{
	AUTO_CLOSE int dir = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || renameat(b->context, SENT, dir, SENT))
		return errno == ENOENT ? 0 : err_sys(err, "take the other build contexts");
	*sent = kern_path_open(dir, SENT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0, err);
	return *sent < 0 ? -1 : 0;
}

static int open_sent(int sent, const char *name, struct err *err)
{
	return sent < 0 ? err_set(err, ERR_INVALID, "it did not come with the build's context")
			: kern_path_open(sent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0, err);
}

static int open_remote(struct build *b, const char *url, struct err *err)
{
	AUTO_FREE char *dir = build_temporary(b, b->dir, "named");
	AUTO_CLOSE int root = -1;

	if (file_mkdir_p(dir, 0755, err))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open %s", dir);
	return build_fetch(b, url, root, err) ? -1 : steal_fd(&root);
}

static int open_value(struct build *b, const char *value, int sent, struct err *err)
{
	return str_starts(value, LOCAL) ? open_sent(sent, value + strlen(LOCAL), err) : open_remote(b, value, err);
}

int build_contexts(struct build *b, struct err *err)
{
	AUTO_CLOSE int sent = -1;
	const char *name;
	json_t *v;

	if (!json_object_size(b->o.contexts))
		return 0;
	if (take_sent(b, &sent, err))
		return -1;
	b->contexts = xcalloc(json_object_size(b->o.contexts), sizeof *b->contexts);
	json_object_foreach(b->o.contexts, name, v) {
		struct named_context *c = &b->contexts[b->n_contexts];
		const char *value = json_string_value(v);

		*c = (struct named_context){ .name = name, .root = -1 };
		if (str_starts(value, IMAGE))
			c->image = value + strlen(IMAGE);
		else if ((c->root = open_value(b, value, sent, err)) < 0)
			return err_wrap(err, "build context %s", name);
		b->n_contexts++;
	}
	return 0;
}

void build_contexts_free(struct build *b)
{
	for (size_t n = 0; n < b->n_contexts; n++)
		if (b->contexts[n].root >= 0)
			close(b->contexts[n].root);
	free(b->contexts);
}
