/*
 * joins.c - "container:<id>" as a mode: another container's namespaces instead of new ones (ospec.h).
 *
 * It must run, since a namespace lives as long as the processes in it. Its memory (/dev/shm) comes
 * with its IPC namespace, or not at all: hence the donor's consent, IpcMode "shareable".
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "ospec.h"
#include "shm.h"

#define CHAIN_MAX 32 /* who joined may be joined: so many times at most */

/* The container that "container:<ref>" names: a reference. */
static struct container *donor(struct daemon *d, const char *mode, struct err *err)
{
	return dockerd_container_find(d, mode + strlen("container:"), err);
}

/* Its process, or 0. */
static pid_t pid_of(struct daemon *d, const struct container *c)
{
	pid_t pid;

	dockerd_lock(d);
	pid = c->st.running && !c->st.restarting ? c->st.pid : 0;
	dockerd_unlock(d);
	return pid;
}

static int join_network(struct daemon *d, const char *mode, struct joins *j, struct err *err)
{
	struct container *other = donor(d, mode, err);

	if (!other)
		return -1;
	j->net = pid_of(d, other);
	if (j->net) {
		j->net_dir = dockerd_container_path(d, other, NULL);
		j->hostname = xstrdup(jsonx_str(other->config, "Hostname", ""));
	} else {
		err_set(err, ERR_CONFLICT, "cannot join network of a non running container: %s",
			other->id);
	}
	dockerd_container_put(d, other);
	return j->net ? 0 : -1;
}

static int join_pid(struct daemon *d, const char *mode, struct joins *j, struct err *err)
{
	struct container *other = donor(d, mode, err);

	if (!other)
		return -1;
	j->pid = pid_of(d, other);
	if (!j->pid)
		err_set(err, ERR_CONFLICT, "can't join PID namespace of container %s: container "
					   "%s is not running", other->id, other->id);
	dockerd_container_put(d, other);
	return j->pid ? 0 : -1;
}

static char *own_shm(const struct daemon *d, const struct container *c)
{
	const char *mode = jsonx_str(c->host, "IpcMode", "");

	if (!strcmp(mode, "shareable"))
		return dockerd_shm_path(d, c->id);
	return !strcmp(mode, "host") ? xstrdup("/dev/shm") : NULL;
}

/* Where the memory of that IPC namespace is; NULL: its container keeps it to itself. */
static char *shm_of(struct daemon *d, const struct container *c, int depth)
{
	const char *mode = jsonx_str(c->host, "IpcMode", "");
	char *path = own_shm(d, c);
	struct container *other;
	struct err ignored;

	if (path)
		return path;
	other = str_starts(mode, "container:") && depth < CHAIN_MAX ? donor(d, mode, &ignored) : NULL;
	path = other ? shm_of(d, other, depth + 1) : NULL;
	dockerd_container_put(d, other);
	return path;
}

static int join_ipc(struct daemon *d, const char *mode, struct joins *j, struct err *err)
{
	struct container *other = donor(d, mode, err);
	int rc = 0;

	if (!other)
		return -1;
	j->ipc = pid_of(d, other);
	j->shm = shm_of(d, other, 0);
	if (!j->ipc)
		rc = err_set(err, ERR_CONFLICT, "can't join IPC of container %s: container %s is not "
						"running", other->id, other->id);
	else if (!j->shm)
		rc = err_set(err, ERR_CONFLICT,
			     "can't join IPC of container %s: non-shareable IPC (hint: use "
			     "IpcMode:shareable for the donor container)", other->id);
	dockerd_container_put(d, other);
	return rc;
}

int dockerd_joins_resolve(struct daemon *d, const struct container *c, struct joins *j,
			  struct err *err)
{
	static const struct {
		const char *key;
		int (*join)(struct daemon *d, const char *mode, struct joins *j, struct err *err);
	} rows[] = { { "NetworkMode", join_network }, { "IpcMode", join_ipc }, { "PidMode", join_pid } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *mode = jsonx_str(c->host, rows[i].key, "");

		if (str_starts(mode, "container:") && rows[i].join(d, mode, j, err))
			return -1;
	}
	if (!j->shm)
		j->shm = own_shm(d, c);
	return 0;
}

void dockerd_joins_free(struct joins *j)
{
	free(j->net_dir);
	free(j->hostname);
	free(j->shm);
}
