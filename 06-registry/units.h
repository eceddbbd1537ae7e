/*
 * units.h - sizes and times as people write them on a command line.
 */
#ifndef DOCKYARD_REG_UNITS_H
#define DOCKYARD_REG_UNITS_H

#include "01-kernel/base/err.h"

#include <stdint.h>

/* "512M", "20G", "1000": bytes, not 0. */
int reg_size_parse(const char *text, uint64_t *bytes, struct err *err);
/* "90s", "30m", "24h", "7d", "0". */
int reg_seconds_parse(const char *text, uint64_t *seconds, struct err *err);

#endif
