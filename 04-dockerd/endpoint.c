/*
 * endpoint.c - one container's place on the bridge.
 *
 * Taken before the container's task exists (its hosts file needs the address),
 * plugged when there is a network namespace to plug into, released when the container
 * has stopped. The kernel deletes a veth pair with the namespace that holds
 * either end, so a crash leaves no interface behind.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/netlink.h"
#include "01-kernel/ns.h"
#include "network.h"

struct endpoint *dockerd_endpoint_take(struct network *net, const struct container *c,
				       struct err *err)
{
	struct endpoint *ep = xcalloc(1, sizeof *ep);
	int rc;

	dockerd_random_id(ep->id);
	dockerd_random_id(ep->sandbox);
	snprintf(ep->veth, sizeof ep->veth, "veth%.7s", ep->id);
	rc = dockerd_ports_plan(c->config, c->host, &ep->ports, err);
	if (!rc) {
		pthread_mutex_lock(&net->lock);
		rc = dockerd_ipam_take(&net->pool, &ep->ip, err);
		pthread_mutex_unlock(&net->lock);
	}
	if (!rc && dockerd_ports_hold(&ep->ports, err)) {
		rc = err_wrap(err,
			      "driver failed programming external connectivity on endpoint %s (%s)",
			      c->name, ep->id);
		pthread_mutex_lock(&net->lock);
		dockerd_ipam_release(&net->pool, ep->ip);
		pthread_mutex_unlock(&net->lock);
	}
	if (rc) {
		dockerd_endpoint_free(ep);
		return NULL;
	}
	/* 02:42 and the address, as Docker's: no two containers of a bridge share it. */
	ep->mac[0] = 0x02;
	ep->mac[1] = 0x42;
	memcpy(ep->mac + 2, &ep->ip, 4);
	return ep;
}

/* --- plugging ------------------------------------------------------------------------ */

struct inside {
	struct network *net;
	struct endpoint *ep; /* NULL: loopback only */
};

/* Runs in the container's network namespace. */
static int configure(void *arg, struct err *err)
{
	const struct inside *in = arg;
	struct kern_addr addr = { .family = AF_INET };
	char gateway[INET_ADDRSTRLEN];

	if (kern_link_up("lo", err))
		return -1;
	if (!in->ep)
		return 0;
	addr.ip.v4 = in->ep->ip;
	addr.prefix = in->net->prefix;
	inet_ntop(AF_INET, &in->net->gateway, gateway, sizeof gateway);
	if (kern_link_set_mac("eth0", in->ep->mac, err) || kern_addr_add("eth0", &addr, err) ||
	    kern_link_up("eth0", err))
		return -1;
	return kern_route_default(gateway, err);
}

static int run_inside(pid_t pid, struct inside *in, struct err *err)
{
	AUTO_CLOSE int ns = kern_ns_open(pid, kern_ns_by_oci_name("network"), err);

	return ns < 0 ? -1 : kern_net_inside(ns, configure, in, err);
}

int dockerd_loopback_up(pid_t pid, struct err *err)
{
	return run_inside(pid, &(struct inside){ NULL, NULL }, err);
}

static int make_pair(struct network *net, struct endpoint *ep, pid_t pid, struct err *err)
{
	AUTO_CLOSE int ns = kern_ns_open(pid, kern_ns_by_oci_name("network"), err);

	if (ns < 0)
		return -1;
	if (kern_link_veth(ep->veth, "eth0", ns, err))
		return -1;
	return kern_link_set_master(ep->veth, net->bridge, err) || kern_link_up(ep->veth, err) ? -1
											       : 0;
}

/* Enter the list of endpoints; the rules then include its ports. */
static int publish(struct network *net, struct endpoint *ep, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&net->lock);
	ep->next = net->endpoints;
	net->endpoints = ep;
	if (ep->ports.n) /* without ports the rules do not change */
		rc = dockerd_network_apply(net, err);
	pthread_mutex_unlock(&net->lock);
	dockerd_proxy_add(net->proxy, &ep->ports, ep->ip);
	/* A kernel without nftables still has the proxy. */
	if (rc && err->kind == ERR_UNSUPPORTED) {
		log_warn("published ports go through the proxy: %s", err->msg);
		rc = 0;
	}
	return rc;
}

int dockerd_endpoint_plug(struct network *net, struct endpoint *ep, pid_t pid, struct err *err)
{
	struct trace_span span = trace_begin();

	if (make_pair(net, ep, pid, err) || run_inside(pid, &(struct inside){ net, ep }, err))
		return err_wrap(err, "connect to network bridge");
	if (publish(net, ep, err))
		return err_wrap(err, "driver failed programming external connectivity");
	trace_end(&span, "network: %s on %s, %zu published ports", inet_ntoa(ep->ip), net->bridge,
		  ep->ports.n);
	return 0;
}

/* --- undoing --------------------------------------------------------------------------- */

static void unpublish(struct network *net, struct endpoint *ep)
{
	struct err err;

	for (struct endpoint **at = &net->endpoints; *at; at = &(*at)->next) {
		if (*at != ep)
			continue;
		*at = ep->next;
		if (ep->ports.n && dockerd_network_apply(net, &err))
			log_error("rules for published ports: %s", err.msg);
		return;
	}
}

void dockerd_endpoint_release(struct network *net, struct endpoint *ep)
{
	struct err err;

	if (!ep)
		return;
	if (kern_link_delete(ep->veth, &err))
		log_warn("interface %s: %s", ep->veth, err.msg);
	dockerd_proxy_remove(net->proxy, &ep->ports);
	pthread_mutex_lock(&net->lock);
	unpublish(net, ep);
	dockerd_ipam_release(&net->pool, ep->ip);
	pthread_mutex_unlock(&net->lock);
	dockerd_endpoint_free(ep);
}

void dockerd_endpoint_free(struct endpoint *ep)
{
	if (!ep)
		return;
	dockerd_ports_free(&ep->ports);
	free(ep);
}

void dockerd_endpoint_adopt(struct network *net, struct endpoint *ep)
{
	struct err err;

	pthread_mutex_lock(&net->lock);
	if (!dockerd_ipam_claim(&net->pool, ep->ip))
		log_warn("address %s is taken twice, or not of this subnet", inet_ntoa(ep->ip));
	ep->next = net->endpoints;
	net->endpoints = ep;
	pthread_mutex_unlock(&net->lock);
	if (dockerd_ports_hold(&ep->ports, &err))
		log_warn("a port of a running container was taken by another program: %s", err.msg);
	dockerd_proxy_add(net->proxy, &ep->ports, ep->ip);
}

/* --- the document ------------------------------------------------------------------------ */

json_t *dockerd_endpoint_json(const struct endpoint *ep)
{
	char ip[INET_ADDRSTRLEN];

	if (!ep)
		return json_null();
	inet_ntop(AF_INET, &ep->ip, ip, sizeof ip);
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "Id", ep->id, "Sandbox", ep->sandbox, "IP",
			 ip, "Veth", ep->veth, "Ports", dockerd_ports_json(&ep->ports));
}

struct endpoint *dockerd_endpoint_from_json(const json_t *doc)
{
	struct endpoint *ep;

	if (!json_is_object(doc))
		return NULL;
	ep = xcalloc(1, sizeof *ep);
	snprintf(ep->id, sizeof ep->id, "%s", jsonx_str(doc, "Id", ""));
	snprintf(ep->sandbox, sizeof ep->sandbox, "%s", jsonx_str(doc, "Sandbox", ""));
	snprintf(ep->veth, sizeof ep->veth, "%s", jsonx_str(doc, "Veth", ""));
	inet_pton(AF_INET, jsonx_str(doc, "IP", ""), &ep->ip);
	ep->mac[0] = 0x02;
	ep->mac[1] = 0x42;
	memcpy(ep->mac + 2, &ep->ip, 4);
	dockerd_ports_from_json(json_object_get(doc, "Ports"), &ep->ports);
	return ep;
}
