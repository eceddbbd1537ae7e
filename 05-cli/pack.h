/*
 * pack.h - files of ours as an archive, made while it is sent.
 */
#ifndef DOCKYARD_CLI_PACK_H
#define DOCKYARD_CLI_PACK_H

#include "01-kernel/base/ignore.h"
#include "api.h"

struct cli_pack;

/* Begin to pack `path` (what is under it too), under the name `name` in the archive;
 * "." is what the directory holds, without itself. */
struct cli_pack *cli_pack_start(const char *path, const char *name, struct err *err);

/* What a build's context leaves out, and what it has in addition. All of it is root's. */
struct cli_pack_rules {
	const struct ignore *ignore;
	struct cli_pack_extra {
		char *name, *text;
	} extra[2]; /* files in front of all others; their texts NULL: none */
	struct cli_pack_tree {
		char *path, *name; /* "DIR/.", and where that is in the archive */
		struct ignore ignore;
	} *more; /* behind the context */
	size_t n_more;
};

/* The same of a directory's content; `path` NULL: only what is in addition. `rules` is used until the end. */
struct cli_pack *cli_pack_context(const char *path, const struct cli_pack_rules *rules, struct err *err);

/* A cli_source that gives the archive's bytes; its context is the pack. */
ssize_t cli_pack_read(void *pack, char *buf, size_t size, struct err *err);

void cli_pack_end(struct cli_pack *pack);

#endif
