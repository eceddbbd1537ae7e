/*
 * shim_mounts.c - the shim's own mount namespace.
 *
 * Its mounts are slaves of the host's: what the host mounts appears here too (volumes), what is mounted here does not
 * there. That would hold for what a container mounts below a bind that is to be shared, too. So the mounts of such
 * sources are cloned while we are in the host's namespace, and attached in the bundle, in ours: a clone is a peer of
 * what it was made of, wherever it is (mount_namespaces(7)), and so is the runtime's bind of it.
 */
#include "shim.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/mount.h"
#include "01-kernel/ns.h"

static int clone_all(const json_t *shared, int *clones, struct err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(shared, i, one) {
		const char *source = jsonx_str(one, "source", "");
		AUTO_CLOSE int fd = open(source, O_PATH | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, "open %s", source);
		clones[i] = kern_mount_clone(fd, jsonx_bool(one, "recursive", false), err);
		if (clones[i] < 0)
			return err_wrap(err, "bind %s", source);
	}
	return 0;
}

/* A directory is mounted on a directory, anything else on a file. */
static int make_place(const char *place, int clone, struct err *err)
{
	struct stat st;
	int fd;

	if (fstat(clone, &st) || (S_ISDIR(st.st_mode) && mkdir(place, 0711)))
		return err_sys(err, "mkdir %s", place);
	fd = open(place, (S_ISDIR(st.st_mode) ? O_PATH : O_WRONLY | O_CREAT | O_EXCL) | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, "open %s", place) : fd;
}

static int place_all(const int *clones, size_t n, struct err *err)
{
	static const struct kern_mount_options as_it_is;

	if (n && mkdir("shared", 0711))
		return err_sys(err, "mkdir shared");
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *place = xasprintf("shared/%zu", i);
		AUTO_CLOSE int fd = make_place(place, clones[i], err);

		if (fd < 0 || kern_mount_attach(clones[i], fd, &as_it_is, err))
			return -1;
	}
	return 0;
}

int shim_mounts_separate(const struct shim *s, struct err *err)
{
	const json_t *shared = json_object_get(s->options, "shared");
	size_t n = json_array_size(shared);
	AUTO_FREE int *clones = xcalloc(n + 1, sizeof *clones);
	int rc;

	for (size_t i = 0; i < n; i++)
		clones[i] = -1;
	rc = clone_all(shared, clones, err);
	if (!rc)
		rc = kern_ns_unshare(CLONE_NEWNS, err);
	if (!rc)
		rc = kern_mount_propagation("/", MS_SLAVE | MS_REC, err);
	if (!rc)
		rc = place_all(clones, n, err);
	for (size_t i = 0; i < n; i++)
		if (clones[i] >= 0)
			close(clones[i]);
	return rc;
}
