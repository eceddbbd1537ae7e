/*
 * ctr_run.c - run, and containers create: an image becomes a container (ctr.h).
 *
 *     resolve the image ─▶ prepare a snapshot ─▶ build the specification ─▶ create the
 *     container [─▶ create the task ─▶ attach ─▶ start ─▶ wait ─▶ delete the task]
 *
 * A step that fails takes the ones before it back.
 */
#include "ctr.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reference.h"
#include "spec.h"

struct run_options {
	struct ctrd_spec spec;
	struct strlist env, args, cap_add, cap_drop;
	json_t *mounts, *labels;
	const char *image, *id, *user, *runtime, *log_uri, *platform;
	bool detach, remove, null_io;
	double cpus;
};

enum { O_ENV = 256, O_MOUNT, O_RUNC, O_MEMORY, O_CPUS, O_CWD, O_USER, O_LABEL, O_NET_HOST, O_NS,
       O_PRIVILEGED, O_READ_ONLY, O_CAP_ADD, O_CAP_DROP, O_HOSTNAME, O_LOG, O_NULL_IO, O_RM,
       O_NO_NEW, O_PLATFORM, O_CGROUP, O_PIDS };

static const struct option options[] = {
	{ "env", required_argument, NULL, O_ENV },
	{ "mount", required_argument, NULL, O_MOUNT },
	{ "runc-binary", required_argument, NULL, O_RUNC },
	{ "memory-limit", required_argument, NULL, O_MEMORY },
	{ "pids-limit", required_argument, NULL, O_PIDS },
	{ "cpus", required_argument, NULL, O_CPUS },
	{ "cwd", required_argument, NULL, O_CWD },
	{ "user", required_argument, NULL, O_USER },
	{ "label", required_argument, NULL, O_LABEL },
	{ "net-host", no_argument, NULL, O_NET_HOST },
	{ "with-ns", required_argument, NULL, O_NS },
	{ "privileged", no_argument, NULL, O_PRIVILEGED },
	{ "read-only", no_argument, NULL, O_READ_ONLY },
	{ "cap-add", required_argument, NULL, O_CAP_ADD },
	{ "cap-drop", required_argument, NULL, O_CAP_DROP },
	{ "hostname", required_argument, NULL, O_HOSTNAME },
	{ "log-uri", required_argument, NULL, O_LOG },
	{ "null-io", no_argument, NULL, O_NULL_IO },
	{ "rm", no_argument, NULL, O_RM },
	{ "no-new-privileges", no_argument, NULL, O_NO_NEW },
	{ "platform", required_argument, NULL, O_PLATFORM },
	{ "cgroup", required_argument, NULL, O_CGROUP },
	{ "detach", no_argument, NULL, 'd' },
	{ "tty", no_argument, NULL, 't' },
	{ 0 },
};

static const char options_help[] =
	"  -d, --detach           do not wait        --rm         remove it afterwards\n"
	"  -t, --tty              with a terminal    --null-io    without input and output\n"
	"  --env KEY=VALUE  --cwd DIR  --user NAME[:GROUP]  --hostname NAME  --label KEY=VALUE\n"
	"  --mount type=bind,src=/HOST,dst=/THERE,options=rbind:ro\n"
	"  --memory-limit BYTES  --pids-limit N  --cpus N  --cgroup PATH\n"
	"  --net-host  --with-ns network:PATH  --read-only  --privileged  --no-new-privileges\n"
	"  --cap-add CAP_X  --cap-drop CAP_X\n"
	"  --runc-binary PATH     another OCI runtime\n"
	"  --log-uri file:///PATH the output also as a json-file log\n"
	"  --platform OS/ARCH[/VARIANT]\n";

/* --- options ------------------------------------------------------------------------------------ */

/* "type=bind,src=/a,dst=/b,options=rbind:ro" */
static int add_mount(json_t *mounts, const char *text, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	AUTO_JSON json_t *m = json_object();
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		char *value = strchr(w, '=');

		if (!value)
			return err_set(err, ERR_INVALID, "--mount: '%s' has no value", w);
		*value++ = '\0';
		if (!strcmp(w, "type"))
			json_object_set_new(m, "type", json_string(value));
		else if (!strcmp(w, "src") || !strcmp(w, "source"))
			json_object_set_new(m, "source", json_string(value));
		else if (!strcmp(w, "dst") || !strcmp(w, "destination"))
			json_object_set_new(m, "destination", json_string(value));
		else if (!strcmp(w, "options")) {
			json_t *list = json_array();
			char *more = NULL;

			for (char *o = strtok_r(value, ":", &more); o; o = strtok_r(NULL, ":", &more))
				json_array_append_new(list, json_string(o));
			json_object_set_new(m, "options", list);
		} else {
			return err_set(err, ERR_INVALID, "--mount: unknown word '%s'", w);
		}
	}
	if (!json_object_get(m, "type") || !json_object_get(m, "destination"))
		return err_set(err, ERR_INVALID, "--mount needs a type and a dst");
	json_array_append(mounts, m);
	return 0;
}

static int number(const char *option, const char *text, int64_t *out, struct err *err)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return err_set(err, ERR_INVALID, "%s %s: expected a number", option, text);
	return 0;
}

static int set_cpus(struct run_options *o, const char *text, struct err *err)
{
	char *end;

	o->cpus = strtod(text, &end);
	if (end == text || *end || !(o->cpus > 0 && o->cpus < 100000))
		return err_set(err, ERR_INVALID, "--cpus %s: expected a positive number", text);
	o->spec.limits.cpu_period = 100000;
	o->spec.limits.cpu_quota = (int64_t)(o->cpus * 100000);
	return 0;
}

static int set_label(struct run_options *o, const char *text)
{
	AUTO_FREE char *key = xstrndup(text, strcspn(text, "="));

	return json_object_set_new(o->labels, key, json_string(text[strlen(key)] ? text + strlen(key) + 1
										  : ""));
}

static int set_ns(struct run_options *o, const char *text, struct err *err)
{
	if (!str_starts(text, "network:"))
		return err_set(err, ERR_UNSUPPORTED, "--with-ns %s: only network:PATH can be joined", text);
	o->spec.netns = text + strlen("network:");
	return 0;
}

static int set_log(struct run_options *o, const char *text, struct err *err)
{
	if (!str_starts(text, "file:///"))
		return err_set(err, ERR_UNSUPPORTED, "--log-uri %s: expected file:///PATH", text);
	o->log_uri = text + strlen("file://");
	return 0;
}

static int set_option(struct run_options *o, int ch, const char *arg, struct err *err)
{
	struct ctrd_spec *s = &o->spec;

	switch (ch) {
	case O_ENV: strlist_add(&o->env, arg); break;
	case O_MOUNT: return add_mount(o->mounts, arg, err);
	case O_RUNC: o->runtime = arg; break;
	case O_MEMORY: return number("--memory-limit", arg, &s->limits.memory, err);
	case O_PIDS: return number("--pids-limit", arg, &s->limits.pids, err);
	case O_CPUS: return set_cpus(o, arg, err);
	case O_CWD: s->cwd = arg; break;
	case O_USER: o->user = arg; break;
	case O_LABEL: return set_label(o, arg);
	case O_NET_HOST: s->host_network = true; break;
	case O_NS: return set_ns(o, arg, err);
	case O_PRIVILEGED: s->privileged = true; break;
	case O_READ_ONLY: s->readonly = true; break;
	case O_CAP_ADD: strlist_add(&o->cap_add, arg); break;
	case O_CAP_DROP: strlist_add(&o->cap_drop, arg); break;
	case O_HOSTNAME: s->hostname = arg; break;
	case O_LOG: return set_log(o, arg, err);
	case O_NULL_IO: o->null_io = true; break;
	case O_RM: o->remove = true; break;
	case O_NO_NEW: s->no_new_privileges = true; break;
	case O_PLATFORM: o->platform = arg; break;
	case O_CGROUP: s->cgroups_path = arg; break;
	case 'd': o->detach = true; break;
	case 't': s->terminal = true; break;
	default: return err_set(err, ERR_INVALID, "unknown option");
	}
	return 0;
}

static void free_options(struct run_options *o)
{
	strlist_free(&o->env);
	strlist_free(&o->args);
	strlist_free(&o->cap_add);
	strlist_free(&o->cap_drop);
	json_decref(o->mounts);
	json_decref(o->labels);
}

static int parse(struct run_options *o, int argc, char **argv, struct err *err)
{
	int ch;

	ctrd_spec_init(&o->spec, NULL);
	o->mounts = json_array();
	o->labels = json_object();
	while ((ch = getopt_long(argc, argv, "+dt", options, NULL)) != -1)
		if (set_option(o, ch, optarg, err))
			return -1;
	if (argc - optind < 2)
		return err_set(err, ERR_INVALID, "an image and an id are needed");
	if (o->detach && o->remove)
		return err_set(err, ERR_INVALID, "--rm and --detach exclude each other");
	o->image = argv[optind];
	o->id = argv[optind + 1];
	for (int i = optind + 2; i < argc; i++)
		strlist_add(&o->args, argv[i]);
	o->spec.id = o->id;
	o->spec.args = &o->args;
	o->spec.env = &o->env;
	o->spec.cap_add = &o->cap_add;
	o->spec.cap_drop = &o->cap_drop;
	o->spec.mounts = o->mounts;
	return 0;
}

/* --- the container ---------------------------------------------------------------------------------- */

static json_t *resolve_image(struct ctr *c, const struct run_options *o, char **full,
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

/* The document of the container; new. */
static json_t *document(struct ctr *c, struct run_options *o, const json_t *image,
			const char *name, struct err *err)
{
	AUTO_FREE char *cgroup = xasprintf("/%s/%s", c->ns, o->id);
	const json_t *config = json_object_get(image, "config");
	json_t *spec, *doc;

	o->spec.image = config;
	if (!o->spec.cgroups_path)
		o->spec.cgroups_path = cgroup;
	spec = ctrd_spec_build(&o->spec, err);
	if (o->spec.cgroups_path == cgroup)
		o->spec.cgroups_path = NULL;
	if (!spec)
		return NULL;
	doc = json_pack("{s:s, s:s, s:s, s:O, s:o, s:s}", "id", o->id, "image", name, "snapshotKey",
			o->id, "labels", o->labels, "spec", spec, "user",
			o->user ? o->user : ctrd_spec_image_user(config));
	if (o->runtime)
		json_object_set_new(doc, "runtime", json_pack("{s:s, s:{s:s}}", "name",
							      "io.containerd.runc.v2", "options",
							      "binaryName", o->runtime));
	return doc;
}

static void drop_snapshot(struct ctr *c, const char *id)
{
	struct err ignored;

	json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/snapshots/%s", id));
}

static void drop_container(struct ctr *c, const char *id)
{
	struct err ignored;

	json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/containers/%s", id));
	drop_snapshot(c, id);
}

static int create(struct ctr *c, struct run_options *o, struct err *err)
{
	AUTO_FREE char *name = NULL, *id = ctrd_escape(o->id);
	AUTO_JSON json_t *image = resolve_image(c, o, &name, err);
	AUTO_JSON json_t *doc = image ? document(c, o, image, name, err) : NULL;
	AUTO_JSON json_t *body = NULL, *snapshot = NULL, *made = NULL;

	if (!doc)
		return -1;
	body = json_pack("{s:s, s:s}", "key", o->id, "parent", jsonx_str(image, "chainID", ""));
	snapshot = ctr_call(c, "POST", body, err, "/v1/snapshots/prepare");
	if (!snapshot)
		return -1;
	made = ctr_call(c, "POST", doc, err, "/v1/containers");
	if (made)
		return 0;
	drop_snapshot(c, id);
	return -1;
}

int ctr_containers_create(struct ctr *c, int argc, char **argv)
{
	struct run_options o = { 0 };
	struct err err;
	int rc = parse(&o, argc, argv, &err);

	if (rc)
		rc = ctr_misuse(c, err.msg);
	else if (o.detach || o.remove || o.log_uri || o.null_io)
		rc = ctr_misuse(c, "-d, --rm, --log-uri and --null-io belong to the task: see tasks start");
	else
		rc = create(c, &o, &err) ? ctr_fail(&err) : 0;
	free_options(&o);
	return rc;
}

/* --- the task ------------------------------------------------------------------------------------------ */

/* Create, attach, start, and see it through. The exit status, or -1 and err. */
static int run_task(struct ctr *c, const struct run_options *o, struct err *err)
{
	struct ctr_task_start start = { .id = o->id, .terminal = o->spec.terminal, .detach = o->detach,
					.null_io = o->null_io, .log = o->log_uri };

	return ctr_task_run(c, &start, err);
}

int ctr_run(struct ctr *c, int argc, char **argv)
{
	struct run_options o = { 0 };
	AUTO_FREE char *id = NULL;
	struct err err;
	int status;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return printf("usage: ctr %s\n%s", c->usage, options_help) < 0;
	if (parse(&o, argc, argv, &err)) {
		status = ctr_misuse(c, err.msg);
		free_options(&o);
		return status;
	}
	status = create(c, &o, &err) ? -1 : 0;
	if (status) {
		free_options(&o);
		return ctr_fail(&err);
	}
	id = ctrd_escape(o.id);
	status = run_task(c, &o, &err);
	if (status < 0 || o.remove)
		drop_container(c, id);
	free_options(&o);
	return status < 0 ? ctr_fail(&err) : status;
}
