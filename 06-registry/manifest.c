/*
 * manifest.c - reading manifests. What is checked, in the words of the OCI image
 * specification: schemaVersion is 2, mediaType is the one it was pushed under,
 * every descriptor has a media type, a digest and a size, an image has a config
 * and layers, an index has manifests.
 */
#include "manifest.h"

#include <string.h>
#include <strings.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "names.h"

/* Every value of a JSON text costs jansson some 100 bytes, so a few megabytes of
 * "[[],[],[]…" would become gigabytes. The densest honest manifest, a list of
 * descriptors, stays far below this. */
#define VALUES_LIMIT (256u << 10)

static const struct reg_manifest_type types[] = {
	{ "application/vnd.oci.image.manifest.v1+json", "layers", false },
	{ "application/vnd.oci.image.index.v1+json", "manifests", true },
	{ "application/vnd.docker.distribution.manifest.v2+json", "layers", false },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", "manifests", true },
};

const struct reg_manifest_type *reg_manifest_type(const char *media_type)
{
	size_t n = strcspn(media_type, "; \t"); /* parameters are to be ignored */

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].media_type) == n &&
		    !strncasecmp(types[i].media_type, media_type, n))
			return &types[i];
	return NULL;
}

static bool too_many_values(const char *text, size_t n)
{
	size_t values = 0;

	for (size_t i = 0; i < n; i++)
		values += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return values > VALUES_LIMIT;
}

/* The type by header and by member: one may be missing, both must agree. */
static int choose_type(struct reg_manifest *m, const char *content_type, struct err *err)
{
	const char *inside = jsonx_str(m->doc, "mediaType", NULL);
	const struct reg_manifest_type *own = inside ? reg_manifest_type(inside) : NULL;

	m->type = content_type ? reg_manifest_type(content_type) : own;
	if (!m->type)
		return reg_refuse(err, REG_MANIFEST_INVALID, "media type %.200s is not a manifest's",
				  content_type ? content_type : inside ? inside : "(none)");
	if (inside && own != m->type)
		return reg_refuse(err, REG_MANIFEST_INVALID,
				  "mediaType is %.200s, but it was pushed as %s", inside,
				  m->type->media_type);
	return 0;
}

static int check_digest(const char *where, const char *digest, struct err *err)
{
	if (digest && digest_known(digest))
		return 0;
	return reg_refuse(err, REG_MANIFEST_INVALID, "%s.digest: \"%.200s\" is not a digest", where,
			  digest ? digest : "");
}

static int read_part(const json_t *d, const char *where, bool in_index, struct reg_part *part,
		     struct err *err)
{
	const char *type = jsonx_str(d, "mediaType", NULL);
	json_int_t size = jsonx_int(d, "size", -1);

	if (!json_is_object(d))
		return reg_refuse(err, REG_MANIFEST_INVALID, "%s: expected a descriptor", where);
	if (!type || size < 0)
		return reg_refuse(err, REG_MANIFEST_INVALID, "%s: no %s", where,
				  type ? "size" : "mediaType");
	part->media_type = type;
	part->digest = jsonx_str(d, "digest", NULL);
	part->size = (uint64_t)size;
	part->manifest = in_index && reg_manifest_type(type);
	/* Docker's foreign layers and OCI's non-distributable ones. */
	part->foreign = !in_index && json_array_size(json_object_get(d, "urls")) > 0;
	return check_digest(where, part->digest, err);
}

int reg_manifest_each(const struct reg_manifest *m,
		      int (*each)(void *arg, const struct reg_part *part, struct err *err),
		      void *arg, struct err *err)
{
	const json_t *config = json_object_get(m->doc, "config");
	struct reg_part part;
	size_t i;
	json_t *d;

	if (!m->type->index &&
	    (read_part(config, "config", false, &part, err) || each(arg, &part, err)))
		return -1;
	json_array_foreach(json_object_get(m->doc, m->type->parts), i, d)
		if (read_part(d, m->type->parts, m->type->index, &part, err) ||
		    each(arg, &part, err))
			return -1;
	return 0;
}

static int nothing(void *arg, const struct reg_part *part, struct err *err)
{
	(void)arg;
	(void)part;
	(void)err;
	return 0;
}

static int read_subject(struct reg_manifest *m, struct err *err)
{
	const json_t *subject = json_object_get(m->doc, "subject");
	const json_t *config = json_object_get(m->doc, "config");

	m->artifact_type = jsonx_str(m->doc, "artifactType", NULL);
	if (!m->type->index && (!m->artifact_type || !*m->artifact_type))
		m->artifact_type = jsonx_str(config, "mediaType", NULL);
	if (!subject || json_is_null(subject))
		return 0;
	m->subject = jsonx_str(subject, "digest", NULL);
	return check_digest("subject", m->subject, err);
}

static int check_document(struct reg_manifest *m, const char *content_type, struct err *err)
{
	if (!json_is_object(m->doc))
		return reg_refuse(err, REG_MANIFEST_INVALID, "expected an object");
	if (jsonx_int(m->doc, "schemaVersion", 0) != 2)
		return reg_refuse(err, REG_MANIFEST_INVALID, "schemaVersion is not 2");
	if (choose_type(m, content_type, err))
		return -1;
	if (!json_is_array(json_object_get(m->doc, m->type->parts)))
		return reg_refuse(err, REG_MANIFEST_INVALID, "%s: expected a list", m->type->parts);
	return read_subject(m, err) ? -1 : reg_manifest_each(m, nothing, NULL, err);
}

int reg_manifest_parse(const char *text, size_t n, const char *content_type,
		       struct reg_manifest *m, struct err *err)
{
	*m = (struct reg_manifest){ 0 };
	if (too_many_values(text, n))
		return reg_refuse(err, REG_MANIFEST_INVALID, "more than %u values", VALUES_LIMIT);
	m->doc = jsonx_parse(text, n, "manifest", err);
	if (!m->doc)
		return reg_recode(err, REG_MANIFEST_INVALID);
	if (check_document(m, content_type, err)) {
		reg_manifest_free(m);
		return err_wrap(err, "manifest");
	}
	return 0;
}

void reg_manifest_free(struct reg_manifest *m)
{
	json_decref(m->doc);
	*m = (struct reg_manifest){ 0 };
}
