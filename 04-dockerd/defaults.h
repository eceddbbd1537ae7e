/*
 * defaults.h - what the operator decides for containers and networks whose requests do not say:
 * settings of daemon.json that end in a HostConfig or in a network's Options.
 *
 *   "default-shm-size": "128m"                                      HostConfig.ShmSize
 *   "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 4096}}
 *   "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}}
 */
#ifndef DOCKYARD_DOCKERD_DEFAULTS_H
#define DOCKYARD_DOCKERD_DEFAULTS_H

#include "config.h"

/* The objects, into *all (NULL: none yet): from a flag (nofile=1024:4096, bridge=KEY=VALUE), or from
 * the file. */
int dockerd_default_ulimits_add(json_t **all, const char *flag, struct err *err);
int dockerd_default_ulimits_take(json_t **all, const json_t *given, struct err *err);
int dockerd_default_options_add(json_t **all, const char *flag, struct err *err);
int dockerd_default_options_take(json_t **all, const json_t *given, struct err *err);

/* Every value is one that a request could have. */
int dockerd_defaults_check(const struct config *cfg, struct err *err);

/* Into a request's HostConfig, which the caller owns; the lists in it are not changed. */
void dockerd_defaults_of_host(const struct config *cfg, json_t *host);
/* A request's Options of a network of this driver, completed; new. */
json_t *dockerd_defaults_of_network(const struct config *cfg, const char *driver, const json_t *options);

#endif
