/*
 * transfer.h - images between registries and the stores: pull and push.
 *
 * Pull: name ─▶ index ─▶ manifest (platform) ─▶ config and layers, several at once;
 * each layer is fetched, verified, unpacked; the snapshots are committed in
 * order, the name last. Whatever happens before that leaves no name and no
 * half-written blob; blobs that are whole stay for the next try.
 */
#ifndef DOCKYARD_CTRD_TRANSFER_H
#define DOCKYARD_CTRD_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "fetch.h"
#include "images.h"

struct ctrd_transfer {
	const char *ns;
	const char *ref;       /* as reference_parse takes it */
	const char *image;     /* push: the full name that the store has it under; NULL: ref's */
	const char *platform;  /* NULL: this machine's */
	const char *const *mirrors;  /* URLs, for docker.io, tried in order before it; NULL: none */
	const char *const *insecure; /* "host:port" that may speak plain HTTP or show any certificate */
	struct ctrd_credentials credentials; /* for the registry itself, never for a mirror */
	const struct ctrd_tls *tls;  /* the same; over what is configured for it; may be NULL */
	bool all_platforms;          /* pull: of an index every manifest, not only `platform`'s */
	bool no_unpack;              /* pull: only into the content store */
	struct ctrd_registries *registries;  /* what transfers share; NULL: nothing */
	/* Sees each event of the stream in README's API (borrowed), one at a time, from several
	 * threads. Non-zero: the listener is gone, give up. May be NULL. */
	int (*progress)(void *arg, json_t *event);
	/* Asked about once a second while nothing happens: true gives up too. May be NULL. */
	bool (*gone)(void *arg);
	void *arg;
};

/* Both return the last event, {"status":"done",…} (new; progress has seen it too), or NULL. */
json_t *ctrd_pull(struct ctrd_images *im, const struct ctrd_transfer *t, struct err *err);
json_t *ctrd_push(struct ctrd_images *im, const struct ctrd_transfer *t, struct err *err);

#endif
