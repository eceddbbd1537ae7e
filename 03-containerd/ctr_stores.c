/*
 * ctr_stores.c - containers, events, version (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>

#include "version.h"

/* --- containers -------------------------------------------------------------------------------- */

int ctr_containers_list(struct ctr *c, int argc, char **argv)
{
	bool quiet = argc == 2 && !strcmp(argv[1], "-q");
	struct ctr_table t = { .columns = 3 };
	struct err err;
	AUTO_JSON json_t *list = NULL;
	json_t *v;
	size_t i;

	if (argc > 1 + quiet)
		return ctr_misuse(c, "unexpected argument");
	list = ctr_call(c, "GET", NULL, &err, "/v1/containers");
	if (!list)
		return ctr_fail(&err);
	ctr_table_row(&t, "CONTAINER", "IMAGE", "RUNTIME");
	json_array_foreach(list, i, v) {
		const json_t *runtime = json_object_get(v, "runtime");
		const char *id = jsonx_str(v, "id", "");

		if (quiet)
			puts(id);
		else
			ctr_table_row(&t, id, *jsonx_str(v, "image", "") ? jsonx_str(v, "image", "") : "-",
				      jsonx_str(runtime, "name", "io.containerd.runc.v2"));
	}
	if (quiet)
		strlist_free(&t.cells);
	else
		ctr_table_print(&t);
	return 0;
}

int ctr_containers_info(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *text = NULL, *id = NULL;
	AUTO_JSON json_t *doc = NULL;
	struct err err;

	if (argc != 2)
		return ctr_misuse(c, "expected one container");
	id = ctrd_escape(argv[1]);
	doc = ctr_call(c, "GET", NULL, &err, "/v1/containers/%s", id);
	if (!doc)
		return ctr_fail(&err);
	text = json_dumps(doc, JSON_INDENT(4));
	puts(text);
	return 0;
}

/* KEY=VALUE sets a label, KEY= clears it. */
int ctr_containers_label(struct ctr *c, int argc, char **argv)
{
	AUTO_JSON json_t *labels = json_object(), *body = NULL, *doc = NULL;
	AUTO_FREE char *id = NULL, *text = NULL;
	struct err err;

	if (argc < 3)
		return ctr_misuse(c, "expected a container and labels");
	for (int i = 2; i < argc; i++) {
		AUTO_FREE char *key = xstrndup(argv[i], strcspn(argv[i], "="));
		const char *value = argv[i] + strlen(key);

		json_object_set_new(labels, key, *value && value[1] ? json_string(value + 1) : json_null());
	}
	id = ctrd_escape(argv[1]);
	body = json_pack("{s:O}", "labels", labels);
	doc = ctr_call(c, "POST", body, &err, "/v1/containers/%s/labels", id);
	if (!doc)
		return ctr_fail(&err);
	text = jsonx_text(json_object_get(doc, "labels"));
	puts(text);
	return 0;
}

/* The snapshot that `run` made for it goes too, as the real ctr does. */
static int remove_container(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name), *key = NULL;
	AUTO_JSON json_t *doc = ctr_call(c, "GET", NULL, err, "/v1/containers/%s", id);
	AUTO_JSON json_t *gone = NULL, *snapshot = NULL;

	if (!doc)
		return -1;
	gone = ctr_call(c, "DELETE", NULL, err, "/v1/containers/%s", id);
	if (!gone)
		return -1;
	key = ctrd_escape(jsonx_str(doc, "snapshotKey", ""));
	if (!*key)
		return 0;
	snapshot = ctr_call(c, "DELETE", NULL, err, "/v1/snapshots/%s", key);
	return snapshot || err->kind == ERR_NOT_FOUND ? 0 : -1;
}

int ctr_containers_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_container);
}

/* --- events, version ---------------------------------------------------------------------------------- */

static int show_event(void *arg, json_t *line)
{
	AUTO_FREE char *text = jsonx_text(json_object_get(line, "event"));

	(void)arg;
	printf("%s %s %s %s\n", jsonx_str(line, "timestamp", ""), jsonx_str(line, "namespace", ""),
	       jsonx_str(line, "topic", ""), text);
	return fflush(stdout) ? 1 : 0;
}

int ctr_events(struct ctr *c, int argc, char **argv)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct err err;

	strbuf_adds(&path, "/v1/events");
	for (int i = 1; i < argc; i++)
		ctr_query(&path, "filter", argv[i]);
	return ctrd_stream(c->client, "GET", path.data, NULL, show_event, NULL, &err)
		       ? ctr_fail(&err) : 0;
}

int ctr_version(struct ctr *c, int argc, char **argv)
{
	struct err err;
	AUTO_JSON json_t *doc = NULL;

	(void)argv;
	if (argc > 1)
		return ctr_misuse(c, "unexpected argument");
	printf("Client:\n  Version:  %s\n", DOCKYARD_VERSION);
	doc = ctr_call(c, "GET", NULL, &err, "/v1/version");
	if (!doc)
		return ctr_fail(&err);
	printf("\nServer:\n  Version:  %s\n  API:      %s\n", jsonx_str(doc, "version", ""),
	       jsonx_str(doc, "api", ""));
	return 0;
}
