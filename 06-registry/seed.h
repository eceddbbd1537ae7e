/*
 * seed.h - an OCI image layout into the registry, without HTTP.
 */
#ifndef DOCKYARD_REG_SEED_H
#define DOCKYARD_REG_SEED_H

#include <stdio.h>

#include "store.h"

/* `source` is DIR or DIR:REF, `target` NAME or NAME:TAG. Without REF the layout must
 * hold one image; without TAG it becomes "latest". Says what it did on `out`. */
int reg_seed(struct reg_store *store, const char *source, const char *target, FILE *out,
	     struct err *err);

#endif
