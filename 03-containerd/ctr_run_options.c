/*
 * ctr_run_options.c - see ctr_run.h.
 */
#include "ctr_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"

#define ENV_MAX (1 << 20)

enum { O_ENV = 256, O_MOUNT, O_RUNC, O_MEMORY, O_CPUS, O_CWD, O_USER, O_LABEL, O_NET_HOST, O_NS,
       O_PRIVILEGED, O_READ_ONLY, O_CAP_ADD, O_CAP_DROP, O_HOSTNAME, O_LOG, O_NULL_IO, O_RM,
       O_NO_NEW, O_ALLOW_NEW, O_PLATFORM, O_CGROUP, O_PIDS, O_ENV_FILE, O_ANNOTATION, O_DEVICE, O_SHARES,
       O_QUOTA, O_PERIOD, O_RUNTIME, O_CONFIG, O_PID_FILE, O_ROOTFS };

static const struct option options[] = {
	{ "env", required_argument, NULL, O_ENV },
	{ "mount", required_argument, NULL, O_MOUNT },
	{ "runc-binary", required_argument, NULL, O_RUNC },
	{ "runtime", required_argument, NULL, O_RUNTIME },
	{ "config", required_argument, NULL, O_CONFIG },
	{ "env-file", required_argument, NULL, O_ENV_FILE },
	{ "annotation", required_argument, NULL, O_ANNOTATION },
	{ "device", required_argument, NULL, O_DEVICE },
	{ "cpu-shares", required_argument, NULL, O_SHARES },
	{ "cpu-quota", required_argument, NULL, O_QUOTA },
	{ "cpu-period", required_argument, NULL, O_PERIOD },
	{ "pid-file", required_argument, NULL, O_PID_FILE },
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
	{ "allow-new-privs", no_argument, NULL, O_ALLOW_NEW },
	{ "platform", required_argument, NULL, O_PLATFORM },
	{ "rootfs", no_argument, NULL, O_ROOTFS },
	{ "cgroup", required_argument, NULL, O_CGROUP },
	{ "detach", no_argument, NULL, 'd' },
	{ "tty", no_argument, NULL, 't' },
	{ 0 },
};

const char ctr_run_help[] =
	"  -d, --detach           do not wait        --rm         remove it afterwards\n"
	"  -t, --tty              with a terminal    --null-io    without input and output\n"
	"  --env KEY=VALUE  --env-file FILE  --cwd DIR  --user NAME[:GROUP]  --hostname NAME\n"
	"  --label KEY=VALUE  --annotation KEY=VALUE  --pid-file FILE\n"
	"  --mount type=bind,src=/HOST,dst=/THERE,options=rbind:ro\n"
	"  --device /HOST[:/THERE[:rwm]]\n"
	"  --memory-limit BYTES  --pids-limit N  --cgroup PATH\n"
	"  --cpus N  --cpu-shares N  --cpu-quota MICROSECONDS  --cpu-period MICROSECONDS\n"
	"  --net-host  --with-ns TYPE:/PATH  --read-only  --privileged\n"
	"  --allow-new-privs      a set-user-ID program gives its owner's rights: elsewhere it does not\n"
	"  --cap-add CAP_X  --cap-drop CAP_X\n"
	"  --runtime io.containerd.runc.v2, or the path of another OCI runtime, as --runc-binary\n"
	"  --config FILE          an OCI specification, in place of one made from the image\n"
	"  --log-uri file:///PATH the output also as a json-file log\n"
	"  --platform OS/ARCH[/VARIANT]\n"
	"  --rootfs               a directory is named in place of an image\n";

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

static int set_cpus(struct ctr_run_options *o, const char *text, struct err *err)
{
	double cpus;
	char *end;

	cpus = strtod(text, &end);
	if (end == text || *end || !(cpus > 0 && cpus < 100000))
		return err_set(err, ERR_INVALID, "--cpus %s: expected a positive number", text);
	o->spec.limits.cpu_period = 100000;
	o->spec.limits.cpu_quota = (int64_t)(cpus * 100000);
	return 0;
}

/* "KEY=VALUE", or "KEY" alone. */
static int set_pair(json_t *to, const char *text)
{
	AUTO_FREE char *key = xstrndup(text, strcspn(text, "="));

	return json_object_set_new(to, key, json_string(text[strlen(key)] ? text + strlen(key) + 1 : ""));
}

/* A line each; # begins a comment, and a name alone takes our own value. */
static int read_env(struct ctr_run_options *o, const char *file, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	char *save = NULL;

	strbuf_reserve(&text, 0);
	if (file_read(AT_FDCWD, file, &text, ENV_MAX, err))
		return err_wrap(err, "--env-file");
	for (char *l = strtok_r(text.data, "\r\n", &save); l; l = strtok_r(NULL, "\r\n", &save)) {
		if (*l == '#')
			continue;
		if (strchr(l, '='))
			strlist_add(&o->env, l);
		else if (getenv(l))
			strlist_addf(&o->env, "%s=%s", l, getenv(l));
	}
	return 0;
}

/* "/dev/a[:/dev/b[:rwm]]" */
static int add_device(struct ctr_run_options *o, const char *text, struct err *err)
{
	struct ctrd_spec_device device = { 0 };
	char *word, *rest;

	strlist_add(&o->device_words, text);
	rest = o->device_words.v[o->device_words.n - 1];
	device.source = strsep(&rest, ":");
	while (rest) {
		word = strsep(&rest, ":");
		if (*word == '/' && !device.path)
			device.path = word;
		else if (*word && strspn(word, "rwm") == strlen(word) && !rest)
			device.access = word;
		else
			return err_set(err, ERR_INVALID, "--device %s: expected /HOST[:/THERE[:rwm]]", text);
	}
	o->devices = xrealloc(o->devices, (o->spec.n_devices + 1) * sizeof device);
	o->devices[o->spec.n_devices++] = device;
	return 0;
}

/* The real ctr's word for its shim, or an OCI runtime. */
static int set_runtime(struct ctr_run_options *o, const char *text, struct err *err)
{
	if (*text == '/')
		o->runtime = text;
	else if (!str_starts(text, "io.containerd.runc."))
		return err_set(err, ERR_UNSUPPORTED, "--runtime %s: expected io.containerd.runc.v2, or the "
			       "path of an OCI runtime", text);
	return 0;
}

static int set_ns(struct ctr_run_options *o, const char *text, struct err *err)
{
	static const char types[] = "mount uts pid ipc network user cgroup ";
	AUTO_FREE char *type = xasprintf("%.*s ", (int)strcspn(text, ":"), text);
	const char *path = strchr(text, ':');

	if (!path || path[1] != '/' || !strstr(types, type))
		return err_set(err, ERR_INVALID, "--with-ns %s: expected TYPE:/PATH, a type of %s", text,
			       types);
	type[strlen(type) - 1] = '\0';
	return json_object_set_new(o->namespaces, type, json_string(path + 1));
}

static int set_log(struct ctr_run_options *o, const char *text, struct err *err)
{
	if (!str_starts(text, "file:///"))
		return err_set(err, ERR_UNSUPPORTED, "--log-uri %s: expected file:///PATH", text);
	o->log_uri = text + strlen("file://");
	return 0;
}

static int set_option(struct ctr_run_options *o, int ch, const char *arg, struct err *err)
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
	case O_LABEL: return set_pair(o->labels, arg);
	case O_ANNOTATION: return set_pair(o->annotations, arg);
	case O_ENV_FILE: return read_env(o, arg, err);
	case O_DEVICE: return add_device(o, arg, err);
	case O_SHARES: return number("--cpu-shares", arg, &s->limits.cpu_shares, err);
	case O_QUOTA: return number("--cpu-quota", arg, &s->limits.cpu_quota, err);
	case O_PERIOD: return number("--cpu-period", arg, &s->limits.cpu_period, err);
	case O_RUNTIME: return set_runtime(o, arg, err);
	case O_CONFIG: o->config = arg; break;
	case O_PID_FILE: o->pid_file = arg; break;
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
	case O_ALLOW_NEW: s->no_new_privileges = false; break;
	case O_PLATFORM: o->platform = arg; break;
	case O_ROOTFS: o->rootfs = true; break;
	case O_CGROUP: s->cgroups_path = arg; break;
	case 'd': o->detach = true; break;
	case 't': s->terminal = true; break;
	default: return err_set(err, ERR_INVALID, "unknown option");
	}
	return 0;
}

void ctr_run_free(struct ctr_run_options *o)
{
	strlist_free(&o->env);
	strlist_free(&o->args);
	strlist_free(&o->cap_add);
	strlist_free(&o->cap_drop);
	strlist_free(&o->device_words);
	free(o->devices);
	json_decref(o->mounts);
	json_decref(o->labels);
	json_decref(o->annotations);
	json_decref(o->namespaces);
}

int ctr_run_parse(struct ctr_run_options *o, int argc, char **argv, struct err *err)
{
	int ch;

	ctrd_spec_init(&o->spec, NULL);
	o->spec.no_new_privileges = true; /* as the real ctr has it, and dockerd has not */
	o->mounts = json_array();
	o->labels = json_object();
	o->annotations = json_object();
	o->namespaces = json_object();
	while ((ch = getopt_long(argc, argv, "+dt", options, NULL)) != -1)
		if (set_option(o, ch, optarg, err))
			return -1;
	if (argc - optind < 2)
		return err_set(err, ERR_INVALID, "an image and an id are needed");
	if (o->detach && o->remove)
		return err_set(err, ERR_INVALID, "--rm and --detach exclude each other");
	if (o->rootfs && o->platform)
		return err_set(err, ERR_INVALID, "--platform chooses among an image's: --rootfs has none");
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
	o->spec.join = o->namespaces;
	o->spec.devices = o->devices;
	if (json_object_size(o->annotations))
		o->spec.annotations = o->annotations;
	return 0;
}

