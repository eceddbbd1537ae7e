/*
 * push.c - writing to a repository (OCI distribution-spec, "Push"): a blob is
 * uploaded in two steps, POST for a place and PUT of everything ("monolithic"),
 * the manifest comes last and names them.
 */
#include "fetch_private.h"

#include <string.h>

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

/* Ask for a place to upload to: "Location", absolute or not, with a query of its own or not. */
static int open_upload(struct ctrd_registry *r, const char *digest, char *url, struct err *err)
{
	AUTO_FREE char *query = xasprintf("digest=%s", digest);
	struct exchange x;
	CURLU *u = NULL;
	char *out = NULL;
	int rc;

	exchange_init(&x, "POST");
	exchange_url(&x, r, "blobs/uploads/");
	rc = registry_request(r, &x, err);
	if (!rc) {
		u = curl_url();
		if (!u || !*x.location || curl_url_set(u, CURLUPART_URL, x.url, 0) ||
		    curl_url_set(u, CURLUPART_URL, x.location, 0) ||
		    curl_url_set(u, CURLUPART_QUERY, query, CURLU_APPENDQUERY | CURLU_URLENCODE) ||
		    curl_url_get(u, CURLUPART_URL, &out, 0) || strlen(out) >= URL_SIZE)
			rc = err_set(err, ERR_INVALID,
				     "registry %s: no usable Location for an upload", r->host);
		else
			strcpy(url, out);
		curl_free(out);
		curl_url_cleanup(u);
	}
	exchange_free(&x);
	return rc;
}

int ctrd_push_blob(struct ctrd_registry *r, const char *digest, int fd, uint64_t size,
		   void (*sent)(void *arg, uint64_t offset), void *arg, struct err *err)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PUT");
	x.upload_fd = fd;
	x.upload_size = size;
	x.sent = sent;
	x.sent_arg = arg;
	strlist_add(&x.headers, "Content-Type: application/octet-stream");
	rc = open_upload(r, digest, x.url, err);
	if (!rc)
		rc = registry_request(r, &x, err);
	exchange_free(&x);
	return rc;
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
