/*
 * ctr_images.c - images rm, tag, label (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>

#include "reference.h"

char *ctr_image_name(const char *text, struct err *err)
{
	AUTO_FREE char *name = NULL;
	struct reference ref;

	if (reference_parse(text, &ref, err))
		return NULL;
	name = reference_full(&ref);
	return ctrd_escape(name);
}

/* --- names ------------------------------------------------------------------------------------ */

static int remove_one(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *escaped = ctr_image_name(name, err);
	AUTO_JSON json_t *done = NULL;

	if (!escaped)
		return -1;
	done = ctr_call(c, "DELETE", NULL, err, "/v1/images/%s", escaped);
	return done ? 0 : -1;
}

int ctr_images_remove(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "sync", no_argument, NULL, 's' }, { 0 } };
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1)
		if (ch != 's') /* as it is done anyway: what it alone reached is gone when it returns */
			return ctr_misuse(c, "unknown option");
	return ctr_each(c, argc - optind + 1, argv + optind - 1, remove_one);
}

static int tag(struct ctr *c, const json_t *image, const char *target, bool force, struct err *err)
{
	AUTO_FREE char *name = ctr_image_name(target, err);
	AUTO_JSON json_t *there = NULL, *body = NULL, *done = NULL;

	if (!name)
		return -1;
	if (!force && (there = ctr_call(c, "GET", NULL, err, "/v1/images/%s", name)))
		return err_set(err, ERR_EXISTS, "image %s exists (--force moves the name)",
			       jsonx_str(there, "name", ""));
	body = json_pack("{s:O}", "target", json_object_get(image, "target"));
	done = ctr_call(c, "PUT", body, err, "/v1/images/%s", name);
	if (!done)
		return -1;
	puts(jsonx_str(done, "name", ""));
	return 0;
}

int ctr_images_tag(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	AUTO_FREE char *from = NULL;
	AUTO_JSON json_t *image = NULL;
	bool force = false;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch != 'f')
			return ctr_misuse(c, "unknown option");
		force = true;
	}
	if (argc - optind < 2)
		return ctr_misuse(c, "expected two references");
	if (!(from = ctr_image_name(argv[optind], &err)) ||
	    !(image = ctr_call(c, "GET", NULL, &err, "/v1/images/%s", from)))
		return ctr_fail(&err);
	for (int i = optind + 1; i < argc; i++)
		if (tag(c, image, argv[i], force, &err))
			return ctr_fail(&err);
	return 0;
}

/* NAME=VALUE sets a label, NAME= clears it; the others stay. */
int ctr_images_label(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *name = NULL;
	AUTO_JSON json_t *image = NULL, *change = NULL, *done = NULL;
	json_t *labels, *value;
	const char *key;
	struct err err;

	if (argc < 3)
		return ctr_misuse(c, "expected an image and labels");
	if (!(name = ctr_image_name(argv[1], &err)) ||
	    !(image = ctr_call(c, "GET", NULL, &err, "/v1/images/%s", name)))
		return ctr_fail(&err);
	labels = json_object_get(image, "labels");
	change = ctr_labels(argc - 2, argv + 2);
	json_object_foreach(json_object_get(change, "labels"), key, value) {
		if (*json_string_value(value))
			json_object_set(labels, key, value);
		else
			json_object_del(labels, key);
	}
	done = ctr_call(c, "PUT", image, &err, "/v1/images/%s", name);
	if (!done)
		return ctr_fail(&err);
	ctr_labels_print(done);
	return 0;
}
