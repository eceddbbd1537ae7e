/*
 * cmd_state.c - `state`: the state document of the specification, and where the
 * root file system is, as runc adds.
 */
#include <stdio.h>

#include "cmd.h"

int runc_cmd_state(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "<container-id>", "print its state", 1, 1 };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	const struct option_def none[] = { { NULL } };
	AUTO_JSON json_t *doc = NULL;
	enum runc_status status;
	int rest;

	if (runc_cmd_parse(&usage, none, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	status = runc_state_status(&st);
	doc = json_object();
	json_object_set_new(doc, "ociVersion", json_string(RUNC_SPEC_VERSION));
	json_object_set_new(doc, "id", json_string(st.id));
	json_object_set_new(doc, "pid", json_integer(status == STATUS_STOPPED ? 0 : st.pid));
	json_object_set_new(doc, "status", json_string(runc_status_names[status]));
	json_object_set_new(doc, "bundle", json_string(st.bundle));
	json_object_set_new(doc, "rootfs", json_string(st.rootfs));
	json_object_set_new(doc, "created", json_string(st.created));
	if (st.annotations)
		json_object_set(doc, "annotations", st.annotations);
	json_object_set_new(doc, "owner", json_string(""));
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	return 0;
}
