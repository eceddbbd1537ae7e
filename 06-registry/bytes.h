/*
 * bytes.h - where the bytes of a blob are: one table of functions, two kinds.
 *
 *   bytes_disk.c   here: the blob's file has them
 *   bytes_s3.c     in an object store (s3.h), for who outgrows one machine
 *
 * In the second kind a marker stands where the blob's file would: a sparse file, as long as the
 * blob and without a byte on the disk, told by its sticky bit. So size, links, times and locks
 * are the same for both, and store.c does not know of markers.
 *
 * Manifests are small and read at every pull: their bytes are on the disk in either kind, and
 * so is all that was there before the object store was.
 */
#ifndef DOCKYARD_REG_BYTES_H
#define DOCKYARD_REG_BYTES_H

#include "03-containerd/http.h"
#include "s3.h"
#include "store.h"

struct reg_blob {
	const char *digest;
	int fd; /* its file, or its marker */
};

struct reg_bytes {
	/* Bytes that were verified become the shared blob, and are there for good; consumes the
	 * ingest. Lock 2 of store.h is held, shared. */
	int (*keep)(struct reg_store *store, struct ingest *in, const char *digest, struct err *err);
	/* The shared blob goes, and its bytes. Lock 2 is held, exclusive. */
	int (*drop)(struct reg_store *store, const char *digest, struct err *err);
	/* Add the whole of it to `text`. */
	int (*read)(struct reg_store *store, const struct reg_blob *blob, size_t limit,
		    struct strbuf *text, struct err *err);
	/* Where a client may fetch it by itself, for a while; the caller frees. NULL: only here. */
	char *(*url)(struct reg_store *store, const struct reg_blob *blob);
	/* `count` bytes from `first` on become the reply. Takes the fd, unless it fails. */
	int (*reply)(struct reg_store *store, struct http_request *req, struct http_reply *rep,
		     int status, const char *type, struct reg_blob *blob, uint64_t first,
		     uint64_t count, struct err *err);
};

extern const struct reg_bytes reg_bytes_disk, reg_bytes_s3;

/* Keep new blobs in S3 from now on. Refused where the store's blobs are in another place there,
 * or, without a URL, where they are in one at all. */
int reg_bytes_choose(struct reg_store *store, const struct reg_s3_options *s3, struct err *err);

#endif
