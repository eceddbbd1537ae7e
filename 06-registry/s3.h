/*
 * s3.h - objects in a store that speaks Amazon's S3, as far as blobs need it.
 *
 *   s3.c           where it is, and who we are there
 *   s3_sign.c      a URL that lets its bearer fetch one object (AWS Signature Version 4)
 *   s3_request.c   one request, signed by libcurl, and again where that may help
 *   s3_put.c       an object from a file: at once, or in parts
 *   s3_get.c       an object, read while it comes
 *
 * A key is what stands behind the address given with --s3 ("blobs/sha256/<hex>"), made of
 * characters that a URL takes as they are. Safe for many threads.
 */
#ifndef DOCKYARD_REG_S3_H
#define DOCKYARD_REG_S3_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/err.h"

struct reg_s3_options {
	const char *url;         /* https://endpoint/bucket[/prefix]; NULL: none of this */
	const char *region;      /* NULL: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1 */
	const char *credentials; /* a file; NULL: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY */
	bool proxy;              /* clients cannot reach it: bytes go through us */
};

struct reg_s3;
struct reg_s3 *reg_s3_open(const struct reg_s3_options *o, struct err *err);
void reg_s3_close(struct reg_s3 *s3);
const char *reg_s3_url(const struct reg_s3 *s3); /* as it was given, without a slash at its end */

/* The object is as long as the file when this returns 0, and was verified there piece by piece. */
int reg_s3_put(struct reg_s3 *s3, const char *key, int fd, uint64_t size, struct err *err);
/* Of one that is not there, too. */
int reg_s3_delete(struct reg_s3 *s3, const char *key, struct err *err);

/* A URL that is good for so many seconds from `now` on; the caller frees. */
char *reg_s3_presign(const struct reg_s3 *s3, const char *key, time_t now, unsigned seconds);

/* `count` bytes of an object from `first` on. Read gives some, 0 at the end, -1 for a failure, and
 * waits. */
struct reg_s3_object;
struct reg_s3_object *reg_s3_get(struct reg_s3 *s3, const char *key, uint64_t first,
				 uint64_t count, struct err *err);
ssize_t reg_s3_read(struct reg_s3_object *object, void *buf, size_t max, struct err *err);
void reg_s3_end(struct reg_s3_object *object);

#endif
