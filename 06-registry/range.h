/*
 * range.h - the two ways in which a registry counts bytes: HTTP's Range of a
 * download, and the Content-Range of an upload's chunk.
 */
#ifndef DOCKYARD_REG_RANGE_H
#define DOCKYARD_REG_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct reg_range {
	uint64_t first, count;
};

enum reg_range_answer {
	REG_RANGE_WHOLE,         /* none asked for, or one that we need not understand */
	REG_RANGE_PART,          /* 206 */
	REG_RANGE_UNSATISFIED,   /* 416 */
};

/* "Range: bytes=0-99", "bytes=100-", "bytes=-100" (RFC 9110, 14.1.2), one range only:
 * a server may answer several, or a unit it does not know, with the whole. One that ends before
 * it begins is not satisfied, as the distribution specification's tests and other registries have it. */
enum reg_range_answer reg_range_parse(const char *header, uint64_t size, struct reg_range *out);

/* "Content-Range: 0-99": ^[0-9]+-[0-9]+$ and in order. */
bool reg_chunk_parse(const char *header, struct reg_range *out);

#endif
