/*
 * endpoint.c - one container's place on one network.
 *
 * Taken before the container's task exists (its hosts file needs the address),
 * plugged when there is a network namespace to plug into, released when the container
 * has stopped or is disconnected. The kernel deletes a veth pair with the namespace that holds
 * either end, so a crash leaves no interface behind.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/netlink.h"
#include "01-kernel/ns.h"
#include "network.h"

/* --- addresses ------------------------------------------------------------------------- */

/* A particular address (text), or any. networks.lock held. */
static int take_one(struct network *net, struct ipam *pool, const char *text,
		    struct kern_addr *ip, struct err *err)
{
	struct kern_addr wanted;

	if (!*text)
		return pool->family ? dockerd_ipam_take(pool, ip, err) : 0;
	if (net->builtin)
		return err_set(err, ERR_INVALID, "user specified IP address is supported on user "
						 "defined networks only");
	if (!dockerd_addr_parse(text, &wanted))
		return err_set(err, ERR_INVALID, "invalid IP address: %s", text);
	if (!dockerd_ipam_contains(pool, &wanted))
		return err_set(err, ERR_INVALID,
			       "invalid endpoint settings:\nno configured subnet contains IP "
			       "address %s",
			       text);
	if (!dockerd_ipam_claim(pool, &wanted))
		return err_set(err, ERR_PERMISSION, "Address already in use");
	*ip = wanted;
	ip->prefix = dockerd_ipam_of(pool, ip)->prefix;
	return 0;
}

static void give_back(struct network *net, struct endpoint *ep)
{
	if (ep->ip.family)
		dockerd_ipam_release(&net->pool, &ep->ip);
	if (ep->ip6.family)
		dockerd_ipam_release(&net->pool6, &ep->ip6);
}

static void unlist(struct endpoint *ep)
{
	struct endpoint **at = &ep->net->endpoints;

	while (*at && *at != ep)
		at = &(*at)->next;
	if (*at)
		*at = ep->next;
}

/* In the list from here on, so that the network cannot be removed. */
static int enter(struct networks *all, struct endpoint *ep, const json_t *settings, struct err *err)
{
	const json_t *ipam = json_object_get(settings, "IPAMConfig");
	struct network *net = ep->net;
	int rc = 0;

	pthread_mutex_lock(&all->lock);
	if (net->removing)
		rc = err_set(err, ERR_NOT_FOUND, "network %s not found", net->name);
	else if (take_one(net, &net->pool, jsonx_str(ipam, "IPv4Address", ""), &ep->ip, err) ||
		 take_one(net, &net->pool6, jsonx_str(ipam, "IPv6Address", ""), &ep->ip6, err))
		rc = -1;
	if (rc) {
		give_back(net, ep);
	} else {
		ep->next = net->endpoints;
		net->endpoints = ep;
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

/* 02:42 and the IPv4 address, as Docker's: no two containers of a bridge share it. */
static int choose_mac(struct endpoint *ep, const char *wanted, struct err *err)
{
	struct err ignored;

	if (ep->net->driver == DRIVER_IPVLAN) { /* it has its parent's */
		kern_link_get_mac(ep->net->link, ep->mac, &ignored);
		return 0;
	}
	if (*wanted)
		return dockerd_mac_parse(wanted, ep->mac)
			       ? 0
			       : err_set(err, ERR_INVALID, "invalid MAC address: %s", wanted);
	ep->mac[0] = 0x02;
	ep->mac[1] = 0x42;
	if (ep->ip.family)
		memcpy(ep->mac + 2, &ep->ip.ip.v4, 4);
	else if (getrandom(ep->mac + 2, 4, 0) != 4)
		return err_sys(err, "getrandom");
	return 0;
}

static void add_strings(struct strlist *l, const json_t *list)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		if (json_is_string(v))
			strlist_add(l, json_string_value(v));
}

struct endpoint *dockerd_endpoint_take(struct networks *all, struct network *net,
				       const struct container *c, const json_t *settings,
				       struct err *err)
{
	struct endpoint *ep = xcalloc(1, sizeof *ep);

	ep->net = net;
	dockerd_random_id(ep->id);
	dockerd_random_id(ep->sandbox);
	memcpy(ep->container, c->id, sizeof ep->container);
	ep->priority = (int)jsonx_int(settings, "GwPriority", 0);
	if (net->driver == DRIVER_BRIDGE)
		snprintf(ep->veth, sizeof ep->veth, "veth%.7s", ep->id);
	add_strings(&ep->links, json_object_get(settings, "Links"));
	add_strings(&ep->link_local, jsonx_at(settings, "IPAMConfig.LinkLocalIPs"));
	if (!net->link[0])
		err_set(err, ERR_CONFLICT,
			"this daemon runs with --bridge none: use --network host or none");
	else if (!enter(all, ep, settings, err)) {
		if (!choose_mac(ep, jsonx_str(settings, "MacAddress", ""), err) &&
		    !dockerd_endpoint_take_options(ep, settings, err))
			return ep;
		dockerd_endpoint_release(all, ep, 0);
		return NULL;
	}
	dockerd_endpoint_free(ep);
	return NULL;
}

/* --- plugging ------------------------------------------------------------------------ */

/* Docker's sysctls of the machine may have IPv6 off in new namespaces. */
static void enable_ipv6(const char *link)
{
	AUTO_FREE char *path = xasprintf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", link);
	struct err ignored;

	file_write_once(AT_FDCWD, path, "0", &ignored);
}

/* With the prefixes of RFC 3927 and RFC 4291. */
static int add_link_local(const struct endpoint *ep, struct err *err)
{
	for (size_t i = 0; i < ep->link_local.n; i++) {
		struct kern_addr a;

		if (!dockerd_addr_parse(ep->link_local.v[i], &a))
			continue; /* the create refused it */
		a.prefix = a.family == AF_INET ? 16 : 64;
		if (a.family == AF_INET6)
			enable_ipv6(ep->name);
		if (kern_addr_add(ep->name, &a, err))
			return -1;
	}
	return 0;
}

/* This and the functions that are given to run_inside are called in the container's network
 * namespace. */
static int configure(void *arg, struct err *err)
{
	const struct endpoint *ep = arg;

	if (kern_link_up("lo", err))
		return -1;
	if (!ep)
		return 0;
	if (ep->net->driver != DRIVER_IPVLAN && kern_link_set_mac(ep->name, ep->mac, err))
		return -1;
	if (ep->net->mtu && kern_link_set_mtu(ep->name, ep->net->mtu, err))
		return -1;
	if (ep->ip6.family)
		enable_ipv6(ep->name);
	if ((ep->ip.family && kern_addr_add(ep->name, &ep->ip, err)) ||
	    (ep->ip6.family && kern_addr_add(ep->name, &ep->ip6, err)) ||
	    add_link_local(ep, err) || dockerd_endpoint_set_sysctls(ep, err))
		return -1;
	return kern_link_up(ep->name, err);
}

static int run_inside(pid_t pid, int (*fn)(void *arg, struct err *err), const struct endpoint *ep,
		      struct err *err)
{
	AUTO_CLOSE int ns = kern_ns_open(pid, kern_ns_by_oci_name("network"), err);

	return ns < 0 ? -1 : kern_net_inside(ns, fn, (void *)ep, err);
}

int dockerd_loopback_up(pid_t pid, struct err *err)
{
	return run_inside(pid, configure, NULL, err);
}

static int make_pair(const struct endpoint *ep, int ns, struct err *err)
{
	const struct network *net = ep->net;

	if (kern_link_veth(ep->veth, ep->name, ns, err))
		return -1;
	if (net->mtu && kern_link_set_mtu(ep->veth, net->mtu, err))
		return -1;
	if (kern_link_set_master(ep->veth, net->link, err))
		return -1;
	/* Frames between two ports of a bridge pass no rule of ours. */
	if (!net->icc && kern_link_set_isolated(ep->veth, true, err))
		return -1;
	return kern_link_up(ep->veth, err);
}

static int make_link(const struct endpoint *ep, pid_t pid, struct err *err)
{
	const struct network *net = ep->net;
	AUTO_CLOSE int ns = kern_ns_open(pid, kern_ns_by_oci_name("network"), err);
	struct kern_vlan v = { .kind = net->driver == DRIVER_MACVLAN ? "macvlan" : "ipvlan",
			       .mode = net->mode, .parent = net->link, .name = ep->name,
			       .ns_fd = ns };

	if (ns < 0)
		return -1;
	return net->driver == DRIVER_BRIDGE ? make_pair(ep, ns, err) : kern_link_vlan(&v, err);
}

int dockerd_endpoint_plug(struct networks *all, struct endpoint *ep, pid_t pid, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	char ip[ADDR_TEXT_SIZE];

	(void)all;
	if (make_link(ep, pid, err) || run_inside(pid, configure, ep, err))
		return err_wrap(err, "connect to network %s", ep->net->name);
	trace_end(&span, "network: %s on %s", dockerd_addr_text(&ep->ip, ip), ep->net->link);
	return 0;
}

static int has_link(void *arg, struct err *err)
{
	(void)err;
	return kern_link_exists(((const struct endpoint *)arg)->name) ? 0 : -1;
}

bool dockerd_endpoint_is_plugged(const struct endpoint *ep, pid_t pid)
{
	struct err ignored;

	return !run_inside(pid, has_link, ep, &ignored);
}

/* --- the default route ------------------------------------------------------------------ */

struct kern_addr dockerd_endpoint_gateway(const struct endpoint *ep, int family)
{
	bool v4 = family == AF_INET;
	const struct ipam *pool = dockerd_ipam_of(v4 ? &ep->net->pool : &ep->net->pool6,
						  v4 ? &ep->ip : &ep->ip6);

	if (pool && pool->gateway.family)
		return pool->gateway;
	return v4 ? ep->net->gateway : ep->net->gateway6;
}

static int route(const struct endpoint *ep, int family, struct err *err)
{
	bool direct = ep->net->driver == DRIVER_IPVLAN && strcmp(ep->net->mode, "l2");
	struct kern_addr gateway = dockerd_endpoint_gateway(ep, family);
	char text[ADDR_TEXT_SIZE];

	if (!gateway.family)
		return 0;
	return direct ? kern_route_default_link(ep->name, family, err)
		      : kern_route_default(dockerd_addr_text(&gateway, text), err);
}

static int set_routes(void *arg, struct err *err)
{
	const struct endpoint *ep = arg;

	if (kern_route_default_delete(AF_INET, err))
		return -1;
	if (!ep)
		return 0;
	if (ep->ip6.family && kern_route_default_delete(AF_INET6, err))
		return -1;
	return route(ep, AF_INET, err) || route(ep, AF_INET6, err) ? -1 : 0;
}

int dockerd_route_by(const struct endpoint *ep, pid_t pid, struct err *err)
{
	return run_inside(pid, set_routes, ep, err);
}

/* --- ports ------------------------------------------------------------------------------ */

int dockerd_endpoint_publish(struct networks *all, struct endpoint *ep, struct err *err)
{
	int rc = 0;

	if (!ep->ports.n) /* without ports the rules do not change */
		return 0;
	pthread_mutex_lock(&all->lock);
	rc = dockerd_network_apply(all, err);
	pthread_mutex_unlock(&all->lock);
	dockerd_proxy_add(all->proxy, &ep->ports, ep->ip.family ? &ep->ip : &ep->ip6);
	/* A kernel without nftables still has the proxy. */
	if (rc && err->kind == ERR_UNSUPPORTED) {
		log_warn("published ports go through the proxy: %s", err->msg);
		rc = 0;
	}
	return rc ? err_wrap(err, "driver failed programming external connectivity") : 0;
}

/* The ports stay held; whose they are next says where they go. */
void dockerd_endpoint_unpublish(struct networks *all, struct endpoint *ep)
{
	dockerd_proxy_remove(all->proxy, &ep->ports);
}

/* --- undoing --------------------------------------------------------------------------- */

static int delete_link(void *arg, struct err *err)
{
	return kern_link_delete(((const struct endpoint *)arg)->name, err);
}

static void unplug(const struct endpoint *ep, pid_t pid)
{
	struct err err;
	int rc = 0;

	if (ep->veth[0])
		rc = kern_link_delete(ep->veth, &err);
	else if (pid)
		rc = run_inside(pid, delete_link, ep, &err);
	if (rc)
		log_warn("interface of %.12s on %s: %s", ep->container, ep->net->name, err.msg);
}

void dockerd_endpoint_release(struct networks *all, struct endpoint *ep, pid_t pid)
{
	struct trace_span span;
	struct err err;

	if (!ep)
		return;
	span = trace_begin();
	unplug(ep, pid);
	dockerd_proxy_remove(all->proxy, &ep->ports);
	pthread_mutex_lock(&all->lock);
	unlist(ep);
	if (ep->ports.n && dockerd_network_apply(all, &err))
		log_error("rules for published ports: %s", err.msg);
	give_back(ep->net, ep);
	pthread_mutex_unlock(&all->lock);
	trace_end(&span, "network: leave %s", ep->net->name);
	dockerd_endpoint_free(ep);
}

void dockerd_endpoint_free(struct endpoint *ep)
{
	if (!ep)
		return;
	dockerd_ports_free(&ep->ports);
	strlist_free(&ep->names);
	strlist_free(&ep->links);
	strlist_free(&ep->sysctls);
	strlist_free(&ep->link_local);
	free(ep);
}

void dockerd_endpoint_adopt(struct networks *all, struct endpoint *ep)
{
	char text[ADDR_TEXT_SIZE];
	struct err err;

	pthread_mutex_lock(&all->lock);
	if ((ep->ip.family && !dockerd_ipam_claim(&ep->net->pool, &ep->ip)) ||
	    (ep->ip6.family && !dockerd_ipam_claim(&ep->net->pool6, &ep->ip6)))
		log_warn("address %s is taken twice, or not of this subnet",
			 dockerd_addr_text(&ep->ip, text));
	ep->next = ep->net->endpoints;
	ep->net->endpoints = ep;
	pthread_mutex_unlock(&all->lock);
	if (!ep->ports.n)
		return;
	if (dockerd_ports_hold(&ep->ports, &err))
		log_warn("a port of a running container was taken by another program: %s", err.msg);
	dockerd_proxy_add(all->proxy, &ep->ports, ep->ip.family ? &ep->ip : &ep->ip6);
}

/* --- the document ------------------------------------------------------------------------ */

json_t *dockerd_endpoint_json(const struct endpoint *ep)
{
	char ip[ADDR_TEXT_SIZE], ip6[ADDR_TEXT_SIZE], mac[18];

	dockerd_mac_text(ep->mac, mac);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "Id",
			 ep->id, "Sandbox", ep->sandbox, "Network", ep->net->id, "IP",
			 dockerd_addr_text(&ep->ip, ip), "IPv6", dockerd_addr_text(&ep->ip6, ip6),
			 "MAC", mac, "Veth", ep->veth, "Name", ep->name, "Priority", ep->priority,
			 "Names", jsonx_strings(&ep->names), "Links", jsonx_strings(&ep->links),
			 "Sysctls", jsonx_strings(&ep->sysctls), "LinkLocal",
			 jsonx_strings(&ep->link_local), "Ports",
			 dockerd_ports_json(&ep->ports));
}

static void read_address(const json_t *doc, const char *key, const struct ipam *pool,
			 struct kern_addr *ip)
{
	if (!dockerd_addr_parse(jsonx_str(doc, key, ""), ip))
		ip->family = 0;
	pool = dockerd_ipam_of(pool, ip);
	ip->prefix = pool ? pool->prefix : 0;
}

struct endpoint *dockerd_endpoint_from_json(struct networks *all, const char *container,
					    const json_t *doc)
{
	const char *id = jsonx_str(doc, "Network", all->builtin[NET_BRIDGE]->id);
	struct err ignored;
	struct network *net;
	struct endpoint *ep;

	if (!json_is_object(doc))
		return NULL;
	net = dockerd_network_find(all, id, &ignored);
	dockerd_network_put(all, net);
	if (!net) {
		log_error("container %.12s is on the network %.12s, which is not there any more",
			  container, id);
		return NULL;
	}
	ep = xcalloc(1, sizeof *ep);
	ep->net = net;
	snprintf(ep->container, sizeof ep->container, "%s", container);
	snprintf(ep->id, sizeof ep->id, "%s", jsonx_str(doc, "Id", ""));
	snprintf(ep->sandbox, sizeof ep->sandbox, "%s", jsonx_str(doc, "Sandbox", ""));
	snprintf(ep->veth, sizeof ep->veth, "%s", jsonx_str(doc, "Veth", ""));
	snprintf(ep->name, sizeof ep->name, "%s", jsonx_str(doc, "Name", "eth0"));
	ep->priority = (int)jsonx_int(doc, "Priority", 0);
	read_address(doc, "IP", &net->pool, &ep->ip);
	read_address(doc, "IPv6", &net->pool6, &ep->ip6);
	if (!dockerd_mac_parse(jsonx_str(doc, "MAC", ""), ep->mac)) {
		ep->mac[0] = 0x02;
		ep->mac[1] = 0x42;
		memcpy(ep->mac + 2, &ep->ip.ip.v4, 4);
	}
	add_strings(&ep->names, json_object_get(doc, "Names"));
	add_strings(&ep->links, json_object_get(doc, "Links"));
	add_strings(&ep->sysctls, json_object_get(doc, "Sysctls"));
	add_strings(&ep->link_local, json_object_get(doc, "LinkLocal"));
	dockerd_ports_from_json(json_object_get(doc, "Ports"), &ep->ports);
	return ep;
}
