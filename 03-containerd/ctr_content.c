/*
 * ctr_content.c - content ls, active, get, ingest, label, rm (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void content_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	AUTO_FREE char *size = ctr_size(jsonx_int(v, "size", 0));
	AUTO_FREE char *age = ctr_age(jsonx_str(v, "createdAt", ""));
	AUTO_FREE char *labels = ctr_labels_text(v);

	(void)c;
	ctr_table_row(t, jsonx_str(v, "digest", ""), size, age, labels);
}

int ctr_content_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/content", "digest", { "DIGEST", "SIZE", "AGE", "LABELS" }, content_row };

	return ctr_list_show(c, argc, argv, &l);
}

static void active_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	AUTO_FREE char *size = ctr_size(jsonx_int(v, "offset", 0));
	AUTO_FREE char *age = ctr_age(jsonx_str(v, "updatedAt", ""));

	(void)c;
	ctr_table_row(t, jsonx_str(v, "ref", ""), size, age);
}

/* Pulls that are under way, or were broken off and can go on, and a registry's uploads. */
int ctr_content_active(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/ingests", "ref", { "REF", "SIZE", "AGE" }, active_row };

	return ctr_list_show(c, argc, argv, &l);
}

int ctr_content_get(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *path = NULL, *digest = NULL;
	struct err err;

	if (argc != 2)
		return ctr_misuse(c, "expected one digest");
	digest = ctrd_escape(argv[1]);
	path = xasprintf("/v1/content/%s", digest);
	return ctrd_download(c->client, "GET", path, NULL, STDOUT_FILENO, &err) ? ctr_fail(&err) : 0;
}

static int show_ingested(void *arg, json_t *answer)
{
	printf("%s: %s\n", (const char *)arg, jsonx_str(answer, "digest", ""));
	return 0;
}

int ctr_content_ingest(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "expected-size", required_argument, NULL, 's' },
		{ "expected-digest", required_argument, NULL, 'd' },
		{ 0 },
	};
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct err err;
	int ch;

	strbuf_adds(&path, "/v1/content");
	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch != 's' && ch != 'd')
			return ctr_misuse(c, "unknown option");
		ctr_query(&path, ch == 's' ? "size" : "digest", optarg);
	}
	if (argc - optind != 1)
		return ctr_misuse(c, "expected a name for what comes from the standard input");
	return ctrd_upload(c->client, path.data, STDIN_FILENO, show_ingested, argv[optind], &err)
		       ? ctr_fail(&err) : 0;
}

int ctr_content_label(struct ctr *c, int argc, char **argv)
{
	AUTO_FREE char *digest = NULL;
	AUTO_JSON json_t *body = NULL, *done = NULL;
	struct err err;

	if (argc < 3)
		return ctr_misuse(c, "expected a digest and labels");
	digest = ctrd_escape(argv[1]);
	body = ctr_labels(argc - 2, argv + 2);
	done = ctr_call(c, "POST", body, &err, "/v1/content/%s", digest);
	if (!done)
		return ctr_fail(&err);
	ctr_labels_print(done);
	return 0;
}

static int remove_blob(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *digest = ctrd_escape(name);
	AUTO_JSON json_t *done = ctr_call(c, "DELETE", NULL, err, "/v1/content/%s", digest);

	return done ? 0 : -1;
}

int ctr_content_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_blob);
}
