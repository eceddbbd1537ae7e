/*
 * connect.c - a container and its networks: all of them at its start and its end, one of them
 * while it runs (network.h).
 *
 * `c->networks` says which networks there are to be, and is on disk as long as the container is;
 * `c->endpoints` says what there is now. The document is written before an interface is
 * plugged in and after it was pulled: a daemon that died in between plugs in again what the
 * document names.
 *
 * One endpoint has the default route and the published ports: dockerd_gateway_of. When a
 * network comes or goes that changes it, both move.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "dns.h"
#include "events.h"
#include "network.h"

/* --- the one with the default route --------------------------------------------------------- */

static bool may_route(const struct endpoint *ep)
{
	return !ep->net->internal && (ep->net->gateway.family || ep->net->gateway6.family);
}

/* GwPriority decides; then, as in Docker, who has both IPv4 and IPv6, and the name. */
static bool is_better(const struct endpoint *a, const struct endpoint *b)
{
	bool both_a = a->ip.family && a->ip6.family, both_b = b->ip.family && b->ip6.family;

	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (both_a != both_b)
		return both_a;
	return strcmp(a->net->name, b->net->name) < 0;
}

struct endpoint *dockerd_gateway_of(const struct container *c)
{
	struct endpoint *best = NULL;

	for (struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		if (may_route(ep) && (!best || is_better(ep, best)))
			best = ep;
	return best;
}

/* --- one endpoint more, one less --------------------------------------------------------------- */

static bool is_taken(const struct container *c, const char *name)
{
	const struct endpoint *other = c->endpoints;

	while (other && strcmp(other->name, name))
		other = other->sibling;
	return other != NULL;
}

/* The one that was asked for, or the lowest number that is free: eth0, eth1... */
static int choose_name(const struct container *c, struct endpoint *ep, struct err *err)
{
	if (ep->name[0])
		return is_taken(c, ep->name)
			       ? err_set(err, ERR_CONFLICT,
					 "the container has an interface %s already", ep->name)
			       : 0;
	for (unsigned i = 0; !i || is_taken(c, ep->name); i++)
		snprintf(ep->name, sizeof ep->name, "%s%u", ep->net->ifprefix, i);
	return 0;
}

static void add_name(struct strlist *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return;
	if (*name)
		strlist_add(names, name);
}

/* What others call it: its name, its aliases, its short ID, its host name. */
static void set_names(struct daemon *d, const struct container *c, struct endpoint *ep)
{
	struct strlist names = STRLIST_INIT, old;
	json_t *settings, *v;
	char id[ID_SHORT + 1];
	size_t i;

	snprintf(id, sizeof id, "%.*s", ID_SHORT, c->id);
	pthread_mutex_lock(&d->net->lock);
	dockerd_lock(d);
	settings = json_object_get(c->networks, ep->net->name);
	add_name(&names, c->name ? c->name : "");
	json_array_foreach(json_object_get(settings, "Aliases"), i, v)
		add_name(&names, json_string_value(v));
	add_name(&names, id);
	add_name(&names, jsonx_str(c->config, "Hostname", ""));
	old = ep->names;
	ep->names = names;
	dockerd_unlock(d);
	pthread_mutex_unlock(&d->net->lock);
	strlist_free(&old);
}

static struct endpoint *take(struct daemon *d, struct container *c, struct network *net,
			     const json_t *settings, struct err *err)
{
	struct endpoint *ep, **at = &c->endpoints;

	if (net->builtin && json_array_size(json_object_get(settings, "Aliases"))) {
		err_set(err, ERR_INVALID, "network-scoped alias is supported only for containers "
					  "in user defined networks");
		return NULL;
	}
	ep = dockerd_endpoint_take(d->net, net, c, settings, err);
	if (!ep)
		return NULL;
	if (choose_name(c, ep, err)) {
		dockerd_endpoint_release(d->net, ep, 0);
		return NULL;
	}
	if (c->endpoints) /* one container, one sandbox */
		memcpy(ep->sandbox, c->endpoints->sandbox, sizeof ep->sandbox);
	dockerd_lock(d);
	while (*at)
		at = &(*at)->sibling;
	*at = ep;
	dockerd_unlock(d);
	set_names(d, c, ep);
	return ep;
}

static void drop(struct daemon *d, struct container *c, struct endpoint *ep, pid_t pid)
{
	struct endpoint **at = &c->endpoints;

	dockerd_lock(d);
	while (*at && *at != ep)
		at = &(*at)->sibling;
	if (*at)
		*at = ep->sibling;
	dockerd_unlock(d);
	dockerd_endpoint_release(d->net, ep, pid);
}

static pid_t pid_of(struct daemon *d, const struct container *c)
{
	pid_t pid;

	dockerd_lock(d);
	pid = c->st.running ? c->st.pid : 0;
	dockerd_unlock(d);
	return pid;
}

/* --- names --------------------------------------------------------------------------------- */

/* Names outside are only asked for where the container could ask itself. */
static int start_dns(struct daemon *d, const struct container *c, pid_t pid, struct err *err)
{
	AUTO_FREE char *host = dockerd_host_resolv();
	struct dns_client client = { .container = c->id, .pid = pid,
				     .forward = dockerd_gateway_of(c) != NULL };

	if (!dockerd_dns_wanted(c))
		return 0;
	client.resolv_conf = host;
	client.servers = json_object_get(c->host, "Dns");
	client.defaults = &d->cfg->dns;
	return dockerd_dns_add(d->net->dns, &client, err);
}

/* --- start and end -------------------------------------------------------------------------- */

/* Takes what is in `from`, and leaves it empty. */
static void set_ports(struct daemon *d, struct endpoint *to, struct ports *from)
{
	pthread_mutex_lock(&d->net->lock);
	dockerd_lock(d);
	to->ports = *from;
	*from = (struct ports){ NULL, 0 };
	dockerd_unlock(d);
	pthread_mutex_unlock(&d->net->lock);
}

static int hold_ports(struct daemon *d, struct container *c, struct err *err)
{
	struct endpoint *gw = dockerd_gateway_of(c);
	struct ports ports = { NULL, 0 };

	if (!gw || gw->net->driver != DRIVER_BRIDGE)
		return 0;
	if (dockerd_ports_plan(c->config, c->host,
			       &(struct port_defaults){ gw->net->publish_on, gw->ip6.family != 0 },
			       &ports, err))
		return -1;
	if (dockerd_ports_hold(&ports, err)) {
		dockerd_ports_free(&ports);
		return err_wrap(err,
				"driver failed programming external connectivity on endpoint %s (%s)",
				c->name, gw->id);
	}
	set_ports(d, gw, &ports);
	return 0;
}

int dockerd_networks_take(struct daemon *d, struct container *c, struct err *err)
{
	const char *name;
	json_t *settings;

	json_object_foreach(c->networks, name, settings) {
		struct network *net = dockerd_network_find(d->net, name, err);
		bool failed;

		if (!net)
			return -1;
		failed = net->driver != DRIVER_HOST && net->driver != DRIVER_NULL &&
			 !take(d, c, net, settings, err);
		dockerd_network_put(d->net, net);
		if (failed)
			return -1;
	}
	return hold_ports(d, c, err);
}

int dockerd_networks_plug(struct daemon *d, struct container *c, pid_t pid, struct err *err)
{
	struct endpoint *gw = dockerd_gateway_of(c);

	if (!c->endpoints)
		return json_object_get(c->networks, "none") ? dockerd_loopback_up(pid, err) : 0;
	for (struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		if (dockerd_endpoint_plug(d->net, ep, pid, err))
			return -1;
	if (gw && (dockerd_route_by(gw, pid, err) || dockerd_endpoint_publish(d->net, gw, err)))
		return -1;
	return start_dns(d, c, pid, err);
}

json_t *dockerd_networks_of(struct daemon *d, const struct container *c)
{
	json_t *out = json_object();

	dockerd_lock(d);
	for (const struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		json_object_set_new(out, ep->net->id,
				    json_pack("{s:s, s:s}", "name", ep->net->name, "type",
					      jsonx_str(ep->net->doc, "Driver", "")));
	dockerd_unlock(d);
	return out;
}

json_t *dockerd_networks_release(struct daemon *d, struct container *c)
{
	json_t *networks = dockerd_networks_of(d, c);

	dockerd_dns_remove(d->net->dns, c->id);
	while (c->endpoints)
		drop(d, c, c->endpoints, 0);
	return networks;
}

void dockerd_network_events(struct daemon *d, const struct container *c, const char *action,
			    json_t *networks)
{
	const char *id;
	json_t *v;

	json_object_foreach(networks, id, v) {
		json_t *attributes = json_deep_copy(v);

		json_object_set_new(attributes, "container", json_string(c->id));
		dockerd_event(d, "network", action, id, attributes);
	}
	json_decref(networks);
}

/* --- a daemon that starts finds a container that runs ------------------------------------------ */

static void repair(struct daemon *d, struct container *c, struct endpoint *ep)
{
	struct err err;

	if (!c->st.pid || dockerd_endpoint_is_plugged(ep, c->st.pid))
		return;
	log_info("container %.12s: connecting it to %s, which an earlier daemon did not finish",
		 c->id, ep->net->name);
	if (dockerd_endpoint_plug(d->net, ep, c->st.pid, &err))
		log_error("container %.12s: %s", c->id, err.msg);
	else if (dockerd_gateway_of(c) && dockerd_route_by(dockerd_gateway_of(c), c->st.pid, &err))
		log_error("container %.12s: %s", c->id, err.msg);
}

void dockerd_networks_adopt(struct daemon *d, struct container *c)
{
	struct err err;

	for (struct endpoint *ep = c->endpoints; ep; ep = ep->sibling) {
		dockerd_endpoint_adopt(d->net, ep);
		repair(d, c, ep);
	}
	if (c->st.pid && start_dns(d, c, c->st.pid, &err))
		log_error("container %.12s: names: %s", c->id, err.msg);
}

void dockerd_networks_renamed(struct daemon *d, struct container *c)
{
	for (struct endpoint *ep = c->endpoints; ep; ep = ep->sibling)
		set_names(d, c, ep);
}

/* --- while it runs ------------------------------------------------------------------------------ */

/* The default route and the ports go where they belong now. */
static int move_gateway(struct daemon *d, struct container *c, struct endpoint *from, pid_t pid,
			struct err *err)
{
	struct endpoint *to = dockerd_gateway_of(c);

	if (from == to)
		return 0;
	if (from && to && to->net->driver == DRIVER_BRIDGE) {
		dockerd_endpoint_unpublish(d->net, from);
		set_ports(d, to, &from->ports);
		if (dockerd_endpoint_publish(d->net, to, err))
			return -1;
	} else if (!from && to && hold_ports(d, c, err)) {
		return -1;
	} else if (!from && to && dockerd_endpoint_publish(d->net, to, err)) {
		return -1;
	}
	return dockerd_route_by(to, pid, err);
}

static void set_networks(struct daemon *d, struct container *c, json_t *networks)
{
	json_t *old;

	dockerd_lock(d);
	old = c->networks;
	c->networks = networks;
	dockerd_unlock(d);
	json_decref(old);
}

/* A copy with this network and without it. */
static void set_network(struct daemon *d, struct container *c, const char *name,
			const json_t *settings)
{
	json_t *copy = json_deep_copy(c->networks);

	if (settings)
		json_object_set_new(copy, name, json_deep_copy(settings));
	else
		json_object_del(copy, name);
	set_networks(d, c, copy);
}

static int check_connect(struct container *c, const struct network *net, struct err *err)
{
	const char *mode = jsonx_str(c->host, "NetworkMode", "");

	if (str_starts(mode, "container:") || dockerd_network_kind(mode) == NET_HOST)
		return err_set(err, ERR_INVALID,
			       "container sharing network namespace with another container or host "
			       "cannot be connected to any other network");
	if (net->driver == DRIVER_HOST)
		return err_set(err, ERR_INVALID,
			       "container cannot be disconnected from host network or connected to "
			       "host network");
	if (json_object_get(c->networks, "none") || net->driver == DRIVER_NULL)
		return err_set(err, ERR_INVALID,
			       "container cannot be connected to multiple networks with one of the "
			       "networks in private (none) mode");
	if (json_object_get(c->networks, net->name))
		return err_set(err, ERR_PERMISSION,
			       "endpoint with name %s already exists in network %s", c->name,
			       net->name);
	return 0;
}

static int connect_running(struct daemon *d, struct container *c, struct network *net,
			   const json_t *settings, pid_t pid, struct err *err)
{
	struct endpoint *before = dockerd_gateway_of(c), *ep = take(d, c, net, settings, err);

	if (!ep)
		return -1;
	if (!dockerd_container_save(d, c, err) && !dockerd_endpoint_plug(d->net, ep, pid, err) &&
	    !move_gateway(d, c, before, pid, err) && !dockerd_netfiles_write(d, c, err) &&
	    !start_dns(d, c, pid, err) && !dockerd_container_save(d, c, err))
		return 0;
	drop(d, c, ep, pid);
	return -1;
}

int dockerd_connect(struct daemon *d, struct container *c, struct network *net,
		    const json_t *settings, struct err *err)
{
	pid_t pid = pid_of(d, c);
	struct err ignored;
	int rc;

	if (check_connect(c, net, err))
		return -1;
	set_network(d, c, net->name, settings);
	rc = pid ? connect_running(d, c, net, settings, pid, err)
		 : dockerd_container_save(d, c, err);
	if (rc) {
		set_network(d, c, net->name, NULL);
		dockerd_container_save(d, c, &ignored);
	}
	return rc;
}

static struct endpoint *endpoint_on(const struct container *c, const struct network *net)
{
	struct endpoint *ep = c->endpoints;

	while (ep && ep->net != net)
		ep = ep->sibling;
	return ep;
}

/* Out of the list before its successor is looked for. */
static int disconnect_running(struct daemon *d, struct container *c, struct endpoint *ep,
			      pid_t pid, struct err *err)
{
	struct endpoint *before = dockerd_gateway_of(c), **at = &c->endpoints;
	int rc;

	dockerd_lock(d);
	while (*at != ep)
		at = &(*at)->sibling;
	*at = ep->sibling;
	dockerd_unlock(d);
	rc = move_gateway(d, c, before, pid, err);
	dockerd_endpoint_release(d->net, ep, pid);
	if (dockerd_dns_wanted(c)) {
		if (!rc)
			rc = start_dns(d, c, pid, err);
	} else {
		dockerd_dns_remove(d->net->dns, c->id);
	}
	return rc || dockerd_netfiles_write(d, c, err) ? -1 : 0;
}

int dockerd_disconnect(struct daemon *d, struct container *c, struct network *net,
		       struct err *err)
{
	struct endpoint *ep = endpoint_on(c, net);
	pid_t pid = pid_of(d, c);

	if (net->driver == DRIVER_HOST)
		return err_set(err, ERR_INVALID,
			       "container cannot be disconnected from host network or connected to "
			       "host network");
	if (!ep && !json_object_get(c->networks, net->name))
		return err_set(err, ERR_SYSTEM, "container %s is not connected to %snetwork %s",
			       c->id, pid ? "" : "the ", net->name);
	set_network(d, c, net->name, NULL);
	if (ep && disconnect_running(d, c, ep, pid, err))
		return -1;
	return dockerd_container_save(d, c, err);
}
