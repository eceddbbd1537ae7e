/*
 * ctr_snapshots.c - the snapshots commands (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/v1/snapshots"

static const char *kind_name(const char *kind)
{
	return !strcmp(kind, "committed") ? "Committed" : !strcmp(kind, "view") ? "View" : "Active";
}

static void snapshot_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	(void)c;
	ctr_table_row(t, jsonx_str(v, "key", ""), jsonx_str(v, "parent", ""), kind_name(jsonx_str(v, "kind", "")));
}

int ctr_snapshots_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { PATH, "key", { "KEY", "PARENT", "KIND" }, snapshot_row };

	return ctr_list_show(c, argc, argv, &l);
}

int ctr_snapshots_info(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *key = NULL, *text = NULL;
	AUTO_JSON json_t *doc = NULL;
	struct err err;

	if (argc != 2)
		return ctr_misuse(c, "expected one key");
	key = ctrd_escape(argv[1]);
	doc = ctr_call(c, "GET", NULL, &err, PATH "/%s", key);
	if (!doc)
		return ctr_fail(&err);
	text = json_dumps(doc, JSON_INDENT(4));
	puts(text);
	return 0;
}

int ctr_snapshots_label(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *key = NULL;
	AUTO_JSON json_t *body = NULL, *done = NULL;
	struct err err;

	if (argc < 3)
		return ctr_misuse(c, "expected a key and labels");
	key = ctrd_escape(argv[1]);
	body = ctr_labels(argc - 2, argv + 2);
	done = ctr_call(c, "POST", body, &err, PATH "/%s", key);
	return done ? 0 : ctr_fail(&err);
}

/* --- mounts, prepare, view ---------------------------------------------------------------- */

static void print_mounts(const json_t *answer, const char *target)
{
	json_t *mount, *option;
	size_t i, k;

	json_array_foreach(json_object_get(answer, "mounts"), i, mount) {
		printf("mount -t %s %s %s -o ", jsonx_str(mount, "type", ""),
		       jsonx_str(mount, "source", ""), target);
		json_array_foreach(json_object_get(mount, "options"), k, option)
			printf("%s%s", k ? "," : "", json_string_value(option));
		putchar('\n');
	}
}

int ctr_snapshots_mounts(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *key = NULL;
	AUTO_JSON json_t *answer = NULL;
	struct err err;

	if (argc != 3)
		return ctr_misuse(c, "expected a target directory and a key");
	key = ctrd_escape(argv[2]);
	answer = ctr_call(c, "GET", NULL, &err, PATH "/%s/mounts", key);
	if (!answer)
		return ctr_fail(&err);
	print_mounts(answer, argv[1]);
	return 0;
}

static int make(struct ctr *c, const char *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "mounts", no_argument, NULL, 'm' },
		{ 0 },
	};
	AUTO_JSON json_t *body = NULL, *answer = NULL;
	const char *target = NULL;
	bool raw = false;
	struct err err;
	int ch, n;

	while ((ch = getopt_long(argc, argv, "+t:", options, NULL)) != -1) {
		if (ch == 't')
			target = optarg;
		else if (ch == 'm')
			raw = true;
		else
			return ctr_misuse(c, "unknown option");
	}
	n = argc - optind;
	if (n < 1 || n > 2)
		return ctr_misuse(c, "expected a key, and a parent's");
	body = json_pack("{s:s, s:s}", "key", argv[optind], "parent", n == 2 ? argv[optind + 1] : "");
	answer = ctr_call(c, "POST", body, &err, PATH "/%s", verb);
	if (!answer)
		return ctr_fail(&err);
	if (target)
		print_mounts(answer, target);
	if (raw) {
		AUTO_FREE char *text = json_dumps(json_object_get(answer, "mounts"), JSON_INDENT(4));

		puts(text);
	}
	return 0;
}

int ctr_snapshots_prepare(struct ctr *c, int argc, char **argv)
{
	return make(c, "prepare", argc, argv);
}

int ctr_snapshots_view(struct ctr *c, int argc, char **argv)
{
	return make(c, "view", argc, argv);
}

int ctr_snapshots_commit(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *key = NULL;
	AUTO_JSON json_t *body = NULL, *done = NULL;
	struct err err;

	if (argc != 3)
		return ctr_misuse(c, "expected a new key and an active one");
	key = ctrd_escape(argv[2]);
	body = json_pack("{s:s}", "name", argv[1]);
	done = ctr_call(c, "POST", body, &err, PATH "/%s/commit", key);
	return done ? 0 : ctr_fail(&err);
}

static int remove_snapshot(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *key = ctrd_escape(name);
	AUTO_JSON json_t *done = ctr_call(c, "DELETE", NULL, err, PATH "/%s", key);

	return done ? 0 : -1;
}

int ctr_snapshots_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_snapshot);
}

/* --- usage, diff, tree ------------------------------------------------------------------------ */

static int add_usage(struct ctr *c, struct ctr_table *t, const char *name, bool bytes,
		     struct err *err)
{
	AUTO_FREE char *key = ctrd_escape(name), *size = NULL, *inodes = NULL;
	AUTO_JSON json_t *u = ctr_call(c, "GET", NULL, err, PATH "/%s/usage", key);

	if (!u)
		return -1;
	size = bytes ? xasprintf("%lld", (long long)jsonx_int(u, "size", 0))
		     : ctr_size(jsonx_int(u, "size", 0));
	inodes = xasprintf("%lld", (long long)jsonx_int(u, "inodes", 0));
	ctr_table_row(t, name, size, inodes);
	return 0;
}

int ctr_snapshots_usage(struct ctr *c, int argc, char **argv)
{
	bool bytes = argc > 1 && !strcmp(argv[1], "-b");
	struct ctr_table t = { .columns = 3 };
	AUTO_JSON json_t *list = NULL;
	struct err err;
	json_t *v;
	size_t i;
	int rc = 0;

	argv += bytes;
	argc -= bytes;
	ctr_table_row(&t, "KEY", "SIZE", "INODES");
	if (argc == 1 && !(list = ctr_call(c, "GET", NULL, &err, PATH)))
		rc = -1;
	json_array_foreach(list, i, v)
		rc = rc ? rc : add_usage(c, &t, jsonx_str(v, "key", ""), bytes, &err);
	for (int k = 1; k < argc && !rc; k++)
		rc = add_usage(c, &t, argv[k], bytes, &err);
	ctr_table_end(&t, rc != 0);
	return rc ? ctr_fail(&err) : 0;
}

/* The layer goes to the standard output, and out of the store again unless it is to stay. */
int ctr_snapshots_diff(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "media-type", required_argument, NULL, 'm' },
		{ "keep", no_argument, NULL, 'k' },
		{ 0 },
	};
	AUTO_JSON json_t *body = json_object(), *layer = NULL, *gone = NULL;
	AUTO_FREE char *key = NULL, *path = NULL;
	bool keep = false;
	struct err err;
	int ch, n;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == 'm')
			json_object_set_new(body, "mediaType", json_string(optarg));
		else if (ch == 'k')
			keep = true;
		else
			return ctr_misuse(c, "unknown option");
	}
	n = argc - optind;
	if (n < 1 || n > 2)
		return ctr_misuse(c, "expected a key, or two: what is in the second and not in the first");
	if (n == 2)
		json_object_set_new(body, "parent", json_string(argv[optind]));
	key = ctrd_escape(argv[argc - 1]);
	layer = ctr_call(c, "POST", body, &err, PATH "/%s/diff", key);
	if (!layer)
		return ctr_fail(&err);
	path = xasprintf("/v1/content/%s", jsonx_str(layer, "digest", ""));
	if (ctrd_download(c->client, "GET", path, NULL, STDOUT_FILENO, &err) ||
	    (!keep && !(gone = ctr_call(c, "DELETE", NULL, &err, "%s", path))))
		return ctr_fail(&err);
	return 0;
}

/* A line each, its children under it. */
static void print_tree(const json_t *list, const char *parent, int level)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *key = jsonx_str(v, "key", "");

		if (strcmp(jsonx_str(v, "parent", ""), parent))
			continue;
		printf("%*s%s%s\n", 2 * level, "", level ? "\\_ " : "", key);
		print_tree(list, key, level + 1);
	}
}

int ctr_snapshots_tree(struct ctr *c, int argc, char **argv)
{
	AUTO_JSON json_t *list = NULL;
	struct err err;

	(void)argv;
	if (argc > 1)
		return ctr_misuse(c, "unexpected argument");
	list = ctr_call(c, "GET", NULL, &err, PATH);
	if (!list)
		return ctr_fail(&err);
	print_tree(list, "", 0);
	return 0;
}
