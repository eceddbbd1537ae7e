/*
 * seed.h - images into the registry, without HTTP.
 */
#ifndef DOCKYARD_REG_SEED_H
#define DOCKYARD_REG_SEED_H

#include <stdio.h>

#include "store.h"

/* `source` is an OCI image layout (a directory), an archive (a file, plain or compressed) or "-",
 * an archive from the standard input; with ":REF" behind a path, that image of it. Without
 * REF it must hold one image. `target` is NAME or NAME:TAG; without TAG it becomes "latest".
 * NULL: all images of an archive, under their own names. Says what it did on `out`. */
int reg_seed(struct reg_store *store, const char *source, const char *target, FILE *out,
	     struct err *err);

#endif
