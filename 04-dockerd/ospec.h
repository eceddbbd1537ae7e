/*
 * ospec.h - Docker's words to OCI's: a container's documents become the
 * config.json that a runtime is started with (OCI runtime specification, config.md).
 *
 *   ospec.c          the whole, and the process
 *   ospec_mounts.c   the file systems that every container has
 *   ospec_linux.c    namespaces, limits, masked paths
 *   joins.c          other containers' namespaces
 *   ospec_blkio.c    limits of block devices
 *   ospec_devices.c  device nodes and rules
 *   ospec_seccomp.c  a filter of system calls that the user wrote
 *
 * What does not depend on a request (the standard mounts, the default capabilities, the
 * system calls allowed) is containerd's library, 03-containerd/spec.h.
 *
 * Names of users are not resolved here: the image's passwd file decides, and the
 * shim has that at hand.
 */
#ifndef DOCKYARD_DOCKERD_OSPEC_H
#define DOCKYARD_DOCKERD_OSPEC_H

#include <jansson.h>

#include "container.h"

/* The other containers whose namespaces are joined: pid 0 where none. */
struct joins {
	pid_t net, ipc, pid;
	char *net_dir; /* directory of the container whose network is joined: its hosts file... */
	char *hostname; /* and its name, which goes with the file */
	char *shm;     /* what is bound to /dev/shm; NULL: a tmpfs of its own */
};
int dockerd_joins_resolve(struct daemon *d, const struct container *c, struct joins *j,
			  struct err *err);
void dockerd_joins_free(struct joins *j);

/* Of a container, and of a build's stage, whose image has none. */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* config.json. New. */
json_t *dockerd_spec(struct daemon *d, const struct container *c, const struct joins *j,
		     struct err *err);

/* The OCI process of an exec: what the request says, on the container's terms. New. */
struct exec_request {
	const json_t *args, *env; /* arrays; env may be NULL */
	const char *cwd;          /* "": the container's */
	bool tty, privileged;
	unsigned rows, cols;      /* 0: unknown */
};
json_t *dockerd_spec_exec(const struct container *c, const struct exec_request *r);

/* Pieces (each new). */
json_t *dockerd_spec_capabilities(const json_t *host, bool privileged);
json_t *dockerd_spec_env(const struct container *c, const json_t *more);
json_t *dockerd_spec_mounts(struct daemon *d, const struct container *c, const struct joins *j);
json_t *dockerd_spec_linux(const struct container *c, const struct joins *j, struct err *err);
json_t *dockerd_spec_resources(const json_t *host);
int dockerd_spec_blkio(const json_t *host, json_t *resources, struct err *err);
/* linux.seccomp for a container with these capabilities. */
json_t *dockerd_spec_seccomp_profile(const char *text, const json_t *caps, struct err *err);
json_t *dockerd_spec_device_rules(const json_t *host, struct err *err);
json_t *dockerd_spec_device_nodes(const json_t *host, struct err *err);

/* Checks of HostConfig at create. */
int dockerd_security_check(const json_t *host, struct err *err);
int dockerd_blkio_check(const json_t *host, struct err *err);
int dockerd_devices_check(const json_t *host, struct err *err);
int dockerd_rlimit_check(const json_t *ulimit, struct err *err);

/* SecurityOpt says so. */
bool dockerd_security_no_new_privileges(const json_t *host);
bool dockerd_security_unconfined(const json_t *host);
/* The seccomp profile that is its own (JSON), borrowed, or NULL. */
const char *dockerd_security_profile(const json_t *host);
int dockerd_security_profile_check(const char *text, struct err *err);

#endif
