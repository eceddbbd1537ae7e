/*
 * prune.h - remove what nobody uses: of one kind, or of all.
 */
#ifndef DOCKYARD_CLI_PRUNE_H
#define DOCKYARD_CLI_PRUNE_H

#include "cli.h"

enum cli_prune_kind { PRUNE_CONTAINERS, PRUNE_NETWORKS, PRUNE_VOLUMES, PRUNE_IMAGES, PRUNE_CACHE };

struct cli_prune_options {
	struct strlist filters;
	bool all, force, volumes;
	struct cli_number keep; /* bytes of cache to be kept */
};

/* Prune one kind, and print what went; the bytes that are free again are added
 * to *freed. */
int cli_prune(struct cli *cli, enum cli_prune_kind kind, const struct cli_prune_options *o, double *freed,
	      struct err *err);

#endif
