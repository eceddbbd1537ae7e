/*
 * ports.c - see ports.h.
 */
#include "ports.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "units.h"
#include "value.h"

struct range {
	unsigned first, last;
};

/* "80", "80-82" */
static bool parse_range(const char *text, struct range *r)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	unsigned long first = strtoul(text, &end, 10), last = first;
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (*end || first > 65535 || last > 65535 || last < first)
		return false;
	*r = (struct range){ (unsigned)first, (unsigned)last };
	return true;
}

/* Cut "/udp" off; the protocol, lower case, "tcp" when none is there; NULL when unknown. */
static const char *take_protocol(char *spec, struct err *err)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };
	char *slash = strchr(spec, '/');

	if (!slash || !slash[1]) {
		if (slash)
			*slash = 0;
		return known[0];
	}
	*slash = 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcasecmp(slash + 1, known[i]))
			return known[i];
	err_set(err, ERR_INVALID, "invalid proto: %s", slash + 1);
	return NULL;
}

/* The parts, from the right: container, host, ip. An IPv6 address has colons
 * of its own, perhaps in brackets; what is left of two colons is the address. */
static void split(char *spec, const char **ip, const char **host, const char **container)
{
	char *colon = strrchr(spec, ':');

	*ip = *host = "";
	*container = spec;
	if (!colon)
		return;
	*colon = 0;
	*container = colon + 1;
	*host = spec;
	colon = strrchr(spec, ':');
	if (!colon)
		return;
	*colon = 0;
	*host = colon + 1;
	*ip = spec;
	size_t n = strlen(spec);
	if (n > 1 && spec[0] == '[' && spec[n - 1] == ']') {
		spec[n - 1] = 0;
		*ip = spec + 1;
	}
}

static void bind_port(json_t *exposed, json_t *bindings, unsigned port, const char *protocol,
		      const char *ip, const char *host)
{
	AUTO_FREE char *key = xasprintf("%u/%s", port, protocol);

	json_object_set_new(exposed, key, json_object());
	if (bindings)
		json_array_append_new(cli_array_at(bindings, key), json_pack("{s:s, s:s}", "HostIp", ip, "HostPort", host));
}

/* "published=8080,target=80,protocol=udp" in the short form, new. `mode` is a swarm's. */
static char *short_form(const char *spec, struct err *err)
{
	static const char *const names[] = { "published", "target", "protocol", "mode" };
	AUTO_FREE char *copy = xstrdup(spec);
	const char *values[4] = { "", "", "tcp", "" };
	char *save = NULL;

	for (char *field = strtok_r(copy, ",", &save); field; field = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(field, '=');
		if (!equals || equals == field) {
			err_set(err, ERR_INVALID, "invalid publish opts format (should be name=value but got '%s')", field);
			return NULL;
		}
		*equals = 0;
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (!strcmp(field, names[i]))
				values[i] = equals + 1;
	}
	return xasprintf("%s:%s/%s", values[0], values[1], values[2]);
}

int cli_ports_publish(const char *spec, json_t *exposed, json_t *bindings, struct err *err)
{
	AUTO_FREE char *copy = strchr(spec, '=') ? short_form(spec, err) : xstrdup(spec);
	const char *protocol, *ip, *host, *container;
	struct range from = { 0 }, to;
	char text[32];

	if (!copy || !(protocol = take_protocol(copy, err)))
		return -1;
	split(copy, &ip, &host, &container);
	if (*ip && !cli_is_address(ip))
		return err_set(err, ERR_INVALID, "invalid IP address: %s", ip);
	if (!*container)
		return err_set(err, ERR_INVALID, "no port specified: %s<empty>", spec);
	if (!parse_range(container, &to))
		return err_set(err, ERR_INVALID, "invalid containerPort: %s", container);
	if (*host && !parse_range(host, &from))
		return err_set(err, ERR_INVALID, "invalid hostPort: %s", host);
	bool same = from.last - from.first == to.last - to.first;
	if (*host && !same && to.first != to.last)
		return err_set(err, ERR_INVALID, "invalid ranges specified for container and host Ports: %s and %s",
			       container, host);
	for (unsigned i = 0; i <= to.last - to.first; i++) {
		snprintf(text, sizeof text, "%u", from.first + i);
		/* a range for one port: the daemon takes one that is free */
		bind_port(exposed, bindings, to.first + i, protocol, ip, !*host ? "" : same ? text : host);
	}
	return 0;
}

int cli_ports_expose(const char *spec, json_t *exposed, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(spec);
	const char *protocol = take_protocol(copy, err);
	struct range range;

	if (!protocol)
		return -1;
	if (strchr(copy, ':'))
		return err_set(err, ERR_INVALID, "invalid port format for --expose: %s", spec);
	if (!parse_range(copy, &range))
		return err_set(err, ERR_INVALID,
			       "invalid range format for --expose: %s, error: invalid port number", spec);
	for (unsigned port = range.first; port <= range.last; port++)
		bind_port(exposed, NULL, port, protocol, "", "");
	return 0;
}

/* ---- the column ---------------------------------------------------------- */

/* A run of ports with one address and protocol, each published as itself or
 * not at all; only such are shown as a range. */
struct group {
	const char *ip, *type; /* ip "": not published */
	unsigned first, last;
};

struct port {
	const char *ip, *type;
	unsigned private, public;
};

static int by_place(const void *a, const void *b)
{
	const struct port *x = a, *y = b;
	int n;

	if (x->private != y->private)
		return x->private < y->private ? -1 : 1;
	if ((n = strcmp(x->ip, y->ip)))
		return n;
	if (x->public != y->public)
		return x->public < y->public ? -1 : 1;
	return strcmp(x->type, y->type);
}

static void show_address(struct strbuf *out, const char *ip)
{
	strbuf_addf(out, strchr(ip, ':') ? "[%s]:" : "%s:", ip);
}

static void show_range(struct strbuf *out, const struct group *g)
{
	strbuf_addf(out, "%u", g->first);
	if (g->last != g->first)
		strbuf_addf(out, "-%u", g->last);
}

static void show_group(struct strbuf *out, const struct group *g)
{
	strbuf_adds(out, out->len ? ", " : "");
	if (*g->ip) {
		show_address(out, g->ip);
		show_range(out, g);
		strbuf_adds(out, "->");
	}
	show_range(out, g);
	strbuf_addf(out, "/%s", g->type);
}

/* Lengthen the group that the port continues; else show what the group has
 * been so far, and begin it anew. Returns the number of groups. */
static size_t add_to_group(struct strbuf *out, struct group *groups, size_t n, const struct port *p)
{
	for (size_t i = 0; i < n; i++) {
		struct group *g = &groups[i];
		if (strcmp(g->ip, p->ip) || strcmp(g->type, p->type))
			continue;
		if (p->private != g->last + 1) {
			show_group(out, g);
			g->first = p->private;
		}
		g->last = p->private;
		return n;
	}
	groups[n] = (struct group){ p->ip, p->type, p->private, p->private };
	return n + 1;
}

void cli_ports_show(const json_t *ports, struct strbuf *out)
{
	size_t n = json_array_size(ports), used = 0;
	AUTO_FREE struct port *all = xcalloc(n + 1, sizeof *all);
	AUTO_FREE struct group *groups = xcalloc(n + 1, sizeof *groups);
	AUTO_STRBUF struct strbuf mapped = STRBUF_INIT; /* published as another port: one by one, last */

	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(ports, i);
		all[i] = (struct port){ jsonx_str(p, "IP", ""), jsonx_str(p, "Type", "tcp"),
					(unsigned)jsonx_int(p, "PrivatePort", 0),
					(unsigned)jsonx_int(p, "PublicPort", 0) };
	}
	qsort(all, n, sizeof *all, by_place);
	for (size_t i = 0; i < n; i++) {
		if (*all[i].ip && all[i].public != all[i].private) {
			strbuf_adds(&mapped, mapped.len ? ", " : "");
			show_address(&mapped, all[i].ip);
			strbuf_addf(&mapped, "%u->%u/%s", all[i].public, all[i].private, all[i].type);
		} else {
			used = add_to_group(out, groups, used, &all[i]);
		}
	}
	for (size_t i = 0; i < used; i++)
		show_group(out, &groups[i]);
	if (mapped.len)
		strbuf_addf(out, "%s%s", out->len ? ", " : "", mapped.data);
}
