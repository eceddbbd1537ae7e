/*
 * ctr_leases.c - leases and namespaces (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- leases ------------------------------------------------------------------------------ */

static void lease_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	AUTO_FREE char *labels = ctr_labels_text(v);
	AUTO_FREE char *created = xasprintf("%.19sZ", jsonx_str(v, "createdAt", ""));

	(void)c;
	ctr_table_row(t, jsonx_str(v, "id", ""), created, labels);
}

int ctr_leases_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/leases", "id", { "ID", "CREATED AT", "LABELS" }, lease_row };

	return ctr_list_show(c, argc, argv, &l);
}

/* "24h", "90m", "1h30m", "45s": as Go writes durations; -1 if it is none. */
static long long seconds_of(const char *text)
{
	long long total = 0;

	do {
		char *end;
		long n = strtol(text, &end, 10);
		int unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' ? 1 : 0;

		if (end == text || !unit || n < 0)
			return -1;
		total += (long long)n * unit;
		text = end + 1;
	} while (*text);
	return total;
}

static void set_expiry(json_t *body, long long seconds)
{
	time_t when = time(NULL) + seconds;
	char text[64];
	struct tm tm;

	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
	json_object_set_new(json_object_get(body, "labels"), "containerd.io/gc.expire",
			    json_string(text));
}

int ctr_leases_create(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "id", required_argument, NULL, 'i' },
		{ "expires", required_argument, NULL, 'x' },
		{ 0 },
	};
	AUTO_JSON json_t *body = NULL, *lease = NULL;
	long long seconds = 24 * 3600; /* the real one's default; 0: for ever */
	const char *id = NULL;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+x:", options, NULL)) != -1) {
		if (ch == 'i')
			id = optarg;
		else if (ch == 'x')
			seconds = !strcmp(optarg, "0") ? 0 : seconds_of(optarg);
		else
			return ctr_misuse(c, "unknown option");
	}
	if (seconds < 0)
		return ctr_misuse(c, "--expires: expected a time like 1h30m");
	body = ctr_labels(argc - optind, argv + optind);
	if (id)
		json_object_set_new(body, "id", json_string(id));
	if (seconds)
		set_expiry(body, seconds);
	lease = ctr_call(c, "POST", body, &err, "/v1/leases");
	if (!lease)
		return ctr_fail(&err);
	puts(jsonx_str(lease, "id", ""));
	return 0;
}

static int remove_lease(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *id = ctrd_escape(name);
	AUTO_JSON json_t *done = ctr_call(c, "DELETE", NULL, err, "/v1/leases/%s", id);

	return done ? 0 : -1;
}

int ctr_leases_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_lease);
}

/* --- namespaces ----------------------------------------------------------------------------- */

static void namespace_row(struct ctr *c, struct ctr_table *t, const json_t *v)
{
	AUTO_FREE char *labels = ctr_labels_text(v);

	(void)c;
	ctr_table_row(t, jsonx_str(v, "name", ""), !strcmp(labels, "-") ? "" : labels);
}

int ctr_namespaces_list(struct ctr *c, int argc, char **argv)
{
	static const struct ctr_listing l = { "/v1/namespaces", "name", { "NAME", "LABELS" }, namespace_row };

	return ctr_list_show(c, argc, argv, &l);
}

int ctr_namespaces_create(struct ctr *c, int argc, char **argv)
{
	AUTO_JSON json_t *body = NULL, *made = NULL;
	struct err err;

	if (argc < 2)
		return ctr_misuse(c, "expected a name");
	body = ctr_labels(argc - 2, argv + 2);
	json_object_set_new(body, "name", json_string(argv[1]));
	made = ctr_call(c, "POST", body, &err, "/v1/namespaces");
	return made ? 0 : ctr_fail(&err);
}

int ctr_namespaces_label(struct ctr *c, int argc, char **argv)
{
	AUTO_JSON json_t *body = NULL, *done = NULL;
	AUTO_FREE char *name = NULL;
	struct err err;

	if (argc < 3)
		return ctr_misuse(c, "expected a name and labels");
	name = ctrd_escape(argv[1]);
	body = ctr_labels(argc - 2, argv + 2);
	done = ctr_call(c, "POST", body, &err, "/v1/namespaces/%s", name);
	return done ? 0 : ctr_fail(&err);
}

static int remove_namespace(struct ctr *c, const char *text, struct err *err)
{
	AUTO_FREE char *name = ctrd_escape(text);
	AUTO_JSON json_t *done = ctr_call(c, "DELETE", NULL, err, "/v1/namespaces/%s", name);

	return done ? 0 : -1;
}

int ctr_namespaces_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_namespace);
}
