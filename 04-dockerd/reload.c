/*
 * reload.c - SIGHUP: the configuration is read again, and what may change under a running
 * daemon does: where images come from, which runtimes there are, and how much is logged. The rest of the file is
 * checked and waits for the next start. A file that is wrong changes nothing.
 */
#include "reload.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "events.h"
#include "runtimes.h"

static json_t *strings(struct daemon *d, const struct strlist *l)
{
	json_t *out;

	dockerd_lock(d);
	out = jsonx_strings(l);
	dockerd_unlock(d);
	return out;
}

static void copy(struct strlist *to, const struct strlist *from)
{
	strlist_free(to);
	for (size_t i = 0; i < from->n; i++)
		strlist_add(to, from->v[i]);
}

void dockerd_reloadable_set(struct daemon *d, const struct config *cfg)
{
	dockerd_lock(d);
	copy(&d->live.mirrors, &cfg->mirrors);
	copy(&d->live.insecure, &cfg->insecure);
	d->live.debug = !strcmp(cfg->log_level, "debug");
	json_decref(d->live.runtimes);
	d->live.runtimes = json_deep_copy(cfg->runtimes);
	free(d->live.default_runtime);
	d->live.default_runtime = xstrdup(cfg->default_runtime);
	dockerd_unlock(d);
}

void dockerd_reloadable_free(struct daemon *d)
{
	strlist_free(&d->live.mirrors);
	strlist_free(&d->live.insecure);
	json_decref(d->live.runtimes);
	free(d->live.default_runtime);
}

json_t *dockerd_mirrors(struct daemon *d)
{
	return strings(d, &d->live.mirrors);
}

json_t *dockerd_insecure(struct daemon *d)
{
	return strings(d, &d->live.insecure);
}

struct strlist dockerd_insecure_hosts(struct daemon *d)
{
	struct strlist out = STRLIST_INIT;

	dockerd_lock(d);
	copy(&out, &d->live.insecure);
	dockerd_unlock(d);
	return out;
}

bool dockerd_is_debug(struct daemon *d)
{
	bool debug;

	dockerd_lock(d);
	debug = d->live.debug;
	dockerd_unlock(d);
	return debug;
}

/* Attributes of events are strings. Takes `list`. New. */
static json_t *as_text(json_t *list)
{
	AUTO_FREE char *text = jsonx_text(list);

	json_decref(list);
	return json_string(text);
}

int dockerd_reload(struct daemon *d, int argc, char **argv, struct err *err)
{
	AUTO_CONFIG struct config fresh = { 0 };
	AUTO_JSON json_t *runtimes = NULL;
	char name[65] = "";

	if (dockerd_config_load(&fresh, argc, argv, err) || dockerd_config_log(&fresh, err))
		return -1;
	dockerd_reloadable_set(d, &fresh);
	gethostname(name, sizeof name - 1);
	runtimes = dockerd_runtimes_info(d);
	dockerd_event(d, "daemon", "reload", d->id,
		      json_pack("{s:s, s:s, s:o, s:o, s:o, s:O}", "name", name, "debug",
				dockerd_is_debug(d) ? "true" : "false", "registry-mirrors",
				as_text(dockerd_mirrors(d)), "insecure-registries",
				as_text(dockerd_insecure(d)), "runtimes",
				as_text(json_incref(json_object_get(runtimes, "Runtimes"))),
				"default-runtime", json_object_get(runtimes, "DefaultRuntime")));
	return 0;
}
