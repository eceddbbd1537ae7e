/*
 * runtimes.c - see runtimes.h.
 */
#include "runtimes.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"

/* What containerd calls the shim that runs OCI runtimes, the only one that there is here; so it is the
 * stock runtime's other name, too. */
#define OCI_SHIM "io.containerd.runc.v2"

static bool is_stock(const char *name)
{
	return !strcmp(name, STOCK_RUNTIME) || !strcmp(name, OCI_SHIM);
}

/* --- settings ----------------------------------------------------------------------------- */

static int put(json_t **all, const char *name, json_t *runtime, struct err *err)
{
	int rc = 0;

	if (!*all)
		*all = json_object();
	if (is_stock(name))
		rc = err_set(err, ERR_INVALID, "runtime name '%s' is reserved", name);
	else if (json_object_get(*all, name))
		rc = err_set(err, ERR_INVALID, "runtime '%s' was already defined", name);
	else
		json_object_set(*all, name, runtime);
	json_decref(runtime);
	return rc;
}

int dockerd_runtimes_add(json_t **all, const char *flag, struct err *err)
{
	const char *eq = strchr(flag, '=');
	AUTO_FREE char *name = eq ? xstrndup(flag, (size_t)(eq - flag)) : NULL;

	if (!eq || eq == flag || !eq[1])
		return err_set(err, ERR_INVALID, "invalid runtime argument: %s", flag);
	return put(all, name, json_pack("{s:s}", "path", eq + 1), err);
}

/* {"runtimeType", "options"}: the way to say it that real containerd has; `path` is the other. */
static int check_shim(const char *name, const json_t *runtime, struct err *err)
{
	static const struct field fields[] = {
		{ "BinaryName", 's', true, "\"\"" },
		{ "Root", 's', false, "\"\"" },
		{ "SystemdCgroup", 'b', false, "false" },
		{ NULL },
	};
	const char *type = jsonx_str(runtime, "runtimeType", "");
	json_t *options = json_object_get(runtime, "options");
	AUTO_FREE char *where = xasprintf("runtimes.%s.options.", name);
	AUTO_JSON json_t *known = options ? dockerd_normalise(options, fields, where, err) : json_object();

	if (!known)
		return -1;
	if (options && !*type)
		return err_set(err, ERR_INVALID, "runtime %s: options are for a runtimeType", name);
	if (*type && (*jsonx_str(runtime, "path", "") || json_object_get(runtime, "runtimeArgs")))
		return err_set(err, ERR_INVALID, "runtime %s: either path and runtimeArgs, or runtimeType and "
			       "options", name);
	if (*type && strcmp(type, OCI_SHIM))
		return err_set(err, ERR_UNSUPPORTED, "runtimes.%s.runtimeType: %s is not supported by this "
			       "daemon, only " OCI_SHIM, name, type);
	return 0;
}

int dockerd_runtimes_take(json_t **all, const json_t *given, struct err *err)
{
	static const struct field fields[] = {
		{ "path", 's', true, "\"\"" },
		{ "runtimeArgs", 'l', true, "null" },
		{ "runtimeType", 's', true, "null" },
		{ "options", 'o', true, "null" },
		{ NULL },
	};
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)given, name, v) {
		AUTO_FREE char *where = xasprintf("runtimes.%s.", name);
		json_t *runtime = dockerd_normalise(v, fields, where, err);

		if (!runtime)
			return -1;
		for (size_t i = 1; fields[i].name; i++)
			if (dockerd_is_empty(json_object_get(runtime, fields[i].name)))
				json_object_del(runtime, fields[i].name);
		if (check_shim(name, runtime, err)) {
			json_decref(runtime);
			return -1;
		}
		if (put(all, name, runtime, err))
			return -1;
	}
	return 0;
}

int dockerd_runtimes_check(const json_t *all, const char *default_name, struct err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)all, name, v)
		if (!*jsonx_str(v, "path", "") && !json_object_get(v, "runtimeType"))
			return err_set(err, ERR_INVALID, "runtime %s: a path must be configured", name);
	if (default_name && !is_stock(default_name) && !json_object_get(all, default_name))
		return err_set(err, ERR_INVALID, "specified default runtime '%s' does not exist",
			       default_name);
	return 0;
}

/* --- for containers ------------------------------------------------------------------------- */

/* What the name means now: new, or NULL where there is no such. */
static json_t *find(struct daemon *d, const char *name)
{
	json_t *found;

	dockerd_lock(d);
	found = json_deep_copy(json_object_get(d->live.runtimes, name));
	dockerd_unlock(d);
	return found;
}

static int unknown(const char *name, struct err *err)
{
	return err_set(err, ERR_INVALID, "unknown or invalid runtime name: %s", name);
}

int dockerd_runtime_choose(struct daemon *d, json_t *host, struct err *err)
{
	const char *name = jsonx_str(host, "Runtime", "");
	AUTO_JSON json_t *found = NULL;

	if (!*name) {
		dockerd_lock(d);
		json_object_set_new(host, "Runtime", json_string(d->live.default_runtime));
		dockerd_unlock(d);
		return 0;
	}
	found = find(d, name);
	return is_stock(name) || found ? 0 : unknown(name, err);
}

json_t *dockerd_runtime_body(struct daemon *d, const char *name, struct err *err)
{
	AUTO_JSON json_t *found = find(d, name);
	const char *binary = jsonx_str(json_object_get(found, "options"), "BinaryName", "");
	const char *path = jsonx_str(found, "path", binary);

	if (is_stock(name) || (found && !*path))
		return json_null();
	if (!found) {
		unknown(name, err);
		return NULL;
	}
	if (*path == '/' && access(path, X_OK)) {
		err_sys(err, "runtime %s: %s", name, path);
		err->kind = ERR_INVALID; /* a 404 would be about the container */
		return NULL;
	}
	return json_pack("{s:s, s:{s:s, s:O*}}", "name", name, "options", "binaryName", path,
			 "binaryArgs", json_object_get(found, "runtimeArgs"));
}

json_t *dockerd_runtimes_info(struct daemon *d)
{
	json_t *all = json_pack("{s:{s:s}}", STOCK_RUNTIME, "path", STOCK_RUNTIME), *doc;

	dockerd_lock(d);
	if (d->live.runtimes)
		json_object_update_new(all, json_deep_copy(d->live.runtimes));
	doc = json_pack("{s:o, s:s}", "Runtimes", all, "DefaultRuntime", d->live.default_runtime);
	dockerd_unlock(d);
	return doc;
}
