/*
 * pack.c - see pack.h.
 *
 * A thread walks the tree and writes into a pipe, so that it can be written as
 * the recursion that it is; the request reads the pipe's other end. Where the
 * request ends early, the thread's next write fails, and it ends too.
 */
#include "pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/base/file.h"
#include "cli.h"
#include "tar.h"

#define CHUNK (64u << 10)

struct cli_pack {
	pthread_t thread;
	int from, to; /* the pipe */
	char *path, *name;
	int rc; /* of the thread, and why: read after it has ended */
	struct err err;
	bool joined;
	struct links *links;
	const struct cli_pack_rules *rules; /* or NULL */
	/* Of the tree that is being packed: what is left out, and how much of a name leads to it. */
	const struct ignore *ignore;
	size_t top;
};

/* Files with several names that are in the archive already. */
struct links {
	dev_t dev;
	ino_t ino;
	char *name;
	struct links *next;
};

static int put(struct cli_pack *p, const void *data, size_t n, struct err *err)
{
	return io_write_full(p->to, data, n) ? err_sys(err, "write the archive") : 0;
}

static char type_of(mode_t mode)
{
	return S_ISDIR(mode) ? '5' : S_ISLNK(mode) ? '2' : S_ISCHR(mode) ? '3' : S_ISBLK(mode) ? '4' : S_ISFIFO(mode) ? '6' : '0';
}

/* A file is as long as its header said, whatever happens to it meanwhile. */
static int put_data(struct cli_pack *p, int fd, uint64_t size, const char *path, struct err *err)
{
	static const char zeros[CLI_TAR_BLOCK];
	AUTO_FREE char *buf = xmalloc(CHUNK);
	uint64_t left = size;

	while (left) {
		ssize_t n = io_read(fd, buf, left < CHUNK ? (size_t)left : CHUNK);
		if (n <= 0)
			return n ? cli_file_error("read", path, err)
				 : err_set(err, ERR_CONFLICT, "%s has become shorter while it was read", path);
		if (put(p, buf, (size_t)n, err))
			return -1;
		left -= (uint64_t)n;
	}
	return put(p, zeros, cli_tar_padding(size), err);
}

/* The name that the file has in the archive already, or NULL. */
static const char *known_link(struct cli_pack *p, const struct stat *st, const char *name)
{
	for (struct links *l = p->links; l; l = l->next)
		if (l->dev == st->st_dev && l->ino == st->st_ino)
			return l->name;
	struct links *l = xcalloc(1, sizeof *l);
	*l = (struct links){ st->st_dev, st->st_ino, xstrdup(name), p->links };
	p->links = l;
	return NULL;
}

static int put_entry(struct cli_pack *p, int dir, const char *base, const char *path, const char *name,
		     const struct stat *st, struct err *err)
{
	AUTO_STRBUF struct strbuf header = STRBUF_INIT;
	AUTO_FREE char *slashed = xasprintf("%s%s", name, S_ISDIR(st->st_mode) ? "/" : "");
	AUTO_CLOSE int fd = -1;
	char target[PATH_MAX];
	struct cli_tar_entry e = { .type = type_of(st->st_mode), .name = slashed, .mode = st->st_mode & 07777,
				   .uid = p->rules ? 0 : st->st_uid, .gid = p->rules ? 0 : st->st_gid,
				   .mtime = st->st_mtime };

	if (e.type == '2') {
		ssize_t n = readlinkat(dir, base, target, sizeof target - 1);
		if (n < 0)
			return cli_file_error("readlink", path, err);
		target[n] = 0;
		e.link = target;
	} else if (e.type == '3' || e.type == '4') {
		e.major = major(st->st_rdev);
		e.minor = minor(st->st_rdev);
	} else if (e.type == '0') {
		const char *first = st->st_nlink > 1 ? known_link(p, st, name) : NULL;
		e.type = first ? '1' : '0';
		e.link = (char *)first;
		e.size = first ? 0 : (uint64_t)st->st_size;
		if (!first && (fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
			return cli_file_error("open", path, err);
	}
	cli_tar_header(&header, &e);
	if (put(p, header.data, header.len, err))
		return -1;
	return fd >= 0 ? put_data(p, fd, e.size, path, err) : 0;
}

static int put_tree(struct cli_pack *p, int dir, const char *base, const char *path, const char *name,
		    struct err *err);

static bool is_left_out(const struct cli_pack *p, const char *name)
{
	return p->ignore && name[p->top] == '/' && ignore_chooses(p->ignore, name + p->top + 1);
}

static int put_children(struct cli_pack *p, int fd, const char *path, const char *name, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = fdopendir(dup(fd));
	const struct dirent *item;

	if (!d)
		return cli_file_error("open", path, err);
	while ((item = readdir(d))) {
		if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
			continue;
		AUTO_FREE char *below = xasprintf("%s/%s", path, item->d_name);
		AUTO_FREE char *inside = xasprintf("%s/%s", name, item->d_name);
		if (is_left_out(p, inside) && !p->ignore->exceptions)
			continue;
		if (put_tree(p, fd, item->d_name, below, inside, err))
			return -1;
	}
	return 0;
}

static int put_tree(struct cli_pack *p, int dir, const char *base, const char *path, const char *name,
		    struct err *err)
{
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW))
		return cli_file_error("lstat", path, err);
	if (S_ISSOCK(st.st_mode)) /* an archive has no place for it */
		return 0;
	/* In a directory that is left out there may be something that is wanted after all. */
	if (!is_left_out(p, name) && put_entry(p, dir, base, path, name, &st, err))
		return -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	AUTO_CLOSE int fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? cli_file_error("open", path, err) : put_children(p, fd, path, name, err);
}

static int put_extra(struct cli_pack *p, struct err *err)
{
	for (size_t i = 0; p->rules && i < sizeof p->rules->extra / sizeof *p->rules->extra; i++) {
		const struct cli_pack_extra *extra = &p->rules->extra[i];
		AUTO_STRBUF struct strbuf file = STRBUF_INIT;

		if (!extra->text)
			continue;
		cli_tar_file(&file, extra->name, 0600, extra->text, strlen(extra->text));
		if (put(p, file.data, file.len, err))
			return -1;
	}
	return 0;
}

static int put_top(struct cli_pack *p, const char *path, const char *name, const struct ignore *ignore, struct err *err)
{
	p->ignore = ignore;
	p->top = strlen(name);
	return put_tree(p, AT_FDCWD, path, path, name, err);
}

static int put_trees(struct cli_pack *p, struct err *err)
{
	const struct cli_pack_rules *rules = p->rules;

	if (p->path && put_top(p, p->path, p->name, rules ? rules->ignore : NULL, err))
		return -1;
	for (size_t i = 0; rules && i < rules->n_more; i++)
		if (put_top(p, rules->more[i].path, rules->more[i].name, &rules->more[i].ignore, err))
			return -1;
	return 0;
}

static void *pack_all(void *argument)
{
	struct cli_pack *p = argument;
	AUTO_STRBUF struct strbuf end = STRBUF_INIT;

	p->rc = put_extra(p, &p->err) || put_trees(p, &p->err) ? -1 : 0;
	cli_tar_end(&end);
	if (!p->rc)
		p->rc = put(p, end.data, end.len, &p->err);
	close(steal_fd(&p->to));
	return NULL;
}

static struct cli_pack *start(const char *path, const char *name, const struct cli_pack_rules *rules,
			      struct err *err)
{
	struct cli_pack *p = xcalloc(1, sizeof *p);
	int fds[2], rc;

	p->path = xstrdup(path);
	p->name = xstrdup(name);
	p->rules = rules;
	p->from = p->to = -1;
	p->joined = true;
	if (pipe2(fds, O_CLOEXEC)) {
		err_sys(err, "pipe");
		cli_pack_end(p);
		return NULL;
	}
	p->from = fds[0];
	p->to = fds[1];
	if ((rc = pthread_create(&p->thread, NULL, pack_all, p))) {
		err_errno(err, rc, "a thread to pack with");
		cli_pack_end(p);
		return NULL;
	}
	p->joined = false;
	return p;
}

struct cli_pack *cli_pack_start(const char *path, const char *name, struct err *err)
{
	return start(path, name, NULL, err);
}

struct cli_pack *cli_pack_context(const char *path, const struct cli_pack_rules *rules, struct err *err)
{
	AUTO_FREE char *content = path ? xasprintf("%s/.", path) : NULL;

	return start(content, ".", rules, err);
}

static void join(struct cli_pack *p)
{
	if (!p->joined)
		pthread_join(p->thread, NULL);
	p->joined = true;
}

ssize_t cli_pack_read(void *pack, char *buf, size_t size, struct err *err)
{
	struct cli_pack *p = pack;
	ssize_t n = io_read(p->from, buf, size);

	if (n > 0)
		return n;
	join(p);
	if (p->rc)
		*err = p->err;
	return p->rc ? -1 : n;
}

void cli_pack_end(struct cli_pack *p)
{
	if (!p)
		return;
	if (p->from >= 0)
		close(p->from);
	join(p);
	if (p->to >= 0)
		close(p->to);
	while (p->links) {
		struct links *next = p->links->next;
		free(p->links->name);
		free(p->links);
		p->links = next;
	}
	free(p->path);
	free(p->name);
	free(p);
}
