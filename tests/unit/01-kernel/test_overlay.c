/*
 * test_overlay.c - overlayfs: layers, copy-up, whiteouts, many and odd layers.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/mount.h"

/* Upper and work must not be on an overlay themselves, as /tmp may be. */
static const char *tmpfs_dir(void)
{
	const char *dir = scratch();

	if (mount("tmpfs", dir, "tmpfs", 0, NULL))
		perror("tmpfs");
	return dir;
}

static char *sub(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (mkdir(path, 0755))
		perror(path);
	return path;
}

#define NO_OVERLAY(err) ((err).kind == ERR_UNSUPPORTED || (err).errnum == ENODEV)

static void layers_and_writes(void)
{
	const char *t = tmpfs_dir();
	AUTO_FREE char *top = sub(t, "top");
	AUTO_FREE char *bottom = sub(t, "bottom");
	AUTO_FREE char *upper = sub(t, "upper");
	AUTO_FREE char *work = sub(t, "work");
	AUTO_FREE char *all = sub(t, "all");
	AUTO_FREE char *victim = xasprintf("%s/two", all);
	AUTO_FREE char *whiteout = xasprintf("%s/two", upper);
	const char *lowers[] = { top, bottom };
	struct kern_overlay o = { lowers, 2, upper, work, false };
	struct stat st;
	struct err err;

	write_file(top, "one", "top");
	write_file(bottom, "one", "bottom");
	write_file(bottom, "two", "bottom");
	if (kern_overlay_mount(&o, all, &err) && NO_OVERLAY(err))
		SKIP("%s", err.msg);
	CU_ASSERT(file_is(all, "one", "top") && file_is(all, "two", "bottom"));
	write_file(all, "one", "changed");
	CU_ASSERT(file_is(upper, "one", "changed") && file_is(top, "one", "top"));
	CU_ASSERT(!unlink(victim) && file_is(bottom, "two", "bottom"));
	CU_ASSERT(!stat(whiteout, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	OK(kern_mount_detach(all, &err));
	umount2(t, MNT_DETACH);
}

static void without_upper_it_is_read_only(void)
{
	const char *a = scratch(), *b = scratch(), *all = scratch();
	const char *lowers[] = { a, b };
	struct kern_overlay o = { lowers, 2, NULL, NULL, false };
	struct err err;

	write_file(a, "f", "a");
	if (kern_overlay_mount(&o, all, &err) && NO_OVERLAY(err))
		SKIP("%s", err.msg);
	CU_ASSERT(file_is(all, "f", "a"));
	CU_ASSERT(access(all, W_OK) < 0 && errno == EROFS);
	OK(kern_mount_detach(all, &err));
}

static void refuse_half_a_pair(void)
{
	const char *a = scratch(), *all = scratch();
	const char *lowers[] = { a };
	struct kern_overlay half = { lowers, 1, a, NULL, false }, none = { lowers, 0, NULL, NULL, false };
	struct kern_overlay gone = { (const char *[]){ "/no/such", a }, 2, NULL, NULL, false };
	struct err err;

	FAILS(kern_overlay_mount(&half, all, &err), ERR_INVALID, "upper and work");
	FAILS(kern_overlay_mount(&none, all, &err), ERR_INVALID, "needs a lower");
	if (kern_overlay_mount(&gone, all, &err) && NO_OVERLAY(err))
		SKIP("%s", err.msg);
	FAILS(kern_overlay_mount(&gone, all, &err), ERR_NOT_FOUND, "layer");
}

/* 127 layers is what Docker allows; in one mount(2) option string they need far
 * more than a page. Names with the separators in them must survive, too. */
static void many_layers_with_odd_names(void)
{
	enum { N = 127 };
	const char *t = tmpfs_dir();
	AUTO_FREE char *all = sub(t, "all");
	AUTO_FREE char *upper = sub(t, "upper,1");
	AUTO_FREE char *work = sub(t, "work:1");
	AUTO_STRLIST struct strlist layers = STRLIST_INIT;
	struct kern_overlay o = { .upper = upper, .work = work };
	struct err err;

	for (int i = 0; i < N; i++) {
		AUTO_FREE char *name = xasprintf("layer:%03d,with\\some length to its name", i);
		AUTO_FREE char *dir = sub(t, name);

		snprintf(name, 4, "%03d", i);
		write_file(dir, name, name);
		write_file(dir, "top", name);
		strlist_add(&layers, dir);
	}
	o.lowers = (const char *const *)layers.v;
	o.n = layers.n;
	if (kern_overlay_mount(&o, all, &err)) {
		if (NO_OVERLAY(err))
			SKIP("%s", err.msg);
		GIVE_UP();
	}
	CU_ASSERT(file_is(all, "top", "000"));
	CU_ASSERT(file_is(all, "000", "000") && file_is(all, "126", "126"));
	write_file(all, "new", "x");
	CU_ASSERT(file_is(upper, "new", "x"));
	OK(kern_mount_detach(all, &err));
	umount2(t, MNT_DETACH);
}

const struct test overlay_tests[] = {
	{ "the top layer wins; writes and deletions stay in the upper one", layers_and_writes },
	{ "without an upper layer it is read-only", without_upper_it_is_read_only },
	{ "upper without work, no layer, a missing layer", refuse_half_a_pair },
	{ "127 layers with odd names", many_layers_with_odd_names },
	{ NULL, NULL },
};
