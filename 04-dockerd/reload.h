/*
 * reload.h - the few settings that SIGHUP changes under a running daemon (daemon.live).
 */
#ifndef DOCKYARD_DOCKERD_RELOAD_H
#define DOCKYARD_DOCKERD_RELOAD_H

#include <jansson.h>

#include "daemon.h"

/* Take them from cfg. */
void dockerd_reloadable_set(struct daemon *d, const struct config *cfg);
void dockerd_reloadable_free(struct daemon *d);

/* Read the command line and the file again. On -1 all is as it was. */
int dockerd_reload(struct daemon *d, int argc, char **argv, struct err *err);

json_t *dockerd_mirrors(struct daemon *d);  /* array, new */
json_t *dockerd_insecure(struct daemon *d); /* array, new */
struct strlist dockerd_insecure_hosts(struct daemon *d); /* the same; the caller frees */
bool dockerd_is_debug(struct daemon *d);

#endif
