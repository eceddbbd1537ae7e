/*
 * exec_settle.c - execs whose end nobody told us: containerd was away when they ended.
 *
 * Only those that were seen to start are asked for. One whose start is under way may not be
 * there yet, and who starts it learns what becomes of it.
 */
#include "exec_private.h"

#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/client.h"

static void settle(struct daemon *d, struct exec *e)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs/%s", e->c->id, e->id);
	struct err err;
	AUTO_JSON json_t *doc = ctrd_call(d->ctrd, "GET", path, NULL, &err);

	if (doc && !strcmp(jsonx_str(doc, "status", ""), "stopped"))
		dockerd_exec_finish(d, e, (int)jsonx_int(doc, "exitStatus", 255));
	else if (!doc && err.kind == ERR_NOT_FOUND) /* gone, with what knew its status */
		dockerd_exec_finish(d, e, 255);
}

/* Those that run, each with a reference; the caller frees the list. */
static struct exec **running(struct daemon *d, size_t *n)
{
	struct exec **list;

	*n = 0;
	dockerd_lock(d);
	for (const struct exec *e = d->execs; e; e = e->next)
		++*n;
	list = xcalloc(*n + 1, sizeof *list);
	*n = 0;
	for (struct exec *e = d->execs; e; e = e->next) {
		if (!e->running || !e->pid)
			continue;
		e->refs++;
		list[(*n)++] = e;
	}
	dockerd_unlock(d);
	return list;
}

void dockerd_execs_settle(struct daemon *d)
{
	size_t n;
	struct exec **list = running(d, &n);

	for (size_t i = 0; i < n; i++) {
		settle(d, list[i]);
		dockerd_exec_put(d, list[i]);
	}
	free(list);
}
