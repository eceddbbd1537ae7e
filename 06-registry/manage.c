/*
 * manage.c - the category "content management": end-9, end-10.
 *
 * Deleting takes something out of one repository. The bytes go when no other
 * repository has a link to them (store.h).
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "server.h"

int reg_delete_manifest(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *reference = http_param(req, "reference");
	bool by_digest = strchr(reference, ':');
	int rc;

	if (!name)
		return -1;
	if (by_digest)
		rc = reg_digest_check(reference, err) ||
		     reg_manifest_delete(server->store, name, reference, err);
	else
		rc = reg_manifest_untag(server->store, name, reference, err);
	if (rc)
		return -1;
	reg_notify(server->notify, req,
		   &(struct reg_event){ .action = "delete", .name = name, .manifest = true,
					.tag = by_digest ? NULL : reference,
					.digest = by_digest ? reference : NULL });
	http_reply_empty(rep, 202);
	return 0;
}

/* A manifest's bytes are a blob of the repository too, but go by end-9 only. */
static int refuse_manifest(struct reg_store *store, const char *name, const char *digest,
			   struct err *err)
{
	AUTO_JSON json_t *index = reg_index_load(store, name, true, err);

	if (!index)
		return -1;
	if (!reg_index_digest(index, digest))
		return 0;
	return reg_refuse(err, REG_METHOD_UNSUPPORTED, "%s is a manifest: delete it as one", digest);
}

int reg_delete_blob(struct http_request *req, struct http_reply *rep, void *daemon,
		    struct err *err)
{
	struct reg_server *server = daemon;
	const char *name = reg_repository(req, err);
	const char *digest = http_param(req, "digest");
	AUTO_CLOSE int lock = -1;

	if (!name || reg_digest_check(digest, err))
		return -1;
	lock = reg_repo_lock(server->store, name, false, err);
	if (lock < 0 || refuse_manifest(server->store, name, digest, err) ||
	    reg_blob_delete(server->store, name, digest, err))
		return -1;
	reg_notify(server->notify, req,
		   &(struct reg_event){ .action = "delete", .name = name, .digest = digest });
	http_reply_empty(rep, 202);
	return 0;
}
