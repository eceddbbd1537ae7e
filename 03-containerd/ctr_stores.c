/*
 * ctr_stores.c - containers, events, version (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>

#include "version.h"

/* --- containers -------------------------------------------------------------------------------- */

static void container_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	const char *image = jsonx_str(v, "image", "");

	(void)c;
	ctr_table_row(t, jsonx_str(v, "id", ""), *image ? image : "-",
		      jsonx_str(json_object_get(v, "runtime"), "name", "io.containerd.runc.v2"));
}

int ctr_containers_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/containers", "id", { "CONTAINER", "IMAGE", "RUNTIME" }, container_row };

	return ctr_list_show(c, argc, argv, &l);
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
	AUTO_FREE char *id = NULL;
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
	ctr_labels_print(doc);
	return 0;
}

/* A task that does not run goes with its container, as the real ctr does; containerd refuses the
 * others, and in one call, so that none can be started in between. */
static void drop_idle_task(struct ctr *c, const char *id)
{
	struct err ignored;
	AUTO_JSON json_t *task = ctr_call(c, "GET", NULL, &ignored, "/v1/tasks/%s", id);
	const char *status = jsonx_str(task, "status", "");

	if (!strcmp(status, "stopped") || !strcmp(status, "created"))
		json_decref(ctr_call(c, "DELETE", NULL, &ignored, "/v1/tasks/%s", id));
}

/* The container's document, new, as it was; NULL and err. */
static json_t *remove_container(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *doc = ctr_call(c, "GET", NULL, err, "/v1/containers/%s", id);
	AUTO_JSON json_t *gone = NULL;

	if (!doc)
		return NULL;
	drop_idle_task(c, id);
	gone = ctr_call(c, "DELETE", NULL, err, "/v1/containers/%s", id);
	return gone ? steal_ptr(&doc) : NULL;
}

/* The snapshot that `run` made for it goes too, as the real ctr does. */
static int remove_with_snapshot(struct ctr *c, const char *name, struct err *err)
{
	AUTO_JSON json_t *doc = remove_container(c, name, err), *snapshot = NULL;
	AUTO_FREE char *key = NULL;

	if (!doc)
		return -1;
	key = ctrd_escape(jsonx_str(doc, "snapshotKey", ""));
	if (!*key)
		return 0;
	snapshot = ctr_call(c, "DELETE", NULL, err, "/v1/snapshots/%s", key);
	return snapshot || err->kind == ERR_NOT_FOUND ? 0 : -1;
}

static int remove_alone(struct ctr *c, const char *name, struct err *err)
{
	AUTO_JSON json_t *doc = remove_container(c, name, err);

	return doc ? 0 : -1;
}

int ctr_containers_remove(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "keep-snapshot", no_argument, NULL, 'k' }, { 0 } };
	bool keep = false;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch != 'k')
			return ctr_misuse(c, "unknown option");
		keep = true;
	}
	return ctr_each(c, argc - optind + 1, argv + optind - 1,
			keep ? remove_alone : remove_with_snapshot);
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
