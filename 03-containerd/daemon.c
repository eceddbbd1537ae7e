/*
 * daemon.c - see daemon.h.
 *
 *   <root>/content/     blobs           <root>/images/<namespace>/
 *   <root>/snapshots/   unpacked        <root>/containers/<namespace>/
 *   <state>/<namespace>/<id>/           bundles of tasks
 *   <state>/runc/<namespace>/           the OCI runtime's own state
 */
#include "daemon.h"

#include <string.h>

#include "01-kernel/base/strbuf.h"

static char *under(const char *root, const char *name)
{
	return xasprintf("%s/%s", root, name);
}

static int open_stores(struct ctrd_daemon *d, const char *root, struct err *err)
{
	AUTO_FREE char *content = under(root, "content"), *snapshots = under(root, "snapshots");
	AUTO_FREE char *images = under(root, "images"), *containers = under(root, "containers");

	d->content = content_open(content, err);
	d->snapshots = d->content ? ctrd_snapshots_open(snapshots, err) : NULL;
	d->images = d->snapshots ? ctrd_images_open(images, d->content, d->snapshots, err) : NULL;
	d->containers = d->images ? ctrd_containers_open(containers, err) : NULL;
	return d->containers ? 0 : -1;
}

int ctrd_daemon_open(struct ctrd_daemon *d, const struct ctrd_daemon_options *o, struct err *err)
{
	struct ctrd_tasks_options tasks = { .state = o->state, .shim = o->shim,
					    .runtime = o->runtime };

	if (open_stores(d, o->root, err))
		return -1;
	d->events = ctrd_events_new();
	d->registries = ctrd_registries_new(o->certs_dirs);
	tasks.containers = d->containers;
	tasks.snapshots = d->snapshots;
	tasks.events = d->events;
	d->tasks = ctrd_tasks_open(&tasks, err);
	return d->tasks ? 0 : -1;
}

void ctrd_daemon_close(struct ctrd_daemon *d)
{
	ctrd_tasks_close(d->tasks);
	ctrd_events_free(d->events);
	ctrd_registries_free(d->registries);
	ctrd_containers_close(d->containers);
	if (d->images)
		ctrd_images_close(d->images);
	if (d->snapshots)
		ctrd_snapshots_close(d->snapshots);
	if (d->content)
		content_close(d->content);
	memset(d, 0, sizeof *d);
}
