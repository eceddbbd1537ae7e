/*
 * build_tree.c - see build.h: files from a tree that somebody else made into another such.
 *
 * The two ends are resolved by the kernel within their roots; from there on it goes by single names
 * and descriptors, and nothing is followed. A directory comes over one that is there; over anything
 * else, or anything else over a directory, nothing comes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/ignore.h"
#include "01-kernel/path.h"
#include "build.h"

#define DEPTH_MAX 400 /* two descriptors for each level */
#define XATTRS_MAX 65536

/* --- directories ----------------------------------------------------------------------------------- */

/* Its names in order. */
static int names_of(int dir, struct strlist *names, struct err *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!list)
		return err_sys(err, "read a directory");
	while ((e = readdir(list)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strlist_add(names, e->d_name);
	strlist_sort(names);
	return 0;
}

static bool is_excluded(const struct tree_copy *t, const char *path)
{
	return t->exclude && ignore_chooses(t->exclude, path);
}

static char *below(const char *path, const char *name)
{
	return xasprintf("%s%s%s", path, *path ? "/" : "", name);
}

/* --- the digest ----------------------------------------------------------------------------------------- */

static void add_text(struct digester *d, const char *text)
{
	digester_add(d, text, strlen(text) + 1);
}

static int add_data(int fd, struct digester *d, struct err *err)
{
	AUTO_FREE char *block = xmalloc(1 << 18);
	ssize_t n;

	while ((n = read(fd, block, 1 << 18)) > 0)
		digester_add(d, block, (size_t)n);
	return n < 0 ? err_sys(err, "read") : 0;
}

static void add_look(const struct stat *st, const char *path, const struct tree_copy *t,
		     struct digester *d)
{
	AUTO_FREE char *look = xasprintf("%o %u:%u %lld %llx", st->st_mode, t->chown ? 0 : st->st_uid,
					 t->chown ? 0 : st->st_gid,
					 S_ISREG(st->st_mode) ? (long long)st->st_size : 0,
					 (unsigned long long)st->st_rdev);

	add_text(d, path);
	add_text(d, look);
}

static int digest_dir(int dir, const char *path, unsigned depth, const struct tree_copy *t,
		      struct digester *d, struct err *err);

static int digest_entry(int dir, const char *name, const char *path, unsigned depth,
			const struct tree_copy *t, struct digester *d, struct err *err)
{
	char target[PATH_MAX] = "";
	struct stat st;
	AUTO_CLOSE int fd = -1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", path);
	add_look(&st, path, t, d);
	if (S_ISLNK(st.st_mode)) {
		if (readlinkat(dir, name, target, sizeof target - 1) < 0)
			return err_sys(err, "read link %s", path);
		add_text(d, target);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	return S_ISDIR(st.st_mode) ? digest_dir(fd, path, depth + 1, t, d, err) : add_data(fd, d, err);
}

static int digest_dir(int dir, const char *path, unsigned depth, const struct tree_copy *t,
		      struct digester *d, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INVALID, "%.100s...: directories nested too deeply", path);
	if (names_of(dir, &names, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *inner = below(path, names.v[i]);

		if (!is_excluded(t, inner) &&
		    digest_entry(dir, names.v[i], inner, depth, t, d, err))
			return -1;
	}
	return 0;
}

int tree_digest(int root, const char *path, const struct tree_copy *t, struct digester *d,
		struct err *err)
{
	AUTO_CLOSE int fd = kern_path_open(root, path, O_PATH, 0, 0, err), again = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	add_look(&st, "", t, d);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	again = kern_path_open(root, path, O_RDONLY | O_NONBLOCK, 0, 0, err);
	if (again < 0)
		return -1;
	return S_ISDIR(st.st_mode) ? digest_dir(again, "", 0, t, d, err) : add_data(again, d, err);
}

/* --- what a copy looks like ------------------------------------------------------------------------------ */

static int copy_xattrs(int from, int to)
{
	char names[XATTRS_MAX], value[XATTRS_MAX];
	ssize_t n = flistxattr(from, names, sizeof names);

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -1;
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, sizeof value);

		/* overlayfs is steered by trusted.*, and labels are the machine's */
		if (size < 0 || str_starts(name, "trusted.") || !strcmp(name, "security.selinux"))
			continue;
		if (fsetxattr(to, name, value, (size_t)size, 0) && errno != EOPNOTSUPP && errno != EPERM)
			return -1;
	}
	return 0;
}

static uid_t uid_of(const struct tree_copy *t, const struct stat *st)
{
	return t->chown ? t->uid : st->st_uid;
}

static gid_t gid_of(const struct tree_copy *t, const struct stat *st)
{
	return t->chown ? t->gid : st->st_gid;
}

static mode_t mode_of(const struct tree_copy *t, const struct stat *st)
{
	mode_t mode = st->st_mode & 07777;

	if (t->chmod && t->letters)
		chmod_apply(t->letters, S_ISDIR(st->st_mode), &mode);
	return t->chmod && !t->letters ? t->mode : mode;
}

/* Owner first: chown clears set-user-ID bits and capabilities; times last. */
static int set_look(int from, int to, const struct stat *st, const struct tree_copy *t)
{
	struct timespec times[2] = { st->st_mtim, st->st_mtim };

	return fchown(to, uid_of(t, st), gid_of(t, st)) ||
			       fchmod(to, mode_of(t, st)) ||
			       copy_xattrs(from, to) || futimens(to, times)
		       ? -1 : 0;
}

static int set_look_at(int dir, const char *name, const struct stat *st, const struct tree_copy *t)
{
	struct timespec times[2] = { st->st_mtim, st->st_mtim };

	return fchownat(dir, name, uid_of(t, st), gid_of(t, st), AT_SYMLINK_NOFOLLOW) ||
			       utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW)
		       ? -1 : 0;
}

/* --- copying ------------------------------------------------------------------------------------------------ */

static int copy_data(int in, int out)
{
	AUTO_FREE char *block = NULL;
	ssize_t n;

	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
		;
	if (!n || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
		return (int)n;
	block = xmalloc(1 << 18);
	while ((n = read(in, block, 1 << 18)) > 0)
		if (io_write_full(out, block, (size_t)n))
			return -1;
	return (int)n;
}

/* Away with what stands there; a directory stays, and is no place for a file. */
static int make_room(int to, const char *as, struct err *err)
{
	struct stat st;

	if (fstatat(to, as, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, "stat");
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "cannot copy to directory: %s", as);
	return unlinkat(to, as, 0) ? err_sys(err, "remove") : 0;
}

static int copy_file(int in, int to, const char *as, const struct stat *st, const struct tree_copy *t,
		     struct err *err)
{
	AUTO_CLOSE int out = -1;

	if (make_room(to, as, err))
		return -1;
	out = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || copy_data(in, out) || set_look(in, out, st, t))
		return err_sys(err, "copy");
	return 0;
}

static int copy_other(int dir, const char *name, int to, const char *as, const struct stat *st,
		      const struct tree_copy *t, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n;

	if (S_ISSOCK(st->st_mode))
		return 0;
	if (make_room(to, as, err))
		return -1;
	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, target, sizeof target - 1);
		if (n < 0)
			return err_sys(err, "read link");
		target[n] = '\0';
		return symlinkat(target, to, as) || set_look_at(to, as, st, t) ? err_sys(err, "copy") : 0;
	}
	if (mknodat(to, as, (st->st_mode & S_IFMT) | mode_of(t, st), st->st_rdev) ||
	    set_look_at(to, as, st, t))
		return err_sys(err, "copy");
	return 0;
}

static int copy_dir(int from, int to, const char *path, unsigned depth, const struct tree_copy *t,
		    struct err *err);

static int copy_subdir(int dir, const char *name, int to, const char *path, const struct stat *st,
		       unsigned depth, const struct tree_copy *t, struct err *err)
{
	AUTO_CLOSE int in = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -1;

	if (in < 0)
		return err_sys(err, "open");
	if (mkdirat(to, name, 0700) && errno != EEXIST)
		return err_sys(err, "make the directory");
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return errno == ENOTDIR || errno == ELOOP
			       ? err_set(err, ERR_INVALID, "cannot copy to non-directory: %s", path)
			       : err_sys(err, "open");
	if (copy_dir(in, out, path, depth + 1, t, err))
		return -1;
	return set_look(in, out, st, t) ? err_sys(err, "copy") : 0;
}

static int copy_entry(int dir, const char *name, int to, const char *path, unsigned depth,
		      const struct tree_copy *t, struct err *err)
{
	AUTO_CLOSE int in = -1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat");
	if (S_ISDIR(st.st_mode))
		return copy_subdir(dir, name, to, path, &st, depth, t, err);
	if (!S_ISREG(st.st_mode))
		return copy_other(dir, name, to, name, &st, t, err);
	in = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return in < 0 ? err_sys(err, "open") : copy_file(in, to, name, &st, t, err);
}

static int copy_dir(int from, int to, const char *path, unsigned depth, const struct tree_copy *t,
		    struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INVALID, "%.100s...: directories nested too deeply", path);
	if (names_of(from, &names, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *inner = below(path, names.v[i]);

		if (!is_excluded(t, inner) &&
		    copy_entry(from, names.v[i], to, inner, depth, t, err))
			return err_wrap(err, "%.300s", inner);
	}
	return 0;
}

/* --- pruning ------------------------------------------------------------------------------------------------ */

static int prune_dir(int dir, const char *path, unsigned depth, const struct ignore *rules, struct err *err);

static int prune_entry(int dir, const char *name, const char *path, unsigned depth, const struct ignore *rules,
		       struct err *err)
{
	AUTO_CLOSE int inner = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool chosen = ignore_chooses(rules, path);

	if (chosen && !rules->exceptions)
		return file_remove_tree(dir, name, err);
	if (inner >= 0 && prune_dir(inner, path, depth + 1, rules, err))
		return -1;
	/* A directory stays for the sake of what is wanted in it after all. */
	return !chosen || !unlinkat(dir, name, inner >= 0 ? AT_REMOVEDIR : 0) || errno == ENOTEMPTY
		       ? 0 : err_sys(err, "leave out %s", path);
}

static int prune_dir(int dir, const char *path, unsigned depth, const struct ignore *rules, struct err *err)
{
	AUTO_STRLIST struct strlist names = STRLIST_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INVALID, "%.100s...: directories nested too deeply", path);
	if (names_of(dir, &names, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *inner = below(path, names.v[i]);

		if (prune_entry(dir, names.v[i], inner, depth, rules, err))
			return -1;
	}
	return 0;
}

int tree_prune(int root, const struct ignore *rules, struct err *err)
{
	return prune_dir(root, "", 0, rules, err);
}

/* --- the two ends --------------------------------------------------------------------------------------------- */

static bool exists(int root, const char *path)
{
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, path, O_PATH, 0, 0, &ignored);

	return fd >= 0;
}

int tree_mkdir(int root, const char *path, const struct tree_copy *t, struct err *err)
{
	AUTO_CLOSE int made = -1;
	const char *p = path;

	/* From the first that is missing, all are made, and the owner's. */
	while (*p) {
		AUTO_FREE char *prefix = NULL;
		AUTO_CLOSE int fd = -1;
		char proc[KERN_PATH_PROC_SIZE];

		p += strspn(p, "/");
		p += strcspn(p, "/");
		prefix = xstrndup(path, (size_t)(p - path));
		if (exists(root, prefix))
			continue;
		fd = kern_path_mkdir_p(root, prefix, 0755, err);
		if (fd < 0)
			return -1;
		if (t->chown && chown(kern_path_proc(fd, proc), t->uid, t->gid))
			return err_sys(err, "chown %s", prefix);
	}
	made = kern_path_open(root, path, O_PATH | O_DIRECTORY, 0, 0, err);
	return made < 0 ? -1 : 0;
}

static int copy_top_dir(int in, int to_root, const char *to, const struct stat *st,
			const struct tree_copy *t, struct err *err)
{
	bool there = exists(to_root, to);
	AUTO_CLOSE int out = -1;

	if (!there && tree_mkdir(to_root, to, t, err))
		return -1;
	out = kern_path_open(to_root, to, O_RDONLY | O_DIRECTORY, 0, 0, err);
	if (out < 0)
		return err->errnum == ENOTDIR ? err_set(err, ERR_INVALID,
							"cannot copy to non-directory: %s", to) : -1;
	if (copy_dir(in, out, "", 0, t, err))
		return -1;
	/* Otherwise it is a new one, as its parents are, however the source's looks. */
	return !there && (t->whole || t->chmod) && set_look(in, out, st, t) ? err_sys(err, "copy") : 0;
}

int tree_copy(int root, const char *path, int to_root, const char *to, const struct tree_copy *t,
	      struct err *err)
{
	AUTO_CLOSE int look = kern_path_open(root, path, O_PATH, 0, 0, err), in = -1, dir = -1;
	const char *base;
	struct stat st;

	if (look < 0 || fstat(look, &st))
		return -1;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is neither a file nor a directory", path);
	in = kern_path_open(root, path, O_RDONLY | O_NONBLOCK, 0, 0, err);
	if (in < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return copy_top_dir(in, to_root, to, &st, t, err);
	dir = kern_path_parent(to_root, to, 0755, &base, err);
	return dir < 0 ? -1 : copy_file(in, dir, base, &st, t, err);
}
