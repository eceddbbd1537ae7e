/*
 * test_mount.c - option words, file systems, binds, the mount table, pivoting.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "01-kernel/mount.h"
#include "01-kernel/mountinfo.h"

#define ATTR_RDONLY 0x1 /* MOUNT_ATTR_RDONLY */
#define ATTR_ATIME 0x70 /* MOUNT_ATTR__ATIME */
#define ATTR_NOATIME 0x10

static struct kern_mount_options words(const char *list)
{
	struct kern_mount_options o = { 0 };
	AUTO_FREE char *copy = xstrdup(list);
	char *save = NULL;
	struct err err;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		OK(kern_mount_option(&o, w, &err));
	return o;
}

/* What the words mean: mount(8) and the OCI specification's "mounts". */
static void option_words(void)
{
	struct kern_mount_options o = words("nosuid noexec nodev mode=755 size=65536k");

	CU_ASSERT_EQUAL(o.set, MS_NOSUID | MS_NOEXEC | MS_NODEV);
	CU_ASSERT_STRING_EQUAL(o.data, "mode=755,size=65536k");
	o = words("rbind rprivate ro");
	CU_ASSERT_EQUAL(o.set, MS_BIND | MS_REC | MS_RDONLY);
	CU_ASSERT_EQUAL(o.propagation, MS_PRIVATE | MS_REC);
	CU_ASSERT_STRING_EQUAL(o.data, "");
	o = words("ro rw nosuid suid");
	CU_ASSERT_EQUAL(o.set, 0);
	CU_ASSERT_EQUAL(o.clear, MS_RDONLY | MS_NOSUID);
	o = words("noatime strictatime defaults");
	CU_ASSERT_EQUAL(o.set, MS_STRICTATIME);
	o = words("rro rnoatime");
	CU_ASSERT_EQUAL(o.rec_set, ATTR_RDONLY | ATTR_NOATIME);
	CU_ASSERT_EQUAL(o.rec_clear, ATTR_ATIME);
	o = words("rro rrw tmpcopyup");
	CU_ASSERT_EQUAL(o.rec_set, 0);
	CU_ASSERT_EQUAL(o.rec_clear, ATTR_RDONLY);
	CU_ASSERT(o.tmpcopyup);
}

static void option_limits(void)
{
	struct kern_mount_options o = { 0 };
	AUTO_FREE char *word = xasprintf("x=%01000d", 0);
	struct err err;

	OK(kern_mount_option(&o, word, &err));
	OK(kern_mount_option(&o, word, &err));
	FAILS(kern_mount_option(&o, word, &err), ERR_INVALID, "longer than");
	OK(kern_mount_option(&o, "ridmap", &err));
	CU_ASSERT(o.ridmap && !o.idmap);
	OK(kern_mount_option(&o, "idmap", &err));
	CU_ASSERT(o.idmap && !o.ridmap);
}

static int open_dir(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The options of the topmost mount at path as mountinfo shows them, or "". */
static void mounted_with(const char *path, char options[256], char super[256])
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	struct err err;

	options[0] = super[0] = '\0';
	OK(kern_mount_table_read(&t, &err));
	for (size_t i = 0; i < t.n; i++)
		if (!strcmp(t.v[i].target, path)) {
			snprintf(options, 256, "%s", t.v[i].options);
			snprintf(super, 256, "%s", t.v[i].super);
		}
}

static void a_tmpfs_with_options(void)
{
	struct kern_mount_options o = words("nosuid noexec ro noatime mode=750 size=1m");
	const char *dir = scratch();
	AUTO_CLOSE int fd = open_dir(dir);
	char options[256], super[256];
	struct statfs sfs;
	struct stat st;
	struct err err;

	OK(kern_mount_fs("tmpfs", "shm", fd, &o, &err));
	mounted_with(dir, options, super);
	for (const char *const *w = (const char *const[]){ "ro", "nosuid", "noexec", "noatime", NULL };
	     *w; w++)
		CU_ASSERT(kern_mount_has_option(options, *w));
	CU_ASSERT(!kern_mount_has_option(options, "nodev"));
	CU_ASSERT(kern_mount_has_option(super, "ro"));
	CU_ASSERT(!stat(dir, &st) && (st.st_mode & 0777) == 0750);
	CU_ASSERT(!statfs(dir, &sfs) && sfs.f_blocks * (uint64_t)sfs.f_bsize == 1 << 20);
	OK(kern_mount_detach(dir, &err));
	mounted_with(dir, options, super);
	CU_ASSERT_STRING_EQUAL(options, "");
	OK(kern_mount_detach(dir, &err)); /* nothing mounted is no error */
}

static void failures_say_why(void)
{
	struct kern_mount_options none = { 0 }, bad = words("nonsense=1"), bind = words("bind");
	AUTO_CLOSE int fd = open_dir(scratch());
	struct err err;

	FAILS(kern_mount_fs("tmpfs", "x", fd, &bad, &err), ERR_SYSTEM, "nonsense");
	FAILS(kern_mount_fs("nosuchfs", "x", fd, &none, &err), ERR_NOT_FOUND, "does not know");
	FAILS(kern_mount_fs("tmpfs", "x", fd, &bind, &err), ERR_INVALID, "bind");
	FAILS(kern_mount_bind(fd, fd, &bad, &err), ERR_INVALID, "nonsense=1");
	FAILS(kern_mount_propagation(scratch(), MS_PRIVATE, &err), ERR_INVALID, "no mount point");
}

/* Values over 255 bytes go by mount(2), which the new API does not take. */
static void long_options(void)
{
	AUTO_FREE char *list = xasprintf("lowerdir=%s", scratch());
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct kern_mount_options o = { 0 };
	AUTO_FREE char *target = xstrdup(scratch());
	AUTO_CLOSE int fd = open_dir(target);
	struct err err;

	strbuf_adds(&sb, list);
	while (sb.len < 600)
		strbuf_addf(&sb, ":%s", scratch());
	OK(kern_mount_option(&o, sb.data, &err));
	if (kern_mount_fs("overlay", "overlay", fd, &o, &err)) {
		if (err.errnum == ENODEV)
			SKIP("no overlayfs");
		GIVE_UP();
	}
	OK(kern_mount_detach(target, &err));
}

static void binds(void)
{
	struct kern_mount_options ro = words("bind ro nosuid rprivate"), plain = words("bind");
	struct kern_mount_options rec = words("rbind rro");
	const char *from = scratch(), *to = scratch(), *below = scratch();
	AUTO_FREE char *inner = xasprintf("%s/inner", from);
	AUTO_FREE char *seen = xasprintf("%s/inner", to);
	AUTO_FREE char *hidden = xasprintf("%s/inner/deep", to);
	AUTO_CLOSE int source = open_dir(from);
	AUTO_CLOSE int target = open_dir(to);
	AUTO_CLOSE int over = -1;
	char options[256], super[256];
	struct err err;

	write_file(from, "f", "data");
	CU_ASSERT(!mkdir(inner, 0755) && !mount(below, inner, NULL, MS_BIND, NULL));
	write_file(below, "deep", "deep");

	OK(kern_mount_bind(source, target, &ro, &err));
	mounted_with(to, options, super);
	CU_ASSERT(kern_mount_has_option(options, "ro") && kern_mount_has_option(options, "nosuid"));
	CU_ASSERT(file_is(to, "f", "data"));
	CU_ASSERT(access(to, W_OK) < 0 && errno == EROFS);
	CU_ASSERT(!access(from, W_OK));
	CU_ASSERT(!access(seen, F_OK) && access(hidden, F_OK) < 0); /* not recursive */
	OK(kern_mount_detach(to, &err));

	OK(kern_mount_bind(source, target, &rec, &err));
	mounted_with(seen, options, super);
	CU_ASSERT(kern_mount_has_option(options, "ro"));
	CU_ASSERT(file_is(seen, "deep", "deep"));
	OK(kern_mount_detach(to, &err));

	/* The flags can be changed afterwards. */
	OK(kern_mount_bind(source, target, &plain, &err));
	over = open_dir(to);
	OK(kern_mount_setattr(over, ATTR_RDONLY, 0, false, &err));
	CU_ASSERT(access(to, W_OK) < 0 && errno == EROFS);
	OK(kern_mount_setattr(over, 0, ATTR_RDONLY, false, &err));
	CU_ASSERT(!access(to, W_OK));
	OK(kern_mount_detach(to, &err));
	umount2(inner, MNT_DETACH);
}

static void propagation(void)
{
	struct kern_mount_options shared = words("shared"), slave = words("bind rslave");
	const char *a = scratch(), *b = scratch();
	AUTO_CLOSE int fa = open_dir(a);
	AUTO_CLOSE int fb = open_dir(b);
	AUTO_CLOSE int source = -1;
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	struct err err;

	OK(kern_mount_fs("tmpfs", "x", fa, &shared, &err));
	source = open_dir(a);
	OK(kern_mount_bind(source, fb, &slave, &err));
	OK(kern_mount_table_read(&t, &err));
	for (size_t i = 0; i < t.n; i++) {
		if (!strcmp(t.v[i].target, a))
			CU_ASSERT(str_starts(t.v[i].tags, "shared:"));
		if (!strcmp(t.v[i].target, b))
			CU_ASSERT(str_starts(t.v[i].tags, "master:"));
	}
	OK(kern_mount_detach(b, &err));
	OK(kern_mount_detach(a, &err));
}

/* proc_pid_mountinfo(5): blanks and backslashes in names stand as octal. */
static void names_with_blanks(void)
{
	AUTO_FREE char *odd = xasprintf("%s/a b\\c\nd", scratch());
	char options[256], super[256];
	struct err err;

	CU_ASSERT(!mkdir(odd, 0755) && !mount("some source", odd, "tmpfs", MS_NOEXEC, NULL));
	mounted_with(odd, options, super);
	CU_ASSERT(kern_mount_has_option(options, "noexec"));
	OK(kern_mount_detach(odd, &err));
	CU_ASSERT(kern_mount_has_option("rw,cpu,cpuacct", "cpu"));
	CU_ASSERT(!kern_mount_has_option("rw,cpuset", "cpu"));
	CU_ASSERT(!kern_mount_has_option("", "cpu"));
}

static int new_root(const char *dir)
{
	struct kern_mount_options none = { 0 };
	struct err err;
	int fd = open_dir(dir), root;

	MUST(!kern_mount_fs("tmpfs", "root", fd, &none, &err));
	close(fd);
	write_file(dir, "marker", "new root\n");
	root = open_dir(dir);
	MUST(root >= 0);
	return root;
}

static void pivot(void *arg)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	int root;

	MUST(!unshare(CLONE_NEWNS));
	root = new_root(arg);
	MUST_OK(kern_mount_pivot(root, &child));
	MUST(!access("/marker", F_OK) && access("/proc/self", F_OK) < 0);
	MUST(!mkdir("/proc", 0755) && !mount("proc", "/proc", "proc", 0, NULL));
	MUST_OK(kern_mount_table_read(&t, &child));
	MUST(t.n == 2 && !strcmp(t.v[0].target, "/")); /* nothing of the old root is left */
}

static void move_root(void *arg)
{
	int root;

	MUST(!unshare(CLONE_NEWNS));
	root = new_root(arg);
	MUST_OK(kern_mount_move_root(root, &child));
	MUST(!access("/marker", F_OK) && access("/proc/self", F_OK) < 0);
	MUST(!chdir("/") && !access("marker", F_OK) && !chdir("..") && !access("marker", F_OK));
}

static void pivot_without_mount(void *arg)
{
	struct err err;
	int fd = open_dir(arg);

	MUST(!unshare(CLONE_NEWNS));
	MUST(kern_mount_pivot(fd, &err) < 0 && strstr(err.msg, "mount point"));
}

static void another_root(void)
{
	CU_ASSERT_EQUAL(in_child(pivot, (void *)scratch()), 0);
	CU_ASSERT_EQUAL(in_child(move_root, (void *)scratch()), 0);
	CU_ASSERT_EQUAL(in_child(pivot_without_mount, (void *)scratch()), 0);
}

const struct test mount_tests[] = {
	{ "option words mean what mount(8) says", option_words },
	{ "options that do not fit or are not supported", option_limits },
	{ "a tmpfs with its options", a_tmpfs_with_options },
	{ "failures say why", failures_say_why },
	{ "options longer than the new interface takes", long_options },
	{ "bind mounts: read-only, recursive, changed later", binds },
	{ "propagation", propagation },
	{ "the mount table with odd names", names_with_blanks },
	{ "another root, by pivoting and by moving", another_root },
	{ NULL, NULL },
};
