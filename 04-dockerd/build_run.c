/*
 * build_run.c - see build.h: RUN, which is a container like others, made, started and removed.
 *
 *   create (snapshot on the stage's) ─▶ attach ─▶ start ─▶ its output, line by line ─▶ exit status
 *     ─▶ what only the mounts needed is taken away ─▶ the snapshot is the layer
 *
 * It is in the list of containers while it runs, so that somebody who wonders can look into it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "build.h"
#include "container.h"
#include "container_root.h"
#include "create.h"
#include "frames.h"
#include "lifecycle.h"

#define LINE_MAX_BYTES 4096 /* what is longer is told in pieces */
#define LOOK_MS 500         /* how often a silent program is asked whether anybody waits for it */

struct running {
	struct stage *s;
	const struct instruction *i;
	json_t *args;          /* the program and its arguments */
	struct run_mounts mounts;
	struct container *c;
	unsigned long serial;  /* of the start that is waited for */
};

/* --- what is run --------------------------------------------------------------------------------------- */

/* "RUN <<EOF" alone: the here-document is the script. Others stay for the shell to read. */
static bool is_script(const struct instruction *i)
{
	return i->n_heredocs == 1 && str_starts(i->rest, "<<") && !strpbrk(i->rest, " \t");
}

static char *script_text(const struct instruction *i)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (is_script(i))
		return xstrdup(i->heredocs[0].content);
	strbuf_adds(&text, i->rest);
	for (size_t h = 0; h < i->n_heredocs; h++)
		strbuf_addf(&text, "\n%s%s", i->heredocs[h].content, i->heredocs[h].name);
	return strbuf_steal(&text);
}

static json_t *arguments(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_FREE char *text = script_text(i);
	bool wrong;
	json_t *list = i->n_heredocs ? NULL : dockerfile_exec_form(i->rest, &wrong);

	if (json_array_size(list))
		return list;
	json_decref(list);
	if (is_script(i) && str_starts(text, "#!"))
		return json_pack("[o]", json_sprintf("/dev/pipes/%s", i->heredocs[0].name));
	return stage_shell(s, text, err);
}

/* A script that names its interpreter is a file, where a container's devices are: not in the image. */
static int mount_script(struct running *r, struct err *err)
{
	const struct heredoc *h = r->i->heredocs;
	AUTO_FREE char *path = NULL;

	if (!is_script(r->i) || !str_starts(h->content, "#!"))
		return 0;
	if (strchr(h->name, '/'))
		return err_set(err, ERR_INVALID, "\"%s\" cannot be a file's name", h->name);
	path = build_temporary(r->s->b, r->s->b->dir, "script");
	if (file_write_new(AT_FDCWD, path, h->content, strlen(h->content), 0755, err))
		return -1;
	json_array_append_new(r->mounts.list,
			      json_pack("{s:s, s:s, s:o, s:b}", "Type", "bind", "Source", path, "Target",
					json_sprintf("/dev/pipes/%s", h->name), "ReadOnly", 1));
	return 0;
}

static char *joined(const json_t *args)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	json_t *v;
	size_t i;

	strbuf_adds(&text, "");
	json_array_foreach((json_t *)args, i, v)
		strbuf_addf(&text, "%s%s", i ? " " : "", json_string_value(v));
	return strbuf_steal(&text);
}

/* --- the container -------------------------------------------------------------------------------------- */

static int network_mode(struct running *r, json_t *host, struct err *err)
{
	const char *flag = step_flag(r->i, "network", 0);

	if (!flag || !strcmp(flag, "default"))
		return 0;
	if (strcmp(flag, "none") && strcmp(flag, "host"))
		return err_set(err, ERR_INVALID, "invalid network mode: \"%s\"", flag);
	json_object_set_new(host, "NetworkMode", json_string(flag));
	return 0;
}

/* The image without what is for its own containers: command, volumes, health. */
static json_t *ground(struct stage *s)
{
	json_t *config = stage_config(s), *env = json_object_get(config, "Env");

	return json_pack("{s:s, s:{s:{s:O*, s:s, s:s}}}", "chainID", s->chain, "config", "config", "Env",
			 env, "User", jsonx_str(config, "User", ""), "WorkingDir",
			 jsonx_str(config, "WorkingDir", ""));
}

/* Known to RUN without an ARG; and neither in the history nor in the key, for they say where the machine is. */
static void add_proxies(struct stage *s, json_t *env)
{
	static const char *const names[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
					     "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = json_string_value(json_object_get(s->b->o.args, names[i]));

		if (value && !json_object_get(s->args, names[i]) && !stage_env(s, names[i]))
			json_array_append_new(env, json_sprintf("%s=%s", names[i], value));
	}
}

static int create(struct running *r, struct err *err)
{
	struct stage *s = r->s;
	AUTO_JSON json_t *host = json_deep_copy(s->b->o.host), *image = ground(s),
			 *env = stage_run_args(s), *body = NULL;

	if (network_mode(r, host, err))
		return -1;
	json_object_set(host, "Mounts", r->mounts.list);
	json_object_set_new(host, "LogConfig", json_pack("{s:s}", "Type", "none"));
	json_array_extend(env, r->mounts.env);
	add_proxies(s, env);
	body = json_pack("{s:s, s:O, s:O, s:O}", "Image", s->id, "Cmd", r->args, "Env", env, "HostConfig",
			 host);
	r->c = dockerd_create_on(s->b->d, image, s->id, body, err);
	return r->c ? 0 : -1;
}

/* --- its output ---------------------------------------------------------------------------------------------- */

/* The socket of the start that is waited for; NULL: it failed. */
static char *await_socket(struct running *r)
{
	struct daemon *d = r->s->b->d;
	char *path = NULL;

	dockerd_lock(d);
	while (!(path = xstrdup(r->c->attach_path)) && r->c->start_serial == r->serial && !d->stopping)
		pthread_cond_wait(&r->c->changed, &d->lock);
	dockerd_unlock(d);
	return path;
}

static void arrived(struct running *r)
{
	struct daemon *d = r->s->b->d;

	dockerd_lock(d);
	r->c->attaching--;
	dockerd_container_changed(r->c);
	dockerd_unlock(d);
}

/* Whole lines go out; what is left stays for the next bytes. */
static void say_lines(struct stage *s, struct strbuf *text, bool all)
{
	struct err ignored;

	while (text->len) {
		char *nl = memrchr(text->data, '\n', text->len);
		size_t n = nl ? (size_t)(nl - text->data) + 1
			      : all || text->len >= LINE_MAX_BYTES ? text->len : 0;

		if (!n)
			return;
		stage_say(s, &ignored, "%.*s", (int)n, text->data);
		memmove(text->data, text->data + n, text->len - n);
		text->len -= n;
		text->data[text->len] = '\0';
	}
}

/* More of what it says. False: that was all. */
static bool read_more(int fd, struct frames *f, struct strbuf *text)
{
	size_t before = text->len;
	char block[16384];
	ssize_t n = io_read(fd, block, sizeof block);

	if (n <= 0)
		return false;
	dockerd_frames_feed(f, block, (size_t)n, text);
	for (size_t i = before; i < text->len; i++) /* text is all that the answer can carry */
		text->data[i] = text->data[i] ? text->data[i] : ' ';
	return true;
}

static void *output_thread(void *arg)
{
	struct running *r = arg;
	AUTO_FREE char *path = await_socket(r);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct frames frames = { .have = 0 };
	struct err err;
	AUTO_CLOSE int fd = path ? ctrd_attach(path, 0, 1, 1, &err) : -1;

	arrived(r);
	while (fd >= 0 && read_more(fd, &frames, &text))
		say_lines(r->s, &text, false);
	say_lines(r->s, &text, true);
	return NULL;
}

/* --- running ---------------------------------------------------------------------------------------------- */

static int wait_exit(struct running *r, struct err *err)
{
	struct daemon *d = r->s->b->d;
	struct err ignored;

	while (!dockerd_wait_stopped(d, r->c, LOOK_MS))
		if (build_stopped(r->s->b)) {
			dockerd_kill(d, r->c, SIGKILL, &ignored);
			return err_set(err, ERR_CANCELLED, "the build was given up");
		}
	return 0;
}

static int check_exit(struct running *r, struct err *err)
{
	AUTO_FREE char *command = joined(r->args);
	int code;

	dockerd_lock(r->s->b->d);
	code = r->c->st.exit_code;
	dockerd_unlock(r->s->b->d);
	if (!code)
		return 0;
	r->s->exit_code = code;
	return err_set(err, ERR_INVALID, "The command '%.1500s' returned a non-zero code: %d", command, code);
}

static int start_and_wait(struct running *r, struct err *err)
{
	struct daemon *d = r->s->b->d;
	pthread_t thread;
	int rc;

	dockerd_lock(d);
	r->serial = r->c->start_serial;
	r->c->attaching++;
	dockerd_unlock(d);
	if (pthread_create(&thread, NULL, output_thread, r)) {
		arrived(r);
		return err_set(err, ERR_SYSTEM, "cannot start a thread");
	}
	rc = dockerd_start(d, r->c, NULL, err) || wait_exit(r, err) ? -1 : 0;
	pthread_join(thread, NULL);
	return rc || check_exit(r, err) ? -1 : 0;
}

static int with_stubs(struct running *r, struct err *err)
{
	struct stubs st = { STRLIST_INIT, STRLIST_INIT, NULL };
	int root = dockerd_root_mount(r->s->b->d, r->c->id, NULL, false, err), rc = -1;

	if (root >= 0) {
		stubs_note(root, &r->mounts.targets, &st);
		close(root);
		rc = start_and_wait(r, err);
	}
	root = rc ? -1 : dockerd_root_mount(r->s->b->d, r->c->id, NULL, true, err);
	if (root >= 0) {
		stubs_remove(root, &st);
		close(root);
	}
	stubs_free(&st);
	return root < 0 ? -1 : 0;
}

/* --- the instruction ------------------------------------------------------------------------------------------- */

/* The snapshot is another one's now (or goes with the container). */
static void remove_container(struct running *r)
{
	struct err ignored;

	if (dockerd_remove(r->s->b->d, r->c, true, true, &ignored) && ignored.kind != ERR_NOT_FOUND)
		log_warn("build: %s", ignored.msg);
}

static int run(struct running *r, char key[ID_SIZE], struct err *err)
{
	if (mounts_open(r->s, r->i, &r->mounts, err) || mount_script(r, err) || create(r, err))
		return -1;
	strcpy(key, r->c->id);
	return stage_say(r->s, err, " ---> Running in %.12s\n", r->c->id) || with_stubs(r, err) ||
			       stage_say(r->s, err, " ---> Removed intermediate container %.12s\n", r->c->id)
		       ? -1 : 0;
}

/* The container's snapshot becomes the layer; the container itself is removed only then (step_run). */
static int fill(struct stage *s, char key[ID_SIZE], void *arg, struct err *err)
{
	(void)s;
	return run(arg, key, err);
}

static char *history_text(struct running *r, const json_t *env)
{
	AUTO_FREE char *command = joined(r->args), *values = joined(env);
	size_t n = json_array_size(env);

	return n ? xasprintf("|%zu %s %s", n, values, command) : xstrdup(command);
}

static int layer(struct running *r, struct err *err)
{
	AUTO_JSON json_t *env = stage_run_args(r->s);
	AUTO_FREE char *text = history_text(r, env), *flags = NULL;
	struct digester *d = digester_new();
	char digest[DIGEST_SIZE];

	for (size_t f = 0; f < r->i->flags.n; f++)
		digester_add(d, r->i->flags.v[f], strlen(r->i->flags.v[f]) + 1);
	flags = jsonx_text(r->s->b->o.host);
	digester_add(d, flags, strlen(flags) + 1);
	if (mounts_digest(r->s, r->i, d, err)) {
		digester_free(d);
		return -1;
	}
	digester_done(d, digest);
	return stage_layer(r->s, &(struct layer_work){ text, digest, fill, r, !r->i->flags.n }, err);
}

int step_run(struct stage *s, const struct instruction *i, struct err *err)
{
	struct running r = { .s = s, .i = i, .args = arguments(s, i, err) };
	int rc = r.args ? layer(&r, err) : -1;

	if (r.c && !(rc && s->b->o.keep))
		remove_container(&r);
	if (r.c)
		dockerd_container_put(s->b->d, r.c);
	mounts_close(s, &r.mounts);
	json_decref(r.args);
	return rc;
}
