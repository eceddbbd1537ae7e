/*
 * mount_parse.c - the two ways of writing one mount (mounts.h).
 */
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "create.h"
#include "mounts.h"
#include "names.h"

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared",
					    "slave",   "rslave",   NULL };
enum { MODE_GROUPS = 4 };

/* "/a//b/" -> "/a/b"; ".." is left to whoever resolves it. The caller frees. */
static char *clean(const char *path)
{
	struct strbuf sb = STRBUF_INIT;

	for (const char *p = path; *p; p++)
		if (*p != '/' || (p[1] != '/' && p[1] != '\0') || sb.len == 0)
			if (!(*p == '/' && sb.len && sb.data[sb.len - 1] == '/'))
				strbuf_addc(&sb, *p);
	return strbuf_steal(&sb);
}

static int check_destination(const char *dst, const char *type, struct err *err)
{
	AUTO_FREE char *clean_dst = clean(dst);

	if (*dst != '/')
		return err_set(err, ERR_INVALID,
			       "invalid mount config for type \"%s\": invalid mount path: "
			       "'%s' mount path must be absolute",
			       type, dst);
	if (!strcmp(clean_dst, "/"))
		return err_set(err, ERR_INVALID, "invalid mount config for type \"%s\": invalid "
			       "specification: destination can't be '/'", type);
	if (strstr(clean_dst, "/../") || str_ends(clean_dst, "/.."))
		return err_set(err, ERR_INVALID, "invalid mount path: '%s' has a '..' in it", dst);
	return 0;
}

static json_t *new_mount(const char *type, const char *name, const char *source, const char *dst,
			 bool rw)
{
	AUTO_FREE char *target = clean(dst);
	bool volume = !strcmp(type, "volume");
	json_t *m = json_pack("{s:s}", "Type", type);

	if (volume || !strcmp(type, "image"))
		json_object_set_new(m, "Name", json_string(name));
	json_object_set_new(m, "Source", json_string(source));
	json_object_set_new(m, "Destination", json_string(target));
	if (volume)
		json_object_set_new(m, "Driver", json_string("local"));
	json_object_set_new(m, "Mode", json_string(""));
	json_object_set_new(m, "RW", json_boolean(rw));
	json_object_set_new(m, "Propagation", json_string(strcmp(type, "bind") ? "" : "rprivate"));
	return m;
}

/* Not by default: propagation.c. */
static void choose_propagation(json_t *m, const char *word)
{
	json_object_set_new(m, "Propagation", json_string(word));
	json_object_set_new(m, "_chosen", json_true());
}

/* --- "src:dst:mode" ---------------------------------------------------------------- */

/* Of each group a mode has one word at most. SELinux labels ("z", "Z") and the consistency words
 * of other systems mean nothing here, for Docker neither. */
static int group_of(const char *word, bool bind)
{
	static const char *const access[] = { "rw", "ro", NULL }, *const labels[] = { "z", "Z", NULL };
	static const char *const consistency[] = { "consistent", "cached", "delegated", "default", NULL };
	static const char *const copy[] = { "nocopy", NULL };
	const char *const *const groups[MODE_GROUPS] = { access, labels, consistency, bind ? propagations : copy };

	for (int i = 0; i < MODE_GROUPS; i++)
		if (words_have(groups[i], word))
			return i;
	return -1;
}

/* Sort the words of the mode into the mount. */
static int apply_mode(json_t *m, const char *mode, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(mode);
	bool bind = !strcmp(jsonx_str(m, "Type", ""), "bind"), seen[MODE_GROUPS] = { false };
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int group = group_of(w, bind);

		if (group < 0 || seen[group])
			return err_set(err, ERR_INVALID, "invalid mode: %s", mode);
		seen[group] = true;
		if (!strcmp(w, "ro"))
			json_object_set_new(m, "RW", json_false());
		else if (words_have(propagations, w))
			choose_propagation(m, w);
		else if (!strcmp(w, "nocopy"))
			json_object_set_new(m, "_nocopy", json_true());
	}
	json_object_set_new(m, "Mode", json_string(mode));
	return 0;
}

static int check_volume_name(const char *name, struct err *err)
{
	if (dockerd_name_valid(name) && strlen(name) < 256)
		return 0;
	return err_set(
		err, ERR_INVALID,
		"create %s: \"%s\" includes invalid characters for a local volume "
		"name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a "
		"host directory, use absolute path",
		name, name);
}

json_t *dockerd_mount_parse_bind(const char *text, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *part[3] = { copy, NULL, NULL };
	AUTO_JSON json_t *m = NULL;
	const char *src, *dst;
	size_t n = 1;

	for (char *p = copy; *p; p++) {
		if (*p != ':')
			continue;
		*p = '\0';
		if (n < 3)
			part[n] = p + 1;
		n++;
	}
	src = n > 1 ? part[0] : "";
	dst = n > 1 ? part[1] : part[0];
	if (n > 3 || !*dst || (n > 1 && !*src)) {
		err_set(err, ERR_INVALID, "invalid volume specification: '%s'", text);
		return NULL;
	}
	if (check_destination(dst, *src == '/' ? "bind" : "volume", err)) {
		err_wrap(err, "invalid volume specification: '%s'", text);
		return NULL;
	}
	if (*src == '/') {
		AUTO_FREE char *source = clean(src);

		m = new_mount("bind", "", source, dst, true);
		json_object_set_new(m, "_create", json_true());
	} else {
		if (*src && check_volume_name(src, err))
			return NULL;
		m = new_mount("volume", src, "", dst, true);
		json_object_set_new(m, "Mode", json_string("z")); /* as Docker shows it */
	}
	return part[2] && apply_mode(m, part[2], err) ? NULL : steal_ptr(&m);
}

/* --- objects ------------------------------------------------------------------------- */

static const struct field mount_fields[] = {
	{ "Type", 's', true, "\"\"" },
	{ "Source", 's', true, "\"\"" },
	{ "Target", 's', true, "\"\"" },
	{ "ReadOnly", 'b', true, "false" },
	{ "Consistency", 's', true, "\"\"" },
	{ "BindOptions", 'o', true, "{}" },
	{ "VolumeOptions", 'o', true, "{}" },
	{ "TmpfsOptions", 'o', true, "{}" },
	{ "ImageOptions", 'o', true, "{}" },
	{ "ClusterOptions", 'o', false, "{}" },
	{ NULL },
};
static const struct field bind_fields[] = {
	{ "Propagation", 's', true, "\"\"" },
	{ "NonRecursive", 'b', true, "false" },
	{ "CreateMountpoint", 'b', true, "false" },
	{ "ReadOnlyNonRecursive", 'b', true, "false" },
	{ "ReadOnlyForceRecursive", 'b', true, "false" },
	{ NULL },
};
static const struct field volume_fields[] = {
	{ "NoCopy", 'b', true, "false" },
	{ "Labels", 'o', true, "{}" },
	{ "DriverConfig", 'o', true, "{}" },
	{ "Subpath", 's', true, "\"\"" },
	{ NULL },
};
static const struct field driver_fields[] = {
	{ "Name", 's', true, "\"\"" },
	{ "Options", 'o', true, "{}" },
	{ NULL },
};
static const struct field tmpfs_fields[] = {
	{ "SizeBytes", 'i', true, "0" },
	{ "Mode", 'i', true, "0" },
	{ "Options", 'a', true, "[]" },
	{ NULL },
};

static const struct field image_fields[] = {
	{ "Subpath", 's', true, "\"\"" },
	{ NULL },
};

/* What is mounted below a read-only bind is read-only too, unless it is asked for otherwise. */
static int check_recursion(const json_t *mount, const json_t *o, struct err *err)
{
	bool flat = jsonx_bool(o, "ReadOnlyNonRecursive", false),
	     force = jsonx_bool(o, "ReadOnlyForceRecursive", false);

	if ((flat || force) && !jsonx_bool(mount, "ReadOnly", false))
		return err_set(err, ERR_INVALID,
			       "invalid mount config for type \"bind\": mount must be ReadOnly "
			       "for its options ReadOnly...Recursive");
	if (flat && force)
		return err_set(err, ERR_INVALID,
			       "invalid mount config for type \"bind\": ReadOnlyNonRecursive and "
			       "ReadOnlyForceRecursive are mutually exclusive");
	if (force && strcmp(jsonx_str(o, "Propagation", ""), "rprivate"))
		return err_set(err, ERR_INVALID,
			       "invalid mount config for type \"bind\": ReadOnlyForceRecursive "
			       "requires Propagation rprivate");
	return 0;
}

static json_t *bind_mount(const json_t *mount, struct err *err)
{
	const char *source = jsonx_str(mount, "Source", ""), *propagation;
	AUTO_JSON json_t *o = dockerd_normalise(json_object_get(mount, "BindOptions"), bind_fields,
						"BindOptions.", err);
	AUTO_JSON json_t *m = NULL;
	struct stat st;

	if (!o)
		return NULL;
	propagation = jsonx_str(o, "Propagation", "");
	if (*source != '/') {
		err_set(err, ERR_INVALID,
			"invalid mount config for type \"bind\": invalid mount path: '%s' "
			"mount path must be absolute",
			source);
		return NULL;
	}
	if (stat(source, &st) && !jsonx_bool(o, "CreateMountpoint", false)) {
		err_set(err, ERR_INVALID,
			"invalid mount config for type \"bind\": bind source path does not "
			"exist: %s",
			source);
		return NULL;
	}
	if (*propagation && !words_have(propagations, propagation)) {
		err_set(err, ERR_INVALID, "invalid propagation mode: %s", propagation);
		return NULL;
	}
	m = new_mount("bind", "", source, jsonx_str(mount, "Target", ""),
		      !jsonx_bool(mount, "ReadOnly", false));
	if (*propagation)
		choose_propagation(m, propagation);
	json_object_set_new(m, "_create", json_boolean(jsonx_bool(o, "CreateMountpoint", false)));
	if (check_recursion(mount, o, err))
		return NULL;
	json_object_set_new(m, "_ro_flat",
			    json_boolean(jsonx_bool(o, "ReadOnlyNonRecursive", false)));
	json_object_set_new(m, "_flat", json_boolean(jsonx_bool(o, "NonRecursive", false)));
	return steal_ptr(&m);
}

/* The options of the driver, if the volume must be made. New. */
static json_t *driver_options(const json_t *o, struct err *err)
{
	AUTO_JSON json_t *config = dockerd_normalise(json_object_get(o, "DriverConfig"),
						     driver_fields, "VolumeOptions.DriverConfig.",
						     err);
	const char *driver = jsonx_str(config, "Name", "");

	if (!config)
		return NULL;
	if (!*driver || !strcmp(driver, "local"))
		return json_incref(json_object_get(config, "Options"));
	err_set(err, ERR_NOT_FOUND, "error looking up volume plugin %s: plugin \"%s\" not found",
		driver, driver);
	return NULL;
}

/* As Go's filepath.IsLocal: relative, and no ".." leads out of it. */
static bool is_local_path(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	char *save = NULL;
	int depth = 0;

	for (char *w = strtok_r(copy, "/", &save); w && depth >= 0; w = strtok_r(NULL, "/", &save))
		depth += !strcmp(w, "..") ? -1 : strcmp(w, ".") != 0;
	return *path != '/' && depth >= 0;
}

static int check_subpath(const char *type, const char *part, struct err *err)
{
	if (is_local_path(part))
		return 0;
	return err_set(err, ERR_INVALID, "invalid mount config for type \"%s\": subpath must be a "
		       "relative path within the %s", type, type);
}

static json_t *volume_mount(const json_t *mount, struct err *err)
{
	const char *name = jsonx_str(mount, "Source", "");
	AUTO_JSON json_t *o = dockerd_normalise(json_object_get(mount, "VolumeOptions"),
						volume_fields, "VolumeOptions.", err);
	AUTO_JSON json_t *options = o ? driver_options(o, err) : NULL;
	const char *part = jsonx_str(o, "Subpath", "");
	json_t *m;

	if (!options || (*name && check_volume_name(name, err)) || check_subpath("volume", part, err))
		return NULL;
	if (!*name && jsonx_bool(mount, "ReadOnly", false)) {
		err_set(err, ERR_INVALID, "invalid mount config for type \"volume\": must not set "
					  "ReadOnly mode when using anonymous volumes");
		return NULL;
	}
	m = new_mount("volume", name, "", jsonx_str(mount, "Target", ""),
		      !jsonx_bool(mount, "ReadOnly", false));
	json_object_set_new(m, "Mode", json_string("z")); /* as Docker shows it */
	json_object_set_new(m, "_nocopy", json_boolean(jsonx_bool(o, "NoCopy", false) || *part));
	json_object_set(m, "_labels", json_object_get(o, "Labels"));
	if (json_object_size(options))
		json_object_set(m, "_options", options);
	if (*part)
		json_object_set_new(m, "_subpath", json_string(part));
	return m;
}

static json_t *image_mount(const json_t *mount, struct err *err)
{
	const char *image = jsonx_str(mount, "Source", "");
	AUTO_JSON json_t *o = dockerd_normalise(json_object_get(mount, "ImageOptions"), image_fields,
						"ImageOptions.", err);
	const char *part = jsonx_str(o, "Subpath", "");
	json_t *m;

	if (!*image)
		err_set(err, ERR_INVALID,
			"invalid mount config for type \"image\": field Source must not be empty");
	if (!o || !*image || check_subpath("image", part, err))
		return NULL;
	m = new_mount("image", image, "", jsonx_str(mount, "Target", ""), false);
	if (*part)
		json_object_set_new(m, "_subpath", json_string(part));
	return m;
}

/* [["exec"], ["noexec"]]: Docker lets no other pass. */
static int tmpfs_options(const json_t *list, struct strbuf *data, struct err *err)
{
	static const char *const known[] = { "exec", "noexec", NULL };
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v) {
		const char *word = json_string_value(json_array_get(v, 0));

		if (!word || json_array_size(v) != 1)
			return err_set(err, ERR_INVALID, "invalid mount config for type \"tmpfs\": "
							 "invalid option array length");
		if (!words_have(known, word))
			return err_set(err, ERR_INVALID,
				       "invalid mount config for type \"tmpfs\": invalid option: %s", word);
		strbuf_addf(data, "%s,", word);
	}
	return 0;
}

static json_t *tmpfs_mount(const json_t *mount, struct err *err)
{
	AUTO_JSON json_t *o = dockerd_normalise(json_object_get(mount, "TmpfsOptions"),
						tmpfs_fields, "TmpfsOptions.", err);
	AUTO_STRBUF struct strbuf data = STRBUF_INIT;
	json_t *m;

	if (!o)
		return NULL;
	if (*jsonx_str(mount, "Source", "")) {
		err_set(err, ERR_INVALID,
			"invalid mount config for type \"tmpfs\": field Source must not be "
			"specified");
		return NULL;
	}
	if (tmpfs_options(json_object_get(o, "Options"), &data, err))
		return NULL;
	m = new_mount("tmpfs", "", "", jsonx_str(mount, "Target", ""),
		      !jsonx_bool(mount, "ReadOnly", false));
	if (jsonx_int(o, "SizeBytes", 0))
		strbuf_addf(&data, "size=%lld,", (long long)jsonx_int(o, "SizeBytes", 0));
	if (jsonx_int(o, "Mode", 0))
		strbuf_addf(&data, "mode=%llo,", (long long)jsonx_int(o, "Mode", 0));
	if (data.len)
		data.data[--data.len] = '\0';
	json_object_set_new(m, "_data", json_string(data.len ? data.data : ""));
	return m;
}

static const struct {
	const char *type, *options;
	json_t *(*parse)(const json_t *mount, struct err *err);
} types[] = {
	{ "bind", "BindOptions", bind_mount },
	{ "volume", "VolumeOptions", volume_mount },
	{ "tmpfs", "TmpfsOptions", tmpfs_mount },
	{ "image", "ImageOptions", image_mount },
};
enum { N_TYPES = sizeof types / sizeof *types };

/* Options are those of the type. */
static int check_options(const json_t *m, const char *type, struct err *err)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (strcmp(types[i].type, type) && json_object_size(json_object_get(m, types[i].options)))
			return err_set(err, ERR_INVALID, "invalid mount config for type \"%s\": field %s "
				       "must not be specified", type, types[i].options);
	return 0;
}

json_t *dockerd_mount_parse(const json_t *mount, struct err *err)
{
	AUTO_JSON json_t *m = json_is_object(mount)
				      ? dockerd_normalise(mount, mount_fields, "Mounts.", err)
				      : NULL;
	const char *type = jsonx_str(m, "Type", "");

	if (!json_is_object(mount))
		err_set(err, ERR_INVALID, "HostConfig.Mounts: expected objects");
	if (!m || check_destination(jsonx_str(m, "Target", ""), type, err))
		return NULL;
	for (size_t i = 0; i < N_TYPES; i++)
		if (!strcmp(types[i].type, type))
			return check_options(m, type, err) ? NULL : types[i].parse(m, err);
	err_set(err, ERR_INVALID, "invalid mount config for type \"%s\": mount type unknown", type);
	return NULL;
}
