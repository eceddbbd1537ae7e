/*
 * bundle.c - see bundle.h.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/words.h"

#define DOCUMENT_MAX (8 << 20)

char *ctrd_bundle_path(const char *state, const char *ns, const char *id)
{
	return xasprintf("%s/%s/%s", state, ns, id);
}

/* No limit (setrlimit(2)) is -1 here and 2^64-1 in the OCI's documents, an integer that jansson has
 * not. Within a string the quotation marks would be escaped, so that this is never found in one. */
static const struct {
	const char *here, *there;
} unlimited[] = {
	{ "\"hard\":-1", "\"hard\":18446744073709551615" },
	{ "\"soft\":-1", "\"soft\":18446744073709551615" },
};

static char *replace(const char *text, const char *old, const char *new)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;

	for (const char *p; (p = strstr(text, old)); text = p + strlen(old)) {
		strbuf_add(&out, text, (size_t)(p - text));
		strbuf_adds(&out, new);
	}
	strbuf_adds(&out, text);
	return strbuf_steal(&out);
}

/* A document's text as it is to be written, or as it was read; `text` is taken, the answer new. */
static char *spell(char *text, bool there)
{
	for (size_t i = 0; i < sizeof unlimited / sizeof *unlimited; i++) {
		AUTO_FREE char *old = text;

		text = there ? replace(old, unlimited[i].here, unlimited[i].there)
			     : replace(old, unlimited[i].there, unlimited[i].here);
	}
	return text;
}

int ctrd_bundle_write(const char *file, const json_t *doc, struct err *err)
{
	AUTO_FREE char *text = spell(jsonx_text(doc), true);

	return file_write_volatile(AT_FDCWD, file, text, strlen(text), 0600, err);
}

json_t *ctrd_bundle_read(const char *file, struct err *err)
{
	AUTO_STRBUF struct strbuf read = STRBUF_INIT;
	AUTO_FREE char *text = NULL;

	if (file_read(AT_FDCWD, file, &read, DOCUMENT_MAX, err))
		return NULL;
	text = spell(strbuf_steal(&read), false);
	return jsonx_parse(text, strlen(text), file, err);
}

static int fill(const char *bundle, const json_t *options, struct err *err)
{
	AUTO_FREE char *rootfs = xasprintf("%s/rootfs", bundle);
	AUTO_FREE char *file = xasprintf("%s/options.json", bundle);

	/* A user namespace's root passes through here on its way to the root file system. */
	if (mkdir(rootfs, 0711))
		return err_sys(err, "mkdir %s", rootfs);
	return ctrd_bundle_write(file, options, err);
}

int ctrd_bundle_create(const char *bundle, const json_t *options, struct err *err)
{
	AUTO_FREE char *parent = xstrndup(bundle, (size_t)(strrchr(bundle, '/') - bundle));
	struct err ignored;

	if (file_mkdir_p(parent, 0711, err))
		return -1;
	if (mkdir(bundle, 0711))
		return err_sys(err, "mkdir %s", bundle);
	if (fill(bundle, options, err)) {
		ctrd_bundle_remove(bundle, &ignored);
		return -1;
	}
	return 0;
}

static void set_home(json_t *process, const char *home)
{
	json_t *env = json_object_get(process, "env"), *v;
	AUTO_FREE char *text = xasprintf("HOME=%s", home);
	size_t i;

	json_array_foreach(env, i, v)
		if (json_is_string(v) && str_starts(json_string_value(v), "HOME="))
			return;
	if (!json_is_array(env)) {
		env = json_array();
		json_object_set_new(process, "env", env);
	}
	json_array_append_new(env, json_string(text));
}

void ctrd_bundle_user(json_t *process, const json_t *user)
{
	json_t *to = json_object_get(process, "user");

	if (!json_is_object(to)) {
		to = json_object();
		json_object_set_new(process, "user", to);
	}
	json_object_set(to, "uid", json_object_get(user, "uid"));
	json_object_set(to, "gid", json_object_get(user, "gid"));
	json_object_set(to, "additionalGids", json_object_get(user, "additionalGids"));
	set_home(process, jsonx_str(user, "home", "/"));
}

static bool has_option(const json_t *mount, const char *word)
{
	return words_json_have(json_object_get(mount, "options"), word);
}

static bool is_shared(const json_t *mount)
{
	return (has_option(mount, "bind") || has_option(mount, "rbind")) &&
	       (has_option(mount, "shared") || has_option(mount, "rshared"));
}

json_t *ctrd_bundle_shared(const json_t *spec)
{
	json_t *shared = json_array();
	const json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(spec, "mounts"), i, mount)
		if (is_shared(mount))
			json_array_append_new(shared, json_pack("{s:O?, s:b}", "source", json_object_get(mount, "source"),
								"recursive", has_option(mount, "rbind")));
	return shared;
}

static void move_sources(json_t *spec, const char *bundle)
{
	json_t *mount;
	size_t i, n = 0;

	json_array_foreach(json_object_get(spec, "mounts"), i, mount)
		if (is_shared(mount))
			json_object_set_new(mount, "source", json_sprintf("%s/shared/%zu", bundle, n++));
}

int ctrd_bundle_spec(const char *bundle, const json_t *spec, int terminal, const json_t *user,
		     struct err *err)
{
	AUTO_FREE char *file = xasprintf("%s/config.json", bundle);
	AUTO_JSON json_t *copy = json_deep_copy(spec);
	json_t *root, *process = json_object_get(copy, "process");

	if (!json_is_object(process))
		return err_set(err, ERR_INVALID, "the specification has no process");
	if (jsonx_want(copy, "spec", "root", JSON_OBJECT, &root, err))
		return -1;
	if (!root) {
		root = json_object();
		json_object_set_new(copy, "root", root);
	}
	json_object_set_new(root, "path", json_string("rootfs"));
	move_sources(copy, bundle);
	json_object_set_new(process, "terminal", json_boolean(terminal));
	if (user)
		ctrd_bundle_user(process, user);
	return ctrd_bundle_write(file, copy, err);
}

/* options.json goes first: without it the rest is an empty shell for the next start, while
 * without exit.json, which might else go first, it would be a task whose end nobody knows. */
int ctrd_bundle_remove(const char *bundle, struct err *err)
{
	AUTO_FREE char *options = xasprintf("%s/options.json", bundle);

	if (unlink(options) && errno != ENOENT)
		return err_sys(err, "remove %s", options);
	return file_remove_tree(AT_FDCWD, bundle, err);
}
