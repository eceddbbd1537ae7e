/*
 * build_context.c - see build.h.
 */
#include "build.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "digest.h"
#include "gzip.h"

#define FILE_LIMIT (2u << 20)

void cli_build_context_compress(struct cli_build_context *c)
{
	if (!c->source)
		return;
	c->gzip = cli_gzip_start(c->source, c->source_context);
	c->source = cli_gzip_read;
	c->source_context = c->gzip;
}

void cli_build_context_free(struct cli_build_context *c)
{
	cli_gzip_end(c->gzip);
	cli_pack_end(c->pack);
	free(c->dockerfile);
	free(c->remote);
	for (size_t i = 0; i < sizeof c->rules.extra / sizeof *c->rules.extra; i++) {
		free(c->rules.extra[i].name);
		free(c->rules.extra[i].text);
	}
	ignore_free(&c->ignore);
	cli_build_named_free(c);
	strbuf_free(&c->head);
}

static int read_fd(int fd, const char *shown, char **text, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	if (file_read_fd(fd, &sb, FILE_LIMIT, err))
		return err_wrap(err, "%s", shown);
	*text = strbuf_steal(&sb);
	return 0;
}

int cli_build_ignore(struct ignore *ignore, const char *path, int fd, char **text, struct err *err)
{
	if (read_fd(fd, path, text, err))
		return -1;
	ignore_add_lines(ignore, *text);
	return ignore_wrong(ignore) ? err_set(err, ERR_INVALID, "%s: \"%s\" is no pattern", path, ignore_wrong(ignore)) : 0;
}

/* ---- a directory --------------------------------------------------------- */

/* What brings a Dockerfile from elsewhere says with it that it is not part of the context: in rules of its own, which go
 * instead of those that are there. */
static void hide_brought(struct cli_build_context *c, const char *rules)
{
	if (!c->rules.extra[0].text)
		return;
	c->rules.extra[1] = (struct cli_pack_extra){
		xstrdup(".dockerignore"), xasprintf("%s\n%s\n", rules ? rules : ".dockerignore", c->dockerfile) };
	ignore_add(&c->ignore, ".dockerignore");
}

/* The file's own rules, or the context's. */
static int read_rules(struct cli_build_context *c, const char *dir, const char *file, struct err *err)
{
	AUTO_FREE char *own = file && strcmp(file, "-") ? xasprintf("%s.dockerignore", file) : NULL;
	AUTO_FREE char *shared = xasprintf("%s/.dockerignore", dir), *text = NULL;
	AUTO_CLOSE int fd = own ? open(own, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		fd = open(shared, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return cli_file_error("open", shared, err);
	if (fd >= 0 && cli_build_ignore(&c->ignore, own ? own : shared, fd, &text, err))
		return -1;
	/* The daemon needs these two, and hides them from the build itself. */
	if (c->ignore.patterns.n) {
		AUTO_FREE char *dockerfile = xasprintf("!%s", c->dockerfile);

		ignore_add(&c->ignore, "!.dockerignore");
		ignore_add(&c->ignore, dockerfile);
	}
	hide_brought(c, text);
	return 0;
}

/* A Dockerfile from elsewhere comes along under a name that no context has: its digest, so that the next build's context
 * is the same. */
static int bring(struct cli_build_context *c, int fd, const char *shown, struct err *err)
{
	struct cli_pack_extra *file = &c->rules.extra[0];
	char digest[CLI_SHA256_SIZE];

	if (read_fd(fd, shown, &file->text, err))
		return -1;
	file->name = xasprintf(".dockerfile.%.20s", cli_sha256(file->text, strlen(file->text), digest));
	c->dockerfile = xstrdup(file->name);
	return 0;
}

/* `file` is found from where we are; in the context it has the rest of its path. */
static int name_dockerfile(struct cli_build_context *c, const char *dir, const char *file, struct err *err)
{
	AUTO_FREE char *place = file ? xstrdup(file) : xasprintf("%s/Dockerfile", dir);
	AUTO_FREE char *real = NULL, *top = realpath(dir, NULL);
	AUTO_CLOSE int fd = -1;

	if (file && !strcmp(file, "-"))
		return bring(c, STDIN_FILENO, "standard input", err);
	if (!(real = realpath(place, NULL)))
		return err_set(err, ERR_NOT_FOUND, "unable to prepare context: unable to evaluate symlinks in "
			       "Dockerfile path: lstat %s: %s", place,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (top && str_starts(real, top) && real[strlen(top)] == '/') {
		c->dockerfile = xstrdup(real + strlen(top) + 1);
		return 0;
	}
	fd = open(real, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? cli_file_error("open", real, err) : bring(c, fd, real, err);
}

static int send_packed(struct cli_build_context *c, const char *dir, struct err *err)
{
	c->rules.ignore = &c->ignore;
	c->pack = cli_pack_context(dir, &c->rules, err);
	c->source = cli_pack_read;
	c->source_context = c->pack;
	return c->pack ? 0 : -1;
}

static int from_directory(struct cli_build_context *c, const char *dir, const char *file, struct err *err)
{
	struct stat st;

	if (stat(dir, &st))
		return err_set(err, ERR_NOT_FOUND, "unable to prepare context: path \"%s\" not found", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "unable to prepare context: context must be a directory: %s", dir);
	if (name_dockerfile(c, dir, file, err) || read_rules(c, dir, file, err))
		return -1;
	return send_packed(c, dir, err);
}

/* ---- standard input ------------------------------------------------------ */

static ssize_t read_stdin(void *context, char *buf, size_t size, struct err *err)
{
	struct cli_build_context *c = context;
	size_t left = c->head.len - c->head_at;
	ssize_t n;

	if (left) {
		n = (ssize_t)(left < size ? left : size);
		memcpy(buf, c->head.data + c->head_at, (size_t)n);
		c->head_at += (size_t)n;
		return n;
	}
	n = io_read(STDIN_FILENO, buf, size);
	return n < 0 ? err_sys(err, "read standard input") : n;
}

/* gzip, zstd, xz, bzip2, or ustar's magic in its place. */
static bool is_archive(const struct strbuf *head)
{
	static const char *const magics[] = { "\x1f\x8b", "\x28\xb5\x2f\xfd", ("\xfd" "7zXZ"), "BZh" };

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (head->len > 6 && !memcmp(head->data, magics[i], strlen(magics[i])))
			return true;
	return head->len >= 263 && !memcmp(head->data + 257, "ustar", 5);
}

static int from_stdin(struct cli_build_context *c, const char *file, struct err *err)
{
	char block[512];
	ssize_t n = io_read_full(STDIN_FILENO, block, sizeof block);

	if (file && !strcmp(file, "-"))
		return err_set(err, ERR_INVALID, "invalid argument: can't use stdin for both build context and "
			       "dockerfile");
	if (n < 0)
		return err_sys(err, "read standard input");
	strbuf_add(&c->head, block, (size_t)n);
	c->dockerfile = xstrdup(file ? file : "Dockerfile");
	if (is_archive(&c->head)) {
		if (c->rules.n_more)
			return err_set(err, ERR_UNSUPPORTED, "--build-context with a directory is not supported "
				       "beside an archive on standard input");
		c->source = read_stdin;
		c->source_context = c;
		return 0;
	}
	if (file)
		return err_set(err, ERR_INVALID, "ambiguous Dockerfile source: both stdin and flag correspond "
			       "to Dockerfiles");
	if (file_read_fd(STDIN_FILENO, &c->head, FILE_LIMIT, err))
		return err_wrap(err, "standard input");
	c->rules.extra[0] = (struct cli_pack_extra){ xstrdup("Dockerfile"), strbuf_steal(&c->head) };
	return send_packed(c, NULL, err);
}

bool cli_build_is_remote(const char *where)
{
	static const char *const remote[] = { "http://", "https://", "git://", "github.com/", "git@", "ssh://" };

	for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
		if (str_starts(where, remote[i]))
			return true;
	return false;
}

static int from_remote(struct cli_build_context *c, const char *where, const char *file, struct err *err)
{
	bool given = file && !strcmp(file, "-");

	c->remote = xstrdup(where);
	if (given && bring(c, STDIN_FILENO, "standard input", err))
		return -1;
	if (!given)
		c->dockerfile = xstrdup(file ? file : "Dockerfile");
	return given || c->rules.n_more ? send_packed(c, NULL, err) : 0;
}

int cli_build_context(struct cli_build_context *c, const char *where, const char *file, const struct strlist *named,
		      struct err *err)
{
	*c = (struct cli_build_context){ 0 };
	if (cli_build_named(c, named, err))
		return -1;
	return !strcmp(where, "-") ? from_stdin(c, file, err)
	       : cli_build_is_remote(where) ? from_remote(c, where, file, err) : from_directory(c, where, file, err);
}
