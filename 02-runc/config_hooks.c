/*
 * config_hooks.c - the `hooks` object ("POSIX-platform Hooks" in config.md).
 * What hooks do is in hooks.c.
 */
#include <limits.h>
#include <string.h>

#include "config.h"
#include "property.h"

const char *const runc_hook_names[HOOK_KINDS] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

static int parse_hook(struct runc_hook *h, const json_t *obj, const char *where, struct err *err)
{
	const struct runc_range seconds = { 1, INT_MAX };
	int64_t timeout = 0;

	if (!json_is_object(obj))
		return err_set(err, ERR_INVALID, "%s: expected an object", where);
	if (runc_prop_need_str(obj, where, "path", &h->path, err) ||
	    runc_prop_strings(obj, where, "args", &h->args, err) ||
	    runc_prop_strings(obj, where, "env", &h->env, err) ||
	    runc_prop_int(obj, where, "timeout", seconds, &timeout, NULL, err))
		return -1;
	h->timeout = (int)timeout;
	if (h->path[0] != '/')
		return err_set(err, ERR_INVALID, "%s.path: '%s' is not an absolute path", where,
			       h->path);
	return 0;
}

static int parse_list(struct runc_hook_list *list, const json_t *hooks, const char *kind,
		      struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(hooks, "hooks", kind, &array, err))
		return -1;
	if (!json_array_size(array))
		return 0;
	list->v = xcalloc(json_array_size(array), sizeof *list->v);
	list->n = json_array_size(array); /* what is not parsed yet is all zero */
	json_array_foreach(array, i, item)
		if (parse_hook(&list->v[i], item, runc_prop_index(path, "hooks", kind, i), err))
			return -1;
	return 0;
}

int runc_config_hooks(struct runc_config *c, const json_t *doc, struct err *err)
{
	json_t *hooks;

	if (runc_prop_object(doc, "", "hooks", &hooks, err))
		return -1;
	for (int kind = 0; hooks && kind < HOOK_KINDS; kind++)
		if (parse_list(&c->hooks[kind], hooks, runc_hook_names[kind], err))
			return -1;
	return 0;
}
