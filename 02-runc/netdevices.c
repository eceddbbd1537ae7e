/*
 * netdevices.c - see netdevices.h.
 */
#include "netdevices.h"

#include <ctype.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/log.h"
#include "config.h"
#include "property.h"

bool runc_netns_is_ours(const char *path)
{
	struct stat ours, that;

	return !stat("/proc/self/ns/net", &ours) && !stat(path, &that) &&
	       ours.st_dev == that.st_dev && ours.st_ino == that.st_ino;
}

/* As the kernel judges (dev_valid_name). */
static bool valid_name(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

static int parse_device(struct runc_netdev *d, const char *key, const json_t *obj,
			struct err *err)
{
	char where[PROPERTY_PATH_SIZE];

	snprintf(where, sizeof where, "linux.netDevices[\"%s\"]", key);
	d->host = d->name = key;
	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_str(obj, where, "name", &d->name, err))
		return -1;
	if (!*d->name)
		d->name = key;
	if (!valid_name(key) || !valid_name(d->name))
		return err_set(err, ERR_INVALID, "%s: invalid network device name \"%s\"", where,
			       valid_name(key) ? d->name : key);
	return 0;
}

int runc_config_netdevices(struct runc_config *c, const json_t *linux_, struct err *err)
{
	json_t *obj, *value;
	const char *key;

	if (runc_prop_object(linux_, "linux", "netDevices", &obj, err))
		return -1;
	c->netdevs = xcalloc(json_object_size(obj) + 1, sizeof *c->netdevs);
	json_object_foreach(obj, key, value) {
		struct runc_netdev *d = &c->netdevs[c->n_netdevs++];

		if (parse_device(d, key, value, err))
			return -1;
		for (const struct runc_netdev *other = c->netdevs; other < d; other++)
			if (!strcmp(other->name, d->name) && !strstr(d->name, "%d"))
				return err_set(err, ERR_INVALID, "linux.netDevices[\"%s\"].name: "
					       "'%s' is given twice", key, d->name);
	}
	return 0;
}

int runc_netdevices_check(const struct runc_config *c, struct err *err)
{
	const struct runc_namespace *net = runc_config_ns(c, CLONE_NEWNET);

	if (!c->n_netdevs)
		return 0;
	if (!net || (net->path && runc_netns_is_ours(net->path)))
		return err_set(err, ERR_INVALID, "linux.netDevices: unable to move network devices "
			       "without a NET namespace");
	if (geteuid())
		return err_set(err, ERR_UNSUPPORTED, "linux.netDevices: network devices are not "
			       "supported for rootless containers");
	for (size_t i = 0; i < c->n_netdevs; i++)
		if (!kern_link_exists(c->netdevs[i].host))
			return err_set(err, ERR_NOT_FOUND, "linux.netDevices[\"%s\"]: link not "
				       "found for interface on runtime namespace",
				       c->netdevs[i].host);
	return 0;
}

int runc_netdevices_attach(const struct runc_config *c, pid_t pid, struct runc_netmoves *m,
			   struct err *err)
{
	char path[64];

	if (!c->n_netdevs)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	m->ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	m->theirs = open(path, O_RDONLY | O_CLOEXEC);
	if (m->ours < 0 || m->theirs < 0)
		return err_sys(err, "open the network namespaces");
	m->v = xcalloc(c->n_netdevs, sizeof *m->v);
	for (; m->n < c->n_netdevs; m->n++) {
		m->v[m->n] = (struct kern_link_move){
			.name = c->netdevs[m->n].host, .new_name = c->netdevs[m->n].name,
			.from = m->ours, .to = m->theirs, .up = true,
		};
		if (kern_link_move(&m->v[m->n], err)) {
			m->n++; /* it may be there, without its addresses */
			return err_wrap(err, "linux.netDevices");
		}
	}
	return 0;
}

void runc_netdevices_detach(struct runc_netmoves *m)
{
	struct err err;

	while (m->n) {
		const struct kern_link_move *there = &m->v[--m->n];
		struct kern_link_move back = {
			.name = there->got, .new_name = there->name, .from = m->theirs,
			.to = m->ours, .up = there->was_up,
		};

		if (there->moved && kern_link_move(&back, &err))
			log_warn("%s", err.msg);
	}
}

void runc_netmoves_free(struct runc_netmoves *m)
{
	free(m->v);
	cleanup_close(&m->ours);
	cleanup_close(&m->theirs);
	*m = (struct runc_netmoves)RUNC_NETMOVES_INIT;
}
