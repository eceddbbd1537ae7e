/*
 * ospec_linux.c - the "linux" part of config.json: namespaces, limits, paths
 * that are hidden or read-only (ospec.h; OCI runtime specification, config-linux.md).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/spec.h"
#include "mounts.h"
#include "network.h"
#include "ospec.h"

#define CFS_PERIOD 100000 /* microseconds: what --cpus is a fraction of */

/* A namespace of its own, the other container's (pid), or none where it is the host's. */
static void add_ns(json_t *list, const char *type, pid_t joined)
{
	AUTO_FREE char *path = joined ? ctrd_spec_namespace_of(joined, type) : NULL;

	json_array_append_new(list, json_pack("{s:s, s:s*}", "type", type, "path", path));
}

static bool is_host(const json_t *host, const char *key)
{
	return !strcmp(jsonx_str(host, key, ""), "host");
}

static json_t *namespaces(const json_t *host, const struct joins *j)
{
	json_t *list = json_array();

	add_ns(list, "mount", 0);
	if (!is_host(host, "UTSMode"))
		add_ns(list, "uts", 0);
	if (!is_host(host, "PidMode"))
		add_ns(list, "pid", j->pid);
	if (!is_host(host, "IpcMode"))
		add_ns(list, "ipc", j->ipc);
	if (!is_host(host, "NetworkMode"))
		add_ns(list, "network", j->net);
	if (!strcmp(jsonx_str(host, "CgroupnsMode", ""), "private"))
		add_ns(list, "cgroup", 0);
	return list;
}

/* --- limits ------------------------------------------------------------------------------ */

/* to[key] = host[from] unless that is zero. */
static void copy_int(json_t *to, const char *key, const json_t *host, const char *from)
{
	json_int_t v = jsonx_int(host, from, 0);

	if (v)
		json_object_set_new(to, key, json_integer(v));
}

static void copy_text(json_t *to, const char *key, const json_t *host, const char *from)
{
	if (*jsonx_str(host, from, ""))
		json_object_set(to, key, json_object_get(host, from));
}

static void set_unless_empty(json_t *to, const char *key, json_t *part)
{
	if (json_object_size(part))
		json_object_set(to, key, part);
	json_decref(part);
}

json_t *dockerd_spec_resources(const json_t *host)
{
	json_t *out = json_object(), *memory = json_object(), *cpu = json_object(),
	       *pids = json_object();
	json_int_t nano = jsonx_int(host, "NanoCpus", 0);

	copy_int(memory, "limit", host, "Memory");
	copy_int(memory, "reservation", host, "MemoryReservation");
	copy_int(memory, "swap", host, "MemorySwap");
	if (json_is_integer(json_object_get(host, "MemorySwappiness"))) /* 0 says something */
		json_object_set(memory, "swappiness", json_object_get(host, "MemorySwappiness"));
	if (jsonx_bool(host, "OomKillDisable", false))
		json_object_set_new(memory, "disableOOMKiller", json_true());
	copy_int(cpu, "realtimePeriod", host, "CpuRealtimePeriod");
	copy_int(cpu, "realtimeRuntime", host, "CpuRealtimeRuntime");
	copy_int(cpu, "shares", host, "CpuShares");
	copy_int(cpu, "quota", host, "CpuQuota");
	copy_int(cpu, "period", host, "CpuPeriod");
	copy_text(cpu, "cpus", host, "CpusetCpus");
	copy_text(cpu, "mems", host, "CpusetMems");
	if (nano) {
		json_object_set_new(cpu, "period", json_integer(CFS_PERIOD));
		json_object_set_new(cpu, "quota", json_integer(nano * CFS_PERIOD / 1000000000));
	}
	copy_int(pids, "limit", host, "PidsLimit");
	set_unless_empty(out, "memory", memory);
	set_unless_empty(out, "cpu", cpu);
	set_unless_empty(out, "pids", pids);
	return out;
}

/* --- the part ------------------------------------------------------------------------------ */

/* Docker's place: /docker/<id>, or below the parent given. */
static json_t *cgroups_path(const struct container *c)
{
	const char *parent = jsonx_str(c->host, "CgroupParent", "");

	if (!*parent)
		return json_sprintf("/docker/%s", c->id);
	return json_sprintf("%s%s%s%s", *parent == '/' ? "" : "/", parent,
			    str_ends(parent, "/") ? "" : "/", c->id);
}

/* Setting what a host-wide namespace owns would change the host (runc refuses net.* with
 * the host's network too). This one makes ports under 1024 usable without root, as Docker does. */
static json_t *sysctls(const json_t *host)
{
	json_t *given = json_object_get(host, "Sysctls");
	json_t *out = given ? json_copy(given) : json_object();

	if (dockerd_network_kind(jsonx_str(host, "NetworkMode", "")) != NET_HOST &&
	    !str_starts(jsonx_str(host, "NetworkMode", ""), "container:")) {
		if (!json_object_get(out, "net.ipv4.ip_unprivileged_port_start"))
			json_object_set_new(out, "net.ipv4.ip_unprivileged_port_start",
					    json_string("0"));
		if (!json_object_get(out, "net.ipv4.ping_group_range"))
			json_object_set_new(out, "net.ipv4.ping_group_range",
					    json_string("0 2147483647"));
	}
	return out;
}

/* The user's own filter, or Docker's. */
static json_t *seccomp(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *caps = dockerd_spec_capabilities(host, false);
	const json_t *bounding = json_object_get(caps, "bounding");
	const char *profile = dockerd_security_profile(host);

	return profile ? dockerd_spec_seccomp_profile(profile, bounding, err)
		       : ctrd_spec_seccomp(bounding);
}

/* What of the root and of /proc is not as it usually is. */
static int put_paths(json_t *out, const struct container *c, struct err *err)
{
	static const char *const paths[][2] = { { "MaskedPaths", "maskedPaths" },
						{ "ReadonlyPaths", "readonlyPaths" } };
	const char *propagation;

	if (dockerd_mounts_propagation(c->mounts, &propagation, err))
		return -1;
	if (propagation)
		json_object_set_new(out, "rootfsPropagation", json_string(propagation));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		json_t *list = json_object_get(c->host, paths[i][0]);

		if (json_array_size(list))
			json_object_set(out, paths[i][1], list);
	}
	return 0;
}

json_t *dockerd_spec_linux(const struct container *c, const struct joins *j, struct err *err)
{
	AUTO_JSON json_t *out = json_object();
	AUTO_JSON json_t *updated = dockerd_container_host(c);
	json_t *resources, *rules, *nodes;

	if (put_paths(out, c, err))
		return NULL;
	resources = dockerd_spec_resources(updated);
	json_object_set_new(out, "namespaces", namespaces(c->host, j));
	json_object_set_new(out, "resources", resources);
	json_object_set_new(out, "cgroupsPath", cgroups_path(c));
	json_object_set_new(out, "sysctl", sysctls(c->host));
	rules = dockerd_spec_blkio(updated, resources, err)
			? NULL
			: dockerd_spec_device_rules(c->host, err);
	if (!rules)
		return NULL;
	json_object_set_new(resources, "devices", rules);
	nodes = dockerd_spec_device_nodes(c->host, err);
	if (!nodes)
		return NULL;
	json_object_set_new(out, "devices", nodes);
	if (!jsonx_bool(c->host, "Privileged", false) && !dockerd_security_unconfined(c->host)) {
		json_t *filter = seccomp(c->host, err);

		if (!filter)
			return NULL;
		json_object_set_new(out, "seccomp", filter);
	}
	return steal_ptr(&out);
}
