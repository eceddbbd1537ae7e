/*
 * images_private.h - what images.c (names), images_resolve.c (what they mean) and
 * images_gc.c (what nothing means any more) share.
 */
#ifndef DOCKYARD_CTRD_IMAGES_PRIVATE_H
#define DOCKYARD_CTRD_IMAGES_PRIVATE_H

#include <pthread.h>

#include "images.h"

struct ctrd_images {
	char *root;
	struct content *content;
	struct ctrd_snapshots *snapshots;
	int (*roots)(void *arg, struct ctrd_gc *gc, struct err *err);
	void *roots_arg;

	/* Held while names change and for the whole of a collection: what a collection
	 * marks stays marked until it has swept. */
	pthread_mutex_t lock;
	unsigned leases;
	bool gc_wanted;
	json_t *pins; /* digest or key -> seconds (CLOCK_MONOTONIC) */
};

/* Call each with every image of every namespace; the lock is held by the caller. */
int ctrd_images_each(struct ctrd_images *im, void (*each)(void *arg, const json_t *image),
		     void *arg, struct err *err);
int ctrd_images_gc_locked(struct ctrd_images *im, struct err *err);

#endif
