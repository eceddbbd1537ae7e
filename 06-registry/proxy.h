/*
 * proxy.h - a mirror of another registry, its upstream: what is asked for is fetched there
 * once, and kept.
 *
 *   manifest by tag      HEAD upstream: is it still what we have? When upstream is down or has
 *                        had enough of us (429), what we have is served.
 *   manifest by digest   never changes: asked for once
 *   blob                 the same. While it comes, all who want it read the file that grows
 *
 * The store is the one that pushes would fill, so a repository is an image layout of what was
 * asked for so far: an index may name manifests, and a manifest blobs, that are not here.
 */
#ifndef DOCKYARD_REG_PROXY_H
#define DOCKYARD_REG_PROXY_H

#include "03-containerd/http.h"
#include "names.h"
#include "store.h"

struct reg_proxy_options {
	const char *url;           /* "https://registry-1.docker.io", "docker.io"; NULL: no mirror */
	const char *user;          /* NULL: anonymous */
	const char *password_file; /* with `user` */
	uint64_t max_size;         /* of all blobs; beyond it the longest unused go; 0: no limit */
};

struct reg_proxy;
struct reg_proxy *reg_proxy_new(struct reg_store *store, const struct reg_proxy_options *o,
				struct err *err);
void reg_proxy_stop(struct reg_proxy *p); /* whoever waits for upstream gives up */
void reg_proxy_free(struct reg_proxy *p); /* once nobody uses it any more */

/* What the repository is called upstream, and in the store: Docker Hub's "nginx" is
 * "library/nginx". `name` itself, or `buf`. */
const char *reg_proxy_name(const struct reg_proxy *p, const char *name,
			   char buf[REG_NAME_MAX + 1]);

/* See to it that the store has the manifest, as new as can be. */
int reg_proxy_manifest(struct reg_proxy *p, const char *name, const char *reference,
		       struct err *err);
/* How many bytes a blob has that the store lacks. */
int reg_proxy_stat(struct reg_proxy *p, const char *name, const char *digest, uint64_t *size,
		   struct err *err);
/* Note that the store had this open blob: it is used, and not to be evicted soon. */
void reg_proxy_hit(struct reg_proxy *p, int blob);
struct reg_proxy_counts {
	uint64_t hits, misses; /* answered from the store; only with upstream's help */
	uint64_t fetched;      /* bytes of blobs */
};
void reg_proxy_count(struct reg_proxy *p, struct reg_proxy_counts *counts);

/* A blob on its way here. begin joins a download or starts one, and returns when it is known
 * how large the blob is. A download goes on without those who wanted it. */
struct reg_fetch;
struct reg_fetch *reg_fetch_begin(struct reg_proxy *p, const char *name, const char *digest,
				  struct err *err);
uint64_t reg_fetch_size(const struct reg_fetch *f); /* or HTTP_SIZE_UNKNOWN */
void reg_fetch_release(struct reg_fetch *f);
/* Send `count` bytes from `first` on, as they come; takes the reference. */
void reg_fetch_reply(struct reg_fetch *f, struct http_request *req, struct http_reply *rep,
		     int status, uint64_t first, uint64_t count);

#endif
