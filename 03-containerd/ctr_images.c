/*
 * ctr_images.c - images pull, push, rm, tag (ctr.h).
 */
#include "ctr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reference.h"

char *ctr_image_name(const char *text, struct err *err)
{
	AUTO_FREE char *name = NULL;
	struct reference ref;

	if (reference_parse(text, &ref, err))
		return NULL;
	name = reference_full(&ref);
	return ctrd_escape(name);
}

/* --- pull and push ------------------------------------------------------------------------- */

/* One line for each step of each layer. On a terminal or not: ctr's progress is for reading. */
static int show(void *arg, json_t *event)
{
	const char *status = jsonx_str(event, "status", ""), *id = jsonx_str(event, "id", NULL);

	(void)arg;
	if (id && (!strcmp(status, "downloading") || !strcmp(status, "uploading") ||
		   !strcmp(status, "waiting")))
		return 0; /* every few kilobytes: too many */
	if (id)
		printf("%s: %s\n", id, status);
	else if (!strcmp(status, "done"))
		printf("%s: done, %s\n", jsonx_str(event, "name", ""),
		       jsonx_str(json_object_get(event, "target"), "digest", ""));
	else
		printf("%s: %s\n", jsonx_str(event, "name", ""), status);
	fflush(stdout);
	return 0;
}

static void set_auth(json_t *body, const char *user_password)
{
	AUTO_FREE char *user = xstrdup(user_password);
	char *colon = strchr(user, ':');

	if (colon)
		*colon++ = '\0';
	json_object_set_new(body, "auth", json_pack("{s:s, s:s}", "username", user, "password",
						    colon ? colon : ""));
}

static void append(json_t *body, const char *key, const char *value)
{
	json_t *list = json_object_get(body, key);

	if (!list) {
		list = json_array();
		json_object_set_new(body, key, list);
	}
	json_array_append_new(list, json_string(value));
}

static int transfer(struct ctr *c, const char *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "platform", required_argument, NULL, 'p' },
		{ "plain-http", no_argument, NULL, 'P' },
		{ "skip-verify", no_argument, NULL, 'k' },
		{ "user", required_argument, NULL, 'u' },
		{ "mirror", required_argument, NULL, 'm' },
		{ 0 },
	};
	AUTO_JSON json_t *body = json_object();
	AUTO_FREE char *path = xasprintf("/v1/transfer/%s", verb);
	bool plain = false;
	struct reference ref;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+ku:", options, NULL)) != -1) {
		if (ch == 'p')
			json_object_set_new(body, "platform", json_string(optarg));
		else if (ch == 'P' || ch == 'k') /* to containerd both are an insecure registry */
			plain = true;
		else if (ch == 'u')
			set_auth(body, optarg);
		else if (ch == 'm')
			append(body, "mirrors", optarg);
		else
			return ctr_misuse(c, "unknown option");
	}
	if (argc - optind != 1)
		return ctr_misuse(c, "expected one reference");
	if (reference_parse(argv[optind], &ref, &err))
		return ctr_fail(&err);
	if (plain)
		append(body, "insecure", ref.domain);
	json_object_set_new(body, "ref", json_string(argv[optind]));
	return ctrd_stream(c->client, "POST", path, body, show, NULL, &err) ? ctr_fail(&err) : 0;
}

int ctr_images_pull(struct ctr *c, int argc, char **argv)
{
	return transfer(c, "pull", argc, argv);
}

int ctr_images_push(struct ctr *c, int argc, char **argv)
{
	return transfer(c, "push", argc, argv);
}

/* --- names ------------------------------------------------------------------------------------ */

static int remove_one(struct ctr *c, const char *name, struct err *err)
{
	AUTO_FREE char *escaped = ctr_image_name(name, err);
	AUTO_JSON json_t *done = NULL;

	if (!escaped)
		return -1;
	done = ctr_call(c, "DELETE", NULL, err, "/v1/images/%s", escaped);
	return done ? 0 : -1;
}

int ctr_images_remove(struct ctr *c, int argc, char **argv)
{
	return ctr_each(c, argc, argv, remove_one);
}

int ctr_images_tag(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	AUTO_FREE char *from = NULL, *to = NULL;
	AUTO_JSON json_t *image = NULL, *there = NULL, *body = NULL, *done = NULL;
	bool force = false;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch != 'f')
			return ctr_misuse(c, "unknown option");
		force = true;
	}
	if (argc - optind != 2)
		return ctr_misuse(c, "expected two references");
	if (!(from = ctr_image_name(argv[optind], &err)) ||
	    !(to = ctr_image_name(argv[optind + 1], &err)) ||
	    !(image = ctr_call(c, "GET", NULL, &err, "/v1/images/%s", from)))
		return ctr_fail(&err);
	if (!force && (there = ctr_call(c, "GET", NULL, &err, "/v1/images/%s", to))) {
		err_set(&err, ERR_EXISTS, "image %s exists (--force moves the name)",
			jsonx_str(there, "name", ""));
		return ctr_fail(&err);
	}
	body = json_pack("{s:O}", "target", json_object_get(image, "target"));
	done = ctr_call(c, "PUT", body, &err, "/v1/images/%s", to);
	if (!done)
		return ctr_fail(&err);
	puts(jsonx_str(done, "name", ""));
	return 0;
}
