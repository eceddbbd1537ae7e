/*
 * images_tree.h - docker images --tree: under each image what it holds per platform.
 */
#ifndef DOCKYARD_CLI_IMAGES_TREE_H
#define DOCKYARD_CLI_IMAGES_TREE_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/strbuf.h"

struct cli_images_tree {
	bool untagged; /* also images without a name */
	bool colours;
	unsigned width;
};

/* What the daemon says (GET /images/json?manifests=1) as text, appended. */
void cli_images_tree(const struct cli_images_tree *how, const json_t *images, struct strbuf *out);

#endif
