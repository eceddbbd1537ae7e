/*
 * spec.h - an OCI specification (config.json) from an image and options: what every
 * container gets unless it is told otherwise. The defaults are Docker's.
 *
 *   spec.c          the process and the whole
 *   spec_linux.c    mounts, hidden paths, limits, rules for devices
 *   spec_devices.c  devices of the host
 *   spec_seccomp.c  which system calls are allowed
 *
 * dockerd, ctr and the CRI build on the same pieces, so a container is as confined
 * whichever way it was started. Names of users are not resolved here: that needs
 * the image's passwd file, which only the shim has mounted (containers.h, "user").
 */
#ifndef DOCKYARD_CTRD_SPEC_H
#define DOCKYARD_CTRD_SPEC_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"
#include "01-kernel/cgroup.h"

struct ctrd_spec_device {
	const char *source, *path, *access; /* path NULL or "": as the source's; access: "rwm" */
};

struct ctrd_spec {
	const char *id;
	const json_t *image;          /* the image's config document (image-spec config.md); may be NULL */
	const struct strlist *args;   /* in place of the image's Cmd; its Entrypoint stays; may be NULL */
	const struct strlist *env;    /* KEY=value, over the image's; may be NULL */
	const char *cwd, *hostname;   /* NULL: the image's or "/"; none */
	const char *cgroups_path;     /* NULL: the runtime decides */
	const json_t *join;           /* {"network":PATH,…}: namespaces that are there, by the OCI's
				       * names; may be NULL: all are new */
	const json_t *annotations;    /* may be NULL */
	const struct ctrd_spec_device *devices; /* of the host; n_devices of them */
	size_t n_devices;
	bool host_network;
	bool terminal, readonly, privileged, no_new_privileges;
	bool seccomp_unconfined;
	const struct strlist *cap_add, *cap_drop; /* "CAP_X", "X" or "ALL"; may be NULL */
	const json_t *mounts;         /* more of them, OCI objects; may be NULL */
	struct kern_cgroup_limits limits; /* kern_cgroup_limits_init */
};

/* All unset. */
void ctrd_spec_init(struct ctrd_spec *s, const char *id);

/* config.json, new. ERR_INVALID: nothing to run, an unknown capability. */
json_t *ctrd_spec_build(const struct ctrd_spec *s, struct err *err);

/* The image's user ("" if it names none): for the container document. Borrowed. */
const char *ctrd_spec_image_user(const json_t *image);

/* --- the pieces, each new ----------------------------------------------------------------- */

/* Docker's fourteen, as an array of names; with --cap-add and --cap-drop applied. */
json_t *ctrd_spec_caps(const struct strlist *add, const struct strlist *drop, bool privileged,
		       struct err *err);
json_t *ctrd_spec_mounts(bool privileged);       /* /proc, /dev, /sys, ... in order */
json_t *ctrd_spec_device_rules(bool privileged); /* linux.resources.devices */
/* Append a node to linux.devices and a rule, of a directory for each device in it; either may be NULL. */
int ctrd_spec_device(json_t *nodes, json_t *rules, const struct ctrd_spec_device *device,
		     struct err *err);
void ctrd_spec_all_devices(json_t *nodes); /* what a privileged container has */
/* Where the namespace of that type ("network") of a process is found; the caller frees. */
char *ctrd_spec_namespace_of(pid_t pid, const char *type);
json_t *ctrd_spec_masked_paths(void);
json_t *ctrd_spec_readonly_paths(void);
json_t *ctrd_spec_resources(const struct kern_cgroup_limits *l, bool privileged);
/* linux.seccomp for a process with these capabilities (an array of names). */
json_t *ctrd_spec_seccomp(const json_t *capabilities);

#endif
