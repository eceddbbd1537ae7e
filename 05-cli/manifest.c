/*
 * manifest.c - an image's manifest, fetched; see manifest.h.
 */
#include "manifest.h"

#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "digest.h"
#include "value.h"

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define CHILDREN_MAX 256 /* of a list: each costs two requests */

int cli_manifest_name(struct cli_reference *ref, const char *text, struct err *err)
{
	if (cli_reference_parse_name(ref, text, err))
		return -1;
	if (!ref->tag && !ref->digest)
		ref->tag = xstrdup("latest");
	return 0;
}

char *cli_manifest_name_text(const struct cli_reference *ref)
{
	return xasprintf("%s%s%s%s%s", ref->name, ref->tag ? ":" : "", ref->tag ? ref->tag : "", ref->digest ? "@" : "",
			 ref->digest ? ref->digest : "");
}

/* ---- requests ------------------------------------------------------------ */

/* A manifest or a blob. What is asked for by digest has to have it. */
static int get(struct cli_registry *r, const struct cli_reference *ref, const char *kind, const char *name,
	       struct strbuf *out, struct err *err)
{
	static const char accept[] = "Accept: " DOCKER_MANIFEST ", " DOCKER_LIST ", " OCI_MANIFEST ", " OCI_INDEX;
	AUTO_FREE char *path = xasprintf("/v2/%s/%s/%s", cli_registry_path(ref), kind, name);
	const struct cli_registry_request request = { "GET", path, strcmp(kind, "manifests") ? NULL : accept, NULL };
	char hex[CLI_SHA256_SIZE];
	long status;

	strbuf_reserve(out, 1);
	if (cli_registry_ask(r, &request, out, &status, err))
		return -1;
	if (str_starts(name, "sha256:") && strcmp(name + 7, cli_sha256(out->data, out->len, hex)))
		return err_set(err, ERR_CORRUPT, "%s verification failed for digest %s", kind, name);
	return 0;
}

/* The platform's members, of a configuration or of an entry of a list. */
static json_t *platform_of(const json_t *doc)
{
	static const char *const members[] = { "architecture", "os", "os.version", "os.features", "variant" };
	json_t *platform = json_object();

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *value = json_object_get(doc, members[i]);
		if (value && cli_value_truth(value))
			json_object_set(platform, members[i], value);
	}
	return platform;
}

/* One image: its manifest is here, its platform is in its configuration. */
static json_t *image_of(struct cli_registry *r, const struct cli_reference *ref, const char *name, const struct strbuf *raw,
			const json_t *doc, struct err *err)
{
	const char *type = jsonx_str(doc, "mediaType", OCI_MANIFEST);
	const char *config = jsonx_str(json_object_get(doc, "config"), "digest", "");
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	char hex[CLI_SHA256_SIZE];

	if (strcmp(type, OCI_MANIFEST) && strcmp(type, DOCKER_MANIFEST)) {
		err_set(err, ERR_UNSUPPORTED, "unsupported manifest type: %s", type);
		return NULL;
	}
	if (!cli_reference_digest(config)) { /* it becomes part of a path */
		err_set(err, ERR_CORRUPT, "the manifest of %s names no configuration", name);
		return NULL;
	}
	if (get(r, ref, "blobs", config, &text, err))
		return NULL;
	AUTO_JSON json_t *platform = jsonx_parse(text.data, text.len, "the image's configuration", err);
	if (!platform)
		return NULL;
	AUTO_FREE char *code = base64_encode(raw->data, raw->len);
	AUTO_FREE char *digest = xasprintf("sha256:%s", cli_sha256(raw->data, raw->len, hex));
	return json_pack("{s:s, s:{s:s, s:s, s:I, s:o}, s:s, s:O}", "Ref", name, "Descriptor", "mediaType", type, "digest",
			 digest, "size", (json_int_t)raw->len, "platform", platform_of(platform), "Raw", code,
			 strcmp(type, OCI_MANIFEST) ? "SchemaV2Manifest" : "OCIManifest", doc);
}

static json_t *fetch_child(struct cli_registry *r, const struct cli_reference *ref, const json_t *entry, struct err *err)
{
	const char *digest = jsonx_str(entry, "digest", "");
	AUTO_STRBUF struct strbuf raw = STRBUF_INIT;
	AUTO_FREE char *list = cli_manifest_name_text(ref), *name = NULL;

	if (!cli_reference_digest(digest)) {
		err_set(err, ERR_CORRUPT, "the list has an entry without a digest");
		return NULL;
	}
	name = xasprintf("%.*s@%s", (int)strcspn(list, "@"), list, digest);
	if (get(r, ref, "manifests", digest, &raw, err))
		return NULL;
	AUTO_JSON json_t *doc = jsonx_parse(raw.data, raw.len, "the manifest", err);
	json_t *image = doc ? image_of(r, ref, name, &raw, doc, err) : NULL;
	if (image)
		json_object_set_new(json_object_get(image, "Descriptor"), "platform",
				    platform_of(json_object_get(entry, "platform")));
	return image;
}

static json_t *fetch_list(struct cli_registry *r, const struct cli_reference *ref, const json_t *entries, struct err *err)
{
	AUTO_JSON json_t *images = json_array();
	json_t *entry;
	size_t i;

	if (json_array_size(entries) > CHILDREN_MAX) {
		err_set(err, ERR_INVALID, "a list of more than %d manifests", CHILDREN_MAX);
		return NULL;
	}
	json_array_foreach((json_t *)entries, i, entry) {
		json_t *image = fetch_child(r, ref, entry, err);
		if (!image)
			return NULL;
		json_array_append_new(images, image);
	}
	return steal_ptr(&images);
}

static json_t *fetch(struct cli_registry *r, const struct cli_reference *ref, bool *list, struct err *err)
{
	AUTO_STRBUF struct strbuf raw = STRBUF_INIT;
	AUTO_FREE char *name = cli_manifest_name_text(ref);

	if (get(r, ref, "manifests", ref->digest ? ref->digest : ref->tag, &raw, err)) {
		AUTO_FREE char *reason = err->kind == ERR_UNAUTHORIZED ? xasprintf(" (%s)", err->msg) : xstrdup("");
		if (err->kind == ERR_NOT_FOUND || *reason)
			err_set(err, err->kind, "no such manifest: %s%s", name, reason);
		return NULL;
	}
	AUTO_JSON json_t *doc = jsonx_parse(raw.data, raw.len, "the manifest", err);
	if (!doc)
		return NULL;
	*list = json_is_array(json_object_get(doc, "manifests"));
	if (*list)
		return fetch_list(r, ref, json_object_get(doc, "manifests"), err);
	json_t *image = image_of(r, ref, name, &raw, doc, err);
	return image ? json_pack("[o]", image) : NULL;
}

json_t *cli_manifest_fetch(const struct cli_config *config, const struct cli_reference *ref, bool insecure, bool *list,
			   struct err *err)
{
	struct cli_registry r;

	if (!cli_registry_open(&r, config, ref, insecure, err)) {
		json_t *images = fetch(&r, ref, list, err);
		cli_registry_free(&r);
		return images;
	}
	if (err->kind == ERR_UNSUPPORTED) {
		AUTO_FREE char *name = cli_manifest_name_text(ref);
		err_set(err, ERR_UNSUPPORTED, "no such manifest: %s (its registry does not speak TLS: is --insecure meant?)", name);
	}
	return NULL;
}

/* ---- text ---------------------------------------------------------------- */

char *cli_manifest_raw(const json_t *image, size_t *n, struct err *err)
{
	const char *code = jsonx_str(image, "Raw", "");
	char *raw = base64_decode(code, strlen(code), n);

	if (raw && *n)
		return raw;
	free(raw);
	err_set(err, ERR_CORRUPT, "%s has no payload", jsonx_str(image, "Ref", "the manifest"));
	return NULL;
}

const char *cli_manifest_list_type(const json_t *images)
{
	const json_t *descriptor = json_object_get(json_array_get(images, 0), "Descriptor");

	return strcmp(jsonx_str(descriptor, "mediaType", ""), OCI_MANIFEST) ? DOCKER_LIST : OCI_INDEX;
}

char *cli_manifest_list_text(const json_t *images)
{
	AUTO_JSON json_t *entries = json_array();
	AUTO_STRBUF struct strbuf indented = STRBUF_INIT;
	json_t *image;
	size_t i;

	json_array_foreach((json_t *)images, i, image) {
		const json_t *d = json_object_get(image, "Descriptor");
		json_array_append_new(entries, json_pack("{s:s, s:I, s:s, s:O*}", "mediaType", jsonx_str(d, "mediaType", ""),
							 "size", jsonx_int(d, "size", 0), "digest",
							 jsonx_str(d, "digest", ""), "platform", json_object_get(d, "platform")));
	}
	AUTO_JSON json_t *doc = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType",
					  cli_manifest_list_type(images), "manifests", entries);
	AUTO_FREE char *text = cli_value_json(doc);
	cli_json_indent(text, "", "   ", &indented);
	return strbuf_steal(&indented);
}
