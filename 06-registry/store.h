/*
 * store.h - blobs, and which repository may show which of them. (bytes.h: or a marker in a blob's place.)
 *
 *   <root>/blobs/sha256/<hex>             every blob once (containerd's content.h); sha512/ as well
 *   <root>/ingest/                        blobs being written
 *   <root>/uploads/<uuid>                 open upload sessions (uploads.h)
 *   <root>/repositories/<name>/           an OCI image layout each:
 *       oci-layout
 *       index.json                        its manifests and tags (index.h)
 *       blobs/sha256/<hex>                a hard link to the shared blob
 *       _referrers/sha256/<hex>           who refers to that manifest (referrers.h)
 *
 * The hard link is the whole access rule: a repository shows the blobs that it
 * has a link to, so what was pushed to a/ is not readable from b/. It is the
 * reference count as well: a shared blob whose link count is 1 is in no
 * repository. And since the link is a plain file, `skopeo copy
 * oci:<root>/repositories/library/nginx:latest` reads a repository as it stands.
 *
 * Locks, in this order:
 *   1. a repository: flock(2) on its directory; whoever changes its index.json
 *      or takes a blob out of it.
 *   2. the shared blobs: flock(2) on <root>/blobs; shared from before a blob is
 *      committed until a repository has its link, exclusive to sweep blobs that
 *      have none. A sweep never waits: when someone is pushing, it is put off.
 * flock works between threads (each opens the directory anew) and between
 * processes, so `registry seed` may run beside a live registry.
 */
#ifndef DOCKYARD_REG_STORE_H
#define DOCKYARD_REG_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/strbuf.h"
#include "03-containerd/content.h"

struct reg_bytes;
struct reg_s3;
struct reg_s3_options;

struct reg_store {
	const char *root; /* owned; absolute or as given */
	int root_fd;
	struct content *content;
	const struct reg_bytes *bytes; /* where the bytes of new blobs go: bytes.h */
	struct reg_s3 *s3;             /* NULL: to the disk */
	bool s3_proxy;
};

/* Open the store, making its directories. The second form: with its blobs in an object store. */
struct reg_store *reg_store_open(const char *root, struct err *err);
struct reg_store *reg_store_open_at(const char *root, const struct reg_s3_options *s3,
				    struct err *err);
void reg_store_close(struct reg_store *store);

/* --- blobs, as one repository sees them: BLOB_UNKNOWN without a link ------------------ */
bool reg_blob_has(struct reg_store *store, const char *name, const char *digest, uint64_t *size);
int reg_blob_open(struct reg_store *store, const char *name, const char *digest, uint64_t *size,
		  struct err *err); /* an fd */
/* The whole of it, NUL-terminated; the caller frees. */
char *reg_blob_read(struct reg_store *store, const char *name, const char *digest, size_t *n,
		    struct err *err);
/* Finish the ingest (always consumed) and link the blob into the repository. */
int reg_blob_commit(struct reg_store *store, const char *name, struct ingest *in,
		    const char *digest, int64_t size, struct err *err);
/* The same for a manifest, whose bytes are in memory, and stay on the disk. */
int reg_blob_write(struct reg_store *store, const char *name, const void *buf, size_t n,
		   const char *digest, struct err *err);
/* Link a blob of one repository (NULL: any) into another. */
int reg_blob_mount(struct reg_store *store, const char *from, const char *name, const char *digest,
		   struct err *err);
/* When a blob was wanted last is its time of access, which we set ourselves: by linking it, by
 * touching it open, and by reg_blob_claim, which is reg_blob_open for who pushes and asks
 * whether a blob is here, in order not to send it. No garbage collector takes it from then on. */
void reg_blob_touch(int fd);
int reg_blob_claim(struct reg_store *store, const char *name, const char *digest, uint64_t *size,
		   struct err *err);
bool reg_blob_unused(struct reg_store *store, const char *name, const char *digest,
		     uint64_t seconds);
/* Take the repository's link away, and the blob itself when it was the last one. */
int reg_blob_delete(struct reg_store *store, const char *name, const char *digest,
		    struct err *err);

/* --- for collecting garbage ----------------------------------------------------------- */
/* Take lock 2; `how` as for flock(2), whose errno is in err: EWOULDBLOCK. An fd. */
int reg_blobs_lock(struct reg_store *store, int how, struct err *err);
/* Take the repository's link away; needs lock 2, exclusive, so that nobody claims it meanwhile.
 * The bytes go by reg_store_sweep. */
int reg_blob_unlink(struct reg_store *store, const char *name, const char *digest,
		    struct err *err);
/* How many names the blob has: one for each repository, and the shared one. */
unsigned reg_blob_links(struct reg_store *store, const char *name, const char *digest);

/* --- repositories ------------------------------------------------------------------- */
char *reg_repo_path(const struct reg_store *store, const char *name); /* the caller frees */
/* Take lock 1; closing the fd lets go. `make`: create the repository's layout first. */
int reg_repo_lock(struct reg_store *store, const char *name, bool make, struct err *err);
/* Every repository's name, sorted; the caller frees the list. */
int reg_repo_list(struct reg_store *store, struct strlist *names, struct err *err);
/* The same, and those that only have blobs so far. */
int reg_repo_list_all(struct reg_store *store, struct strlist *names, struct err *err);

/* Remove the shared blobs that no repository links to; *removed counts them. Put off
 * (nothing removed, 0 returned) while somebody pushes. */
int reg_store_sweep(struct reg_store *store, unsigned *removed, struct err *err);

/* mkdir -p, each new directory synced into its parent. */
int reg_mkdir_durable(const char *path, struct err *err);

#endif
