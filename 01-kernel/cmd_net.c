/*
 * cmd_net.c - `kernel bridge`, `kernel veth`, `kernel nft`: what connects a
 * container, piece by piece. They act on the network namespace that they are
 * called in and stay until they are deleted, as with ip(8) and nft(8).
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cmd.h"
#include "netlink.h"
#include "nft.h"

#define TABLE "dockyard-kernel"

/* --- bridge ------------------------------------------------------------------------------- */

static int add_address(const char *link, const char *text, struct err *err)
{
	struct kern_addr addr;

	return kern_addr_parse(text, &addr, err) || kern_addr_add(link, &addr, err) ? -1 : 0;
}

static int run_bridge(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "addr", required_argument, NULL, 'a' }, { "add", required_argument, NULL, 'l' },
		{ "delete", no_argument, NULL, 'd' }, { 0 },
	};
	AUTO_STRLIST struct strlist links = STRLIST_INIT;
	const char *addr = NULL, *name;
	int opt, gone = 0;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == '?')
			return kern_cmd_usage(&kern_cmd_bridge, err);
		if (opt == 'a')
			addr = optarg;
		else if (opt == 'l')
			strlist_add(&links, optarg);
		else
			gone = 1;
	}
	if (optind + 1 != argc)
		return kern_cmd_usage(&kern_cmd_bridge, err);
	name = argv[optind];
	if (gone)
		return kern_link_delete(name, err);
	if (!kern_link_exists(name) && kern_link_bridge(name, err))
		return -1;
	if (addr && add_address(name, addr, err))
		return -1;
	for (size_t i = 0; i < links.n; i++)
		if (kern_link_set_master(links.v[i], name, err) || kern_link_up(links.v[i], err))
			return -1;
	return kern_link_up(name, err);
}

const struct kern_cmd kern_cmd_bridge = {
	"bridge", "NAME [--addr A.B.C.D/N] [--add LINK...] | NAME --delete",
	"make a bridge, give it an address, plug links into it (rtnetlink(7))", run_bridge,
};

/* --- veth ---------------------------------------------------------------------------------- */

struct peer {
	const char *name, *addr, *gateway;
};

static int configure_peer(void *arg, struct err *err)
{
	const struct peer *p = arg;

	if (kern_link_up("lo", err) || (p->addr && add_address(p->name, p->addr, err)) ||
	    kern_link_up(p->name, err))
		return -1;
	return p->gateway ? kern_route_default(p->gateway, err) : 0;
}

static int open_ns(const char *where, struct err *err)
{
	AUTO_FREE char *path = strspn(where, "0123456789") == strlen(where) ?
		xasprintf("/proc/%s/ns/net", where) : xstrdup(where);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static int run_veth(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "ns", required_argument, NULL, 'n' }, { "addr", required_argument, NULL, 'a' },
		{ "peer-addr", required_argument, NULL, 'p' },
		{ "gateway", required_argument, NULL, 'g' }, { 0 },
	};
	const char *where = NULL, *addr = NULL;
	struct peer peer = { 0 };
	AUTO_CLOSE int ns = -1;
	struct err undo;
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == '?')
			return kern_cmd_usage(&kern_cmd_veth, err);
		*(opt == 'n' ? &where : opt == 'a' ? &addr : opt == 'p' ? &peer.addr : &peer.gateway) =
			optarg;
	}
	if (optind + 2 != argc || ((peer.addr || peer.gateway) && !where))
		return kern_cmd_usage(&kern_cmd_veth, err);
	peer.name = argv[optind + 1];
	if (where && (ns = open_ns(where, err)) < 0)
		return -1;
	if (kern_link_veth(argv[optind], peer.name, ns, err))
		return -1;
	if ((addr && add_address(argv[optind], addr, err)) || kern_link_up(argv[optind], err) ||
	    (where && kern_net_inside(ns, configure_peer, &peer, err))) {
		kern_link_delete(argv[optind], &undo); /* the peer goes with it */
		return -1;
	}
	return 0;
}

const struct kern_cmd kern_cmd_veth = {
	"veth", "NAME PEER [--addr A.B.C.D/N] [--ns PID|FILE [--peer-addr A.B.C.D/N] [--gateway A.B.C.D]]",
	"make a cable with two ends, one in another network namespace (veth(4))", run_veth,
};

/* --- nft ------------------------------------------------------------------------------------- */

static int parse_port(const char *text, uint16_t *port, struct err *err)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > 65535)
		return err_set(err, ERR_INVALID, "'%s' is not a port", text);
	*port = (uint16_t)n;
	return 0;
}

static int publish(const char *host, const char *target, const struct kern_nft_bridge *br,
		   struct err *err)
{
	struct kern_nft_publish p = { .proto = IPPROTO_TCP };
	AUTO_FREE char *ip = xstrdup(target);
	char *colon = strchr(ip, ':');

	if (!colon)
		return err_set(err, ERR_INVALID, "'%s' is not ADDRESS:PORT", target);
	*colon = '\0';
	if (inet_pton(AF_INET, ip, &p.container_ip) != 1)
		return err_set(err, ERR_INVALID, "'%s' is not an IPv4 address", ip);
	if (parse_port(host, &p.host_port, err) || parse_port(colon + 1, &p.container_port, err))
		return -1;
	return kern_nft_replace(TABLE, br, 1, &p, 1, err);
}

static int run_nft(int argc, char **argv, struct err *err)
{
	struct kern_nft_bridge br = { .masquerade = 1, .icc = 1 };
	struct kern_addr net;

	if (argc == 2 && !strcmp(argv[1], "delete"))
		return kern_nft_delete(TABLE, err);
	if (argc < 4 || kern_addr_parse(argv[3], &net, err))
		return argc < 4 ? kern_cmd_usage(&kern_cmd_nft, err) : -1;
	if (net.family != AF_INET)
		return err_set(err, ERR_INVALID, "'%s' is not an IPv4 network", argv[3]);
	br.bridge = argv[2];
	br.network = net.ip.v4;
	br.prefix = net.prefix;
	if (argc == 4 && !strcmp(argv[1], "masquerade"))
		return kern_nft_replace(TABLE, &br, 1, NULL, 0, err);
	if (argc == 6 && !strcmp(argv[1], "publish"))
		return publish(argv[4], argv[5], &br, err);
	return kern_cmd_usage(&kern_cmd_nft, err);
}

const struct kern_cmd kern_cmd_nft = {
	"nft", "masquerade BRIDGE NET/N | publish BRIDGE NET/N HOSTPORT ADDRESS:PORT | delete",
	"let a bridge out, and a port in: rules in a table of its own (nft(8))", run_nft,
};
