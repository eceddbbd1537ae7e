/*
 * config.h - config.json, read once into a struct.
 *
 * The document of the OCI runtime specification ("Configuration") is parsed
 * and checked completely before anything is created, so that a broken one costs
 * nothing to refuse; every complaint names the property by its path
 * ("mounts[3].options[1]: ..."). Strings in the struct are borrowed from the
 * document, which the struct holds; runc_config_free gives back all of it.
 *
 * A property that this runtime does not know is ignored, as the specification
 * asks ("Extensibility"). One that it knows, cannot do and whose absence would
 * make the container less confined or behave otherwise is refused.
 */
#ifndef DOCKYARD_RUNC_CONFIG_H
#define DOCKYARD_RUNC_CONFIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/caps.h"
#include "01-kernel/cgroup.h"
#include "01-kernel/mount.h"
#include "01-kernel/ns.h"
#include "01-kernel/userns.h"
#include "intelrdt.h"
#include "netdevices.h"
#include "schedule.h"
#include "seccomp.h"

#define RUNC_SPEC_VERSION "1.3.0"
#define RUNC_CONFIG_LIMIT (16u << 20) /* bytes of config.json that are read at most */

struct runc_rlimit {
	const char *name; /* "RLIMIT_NOFILE" */
	int resource;
	uint64_t soft, hard;
};

/* What to run and as whom: `process`, of config.json or of `exec --process`. */
struct runc_process {
	bool present;
	bool terminal;
	unsigned short rows, cols; /* consoleSize; 0: leave it */
	bool bare_newlines; /* the terminal's reader is ours, and wants no CR before LF */
	uid_t uid;
	gid_t gid;
	gid_t *gids; /* additionalGids */
	size_t n_gids;
	int umask; /* -1: not given */
	const char **args, **env; /* each ends with NULL */
	const char *cwd;
	struct kern_caps caps; /* nothing given: no capability at all */
	struct strlist unknown_caps; /* names in there that are none */
	struct runc_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;
	const char *apparmor_profile, *selinux_label;
	struct runc_scheduler scheduler;
	struct runc_io_priority io_priority;
	struct runc_affinity affinity;
};

struct runc_mount {
	const char *destination, *type, *source;
	bool bind; /* by option word or by type */
	bool idmapped;
	struct kern_id_maps maps; /* none: those of the container's user namespace */
	struct kern_mount_options options;
};

struct runc_device {
	const char *path;
	mode_t mode; /* S_IFCHR, S_IFBLK or S_IFIFO, and the permissions */
	int64_t major, minor;
	uid_t uid;
	gid_t gid;
};

struct runc_hook {
	const char *path;
	const char **args, **env; /* may be NULL; see hooks.h */
	int timeout;              /* seconds; 0: none */
};

struct runc_hook_list {
	struct runc_hook *v;
	size_t n;
};

enum runc_hook_kind {
	HOOK_PRESTART, HOOK_CREATE_RUNTIME, HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER, HOOK_POSTSTART, HOOK_POSTSTOP, HOOK_KINDS
};
extern const char *const runc_hook_names[HOOK_KINDS]; /* "prestart", ... */

#define RUNC_NS_MAX 8
struct runc_namespace {
	const struct kern_ns_type *type;
	const char *path; /* NULL: make a new one */
};

struct runc_resources {
	struct kern_cgroup_limits limits;
	struct kern_cgroup_device *devices;
	size_t n_devices;
};

struct runc_config {
	json_t *doc; /* not to be kept: linux.seccomp is null in it if the filter was known */
	char *text; /* as it was read, to be kept as it is; NULL for a document in memory */
	const char *version, *root, *hostname, *domainname;
	bool root_readonly;
	struct runc_process process;
	struct runc_mount *mounts;
	size_t n_mounts;
	int relative_mount; /* the first whose destination is no absolute path, or -1 */
	struct runc_hook_list hooks[HOOK_KINDS];
	struct runc_namespace ns[RUNC_NS_MAX];
	size_t n_ns;
	struct kern_id_maps maps; /* of a new user namespace */
	char time_offsets[128];   /* as /proc/PID/timens_offsets takes them; "": none */
	const char **masked_paths, **readonly_paths; /* each NULL or ending with NULL */
	json_t *sysctl;      /* object of strings, borrowed, or NULL */
	json_t *annotations; /* the same */
	json_t *seccomp;     /* checked when the filter is built; NULL also if that is known */
	struct runc_filter filter; /* none, unless it was known: see runc_config_filter */
	struct runc_device *devices;
	size_t n_devices;
	const char *cgroups_path;
	const char *mount_label; /* or NULL */
	struct runc_resources resources;
	uint64_t propagation; /* MS_*; 0: not given */
	unsigned long personality;
	bool has_personality;
	struct runc_memory_policy memory_policy;
	struct runc_rdt rdt;
	struct runc_netdev *netdevs;
	size_t n_netdevs;
};

/* Read a document of the specification: JSON, with the numbers between 2^63 and
 * 2^64 that jansson has no type for as strings of digits (see property.h). New. The path
 * "-" is what can be read from stdin. */
json_t *runc_config_read(int dirfd, const char *path, struct err *err);
/* The two steps of it. */
int runc_config_text(int dirfd, const char *path, struct strbuf *text, struct err *err);
json_t *runc_config_tree(const struct strbuf *text, const char *path, struct err *err);
/* config_profile.c: the second without the seccomp profile, if *f is known to be its filter. */
json_t *runc_config_doc(const struct strbuf *text, const char *path, struct runc_filter *f,
			struct err *err);

/* Parse and check <dir>/config.json (dirfd as in openat(2)). */
int runc_config_load(struct runc_config *c, int dirfd, const char *path, struct err *err);
/* The same for a document in memory, which is taken over. */
int runc_config_parse(struct runc_config *c, json_t *doc, struct err *err);
void runc_config_free(struct runc_config *c);
/* config_profile.c: c->filter, remembered or built. */
int runc_config_filter(struct runc_config *c, struct err *err);

/* A new namespace of this type (CLONE_NEW*), or one joined? */
const struct runc_namespace *runc_config_ns(const struct runc_config *c, uint64_t flag);
/* A new one: the container's own, not one joined by its path. */
bool runc_config_ns_is_new(const struct runc_config *c, uint64_t flag);

/* The pieces, each in its own file. `where` is the path of `obj`. */
int runc_config_process(struct runc_process *p, const json_t *obj, const char *where,
			struct err *err);
void runc_process_free(struct runc_process *p);
int runc_config_mounts(struct runc_config *c, const json_t *doc, struct err *err);
int runc_config_mounts_inside(struct runc_config *c, const char *rootfs, struct err *err);
int runc_config_hooks(struct runc_config *c, const json_t *doc, struct err *err);
int runc_config_linux(struct runc_config *c, const json_t *linux_, struct err *err);
int runc_config_maps(struct kern_id_maps *m, const json_t *obj, const char *where,
		     struct err *err);
int runc_config_time(struct runc_config *c, const json_t *linux_, struct err *err);
int runc_config_check_userns(const struct runc_config *c, struct err *err);
/* destination.c: in the document, before runc_config_mounts. The index of the first that
 * was relative, or -1. */
int runc_destinations_clean(json_t *doc);
/* sysctl.c: the keys as paths below /proc/sys, in the document too. */
void runc_sysctl_normalise(json_t *linux_, json_t **sysctl);
int runc_config_resources(struct runc_resources *r, const json_t *obj, const char *where,
			  struct err *err);
int runc_config_resource_lists(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			       struct err *err);
/* Of what is ignored, once: the copy in the state directory is read by every command. */
void runc_resources_warn(const json_t *obj);
void runc_resources_free(struct runc_resources *r);

/* Before a container is made of it: what depends on who we are, and on a namespace to join. */
int runc_userns_check_host(const struct runc_config *c, struct err *err);
/* Who process.user is outside of the container; false where nobody. */
bool runc_userns_user_outside(const struct runc_config *c, uid_t *uid, struct err *err);

#define AUTO_CONFIG AUTO(runc_config_free)

#endif
