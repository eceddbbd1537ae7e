/*
 * ports.c - see ports.h: the plan, and its JSON. Holding is in hold.c.
 */
#include "ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "ipam.h"

const char *dockerd_proto_name(uint8_t proto)
{
	return proto == IPPROTO_UDP ? "udp" : proto == IPPROTO_SCTP ? "sctp" : "tcp";
}

/* 0: there is no such protocol. */
static uint8_t proto_of(const char *name)
{
	static const uint8_t all[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	for (size_t i = 0; i < sizeof all; i++)
		if (!strcmp(name, dockerd_proto_name(all[i])))
			return all[i];
	return 0;
}

/* "80" or "80-90". An empty text is 0-0 where that is allowed. */
static int parse_range(const char *text, uint16_t *first, uint16_t *last)
{
	char *end;
	unsigned long a = strtoul(text, &end, 10), b = a;

	if (end == text || *text < '0' || *text > '9')
		return -1;
	if (*end == '-') {
		const char *second = end + 1;

		if (*second < '0' || *second > '9')
			return -1;
		b = strtoul(second, &end, 10);
	}
	if (*end || a > 65535 || b > 65535 || b < a)
		return -1;
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return 0;
}

int dockerd_port_parse(const char *text, struct port_spec *spec, struct err *err)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *range = slash ? xstrndup(text, (size_t)(slash - text)) : xstrdup(text);
	const char *proto = slash ? slash + 1 : "tcp";

	spec->proto = proto_of(proto);
	if (!spec->proto)
		return err_set(err, ERR_INVALID, "invalid proto: %s", proto);
	if (parse_range(range, &spec->first, &spec->last) || !spec->first)
		return err_set(err, ERR_INVALID, "invalid port specification: \"%s\"", text);
	return 0;
}

static void add(struct ports *list, const struct port *p)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof *list->v);
	list->v[list->n++] = *p;
}

/* "" publishes on every address: one row for IPv4, and one for IPv6 where the container has
 * it or there is a proxy (TCP). The two share the port: hold.c sees to that. */
static int add_binding(struct ports *plan, struct port p, const char *ip,
		       const struct port_defaults *defaults, struct err *err)
{
	bool udp = p.proto != IPPROTO_TCP, everywhere;
	struct kern_addr ignored;

	if (!*ip)
		ip = defaults->host_ip;
	everywhere = !*ip;

	if (everywhere)
		ip = "0.0.0.0";
	if (!dockerd_addr_parse(ip, &ignored))
		return err_set(err, ERR_INVALID, "invalid IP address: %s", ip);
	if (strchr(ip, ':') && udp && !defaults->udp6)
		return err_set(err, ERR_UNSUPPORTED,
			       "publishing a %s port on an IPv6 address (%s) is not supported for "
			       "a container without IPv6",
			       dockerd_proto_name(p.proto), ip);
	snprintf(p.host_ip, sizeof p.host_ip, "%s", ip);
	add(plan, &p);
	if (everywhere && (!udp || defaults->udp6)) {
		strcpy(p.host_ip, "::");
		add(plan, &p);
	}
	return 0;
}

static int plan_one(struct ports *plan, const char *key, const json_t *binding,
		    const struct port_defaults *defaults, struct err *err)
{
	struct port_spec spec;
	struct port p = { .fd = -1 };
	const char *text = jsonx_str(binding, "HostPort", "");

	if (dockerd_port_parse(key, &spec, err))
		return -1;
	if (spec.first != spec.last)
		return err_set(err, ERR_INVALID, "invalid port specification: \"%s\"", key);
	if (*text && parse_range(text, &p.host_port, &p.host_last))
		return err_set(err, ERR_INVALID, "invalid port specification: \"%s\"", text);
	p.proto = spec.proto;
	p.container_port = spec.first;
	return add_binding(plan, p, jsonx_str(binding, "HostIp", ""), defaults, err);
}

static int plan_bindings(struct ports *plan, const json_t *bindings,
			 const struct port_defaults *defaults, struct err *err)
{
	const char *key;
	json_t *list, *b;
	size_t i;

	json_object_foreach((json_t *)bindings, key, list) {
		if (!json_is_array(list) && !json_is_null(list))
			return err_set(err, ERR_INVALID,
				       "HostConfig.PortBindings.%s: expected a list", key);
		/* A port with an empty list of bindings is published on any port. */
		if (!json_array_size(list) && plan_one(plan, key, NULL, defaults, err))
			return -1;
		json_array_foreach(list, i, b)
			if (plan_one(plan, key, b, defaults, err))
				return -1;
	}
	return 0;
}

static int plan_exposed(struct ports *plan, const json_t *exposed, const json_t *bindings,
			const struct port_defaults *defaults, struct err *err)
{
	struct port_spec spec;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)exposed, key, v) {
		if (dockerd_port_parse(key, &spec, err))
			return -1;
		if (json_object_get(bindings, key))
			continue;
		for (unsigned port = spec.first; port <= spec.last; port++) {
			struct port p = { .proto = spec.proto,
					  .container_port = (uint16_t)port,
					  .fd = -1 };

			if (add_binding(plan, p, "", defaults, err))
				return -1;
		}
	}
	return 0;
}

int dockerd_ports_plan(const json_t *config, const json_t *host, const struct port_defaults *defaults,
		       struct ports *plan, struct err *err)
{
	const json_t *bindings = json_object_get(host, "PortBindings");
	int rc = plan_bindings(plan, bindings, defaults, err);

	if (!rc && jsonx_bool(host, "PublishAllPorts", false))
		rc = plan_exposed(plan, json_object_get(config, "ExposedPorts"), bindings,
				  defaults, err);
	if (rc)
		dockerd_ports_free(plan);
	return rc;
}

/* --- JSON ------------------------------------------------------------------------ */

json_t *dockerd_ports_json(const struct ports *ports)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ports->n; i++) {
		const struct port *p = &ports->v[i];

		json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:i}", "proto",
						      dockerd_proto_name(p->proto), "port",
						      p->container_port, "hostIP", p->host_ip,
						      "hostPort", p->host_port));
	}
	return list;
}

void dockerd_ports_from_json(const json_t *doc, struct ports *ports)
{
	json_t *row;
	size_t i;

	json_array_foreach(doc, i, row) {
		struct port p = { .fd = -1 };

		p.proto = proto_of(jsonx_str(row, "proto", "tcp"));
		p.container_port = (uint16_t)jsonx_int(row, "port", 0);
		p.host_port = p.host_last = (uint16_t)jsonx_int(row, "hostPort", 0);
		snprintf(p.host_ip, sizeof p.host_ip, "%s", jsonx_str(row, "hostIP", "0.0.0.0"));
		add(ports, &p);
	}
}

json_t *dockerd_ports_inspect(const struct ports *ports, const json_t *exposed)
{
	json_t *out = json_object(), *v;
	const char *key;

	json_object_foreach((json_t *)exposed, key, v)
		json_object_set_new(out, key, json_null());
	for (size_t i = 0; ports && i < ports->n; i++) {
		const struct port *p = &ports->v[i];
		AUTO_FREE char *name =
			xasprintf("%u/%s", p->container_port, dockerd_proto_name(p->proto));
		json_t *list = json_object_get(out, name);

		if (!json_is_array(list)) {
			list = json_array();
			json_object_set_new(out, name, list);
		}
		json_array_append_new(list,
				      json_pack("{s:s, s:o}", "HostIp", p->host_ip, "HostPort",
						json_sprintf("%u", p->host_port)));
	}
	return out;
}

static bool is_published(const struct ports *ports, const struct port_spec *spec)
{
	for (size_t i = 0; ports && i < ports->n; i++)
		if (ports->v[i].proto == spec->proto && ports->v[i].container_port == spec->first)
			return true;
	return false;
}

json_t *dockerd_ports_summary(const struct ports *ports, const json_t *exposed)
{
	json_t *out = json_array(), *v;
	struct port_spec spec;
	struct err ignored;
	const char *key;

	for (size_t i = 0; ports && i < ports->n; i++) {
		const struct port *p = &ports->v[i];

		json_array_append_new(out, json_pack("{s:s, s:i, s:i, s:s}", "IP", p->host_ip,
						     "PrivatePort", p->container_port, "PublicPort",
						     p->host_port, "Type",
						     dockerd_proto_name(p->proto)));
	}
	json_object_foreach((json_t *)exposed, key, v)
		if (!dockerd_port_parse(key, &spec, &ignored) && !is_published(ports, &spec))
			json_array_append_new(out,
					      json_pack("{s:i, s:s}", "PrivatePort", spec.first,
							"Type", dockerd_proto_name(spec.proto)));
	return out;
}
