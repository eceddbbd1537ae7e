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
	int blobs;  /* directory <root>/blobs/sha256 */
	int ingest; /* directory <root>/ingest */
};

/* The hex part: a blob's file name. ERR_INVALID unless the digest is well-formed. */
const char *content_name(const char *digest, struct err *err);

#endif
