/*
 * userns.h - user_namespaces(7): which ids inside are which outside.
 *
 * A process in a user namespace can have every capability there and none
 * outside: what it may do depends on who *owns* the thing it does it to, and an
 * id that is not mapped owns nothing. A namespace's maps are written once, from
 * outside, to /proc/PID/uid_map and gid_map.
 */
#ifndef DOCKYARD_USERNS_H
#define DOCKYARD_USERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct kern_id_range {
	uint32_t inside, outside, size;
};

struct kern_id_map {
	struct kern_id_range *v;
	size_t n;
};

struct kern_id_maps {
	struct kern_id_map uid, gid;
};

void kern_id_maps_free(struct kern_id_maps *m);
bool kern_id_map_equal(const struct kern_id_map *a, const struct kern_id_map *b);
/* The id outside of one inside: true and *outside, or false where it is not mapped. */
bool kern_id_map_outside(const struct kern_id_map *map, uint32_t inside, uint32_t *outside);

/* Write the maps of the user namespace that process `pid` has been born into. Who
 * is not privileged may map one id, its own; for more, newuidmap(1) and
 * newgidmap(1) are run, which let through what /etc/subuid and /etc/subgid grant. */
int kern_userns_write(pid_t pid, const struct kern_id_maps *m, struct err *err);

/* A new user namespace with these maps and no process in it, to be given to
 * kern_mount_idmap. A descriptor, O_CLOEXEC. */
int kern_userns_make(const struct kern_id_maps *m, struct err *err);

/* The maps of a user namespace, seen from ours, from its file (/proc/PID/ns/user
 * or a bind mount of one). The caller frees them. */
int kern_userns_read(int ns_fd, struct kern_id_maps *m, struct err *err);

/* Is this process in the machine's own user namespace, where every id is itself? */
bool kern_userns_initial(void);

#endif
