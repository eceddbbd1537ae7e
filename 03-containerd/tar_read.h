/*
 * tar_read.h - archives coming in, entry by entry: the mirror of tar_write.h, for whoever puts
 * entries elsewhere than into a layer. The archive is hostile: names are as it has them.
 */
#ifndef DOCKYARD_CTRD_TAR_READ_H
#define DOCKYARD_CTRD_TAR_READ_H

#include <stdbool.h>

#include "content.h"
#include "tar_write.h"

/* Plain, gzip, zstd, xz or bzip2, whichever the first bytes of the file say. It stays the caller's, and is
 * read by a thread until the reader is closed. */
struct ctrd_tar_in;
struct ctrd_tar_in *ctrd_tar_in_open(int fd, struct err *err);
void ctrd_tar_in_close(struct ctrd_tar_in *t);

/* The next entry; what *e points at is borrowed until the next call. *end: there is none. What
 * was not read of the last one's data is skipped. */
int ctrd_tar_in_next(struct ctrd_tar_in *t, struct ctrd_tar_entry *e, bool *end, struct err *err);
/* The entry's data into an empty file; once. Holes become holes. */
int ctrd_tar_in_data(struct ctrd_tar_in *t, int fd, struct err *err);

/* How a file is compressed, by its first bytes: "gzip", "zstd", "xz", "bzip2", or else "plain". */
const char *ctrd_compression(int fd);
/* The digest of what the file is when it is inflated, a layer's diff ID; and, unless `to` is -1, that
 * itself. */
int ctrd_diff_id(int fd, int to, char out[DIGEST_SIZE], struct err *err);

#endif
