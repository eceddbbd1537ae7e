/*
 * mounts.c - see mounts.h.
 */
#include "mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/mount.h"

/* overlayfs's own options are names of directories; the rest is for the kernel's flags. */
static int overlay(const json_t *options, const char *target, struct err *err)
{
	AUTO_STRLIST struct strlist lowers = STRLIST_INIT;
	struct kern_overlay o = { 0 };
	json_t *option;
	size_t i;

	json_array_foreach(options, i, option) {
		const char *text = json_is_string(option) ? json_string_value(option) : "";

		if (str_starts(text, "upperdir="))
			o.upper = text + strlen("upperdir=");
		else if (str_starts(text, "workdir="))
			o.work = text + strlen("workdir=");
		else if (!strcmp(text, "userxattr"))
			o.userxattr = true;
		else if (!str_starts(text, "lowerdir="))
			return err_set(err, ERR_UNSUPPORTED, "mount option \"%.100s\"", text);
		else
			for (const char *p = strchr(text, '=') + 1; *p;) {
				size_t n = strcspn(p, ":");
				AUTO_FREE char *dir = xstrndup(p, n);

				strlist_add(&lowers, dir);
				p += n + (p[n] == ':');
			}
	}
	o.lowers = (const char *const *)lowers.v;
	o.n = lowers.n;
	if (!o.n)
		return err_set(err, ERR_INVALID, "overlay mount without a lowerdir");
	return kern_overlay_mount(&o, target, err);
}

static int bind(const char *source, const json_t *options, const char *target, struct err *err)
{
	AUTO_CLOSE int from = open(source, O_PATH | O_CLOEXEC);
	AUTO_CLOSE int onto = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct kern_mount_options o = { 0 };
	json_t *option;
	size_t i;

	if (from < 0)
		return err_sys(err, "open %s", source);
	if (onto < 0)
		return err_sys(err, "open %s", target);
	json_array_foreach(options, i, option)
		if (kern_mount_option(&o, json_is_string(option) ? json_string_value(option) : "",
				      err))
			return -1;
	return kern_mount_bind(from, onto, &o, err);
}

static int apply(const json_t *mount, const char *target, struct err *err)
{
	const char *type = jsonx_str(mount, "type", "");
	const json_t *options = json_object_get(mount, "options");

	if (!strcmp(type, "overlay"))
		return overlay(options, target, err);
	if (!strcmp(type, "bind"))
		return bind(jsonx_str(mount, "source", ""), options, target, err);
	return err_set(err, ERR_UNSUPPORTED, "mount of type \"%.100s\"", type);
}

int ctrd_mounts_apply(const json_t *mounts, const char *target, struct err *err)
{
	json_t *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) {
		struct err ignored;

		if (!apply(mount, target, err))
			continue;
		while (i--)
			kern_mount_detach(target, &ignored);
		return err_wrap(err, "mount %s", target);
	}
	return 0;
}
