/*
 * cmd_delete.c - `delete`: take away what `create` made.
 */
#include <fcntl.h>

#include "01-kernel/base/file.h"
#include "cmd.h"

/* A directory without a state: its creator died in its first moments. */
static int delete_remains(const struct runc_global *g, const char *id, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", g->root, id);

	return file_remove_tree(AT_FDCWD, path, err);
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
	for (int i = rest; rest >= 0 && i < argc; i++) {
		AUTO_STATE struct runc_state st = RUNC_STATE_INIT;

		if (!runc_cmd_state_of(g, argv[i], &st, err)) {
			if (delete_it(g, &st, force, err))
				return -1;
		} else if (!force || err->kind != ERR_NOT_FOUND ||
			   delete_remains(g, argv[i], err)) {
			return -1;
		}
	}
	return 0;
}
