/*
 * content_private.h - what content.c and ingest.c share.
 */
#ifndef DOCKYARD_CTRD_CONTENT_PRIVATE_H
#define DOCKYARD_CTRD_CONTENT_PRIVATE_H

#include <pthread.h>

#include "content.h"

#define CONTENT_LABELS "labels" /* directory <root>/labels: content_labels.c */

struct content {
	char *root;
	pthread_mutex_t labels_lock; /* between reading a blob's labels and writing them */
	bool early; /* see content_write_early */
	int blobs;  /* directory <root>/blobs */
	int ingest; /* directory <root>/ingest */
};

/* "sha256/<hex>", where in <root>/blobs a blob is. ERR_INVALID unless the digest is a known one. */
int content_path(const char *digest, char path[DIGEST_SIZE], struct err *err);
/* Make the directory that this is in. */
int content_prepare(struct content *c, const char *digest, struct err *err);
/* Sync the names in <root>/blobs/<algorithm of the digest>. */
int content_settle_like(struct content *c, const char *digest, struct err *err);

#endif
