/*
 * criu.h - a talk with criu(8), which takes processes apart and puts them
 * together again ("Checkpoint/Restore In Userspace").
 *
 * There are two ways to talk to it. Its command line is the shorter one, but cannot
 * do what a runtime needs: the restored init must become our child (whoever ran
 * `restore` waits for it), and the master of its terminal has to come back as a
 * descriptor. So it is the other: `criu swrk 3` is a criu that serves one
 * client on descriptor 3, a SOCK_SEQPACKET socket, one protobuf message a packet:
 *
 *     we       DUMP, with the options
 *     criu     NOTIFY "network-lock"     ... it waits
 *     we       NOTIFY, success           ... it goes on; and so on
 *     criu     DUMP, success
 *
 * The numbers of the fields are those of criu's rpc.proto, its public interface.
 * Descriptors are named by their number in this process (criu opens /proc/PID/fd/N),
 * except those that the container is to inherit: criu must have them itself.
 */
#ifndef DOCKYARD_RUNC_CRIU_H
#define DOCKYARD_RUNC_CRIU_H

#include "config.h"
#include "options.h"
#include "protobuf.h"
#include "state.h"

/* Versions as one number: 3.17.1 is 31701. */
enum {
	CRIU_OLDEST = 30000,      /* the first that answers VERSION */
	CRIU_FREEZES_V2 = 31400,  /* knows the freezer of cgroup version 2 */
	CRIU_EXTERNAL_PID = 31500, /* external pid namespaces; the notice "status-ready" */
	CRIU_LSM = 31600,         /* another LSM profile at restore */
	CRIU_NO_NEW_PRIVS = 31900, /* saves no_new_privs */
};

enum criu_type {
	CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4, CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9, CRIU_VERSION = 10,
};

/* The fields of criu_opts. */
enum {
	OPT_IMAGES_DIR_FD = 1, OPT_PID = 2, OPT_LEAVE_RUNNING = 3, OPT_EXT_UNIX_SK = 4,
	OPT_TCP_ESTABLISHED = 5, OPT_EVASIVE_DEVICES = 6, OPT_SHELL_JOB = 7, OPT_FILE_LOCKS = 8,
	OPT_LOG_LEVEL = 9, OPT_LOG_FILE = 10, OPT_PAGE_SERVER = 11, OPT_NOTIFY_SCRIPTS = 12,
	OPT_ROOT = 13, OPT_PARENT_IMG = 14, OPT_TRACK_MEM = 15, OPT_AUTO_DEDUP = 16,
	OPT_WORK_DIR_FD = 17, OPT_LINK_REMAP = 18, OPT_EXT_MNT = 23, OPT_MANAGE_CGROUPS = 24,
	OPT_CG_ROOT = 25, OPT_RST_SIBLING = 26, OPT_INHERIT_FD = 27,
	OPT_MANAGE_CGROUPS_MODE = 34, OPT_EXTERNAL = 37, OPT_EMPTY_NS = 38, OPT_JOIN_NS = 39,
	OPT_CGROUP_DUMP_CONTROLLER = 43, OPT_FREEZE_CGROUP = 44, OPT_TCP_SKIP_IN_FLIGHT = 46,
	OPT_LAZY_PAGES = 48, OPT_STATUS_FD = 49, OPT_ORPHAN_PTS_MASTER = 50,
	OPT_CONFIG_FILE = 51, OPT_LSM_PROFILE = 53, OPT_LSM_MOUNT_CONTEXT = 63,
};

/* ---- criu.c: the process and its protocol --------------------------------- */

struct runc_criu {
	pid_t pid; /* our child; 0: none */
	int sock;
};
#define RUNC_CRIU_INIT { .sock = -1 }

struct runc_criu_start {
	bool stdio; /* ours become criu's, and the container's; else stdin and stdout are null */
	const int *fds; /* criu's from CRIU_FIRST_FD on, in this order */
	size_t n;
	int (*prepare)(void *arg, struct err *err); /* in the child, before it is criu; or NULL */
	int (*born)(void *arg, pid_t child, struct err *err); /* meanwhile, here; or NULL */
	void *arg;
};
#define CRIU_FIRST_FD 4
#define CRIU_MAX_FDS 8

struct runc_criu_answer {
	enum criu_type type;
	bool success;
	int errnum;
	char why[512];   /* criu's first error */
	char script[32]; /* a notice: which */
	pid_t pid;       /* of the restored init, with some notices and at the end */
	int fd;          /* came with a notice (the receiver closes it), or -1 */
	int version;
	bool mem_track, lazy_pages;
};

/* What to do at a notice; criu waits meanwhile. -1 makes the whole fail. It may take
 * answer->fd by setting it to -1. */
typedef int runc_criu_notice(void *arg, struct runc_criu_answer *notice, struct err *err);

int runc_criu_start(struct runc_criu *criu, const struct runc_criu_start *how, struct err *err);
/* Ask for something with these options, serve the notices until it is done. */
int runc_criu_do(struct runc_criu *criu, enum criu_type type, const struct strbuf *opts,
		 runc_criu_notice *notice, void *arg, struct err *err);
/* Hang up and wait for its end. */
void runc_criu_stop(struct runc_criu *criu);
#define AUTO_CRIU AUTO(runc_criu_stop)

/* Is there a criu, and is it new enough? Its version, or -1. */
int runc_criu_version(int oldest, struct err *err);
/* Does it, on this kernel, track which pages have changed, or fetch them lazily? */
int runc_criu_features(bool mem_track, bool lazy_pages, struct err *err);

/* ---- criu_options.c: what `checkpoint` and `restore` have in common ----------- */

struct runc_criu_options {
	const char *image_path, *work_path, *parent_path, *page_server, *cgroups_mode,
		*lsm_profile, *lsm_mount_context;
	struct strlist empty_ns;
	bool tcp_established, tcp_skip_in_flight, ext_unix_sk, shell_job, file_locks, link_remap,
		auto_dedup, lazy_pages, leave_running, pre_dump;
	int status_fd;

	/* from here on made of the above */
	char *address; /* of the page server, or NULL */
	int port;
	int images, work; /* the directories; work is -1 if none is given */
	char *log;        /* where criu's log will be */
};
#define RUNC_CRIU_OPTIONS_INIT { .status_fd = -1, .images = -1, .work = -1 }

/* Check them and open the directories; `make`: make the images' if it is missing. */
int runc_criu_options_open(struct runc_criu_options *o, bool make, const char *log,
			   struct err *err);
/* What criu is told in both cases. */
void runc_criu_options_add(struct strbuf *opts, const struct runc_criu_options *o,
			   const struct runc_config *c);
/* Repeat from criu's log what led to the error. */
void runc_criu_quote_log(const struct runc_criu_options *o);
void runc_criu_options_free(struct runc_criu_options *o);

/* ---- criu_cgroups.c ----------------------------------------------------------- */

/* Which hierarchies the container of `init` has a group of its own in. */
int runc_criu_dump_cgroups(struct strbuf *opts, pid_t init, struct err *err);
/* The groups of the images' processes become those in which criu is now. */
int runc_criu_restore_cgroups(struct strbuf *opts, pid_t criu, struct err *err);

/* ---- criu_mounts.c ------------------------------------------------------------ */

/* Tell criu which mounts come from outside. `init` is the container's, running. */
int runc_criu_dump_mounts(struct strbuf *opts, const struct runc_config *c,
			  const struct runc_state *st, struct err *err);
/* ... and what to mount in their places. */
int runc_criu_restore_mounts(struct strbuf *opts, const struct runc_config *c,
			     const struct runc_state *st, struct err *err);
/* In a mount namespace of one's own: the root file system as a mount at `path`, with
 * something to mount on wherever config.json mounts. */
int runc_criu_mount_root(const char *path, const struct runc_config *c,
			 const struct runc_state *st, struct err *err);

#endif
