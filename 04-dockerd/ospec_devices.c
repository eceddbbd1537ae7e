/*
 * ospec_devices.c - which devices a container has and which it may use (ospec.h):
 * containerd's defaults, then what was asked for.
 */
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

json_t *dockerd_spec_device_rules(const json_t *host, struct err *err)
{
	AUTO_JSON json_t *rules = ctrd_spec_device_rules(jsonx_bool(host, "Privileged", false));

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
	json_t *list = json_object_get(host, "Devices"), *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *access = jsonx_str(v, "CgroupPermissions", "");

		if (access[strspn(access, "rwm")])
			return err_set(err, ERR_INVALID, "invalid device mode: %s", access);
	}
	return 0;
}
