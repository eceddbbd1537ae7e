/*
 * daemon.c - see daemon.h.
 *
 *   <root>/content/     blobs           <root>/images/<namespace>/
 *   <root>/snapshots[-native]/ ...          <root>/containers/<namespace>/
 *   <root>/namespaces/  their labels    <root>/leases/<namespace>/
 *   <state>/<namespace>/<id>/           bundles of tasks
 *   <state>/runc/<namespace>/           the OCI runtime's own state
 */
#include "daemon.h"

#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "sweep.h"

static char *under(const char *root, const char *name)
{
	return xasprintf("%s/%s", root, name);
}

/* Each snapshotter has a directory of its own: one cannot read what the other made. */
static struct ctrd_snapshots *open_snapshots(const char *root, const char *wanted, struct err *err)
{
	AUTO_FREE char *overlay = under(root, CTRD_OVERLAY_DIR);
	AUTO_FREE char *copies = under(root, CTRD_NATIVE_DIR);
	bool native;

	if (ctrd_snapshotter_choose(root, wanted, &native, err))
		return NULL;
	return native ? ctrd_snapshots_open_native(copies, err) : ctrd_snapshots_open(overlay, err);
}

static int open_stores(struct ctrd_daemon *d, const char *root, const char *snapshotter,
		       struct err *err)
{
	AUTO_FREE char *content = under(root, "content");
	AUTO_FREE char *images = under(root, "images"), *containers = under(root, "containers");
	AUTO_FREE char *leases = under(root, "leases");
	static const char *const services[] = { "images", "containers", "leases", NULL };

	d->content = content_open(content, err);
	d->snapshots = d->content ? open_snapshots(root, snapshotter, err) : NULL;
	d->images = d->snapshots ? ctrd_images_open(images, d->content, d->snapshots, err) : NULL;
	d->containers = d->images ? ctrd_containers_open(containers, err) : NULL;
	d->leases = d->containers ? ctrd_leases_open(leases, err) : NULL;
	d->namespaces = d->leases ? ctrd_namespaces_open(root, services, err) : NULL;
	if (!d->namespaces)
		return -1;
	ctrd_images_roots(d->images, ctrd_daemon_roots, d);
	return 0;
}

int ctrd_daemon_open(struct ctrd_daemon *d, const struct ctrd_daemon_options *o, struct err *err)
{
	struct ctrd_tasks_options tasks = { .state = o->state, .shim = o->shim,
					    .runtime = o->runtime, .open_files = o->open_files };

	ctrd_sweep(o->root);
	if (open_stores(d, o->root, o->snapshotter, err))
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
	ctrd_namespaces_close(d->namespaces);
	ctrd_leases_close(d->leases);
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
