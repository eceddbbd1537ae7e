/*
 * copy.h - docker cp: one path of a container as an archive, and an archive into a directory
 * of it. All below a root descriptor (container_root.h).
 */
#ifndef DOCKYARD_DOCKERD_COPY_H
#define DOCKYARD_DOCKERD_COPY_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "03-containerd/tar_write.h"
#include "01-kernel/base/err.h"

/* What a path of the container names. The last component is not followed, unless it ends in a
 * slash or "/.": then it is a directory. */
struct copy_source {
	int parent;      /* the directory that holds it; or itself, where name is "." */
	char *name;
	char *shown;     /* "hosts" of "/etc/hosts"; what the archive calls it */
	char *path;      /* absolute, as asked for */
	char *link;      /* where a symbolic link ends, as an absolute path; "" for others */
	struct stat st;
};
/* ERR_NOT_FOUND where there is none. Freed also after failure. */
int copy_find(int root, const char *path, struct copy_source *s, struct err *err);
void copy_source_free(struct copy_source *s);
/* The X-Docker-Container-Path-Stat header's object (docs: API, ContainerArchiveInfo); new. */
json_t *copy_stat(const struct copy_source *s);

/* As an archive. Sockets are left out, and directories where another file system begins are
 * empty in it, unless `mounts` (the container's) has them. */
int copy_out(const struct copy_source *s, const json_t *mounts, const struct ctrd_sink *out,
	     struct err *err);

struct copy_in {
	int root;
	const char *path;    /* a directory of the container */
	const char *id;      /* in root's path, and so in no archive that is not read from there; or NULL */
	bool keep_dirs;      /* noOverwriteDirNonDir */
	bool chown;          /* all of it is uid's and gid's */
	uid_t uid;
	gid_t gid;
};
/* Does the path, followed to its end, name a directory? ERR_INVALID if it is something else. */
int copy_in_check(const struct copy_in *c, struct err *err);
int copy_in(const struct copy_in *c, int archive, struct err *err);


#endif
