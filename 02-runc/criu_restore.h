/*
 * criu_restore.h - what cmd_restore.c and criu_restore.c share: a restore that is under way.
 */
#ifndef DOCKYARD_RUNC_CRIU_RESTORE_H
#define DOCKYARD_RUNC_CRIU_RESTORE_H

#include "container.h"
#include "criu.h"

struct restore {
	struct runc_container c;
	struct runc_create create;
	struct runc_criu_options o;
	bool detach, no_subreaper;
	json_t *descriptors; /* what stdin, stdout and stderr were at the checkpoint */
	char *criu_root;
	int console; /* the caller's socket, or -1 */
	int master;  /* foreground: the terminal's, or -1 */
	int dirs[2]; /* a socket pair: from the child the directories of its mount namespace */
	int ns[2];   /* joined namespaces, for criu to inherit */
	size_t n_ns;
};

/* Have criu make the processes of r->c, whose id and cgroup are there; r->c.pid is then
 * our child, of which the caller has to take care also after a failure. */
int runc_criu_restore(struct restore *r, struct err *err);

#endif
