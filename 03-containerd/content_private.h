/*
 * content_private.h - what content.c and ingest.c share.
 */
#ifndef DOCKYARD_CTRD_CONTENT_PRIVATE_H
#define DOCKYARD_CTRD_CONTENT_PRIVATE_H

#include "content.h"

struct content {
	char *root;
	int blobs;  /* directory <root>/blobs/sha256 */
	int ingest; /* directory <root>/ingest */
};

/* The hex part: a blob's file name. ERR_INVALID unless the digest is well-formed. */
const char *content_name(const char *digest, struct err *err);

#endif
