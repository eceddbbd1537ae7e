/*
 * cmd_manifest_push.c - docker manifest push: a list that was made here, to its registry.
 *
 * What the list names has to be in the list's own repository. Of an image from
 * another one there, the registry is asked to take over the blobs (a mount:
 * nothing is sent), then its manifest is put, and at last the list.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "digest.h"
#include "manifest.h"
#include "verbs.h"

struct options {
	bool insecure, purge;
};

#define AT(field) offsetof(struct options, field)
static const struct cli_flag flags[] = {
	{ 0, "insecure", CLI_BOOL, AT(insecure), "Allow push to an insecure registry" },
	{ 'p', "purge", CLI_BOOL, AT(purge), "Remove the local manifest list after push" },
	{ 0 },
};

struct push {
	struct cli_registry r;
	const struct cli_reference *list;
};

static int mount(struct push *p, const struct cli_reference *from, const char *digest, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT, answer = STRBUF_INIT;
	long status;

	strbuf_addf(&path, "/v2/%s/blobs/uploads/", cli_registry_path(p->list));
	cli_query(&path, "from", cli_registry_path(from));
	cli_query(&path, "mount", digest);
	const struct cli_registry_request request = { "POST", path.data, NULL, NULL };
	if (cli_registry_ask(&p->r, &request, &answer, &status, err))
		return -1;
	return status == 201 ? 0 : err_set(err, ERR_SYSTEM, "error mounting %s@%s to %s", from->name, digest, p->list->name);
}

static int put(struct push *p, const char *name, const char *type, const char *body, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/v2/%s/manifests/%s", cli_registry_path(p->list), name);
	AUTO_FREE char *header = xasprintf("Content-Type: %s", type);
	const struct cli_registry_request request = { "PUT", path, header, body };
	AUTO_STRBUF struct strbuf answer = STRBUF_INIT;
	long status;

	return cli_registry_ask(&p->r, &request, &answer, &status, err);
}

/* An image of another repository: its blobs, then itself. */
static int take_over(struct push *p, const json_t *image, const struct cli_reference *from, struct err *err)
{
	const json_t *descriptor = json_object_get(image, "Descriptor");
	const char *digest = jsonx_str(descriptor, "digest", "");
	size_t n = 0, i;
	AUTO_FREE char *raw = cli_manifest_raw(image, &n, err);
	json_t *layer;

	AUTO_JSON json_t *doc = raw ? jsonx_parse(raw, n, "the manifest", err) : NULL;
	if (!doc || mount(p, from, jsonx_str(json_object_get(doc, "config"), "digest", ""), err))
		return -1;
	json_array_foreach(json_object_get(doc, "layers"), i, layer)
		if (mount(p, from, jsonx_str(layer, "digest", ""), err))
			return -1;
	if (put(p, digest, jsonx_str(descriptor, "mediaType", ""), raw, err))
		return -1;
	printf("Pushed ref %s@%s with digest: %s\n", p->list->name, digest, digest);
	return 0;
}

static int push_image(struct push *p, const json_t *image, struct err *err)
{
	const json_t *platform = json_object_get(json_object_get(image, "Descriptor"), "platform");
	const char *name = jsonx_str(image, "Ref", "");
	size_t domain = strcspn(p->list->name, "/");
	struct cli_reference ref;

	if (!*jsonx_str(platform, "os", "") || !*jsonx_str(platform, "architecture", ""))
		return err_set(err, ERR_INVALID, "manifest %s must have an OS and Architecture to be pushed to a registry", name);
	if (cli_manifest_name(&ref, name, err))
		return -1;
	int rc = 0;
	if (strncmp(ref.name, p->list->name, domain + 1))
		rc = err_set(err, ERR_INVALID, "cannot use source images from a different registry than the target image: "
			     "%.*s != %.*s", (int)strcspn(ref.name, "/"), ref.name, (int)domain, p->list->name);
	else if (strcmp(ref.name, p->list->name))
		rc = take_over(p, image, &ref, err);
	cli_reference_free(&ref);
	return rc;
}

static int push(struct push *p, const json_t *images, struct err *err)
{
	AUTO_FREE char *text = cli_manifest_list_text(images);
	char hex[CLI_SHA256_SIZE];
	json_t *image;
	size_t i;

	json_array_foreach((json_t *)images, i, image)
		if (push_image(p, image, err))
			return -1;
	cli_sha256(text, strlen(text), hex);
	AUTO_FREE char *digest = xasprintf("sha256:%s", hex);
	if (put(p, p->list->tag ? p->list->tag : digest, cli_manifest_list_type(images), text, err))
		return -1;
	puts(digest);
	return 0;
}

static int push_list(struct cli *cli, const struct options *o, const struct cli_reference *list, struct err *err)
{
	AUTO_JSON json_t *images = cli_manifest_list(&cli->config, list, err);
	struct push p = { .list = list };

	if (!images || cli_registry_open(&p.r, &cli->config, list, o->insecure, err))
		return -1;
	int rc = push(&p, images, err);
	cli_registry_free(&p.r);
	if (!rc && o->purge)
		rc = cli_manifest_remove(&cli->config, list, err);
	return rc;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct cli_reference list;

	(void)n;
	if (cli_manifest_name(&list, args[0], err))
		return -1;
	int rc = push_list(cli, options, &list, err);
	cli_reference_free(&list);
	return rc;
}

const struct cli_command cli_cmd_manifest_push = {
	.usage = "[OPTIONS] MANIFEST_LIST", .summary = "Push a manifest list to a repository",
	.about = "Push a manifest list to a repository\n\n" CLI_MANIFEST_EXPERIMENTAL("push"),
	.min = 1, .max = 1, .offline = true, .options_size = sizeof(struct options), .flags = flags, .run = run,
};
