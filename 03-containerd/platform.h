/*
 * platform.h - which of an index's manifests is for this machine.
 */
#ifndef DOCKYARD_CTRD_PLATFORM_H
#define DOCKYARD_CTRD_PLATFORM_H

#include <jansson.h>

#include "01-kernel/base/err.h"

struct ctrd_platform {
	char os[32], arch[32], variant[16];
};

/* "linux/arm64/v8", "linux/amd64", "arm64"; NULL or "": this machine. Names are brought to
 * Go's (x86_64 -> amd64), as images use them. */
int ctrd_platform_parse(const char *text, struct ctrd_platform *p, struct err *err);

/* How well does an index entry's {"os","architecture","variant"} suit? 0: not at all; more
 * is better (an arm/v7 machine runs v6 too, but worse). */
int ctrd_platform_score(const struct ctrd_platform *want, const json_t *have);

#endif
