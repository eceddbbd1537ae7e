/*
 * list_ports.h - filters of the list of containers by ports.
 */
#ifndef DOCKYARD_DOCKERD_LIST_PORTS_H
#define DOCKYARD_DOCKERD_LIST_PORTS_H

#include "container.h"

/* For dockerd_filter_any: arg is the container. */
bool dockerd_list_exposes(const char *value, const void *container);
bool dockerd_list_publishes(const char *value, const void *container);
int dockerd_list_check_ports(const json_t *filters, struct err *err);

#endif
