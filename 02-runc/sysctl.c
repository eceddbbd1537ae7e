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

static const struct { const char *name; bool prefix; uint64_t ns; } known[] = {
	{ "kernel.msgmax", false, CLONE_NEWIPC }, { "kernel.msgmnb", false, CLONE_NEWIPC },
	{ "kernel.msgmni", false, CLONE_NEWIPC }, { "kernel.sem", false, CLONE_NEWIPC },
	{ "kernel.shmall", false, CLONE_NEWIPC }, { "kernel.shmmax", false, CLONE_NEWIPC },
	{ "kernel.shmmni", false, CLONE_NEWIPC },
	{ "kernel.shm_rmid_forced", false, CLONE_NEWIPC },
	{ "fs.mqueue.", true, CLONE_NEWIPC },
	{ "net.", true, CLONE_NEWNET },
	{ "kernel.domainname", false, CLONE_NEWUTS },
	{ "kernel.hostname", false, CLONE_NEWUTS },
};

static int check(const struct runc_config *c, const char *key, struct err *err)
{
	AUTO_FREE char *dotted = xstrdup(key);

	for (char *p = dotted; (p = strchr(p, '/')); )
		*p = '.';
	if (strstr(dotted, ".."))
		return err_set(err, ERR_INVALID, "linux.sysctl: '%s' is no setting", key);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct runc_namespace *ns = runc_config_ns(c, known[i].ns);

		if (known[i].prefix ? !str_starts(dotted, known[i].name)
				    : strcmp(dotted, known[i].name) != 0)
			continue;
		if (!ns)
			return err_set(err, ERR_INVALID, "sysctl \"%s\" is not allowed in the "
				       "host's namespace", key);
		return 0;
	}
	return err_set(err, ERR_INVALID, "sysctl \"%s\" is not in a separate kernel namespace", key);
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
