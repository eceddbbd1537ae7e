/*
 * sysctl.c - which kernel settings are a container's own?
 *
 * /proc/sys mixes settings that exist once per namespace with settings of the
 * whole machine. Only the first may be in a container's configuration, and only
 * when the container has that namespace for itself.
 */
#include <sched.h>
#include <string.h>

#include "container.h"
#include "netdevices.h"

static const struct { const char *name; bool prefix; uint64_t ns; } known[] = {
	{ "kernel.msgmax", false, CLONE_NEWIPC }, { "kernel.msgmnb", false, CLONE_NEWIPC },
	{ "kernel.msgmni", false, CLONE_NEWIPC }, { "kernel.sem", false, CLONE_NEWIPC },
	{ "kernel.shmall", false, CLONE_NEWIPC }, { "kernel.shmmax", false, CLONE_NEWIPC },
	{ "kernel.shmmni", false, CLONE_NEWIPC },
	{ "kernel.shm_rmid_forced", false, CLONE_NEWIPC },
	{ "fs.mqueue.", true, CLONE_NEWIPC },
	{ "net.", true, CLONE_NEWNET },
	{ "kernel.domainname", false, CLONE_NEWUTS },
};

/* From dots to slashes or back. A name that has the separator in it ("eth0.100") is
 * written with the other one there (sysctl(8)). */
static void swap_separators(char *key)
{
	for (; *key; key++)
		*key = *key == '.' ? '/' : *key == '/' ? '.' : *key;
}

void runc_sysctl_normalise(json_t *linux_, json_t **sysctl)
{
	json_t *paths = json_object(), *value;
	const char *key;

	json_object_foreach(*sysctl, key, value) {
		AUTO_FREE char *path = xstrdup(key);

		if (path[strcspn(path, "./")] == '.') /* the first says which is meant */
			swap_separators(path);
		json_object_set(paths, path, value);
	}
	if (*sysctl)
		json_object_set(linux_, "sysctl", paths);
	*sysctl = json_object_get(linux_, "sysctl");
	json_decref(paths);
}

static bool has_empty_component(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!*p || *p == '/' || (p[0] == '.' && strchr("/", p[p[1] == '.' ? 2 : 1])))
			return true;
	}
	return false;
}

static int refuse_host(const char *name, uint64_t ns, struct err *err)
{
	if (ns == CLONE_NEWIPC)
		return err_set(err, ERR_INVALID, "linux.sysctl: sysctl \"%s\" is not allowed in the "
			       "hosts ipc namespace", name);
	if (ns == CLONE_NEWNET)
		return err_set(err, ERR_INVALID, "linux.sysctl: sysctl \"%s\" not allowed in host "
			       "network namespace", name);
	return err_set(err, ERR_INVALID, "linux.sysctl: sysctl \"%s\" is not in a separate kernel "
		       "namespace", name);
}

static int check(const struct runc_config *c, const char *path, struct err *err)
{
	AUTO_FREE char *name = xstrdup(path);

	swap_separators(name);
	if (has_empty_component(path))
		return err_set(err, ERR_INVALID, "linux.sysctl: '%s' is no setting", path);
	/* There is a property for it, which would win or lose without a word. */
	if (!strcmp(name, "kernel.hostname") && runc_config_ns(c, CLONE_NEWUTS))
		return err_set(err, ERR_INVALID, "linux.sysctl: sysctl \"%s\" is not allowed as it "
			       "conflicts with the OCI \"hostname\" field", name);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct runc_namespace *ns = runc_config_ns(c, known[i].ns);
		bool ours = ns && ns->path && known[i].ns == CLONE_NEWNET &&
			    runc_netns_is_ours(ns->path);

		if (known[i].prefix ? !str_starts(name, known[i].name)
				    : strcmp(name, known[i].name) != 0)
			continue;
		return ns && !ours ? 0 : refuse_host(name, known[i].ns, err);
	}
	return refuse_host(name, 0, err);
}

int runc_sysctl_check(const struct runc_config *c, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(c->sysctl, key, value)
		if (check(c, key, err))
			return -1;
	return 0;
}
