/*
 * ospec_devices.c - which devices a container has and which it may use (ospec.h):
 * containerd's defaults, then what was asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/spec.h"
#include "ospec.h"

/* HostConfig.Devices, as nodes or as rules. */
static int add_devices(const json_t *host, json_t *nodes, json_t *rules, struct err *err)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(host, "Devices"), i, v) {
		struct ctrd_spec_device device = { jsonx_str(v, "PathOnHost", ""),
						   jsonx_str(v, "PathInContainer", ""),
						   jsonx_str(v, "CgroupPermissions", "") };

		if (ctrd_spec_device(nodes, rules, &device, err))
			return -1;
	}
	return 0;
}

/* "c 1:* rwm": the OCI's rule (new), or NULL. */
static json_t *cgroup_rule(const char *text)
{
	char type[2], major[12], minor[12], access[4];
	json_t *rule;
	int end = 0;

	if (sscanf(text, "%1[acb] %11[0-9*]:%11[0-9*] %3[rwm]%n", type, major, minor,
		   access, &end) != 4 || text[end])
		return NULL;
	if ((strchr(major, '*') && major[1]) || (strchr(minor, '*') && minor[1]))
		return NULL;
	rule = json_pack("{s:b, s:s, s:s}", "allow", 1, "type", type, "access", access);
	if (*major != '*')
		json_object_set_new(rule, "major", json_integer(atoll(major)));
	if (*minor != '*')
		json_object_set_new(rule, "minor", json_integer(atoll(minor)));
	return rule;
}

json_t *dockerd_spec_device_rules(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *rules = ctrd_spec_device_rules(jsonx_bool(host, "Privileged", false));
	json_t *given = json_object_get(host, "DeviceCgroupRules"), *v;
	size_t i;

	json_array_foreach(given, i, v)
		json_array_append_new(rules, cgroup_rule(json_string_value(v)));
	return add_devices(host, NULL, rules, err) ? NULL : steal_ptr(&rules);
}

json_t *dockerd_spec_device_nodes(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *nodes = json_array();

	if (jsonx_bool(host, "Privileged", false))
		ctrd_spec_all_devices(nodes);
	return add_devices(host, nodes, NULL, err) ? NULL : steal_ptr(&nodes);
}

int dockerd_devices_check(const json_t *host, struct err *err)
{
	json_t *list = json_object_get(host, "Devices"),
	       *rules = json_object_get(host, "DeviceCgroupRules"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *access = jsonx_str(v, "CgroupPermissions", "");

		if (access[strspn(access, "rwm")])
			return err_set(err, ERR_INVALID, "invalid device mode: %s", access);
	}
	json_array_foreach(rules, i, v) {
		AUTO_JSON json_t *rule = cgroup_rule(json_string_value(v));

		if (!rule)
			return err_set(err, ERR_INVALID, "invalid device cgroup rule format: '%s'",
				       json_string_value(v));
	}
	return 0;
}
