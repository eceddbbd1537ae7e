/*
 * netfiles.c - /etc/hostname, /etc/hosts and /etc/resolv.conf of a container.
 *
 * They lie in the container's directory on the host and are bound over the
 * image's files, so that an image need not have them and a rename on the host
 * side is seen inside.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "dns.h"
#include "links.h"
#include "network.h"

/* systemd-resolved's stub listens on 127.0.0.53; what it forwards to is here. */
#define RESOLVED_UPSTREAM "/run/systemd/resolve/resolv.conf"

static bool is_loopback(const char *server)
{
	return str_starts(server, "127.") || !strcmp(server, "::1");
}

/* One "keyword value..." line of resolv.conf(5) unless the container's settings replace it. */
static void keep_line(struct strbuf *out, char *line, const json_t *host, bool own_loopback,
		      size_t *servers)
{
	char word[16] = "", value[256] = "";

	sscanf(line, "%15s %255s", word, value);
	if (!strcmp(word, "nameserver")) {
		if (json_array_size(json_object_get(host, "Dns")) ||
		    (own_loopback && is_loopback(value)))
			return;
		(*servers)++;
	} else if (!strcmp(word, "search") || !strcmp(word, "domain")) {
		if (json_array_size(json_object_get(host, "DnsSearch")))
			return;
	} else if (!strcmp(word, "options")) {
		if (json_array_size(json_object_get(host, "DnsOptions")))
			return;
	} else {
		return; /* comments speak of the host */
	}
	strbuf_addf(out, "%s\n", line);
}

static size_t add_given(struct strbuf *out, const json_t *host, const char *key,
			const char *keyword, bool one_line)
{
	json_t *list = json_object_get(host, key), *v;
	size_t i;

	json_array_foreach(list, i, v)
		strbuf_addf(out, "%s%s%s", one_line && i ? " " : keyword, json_string_value(v),
			    one_line && i + 1 < json_array_size(list) ? "" : "\n");
	return json_array_size(list);
}

char *dockerd_resolv_conf(const char *hosts_text, const json_t *host_config, bool own_loopback)
{
	AUTO_FREE char *copy = xstrdup(hosts_text);
	struct strbuf out = STRBUF_INIT;
	char *save = NULL;
	size_t servers;

	servers = add_given(&out, host_config, "Dns", "nameserver ", false);
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		keep_line(&out, l, host_config, own_loopback, &servers);
	add_given(&out, host_config, "DnsSearch", "search ", true);
	add_given(&out, host_config, "DnsOptions", "options ", true);
	if (!servers &&
	    own_loopback) /* nobody the container can ask: a public resolver, as Docker does */
		strbuf_adds(&out, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	return strbuf_steal(&out);
}

/* Our resolver instead of all others. "ndots:0" has names without a dot asked for as they are, before
 * any domain is appended: the names of containers have none. */
char *dockerd_resolv_embedded(const char *hosts_text, const json_t *host_config)
{
	AUTO_FREE char *full = dockerd_resolv_conf(hosts_text, host_config, false);
	struct strbuf out = STRBUF_INIT;
	char *save = NULL, *options = NULL;

	strbuf_adds(&out, "nameserver " DNS_ADDRESS "\n");
	for (char *l = strtok_r(full, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (str_starts(l, "options"))
			options = l;
		else if (!str_starts(l, "nameserver"))
			strbuf_addf(&out, "%s\n", l);
	}
	strbuf_addf(&out, "%s%s\n", options ? options : "options",
		    options && strstr(options, "ndots:") ? "" : " ndots:0");
	return strbuf_steal(&out);
}

char *dockerd_host_resolv(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct err ignored;
	bool stub;

	file_read(AT_FDCWD, "/etc/resolv.conf", &sb, 1 << 16, &ignored);
	stub = sb.data && strstr(sb.data, "nameserver 127.0.0.53");
	if (stub && !access(RESOLVED_UPSTREAM, R_OK)) {
		strbuf_clear(&sb);
		file_read(AT_FDCWD, RESOLVED_UPSTREAM, &sb, 1 << 16, &ignored);
	}
	return strbuf_steal(&sb);
}

/* "name:address" or "name=address"; host-gateway is the host as the container reaches it. */
static void add_extra(struct strbuf *sb, const struct daemon *d, const struct container *c,
		      const char *entry)
{
	AUTO_FREE char *name = xstrdup(entry);
	const struct endpoint *gw = dockerd_gateway_of(c);
	const struct kern_addr *host = &d->net->builtin[NET_BRIDGE]->gateway;
	char *colon = strpbrk(name, ":="), ip[ADDR_TEXT_SIZE];
	const char *to = colon + 1;

	*colon = '\0';
	if (!host->family && gw)
		host = &gw->net->gateway;
	if (!strcmp(to, "host-gateway"))
		to = d->cfg->host_gateway ? d->cfg->host_gateway : dockerd_addr_text(host, ip);
	strbuf_addf(sb, "%s\t%s\n", to, name);
}

/* With the domain, and without what stands behind the first dot. */
static void add_self(struct strbuf *sb, const struct container *c, const struct kern_addr *addr)
{
	const char *domain = jsonx_str(c->config, "Domainname", "");
	AUTO_FREE char *name = xasprintf("%s%s%s", jsonx_str(c->config, "Hostname", ""),
					 *domain ? "." : "", domain);
	size_t bare = strcspn(name, ".");
	char ip[ADDR_TEXT_SIZE];

	if (!addr->family)
		return;
	strbuf_addf(sb, "%s\t%s", dockerd_addr_text(addr, ip), name);
	if (name[bare])
		strbuf_addf(sb, " %.*s", (int)bare, name);
	strbuf_addc(sb, '\n');
}

static char *hosts_text(struct daemon *d, const struct container *c, struct err *err)
{
	json_t *extra = json_object_get(c->host, "ExtraHosts"), *v;
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	size_t i;

	if (json_object_get(c->networks, "host") && /* whose network it is */
	    file_read(AT_FDCWD, "/etc/hosts", &sb, 1 << 20, err) && err->kind != ERR_NOT_FOUND)
		return NULL;
	if (!sb.len)
		strbuf_adds(&sb, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
			 "fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\n"
			 "ff02::2\tip6-allrouters\n");
	json_array_foreach(extra, i, v)
		add_extra(&sb, d, c, json_string_value(v));
	if (dockerd_links_hosts(d, c, &sb, err))
		return NULL;
	for (const struct endpoint *ep = c->endpoints; ep; ep = ep->sibling) {
		add_self(&sb, c, &ep->ip);
		add_self(&sb, c, &ep->ip6);
	}
	return strbuf_steal(&sb);
}

static int write_file(struct daemon *d, const struct container *c, const char *name,
		      const char *text, struct err *err)
{
	AUTO_FREE char *path = dockerd_container_path(d, c, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	/* In place, not by rename: a running container has this very file bound. */
	if (fd < 0 || io_write_full(fd, text, strlen(text)))
		return err_sys(err, "write %s", path);
	return 0;
}

/* The daemon's --dns, --dns-opt and --dns-search where the container names none. */
static json_t *with_defaults(const struct daemon *d, const struct container *c)
{
	const struct {
		const char *key;
		const struct strlist *list;
	} rows[] = { { "Dns", &d->cfg->dns }, { "DnsOptions", &d->cfg->dns_opts },
		     { "DnsSearch", &d->cfg->dns_search } };
	json_t *host = json_copy(c->host);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].list->n && !json_array_size(json_object_get(host, rows[i].key)))
			json_object_set_new(host, rows[i].key, jsonx_strings(rows[i].list));
	return host;
}

int dockerd_netfiles_write(struct daemon *d, const struct container *c, struct err *err)
{
	bool host_net = json_object_get(c->networks, "host") != NULL;
	AUTO_FREE char *name = xasprintf("%s\n", jsonx_str(c->config, "Hostname", ""));
	AUTO_FREE char *hosts = hosts_text(d, c, err), *upstream = dockerd_host_resolv();
	AUTO_JSON json_t *settings = with_defaults(d, c);
	AUTO_FREE char *resolv = dockerd_dns_wanted(c)
					 ? dockerd_resolv_embedded(upstream, settings)
					 : dockerd_resolv_conf(upstream, settings, !host_net);

	if (!hosts)
		return -1;
	return write_file(d, c, "hostname", name, err) || write_file(d, c, "hosts", hosts, err) ||
	       write_file(d, c, "resolv.conf", resolv, err) ? -1 : 0;
}
