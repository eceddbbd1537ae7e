/*
 * overlay.c - overlayfs: one view over a stack of directories.
 *
 * Reads come from the topmost directory that has the file. The first write to a
 * file of a lower directory copies it up into `upper`; a deletion leaves a
 * whiteout there (a character device 0:0), so lower directories never change
 * and any number of containers share them. `work`, on upper's file system, is
 * where a copy is prepared before it is renamed into place.
 *
 * Two ways to say it, for want of one that every kernel has:
 *  - Linux 6.7 and later take the lower directories one by one ("lowerdir+"),
 *    up to 500 of them;
 *  - before, they are one colon-separated option of mount(2), whose options all
 *    together must fit into one page. A stack too long for that is named by
 *    descriptors, "/proc/self/fd/N", which leaves room for some 200.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "mount.h"
#include "mount_api.h"
#include "path.h"

#define MAX_CLASSIC_LAYERS 200

static bool fits_fsconfig(const struct kern_overlay *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (strlen(o->lowers[i]) > API_MAX_VALUE)
			return false;
	return !o->upper || (strlen(o->upper) <= API_MAX_VALUE && strlen(o->work) <= API_MAX_VALUE);
}

/* Before Linux 6.5 overlayfs spoke the new API through an adapter, which takes
 * any word now and has mount(2) refuse it later (and grumble in the kernel's
 * log). Later ones know their words. */
static bool knows_its_words(int fs)
{
	return api_fsconfig(fs, API_SET_FLAG, "no-such-word", NULL) < 0;
}

static int set_layers(int fs, const struct kern_overlay *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (api_fsconfig(fs, API_SET_STRING, "lowerdir+", o->lowers[i]))
			return -1;
	if (o->upper && (api_fsconfig(fs, API_SET_STRING, "upperdir", o->upper) ||
			 api_fsconfig(fs, API_SET_STRING, "workdir", o->work)))
		return -1;
	if (o->userxattr && api_fsconfig(fs, API_SET_FLAG, "userxattr", NULL))
		return -1;
	return api_fsconfig(fs, API_SET_STRING, "source", "overlay");
}

static int overlay_failed(struct err *err, int errnum, const char *target)
{
	switch (errnum) {
	case EINVAL:
		return err_errno(err, errnum, "mount overlay on %s (upper and work must be on one "
				 "file system that is not itself an overlay, and layers no more "
				 "than the kernel stacks)", target);
	case ENODEV:
		return err_set(err, ERR_UNSUPPORTED, "this kernel has no overlayfs");
	case EBUSY:
		return err_errno(err, errnum, "mount overlay on %s (upper or work is in use by "
				 "another overlay)", target);
	case ENOENT: case ENOTDIR:
		return err_errno(err, errnum, "mount overlay on %s (a layer's directory)", target);
	default:
		return err_errno(err, errnum, "mount overlay on %s", target);
	}
}

/* 1: done, 0: this kernel cannot say it so, -1: failed. */
static int mount_new(const struct kern_overlay *o, int target_fd, const char *target,
		     struct err *err)
{
	AUTO_CLOSE int fs = fits_fsconfig(o) ? api_fsopen("overlay") : -1;
	AUTO_CLOSE int mnt = -1;

	if (fs < 0 || !knows_its_words(fs))
		return 0;
	if (set_layers(fs, o))
		return errno == EINVAL ? 0 : overlay_failed(err, errno, target);
	/* Before 6.5 any option is taken as it comes, and refused only here; where
	 * it is not that which is wrong, mount(2) will say EINVAL again. */
	if (api_fsconfig(fs, API_CREATE, NULL, NULL))
		return errno == EINVAL ? 0 : overlay_failed(err, errno, target);
	mnt = api_fsmount(fs, 0);
	if (mnt < 0 || api_move_mount(mnt, target_fd))
		return overlay_failed(err, errno, target);
	return 1;
}

/* mount(2)'s overlay options give ',' ':' and '\' a meaning. */
static void add_escaped(struct strbuf *sb, const char *path)
{
	for (; *path; path++) {
		if (strchr(",:\\", *path))
			strbuf_addc(sb, '\\');
		strbuf_addc(sb, *path);
	}
}

static void classic_options(const struct kern_overlay *o, const char *const *lowers,
			    struct strbuf *sb)
{
	strbuf_clear(sb);
	strbuf_adds(sb, "lowerdir=");
	for (size_t i = 0; i < o->n; i++) {
		if (i)
			strbuf_addc(sb, ':');
		add_escaped(sb, lowers[i]);
	}
	if (o->upper) {
		strbuf_adds(sb, ",upperdir=");
		add_escaped(sb, o->upper);
		strbuf_adds(sb, ",workdir=");
		add_escaped(sb, o->work);
	}
	if (o->userxattr)
		strbuf_adds(sb, ",userxattr");
}

/* Descriptors of all lower directories, and their short names. */
struct short_names {
	int fds[MAX_CLASSIC_LAYERS];
	char text[MAX_CLASSIC_LAYERS][KERN_PATH_PROC_SIZE];
	const char *names[MAX_CLASSIC_LAYERS];
	size_t n;
};

static void close_short_names(struct short_names *s)
{
	for (size_t i = 0; i < s->n; i++)
		close(s->fds[i]);
}

static int open_short_names(struct short_names *s, const struct kern_overlay *o, struct err *err)
{
	if (o->n > MAX_CLASSIC_LAYERS)
		return err_set(err, ERR_UNSUPPORTED, "%zu layers are more than this kernel's "
			       "overlayfs takes", o->n);
	for (; s->n < o->n; s->n++) {
		int fd = open(o->lowers[s->n], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, "open layer %s", o->lowers[s->n]);
		s->fds[s->n] = fd;
		s->names[s->n] = kern_path_proc(fd, s->text[s->n]);
	}
	return 0;
}

static int mount_classic(const struct kern_overlay *o, int target_fd, const char *target,
			 struct err *err)
{
	AUTO(close_short_names) struct short_names shorter = { .n = 0 };
	AUTO_STRBUF struct strbuf options = STRBUF_INIT;
	char proc[KERN_PATH_PROC_SIZE];

	classic_options(o, o->lowers, &options);
	if (options.len >= (size_t)sysconf(_SC_PAGESIZE)) {
		if (open_short_names(&shorter, o, err))
			return err_wrap(err, "mount overlay on %s", target);
		classic_options(o, shorter.names, &options);
	}
	if (kern_call_mount("overlay", kern_path_proc(target_fd, proc), "overlay", 0, options.data))
		return overlay_failed(err, errno, target);
	return 0;
}

int kern_overlay_mount(const struct kern_overlay *o, const char *target, struct err *err)
{
	AUTO_CLOSE int target_fd = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int done;

	if (!o->n || !o->upper != !o->work)
		return err_set(err, ERR_INVALID, "an overlay needs a lower directory, and upper and "
			       "work together or neither");
	if (target_fd < 0)
		return err_sys(err, "open %s", target);
	done = mount_new(o, target_fd, target, err);
	if (done)
		return done < 0 ? -1 : 0;
	return mount_classic(o, target_fd, target, err);
}
