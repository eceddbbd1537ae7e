/*
 * push.c - writing to a repository (OCI distribution-spec, "Push"): first the blobs that it
 * does not have (push_upload.c), then the manifest that names them.
 */
#include "fetch_private.h"

int ctrd_push_exists(struct ctrd_registry *r, const char *digest, bool *exists, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "HEAD");
	exchange_url(&x, r, "blobs/%s", digest);
	rc = registry_request(r, &x, err);
	exchange_free(&x);
	*exists = rc == 0;
	return rc && err->kind == ERR_NOT_FOUND ? 0 : rc;
}

int ctrd_push_manifest(struct ctrd_registry *r, const char *reference, const char *media_type,
		       const void *body, size_t size, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PUT");
	exchange_url(&x, r, "manifests/%s", reference);
	x.upload_buf = body;
	x.upload_size = size;
	strlist_addf(&x.headers, "Content-Type: %s", media_type);
	rc = registry_request(r, &x, err);
	exchange_free(&x);
	return rc;
}
