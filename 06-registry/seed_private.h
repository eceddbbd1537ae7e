/*
 * seed_private.h - what seed.c (layouts, and how an image is walked) and seed_archive.c share.
 */
#ifndef DOCKYARD_REG_SEED_PRIVATE_H
#define DOCKYARD_REG_SEED_PRIVATE_H

#include "seed.h"

struct seed {
	struct reg_store *store;
	const char *name;
	int layout;    /* directory; -1: the shared blobs, where an archive's are already */
	bool linking;  /* only give the repository its blobs, and no manifest yet */
	FILE *out;
	int depth;
};

/* An image, or an index with all its images, under a tag. */
int seed_manifest(struct seed *s, const char *digest, const char *media_type, const char *tag,
		  struct err *err);
/* Cut "a:b" at its last colon: b, in place; NULL where there is none, or only before a slash. */
char *seed_cut(char *s);

struct seed_order {
	struct reg_store *store;
	const char *ref;  /* which image; NULL: there is one */
	const char *name; /* what it is to be called; NULL: every image of an archive by its own */
	const char *tag;
	FILE *out;
};

/* A file made by `docker save`, `skopeo copy docker-archive:` and the like. */
int seed_archive(const struct seed_order *o, int fd, struct err *err);

#endif
