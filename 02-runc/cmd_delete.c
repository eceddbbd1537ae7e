/*
 * cmd_delete.c - `delete`: take away what `create` made.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/log.h"
#include "cmd.h"

/* Not what state.h says that a container's directory holds (and the temporaries beside it)? */
static int foreign(const struct dirent *e)
{
	static const char *const ours[] = { "state.json", "config.json", "intelrdt.json", "exec.fifo",
					    "criu-root", NULL };

	for (size_t i = 0; ours[i]; i++)
		if (str_starts(e->d_name, ours[i]))
			return false;
	return strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
}

/* A directory without a state: its creator died in its first moments. Or else it is no
 * container's, with `--root /` and the id "usr". */
static int delete_remains(const struct runc_global *g, struct runc_state *st, const char *id,
			  struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", g->root, id);
	struct dirent **names = NULL;
	int n = st->dir >= 0 ? scandir(path, &names, foreign, NULL) : 0;

	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (n)
		return err_set(err, ERR_CONFLICT, "%s is no container's directory", path);
	st->id = xstrdup(id);
	return runc_state_remove(st, g->root, err);
}

static int delete_it(const struct runc_global *g, const struct runc_state *st, bool force,
		     struct err *err)
{
	enum runc_status status = runc_state_status(st);

	/* A container that was never started has done nothing worth keeping. */
	if (status != STATUS_STOPPED && status != STATUS_CREATED && !force)
		return err_set(err, ERR_CONFLICT,
			       "cannot delete container %s that is not stopped: %s", st->id,
			       runc_status_names[status]);
	if (status != STATUS_STOPPED && runc_container_kill_all(st, err) &&
	    err->kind != ERR_NOT_FOUND)
		return -1;
	return runc_container_destroy(st, NULL, g->root, err);
}

/* Where its group is, as `create` decided it from this configuration. New, or NULL. */
static char *group_of(const struct runc_global *g, const struct runc_config *c, const char *id,
		      struct err *err)
{
	AUTO(runc_unit_free) struct runc_unit unit = { .user = runc_systemd_is_users(g->rootless) };
	AUTO_FREE char *path = xstrdup(c->cgroups_path ? c->cgroups_path : id), *name = NULL;
	struct kern_cgroup *cg;
	struct err no_unit;

	if ((g->systemd_cgroup || c->cgroups_path) &&
	    !runc_unit_parse(&unit, c->cgroups_path, id, &no_unit)) {
		free(path);
		path = runc_unit_path(&unit, err);
	}
	cg = path ? kern_cgroup_at(path, err) : NULL;
	name = cg ? kern_cgroup_name(cg) : NULL;
	kern_cgroup_free(cg);
	return steal_ptr(&name);
}

/* The state is damaged, but the configuration beside it says which group the processes are in. */
static int delete_damaged(const struct runc_global *g, struct runc_state *st, const char *id,
			  struct err *err)
{
	AUTO_CONFIG struct runc_config config = { .doc = NULL };
	struct kern_cgroup *cg;
	struct err second;
	int dir = steal_fd(&st->dir);

	runc_state_free(st);
	st->dir = dir;
	if (runc_config_load(&config, st->dir, "config.json", &second))
		return -1;
	log_warn("%s", err->msg);
	st->id = xstrdup(id);
	st->bundle = xstrdup("");
	st->cgroup = group_of(g, &config, id, err);
	if (!st->cgroup)
		return -1;
	cg = kern_cgroup_open(st->cgroup, &second);
	if (!cg)
		log_warn("container %s: its cgroup is not there: processes that still run are not found", id);
	kern_cgroup_free(cg);
	return delete_it(g, st, true, err);
}

static int delete_one(const struct runc_global *g, const char *id, bool force, struct err *err)
{
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;

	if (!runc_cmd_state_of(g, id, &st, err))
		return delete_it(g, &st, force, err);
	if (force && err->kind == ERR_NOT_FOUND)
		return delete_remains(g, &st, id, err);
	return force && err->kind == ERR_CORRUPT ? delete_damaged(g, &st, id, err) : -1;
}

int runc_cmd_delete(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[--force] <container-id>...",
						"remove what is left of a container", 1, -1 };
	bool force = false;
	const struct option_def defs[] = {
		{ "force", 'f', OPTION_FLAG, &force, "kill it first; missing is no error" },
		{ NULL },
	};
	int rest;

	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	for (int i = rest; rest >= 0 && i < argc; i++)
		if (delete_one(g, argv[i], force, err))
			return -1;
	return 0;
}
