/*
 * test_path.c - a hostile tree cannot lead out of its root (openat2(2)).
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "01-kernel/path.h"

/* A root with a file, and links that point out of it in every way. */
static int hostile_root(const char **dir)
{
	*dir = scratch();
	mkdirat(AT_FDCWD, *dir, 0755);
	write_file(*dir, "file", "inside\n");
	if (chdir(*dir) || mkdir("etc", 0755) || mkdir("real", 0755) ||
	    symlink("/etc", "abs") || symlink("../../../../etc", "up") ||
	    symlink("/run/made/later", "dangling") || symlink("/run/other", "real/dangling") ||
	    symlink("sub/later", "real/relative") || symlink("loop", "loop") ||
	    symlink("/proc/self/root/etc", "magic"))
		perror("hostile root");
	write_file(*dir, "etc/passwd", "not the machine's\n");
	if (chdir("/"))
		perror("chdir");
	return open(*dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The name of what fd is open on, relative to the root. */
static bool leads_to(int fd, const char *root, const char *want)
{
	char proc[KERN_PATH_PROC_SIZE], name[PATH_MAX];
	ssize_t n = readlink(kern_path_proc(fd, proc), name, sizeof name - 1);
	AUTO_FREE char *expected = xasprintf("%s%s", root, want);

	name[n < 0 ? 0 : n] = '\0';
	if (strcmp(name, expected))
		fprintf(stderr, "\nexpected %s, got %s\n", expected, name);
	return !strcmp(name, expected);
}

static void links_stay_inside(void)
{
	static const struct { const char *path, *leads; } cases[] = {
		{ "abs/passwd", "/etc/passwd" },       { "up/passwd", "/etc/passwd" },
		{ "/etc/passwd", "/etc/passwd" },      { "../../etc/passwd", "/etc/passwd" },
		{ "etc/../../../file", "/file" },      { "/", "" },
		{ "", "" },                            { "real/./..//file", "/file" },
	};
	const char *dir;
	AUTO_CLOSE int root = hostile_root(&dir);
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_CLOSE int fd = kern_path_open(root, cases[i].path, O_PATH, 0, 0, &err);

		OK(fd < 0);
		CU_ASSERT(leads_to(fd, dir, cases[i].leads));
	}
}

static void what_cannot_be_opened(void)
{
	const char *dir;
	AUTO_CLOSE int root = hostile_root(&dir);
	struct err err;

	FAILS(kern_path_open(root, "absent", O_RDONLY, 0, 0, &err) < 0, ERR_NOT_FOUND, "absent");
	FAILS(kern_path_open(root, "dangling", O_RDONLY, 0, 0, &err) < 0, ERR_NOT_FOUND, "dangling");
	FAILS(kern_path_open(root, "loop", O_RDONLY, 0, 0, &err) < 0, ERR_INVALID, "symbolic link");
	FAILS(kern_path_open(root, "abs/passwd", O_RDONLY, 0, RESOLVE_NO_SYMLINKS, &err) < 0,
	      ERR_INVALID, "symbolic link");
}

/* A proc mounted inside the root has links that jump anywhere. */
static void magic_links_are_refused(void)
{
	const char *dir = scratch();
	AUTO_CLOSE int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *proc = xasprintf("%s/proc", dir);
	struct err err;

	if (mkdir(proc, 0755) || mount("proc", proc, "proc", 0, NULL))
		SKIP("no proc can be mounted here");
	FAILS(kern_path_open(root, "proc/self/root/etc/passwd", O_RDONLY, 0, 0, &err) < 0,
	      ERR_INVALID, "symbolic link");
	FAILS(kern_path_open(root, "proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV, &err) < 0,
	      ERR_INVALID, "another mount");
	umount2(proc, MNT_DETACH);
}

static void directories_are_made_inside(void)
{
	const char *dir;
	AUTO_CLOSE int root = hostile_root(&dir);
	struct err err;
	AUTO_CLOSE int a = kern_path_mkdir_p(root, "/new/a/b", 0750, &err);
	AUTO_CLOSE int b = kern_path_mkdir_p(root, "up/new", 0755, &err);
	AUTO_CLOSE int c = kern_path_mkdir_p(root, "dangling/deep", 0755, &err);
	AUTO_CLOSE int d = kern_path_mkdir_p(root, "/", 0755, &err);
	AUTO_CLOSE int e = kern_path_mkdir_p(root, "real/dangling", 0755, &err);
	AUTO_CLOSE int f = kern_path_mkdir_p(root, "real/relative", 0755, &err);
	struct stat st;

	CU_ASSERT(leads_to(a, dir, "/new/a/b"));
	CU_ASSERT(leads_to(b, dir, "/etc/new"));
	CU_ASSERT(leads_to(c, dir, "/run/made/later/deep"));
	CU_ASSERT(leads_to(d, dir, ""));
	CU_ASSERT(leads_to(e, dir, "/run/other"));
	CU_ASSERT(leads_to(f, dir, "/real/sub/later"));
	CU_ASSERT(!fstat(a, &st) && (st.st_mode & 0777) == 0750);
	CU_ASSERT(access("/run/made", F_OK) != 0);
	FAILS(kern_path_mkdir_p(root, "file/x", 0755, &err) < 0, ERR_SYSTEM, "Not a directory");
	FAILS(kern_path_mkdir_p(root, "loop/x", 0755, &err) < 0, ERR_INVALID, "symbolic link");
}

static void parents(void)
{
	const char *dir, *base = NULL;
	AUTO_CLOSE int root = hostile_root(&dir);
	struct err err;
	AUTO_CLOSE int plain = kern_path_parent(root, "abs/x", 0, &base, &err);
	AUTO_CLOSE int made = kern_path_parent(root, "p/q/r", 0700, &base, &err);
	AUTO_CLOSE int top = kern_path_parent(root, "up", 0, &base, &err);

	CU_ASSERT(leads_to(plain, dir, "/etc"));
	CU_ASSERT(leads_to(made, dir, "/p/q"));
	CU_ASSERT(leads_to(top, dir, ""));
	CU_ASSERT_STRING_EQUAL(base, "up");
	FAILS(kern_path_parent(root, "no/x", 0, &base, &err) < 0, ERR_NOT_FOUND, "no");
	for (const char *const *bad = (const char *const[]){ "/", "", ".", "a/..", "up/", NULL }; *bad;
	     bad++)
		FAILS(kern_path_parent(root, *bad, 0755, &base, &err) < 0, ERR_INVALID, "name");
}

static void mountpoints(void)
{
	const char *dir;
	AUTO_CLOSE int root = hostile_root(&dir);
	struct stat was;
	struct err err;
	AUTO_CLOSE int file = kern_path_mountpoint(root, "etc/deep/resolv.conf", 0, &was, &err);
	AUTO_CLOSE int link = kern_path_mountpoint(root, "dangling", 0, &was, &err);
	AUTO_CLOSE int sub = kern_path_mountpoint(root, "abs/sub", 1, &was, &err);
	AUTO_CLOSE int old = kern_path_mountpoint(root, "up/passwd", 0, &was, &err);

	CU_ASSERT(leads_to(file, dir, "/etc/deep/resolv.conf"));
	CU_ASSERT(leads_to(link, dir, "/run/made/later"));
	CU_ASSERT(leads_to(sub, dir, "/etc/sub"));
	CU_ASSERT(leads_to(old, dir, "/etc/passwd"));
	CU_ASSERT(file_is(dir, "etc/passwd", "not the machine's\n"));
	CU_ASSERT(S_ISREG(was.st_mode)); /* the last one was there, the one before was not */
	AUTO_CLOSE int made = kern_path_mountpoint(root, "a/b/", 1, &was, &err);

	CU_ASSERT(leads_to(made, dir, "/a/b"));
	CU_ASSERT(!was.st_mode);
	FAILS(kern_path_mountpoint(root, "file", 1, &was, &err) < 0, ERR_INVALID, "no directory");
	FAILS(kern_path_mountpoint(root, "etc", 0, &was, &err) < 0, ERR_INVALID, "over a directory");
}

static void overmounted(void *arg)
{
	struct err err;
	int fd;

	(void)arg;
	MUST(!mount("/proc/self/status", "/proc/version", NULL, MS_BIND, NULL));
	fd = kern_path_open_proc("version", O_RDONLY, &err);
	umount2("/proc/version", MNT_DETACH);
	MUST(fd < 0 && err.kind == ERR_PERMISSION);
}

/* What a container might have put at /proc: another file system, or a directory of procfs
 * in which the names of the root mean something else. */
static void fake_proc(void *arg)
{
	struct err err;

	MUST(!mount(arg, "/proc", arg, strchr(arg, '/') ? MS_BIND : 0, NULL));
	MUST(kern_proc_open(&err) < 0 && err.kind == ERR_PERMISSION);
	MUST(strstr(err.msg, "not a proc file system"));
	MUST(!umount2("/proc", MNT_DETACH));
}

static void write_elsewhere(void *arg)
{
	int proc = kern_proc_open(&child);

	(void)arg;
	MUST(proc >= 0);
	MUST(!mount("/dev/null", "/proc/self/comm", NULL, MS_BIND, NULL));
	MUST(kern_proc_write(proc, "self/comm", "x", &child) < 0 && child.kind == ERR_PERMISSION);
	umount2("/proc/self/comm", MNT_DETACH);
	MUST_OK(kern_proc_write(proc, "self/comm", "x", &child));
}

static void files_of_proc(void)
{
	struct err err;
	AUTO_CLOSE int fd = kern_path_open_proc("sys/kernel/ostype", O_RDONLY, &err);
	AUTO_CLOSE int stat = kern_path_open_proc("self/stat", O_RDONLY, &err);

	CU_ASSERT(fd >= 0 && stat >= 0);
	FAILS(kern_path_open_proc("../etc/passwd", O_RDONLY, &err) < 0, ERR_PERMISSION, "mounted over");
	FAILS(kern_path_open_proc("no/such", O_RDONLY, &err) < 0, ERR_NOT_FOUND, "no/such");
	FAILS(kern_path_open_proc("self/exe", O_RDONLY, &err) < 0, ERR_SYSTEM, "self/exe");
	CU_ASSERT_EQUAL(in_child(overmounted, NULL), 0);
	CU_ASSERT_EQUAL(in_child(write_elsewhere, NULL), 0);
	CU_ASSERT_EQUAL(in_child(fake_proc, "tmpfs"), 0);
	CU_ASSERT_EQUAL(in_child(fake_proc, "/proc/sys"), 0);
}

const struct test path_tests[] = {
	{ "links stay inside the root", links_stay_inside },
	{ "what cannot be opened is an error of its kind", what_cannot_be_opened },
	{ "magic links and other mounts are refused", magic_links_are_refused },
	{ "directories are made inside the root, through dangling links too",
	  directories_are_made_inside },
	{ "parents", parents },
	{ "mount points are made as directory or file", mountpoints },
	{ "files of /proc are opened only from procfs", files_of_proc },
	{ NULL, NULL },
};
