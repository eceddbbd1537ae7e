/*
 * content.h - the content store: immutable blobs, named by their digest.
 *
 *   <root>/blobs/sha256/<hex>     a whole, verified blob
 *   <root>/ingest/<name>          a blob being written
 *
 * A blob becomes visible by rename(2), after its digest and size were verified
 * and its bytes synced: whoever sees it may trust it. The layout of blobs/ is
 * the OCI image layout's (image-layout.md), so a store can be read by others.
 * Digests are "sha256:<64 lower-case hex digits>". Who asks for one can have a blob under its
 * SHA-512 as well, in blobs/sha512 ("sha512:<128 hex digits>"): the registry, whose clients may
 * name things so.
 */
#ifndef DOCKYARD_CTRD_CONTENT_H
#define DOCKYARD_CTRD_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "01-kernel/base/err.h"

#define DIGEST_SIZE 136 /* "sha512:" and 128 hex digits and NUL fit */

bool digest_valid(const char *digest); /* the canonical one, by SHA-256 */
bool digest_known(const char *digest); /* that, or one by SHA-512 */

/* Hashing, piece by piece. */
struct digester;
struct digester *digester_new(void);
struct digester *digester_new_like(const char *digest); /* by the algorithm of a known digest */
bool digester_is_like(const struct digester *d, const char *digest);
void digester_add(struct digester *d, const void *buf, size_t n);
void digester_done(struct digester *d, char out[DIGEST_SIZE]); /* frees d */
void digester_free(struct digester *d);                        /* without a result */
void digest_of(const void *buf, size_t n, char out[DIGEST_SIZE]);
/* With the algorithm of `like`, which is a known digest. */
void digest_of_like(const char *like, const void *buf, size_t n, char out[DIGEST_SIZE]);

struct content; /* safe for many threads and, on one root, many processes */
struct content *content_open(const char *root, struct err *err); /* makes the directories */
void content_close(struct content *c);
/* Blobs that are to be synced one by one, as a registry's are: have them written to the disk while
 * they still arrive, so that little is left to wait for at the end. */
void content_write_early(struct content *c);

bool content_has(struct content *c, const char *digest, uint64_t *size);
int content_created(struct content *c, const char *digest, struct timespec *when, struct err *err);
int content_reader(struct content *c, const char *digest, uint64_t *size, struct err *err); /* fd */
/* The whole blob, for manifests and configs (ERR_INVALID past limit). malloc'ed, NUL-terminated. */
char *content_read(struct content *c, const char *digest, size_t limit, size_t *n, struct err *err);
int content_delete(struct content *c, const char *digest, struct err *err);
int content_walk(struct content *c, int (*each)(void *arg, const char *digest, uint64_t size),
		 void *arg, struct err *err);

/* Note that a registry ("host:port") has the blob in this repository; and one where it is known to
 * be, other than `but_not` (the caller frees; NULL). Hints, on a file system that can keep them. */
void content_add_source(struct content *c, const char *digest, const char *registry,
			const char *repository);
char *content_source(struct content *c, const char *digest, const char *registry,
		     const char *but_not);

/* An ingest: write, then commit (or abort). `resume_name` NULL: an anonymous one that
 * vanishes with the process; a name: kept on disk, found again by content_ingest with
 * its offset (registry uploads, interrupted pulls). Hashing goes along with writing. */
struct ingest;
struct ingest *content_ingest(struct content *c, const char *resume_name, struct err *err);
uint64_t ingest_offset(const struct ingest *in);
int ingest_write(struct ingest *in, const void *buf, size_t n, struct err *err);
/* The digest will be one by the algorithm of `like`. Said before the first byte it costs nothing;
 * later, or not at all, what is there is read again. */
int ingest_hash_like(struct ingest *in, const char *like, struct err *err);
/* Verify against the expected digest (NULL: whatever it is) and size (-1: any), sync, rename.
 * `digest` receives the result (may be NULL). Frees the ingest and removes the partial data
 * on failure (ERR_CORRUPT when it is not what was expected). An existing blob is fine. */
int ingest_commit(struct ingest *in, const char *expected, int64_t size, char *digest,
		  struct err *err);
/* The same in steps, for many blobs with one sync between them. Verify ends the hashing: as
 * ingest_commit, but the ingest stays. Then it may be read (a new fd, at the beginning), and when
 * the file system was synced, it may get its name: publish frees it as commit does. What was
 * published is there for good after content_settle. */
int ingest_verify(struct ingest *in, const char *expected, int64_t size, struct err *err);
int ingest_reader(const struct ingest *in, struct err *err);
int ingest_sync(struct ingest *in, struct err *err); /* this one alone; nothing to do if it is there */
int content_sync(struct content *c, struct err *err); /* one syncfs(2) */
int ingest_publish(struct ingest *in, struct err *err);
int content_settle(struct content *c, struct err *err);
/* What has a name and is no blob yet: being written, or left off. */
int content_ingests(struct content *c, void (*each)(void *arg, const char *name, const struct stat *st),
		    void *arg, struct err *err);
/* Names of ingests that pulls are suspended in begin so; tidy removes those that nobody has come back
 * for within a day. */
#define CONTENT_PULL "pull-"
void content_tidy(struct content *c);
void ingest_suspend(struct ingest *in); /* named: close, keep the data for later */
void ingest_abort(struct ingest *in);   /* remove the data */
int content_write(struct content *c, const void *buf, size_t n, const char *expected, char *digest,
		  struct err *err);

#endif
