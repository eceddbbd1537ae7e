/*
 * spec.c - see spec.h: the process, and the document as a whole.
 */
#include "spec.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/caps.h"

#define OCI_VERSION "1.0.2" /* what older runtimes take too */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void ctrd_spec_init(struct ctrd_spec *s, const char *id)
{
	*s = (struct ctrd_spec){ .id = id };
	kern_cgroup_limits_init(&s->limits);
}

const char *ctrd_spec_image_user(const json_t *image)
{
	const char *user = json_string_value(jsonx_at(image, "config.User"));

	return user ? user : "";
}

/* --- capabilities -------------------------------------------------------------------------- */

/* What root in a container may do: enough for package managers and servers. */
static const char *const default_caps[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",  "CAP_FOWNER",  "CAP_MKNOD",
	"CAP_NET_RAW", "CAP_SETGID",       "CAP_SETUID",  "CAP_SETFCAP", "CAP_SETPCAP",
	"CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
};

static int named_caps(const struct strlist *names, uint64_t *caps, bool *all, struct err *err)
{
	*caps = 0;
	*all = false;
	for (size_t i = 0; names && i < names->n; i++) {
		int cap = kern_caps_parse(names->v[i]);

		if (!strcasecmp(names->v[i], "ALL"))
			*all = true;
		else if (cap < 0)
			return err_set(err, ERR_INVALID, "unknown capability '%s'", names->v[i]);
		else
			*caps |= 1ull << cap;
	}
	return 0;
}

/* "All" is all that there is to give: a daemon that lacks some, in a container or under a
 * manager that took them, cannot pass them on. */
static uint64_t all_caps(void)
{
	struct kern_caps own;
	struct err ignored;

	return kern_caps_get(&own, &ignored) ? kern_caps_all() : kern_caps_all() & own.bounding;
}

json_t *ctrd_spec_caps(const struct strlist *add, const struct strlist *drop, bool privileged,
		       struct err *err)
{
	uint64_t added, dropped, caps = 0;
	bool add_all, drop_all;
	json_t *names;

	if (named_caps(add, &added, &add_all, err) || named_caps(drop, &dropped, &drop_all, err))
		return NULL;
	for (size_t i = 0; i < sizeof default_caps / sizeof *default_caps && !drop_all; i++)
		caps |= 1ull << kern_caps_parse(default_caps[i]);
	if (add_all || privileged)
		caps = all_caps();
	caps = ((caps & ~dropped) | added) & kern_caps_all();
	names = json_array();
	for (int i = 0; i < 64; i++)
		if (caps & (1ull << i) && kern_caps_name(i))
			json_array_append_new(names, json_string(kern_caps_name(i)));
	return names;
}

/* --- the process ----------------------------------------------------------------------------- */

/* "K=v" replaces an earlier K. */
static void set_env(json_t *env, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1, i;
	json_t *v;

	json_array_foreach(env, i, v) {
		const char *old = json_string_value(v);

		if (old && !strncmp(old, entry, n)) {
			json_array_set_new(env, i, json_string(entry));
			return;
		}
	}
	json_array_append_new(env, json_string(entry));
}

static json_t *make_env(const struct ctrd_spec *s)
{
	json_t *env = json_array(), *v;
	size_t i;

	set_env(env, DEFAULT_PATH);
	if (s->terminal)
		set_env(env, "TERM=xterm");
	json_array_foreach(jsonx_at(s->image, "config.Env"), i, v)
		if (json_is_string(v))
			set_env(env, json_string_value(v));
	for (i = 0; s->env && i < s->env->n; i++)
		set_env(env, s->env->v[i]);
	return env;
}

/* Entrypoint, then the arguments given or else Cmd. */
static json_t *make_args(const struct ctrd_spec *s, struct err *err)
{
	json_t *entrypoint = jsonx_at(s->image, "config.Entrypoint");
	json_t *cmd = jsonx_at(s->image, "config.Cmd");
	json_t *args = json_is_array(entrypoint) ? json_copy(entrypoint) : json_array();

	if (s->args && s->args->n)
		for (size_t i = 0; i < s->args->n; i++)
			json_array_append_new(args, json_string(s->args->v[i]));
	else if (json_is_array(cmd))
		json_array_extend(args, cmd);
	if (json_array_size(args))
		return args;
	json_decref(args);
	err_set(err, ERR_INVALID, "no command is given, and the image names none");
	return NULL;
}

static const char *make_cwd(const struct ctrd_spec *s)
{
	const char *dir = json_string_value(jsonx_at(s->image, "config.WorkingDir"));

	return s->cwd ? s->cwd : dir && *dir ? dir : "/";
}

static json_t *make_process(const struct ctrd_spec *s, json_t *caps, struct err *err)
{
	json_t *args = make_args(s, err), *process;

	if (!args)
		return NULL;
	process = json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:{s:O, s:O, s:O}, s:b, s:i}",
			    "terminal", s->terminal, "user", "uid", 0, "gid", 0, "args", args, "env",
			    make_env(s), "cwd", make_cwd(s), "capabilities", "bounding", caps,
			    "effective", caps, "permitted", caps, "noNewPrivileges",
			    s->no_new_privileges, "oomScoreAdj", 0);
	if (!process)
		err_set(err, ERR_INVALID, "an argument or variable is not valid UTF-8");
	return process;
}

/* --- the whole --------------------------------------------------------------------------------- */

char *ctrd_spec_namespace_of(pid_t pid, const char *type)
{
	const char *file = !strcmp(type, "network") ? "net" : !strcmp(type, "mount") ? "mnt" : type;

	return xasprintf("/proc/%d/ns/%s", (int)pid, file);
}

/* New ones, but for those that are joined, the network of the host, and namespaces of users
 * and groups, which are the host's unless they are joined. */
static json_t *namespaces(const struct ctrd_spec *s)
{
	static const struct {
		const char *type;
		bool own;
	} types[] = { { "mount", true }, { "uts", true }, { "pid", true }, { "ipc", true },
		      { "network", true }, { "user", false }, { "cgroup", false } };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const char *type = types[i].type, *path = jsonx_str(s->join, type, NULL);

		if (path || (types[i].own && !(s->host_network && !strcmp(type, "network"))))
			json_array_append_new(list, json_pack("{s:s, s:s*}", "type", type, "path", path));
	}
	return list;
}

static int add_devices(const struct ctrd_spec *s, json_t *out, struct err *err)
{
	AUTO_JSON json_t *nodes = json_array();
	json_t *rules = jsonx_at(out, "resources.devices");

	if (s->privileged)
		ctrd_spec_all_devices(nodes);
	for (size_t i = 0; i < s->n_devices; i++)
		if (ctrd_spec_device(nodes, rules, &s->devices[i], err))
			return -1;
	if (json_array_size(nodes))
		json_object_set(out, "devices", nodes);
	return 0;
}

static json_t *make_linux(const struct ctrd_spec *s, const json_t *caps, struct err *err)
{
	AUTO_JSON json_t *out = json_pack("{s:o, s:o}", "namespaces", namespaces(s), "resources",
					  ctrd_spec_resources(&s->limits, s->privileged));

	if (add_devices(s, out, err))
		return NULL;
	if (s->cgroups_path)
		json_object_set_new(out, "cgroupsPath", json_string(s->cgroups_path));
	if (s->privileged)
		return steal_ptr(&out);
	json_object_set_new(out, "maskedPaths", ctrd_spec_masked_paths());
	json_object_set_new(out, "readonlyPaths", ctrd_spec_readonly_paths());
	if (!s->seccomp_unconfined)
		json_object_set_new(out, "seccomp", ctrd_spec_seccomp(caps));
	return steal_ptr(&out);
}

json_t *ctrd_spec_build(const struct ctrd_spec *s, struct err *err)
{
	AUTO_JSON json_t *caps = ctrd_spec_caps(s->cap_add, s->cap_drop, s->privileged, err);
	AUTO_JSON json_t *process = caps ? make_process(s, caps, err) : NULL;
	AUTO_JSON json_t *part = process ? make_linux(s, caps, err) : NULL;
	json_t *mounts, *doc;

	if (!part)
		return NULL;
	mounts = ctrd_spec_mounts(s->privileged);
	if (s->mounts)
		json_array_extend(mounts, (json_t *)s->mounts);
	doc = json_pack("{s:s, s:O, s:{s:s, s:b}, s:o, s:O}", "ociVersion", OCI_VERSION, "process",
			process, "root", "path", "rootfs", "readonly", s->readonly, "mounts", mounts,
			"linux", part);
	if (s->hostname)
		json_object_set_new(doc, "hostname", json_string(s->hostname));
	if (s->annotations)
		json_object_set(doc, "annotations", (json_t *)s->annotations);
	return doc;
}
