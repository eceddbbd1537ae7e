/*
 * create_conflicts.c - settings that are good alone and not together (create.h): a container
 * that has its network, or its name, from elsewhere cannot have another one of its own.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "network.h"

static bool given(const json_t *doc, const char *key)
{
	const json_t *v = json_object_get(doc, key);

	return v && !dockerd_is_empty(v);
}

/* What a container that joins another's network (or, in the rows marked, the host's) must not
 * say. The words are Docker's. */
static const struct {
	bool in_config; /* a field of Config's; else of HostConfig */
	bool with_host;
	const char *key, *conflict;
} rows[] = {
	{ true, false, "Hostname", "hostname and the network mode" },
	{ false, false, "Dns", "dns and the network mode" },
	{ false, false, "ExtraHosts", "custom host-to-IP mapping and the network mode" },
	{ true, true, "MacAddress", "mac-address and the network mode" },
	{ false, false, "PortBindings", "port publishing and the container type network mode" },
	{ false, false, "PublishAllPorts", "port publishing and the container type network mode" },
	{ true, false, "ExposedPorts", "port exposing and the container type network mode" },
};

int dockerd_conflicts_check(const json_t *body, const json_t *host, struct err *err)
{
	const char *mode = jsonx_str(host, "NetworkMode", "");
	bool joined = str_starts(mode, "container:"),
	     hosts = dockerd_network_kind(mode) == NET_HOST;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((joined || (hosts && rows[i].with_host)) &&
		    given(rows[i].in_config ? body : host, rows[i].key))
			return err_set(err, ERR_INVALID, "conflicting options: %s", rows[i].conflict);
	if ((joined || hosts) && given(host, "Links"))
		return err_set(err, ERR_INVALID,
			       "conflicting options: %s can't be used with links. This would result "
			       "in undefined behavior",
			       joined ? "container type network" : "host type networking");
	if (!strcmp(jsonx_str(host, "UTSMode", ""), "host") && given(body, "Hostname"))
		return err_set(err, ERR_INVALID,
			       "conflicting options: hostname and the UTS mode");
	return 0;
}
