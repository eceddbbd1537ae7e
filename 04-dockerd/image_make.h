/*
 * image_make.h - a new image out of a config and layers: what commit and import have in common.
 */
#ifndef DOCKYARD_DOCKERD_IMAGE_MAKE_H
#define DOCKYARD_DOCKERD_IMAGE_MAKE_H

#include <jansson.h>

#include "03-containerd/http.h"
#include "daemon.h"

/* Store `config` and a manifest of it and `layers` (descriptors, lowest first, whose blobs are in
 * the store), unpack what is new, and name it (`full` NULL: nameless). *id: the config's digest. */
int dockerd_image_make(struct daemon *d, const json_t *config, const json_t *layers,
		       const char *full, char id[136], struct err *err);

/* The request's changes=, onto a Config: a Dockerfile's instructions CMD, ENTRYPOINT, ENV, EXPOSE,
 * HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR, as docker commit --change has them.
 * Each parameter may have several lines. */
int dockerd_image_changes(json_t *config, const struct http_request *req, struct err *err);
int dockerd_image_change(json_t *config, const char *lines, struct err *err);

#endif
