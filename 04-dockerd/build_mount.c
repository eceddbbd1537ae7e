/*
 * build_mount.c - see build.h: RUN --mount, as mounts of the step's container.
 *
 *   bind     a file or directory of the context, a stage or an image. It is a copy: so "rw" is what
 *            the reference says, thrown away afterwards, and no link in a hostile tree is followed by
 *            whoever mounts.
 *   cache    a directory that outlives the build (build_cache.c)
 *   tmpfs    memory
 *   secret   what the client sent under an id, a file in memory or a variable
 *   ssh      a socket that leads to the client's agent (build_ssh.c)
 *
 * None of it becomes part of the layer, nor what was made to mount it on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "build.h"
#include "create.h"

#define SECRET_MAX (500 << 10)

/* One --mount, as it is written: {"type": …, "target": …}. */
static bool is_flag_word(const char *key)
{
	return step_is_one_of("ro readonly rw readwrite required ", key, strlen(key));
}

static const char *canonical(const char *key)
{
	static const char *const same[][2] = { { "dst", "target" }, { "destination", "target" },
					       { "src", "source" }, { "readonly", "ro" },
					       { "readwrite", "rw" } };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (!strcmp(same[i][0], key))
			return same[i][1];
	return key;
}

/* Which keys each type may have, each with a blank behind it. */
static const struct {
	const char *type, *keys;
} types[] = {
	{ "bind", "type target source from ro rw " },
	{ "cache", "type target source from ro rw id sharing mode uid gid " },
	{ "tmpfs", "type target size " },
	{ "secret", "type target source id required mode uid gid env " },
	{ "ssh", "type target id required mode uid gid " },
};

static const char *secret_id(const json_t *m)
{
	const char *source = jsonx_str(m, "source", NULL), *id = jsonx_str(m, "id", source);
	const char *target = jsonx_str(m, "target", "");

	return id ? id : strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
}

static int check_keys(const json_t *m, struct err *err)
{
	const char *type = jsonx_str(m, "type", ""), *key, *keys = NULL;
	json_t *v;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(types[i].type, type))
			keys = types[i].keys;
	if (!keys)
		return err_set(err, ERR_INVALID, "unsupported mount type \"%s\"", type);
	json_object_foreach((json_t *)m, key, v) {
		if (!step_is_one_of(keys, key, strlen(key)))
			return err_set(err, ERR_INVALID, "unexpected key '%s' for mount type '%s'", key, type);
		if (is_flag_word(key) && dockerd_parse_bool(json_string_value(v)) < 0)
			return err_set(err, ERR_INVALID, "invalid value for %s: %s", key, json_string_value(v));
	}
	if (!strcmp(type, "secret") && !*secret_id(m))
		return err_set(err, ERR_INVALID, "invalid secret mount: one of id, source and target is required");
	if (!strcmp(type, "secret") || !strcmp(type, "ssh"))
		return 0;
	return *jsonx_str(m, "target", "") ? 0 : err_set(err, ERR_INVALID, "target is required for mount type "
							  "'%s'", type);
}

static json_t *parse(struct stage *s, const char *flag, struct err *err)
{
	AUTO_FREE char *text = step_expand(s, flag, err);
	AUTO_JSON json_t *m = json_pack("{s:s}", "type", "bind");
	char *save = NULL;

	for (char *w = text ? strtok_r(text, ",", &save) : NULL; w; w = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(w, '=');

		if (eq)
			*eq = '\0';
		if (!eq && !is_flag_word(w)) {
			err_set(err, ERR_INVALID, "invalid field '%s' must be a key=value pair", w);
			return NULL;
		}
		if (json_object_set_new(m, canonical(w), json_string(eq ? eq + 1 : "true"))) {
			err_set(err, ERR_INVALID, "--mount: not UTF-8");
			return NULL;
		}
	}
	return text && !check_keys(m, err) ? steal_ptr(&m) : NULL;
}

static bool is(const json_t *m, const char *type)
{
	return !strcmp(jsonx_str(m, "type", ""), type);
}

static bool flag_of(const json_t *m, const char *key)
{
	return dockerd_parse_bool(jsonx_str(m, key, "false")) > 0;
}

/* An octal or decimal number of the mount; not the one that would leave an owner as it is (chown(2)). */
static int number(const json_t *m, const char *key, int base, long fallback, long *out, struct err *err)
{
	const char *text = jsonx_str(m, key, NULL);
	char *end;

	*out = fallback;
	if (!text)
		return 0;
	*out = strtol(text, &end, base);
	return *text && !*end && *out >= 0 && *out < UINT32_MAX ? 0 : err_set(err, ERR_INVALID, "invalid value %s for %s", text, key);
}

/* mode, uid and gid of the mount, to the file. */
static int set_owner(const json_t *m, const char *path, mode_t fallback, struct err *err)
{
	long mode, uid, gid;

	if (number(m, "mode", 8, fallback, &mode, err) || number(m, "uid", 10, 0, &uid, err) ||
	    number(m, "gid", 10, 0, &gid, err))
		return -1;
	if (chown(path, (uid_t)uid, (gid_t)gid) || chmod(path, (mode_t)mode))
		return err_sys(err, "%s", path);
	return 0;
}

/* --- where it goes -------------------------------------------------------------------------------------- */

static char *target_of(struct stage *s, const json_t *m, const char *fallback)
{
	const char *target = jsonx_str(m, "target", "");

	return stage_path(s, *target ? target : fallback);
}

static void add_mount(struct run_mounts *out, const char *source, const char *target, bool read_only)
{
	json_array_append_new(out->list, json_pack("{s:s, s:s, s:s, s:b}", "Type", "bind", "Source", source,
						   "Target", target, "ReadOnly", (int)read_only));
	strlist_add(&out->targets, target);
}

/* --- bind ------------------------------------------------------------------------------------------------ */

/* The tree that it is taken from; *own: the caller closes it. */
static int tree_of(struct stage *s, const json_t *m, bool *own, struct err *err)
{
	const char *from = jsonx_str(m, "from", "");

	*own = *from;
	return *from ? source_tree(s, from, err) : s->b->context;
}

static char *source_of(const json_t *m)
{
	return ignore_clean(jsonx_str(m, "source", "."));
}

/* *name: what of `to` is the source, "/" (a directory) or "/file". */
static int copy_source(struct stage *s, const json_t *m, const char *to, const char **name,
		       struct err *err)
{
	struct tree_copy how = { .exclude = NULL };
	AUTO_FREE char *path = source_of(m);
	AUTO_CLOSE int dir = -1, look = -1;
	struct stat st;
	bool own;
	int root = tree_of(s, m, &own, err), rc = -1;

	if (root < 0)
		return -1;
	look = kern_path_open(root, path, O_PATH, 0, 0, err);
	if (look >= 0 && !fstat(look, &st) && !file_mkdir_p(to, 0755, err)) {
		dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* A directory's content into ours; a file beside it, under the one name that is known. */
		*name = S_ISDIR(st.st_mode) ? "/" : "/file";
		rc = dir < 0 ? err_sys(err, "open %s", to) : tree_copy(root, path, dir, *name, &how, err);
	}
	if (own)
		close(root);
	return rc;
}

static int open_bind(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	AUTO_FREE char *to = build_temporary(s->b, s->b->dir, "bind"), *target = target_of(s, m, ""),
		       *from = NULL;
	const char *name = "/";

	strlist_add(&out->temporary, to);
	if (copy_source(s, m, to, &name, err))
		return err_wrap(err, "RUN --mount=type=bind,source=%s", jsonx_str(m, "source", "."));
	from = xasprintf("%s%s", to, name);
	add_mount(out, from, target, !flag_of(m, "rw"));
	return 0;
}

/* --- cache ----------------------------------------------------------------------------------------------- */

static int fill_cache(struct stage *s, const json_t *m, const char *dir, struct err *err)
{
	const char *ignored;

	if (*jsonx_str(m, "from", "") ? copy_source(s, m, dir, &ignored, err) : file_mkdir_p(dir, 0700, err))
		return -1;
	return set_owner(m, dir, 0755, err);
}

/* The directory's name: an id may be any text. */
static void cache_name(struct stage *s, const json_t *m, char out[DIGEST_SIZE])
{
	AUTO_FREE char *target = target_of(s, m, "");
	const char *id = jsonx_str(m, "id", target);

	digest_of(id, strlen(id), out);
	memmove(out, strchr(out, ':') + 1, strlen(strchr(out, ':') + 1) + 1);
}

/* Those that are to be this step's alone while it runs. Each once, and all steps in one order: so none
 * waits for itself, nor two for each other. */
static int lock_caches(struct stage *s, const json_t *all, struct run_mounts *out, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)all, i, m) {
		const char *sharing = jsonx_str(m, "sharing", "shared");
		char name[DIGEST_SIZE];

		if (strcmp(sharing, "private") && strcmp(sharing, "shared") && strcmp(sharing, "locked"))
			return err_set(err, ERR_INVALID, "unsupported sharing value \"%s\"", sharing);
		cache_name(s, m, name);
		if (is(m, "cache") && strcmp(sharing, "shared"))
			strlist_add(&names, name);
	}
	strlist_sort(&names);
	for (size_t n = 0; n < names.n; n++) {
		if (n && !strcmp(names.v[n], names.v[n - 1]))
			continue;
		cache_directory_lock(s->b->d, names.v[n]);
		strlist_add(&out->locked, names.v[n]);
	}
	return 0;
}

static int open_cache(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	AUTO_FREE char *target = target_of(s, m, ""), *dir = NULL;
	char name[DIGEST_SIZE];

	cache_name(s, m, name);
	dir = cache_directory(s->b->d, name);
	if (access(dir, F_OK) && fill_cache(s, m, dir, err))
		return -1;
	add_mount(out, dir, target, flag_of(m, "ro"));
	return 0;
}

/* --- tmpfs, secret, ssh ------------------------------------------------------------------------------------- */

static int open_tmpfs(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	AUTO_FREE char *target = target_of(s, m, "");
	const char *size = jsonx_str(m, "size", NULL);
	json_int_t bytes = size ? dockerd_parse_size(size) : 0;

	if (bytes < 0)
		return err_set(err, ERR_INVALID, "invalid value %s for size", size);
	json_array_append_new(out->list, json_pack("{s:s, s:s, s:{s:I}}", "Type", "tmpfs", "Target", target,
						   "TmpfsOptions", "SizeBytes", bytes));
	strlist_add(&out->targets, target);
	return 0;
}

static int secret_file(struct stage *s, const json_t *m, const char *value, size_t n,
		       struct run_mounts *out, struct err *err)
{
	AUTO_FREE char *fallback = xasprintf("/run/secrets/%s", secret_id(m)), *path = NULL,
		       *target = target_of(s, m, fallback);

	if (file_mkdir_p(s->b->secret_dir, 0700, err))
		return -1;
	path = build_temporary(s->b, s->b->secret_dir, "secret");
	if (file_write_new(AT_FDCWD, path, value, n, 0600, err) || set_owner(m, path, 0400, err))
		return -1;
	add_mount(out, path, target, true);
	return 0;
}

static int open_secret(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	const char *id = secret_id(m), *env = jsonx_str(m, "env", NULL);
	const char *text = jsonx_str(s->b->o.secrets, id, NULL);
	AUTO_FREE char *value = NULL;
	json_t *entry;
	size_t n;

	if (!text)
		return flag_of(m, "required") ? err_set(err, ERR_NOT_FOUND, "secret %s: not found", id) : 0;
	value = base64_decode(text, strlen(text), &n);
	if (!value || n > SECRET_MAX)
		return err_set(err, ERR_INVALID, "secret %s: not base64, or too large", id);
	if (!env)
		return secret_file(s, m, value, n, out, err);
	entry = json_sprintf("%s=%s", env, value);
	if (!entry || json_array_append_new(out->env, entry))
		return err_set(err, ERR_INVALID, "secret %s: not UTF-8", id);
	return *jsonx_str(m, "target", "") ? secret_file(s, m, value, n, out, err) : 0;
}

/* Its environment has the first one's place, unless the image says otherwise. */
static void announce(struct stage *s, const char *target, struct run_mounts *out)
{
	static const char name[] = "SSH_AUTH_SOCK";

	if (out->n_agents == 1 && !stage_env(s, name))
		json_array_append_new(out->env, json_sprintf("%s=%s", name, target));
}

static int open_ssh(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	AUTO_FREE char *fallback = xasprintf("/run/buildkit/ssh_agent.%zu", out->n_ssh++),
		       *target = target_of(s, m, fallback), *path = NULL;
	const char *id = jsonx_str(m, "id", "default");
	struct ssh_agent *agent;

	if (!build_ssh_offered(s->b, id))
		return flag_of(m, "required") ? err_set(err, ERR_NOT_FOUND, "ssh %s: the client forwards no such agent "
							"(--ssh)", id) : 0;
	if (file_mkdir_p(s->b->secret_dir, 0700, err))
		return -1;
	path = build_temporary(s->b, s->b->secret_dir, "agent");
	agent = build_ssh_open(s->b, id, path, err);
	if (!agent)
		return -1;
	out->agents = xrealloc(out->agents, (out->n_agents + 1) * sizeof *out->agents);
	out->agents[out->n_agents++] = agent;
	strlist_add(&out->temporary, path);
	if (set_owner(m, path, 0600, err))
		return -1;
	add_mount(out, path, target, false);
	announce(s, target, out);
	return 0;
}

/* --- all of a step's -------------------------------------------------------------------------------------------- */

static int open_one(struct stage *s, const json_t *m, struct run_mounts *out, struct err *err)
{
	if (is(m, "bind"))
		return open_bind(s, m, out, err);
	if (is(m, "cache"))
		return open_cache(s, m, out, err);
	if (is(m, "tmpfs"))
		return open_tmpfs(s, m, out, err);
	return is(m, "secret") ? open_secret(s, m, out, err) : open_ssh(s, m, out, err);
}

int mounts_open(struct stage *s, const struct instruction *i, struct run_mounts *out, struct err *err)
{
	AUTO_JSON json_t *all = json_array();
	const char *flag;
	json_t *m;
	size_t n;

	*out = (struct run_mounts){ .list = json_array(), .env = json_array() };
	for (n = 0; (flag = step_flag(i, "mount", n)); n++)
		if (json_array_append_new(all, parse(s, flag, err)))
			return -1;
	if (lock_caches(s, all, out, err))
		return -1;
	json_array_foreach(all, n, m)
		if (open_one(s, m, out, err))
			return -1;
	return 0;
}

void mounts_close(struct stage *s, struct run_mounts *m)
{
	struct err err;

	for (size_t n = 0; n < m->locked.n; n++)
		cache_directory_unlock(s->b->d, m->locked.v[n]);
	for (size_t n = 0; n < m->n_agents; n++)
		build_ssh_close(m->agents[n]);
	free(m->agents);
	for (size_t n = 0; n < m->temporary.n; n++)
		if (file_remove_tree(AT_FDCWD, m->temporary.v[n], &err))
			log_warn("build: %s", err.msg);
	json_decref(m->list);
	json_decref(m->env);
	strlist_free(&m->locked);
	strlist_free(&m->targets);
	strlist_free(&m->temporary);
	*m = (struct run_mounts){ 0 };
}

int mounts_digest(struct stage *s, const struct instruction *i, struct digester *d, struct err *err)
{
	const struct tree_copy how = { .exclude = NULL };
	const char *flag;

	for (size_t n = 0; (flag = step_flag(i, "mount", n)); n++) {
		AUTO_JSON json_t *m = parse(s, flag, err);
		AUTO_FREE char *path = m ? source_of(m) : NULL;
		bool own;
		int root, rc;

		if (!m)
			return -1;
		if (!is(m, "bind"))
			continue;
		root = tree_of(s, m, &own, err);
		rc = root < 0 ? -1 : tree_digest(root, path, &how, d, err);
		if (own && root >= 0)
			close(root);
		if (rc)
			return err_wrap(err, "RUN --mount=type=bind,source=%s", path);
	}
	return 0;
}
