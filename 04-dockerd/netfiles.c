/*
 * netfiles.c - /etc/hostname, /etc/hosts and /etc/resolv.conf of a container.
 *
 * They lie in the container's directory on the host and are bound over the
 * image's files, so that an image need not have them and a rename on the host
 * side is seen inside.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
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

static char *hosts_resolv_conf(void)
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

static char *hosts_text(const struct network *net, const struct container *c, int kind)
{
	const char *hostname = jsonx_str(c->config, "Hostname", ""),
		   *domain = jsonx_str(c->config, "Domainname", "");
	json_t *extra = json_object_get(c->host, "ExtraHosts"), *v;
	struct strbuf sb = STRBUF_INIT;
	char ip[INET_ADDRSTRLEN];
	size_t i;

	strbuf_adds(&sb, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
			 "fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\n"
			 "ff02::2\tip6-allrouters\n");
	json_array_foreach(extra, i, v) {
		AUTO_FREE char *name = xstrdup(json_string_value(v));
		char *colon = strpbrk(name, ":=");
		const char *to = colon + 1;

		*colon = '\0';
		if (!strcmp(to, "host-gateway"))
			to = inet_ntop(AF_INET, &net->gateway, ip, sizeof ip);
		strbuf_addf(&sb, "%s\t%s\n", to, name);
	}
	if (kind == NET_BRIDGE && c->endpoint) {
		inet_ntop(AF_INET, &c->endpoint->ip, ip, sizeof ip);
		strbuf_addf(&sb, "%s\t%s%s%s%s%s\n", ip, hostname, *domain ? "." : "", domain,
			    *domain ? " " : "", *domain ? hostname : "");
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

int dockerd_netfiles_write(struct daemon *d, const struct container *c, struct err *err)
{
	int kind = dockerd_network_kind(jsonx_str(c->host, "NetworkMode", ""));
	AUTO_FREE char *name = xasprintf("%s\n", jsonx_str(c->config, "Hostname", ""));
	AUTO_FREE char *hosts = hosts_text(d->net, c, kind), *upstream = hosts_resolv_conf();
	AUTO_FREE char *resolv = dockerd_resolv_conf(upstream, c->host, kind != NET_HOST);

	return write_file(d, c, "hostname", name, err) || write_file(d, c, "hosts", hosts, err) ||
	       write_file(d, c, "resolv.conf", resolv, err) ? -1 : 0;
}
