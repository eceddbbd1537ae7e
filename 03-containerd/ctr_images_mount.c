/*
 * ctr_images_mount.c - images mount and unmount (ctr.h): an image's files, to look at or to
 * change. The snapshot's key is the directory, so unmount needs no more than that.
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>

#include "01-kernel/mount.h"
#include "mounts.h"

static int remove_snapshot(struct ctr *c, const char *key, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(key);
	AUTO_JSON json_t *done = ctr_call(c, "DELETE", NULL, err, "/v1/snapshots/%s", escaped);

	return done ? 0 : -1;
}

static json_t *resolve(struct ctr *c, const char *ref, const char *platform, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_FREE char *name = ctr_image_name(ref, err);

	if (!name)
		return NULL;
	strbuf_addf(&path, "/v1/resolve/%s", name);
	if (platform)
		ctr_query(&path, "platform", platform);
	return ctr_call(c, "GET", NULL, err, "%s", path.data);
}

static int mount_image(struct ctr *c, const json_t *image, const char *target, const char *verb,
		       struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:s, s:s}", "key", target, "parent",
					   jsonx_str(image, "chainID", ""));
	AUTO_JSON json_t *made = NULL;
	AUTO_FREE char *key = NULL;
	struct err ignored;

	if (!jsonx_bool(image, "unpacked", false))
		return err_set(err, ERR_CONFLICT, "the image is not unpacked: pull it for this platform");
	made = ctr_call(c, "POST", body, err, "/v1/snapshots/%s", verb);
	if (made) {
		if (!ctrd_mounts_apply(json_object_get(made, "mounts"), target, err))
			return 0;
		remove_snapshot(c, target, &ignored);
		return -1;
	}
	if (err->kind != ERR_EXISTS)
		return -1;
	key = ctrd_escape(target); /* mounted here before: with what was changed then, as the real one */
	made = ctr_call(c, "GET", NULL, err, "/v1/snapshots/%s/mounts", key);
	return made ? ctrd_mounts_apply(json_object_get(made, "mounts"), target, err) : -1;
}

int ctr_images_mount(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rw", no_argument, NULL, 'w' },
		{ "platform", required_argument, NULL, 'p' },
		{ 0 },
	};
	const char *platform = NULL, *verb = "view";
	AUTO_JSON json_t *image = NULL;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == 'w')
			verb = "prepare";
		else if (ch == 'p')
			platform = optarg;
		else
			return ctr_misuse(c, "unknown option");
	}
	if (argc - optind != 2)
		return ctr_misuse(c, "expected an image and a directory");
	image = resolve(c, argv[optind], platform, &err);
	if (!image || mount_image(c, image, argv[optind + 1], verb, &err))
		return ctr_fail(&err);
	puts(argv[optind + 1]);
	return 0;
}

int ctr_images_unmount(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "rm", no_argument, NULL, 'r' }, { 0 } };
	bool remove = false;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch != 'r')
			return ctr_misuse(c, "unknown option");
		remove = true;
	}
	if (argc - optind != 1)
		return ctr_misuse(c, "expected a directory");
	if (kern_mount_detach(argv[optind], &err) || (remove && remove_snapshot(c, argv[optind], &err)))
		return ctr_fail(&err);
	puts(argv[optind]);
	return 0;
}
