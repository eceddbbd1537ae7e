/*
 * build_context.c - see build.h: the context, where the client did not send it but names it; and what of it is
 * the Dockerfile, and what is not for the build.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "03-containerd/tar_read.h"
#include "build.h"
#include "copy.h"
#include "create.h"
#include "download.h"
#include "git.h"
#include "spool.h"

#define IGNORE_MAX (1 << 20)

/* --- an URL ------------------------------------------------------------------------------------- */

static bool is_repository(const struct build *b)
{
	return b->o.remote && git_is_url(b->o.remote);
}

/* As BuildKit's argument BUILDKIT_CONTEXT_KEEP_GIT_DIR says. */
static bool keeps_git_dir(struct build *b)
{
	static const char name[] = "BUILDKIT_CONTEXT_KEEP_GIT_DIR";

	json_object_set_new(b->used_args, name, json_true());
	return dockerd_parse_bool(jsonx_str(b->o.args, name, "false")) > 0;
}

static int fetch_repository(struct build *b, const char *url, bool keep, int to, struct err *err)
{
	const struct tree_copy how = { .chown = true };
	AUTO_FREE char *identity = NULL;
	AUTO_CLOSE int root = build_git(b, url, keep, &identity, err);

	return root < 0 ? -1 : tree_copy(root, ".", to, "/", &how, err);
}

static int download(struct build *b, const char *url, int fd, struct err *err)
{
	AUTO_FREE char *header = build_auth_http(b, url);
	struct download plain = { .header = header };

	if (!str_starts(url, "http://") && !str_starts(url, "https://"))
		return err_set(err, ERR_UNSUPPORTED, "remote: %s is not supported by this daemon", url);
	progress_text(b->progress, json_sprintf("Downloading build context from remote url: %s\n", url));
	if (dockerd_download(url, fd, &plain, err))
		return -1;
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, "read %s", url) : 0;
}

/* --- what is behind it ------------------------------------------------------------------------------- */

/* An URL may be the Dockerfile itself: text. */
static bool is_archive(int fd)
{
	char head[512] = { 0 };

	return strcmp(ctrd_compression(fd), "plain") ||
	       (pread(fd, head, sizeof head, 0) > 0 && !memcmp(head + 257, "ustar", 5));
}

static int place_dockerfile(int to, int fd, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	return file_read_fd(fd, &text, DOCKERFILE_MAX, err) ||
			       file_write_new(to, "Dockerfile", text.data, text.len, 0600, err)
		       ? -1 : 0;
}

/* 1: it was no archive. */
static int fetch_url(struct build *b, const char *url, int to, struct err *err)
{
	struct copy_in c = { .root = to, .path = "/" };
	AUTO_CLOSE int fd = dockerd_spool_open(b->d, err);

	if (fd < 0 || download(b, url, fd, err))
		return -1;
	if (!is_archive(fd))
		return place_dockerfile(to, fd, err) ? -1 : 1;
	return copy_in(&c, fd, err) ? err_wrap(err, "unpack the build context") : 0;
}

int build_fetch(struct build *b, const char *url, int to, struct err *err)
{
	return git_is_url(url) ? fetch_repository(b, url, false, to, err) : fetch_url(b, url, to, err) < 0 ? -1 : 0;
}

static int fetch_remote(struct build *b, struct err *err)
{
	int rc = fetch_url(b, b->o.remote, b->context, err);

	if (rc > 0) {
		free(b->o.dockerfile);
		b->o.dockerfile = xstrdup("Dockerfile");
	}
	return rc < 0 ? -1 : 0;
}

static int fetch(struct build *b, struct err *err)
{
	return !b->o.remote ? 0
	       : is_repository(b) ? fetch_repository(b, b->o.remote, keeps_git_dir(b), b->context, err)
				  : fetch_remote(b, err);
}

/* --- the Dockerfile ------------------------------------------------------------------------------- */

static int read_file(struct build *b, const char *name, size_t limit, struct strbuf *text,
		     struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(b->context, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is no file", name);
	return file_read_fd(fd, text, limit, err);
}

static int find_dockerfile(struct build *b, struct strbuf *text, struct err *err)
{
	const char *name = b->o.dockerfile;

	if (!read_file(b, name, DOCKERFILE_MAX, text, err))
		return 0;
	if (err->kind == ERR_NOT_FOUND && !strcmp(name, "Dockerfile")) {
		free(b->o.dockerfile);
		b->o.dockerfile = xstrdup("dockerfile");
		if (!read_file(b, "dockerfile", DOCKERFILE_MAX, text, err))
			return 0;
	}
	if (err->kind != ERR_NOT_FOUND)
		return err_wrap(err, "read the Dockerfile");
	return err_set(err, ERR_INVALID, "Cannot locate specified Dockerfile: %s", name);
}

/* --- what is not for the build ---------------------------------------------------------------------- */

/* Those beside the Dockerfile, or else the context's. */
static int read_rules(struct build *b, struct ignore *rules, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_FREE char *own = xasprintf("%s.dockerignore", b->o.dockerfile);

	if (read_file(b, own, IGNORE_MAX, &text, err) &&
	    (err->kind != ERR_NOT_FOUND || read_file(b, ".dockerignore", IGNORE_MAX, &text, err)))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	ignore_add_lines(rules, text.data ? text.data : "");
	return 0;
}

/* A client has left out what is ignored, but for these two: the daemon needs them. */
static void hide_two(struct build *b, const struct ignore *rules)
{
	AUTO_FREE char *dockerfile = ignore_clean(b->o.dockerfile);
	const char *const names[] = { ".dockerignore", dockerfile };

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *path = xasprintf("/%s", names[i]);
		AUTO_CLOSE int dir = -1;
		struct err ignored;
		const char *base;

		if (!ignore_chooses(rules, names[i]))
			continue;
		dir = kern_path_parent(b->context, path, 0, &base, &ignored);
		if (dir >= 0)
			unlinkat(dir, base, 0);
	}
}

static int hide_ignored(struct build *b, struct err *err)
{
	struct ignore rules = { 0 };
	int rc = read_rules(b, &rules, err);

	if (!rc && rules.patterns.n && is_repository(b))
		rc = tree_prune(b->context, &rules, err);
	else if (!rc && rules.patterns.n)
		hide_two(b, &rules);
	ignore_free(&rules);
	return rc;
}

/* A Dockerfile that the client sent for a context that is fetched is not part of that. */
static bool take_sent(struct build *b, struct strbuf *text)
{
	struct err ignored;

	return b->o.remote && !read_file(b, b->o.dockerfile, DOCKERFILE_MAX, text, &ignored) &&
	       !file_remove_tree(b->context, b->o.dockerfile, &ignored);
}

int build_context(struct build *b, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	bool sent = take_sent(b, &text);

	if (fetch(b, err) || (!sent && find_dockerfile(b, &text, err)))
		return -1;
	if (dockerfile_parse(text.data ? text.data : "", text.len, &b->file, err))
		return -1;
	return hide_ignored(b, err);
}
