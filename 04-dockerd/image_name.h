/*
 * image_name.h - names that move, and images that lose their last one.
 *
 * In containerd what has no name is garbage. In Docker an image whose name was given to another
 * one stays, "dangling", until somebody removes it. So it gets a name that is none: no reference
 * can be written so, and dockerd_image_tag and the like have nothing to say about it.
 *
 *     <none>@sha256:…    with the digest of what it points at
 */
#ifndef DOCKYARD_DOCKERD_IMAGE_NAME_H
#define DOCKYARD_DOCKERD_IMAGE_NAME_H

#include "images.h"

#define NAMELESS "<none>@"
/* And of one that is being made, until it has its name: one that containerd takes. */
#define MAKING "dockyard.invalid/making@"

/* `full` is about to be given to something: the image that it is the last name of is kept as a
 * nameless one. *digest: what the name points at now, or "". */
void dockerd_name_displace(struct daemon *d, const char *full, char digest[136]);
/* An image that has a name again (or still) needs no other: call it after names were given. */
void dockerd_nameless_sweep(struct daemon *d);

/* Give `full` (NULL: none) to a descriptor, with both of the above. */
int dockerd_name_give(struct daemon *d, const char *full, const json_t *target, struct err *err);
int dockerd_name_drop(struct daemon *d, const char *name, struct err *err);

/* repo and tag of a request, as one name: both NULL or empty: *full stays NULL. The caller frees. */
int dockerd_name_parse(const char *repo, const char *tag, char **full, char **familiar,
		       struct err *err);

#endif
