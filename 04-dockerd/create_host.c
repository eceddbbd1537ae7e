/*
 * create_host.c - HostConfig: the table of its fields and their defaults
 * (create.h). The semantic checks are create_check.c's.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/cgroup.h"
#include "03-containerd/spec.h"
#include "create.h"

static const struct field host_fields[] = {
	{ "Binds", 'l', true, "null" },
	{ "ContainerIDFile", 's', true, "\"\"" }, /* the client writes it */
	{ "LogConfig", 'o', true, "{\"Type\":\"json-file\",\"Config\":{}}" },
	{ "NetworkMode", 's', true, "\"default\"" },
	{ "PortBindings", 'o', true, "null" },
	{ "RestartPolicy", 'o', true, "{\"Name\":\"no\",\"MaximumRetryCount\":0}" },
	{ "AutoRemove", 'b', true, "false" },
	{ "VolumeDriver", 's', true, "\"\"" },
	{ "VolumesFrom", 'l', true, "null" },
	{ "ConsoleSize", 'a', true, "[0,0]" },
	{ "CapAdd", 'l', true, "null" },
	{ "CapDrop", 'l', true, "null" },
	{ "CgroupnsMode", 's', true, "\"\"" },
	{ "Dns", 'l', true, "null" },
	{ "DnsOptions", 'l', true, "null" },
	{ "DnsSearch", 'l', true, "null" },
	{ "ExtraHosts", 'l', true, "null" },
	{ "GroupAdd", 'l', true, "null" },
	{ "IpcMode", 's', true, "\"private\"" },
	{ "Cgroup", 's', false, "\"\"" },
	{ "Links", 'l', true, "null" },
	{ "OomScoreAdj", 'i', true, "0" },
	{ "PidMode", 's', true, "\"\"" },
	{ "Privileged", 'b', true, "false" },
	{ "PublishAllPorts", 'b', true, "false" },
	{ "ReadonlyRootfs", 'b', true, "false" },
	{ "SecurityOpt", 'l', true, "null" },
	{ "StorageOpt", 'o', true, "null" },      /* this and DeviceRequests: create_check.c */
	{ "Tmpfs", 'o', true, "null" },
	{ "UTSMode", 's', true, "\"\"" },
	{ "UsernsMode", 's', true, "\"\"" },
	{ "ShmSize", 'i', true, "67108864" },
	{ "Sysctls", 'o', true, "null" },
	{ "Runtime", 's', true, "\"\"" }, /* runtimes.h */
	{ "Isolation", 's', true, "\"\"" },
	{ "CpuShares", 'i', true, "0" },
	{ "Memory", 'i', true, "0" },
	{ "NanoCpus", 'i', true, "0" },
	{ "CgroupParent", 's', true, "\"\"" },
	{ "BlkioWeight", 'i', true, "0" },
	{ "BlkioWeightDevice", 'a', true, "null" },
	{ "BlkioDeviceReadBps", 'a', true, "null" },
	{ "BlkioDeviceWriteBps", 'a', true, "null" },
	{ "BlkioDeviceReadIOps", 'a', true, "null" },
	{ "BlkioDeviceWriteIOps", 'a', true, "null" },
	{ "CpuPeriod", 'i', true, "0" },
	{ "CpuQuota", 'i', true, "0" },
	{ "CpuRealtimePeriod", 'i', true, "0" },
	{ "CpuRealtimeRuntime", 'i', true, "0" },
	{ "CpusetCpus", 's', true, "\"\"" },
	{ "CpusetMems", 's', true, "\"\"" },
	{ "Devices", 'a', true, "null" },
	{ "DeviceCgroupRules", 'l', true, "null" },
	{ "DeviceRequests", 'a', true, "null" },
	{ "KernelMemory", 'i', false, "0" },
	{ "KernelMemoryTCP", 'i', false, "0" },
	{ "MemoryReservation", 'i', true, "0" },
	{ "MemorySwap", 'i', true, "0" },
	{ "MemorySwappiness", 'i', true, "null" }, /* -1 is the CLI's zero */
	{ "OomKillDisable", 'b', true, "false" },
	{ "Init", 'b', true, "null" },
	{ "PidsLimit", 'i', true, "null" },
	{ "Ulimits", 'a', true, "null" },
	{ "CpuCount", 'i', false, "0" }, /* this and what follows: other systems */
	{ "CpuPercent", 'i', false, "0" },
	{ "IOMaximumIOps", 'i', false, "0" },
	{ "IOMaximumBandwidth", 'i', false, "0" },
	{ "Mounts", 'a', true, "[]" },
	{ "Annotations", 'o', true, "null" },
	{ "MaskedPaths", 'l', true, "null" },
	{ "ReadonlyPaths", 'l', true, "null" },
	{ NULL },
};

/* --- the objects in it ------------------------------------------------------------------- */

const struct field dockerd_restart_fields[] = {
	{ "Name", 's', true, "\"\"" },
	{ "MaximumRetryCount", 'i', true, "0" },
	{ NULL },
};
static const struct field log_fields[] = {
	{ "Type", 's', true, "\"\"" },
	{ "Config", 'o', true, "{}" },
	{ NULL },
};
static const struct field ulimit_fields[] = {
	{ "Name", 's', true, "\"\"" },
	{ "Hard", 'i', true, "0" },
	{ "Soft", 'i', true, "0" },
	{ NULL },
};
static const struct field device_fields[] = {
	{ "PathOnHost", 's', true, "\"\"" },
	{ "PathInContainer", 's', true, "\"\"" },
	{ "CgroupPermissions", 's', true, "\"\"" },
	{ NULL },
};
static const struct field request_fields[] = {
	{ "Driver", 's', true, "\"\"" },
	{ "Count", 'i', true, "0" },
	{ "DeviceIDs", 'l', true, "null" },
	{ "Capabilities", 'a', true, "null" },
	{ "Options", 'o', true, "null" },
	{ NULL },
};
static const struct field binding_fields[] = {
	{ "HostIp", 's', true, "\"\"" },
	{ "HostPort", 's', true, "\"\"" },
	{ NULL },
};

static const struct field weight_fields[] = {
	{ "Path", 's', true, "\"\"" },
	{ "Weight", 'i', true, "0" },
	{ NULL },
};
static const struct field rate_fields[] = {
	{ "Path", 's', true, "\"\"" },
	{ "Rate", 'i', true, "0" },
	{ NULL },
};

static int normalise_object(json_t *in, const char *key, const struct field *rows, struct err *err)
{
	AUTO_FREE char *where = xasprintf("HostConfig.%s.", key);
	json_t *part = dockerd_normalise(json_object_get(in, key), rows, where, err);

	return part ? json_object_set_new(in, key, part) : -1;
}

/* A list of objects; null stays null. `in` is not the request's: it may be changed. */
static int normalise_list(json_t *in, const char *key, const struct field *rows, struct err *err)
{
	AUTO_FREE char *where = xasprintf("HostConfig.%s.", key);
	AUTO_JSON json_t *out = json_array();
	json_t *list = json_object_get(in, key), *v, *part;
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "HostConfig.%s: expected a list", key);
	json_array_foreach(list, i, v) {
		part = dockerd_normalise(v, rows, where, err);
		if (!part)
			return -1;
		json_array_append_new(out, part);
	}
	return json_object_set(in, key, out);
}

static int normalise_bindings(json_t *host, struct err *err)
{
	json_t *bindings = json_copy(json_object_get(host, "PortBindings")), *list;
	const char *key;

	json_object_set_new(host, "PortBindings", bindings);
	json_object_foreach(bindings, key, list)
		if (normalise_list(bindings, key, binding_fields, err))
			return err_wrap(err, "HostConfig.PortBindings");
	return 0;
}

static int normalise_parts(json_t *host, struct err *err)
{
	if (normalise_object(host, "RestartPolicy", dockerd_restart_fields, err) ||
	    normalise_object(host, "LogConfig", log_fields, err) ||
	    normalise_list(host, "Ulimits", ulimit_fields, err) ||
	    normalise_list(host, "Devices", device_fields, err) ||
	    normalise_list(host, "DeviceRequests", request_fields, err) ||
	    normalise_list(host, "BlkioWeightDevice", weight_fields, err) ||
	    normalise_list(host, "BlkioDeviceReadBps", rate_fields, err) ||
	    normalise_list(host, "BlkioDeviceWriteBps", rate_fields, err) ||
	    normalise_list(host, "BlkioDeviceReadIOps", rate_fields, err) ||
	    normalise_list(host, "BlkioDeviceWriteIOps", rate_fields, err))
		return -1;
	return normalise_bindings(host, err);
}

/* --- defaults ---------------------------------------------------------------------------- */

/* Words that mean the default become the word that inspect shows. */
static void default_word(json_t *host, const char *key, const char *word)
{
	if (!*jsonx_str(host, key, ""))
		json_object_set_new(host, key, json_string(word));
}

/* Not given: the default ones, which a privileged container does not have. An empty list
 * (--security-opt systempaths=unconfined) stays empty. Takes `paths`. */
static void default_paths(json_t *host, const char *key, json_t *paths)
{
	bool privileged = jsonx_bool(host, "Privileged", false);

	if (privileged)
		json_object_set_new(host, key, json_null());
	else if (!json_is_array(json_object_get(host, key)))
		json_object_set(host, key, paths);
	json_decref(paths);
}

/* Go's omitempty, for a mount and its options, but not for the maps in those: a label may be "". */
static void omit_empty(json_t *object, int levels)
{
	const char *key;
	json_t *v;
	void *next;

	json_object_foreach_safe(object, next, key, v)
		if (json_is_object(v) && levels > 1)
			omit_empty(v, levels - 1);
		else if (!json_is_object(v) && dockerd_is_empty(v))
			json_object_del(object, key);
}

static void fill_defaults(json_t *host)
{
	json_int_t memory = jsonx_int(host, "Memory", 0);
	bool v2 = kern_cgroup_version() == KERN_CGROUP_V2;
	json_t *mount;
	size_t i;

	json_array_foreach(json_object_get(host, "Mounts"), i, mount)
		omit_empty(mount, 2);
	default_word(host, "NetworkMode", "default");
	default_word(host, "IpcMode", "private");
	default_word(host, "CgroupnsMode",
		     v2 && !jsonx_bool(host, "Privileged", false) ? "private" : "host");
	default_word(json_object_get(host, "LogConfig"), "Type", "json-file");
	if (!jsonx_int(host, "ShmSize", 0))
		json_object_set_new(host, "ShmSize", json_integer(64 << 20));
	/* Swap as much again as memory, as Docker does where only memory is limited. */
	if (memory > 0 && !jsonx_int(host, "MemorySwap", 0))
		json_object_set_new(host, "MemorySwap", json_integer(2 * memory));
	if (jsonx_int(host, "MemorySwappiness", -1) == -1)
		json_object_set_new(host, "MemorySwappiness", json_null());
	if (jsonx_int(host, "PidsLimit", 0) <= 0)
		json_object_set_new(host, "PidsLimit", json_null());
	default_paths(host, "MaskedPaths", ctrd_spec_masked_paths());
	default_paths(host, "ReadonlyPaths", ctrd_spec_readonly_paths());
	for (const char *const *key =
		     (const char *const[]){ "StorageOpt", "Tmpfs", "Sysctls", "Init", "Mounts",
					    "Annotations", NULL };
	     *key; key++)
		if (dockerd_is_empty(json_object_get(host, *key)))
			json_object_del(host, *key); /* Go's omitempty */
}

/* What CLI and daemon agree means nothing here, although it is not zero. */
static json_t *without_neutral_words(const json_t *given)
{
	json_t *copy = given ? json_copy((json_t *)given) : json_object();

	if (!strcmp(jsonx_str(copy, "VolumeDriver", ""), "local"))
		json_object_set_new(copy, "VolumeDriver", json_string(""));
	return copy;
}

/* Version 2 of the cgroups has no such knobs: told, and taken back, as Docker does. */
static void discard_v1(json_t *host, struct strlist *warnings)
{
	if (kern_cgroup_version() != KERN_CGROUP_V2)
		return;
	if (json_is_integer(json_object_get(host, "MemorySwappiness"))) {
		strlist_add(warnings, "Your kernel does not support memory swappiness capabilities "
				      "or the cgroup is not mounted. Memory swappiness discarded.");
		json_object_set_new(host, "MemorySwappiness", json_null());
	}
	if (jsonx_bool(host, "OomKillDisable", false)) {
		strlist_add(warnings, "Your kernel does not support OomKillDisable. "
				      "OomKillDisable discarded.");
		json_object_set_new(host, "OomKillDisable", json_null());
	}
}

json_t *dockerd_host_make(const json_t *given, struct strlist *warnings, struct err *err)
{
	AUTO_JSON json_t *words = without_neutral_words(given);
	AUTO_JSON json_t *host = dockerd_normalise(words, host_fields, "HostConfig.", err);

	if (!host)
		return NULL;
	if (normalise_parts(host, err) || dockerd_host_check(host, err))
		return NULL;
	fill_defaults(host);
	discard_v1(host, warnings);
	if (jsonx_bool(host, "OomKillDisable", false) && !jsonx_int(host, "Memory", 0))
		strlist_add(warnings, "OOM killer is disabled for the container, but no memory "
				      "limit is set, this can result in the system running out of "
				      "resources.");
	if (jsonx_int(host, "Memory", 0) > 0 && kern_cgroup_version() == KERN_CGROUP_NONE)
		strlist_add(warnings, "This machine has no cgroups: no limit has an effect.");
	return steal_ptr(&host);
}
