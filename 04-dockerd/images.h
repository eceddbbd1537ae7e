/*
 * images.h - containerd's names and descriptors as Docker's images.
 *
 * In containerd an image is a name that points at a manifest or an index. In Docker it is
 * a config's digest (the image ID) with any number of names. So a Docker image is all of
 * containerd's names that resolve, on this platform, to the same config.
 */
#ifndef DOCKYARD_DOCKERD_IMAGES_H
#define DOCKYARD_DOCKERD_IMAGES_H

#include <jansson.h>
#include <stdbool.h>

#include "03-containerd/http.h"
#include "daemon.h"

/* One containerd name, resolved. */
struct image_name {
	char *name;       /* docker.io/library/nginx:latest */
	json_t *resolved; /* containerd's /v1/resolve answer */
	const char *id;   /* in it: the config's digest */
};

struct image_names {
	struct image_name *v;
	size_t n;
};

/* Every name that this platform can run. */
int dockerd_images_load(struct daemon *d, struct image_names *all, struct err *err);
void dockerd_images_free(struct image_names *all);

/* By name ("nginx", "nginx:1", "…@sha256:…"), ID or its beginning. The entry in
 * `all`, or NULL: ERR_NOT_FOUND "No such image: nginx:latest". `by_id` (may be NULL) says
 * which of the two it was. */
const struct image_name *dockerd_image_find(const struct image_names *all, const char *ref,
					    bool *by_id, struct err *err);

/* One by reference, without looking at all where it is a name: containerd's resolve answer
 * (new) and the full name (*name, the caller frees). */
json_t *dockerd_image_resolve(struct daemon *d, const char *ref, char **name, struct err *err);

/* Bytes of the unpacked layers; 0 when the image has gone. */
json_int_t dockerd_image_size(struct daemon *d, const char *id);

/* Bytes of an unpacked layer, the n-th (from 1) of these. */
json_int_t dockerd_layer_size(struct daemon *d, const json_t *diff_ids, size_t n);
/* Bytes of all images' layers, each once. */
json_int_t dockerd_layers_size(struct daemon *d);

/* Bytes of an image's layers that another image has too. */
json_int_t dockerd_shared_size(struct daemon *d, const char *id);

/* DELETE /images/{ref} (image_delete.c): what was done is added to `done`. `req` (may be NULL) may
 * name platforms. */
int dockerd_image_remove(struct daemon *d, const char *ref, bool force,
			 const struct http_request *req, json_t *done, struct err *err);

/* GET /images/json (image_api.c), of which the latest version has least; new. */
json_t *dockerd_image_summaries(struct daemon *d, const json_t *filters, struct err *err);
void dockerd_images_virtual(json_t *list); /* VirtualSize, for clients before 1.44 */
/* RepoTags and RepoDigests of an ID. */
void dockerd_image_names_of(const struct image_names *all, const char *id, json_t *tags,
			    json_t *digests);

/* image_platform.c: containerd's resolve answer for a platform ("linux/arm64"), new; NULL with
 * ERR_NOT_FOUND where the image has none of it. */
json_t *dockerd_image_for(struct daemon *d, const struct image_name *image, const char *platform,
			  struct err *err);
/* platforms= of a request to delete. `*rest`: what was not named stays, and what was is gone and
 * told of in `done`; otherwise all of the image that is here is meant. */
int dockerd_image_drop_platforms(struct daemon *d, const struct image_name *image,
				 const struct http_request *req, json_t *done, bool *rest,
				 struct err *err);

/* image_manifests.c: what an index (or a manifest) has in it, "Manifests" of the API; new. */
json_t *dockerd_image_manifests(struct daemon *d, const json_t *target);
void dockerd_images_manifests(struct daemon *d, json_t *list); /* of each with a "Descriptor" */

/* Does a filter value name this image? */
bool dockerd_image_is(const char *value, const char *id, const char *name);

/* "nginx:latest" for containerd's name; "" where it has no tag. The caller frees. */
char *dockerd_image_tag(const char *name);
/* "nginx@sha256:…": the repository with the digest of what the name points at. */
char *dockerd_image_repo_digest(const struct image_name *image);
/* "sha256:abcdef…" -> "abcdef123456" (static length, the caller's buffer). */
const char *dockerd_image_short(const char *id, char out[13]);

#endif
