/*
 * hosts.h - where the images of a registry are to be got: its mirrors, in order, and itself.
 *
 * As in real containerd, <certs_dir>/<host:port>/hosts.toml (or that of the directory _default,
 * for all that have none) says so:
 *
 *     server = "https://registry.example"        # itself; this is what is meant without it
 *
 *     [host."https://mirror.example"]
 *       capabilities = ["pull", "resolve"]       # to read by digest; to say what a tag is; "push"
 *       ca = "ca.pem"                            # or a list of files
 *       client = [["client.cert", "client.key"]] # or files that have both
 *       skip_verify = false
 *       override_path = false                    # true: the URL has the whole path, no /v2 is added
 *
 * What stands before the first [host] is about the server. Relative files are beside hosts.toml. Without
 * capabilities a mirror may pull and resolve; it must say "push" to be pushed to.
 */
#ifndef DOCKYARD_CTRD_HOSTS_H
#define DOCKYARD_CTRD_HOSTS_H

#include "fetch.h"

struct ctrd_host {
	char *url;
	bool mirror; /* not the registry itself: it sees no credentials */
	bool configured; /* by hosts.toml: told whose images are meant; may be plain HTTP */
	bool pull, resolve, push, whole_path;
	struct ctrd_tls tls;
	bool failed; /* a transfer's own note: it was asked and did not answer */
};

struct ctrd_hosts {
	struct ctrd_host *v;
	size_t n;
};

/* For a reference's domain ("docker.io"): those that can `push`, or else pull. `mirrors` (may be
 * NULL) come first. Zero *out before; free it in any case. */
int ctrd_hosts_find(struct ctrd_registries *regs, const char *domain, const char *const *mirrors,
		    bool push, struct ctrd_hosts *out, struct err *err);
void ctrd_hosts_free(struct ctrd_hosts *hosts);

#endif
