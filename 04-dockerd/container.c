/*
 * container.c - the table of containers: references, names, looking up, waking.
 */
#include "container.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "health.h"
#include "links.h"
#include "network.h"

struct container *dockerd_container_new(const char *id)
{
	struct container *c = xcalloc(1, sizeof *c);
	pthread_condattr_t attr;

	strcpy(c->id, id);
	strcpy(c->st.started, ZERO_TIME);
	strcpy(c->st.finished, ZERO_TIME);
	time_now_text(c->created);
	c->refs = 1;
	pthread_mutex_init(&c->op, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	return c;
}

static void container_free(struct container *c)
{
	json_decref(c->config);
	json_decref(c->host);
	json_decref(c->updates);
	json_decref(c->mounts);
	dockerd_health_free(c->st.health);
	while (c->endpoints) {
		struct endpoint *ep = c->endpoints;

		c->endpoints = ep->sibling;
		dockerd_endpoint_free(ep);
	}
	json_decref(c->networks);
	free(c->image_id);
	free(c->image_name);
	free(c->name);
	free(c->attach_path);
	pthread_mutex_destroy(&c->op);
	pthread_cond_destroy(&c->changed);
	free(c);
}

static struct container *get(struct container *c)
{
	c->refs++;
	return c;
}

static void put_locked(struct container *c)
{
	if (--c->refs == 0)
		container_free(c);
}

void dockerd_container_put(struct daemon *d, struct container *c)
{
	if (!c)
		return;
	dockerd_lock(d);
	put_locked(c);
	dockerd_unlock(d);
}

/* --- looking up -------------------------------------------------------------- */

/* An exact ID beats a name, a name beats a beginning. Lock held. */
static struct container *lookup(struct daemon *d, const char *ref, bool *ambiguous)
{
	struct container *by_name = NULL, *by_prefix = NULL;
	size_t n = strlen(ref), prefixes = 0;

	*ambiguous = false;
	for (struct container *c = d->containers; c; c = c->next) {
		if (!strcmp(c->id, ref))
			return c;
		if (!strcmp(c->name, ref))
			by_name = c;
		if (n && !strncmp(c->id, ref, n)) {
			by_prefix = c;
			prefixes++;
		}
	}
	if (by_name)
		return by_name;
	*ambiguous = prefixes > 1;
	return prefixes == 1 ? by_prefix : NULL;
}

struct container *dockerd_container_find(struct daemon *d, const char *ref, struct err *err)
{
	struct container *c;
	bool ambiguous;

	if (*ref == '/')
		ref++; /* "/name" is how inspect spells it */
	dockerd_lock(d);
	c = lookup(d, ref, &ambiguous);
	if (!c && !ambiguous)
		c = dockerd_links_target(d, ref);
	if (c)
		get(c);
	dockerd_unlock(d);
	if (!c && ambiguous)
		err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s", ref);
	else if (!c)
		err_set(err, ERR_NOT_FOUND, "No such container: %s", ref);
	return c;
}

struct container **dockerd_container_all(struct daemon *d, size_t *n)
{
	struct container **all;
	size_t count = 0;

	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next)
		count++;
	all = xcalloc(count + 1, sizeof *all);
	*n = 0;
	for (struct container *c = d->containers; c; c = c->next)
		all[(*n)++] = get(c);
	dockerd_unlock(d);
	return all;
}

void dockerd_container_all_free(struct daemon *d, struct container **all, size_t n)
{
	dockerd_lock(d);
	for (size_t i = 0; i < n; i++)
		put_locked(all[i]);
	dockerd_unlock(d);
	free(all);
}

/* --- names --------------------------------------------------------------------- */

static struct container *named(struct daemon *d, const char *name)
{
	struct container *c = d->containers;

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

static int taken(const struct container *by, const char *name, struct err *err)
{
	return err_set(err, ERR_CONFLICT,
		       "Conflict. The container name \"/%s\" is already in use by "
		       "container \"%s\". You have to remove (or rename) that container to be able "
		       "to reuse that name.",
		       name, by->id);
}

int dockerd_container_list(struct daemon *d, struct container *c, const char *name,
			   struct err *err)
{
	char random[NAME_SIZE];
	const struct container *other;

	dockerd_lock(d);
	if (name) {
		other = named(d, name);
		if (other) {
			taken(other, name, err);
			dockerd_unlock(d);
			return -1;
		}
	} else {
		unsigned attempt = 0;

		do
			dockerd_random_name(random, attempt++);
		while (named(d, random));
		name = random;
	}
	c->name = xstrdup(name);
	c->next = d->containers;
	c->listed = true;
	d->containers = get(c);
	dockerd_unlock(d);
	return 0;
}

void dockerd_container_unlist(struct daemon *d, struct container *c)
{
	dockerd_lock(d);
	if (c->listed) {
		struct container **at = &d->containers;

		while (*at != c)
			at = &(*at)->next;
		*at = c->next;
		c->listed = false;
		dockerd_container_changed(c);
		put_locked(c);
	}
	dockerd_unlock(d);
}

int dockerd_container_set_name(struct daemon *d, struct container *c, const char *name,
			       struct err *err)
{
	const struct container *other;
	int rc = 0;

	dockerd_lock(d);
	other = named(d, name);
	if (other) {
		rc = taken(other, name, err);
	} else {
		free(c->name);
		c->name = xstrdup(name);
	}
	dockerd_unlock(d);
	return rc;
}

/* --- waking ---------------------------------------------------------------------- */

void dockerd_container_changed(struct container *c)
{
	pthread_cond_broadcast(&c->changed);
	for (struct watcher *w = c->watchers; w; w = w->next)
		(void)!eventfd_write(w->fd, 1);
}

int dockerd_watch(struct daemon *d, struct container *c, struct watcher *w, struct err *err)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return err_sys(err, "eventfd");
	dockerd_lock(d);
	w->next = c->watchers;
	c->watchers = w;
	dockerd_unlock(d);
	return 0;
}

void dockerd_unwatch(struct daemon *d, struct container *c, struct watcher *w)
{
	dockerd_lock(d);
	for (struct watcher **at = &c->watchers; *at; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			break;
		}
	}
	dockerd_unlock(d);
	close(w->fd);
}

void dockerd_watch_clear(struct watcher *w)
{
	eventfd_t ignored;

	(void)!eventfd_read(w->fd, &ignored);
}

struct trace_context dockerd_waiter_enter(struct container *c)
{
	if (trace_active())
		c->waiter = trace_now;
	return trace_now;
}

void dockerd_waiter_leave(struct container *c, struct trace_context entered)
{
	if (c->waiter.span == entered.span)
		c->waiter = (struct trace_context){ 0 };
}

json_t *dockerd_container_host(const struct container *c)
{
	json_t *host = json_deep_copy(c->host);

	if (c->updates)
		json_object_update_new(host, json_deep_copy(c->updates));
	return host;
}

const json_t *dockerd_container_restart_policy(const struct container *c)
{
	const json_t *updated = json_object_get(c->updates, "RestartPolicy");

	return updated ? updated : json_object_get(c->host, "RestartPolicy");
}

json_t *dockerd_container_args(const struct container *c)
{
	static const char *const keys[] = { "Entrypoint", "Cmd" };
	json_t *args = json_array(), *v;
	size_t i;

	for (size_t k = 0; k < 2; k++)
		json_array_foreach(json_object_get(c->config, keys[k]), i, v)
			json_array_append_new(args, json_deep_copy(v));
	return args;
}
