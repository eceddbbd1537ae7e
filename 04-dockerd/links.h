/*
 * links.h - HostConfig.Links on the default bridge: lines in /etc/hosts and variables in the
 * environment, from before there was a resolver. (On users' networks a link is one more name:
 * dns_names.h.)
 */
#ifndef DOCKYARD_DOCKERD_LINKS_H
#define DOCKYARD_DOCKERD_LINKS_H

#include "container.h"

/* At create: the containers named are there. */
int dockerd_links_check(struct daemon *d, const struct container *c, struct err *err);

/* At start: "172.17.0.2\tdb 0123456789ab web-db" lines, appended, for those that must run. */
int dockerd_links_hosts(struct daemon *d, const struct container *c, struct strbuf *out,
			struct err *err);

/* DB_NAME=/web/db, DB_PORT=tcp://172.17.0.2:5432 and the rest: new, a list of strings. */
json_t *dockerd_links_env(struct daemon *d, const struct container *c);

/* Forget one: "/web/db" is what web calls db. It counts at once where it runs, and when it is started
 * again. */
int dockerd_links_remove(struct daemon *d, const char *path, struct err *err);

#endif
