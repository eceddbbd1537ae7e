/*
 * build_copy.c - see build.h: COPY and ADD, and WORKDIR, which makes a directory.
 *
 *   source          destination          becomes
 *   a directory     D                    D, with the directory's content in it
 *   a file          D/, or D is there    D/file
 *                   D                    D
 *   several         must end in a slash
 *   an archive      D (ADD only)         D, with the archive unpacked in it
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/ignore.h"
#include "01-kernel/path.h"
#include "03-containerd/tar_read.h"
#include "build.h"
#include "copy.h"
#include "task.h"

#define LINKS_MAX 40 /* as path_resolution(7) */

struct copying {
	const struct instruction *i;
	struct sources sources;
	struct ignore exclude;
	struct tree_copy how;
	char *chown;       /* "user:group", or NULL */
	char *letters;     /* of --chmod, or NULL */
	char *to;          /* absolute */
	bool to_dir;       /* it ends in a slash, or in a dot */
	bool parents, unpack;
};

/* A layer that `work` fills; nothing is left of it where that fails. */
static int in_layer(struct stage *s, char key[ID_SIZE], int (*work)(int root, void *arg, struct err *err),
		    void *arg, struct err *err)
{
	AUTO_CLOSE int root = layer_open(s, key, err);
	struct err ignored;

	if (root < 0)
		return -1;
	if (!work(root, arg, err))
		return 0;
	dockerd_snapshot_remove(s->b->d, key, &ignored);
	return -1;
}

/* --- the words ---------------------------------------------------------------------------------------- */

static int take_words(struct stage *s, const struct instruction *i, struct strlist *words,
		      struct err *err)
{
	dockerfile_list(i->rest, s->b->file.escape, words);
	if (words->n < 2)
		return err_set(err, ERR_INVALID, "%s requires at least two arguments, but only one was "
			       "provided. Destination could not be determined.", i->word);
	return 0;
}

static int take_chmod(struct stage *s, struct copying *c, struct err *err)
{
	const char *flag = step_flag(c->i, "chmod", 0);
	AUTO_FREE char *text = flag ? step_expand(s, flag, err) : NULL;
	unsigned long mode;
	mode_t some = 0;
	char *end;

	if (!text)
		return flag ? -1 : 0;
	c->how.chmod = true;
	if (chmod_apply(text, false, &some)) {
		c->how.letters = c->letters = steal_ptr(&text);
		return 0;
	}
	mode = strtoul(text, &end, 8);
	if (!*text || *end || mode > 07777)
		return err_set(err, ERR_INVALID, "invalid chmod parameter: '%s'. it should be octal string "
			       "and between 0 and 07777, or as in chmod(1)", text);
	c->how.mode = (mode_t)mode;
	return 0;
}

static int take_flags(struct stage *s, struct copying *c, struct err *err)
{
	const char *chown = step_flag(c->i, "chown", 0), *pattern;
	bool link;

	for (size_t n = 0; (pattern = step_flag(c->i, "exclude", n)); n++) {
		AUTO_FREE char *text = step_expand(s, pattern, err);

		if (!text)
			return -1;
		ignore_add(&c->exclude, text);
	}
	c->how.exclude = c->exclude.patterns.n ? &c->exclude : NULL;
	if (chown && !(c->chown = step_expand(s, chown, err)))
		return -1;
	c->how.chown = c->chown || !c->sources.preserve;
	c->unpack = !strcmp(c->i->word, "ADD");
	if (step_flag(c->i, "unpack", 0) && step_flag_bool(c->i, "unpack", &c->unpack, err))
		return -1;
	if (step_flag(c->i, "checksum", 0) && !(c->sources.n == 1 && c->sources.v[0].remote))
		return err_set(err, ERR_INVALID, "checksum can't be specified for non-HTTP(S) and non-Git sources");
	/* A layer of its own that depends on nothing below it is what every layer of ours is, but for the
	 * links that a destination may go through: so this has nothing to add. */
	if (step_flag_bool(c->i, "link", &link, err) || step_flag_bool(c->i, "parents", &c->parents, err))
		return -1;
	c->how.whole = c->parents;
	return take_chmod(s, c, err);
}

static int take_destination(struct stage *s, struct copying *c, const char *word, struct err *err)
{
	AUTO_FREE char *text = step_expand(s, word, err);

	if (!text)
		return -1;
	c->to_dir = str_ends(text, "/") || str_ends(text, "/.") || !strcmp(text, ".") || !*text;
	c->to = stage_path(s, text);
	if (c->sources.n > 1 && !c->to_dir)
		return err_set(err, ERR_INVALID, "When using %s with more than one source file, the "
			       "destination must be a directory and end with a /", c->i->word);
	return 0;
}

/* --- the digest ----------------------------------------------------------------------------------------- */

/* What is left out of it is not seen in its content then. */
static void digest_identity(const struct copying *c, const struct source *src, struct digester *d)
{
	digester_add(d, src->identity, strlen(src->identity) + 1);
	for (size_t n = 0; n < c->exclude.patterns.n; n++)
		digester_add(d, c->exclude.patterns.v[n], strlen(c->exclude.patterns.v[n]) + 1);
}

static int inputs(struct copying *c, char out[DIGEST_SIZE], struct err *err)
{
	AUTO_FREE char *how = xasprintf("%s %d %s %d %o%s", c->to, c->to_dir, c->chown ? c->chown : "",
					c->how.chmod, c->how.mode, c->letters ? c->letters : "");
	struct digester *d = digester_new();

	digester_add(d, how, strlen(how) + 1);
	for (size_t n = 0; n < c->sources.n; n++) {
		const struct source *src = &c->sources.v[n];

		digester_add(d, src->path, strlen(src->path) + 1);
		if (src->identity) {
			digest_identity(c, src, d);
		} else if (tree_digest(src->root, src->path, &c->how, d, err)) {
			digester_free(d);
			return err_wrap(err, "%s", src->path);
		}
	}
	digester_done(d, out);
	return 0;
}

/* --- placing them ------------------------------------------------------------------------------------------ */

/* A name in the destination, taken as a directory; the caller frees. */
static char *in_destination(const struct copying *c, const char *name)
{
	return xasprintf("%s/%s", strcmp(c->to, "/") ? c->to : "", name);
}

static bool is_dir(int root, const char *path)
{
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, path, O_PATH | O_DIRECTORY, 0, 0, &ignored);

	return fd >= 0;
}

/* An archive that can be unpacked: it has a first entry. */
static int is_archive(int fd, bool *yes, struct err *err)
{
	struct ctrd_tar_entry e;
	struct err ignored;
	struct ctrd_tar_in *in = ctrd_tar_in_open(fd, &ignored);
	bool end = false;

	*yes = in && !ctrd_tar_in_next(in, &e, &end, &ignored) && !end;
	ctrd_tar_in_close(in);
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, "read an archive") : 0;
}

static int unpack(const struct copying *c, int fd, int root, struct err *err)
{
	struct copy_in in = { .root = root, .path = c->to, .chown = c->chown != NULL, .uid = c->how.uid,
			      .gid = c->how.gid };

	return tree_mkdir(root, c->to, &c->how, err) || copy_in(&in, fd, err) ? -1 : 0;
}

/* Where a file of that name comes to lie: links that have the name are followed, as by the real builders; the
 * caller frees. */
static char *behind_links(int root, const char *path)
{
	char *now = xstrdup(path), target[PATH_MAX];

	for (unsigned n = 0; n < LINKS_MAX; n++) {
		struct err ignored;
		const char *base;
		AUTO_CLOSE int dir = kern_path_parent(root, now, 0, &base, &ignored);
		ssize_t len = dir < 0 ? -1 : readlinkat(dir, base, target, sizeof target - 1);
		char *next;

		if (len <= 0)
			break;
		target[len] = '\0';
		next = *target == '/' ? xstrdup(target) : xasprintf("%.*s%s", (int)(base - now), now, target);
		free(now);
		now = next;
	}
	return now;
}

static int place_file(const struct copying *c, const struct source *src, int root, struct err *err)
{
	const char *kept = c->parents ? src->path + src->skip : src->shown;
	bool into = c->to_dir || c->parents || is_dir(root, c->to);
	AUTO_FREE char *to = into ? in_destination(c, kept) : behind_links(root, c->to);
	AUTO_FREE char *dir = xstrndup(to, (size_t)(strrchr(to, '/') - to));

	if (c->how.exclude && ignore_chooses(c->how.exclude, c->parents ? kept : src->shown))
		return 0;
	if (*dir && tree_mkdir(root, dir, &c->how, err))
		return -1;
	return tree_copy(src->root, src->path, root, to, &c->how, err);
}

static int place(const struct copying *c, const struct source *src, int root, struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(src->root, src->path, O_RDONLY | O_NONBLOCK, 0, 0, err);
	struct stat st;
	bool archive = false;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (S_ISDIR(st.st_mode)) {
		AUTO_FREE char *to = c->parents && strcmp(src->path, ".")
					     ? in_destination(c, src->path + src->skip) : xstrdup(c->to);

		return tree_copy(src->root, src->path, root, to, &c->how, err);
	}
	if (c->unpack && (!src->remote || step_flag(c->i, "unpack", 0)) && is_archive(fd, &archive, err))
		return -1;
	return archive ? unpack(c, fd, root, err) : place_file(c, src, root, err);
}

static int place_all(int root, void *arg, struct err *err)
{
	struct copying *c = arg;

	if (c->chown && owner_parse(root, c->chown, &c->how.uid, &c->how.gid, err))
		return -1;
	/* A directory that several come into is none of theirs: it does not take one's mode. */
	if (c->sources.n > 1 && tree_mkdir(root, c->to, &c->how, err))
		return -1;
	for (size_t n = 0; n < c->sources.n; n++)
		if (place(c, &c->sources.v[n], root, err))
			return err_wrap(err, "%s failed", c->i->word);
	return 0;
}

static int fill(struct stage *s, char key[ID_SIZE], void *arg, struct err *err)
{
	return in_layer(s, key, place_all, arg, err);
}

/* --- the instructions ------------------------------------------------------------------------------------------ */

static const char *kind_of(const struct sources *v)
{
	return v->n != 1 ? "multi" : is_dir(v->v[0].root, v->v[0].path) ? "dir" : "file";
}

static int copy(struct stage *s, struct copying *c, struct err *err)
{
	AUTO_STRLIST struct strlist words = STRLIST_INIT;
	AUTO_FREE char *to = NULL, *text = NULL;
	char digest[DIGEST_SIZE];

	if (take_words(s, c->i, &words, err))
		return -1;
	to = words.v[--words.n];
	words.v[words.n] = NULL;
	if (sources_find(s, c->i, &words, &c->sources, err))
		return err_wrap(err, "%s failed", c->i->word);
	if (take_flags(s, c, err) || take_destination(s, c, to, err) || inputs(c, digest, err))
		return -1;
	text = xasprintf("/bin/sh -c #(nop) %s %s:%s in %s ", c->i->word, kind_of(&c->sources),
			 strchr(digest, ':') + 1, c->to);
	return stage_layer(s, &(struct layer_work){ text, digest, fill, c, true }, err);
}

static int run(struct stage *s, const struct instruction *i, struct err *err)
{
	struct copying c = { .i = i, .sources = { .view = -1 } };
	int rc = copy(s, &c, err);

	sources_free(&c.sources);
	ignore_free(&c.exclude);
	free(c.chown);
	free(c.letters);
	free(c.to);
	return rc;
}

int step_copy(struct stage *s, const struct instruction *i, struct err *err)
{
	return run(s, i, err);
}

int step_add(struct stage *s, const struct instruction *i, struct err *err)
{
	return run(s, i, err);
}

/* --- WORKDIR ------------------------------------------------------------------------------------------------- */

static int make_dir(int root, void *path, struct err *err)
{
	return tree_mkdir(root, path, &(struct tree_copy){ .chown = true }, err);
}

static int fill_dir(struct stage *s, char key[ID_SIZE], void *arg, struct err *err)
{
	return in_layer(s, key, make_dir, arg, err);
}

int step_workdir(struct stage *s, const struct instruction *i, struct err *err)
{
	AUTO_FREE char *given = step_expand(s, i->rest, err), *path = given ? stage_path(s, given) : NULL,
		       *text = NULL;

	if (!given)
		return -1;
	if (!*given)
		return err_set(err, ERR_INVALID, "cannot normalize nothing");
	if (json_object_set_new(stage_config(s), "WorkingDir", json_string(path)))
		return err_set(err, ERR_INVALID, "WORKDIR: not UTF-8");
	text = xasprintf("/bin/sh -c #(nop) WORKDIR %s", path);
	return stage_layer(s, &(struct layer_work){ text, path, fill_dir, path, true }, err);
}
