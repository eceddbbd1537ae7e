/*
 * remove.c - the end of a container.
 *
 * Its name is free at once; the document goes before the directory, so a daemon
 * that dies halfway does not load half a container.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/trace.h"
#include "events.h"
#include "exec.h"
#include "lifecycle.h"
#include "mounts.h"
#include "task.h"
#include "volume_mount.h"

/* Mark it, or say why not. From now on nothing starts it. *running: kill it first. */
static int begin(struct daemon *d, struct container *c, bool force, bool *running, struct err *err)
{
	int rc = 0;

	dockerd_lock(d);
	*running = c->st.running;
	if (c->st.removing)
		rc = err_set(err, ERR_CONFLICT, "removal of container %s is already in progress",
			     c->id);
	else if (!c->listed)
		rc = err_set(err, ERR_NOT_FOUND, "No such container: %s", c->id);
	else if ((c->st.running || c->st.restarting) && !force)
		rc = err_set(err, ERR_CONFLICT,
			     "cannot remove container \"/%s\": container is %s: %s the "
			     "container before removing or force remove",
			     c->name, dockerd_state_word(&c->st),
			     c->st.paused ? "unpause and stop" : "stop");
	if (!rc) {
		c->st.removing = true;
		c->st.restarting = false;
		c->st.stopped_by_hand = true;
		dockerd_container_changed(c);
	}
	dockerd_unlock(d);
	return rc;
}

static void give_up(struct daemon *d, struct container *c)
{
	dockerd_lock(d);
	c->st.removing = false;
	dockerd_unlock(d);
}

/* Without its document it is a remnant (remnant.c): of a removal that is cut short from here on, the
 * next daemon finishes what is left. If the snapshot stays, the container does, and is as it was. */
static int remove_snapshot(struct daemon *d, struct container *c, const char *document,
			   struct err *err)
{
	struct err ignored;

	if (file_remove_tree(AT_FDCWD, document, err))
		return -1;
	if (!dockerd_snapshot_remove(d, c->id, err)) {
		if (dockerd_image_is_mounted(c->mounts, NULL) && dockerd_image_mounts_drop(d, c->id, err))
			log_warn("container %.12s: %s", c->id, err->msg);
		return 0;
	}
	if (!dockerd_container_save(d, c, &ignored))
		dockerd_remnant_forget(d, c->id);
	return -1;
}

static int remove_parts(struct daemon *d, struct container *c, bool volumes, struct err *err)
{
	AUTO_FREE char *document = dockerd_container_path(d, c, "container.json");

	dockerd_task_delete(d, c->id);
	dockerd_volumes_release(d, c->id);
	if (volumes && dockerd_remnant_note(d, c->id, c->mounts, err))
		return -1;
	return remove_snapshot(d, c, document, err);
}

int dockerd_remove_locked(struct daemon *d, struct container *c, bool volumes, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	AUTO_FREE char *dir = dockerd_container_path(d, c, NULL);

	dockerd_lock(d);
	c->st.removing = true;
	dockerd_unlock(d);
	if (remove_parts(d, c, volumes, err)) {
		give_up(d, c);
		return err_wrap(err, "container %s: driver failed to remove root filesystem",
				c->id);
	}
	dockerd_container_unlist(d, c);
	dockerd_exec_container_exited(d, c); /* of one that is not listed, it drops them */
	if (volumes)
		dockerd_mounts_discard(d, c->id, c->mounts);
	if (file_remove_tree(AT_FDCWD, dir, err))
		log_warn("container %.12s: %s", c->id, err->msg);
	dockerd_container_event(d, c, "destroy", NULL);
	trace_end(&span, "remove %s", c->name);
	return 0;
}

int dockerd_remove(struct daemon *d, struct container *c, bool force, bool volumes, struct err *err)
{
	bool running;
	int rc;

	pthread_mutex_lock(&c->op); /* not in the middle of a start */
	rc = begin(d, c, force, &running, err);
	pthread_mutex_unlock(&c->op);
	if (rc)
		return -1;
	if (running && dockerd_kill(d, c, SIGKILL, err) && err->kind != ERR_CONFLICT) {
		give_up(d, c);
		return err_wrap(err, "could not kill container");
	}
	pthread_mutex_lock(&c->op);
	/* With --rm its own end may have removed it while we waited. */
	rc = c->listed ? dockerd_remove_locked(d, c, volumes, err) : 0;
	pthread_mutex_unlock(&c->op);
	return rc;
}
