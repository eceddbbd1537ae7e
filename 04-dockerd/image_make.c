/*
 * image_make.c - see image_make.h.
 *
 * containerd unpacks what it imports. So the blobs go into its store one by one, and then an
 * archive is imported that holds nothing but the index: an OCI layout whose blobs are there.
 */
#include "image_make.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "03-containerd/tar_write.h"
#include "image_name.h"
#include "spool.h"

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

/* Its descriptor, new. */
static json_t *put_document(struct daemon *d, const json_t *doc, const char *type, struct err *err)
{
	AUTO_FREE char *text = jsonx_text(doc);
	char digest[136];

	if (ctrd_content_put(d->ctrd, text, strlen(text), digest, err))
		return NULL;
	return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)strlen(text));
}

static int write_fd(void *state, const void *buf, size_t n, struct err *err)
{
	return io_write_full(*(int *)state, buf, n) ? err_sys(err, "write an archive") : 0;
}

static int write_json(const struct ctrd_sink *out, const char *name, const json_t *doc,
		      struct err *err)
{
	AUTO_FREE char *text = jsonx_text(doc);

	return ctrd_tar_file(out, name, text, strlen(text), err);
}

static int write_index(int fd, const json_t *target, const char *name, struct err *err)
{
	struct ctrd_sink sink = { write_fd, &fd };
	AUTO_JSON json_t *layout = json_pack("{s:s}", "imageLayoutVersion", "1.0.0");
	AUTO_JSON json_t *entry = json_deep_copy(target);
	AUTO_JSON json_t *index = json_pack("{s:i, s:[O]}", "schemaVersion", 2, "manifests", entry);

	json_object_set_new(entry, "annotations",
			    json_pack("{s:s}", "io.containerd.image.name", name));
	if (write_json(&sink, "oci-layout", layout, err) ||
	    write_json(&sink, "index.json", index, err) || ctrd_tar_end(&sink, err))
		return -1;
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, "read an archive") : 0;
}

static int ignore(void *arg, json_t *line)
{
	(void)arg;
	(void)line;
	return 0;
}

/* Under a name that nobody else has, until it gets its own. */
static int import(struct daemon *d, const json_t *target, const char *name, struct err *err)
{
	AUTO_CLOSE int fd = dockerd_spool_open(d, err);

	if (fd < 0 || write_index(fd, target, name, err))
		return -1;
	return ctrd_upload(d->ctrd, "/v1/transfer/import", fd, ignore, NULL, err);
}

int dockerd_image_make(struct daemon *d, const json_t *config, const json_t *layers,
		       const char *full, char id[136], struct err *err)
{
	AUTO_JSON json_t *about = put_document(d, config, CONFIG_TYPE, err), *manifest = NULL,
			 *target = NULL;
	AUTO_FREE char *name = NULL;
	struct err ignored;
	int rc;

	if (!about)
		return -1;
	manifest = json_pack("{s:i, s:s, s:O, s:O}", "schemaVersion", 2, "mediaType", MANIFEST_TYPE,
			     "config", about, "layers", layers);
	target = put_document(d, manifest, MANIFEST_TYPE, err);
	if (!target)
		return -1;
	snprintf(id, 136, "%s", jsonx_str(about, "digest", ""));
	name = xasprintf(MAKING "%s", jsonx_str(target, "digest", ""));
	rc = import(d, target, name, err) || dockerd_name_give(d, full, target, err) ? -1 : 0;
	dockerd_name_drop(d, name, &ignored);
	return rc;
}
