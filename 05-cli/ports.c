/*
 * ports.c - see ports.h.
 */
#include "ports.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"

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

static int check_ip(const char *ip, struct err *err)
{
	unsigned char buf[sizeof(struct in6_addr)];

	if (!*ip || inet_pton(AF_INET, ip, buf) == 1 || inet_pton(AF_INET6, ip, buf) == 1)
		return 0;
	return err_set(err, ERR_INVALID, "invalid IP address: %s", ip);
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
	json_t *list = json_object_get(bindings, key);

	json_object_set_new(exposed, key, json_object());
	if (!bindings)
		return;
	if (!list) {
		list = json_array();
		json_object_set_new(bindings, key, list);
	}
	json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp", ip, "HostPort", host));
}

int cli_ports_publish(const char *spec, json_t *exposed, json_t *bindings, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(spec);
	const char *protocol, *ip, *host, *container;
	struct range from = { 0 }, to;
	char text[32];

	if (!(protocol = take_protocol(copy, err)))
		return -1;
	split(copy, &ip, &host, &container);
	if (check_ip(ip, err))
		return -1;
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

struct shown {
	const char *ip, *type;
	unsigned private, public, last_private, last_public;
};

static int by_place(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	int n;

	if (x->private != y->private)
		return x->private < y->private ? -1 : 1;
	if ((n = strcmp(x->ip, y->ip)))
		return n;
	if (x->public != y->public)
		return x->public < y->public ? -1 : 1;
	return strcmp(x->type, y->type);
}

static bool continues(const struct shown *a, const struct shown *b)
{
	return !strcmp(a->ip, b->ip) && !strcmp(a->type, b->type) && b->private == a->last_private + 1 &&
	       !a->public == !b->public && (!a->public || b->public == a->last_public + 1);
}

static void show_range(struct strbuf *out, unsigned first, unsigned last)
{
	strbuf_addf(out, "%u", first);
	if (last != first)
		strbuf_addf(out, "-%u", last);
}

static void show(struct strbuf *out, const struct shown *s)
{
	const char *comma = out->len ? ", " : "";
	bool v6 = strchr(s->ip, ':') != NULL;

	strbuf_adds(out, comma);
	if (s->public) {
		strbuf_addf(out, v6 ? "[%s]:" : "%s:", s->ip);
		show_range(out, s->public, s->last_public);
		strbuf_adds(out, "->");
	}
	show_range(out, s->private, s->last_private);
	strbuf_addf(out, "/%s", s->type);
}

void cli_ports_show(const json_t *ports, struct strbuf *out)
{
	size_t n = json_array_size(ports), used = 0;
	AUTO_FREE struct shown *all = xcalloc(n + 1, sizeof *all);

	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(ports, i);
		unsigned private = (unsigned)jsonx_int(p, "PrivatePort", 0);
		unsigned public = (unsigned)jsonx_int(p, "PublicPort", 0);
		all[i] = (struct shown){ jsonx_str(p, "IP", ""), jsonx_str(p, "Type", "tcp"), private, public,
					 private, public };
	}
	qsort(all, n, sizeof *all, by_place);
	for (size_t i = 0; i < n; i++) { /* join what continues an earlier range */
		size_t k = used;
		while (k > 0 && !continues(&all[k - 1], &all[i]))
			k--;
		if (k) {
			all[k - 1].last_private = all[i].private;
			all[k - 1].last_public = all[i].public;
		} else {
			all[used++] = all[i];
		}
	}
	for (size_t i = 0; i < used; i++)
		show(out, &all[i]);
}
