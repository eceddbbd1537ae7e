/*
 * network_store.c - users' networks come and go, and their documents (network.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "network.h"

#define DOCUMENT_LIMIT (1 << 20)

static char *path_of(const struct networks *all, const char *id)
{
	return xasprintf("%s/%s.json", all->dir, id);
}

static int save(const struct networks *all, const struct network *net, struct err *err)
{
	AUTO_FREE char *path = path_of(all, net->id);
	AUTO_JSON json_t *doc = NULL;
	char mac[18];

	dockerd_mac_text(net->mac, mac);
	doc = json_pack("{s:i, s:O, s:s, s:s}", "Version", 1, "Network", net->doc, "Link", net->link,
			"MAC", mac);
	return jsonx_write(AT_FDCWD, path, doc, 0600, err);
}

/* --- adding ---------------------------------------------------------------------------- */

/* Any of the one's subnets with any of the other's. */
static bool overlap(const struct ipam *pool, const struct ipam *other)
{
	for (; pool && pool->family; pool = pool->more) {
		struct kern_addr subnet = dockerd_ipam_subnet(pool);

		if (dockerd_ipam_overlap(other, &subnet))
			return true;
	}
	return false;
}

/* lock held */
static int check_new(const struct networks *all, const struct network *net, struct err *err)
{
	for (const struct network *n = all->list; n; n = n->next) {
		if (!strcmp(n->name, net->name))
			return err_set(err, ERR_CONFLICT, "network with name %s already exists",
				       net->name);
		if (overlap(&net->pool, &n->pool) || overlap(&net->pool6, &n->pool6))
			return err_set(err, ERR_PERMISSION, POOL_OVERLAPS);
		if (net->driver == DRIVER_BRIDGE && n->driver == DRIVER_BRIDGE && *n->link &&
		    !strcmp(n->link, net->link))
			return err_set(err, ERR_PERMISSION,
				       "bridge name conflict: networks %s and %s have the same "
				       "bridge name %s",
				       net->name, n->name, net->link);
	}
	return 0;
}

static void append(struct networks *all, struct network *net)
{
	struct network **at = &all->list;

	while (*at)
		at = &(*at)->next;
	net->next = NULL;
	*at = net;
}

static void unlist(struct networks *all, struct network *net)
{
	struct network **at = &all->list;

	while (*at && *at != net)
		at = &(*at)->next;
	if (*at)
		*at = net->next;
}

/* A kernel without nftables still has the bridge and the proxy. */
static int apply(struct networks *all, struct err *err)
{
	if (!dockerd_network_apply(all, err))
		return 0;
	if (err->kind != ERR_UNSUPPORTED && err->kind != ERR_PERMISSION)
		return -1;
	log_warn("no nftables here: %s", err->msg);
	return 0;
}

/* lock held */
static int realise(struct networks *all, struct network *net, struct err *err)
{
	AUTO_FREE char *path = path_of(all, net->id);

	/* With the hardware address that the bridge will have: a daemon that finds both
	 * knows the one by the other. */
	if (net->driver == DRIVER_BRIDGE && !kern_link_exists(net->link)) {
		net->mac[0] = 0x02;
		net->mac[1] = 0x42;
		for (int i = 0; i < 4; i++)
			sscanf(net->id + 2 * i, "%2hhx", &net->mac[2 + i]);
	}
	if (file_mkdir_p(all->dir, 0700, err) || save(all, net, err))
		return -1;
	append(all, net);
	if (!dockerd_link_up(net, err) && (net->driver != DRIVER_BRIDGE || !apply(all, err)))
		return 0;
	unlist(all, net);
	dockerd_link_down(net);
	unlink(path);
	return -1;
}

int dockerd_network_add(struct networks *all, struct network *net, struct err *err)
{
	int rc;

	pthread_mutex_lock(&all->lock);
	rc = check_new(all, net, err) || realise(all, net, err) ? -1 : 0;
	pthread_mutex_unlock(&all->lock);
	if (rc)
		dockerd_network_free(net);
	return rc;
}

/* --- removing ----------------------------------------------------------------------------- */

/* lock held */
static int take_down(struct networks *all, struct network *net, struct err *err)
{
	AUTO_FREE char *path = path_of(all, net->id);
	struct err warning;

	if (net->endpoints)
		return err_set(err, ERR_PERMISSION,
			       "error while removing network: network %s id %s has active endpoints",
			       net->name, net->id);
	if (net->removing) /* by another request, which waits for this one to let go */
		return err_set(err, ERR_NOT_FOUND, "network %s not found", net->name);
	net->removing = true; /* nobody joins it from here on */
	while (net->users > 1)
		pthread_cond_wait(&all->unused, &all->lock);
	if (net->driver == DRIVER_BRIDGE && apply(all, &warning))
		log_error("rules without network %s: %s", net->name, warning.msg);
	dockerd_link_down(net);
	if (unlink(path) && errno != ENOENT) {
		net->removing = false;
		return err_sys(err, "remove %s", path);
	}
	unlist(all, net);
	return 0;
}

int dockerd_network_remove(struct networks *all, struct network *net, struct err *err)
{
	int rc;

	if (net->builtin) {
		dockerd_network_put(all, net);
		return err_set(err, ERR_PERMISSION,
			       "%s is a pre-defined network and cannot be removed", net->name);
	}
	pthread_mutex_lock(&all->lock);
	rc = take_down(all, net, err);
	if (rc) {
		net->users--;
		pthread_cond_broadcast(&all->unused);
	}
	pthread_mutex_unlock(&all->lock);
	if (!rc)
		dockerd_network_free(net);
	return rc;
}

/* --- at start ------------------------------------------------------------------------------- */

static int load_one(struct networks *all, const char *file, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", all->dir, file);
	AUTO_JSON json_t *doc = jsonx_read(AT_FDCWD, path, DOCUMENT_LIMIT, err);
	struct network *net = NULL;

	if (doc)
		net = dockerd_network_from_doc(json_object_get(doc, "Network"), err);
	if (!net)
		return -1;
	snprintf(net->link, sizeof net->link, "%s", jsonx_str(doc, "Link", ""));
	dockerd_mac_parse(jsonx_str(doc, "MAC", ""), net->mac);
	if (check_new(all, net, err)) {
		dockerd_network_free(net);
		return -1;
	}
	append(all, net);
	/* The network stays known, and says what is wrong when a container is to join. */
	if (dockerd_link_up(net, err))
		log_error("network %s: %s", net->name, err->msg);
	return 0;
}

static bool older(const struct network *a, const struct network *b)
{
	return strcmp(jsonx_str(a->doc, "Created", ""), jsonx_str(b->doc, "Created", "")) < 0;
}

/* The directory has no order; the list is by age, behind the three. */
static void sort(struct networks *all)
{
	struct network *rest = all->builtin[NET_NONE]->next;

	all->builtin[NET_NONE]->next = NULL;
	while (rest) {
		struct network *net = rest, **at = &all->builtin[NET_NONE]->next;

		rest = net->next;
		while (*at && older(*at, net))
			at = &(*at)->next;
		net->next = *at;
		*at = net;
	}
}

int dockerd_network_load_all(struct networks *all, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(all->dir);
	struct dirent *e;
	struct err one;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", all->dir);
	while ((e = readdir(dir))) {
		if (strlen(e->d_name) != ID_SIZE - 1 + strlen(".json") ||
		    !str_ends(e->d_name, ".json"))
			continue; /* a document that was never finished */
		if (load_one(all, e->d_name, &one))
			log_error("network %.12s cannot be loaded and is left alone: %s", e->d_name,
				  one.msg);
	}
	sort(all);
	return 0;
}
