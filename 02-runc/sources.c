/*
 * sources.c - see sources.h.
 */
#include "sources.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "01-kernel/base/strbuf.h"
#include "namespaces.h"

char *runc_source_path(const struct runc_mount *m, const char *bundle)
{
	return m->source[0] == '/' ? xstrdup(m->source) : xasprintf("%s/%s", bundle, m->source);
}

static int copy_one(const struct runc_mount *m, const char *bundle, struct err *err)
{
	AUTO_FREE char *path = runc_source_path(m, bundle);
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC), copy = -1;

	if (fd < 0)
		return err_sys(err, "open %s", path);
	copy = kern_mount_clone(fd, m->options.set & MS_REC, err);
	/* A slave, as everything that init finds in its mount namespace is. */
	return copy < 0 || kern_mount_enslave(copy, err) ? -1 : steal_fd(&copy);
}

/* The user namespace whose maps the mount is to have. */
static int maps_of(const struct runc_config *c, const struct runc_mount *m, struct err *err)
{
	const struct runc_namespace *user = runc_config_ns(c, CLONE_NEWUSER);
	int fd;

	if (m->maps.uid.n)
		return kern_userns_make(&m->maps, err);
	if (!user->path)
		return kern_userns_make(&c->maps, err);
	fd = open(user->path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open the user namespace %s", user->path) : fd;
}

int runc_source_mapped(const struct runc_mount *m, const char *bundle, int userns, struct err *err)
{
	AUTO_CLOSE int copy = copy_one(m, bundle, err);

	return copy < 0 || kern_mount_idmap(copy, userns, m->options.ridmap, err) ?
	       err_wrap(err, "id-map the mount of %s", m->source) : steal_fd(&copy);
}

/* A copy that nobody may need is no reason to fail. */
static int take(const struct runc_config *c, const struct runc_mount *m, const char *bundle,
		struct runc_source *s, struct err *err)
{
	if (!m->idmapped) {
		if (m->bind && runc_ns_user(c) && !geteuid())
			s->copy = copy_one(m, bundle, err);
		return 0;
	}
	s->userns = maps_of(c, m, err);
	if (s->userns < 0)
		return err_wrap(err, "id-map the mount of %s", m->source);
	if (!runc_ns_user(c))
		return 0;
	s->copy = runc_source_mapped(m, bundle, s->userns, err);
	return s->copy < 0 ? -1 : 0;
}

int runc_sources_copy(const struct runc_config *c, const char *bundle, struct runc_source **out,
		      struct err *err)
{
	bool needed = runc_ns_user(c);

	*out = NULL;
	for (size_t i = 0; i < c->n_mounts; i++)
		needed |= c->mounts[i].idmapped;
	if (!needed)
		return 0;
	*out = xcalloc(c->n_mounts + 1, sizeof **out);
	for (size_t i = 0; i < c->n_mounts; i++)
		(*out)[i] = (struct runc_source){ -1, -1, -1 };
	for (size_t i = 0; i < c->n_mounts; i++)
		if (take(c, &c->mounts[i], bundle, &(*out)[i], err))
			return -1;
	return 0;
}

void runc_sources_open(const struct runc_config *c, const char *bundle, struct runc_source *s)
{
	for (size_t i = 0; s && i < c->n_mounts; i++) {
		const struct runc_mount *m = &c->mounts[i];

		if (m->bind && !m->idmapped) {
			AUTO_FREE char *path = runc_source_path(m, bundle);

			s[i].fd = open(path, O_PATH | O_CLOEXEC);
		}
	}
}

void runc_sources_free(struct runc_source *s, size_t n)
{
	for (size_t i = 0; s && i < n; i++) {
		cleanup_close(&s[i].fd);
		cleanup_close(&s[i].copy);
		cleanup_close(&s[i].userns);
	}
	free(s);
}
