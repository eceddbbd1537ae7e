/*
 * ctr_run.c - run, and containers create: an image becomes a container (ctr.h).
 *
 *     resolve the image ─▶ prepare a snapshot ─▶ build the specification ─▶ create the
 *     container [─▶ create the task ─▶ attach ─▶ start ─▶ wait ─▶ delete the task]
 *
 * A step that fails takes the ones before it back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctr_run.h"
#include "reference.h"

#define SPEC_MAX (8 << 20)

/* --- the container ---------------------------------------------------------------------------------- */

static json_t *resolve_image(struct ctr *c, const struct ctr_run_options *o, char **full,
			     struct err *err)
{
	AUTO_FREE char *name = NULL, *platform = NULL;
	struct reference ref;
	json_t *image;

	if (reference_parse(o->image, &ref, err))
		return NULL;
	*full = reference_full(&ref);
	name = ctrd_escape(*full);
	platform = o->platform ? ctrd_escape(o->platform) : NULL;
	image = ctr_call(c, "GET", NULL, err, "/v1/resolve/%s%s%s", name, platform ? "?platform=" : "",
			 platform ? platform : "");
	if (image && !jsonx_bool(image, "unpacked", false)) {
		json_decref(image);
		err_set(err, ERR_NOT_FOUND, "image %s is not unpacked: pull it", *full);
		return NULL;
	}
	return image;
}

/* --rootfs: a directory says nothing of how it is to be run. */
static json_t *find_directory(const struct ctr_run_options *o, char **full, struct err *err)
{
	*full = realpath(o->image, NULL);
	if (*full)
		return json_object();
	err_sys(err, "--rootfs %s", o->image);
	return NULL;
}

/* The image's, and over them those of --label; new. */
static json_t *labels_of(const json_t *config, const json_t *given)
{
	const char *signal = jsonx_str(jsonx_at(config, "config"), "StopSignal", "");
	json_t *inherited = jsonx_at(config, "config.Labels"), *labels = json_object();

	if (json_is_object(inherited))
		json_object_update(labels, inherited);
	if (*signal)
		json_object_set_new(labels, CTR_STOP_SIGNAL, json_string(signal));
	json_object_update(labels, (json_t *)given);
	return labels;
}

/* The document of the container; new. */
static json_t *document(struct ctr *c, struct ctr_run_options *o, const json_t *image,
			const char *name, struct err *err)
{
	AUTO_FREE char *cgroup = xasprintf("/%s/%s", c->ns, o->id);
	const json_t *config = json_object_get(image, "config");
	json_t *spec, *doc;

	o->spec.image = config;
	if (!o->spec.cgroups_path)
		o->spec.cgroups_path = cgroup;
	spec = o->config ? jsonx_read(AT_FDCWD, o->config, SPEC_MAX, err) : ctrd_spec_build(&o->spec, err);
	if (o->spec.cgroups_path == cgroup)
		o->spec.cgroups_path = NULL;
	if (!spec)
		return NULL;
	doc = json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", o->id, "image", o->rootfs ? "" : name,
			o->rootfs ? "rootfs" : "snapshotKey", o->rootfs ? name : o->id, "labels",
			labels_of(config, o->labels), "spec", spec);
	if (!o->config) /* a specification that was given says itself who it is to be */
		json_object_set_new(doc, "user", json_string(o->user ? o->user
								     : ctrd_spec_image_user(config)));
	if (o->runtime)
		json_object_set_new(doc, "runtime", json_pack("{s:s, s:{s:s}}", "name",
							      "io.containerd.runc.v2", "options",
							      "binaryName", o->runtime));
	return doc;
}

static int prepare_snapshot(struct ctr *c, const struct ctr_run_options *o, const json_t *image, struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:s, s:s}", "key", o->id, "parent", jsonx_str(image, "chainID", ""));
	AUTO_JSON json_t *snapshot = o->rootfs ? NULL : ctr_call(c, "POST", body, err, "/v1/snapshots/prepare");

	return snapshot || o->rootfs ? 0 : -1;
}

static void drop_snapshot(struct ctr *c, const struct ctr_run_options *o, const char *id)
{
	struct err ignored;

	if (!o->rootfs)
		json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/snapshots/%s", id));
}

static void drop_container(struct ctr *c, const struct ctr_run_options *o, const char *id)
{
	struct err ignored;

	json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/containers/%s", id));
	drop_snapshot(c, o, id);
}

static int create(struct ctr *c, struct ctr_run_options *o, struct err *err)
{
	AUTO_FREE char *name = NULL, *id = ctrd_escape(o->id);
	AUTO_JSON json_t *image = o->rootfs ? find_directory(o, &name, err) : resolve_image(c, o, &name, err);
	AUTO_JSON json_t *doc = image ? document(c, o, image, name, err) : NULL;
	AUTO_JSON json_t *made = NULL;

	if (!doc || prepare_snapshot(c, o, image, err))
		return -1;
	made = ctr_call(c, "POST", doc, err, "/v1/containers");
	if (made)
		return 0;
	drop_snapshot(c, o, id);
	return -1;
}

int ctr_containers_create(struct ctr *c, int argc, char **argv)
{
	struct ctr_run_options o = { 0 };
	struct err err;
	int rc = ctr_run_parse(&o, argc, argv, &err);

	if (rc)
		rc = ctr_misuse(c, err.msg);
	else if (o.detach || o.remove || o.log_uri || o.null_io || o.pid_file)
		rc = ctr_misuse(c, "-d, --rm, --log-uri, --null-io and --pid-file belong to the task: see tasks start");
	else
		rc = create(c, &o, &err) ? ctr_fail(&err) : 0;
	ctr_run_free(&o);
	return rc;
}

/* --- the task ------------------------------------------------------------------------------------------ */

/* Create, attach, start, and see it through. The exit status, or -1 and err. */
static int run_task(struct ctr *c, const struct ctr_run_options *o, struct err *err)
{
	struct ctr_task_start start = { .id = o->id, .terminal = o->spec.terminal, .detach = o->detach,
					.null_io = o->null_io, .log = o->log_uri,
					.pid_file = o->pid_file };

	return ctr_task_run(c, &start, err);
}

int ctr_run(struct ctr *c, int argc, char **argv)
{
	struct ctr_run_options o = { 0 };
	AUTO_FREE char *id = NULL;
	struct err err;
	int status;

	if (ctr_run_parse(&o, argc, argv, &err)) {
		status = ctr_misuse(c, err.msg);
		ctr_run_free(&o);
		return status;
	}
	status = create(c, &o, &err) ? -1 : 0;
	if (status) {
		ctr_run_free(&o);
		return ctr_fail(&err);
	}
	id = ctrd_escape(o.id);
	status = run_task(c, &o, &err);
	if (status < 0 || o.remove)
		drop_container(c, &o, id);
	ctr_run_free(&o);
	return status < 0 ? ctr_fail(&err) : status;
}
