/*
 * list_ports.c - the filters "expose" and "publish" of the list: "80", "80/tcp",
 * "8000-8010/udp" (list.c).
 */
#include "list_ports.h"

#include "ports.h"

/* A key of `ports` lies in the range that is asked for. */
static bool any_in(const json_t *ports, const char *wanted)
{
	struct port_spec want, have;
	struct err ignored;
	const char *key;
	json_t *v;

	if (dockerd_port_parse(wanted, &want, &ignored))
		return false;
	json_object_foreach((json_t *)ports, key, v)
		if (!dockerd_port_parse(key, &have, &ignored) && have.proto == want.proto &&
		    have.first <= want.last && want.first <= have.last)
			return true;
	return false;
}

bool dockerd_list_exposes(const char *value, const void *container)
{
	const struct container *c = container;

	return any_in(json_object_get(c->config, "ExposedPorts"), value);
}

bool dockerd_list_publishes(const char *value, const void *container)
{
	const struct container *c = container;

	return any_in(json_object_get(c->host, "PortBindings"), value);
}

int dockerd_list_check_ports(const json_t *filters, struct err *err)
{
	static const char *const keys[] = { "expose", "publish" };
	struct port_spec ignored;
	json_t *v;
	size_t i;

	for (size_t k = 0; k < 2; k++)
		json_array_foreach(json_object_get(filters, keys[k]), i, v)
			if (dockerd_port_parse(json_string_value(v), &ignored, err))
				return err_wrap(err, "invalid filter '%s'", keys[k]);
	return 0;
}
