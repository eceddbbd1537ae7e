/*
 * fetch.h - talking to a registry (OCI distribution specification) over libcurl.
 *
 * A struct ctrd_registry is one repository on one host, with what was learnt of
 * its authentication. It may be shared by threads: each request has its own
 * libcurl handle; the token is guarded by a lock.
 *
 * Credentials go to the registry's own host and to the token service that it
 * named, never along a redirect to another host, port or scheme. Plain HTTP is spoken
 * to loopback addresses and to hosts in `insecure` only, and never where a registry
 * that speaks TLS leads to.
 *
 * A struct ctrd_registries is what all transfers of a daemon share: tokens that are
 * still good, and where certificates and mirrors are configured.
 */
#ifndef DOCKYARD_CTRD_FETCH_H
#define DOCKYARD_CTRD_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"
#include "content.h"

struct ctrd_registries;
/* `certs_dirs` (NULL-terminated, may be NULL): directories with one per registry, "host:port",
 * in Docker's layout (*.crt, *.cert, *.key) or containerd's (hosts.toml). Never fails. */
struct ctrd_registries *ctrd_registries_new(const char *const *certs_dirs);
void ctrd_registries_free(struct ctrd_registries *regs);

/* Whoever asks; all NULL: anonymous. */
struct ctrd_credentials {
	const char *username, *password;
	const char *identity_token; /* what a token service gave for them at a login */
	const char *registry_token; /* a bearer token, ready for use */
};

/* Certificates beyond the system's. */
struct ctrd_tls {
	struct strlist ca;         /* PEM files */
	struct strlist certs, keys; /* the client's, in pairs of files */
	bool skip_verify;
};

struct ctrd_registry_options {
	const char *url;        /* "https://registry-1.docker.io", "http://127.0.0.1:5000";
	                           without a scheme https is tried, then what `insecure` allows */
	const char *repository; /* "library/nginx"; NULL: only to log in */
	const char *actions;    /* of the token's scope: "pull" or "pull,push" */
	const char *const *mount_from; /* other repositories to be read there; NULL: none */
	const char *const *insecure;   /* "host:port", "host" or "10.0.0.0/8"; may be NULL */
	struct ctrd_credentials credentials;
	struct ctrd_registries *registries; /* NULL: nothing is shared */
	const struct ctrd_tls *tls;         /* beside what certs_dirs have; may be NULL */
	const char *ns;         /* a mirror is told so whose images are meant ("?ns="); may be NULL */
	bool plain;             /* `url` may be plain HTTP although it is not in `insecure` */
	bool whole_path;        /* `url` has the API's path already: no "/v2" is added */
	bool impatient;         /* there is another source: do not wait for this one */
	unsigned stall_seconds; /* without a byte; 0: 30 */
	/* Asked now and then, from the threads that transfer: true ends the work with
	 * ERR_CANCELLED. May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};

struct ctrd_registry;
struct ctrd_registry *ctrd_registry_new(const struct ctrd_registry_options *o, struct err *err);
void ctrd_registry_free(struct ctrd_registry *r);
const char *ctrd_registry_host(const struct ctrd_registry *r); /* for messages */

/* Does it take these credentials? ERR_UNAUTHORIZED if not. *identity: the token that its token
 * service wants to see from now on in place of the password; NULL: none. The caller frees. */
int ctrd_registry_login(struct ctrd_registry *r, char **identity, struct err *err);

/* GET <the registry>/<path>, which is none of the repository: its body, of `limit` bytes at most.
 * Name and password are shown unasked: version 1 of the API, whose search is the one there
 * is, knows no challenge. */
int ctrd_registry_ask(struct ctrd_registry *r, const char *path, size_t limit,
		      struct strbuf *body, struct err *err);

/* GET a manifest by tag or digest: its bytes, media type and digest (computed from the bytes;
 * verified where `reference` is a digest). */
struct ctrd_manifest {
	char *body;
	size_t size;
	char media_type[128];
	char digest[DIGEST_SIZE];
};
int ctrd_fetch_manifest(struct ctrd_registry *r, const char *reference, struct ctrd_manifest *m,
			struct err *err);
void ctrd_manifest_free(struct ctrd_manifest *m);

/* HEAD: what the registry says of it, unverified. `what`: "manifests/latest", "blobs/sha256:…". */
struct ctrd_head {
	char digest[DIGEST_SIZE]; /* "" where it says none */
	int64_t size;             /* -1: the same */
};
int ctrd_fetch_head(struct ctrd_registry *r, const char *what, struct ctrd_head *head,
		    struct err *err);

/* GET a blob from `offset` on: `write` sees its bytes in order and may fail with -1/err.
 * *start tells where they begin: 0 if the registry ignored the Range. Transient failures
 * are not retried here: the caller knows how much it has. */
struct ctrd_fetch_sink {
	int (*begin)(void *arg, uint64_t start, struct err *err);
	int (*write)(void *arg, const void *buf, size_t n, struct err *err);
	bool (*unwanted)(void *arg); /* asked while nothing comes: true ends it. May be NULL. */
	void *arg;
	/* Before begin, where the registry says it: so many bytes are coming. May be NULL. */
	void (*expect)(void *arg, uint64_t bytes);
};
int ctrd_fetch_blob(struct ctrd_registry *r, const char *digest, uint64_t offset,
		    const struct ctrd_fetch_sink *sink, struct err *err);
/* The same from any other place (`urls` of a descriptor), without credentials. */
int ctrd_fetch_url(struct ctrd_registry *r, const char *url, uint64_t offset,
		   const struct ctrd_fetch_sink *sink, struct err *err);
/* May this failure pass if tried again (connection, 5xx, 429)? */
bool ctrd_fetch_transient(const struct err *err);

/* Push: is it there? / upload from an open file / put the manifest under a tag. */
int ctrd_push_exists(struct ctrd_registry *r, const char *digest, bool *exists, struct err *err);
struct ctrd_upload {
	const char *digest;
	int fd;
	uint64_t size;
	const char *mount_from; /* a repository that may have it, or NULL */
	void (*sent)(void *arg, uint64_t offset);
	void *arg;
};
/* *mounted: nothing was sent, the registry took it from mount_from. */
int ctrd_push_blob(struct ctrd_registry *r, const struct ctrd_upload *u, bool *mounted,
		   struct err *err);
int ctrd_push_manifest(struct ctrd_registry *r, const char *reference, const char *media_type,
		       const void *body, size_t size, struct err *err);

#endif
