/*
 * links.h - HostConfig.Links on the default bridge: lines in /etc/hosts and variables in the
 * environment, from before there was a resolver. (On users' networks a link is one more name:
 * dns_names.h.)
 */
#ifndef DOCKYARD_DOCKERD_LINKS_H
#define DOCKYARD_DOCKERD_LINKS_H

#include "container.h"

/* At create: the containers named are there. On the default bridge the links are theirs from now on,
 * whatever they are called: "<id>:alias". */
int dockerd_links_check(struct daemon *d, struct container *c, struct err *err);

/* As inspect shows HostConfig.Links, "/db:/web/db"; daemon.lock held. New. */
json_t *dockerd_links_shown(const struct daemon *d, const struct container *c);
/* "/web/db", appended for each that links to c; daemon.lock held. */
void dockerd_links_names(const struct daemon *d, const struct container *c, json_t *names);
bool dockerd_links_any(const struct daemon *d); /* daemon.lock held */
/* Whom "web/db" means, or NULL; daemon.lock held. */
struct container *dockerd_links_target(const struct daemon *d, const char *path);

/* At start: "172.17.0.2\tdb 0123456789ab web-db" lines, appended, for those that must run. */
int dockerd_links_hosts(struct daemon *d, const struct container *c, struct strbuf *out,
			struct err *err);

/* DB_NAME=/web/db, DB_PORT=tcp://172.17.0.2:5432 and the rest: new, a list of strings. */
json_t *dockerd_links_env(struct daemon *d, const struct container *c);

/* Forget one: "/web/db" is what web calls db. It counts at once where it runs, and when it is started
 * again. */
int dockerd_links_remove(struct daemon *d, const char *path, struct err *err);

#endif
