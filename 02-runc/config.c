/*
 * config.c - the document as a whole; see config.h. The big objects in it have
 * files of their own: config_process.c, config_mounts.c, config_hooks.c,
 * config_linux.c, config_userns.c, config_resources.c; how it is read is in config_read.c.
 */
#include "config.h"

#include <limits.h>
#include <sched.h>
#include <string.h>

#include "property.h"

/* A number without leading zeros at *p, which moves behind it. */
static bool skip_number(const char **p)
{
	size_t digits = strspn(*p, "0123456789");
	bool ok = digits && (digits == 1 || **p != '0');

	*p += digits;
	return ok;
}

/* Identifiers with dots between them, up to one of the characters in `end`. */
static bool skip_identifiers(const char **p, const char *end)
{
	static const char letters[] = "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (;; (*p)++) {
		size_t n = strspn(*p, letters);

		*p += n;
		if (!n || strchr(end, **p))
			return n;
		if (**p != '.')
			return false;
	}
}

/* "1.0.2-rc.1+build" (semver.org, version 2.0.0). */
static bool is_semver(const char *p)
{
	for (int i = 0; i < 3; i++)
		if ((i && *p++ != '.') || !skip_number(&p))
			return false;
	if (*p == '-' && (p++, !skip_identifiers(&p, "+")))
		return false;
	if (*p == '+' && (p++, !skip_identifiers(&p, "")))
		return false;
	return !*p;
}

/* Only the major version says whether we can read it. */
static int check_version(const struct runc_config *c, struct err *err)
{
	if (!is_semver(c->version))
		return err_set(err, ERR_INVALID, "ociVersion: '%s' is not a version (x.y.z)",
			       c->version);
	if (strncmp(c->version, "1.", 2) != 0)
		return err_set(err, ERR_INVALID, "ociVersion: version %s of the specification is "
			       "not supported, only 1.x is", c->version);
	return 0;
}

static int parse_root(struct runc_config *c, struct err *err)
{
	json_t *root;

	if (runc_prop_object(c->doc, "", "root", &root, err))
		return -1;
	if (!root)
		return err_set(err, ERR_INVALID, "root: required");
	return runc_prop_need_str(root, "root", "path", &c->root, err) ||
	       runc_prop_bool(root, "root", "readonly", &c->root_readonly, err) ? -1 : 0;
}

static int string_map(const json_t *doc, const char *where, const char *key, json_t **out,
		      struct err *err)
{
	const char *name;
	json_t *value;

	if (runc_prop_object(doc, where, key, out, err))
		return -1;
	json_object_foreach(*out, name, value)
		if (!*name || !json_is_string(value))
			return err_set(err, ERR_INVALID, "%s%s%s[\"%s\"]: %s", where,
				       *where ? "." : "", key, name,
				       *name ? "expected a string" : "the key must not be empty");
	return 0;
}

/* `hostname` and `domainname`: the kernel's buffers for them (uname(2)). */
static int parse_name(const struct runc_config *c, const char *key, const char **out,
		      struct err *err)
{
	if (runc_prop_str(c->doc, "", key, out, err))
		return -1;
	if (*out && strlen(*out) > HOST_NAME_MAX)
		return err_set(err, ERR_INVALID, "%s: longer than %d bytes", key, HOST_NAME_MAX);
	return 0;
}

static int parse_process(struct runc_config *c, struct err *err)
{
	json_t *process;

	if (runc_prop_object(c->doc, "", "process", &process, err))
		return -1;
	return process ? runc_config_process(&c->process, process, "process", err) : 0;
}

static int parse_linux(struct runc_config *c, struct err *err)
{
	json_t *obj;

	if (runc_prop_object(c->doc, "", "linux", &obj, err))
		return -1;
	if (!obj)
		return err_set(err, ERR_INVALID, "linux: required on this platform");
	if (runc_config_linux(c, obj, err) || string_map(obj, "linux", "sysctl", &c->sysctl, err))
		return -1;
	runc_sysctl_normalise(obj, &c->sysctl);
	return 0;
}

/* What needs a namespace, and would happen to the host without. */
static int check_namespaces(const struct runc_config *c, struct err *err)
{
	const struct { uint64_t flag; bool wanted; const char *what; } needs[] = {
		{ CLONE_NEWUTS, c->hostname && *c->hostname,
		  "hostname: unable to set hostname without a private UTS namespace" },
		{ CLONE_NEWUTS, c->domainname && *c->domainname,
		  "domainname: unable to set domainname without a private UTS namespace" },
		{ CLONE_NEWNS, (c->masked_paths && *c->masked_paths) ||
			       (c->readonly_paths && *c->readonly_paths),
		  "linux.maskedPaths, linux.readonlyPaths: unable to restrict sys entries without a "
		  "private MNT namespace" },
	};

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (needs[i].wanted && !runc_config_ns(c, needs[i].flag))
			return err_set(err, ERR_INVALID, "%s", needs[i].what);
	return runc_config_check_userns(c, err);
}

static int parse(struct runc_config *c, struct err *err)
{
	if (!json_is_object(c->doc))
		return err_set(err, ERR_INVALID, "expected an object");
	c->relative_mount = runc_destinations_clean(c->doc);
	if (runc_prop_need_str(c->doc, "", "ociVersion", &c->version, err) ||
	    check_version(c, err) ||
	    parse_root(c, err) ||
	    parse_name(c, "hostname", &c->hostname, err) ||
	    parse_name(c, "domainname", &c->domainname, err) ||
	    string_map(c->doc, "", "annotations", &c->annotations, err) ||
	    parse_process(c, err) ||
	    runc_config_mounts(c, c->doc, err) ||
	    runc_config_hooks(c, c->doc, err) ||
	    parse_linux(c, err) ||
	    check_namespaces(c, err))
		return -1;
	return 0;
}

int runc_config_parse(struct runc_config *c, json_t *doc, struct err *err)
{
	memset(c, 0, sizeof *c);
	c->doc = doc;
	c->process.umask = -1;
	kern_cgroup_limits_init(&c->resources.limits);
	if (!parse(c, err))
		return 0;
	runc_config_free(c);
	return -1;
}

int runc_config_load(struct runc_config *c, int dirfd, const char *path, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct runc_filter filter = RUNC_FILTER_INIT;
	json_t *doc = NULL;

	memset(c, 0, sizeof *c);
	if (!runc_config_text(dirfd, path, &text, err))
		doc = runc_config_doc(&text, path, &filter, err);
	if (!doc)
		return -1;
	if (runc_config_parse(c, doc, err)) {
		runc_seccomp_free(&filter);
		return err_wrap(err, "%s", path);
	}
	c->filter = filter;
	c->text = strbuf_steal(&text);
	return 0;
}

const struct runc_namespace *runc_config_ns(const struct runc_config *c, uint64_t flag)
{
	for (size_t i = 0; i < c->n_ns; i++)
		if (c->ns[i].type->flag == flag)
			return &c->ns[i];
	return NULL;
}

bool runc_config_ns_is_new(const struct runc_config *c, uint64_t flag)
{
	const struct runc_namespace *ns = runc_config_ns(c, flag);

	return ns && !ns->path;
}

void runc_config_free(struct runc_config *c)
{
	for (int kind = 0; kind < HOOK_KINDS; kind++) {
		for (size_t i = 0; i < c->hooks[kind].n; i++) {
			free(c->hooks[kind].v[i].args);
			free(c->hooks[kind].v[i].env);
		}
		free(c->hooks[kind].v);
	}
	runc_process_free(&c->process);
	runc_resources_free(&c->resources);
	for (size_t i = 0; i < c->n_mounts; i++)
		kern_id_maps_free(&c->mounts[i].maps);
	kern_id_maps_free(&c->maps);
	free(c->mounts);
	free(c->masked_paths);
	free(c->readonly_paths);
	free(c->devices);
	free(c->netdevs);
	free(c->rdt.schemata);
	runc_seccomp_free(&c->filter);
	json_decref(c->doc);
	free(c->text);
	memset(c, 0, sizeof *c);
}
