/*
 * links.c - see links.h.
 */
#include "links.h"

#include <ctype.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "network.h"

struct link {
	char *target, *alias;
	struct container *other; /* a reference */
};

static void link_free(struct daemon *d, struct link *l)
{
	free(l->target);
	free(l->alias);
	if (l->other)
		dockerd_container_put(d, l->other);
}

/* "name:alias", "name", and inspect's own "/name:/web/alias". */
static int parse(struct daemon *d, const char *text, struct link *l, struct err *err)
{
	const char *colon = strchr(text, ':'), *slash = strrchr(colon ? colon : text, '/');

	text += *text == '/';
	*l = (struct link){ .target = xstrndup(text, strcspn(text, ":")) };
	l->alias = xstrdup(slash && colon ? slash + 1 : colon ? colon + 1 : l->target);
	if (!*l->target || !*l->alias)
		return err_set(err, ERR_INVALID, "bad format for links: %s", text);
	l->other = dockerd_container_find(d, l->target, err);
	if (l->other)
		return 0;
	err_wrap(err, "could not get container for %s", l->target);
	err->kind = ERR_INVALID; /* a 404 would tell the CLI that the image is missing */
	return -1;
}

static bool on_default_bridge(const struct container *c)
{
	return json_object_get(c->networks, "bridge") != NULL;
}

/* New. */
static json_t *links_of(struct daemon *d, const struct container *c)
{
	json_t *links;

	dockerd_lock(d);
	links = json_object_get(c->updates, "Links");
	links = json_incref(links ? links : json_object_get(c->host, "Links"));
	dockerd_unlock(d);
	return links;
}

static int each(struct daemon *d, const struct container *c,
		int (*fn)(struct daemon *d, const struct container *c, const struct link *l,
			  void *arg, struct err *err),
		void *arg, struct err *err)
{
	AUTO_JSON json_t *links = links_of(d, c);
	json_t *v;
	size_t i;
	int rc = 0;

	json_array_foreach(links, i, v) {
		struct link l;

		/* One that was removed is linked to no more. */
		rc = parse(d, json_string_value(v), &l, err) ? 0 : fn(d, c, &l, arg, err);
		link_free(d, &l);
		if (rc)
			return -1;
	}
	return 0;
}

/* New. */
static json_t *by_id(struct daemon *d, const struct container *c, struct err *err)
{
	AUTO_JSON json_t *out = json_array();
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(c->host, "Links"), i, v) {
		struct link l;
		int rc = parse(d, json_string_value(v), &l, err);

		if (!rc)
			json_array_append_new(out, json_sprintf("%s:%s", l.other->id, l.alias));
		link_free(d, &l);
		if (rc)
			return NULL;
	}
	return steal_ptr(&out);
}

int dockerd_links_check(struct daemon *d, struct container *c, struct err *err)
{
	const char *mode = jsonx_str(c->host, "NetworkMode", "");
	json_t *links;

	if (!json_array_size(json_object_get(c->host, "Links")))
		return 0;
	if (dockerd_network_kind(mode) == NET_HOST || str_starts(mode, "container:"))
		return err_set(err, ERR_INVALID,
			       "conflicting options: host type networking can't be used with links. "
			       "This would result in undefined behavior");
	if (!on_default_bridge(c))
		return 0;
	links = by_id(d, c, err);
	if (!links)
		return -1;
	json_object_set_new(c->host, "Links", links);
	return 0;
}

/* --- the names that they are ------------------------------------------------------------------ */

static json_t *links_locked(const struct container *c)
{
	json_t *updated = json_object_get(c->updates, "Links");

	return !on_default_bridge(c) ? NULL : updated ? updated : json_object_get(c->host, "Links");
}

/* The target's ID; *alias is the rest. */
static struct container *target_of(const struct daemon *d, const json_t *link, const char **alias)
{
	const char *text = json_string_value(link), *colon = strchr(text, ':');
	struct container *c = d->containers;

	if (!colon)
		return NULL;
	*alias = colon + 1;
	while (c && strncmp(c->id, text, (size_t)(colon - text)))
		c = c->next;
	return c;
}

json_t *dockerd_links_shown(const struct daemon *d, const struct container *c)
{
	json_t *list = links_locked(c), *out, *v;
	const struct container *other;
	const char *alias;
	size_t i;

	if (!json_array_size(list))
		return json_null();
	out = json_array();
	json_array_foreach(list, i, v)
		if ((other = target_of(d, v, &alias)))
			json_array_append_new(out, json_sprintf("/%s:/%s/%s", other->name, c->name, alias));
	return out;
}

void dockerd_links_names(const struct daemon *d, const struct container *c, json_t *names)
{
	const char *alias;
	json_t *v;
	size_t i;

	for (const struct container *o = d->containers; o; o = o->next)
		json_array_foreach(links_locked(o), i, v)
			if (target_of(d, v, &alias) == c)
				json_array_append_new(names, json_sprintf("/%s/%s", o->name, alias));
}

bool dockerd_links_any(const struct daemon *d)
{
	for (const struct container *c = d->containers; c; c = c->next)
		if (json_array_size(links_locked(c)))
			return true;
	return false;
}

struct container *dockerd_links_target(const struct daemon *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *alias;
	const struct container *c = d->containers;
	struct container *other;
	json_t *v;
	size_t i;

	while (slash && c && (strncmp(c->name, path, (size_t)(slash - path)) || c->name[slash - path]))
		c = c->next;
	if (slash && c)
		json_array_foreach(links_locked(c), i, v)
			if ((other = target_of(d, v, &alias)) && !strcmp(alias, slash + 1))
				return other;
	return NULL;
}

/* Its address on the default bridge; daemon.lock held. */
static const struct endpoint *bridge_endpoint(const struct daemon *d, const struct container *c)
{
	const struct endpoint *ep = c->endpoints;

	while (ep && ep->net != d->net->builtin[NET_BRIDGE])
		ep = ep->sibling;
	return ep;
}

static int add_host(struct daemon *d, const struct container *c, const struct link *l, void *arg,
		    struct err *err)
{
	const struct endpoint *ep;
	char ip[ADDR_TEXT_SIZE];
	int rc = 0;

	dockerd_lock(d);
	ep = l->other->st.running ? bridge_endpoint(d, l->other) : NULL;
	if (!ep)
		rc = err_set(err, ERR_SYSTEM,
			     "Cannot link to a non running container: /%s AS /%s/%s", l->other->name,
			     c->name, l->alias);
	else
		strbuf_addf(arg, "%s\t%s %s %s\n", dockerd_addr_text(&ep->ip, ip), l->alias,
			    jsonx_str(l->other->config, "Hostname", ""), l->other->name);
	dockerd_unlock(d);
	return rc;
}

int dockerd_links_hosts(struct daemon *d, const struct container *c, struct strbuf *out,
			struct err *err)
{
	return on_default_bridge(c) ? each(d, c, add_host, out, err) : 0;
}

/* --- the environment --------------------------------------------------------------------- */

static char *upper(const char *alias)
{
	char *out = xstrdup(alias);

	for (char *p = out; *p; p++)
		*p = *p == '-' || *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	return out;
}

static void add_port(json_t *env, const char *prefix, const char *ip, const struct port_spec *p)
{
	const char *proto = dockerd_proto_name(p->proto);
	AUTO_FREE char *big = upper(proto);
	AUTO_FREE char *name = xasprintf("%s_PORT_%u_%s", prefix, p->first, big);

	json_array_append_new(env, json_sprintf("%s=%s://%s:%u", name, proto, ip, p->first));
	json_array_append_new(env, json_sprintf("%s_ADDR=%s", name, ip));
	json_array_append_new(env, json_sprintf("%s_PORT=%u", name, p->first));
	json_array_append_new(env, json_sprintf("%s_PROTO=%s", name, proto));
}

/* The exposed ports; ALIAS_PORT is the lowest. */
static void add_ports(json_t *env, const char *prefix, const char *ip, const json_t *exposed)
{
	struct port_spec lowest = { 0 }, p;
	struct err ignored;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)exposed, key, v) {
		if (dockerd_port_parse(key, &p, &ignored))
			continue;
		if (!lowest.first || p.first < lowest.first)
			lowest = p;
		add_port(env, prefix, ip, &p);
	}
	if (lowest.first)
		json_array_append_new(env, json_sprintf("%s_PORT=%s://%s:%u", prefix,
							dockerd_proto_name(lowest.proto), ip,
							lowest.first));
}

static void add_inner(json_t *env, const char *prefix, const json_t *theirs)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)theirs, i, v) {
		const char *entry = json_string_value(v);

		if (!str_starts(entry, "HOME=") && !str_starts(entry, "PATH="))
			json_array_append_new(env, json_sprintf("%s_ENV_%s", prefix, entry));
	}
}

static int add_env(struct daemon *d, const struct container *c, const struct link *l, void *arg,
		   struct err *err)
{
	AUTO_FREE char *prefix = upper(l->alias);
	const struct endpoint *ep;
	char ip[ADDR_TEXT_SIZE];
	json_t *env = arg;

	(void)err;
	dockerd_lock(d);
	ep = bridge_endpoint(d, l->other);
	if (ep) {
		dockerd_addr_text(&ep->ip, ip);
		json_array_append_new(env, json_sprintf("%s_NAME=/%s/%s", prefix, c->name, l->alias));
		add_ports(env, prefix, ip, json_object_get(l->other->config, "ExposedPorts"));
		add_inner(env, prefix, json_object_get(l->other->config, "Env"));
	}
	dockerd_unlock(d);
	return 0;
}

json_t *dockerd_links_env(struct daemon *d, const struct container *c)
{
	json_t *env = json_array();
	struct err ignored;

	if (on_default_bridge(c))
		each(d, c, add_env, env, &ignored);
	return env;
}

/* --- taking one back ----------------------------------------------------------------------- */

/* op held. */
static int drop(struct daemon *d, struct container *c, const char *alias, struct err *err)
{
	AUTO_JSON json_t *links = links_of(d, c);
	json_t *left = json_array(), *v, *updates;
	struct err ignored;
	size_t i;

	json_array_foreach(links, i, v) {
		struct link l;
		bool gone;

		parse(d, json_string_value(v), &l, &ignored);
		gone = l.alias && !strcmp(l.alias, alias);
		link_free(d, &l);
		if (!gone)
			json_array_append(left, v);
	}
	if (json_array_size(left) == json_array_size(links)) {
		json_decref(left);
		return err_set(err, ERR_NOT_FOUND, "Could not get entity for %s/%s", c->name, alias);
	}
	dockerd_lock(d);
	updates = c->updates ? json_copy(c->updates) : json_object();
	json_object_set_new(updates, "Links", left);
	json_decref(c->updates);
	c->updates = updates;
	dockerd_unlock(d);
	if (dockerd_container_save(d, c, err))
		return -1;
	return c->st.running ? dockerd_netfiles_write(d, c, err) : 0;
}

int dockerd_links_remove(struct daemon *d, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	struct container *c;
	int rc;

	if (!slash || slash == path)
		return err_set(err, ERR_INVALID, "%s: a link is named by its container and its alias: web/db", path);
	c = dockerd_container_find(d, parent + (*parent == '/'), err);
	if (!c)
		return -1;
	pthread_mutex_lock(&c->op);
	rc = drop(d, c, slash + 1, err);
	pthread_mutex_unlock(&c->op);
	dockerd_container_put(d, c);
	return rc;
}
