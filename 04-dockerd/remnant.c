/*
 * remnant.c - what is left of a container whose creation or removal was cut short: by an error, or
 * by the end of the daemon, which the next one finds as a directory without a document.
 *
 * The directory goes last: as long as it is there, whoever comes next knows that there may be a
 * snapshot. While containerd is away nobody can say, so it is asked until it answers.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include "01-kernel/base/file.h"
#include "container.h"
#include "task.h"

#define AGAIN_MS 500

struct remnant {
	char id[ID_SIZE];
};

/* True: try again. */
static bool remove_once(struct daemon *d, const char *id)
{
	AUTO_FREE char *dir = xasprintf("%s/containers/%s", d->cfg->data_root, id);
	struct err err;

	if (dockerd_task_discard(d, id, false, &err) && err.kind == ERR_CONFLICT)
		dockerd_task_delete(d, id); /* it runs, and is nobody's */
	if (dockerd_snapshot_remove(d, id, &err)) {
		log_warn("snapshot %.12s: %s", id, err.msg);
		return err.kind == ERR_UNAVAILABLE;
	}
	if (file_remove_tree(AT_FDCWD, dir, &err))
		log_warn("%s: %s", dir, err.msg);
	return false;
}

static void worker(struct daemon *d, void *arg)
{
	struct pollfd stop = { d->stop_fd, POLLIN, 0 };
	struct remnant *r = arg;

	while (!poll(&stop, 1, AGAIN_MS) && remove_once(d, r->id))
		;
	free(r);
}

void dockerd_remnant_remove(struct daemon *d, const char *id)
{
	struct remnant *r;

	if (!remove_once(d, id))
		return;
	r = xcalloc(1, sizeof *r);
	snprintf(r->id, sizeof r->id, "%s", id);
	if (dockerd_spawn(d, worker, r))
		free(r); /* stopping: the next daemon's */
}
