/*
 * build_stub.c - see build.h: files and directories that a step's mounts needed, and its layer does not.
 *
 * A container's /etc/hosts is bound over a file, so there must be one; the runtime makes it, and
 * nothing says afterwards that the program did not. So what is missing is noted before, and what is still
 * empty is taken away after; the directory gets its time back, or the layer would have it for that alone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/path.h"
#include "build.h"

static void add(int root, const char *part, struct stubs *st)
{
	AUTO_FREE char *above = xstrndup(part, (size_t)(strrchr(part, '/') - part));
	struct err ignored;
	AUTO_CLOSE int dir = kern_path_open(root, *above ? above : "/", O_PATH, 0, 0, &ignored);
	struct stat s = { 0 };

	if (dir >= 0)
		fstat(dir, &s);
	st->times = xrealloc(st->times, (st->made.n + 1) * sizeof *st->times);
	st->times[st->made.n] = s.st_mtim;
	strlist_add(&st->made, part);
	strlist_add(&st->above, *above ? above : "/");
}

/* Every part of the path that is missing. */
static void note_missing(int root, const char *path, struct stubs *st)
{
	for (const char *p = path + 1;; p++) {
		AUTO_FREE char *part = NULL;
		struct err ignored;
		AUTO_CLOSE int fd = -1;

		p += strcspn(p, "/");
		part = xstrndup(path, (size_t)(p - path));
		fd = kern_path_open(root, part, O_PATH | O_NOFOLLOW, 0, 0, &ignored);
		if (fd < 0)
			add(root, part, st);
		if (!*p)
			return;
	}
}

void stubs_note(int root, const struct strlist *targets, struct stubs *st)
{
	static const char *const standard[] = { "/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/proc",
						"/sys", "/dev" };

	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		note_missing(root, standard[i], st);
	for (size_t i = 0; i < targets->n; i++)
		note_missing(root, targets->v[i], st);
}

static void remove_one(int root, const struct stubs *st, size_t i)
{
	struct err ignored;
	AUTO_CLOSE int dir = kern_path_open(root, st->above.v[i], O_RDONLY | O_DIRECTORY, 0, 0, &ignored);
	const char *name = strrchr(st->made.v[i], '/') + 1;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st->times[i] };
	struct stat s;

	if (dir < 0 || fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISDIR(s.st_mode) ? unlinkat(dir, name, AT_REMOVEDIR)
			       : !S_ISREG(s.st_mode) || s.st_size || unlinkat(dir, name, 0))
		return;
	if (st->times[i].tv_sec)
		futimens(dir, times);
}

void stubs_remove(int root, struct stubs *st)
{
	for (size_t i = st->made.n; i-- > 0;)
		remove_one(root, st, i);
}

void stubs_free(struct stubs *st)
{
	strlist_free(&st->made);
	strlist_free(&st->above);
	free(st->times);
}
