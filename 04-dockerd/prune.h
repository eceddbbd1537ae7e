/*
 * prune.h - what the prune endpoints have in common: which objects their filters choose.
 */
#ifndef DOCKYARD_DOCKERD_PRUNE_H
#define DOCKYARD_DOCKERD_PRUNE_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "01-kernel/base/err.h"

struct prune {
	json_t *filters;
	struct timespec until; /* tv_sec 0: not given */
};

/* `known` as for dockerd_filters_parse. "until" is a time, or a duration before now. */
int dockerd_prune_parse(struct prune *p, const char *text, const char *const known[],
			struct err *err);
void dockerd_prune_free(struct prune *p);

/* label and label!, and (created: RFC 3339, or NULL) until. */
bool dockerd_prune_chooses(const struct prune *p, const json_t *labels, const char *created);

/* "1h30m", "90s", "500ms": nanoseconds; -1 if it is none. */
long long dockerd_parse_duration(const char *text);

#endif
