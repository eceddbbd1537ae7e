/*
 * ctr_archive.c - images import and export (ctr.h).
 */
#include "ctr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reference.h"

/* --- export ------------------------------------------------------------------------------ */

/* Into what is there and is no plain file: rename(2) would put one in the place of /dev/null, or of
 * a link. */
static int export_into(struct ctr *c, const char *path, const json_t *body, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	return ctrd_download(c->client, "POST", "/v1/transfer/export", body, fd, err);
}

/* Into a file beside the one that is meant, which takes its place when it is whole. */
static int export_to(struct ctr *c, const char *path, const json_t *body, struct err *err)
{
	AUTO_FREE char *part = xasprintf("%s.part", path);
	AUTO_CLOSE int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(err, "create %s", part);
	if (!ctrd_download(c->client, "POST", "/v1/transfer/export", body, fd, err)) {
		if (!rename(part, path))
			return 0;
		err_sys(err, "rename %s", part);
	}
	unlink(part);
	return -1;
}

static int add_names(json_t *body, int n, char **v, struct err *err)
{
	json_t *names = json_array();

	json_object_set_new(body, "names", names);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *name = NULL;
		struct reference ref;

		if (reference_parse(v[i], &ref, err))
			return -1;
		name = reference_full(&ref);
		json_array_append_new(names, json_string(name));
	}
	return 0;
}

int ctr_images_export(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "platform", required_argument, NULL, 'p' },
		{ "all-platforms", no_argument, NULL, 'a' },
		{ "skip-manifest-json", no_argument, NULL, 's' },
		{ 0 },
	};
	AUTO_JSON json_t *body = json_object();
	const char *out;
	struct stat st;
	struct err err;
	int ch;

	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == 'p')
			json_object_set_new(body, "platform", json_string(optarg));
		else if (ch == 'a')
			json_object_set_new(body, "all", json_true());
		else if (ch == 's')
			json_object_set_new(body, "format", json_string("oci"));
		else
			return ctr_misuse(c, "unknown option");
	}
	if (argc - optind < 2)
		return ctr_misuse(c, "expected a file and an image");
	out = argv[optind];
	if (add_names(body, argc - optind - 1, argv + optind + 1, &err))
		return ctr_fail(&err);
	if (strcmp(out, "-"))
		return (lstat(out, &st) || S_ISREG(st.st_mode) ? export_to : export_into)
			       (c, out, body, &err) ? ctr_fail(&err) : 0;
	return ctrd_download(c->client, "POST", "/v1/transfer/export", body, 1, &err)
		       ? ctr_fail(&err) : 0;
}

/* --- import ------------------------------------------------------------------------------ */

static int show(void *arg, json_t *event)
{
	const char *status = jsonx_str(event, "status", "");

	if (!strcmp(status, "imported"))
		printf("%s %s (%s)...done\n", *(bool *)arg ? "unpacking" : "importing",
		       jsonx_str(event, "name", ""),
		       jsonx_str(json_object_get(event, "target"), "digest", ""));
	return fflush(stdout) ? 1 : 0;
}

int ctr_images_import(struct ctr *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "base-name", required_argument, NULL, 'b' },
		{ "platform", required_argument, NULL, 'p' },
		{ "no-unpack", no_argument, NULL, 'n' },
		{ "digests", no_argument, NULL, 'd' },
		{ 0 },
	};
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_CLOSE int file = -1;
	bool unpack = true;
	struct err err;
	int ch, fd = 0;

	strbuf_adds(&path, "/v1/transfer/import");
	while ((ch = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (ch == 'b')
			ctr_query(&path, "base", optarg);
		else if (ch == 'p')
			ctr_query(&path, "platform", optarg);
		else if (ch == 'n')
			unpack = false;
		else if (ch == 'd')
			ctr_query(&path, "digests", "1");
		else
			return ctr_misuse(c, "unknown option");
	}
	if (!unpack)
		ctr_query(&path, "unpack", "0");
	if (argc - optind != 1)
		return ctr_misuse(c, "expected one file, or - for the standard input");
	if (strcmp(argv[optind], "-")) {
		file = fd = open(argv[optind], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(&err, "open %s", argv[optind]), ctr_fail(&err);
	}
	return ctrd_upload(c->client, path.data, fd, show, &unpack, &err) ? ctr_fail(&err) : 0;
}
