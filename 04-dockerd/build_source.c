/*
 * build_source.c - see build.h: what stands between COPY or ADD and the destination.
 *
 *     a path of the context, or of the tree that --from names; a pattern of such
 *     a here-document             (a file in a directory of its own)
 *     an URL, to ADD              (the same), or the repository that it names
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "build.h"
#include "download.h"
#include "git.h"

void sources_free(struct sources *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->v[i].own_root)
			close(v->v[i].root);
		free(v->v[i].path);
		free(v->v[i].shown);
		free(v->v[i].identity);
	}
	free(v->v);
	if (v->view >= 0)
		close(v->view);
	*v = (struct sources){ .view = -1 };
}

static struct source *add(struct sources *out, int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct source *s;

	out->v = xrealloc(out->v, (out->n + 1) * sizeof *out->v);
	s = &out->v[out->n++];
	*s = (struct source){ .root = root, .path = xstrdup(path), .shown = xstrdup(slash ? slash + 1 : path) };
	return s;
}

/* --- a tree's files ------------------------------------------------------------------------------- */

/* The names in a directory that one part of a pattern matches. */
static void matching(int root, const char *dir, const char *part, struct strlist *out)
{
	struct err ignored;
	int fd = kern_path_open(root, dir, O_RDONLY | O_DIRECTORY, 0, 0, &ignored);
	AUTO_CLOSEDIR DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (fd >= 0 && !list)
		close(fd);
	while (list && (e = readdir(list)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && ignore_match(part, e->d_name))
			strlist_addf(out, "%s%s%s", strcmp(dir, ".") ? dir : "", strcmp(dir, ".") ? "/" : "",
				     e->d_name);
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* "a", "a/b" and so on, in order: all directories below `dir`, and it; for a part "**". */
static void descend(int root, const char *dir, unsigned depth, struct strlist *out)
{
	AUTO_STRLIST struct strlist inner = STRLIST_INIT;

	strlist_add(out, dir);
	if (depth > 100)
		return;
	matching(root, dir, "*", &inner);
	for (size_t i = 0; i < inner.n; i++) {
		struct err ignored;
		AUTO_CLOSE int fd = kern_path_open(root, inner.v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0,
						   &ignored);

		if (fd >= 0)
			descend(root, inner.v[i], depth + 1, out);
	}
}

/* Part after part: what matches so far is where the next one is looked for. */
static void expand_pattern(int root, const char *pattern, struct strlist *found)
{
	AUTO_FREE char *copy = xstrdup(pattern);
	char *save = NULL;

	strlist_add(found, ".");
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		struct strlist next = STRLIST_INIT;

		for (size_t i = 0; i < found->n; i++) {
			const char *dir = found->v[i];

			if (!strcmp(part, "**"))
				descend(root, dir, 0, &next);
			else if (is_pattern(part))
				matching(root, dir, part, &next);
			else
				strlist_addf(&next, "%s%s%s", strcmp(dir, ".") ? dir : "",
					     strcmp(dir, ".") ? "/" : "", part);
		}
		strlist_free(found);
		*found = next;
	}
	strlist_sort(found);
}

static bool is_there(int root, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(root, path, O_PATH, 0, 0, err);

	return fd >= 0;
}

/* "a/./b/c": --parents keeps "b/c". How much of the path is not kept. */
static size_t before_pivot(const char *word)
{
	const char *pivot = strstr(word, "/./");
	AUTO_FREE char *front = pivot ? xstrndup(word, (size_t)(pivot - word)) : NULL;
	AUTO_FREE char *clean = front ? ignore_clean(front) : NULL;

	return clean && strcmp(clean, ".") ? strlen(clean) + 1 : 0;
}

static int add_paths(int root, const char *word, struct sources *out, struct err *err)
{
	AUTO_STRLIST struct strlist found = STRLIST_INIT;
	AUTO_FREE char *path = ignore_clean(word);
	size_t before = out->n, skip = before_pivot(word);

	if (!is_pattern(path)) {
		if (!is_there(root, path, err))
			return err->kind != ERR_NOT_FOUND ? -1
			       : err_set(err, ERR_NOT_FOUND, "file not found in build context or excluded by "
					 ".dockerignore: stat %s: file does not exist", path);
		add(out, root, path)->skip = skip;
		return 0;
	}
	expand_pattern(root, path, &found);
	for (size_t i = 0; i < found.n; i++)
		if (is_there(root, found.v[i], err))
			add(out, root, found.v[i])->skip = skip;
	if (out->n == before)
		return err_set(err, ERR_NOT_FOUND, "no source files were specified");
	return 0;
}

/* --- files of our own ---------------------------------------------------------------------------------- */

/* A directory for one file, which becomes a source. */
static int own_dir(struct build *b, const char *what, const char *name, struct sources *out,
		   struct err *err)
{
	AUTO_FREE char *dir = build_temporary(b, b->dir, what);
	int root;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_INVALID, "\"%s\" cannot be a file's name", name);
	if (file_mkdir_p(dir, 0700, err))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open %s", dir);
	add(out, root, name)->own_root = true;
	return root;
}

static int add_heredoc(struct stage *s, const struct heredoc *h, struct sources *out, struct err *err)
{
	AUTO_FREE char *text = step_expand_heredoc(s, h, err);
	int root = text ? own_dir(s->b, "heredoc", h->name, out, err) : -1;

	if (root < 0 || file_write_new(root, h->name, text, strlen(text), 0644, err))
		return -1;
	return fchmodat(root, h->name, 0644, 0) ? err_sys(err, "write %s", h->name) : 0;
}

static bool is_url(const char *word)
{
	return str_starts(word, "http://") || str_starts(word, "https://");
}

/* "github.com/x" may be a directory of the context. */
static bool is_repository(const char *word)
{
	return git_is_url(word) && !str_starts(word, "github.com/");
}

/* What the flag says, or NULL; the caller frees. */
static int take_checksum(struct stage *s, const struct instruction *i, char **sum, struct err *err)
{
	const char *flag = step_flag(i, "checksum", 0);

	*sum = flag ? step_expand(s, flag, err) : NULL;
	return flag && !*sum ? -1 : 0;
}

static int check_digest(int fd, const char *wanted, struct err *err)
{
	struct digester *d = digester_new();
	char got[DIGEST_SIZE], block[65536];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) > 0)
		digester_add(d, block, (size_t)n);
	digester_done(d, got);
	if (n < 0)
		return err_sys(err, "read what was downloaded");
	return strcmp(wanted, got) ? err_set(err, ERR_INVALID, "digest mismatch %s: %s", got, wanted)
					     : 0;
}

static int add_url(struct stage *s, const struct instruction *i, const char *url, struct sources *out,
		   struct err *err)
{
	AUTO_FREE char *path = xstrndup(url, strcspn(url, "?#"));
	AUTO_FREE char *sum = NULL, *header = build_auth_http(s->b, url);
	char *where = strstr(path, "://") + 3;
	const char *name;
	struct timespec times[2] = { { 0 } };
	AUTO_CLOSE int fd = -1;
	struct download got = { .header = header };
	int root;

	if (take_checksum(s, i, &sum, err))
		return -1;
	if (sum && !digest_valid(sum))
		return err_set(err, ERR_INVALID, "invalid checksum digest format: %s", sum);
	while (str_ends(where, "/"))
		where[strlen(where) - 1] = '\0';
	if (!strchr(where, '/'))
		return err_set(err, ERR_INVALID, "cannot determine filename for source %s", url);
	name = strrchr(where, '/') + 1;
	root = own_dir(s->b, "url", name, out, err);
	if (root < 0)
		return -1;
	out->v[out->n - 1].remote = true;
	fd = openat(root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s", name);
	if (stage_say(s, err, "Downloading %s\n", url) || dockerd_download(url, fd, &got, err) ||
	    (sum && (lseek(fd, 0, SEEK_SET) < 0 || check_digest(fd, sum, err))))
		return -1;
	times[0].tv_sec = times[1].tv_sec = got.modified > 0 ? got.modified : 0;
	return futimens(fd, times) ? err_sys(err, "set the time of %s", name) : 0;
}

static int add_git(struct stage *s, const struct instruction *i, const char *url, struct sources *out,
		   struct err *err)
{
	AUTO_FREE char *identity = NULL, *sum = NULL;
	struct source *src;
	bool keep;
	int root;

	if (step_flag_bool(i, "keep-git-dir", &keep, err) || take_checksum(s, i, &sum, err) ||
	    stage_say(s, err, "Fetching %s\n", url))
		return -1;
	root = build_git(s->b, url, keep, &identity, err);
	if (root < 0)
		return -1;
	src = add(out, root, ".");
	src->own_root = src->remote = true;
	src->identity = steal_ptr(&identity);
	return !sum || str_starts(src->identity, sum)
		       ? 0 : err_set(err, ERR_INVALID, "expected checksum to match %s, got %.*s", sum,
				     (int)strcspn(src->identity, ":"), src->identity);
}

/* --- all of them ------------------------------------------------------------------------------------------ */

int source_tree(struct stage *s, const char *name, struct err *err)
{
	int files = context_of_files(s->b, name), fd;
	struct stage *other = stage_find(s, name);
	AUTO_JSON json_t *image = NULL;

	if (files >= 0) {
		fd = fcntl(files, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? err_sys(err, "build context %s", name) : fd;
	}
	if (!other && stage_is_later(s, name))
		return err_set(err, ERR_INVALID, "invalid from flag value %s: refers to this build stage, or one after it", name);
	if (other)
		return stage_await(s, other, err) ? -1 : layer_view(s->b, other->chain, err);
	image = build_image(s, name, NULL, err);
	return image ? layer_view(s->b, jsonx_str(image, "chainID", ""), err)
		     : err_wrap(err, "invalid from flag value %s", name);
}

static int add_word(struct stage *s, const struct instruction *i, const char *word, size_t *heredocs,
		    struct sources *out, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (str_starts(word, "<<") && *heredocs < i->n_heredocs)
		return add_heredoc(s, &i->heredocs[(*heredocs)++], out, err);
	path = step_expand(s, word, err);
	if (!path)
		return -1;
	if (is_url(path) || is_repository(path))
		return strcmp(i->word, "ADD") ? err_set(err, ERR_INVALID, "source can't be a URL for %s", i->word)
		       : is_repository(path) ? add_git(s, i, path, out, err) : add_url(s, i, path, out, err);
	return add_paths(out->view >= 0 ? out->view : s->b->context, path, out, err);
}

int sources_find(struct stage *s, const struct instruction *i, const struct strlist *words,
		 struct sources *out, struct err *err)
{
	const char *from = step_flag(i, "from", 0);
	size_t heredocs = 0;

	*out = (struct sources){ .view = -1 };
	if (from && (out->view = source_tree(s, from, err)) < 0)
		return -1;
	out->preserve = from != NULL;
	for (size_t w = 0; w < words->n; w++)
		if (add_word(s, i, words->v[w], &heredocs, out, err))
			return -1;
	return 0;
}
