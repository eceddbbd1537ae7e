/*
 * ospec_mounts.c - the file systems that every container has, then its own
 * (ospec.h). Order counts: a mount hides what was mounted below it before.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "03-containerd/spec.h"
#include "mounts.h"
#include "ospec.h"
#include "volume_mount.h"

static json_t *oci_mount(const char *destination, const char *type, const char *source,
			 const char *options)
{
	json_t *list = json_array();

	words_split(options, list);
	return json_pack("{s:s, s:s, s:s, s:o}", "destination", destination, "type", type, "source",
			 source, "options", list);
}

/* Shared memory is a matter of mounts, hence of joins (shm.h). Message queues are their
 * namespace's: in the host's, what is mounted here shows the host's. */
static void add_standard(json_t *out, const struct container *c, const struct joins *j)
{
	AUTO_JSON json_t *standard = ctrd_spec_mounts(jsonx_bool(c->host, "Privileged", false));
	bool no_ipc = !strcmp(jsonx_str(c->host, "IpcMode", ""), "none");
	AUTO_FREE char *shm = xasprintf("nosuid,noexec,nodev,mode=1777,size=%lld",
					(long long)jsonx_int(c->host, "ShmSize", 0));
	json_t *m;
	size_t i;

	json_array_foreach(standard, i, m) {
		const char *dst = jsonx_str(m, "destination", "");
		bool is_shm = !strcmp(dst, "/dev/shm");

		if (dockerd_mounts_at(c->mounts, dst) || (no_ipc && is_shm))
			continue;
		if (is_shm && j->shm)
			json_array_append_new(out, oci_mount(dst, "bind", j->shm,
							     "rbind,rprivate,nosuid,noexec,nodev"));
		else if (is_shm)
			json_array_append_new(out, oci_mount(dst, "tmpfs", "shm", shm));
		else
			json_array_append(out, m);
	}
}

/* hostname, hosts and resolv.conf; those of the other container where its network is joined. */
static void add_netfiles(json_t *out, struct daemon *d, const struct container *c,
			 const struct joins *j)
{
	static const char *const files[] = { "resolv.conf", "hostname", "hosts", NULL };

	for (size_t i = 0; files[i]; i++) {
		AUTO_FREE char *destination = xasprintf("/etc/%s", files[i]);
		AUTO_FREE char *source = j->net_dir ? xasprintf("%s/%s", j->net_dir, files[i])
						    : dockerd_container_path(d, c, files[i]);

		if (!dockerd_mounts_at(c->mounts, destination))
			json_array_append_new(out, oci_mount(destination, "bind", source,
							     "rbind,rprivate"));
	}
}

/* Our init (docker-init.c) lies beside the daemon and is static: it runs in any image. */
static void add_init(json_t *out, const struct daemon *d, const struct container *c)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - sizeof "docker-init");

	if (n < 0 || !jsonx_bool(c->host, "Init", false))
		return;
	self[n] = '\0';
	strcpy(strrchr(self, '/') + 1, "docker-init");
	json_array_append_new(out, oci_mount("/sbin/docker-init", "bind",
					     d->cfg->init_path ? d->cfg->init_path : self, "bind,ro"));
}

json_t *dockerd_spec_mounts(struct daemon *d, const struct container *c, const struct joins *j)
{
	AUTO_FREE char *parts = dockerd_subpaths_dir(d, c->id);
	json_t *out = json_array(), *own = dockerd_mounts_oci(c->mounts, parts);

	add_standard(out, c, j);
	add_netfiles(out, d, c, j);
	add_init(out, d, c);
	json_array_extend(out, own);
	json_decref(own);
	return out;
}
