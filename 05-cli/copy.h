/*
 * copy.h - what both ways of docker cp have in common.
 */
#ifndef DOCKYARD_CLI_COPY_H
#define DOCKYARD_CLI_COPY_H

#include "cli.h"

struct cli_copy {
	bool archive, follow, quiet;
	const char *container; /* of the two sides, the one in a container */
	const char *inside;   /* the path there */
	const char *outside;  /* the path here, or "-" */
};

/* What the daemon says of a path, in the header X-Docker-Container-Path-Stat. */
struct cli_copy_stat {
	bool directory, link, device;
	char *target; /* of a link */
};
#define CLI_COPY_STAT "X-Docker-Container-Path-Stat"

int cli_copy_decode(const char *header, struct cli_copy_stat *st, struct err *err);
/* HEAD /containers/ID/archive of the path inside: ERR_NOT_FOUND when there is no
 * such. A link is followed once: *path (new) is then where it leads, if there is
 * something or not. */
int cli_copy_look(struct cli *cli, const struct cli_copy *c, char **path, struct cli_copy_stat *st, struct err *err);

/* "/containers/ID/archive?path=PATH": new, or NULL. */
char *cli_copy_path(const struct cli_copy *c, const char *inside, struct err *err);

/* The last part of a path, "." where it ends in one, "/" for the root: new. And the rest. */
char *cli_path_base(const char *path);
char *cli_path_directory(const char *path);
/* Does the path say by its end that it is a directory: "a/", "a/."? */
bool cli_path_asserts_directory(const char *path);

/* How much has gone by. */
struct cli_copy_meter {
	uint64_t bytes;
	int64_t looked_ms; /* when it was told last */
	bool shown;
};

/* Count, and tell it now and then on a terminal; and the last line. */
void cli_copy_count(const struct cli_copy *c, struct cli_copy_meter *m, const char *what, size_t n);
void cli_copy_done(const struct cli_copy *c, const struct cli_copy_meter *m, const char *where);

int cli_copy_out(struct cli *cli, const struct cli_copy *c, struct err *err); /* from the container */
int cli_copy_in(struct cli *cli, const struct cli_copy *c, struct err *err);  /* into it */

#endif
