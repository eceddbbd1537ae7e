/*
 * manifest_store.c - manifests into repositories, and out again.
 *
 * The order of writing is what makes a crash harmless: parts first (the client
 * pushed them), the manifest's own bytes second, index.json last, by one rename.
 * Referrers follow index.json when adding and go before it when removing; the
 * client has no answer yet, so it asks again, and asking again repairs them.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "referrers.h"

struct check {
	struct reg_store *store;
	const char *name;
	json_t *manifests; /* an object: the digests of the repository's manifests are its keys */
};

static int check_part(void *arg, const struct reg_part *part, struct err *err)
{
	struct check *c = arg;
	uint64_t size = 0;

	if (part->foreign)
		return 0;
	if (!reg_blob_has(c->store, c->name, part->digest, &size) ||
	    (part->manifest && !json_object_get(c->manifests, part->digest)))
		return reg_refuse(err, REG_MANIFEST_BLOB_UNKNOWN, "%s has no %s %s", c->name,
				  part->manifest ? "manifest" : "blob", part->digest);
	if (size != part->size)
		return reg_refuse(err, REG_MANIFEST_INVALID,
				  "%s has %llu bytes, the manifest says %llu", part->digest,
				  (unsigned long long)size, (unsigned long long)part->size);
	return 0;
}

static int check_parts(struct reg_store *store, const char *name, const struct reg_manifest *m,
		       struct err *err)
{
	AUTO_JSON json_t *index = reg_index_load(store, name, true, err);
	AUTO_JSON json_t *manifests = json_object();
	struct check c = { store, name, manifests };
	size_t i;
	json_t *d;

	/* One index may name tens of thousands, and so may the repository: not each in a list. */
	json_array_foreach(json_object_get(index, "manifests"), i, d)
		json_object_set_new(manifests, jsonx_str(d, "digest", ""), json_true());
	return index ? reg_manifest_each(m, check_part, &c, err) : -1;
}

static int put_locked(struct reg_store *store, const char *name, const char *tag, size_t n,
		      const struct reg_manifest *m, const char *digest, struct err *err)
{
	AUTO_JSON json_t *index = reg_index_load(store, name, true, err);

	if (!index)
		return -1;
	reg_index_put(index, tag, m->type->media_type, digest, n);
	if (reg_index_save(store, name, index, err))
		return -1;
	return m->subject ? reg_referrers_add(store, name, m, digest, n, err) : 0;
}

int reg_manifest_put(struct reg_store *store, const char *name, const char *tag, const char *text,
		     size_t n, const struct reg_manifest *m, const char *digest, struct err *err)
{
	AUTO_CLOSE int lock = -1;

	/* Once before anything is made on disk, and once more when nobody can change it. */
	if (check_parts(store, name, m, err))
		return -1;
	lock = reg_repo_lock(store, name, true, err);
	if (lock < 0 || check_parts(store, name, m, err) ||
	    reg_blob_write(store, name, text, n, digest, err) ||
	    put_locked(store, name, tag, n, m, digest, err))
		return err_wrap(err, "store manifest");
	return 0;
}

int reg_manifest_keep(struct reg_store *store, const char *name, const char *tag, const char *text,
		      size_t n, const struct reg_manifest *m, const char *digest, struct err *err)
{
	AUTO_CLOSE int lock = reg_repo_lock(store, name, true, err);

	if (lock < 0 || reg_blob_write(store, name, text, n, digest, err) ||
	    put_locked(store, name, tag, n, m, digest, err))
		return err_wrap(err, "keep manifest");
	return 0;
}

int reg_manifest_tag(struct reg_store *store, const char *name, const char *tag,
		     const char *digest, struct err *err)
{
	AUTO_CLOSE int lock = reg_repo_lock(store, name, false, err);
	AUTO_JSON json_t *index = lock < 0 ? NULL : reg_index_load(store, name, false, err);
	AUTO_JSON json_t *d = json_incref(reg_index_digest(index, digest)); /* beyond its removal */

	if (!index)
		return -1;
	if (!d)
		return reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no manifest %s", name, digest);
	reg_index_put(index, tag, jsonx_str(d, "mediaType", ""), digest,
		      (uint64_t)jsonx_int(d, "size", 0));
	return reg_index_save(store, name, index, err);
}

int reg_manifest_untag(struct reg_store *store, const char *name, const char *tag, struct err *err)
{
	AUTO_CLOSE int lock = reg_repo_lock(store, name, false, err);
	AUTO_JSON json_t *index = lock < 0 ? NULL : reg_index_load(store, name, false, err);

	if (!index)
		return -1;
	if (!reg_index_untag(index, tag))
		return reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no tag %s", name, tag);
	return reg_index_save(store, name, index, err);
}

/* Take a manifest that is going away out of its subject's list. */
static int forget_subject(struct reg_store *store, const char *name, const char *media_type,
			  const char *digest, struct err *err)
{
	size_t n = 0;
	AUTO_FREE char *text = reg_blob_read(store, name, digest, &n, err);
	struct reg_manifest m;
	struct err ignored;
	int rc = 0;

	if (!text)
		return reg_refused(err, REG_BLOB_UNKNOWN) ? 0 : -1;
	if (reg_manifest_parse(text, n, media_type, &m, &ignored))
		return 0; /* never listed anywhere */
	if (m.subject)
		rc = reg_referrers_remove(store, name, m.subject, digest, err);
	reg_manifest_free(&m);
	return rc;
}

int reg_manifest_drop(struct reg_store *store, const char *name, json_t *index,
		      const char *digest, struct err *err)
{
	json_t *d = reg_index_digest(index, digest);

	if (!d)
		return reg_refuse(err, REG_MANIFEST_UNKNOWN, "%s has no manifest %s", name, digest);
	if (forget_subject(store, name, jsonx_str(d, "mediaType", ""), digest, err))
		return -1;
	reg_index_drop(index, digest);
	return reg_index_save(store, name, index, err);
}

int reg_manifest_delete(struct reg_store *store, const char *name, const char *digest,
			struct err *err)
{
	AUTO_CLOSE int lock = reg_repo_lock(store, name, false, err);
	AUTO_JSON json_t *index = lock < 0 ? NULL : reg_index_load(store, name, false, err);

	if (!index || reg_manifest_drop(store, name, index, digest, err))
		return -1;
	if (!reg_blob_delete(store, name, digest, err) || reg_refused(err, REG_BLOB_UNKNOWN))
		return 0;
	return -1;
}
