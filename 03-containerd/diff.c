/*
 * diff.c - which two trees, and where the layer goes (diff.h).
 *
 *     tar ─▶ SHA-256 (diff ID) ─▶ deflate ─▶ ingest: SHA-256 (digest), sync, rename
 *
 * A layer that stays plain is hashed once: its two names are the same.
 */
#include "diff_private.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"

#define OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define DEFLATE_BLOCK (64u << 10)
#define GZIP_WINDOW (15 + 16) /* zlib.h, deflateInit2: the largest window, a gzip header */
#define GZIP_OS_UNKNOWN 255   /* RFC 1952: equal layers everywhere */

/* --- the trees -------------------------------------------------------------------------- */

static void close_trees(struct diff_trees *t)
{
	if (t->lower >= 0)
		close(t->lower);
	if (t->upper >= 0)
		close(t->upper);
}

#define AUTO_TREES AUTO(close_trees)

static int nothing(void *arg, const struct diff_change *c, struct err *err)
{
	(void)arg, (void)c, (void)err;
	return 0;
}

/* Can the upper directory be read as it is? */
static int readable(const struct diff_trees *t, bool *yes, struct err *err)
{
	struct diff_trees dry = *t;
	int rc;

	dry.visit = nothing;
	rc = diff_walk(&dry, err);
	*yes = !rc;
	return rc && err->kind == ERR_UNSUPPORTED ? 0 : rc;
}

static int open_trees(struct ctrd_snapshots *s, const struct ctrd_diff *d, struct diff_trees *t,
		      struct err *err)
{
	AUTO_JSON json_t *info = ctrd_snapshot_get(s, d->key, err);
	const char *own = jsonx_str(info, "parent", "");
	const char *parent = d->parent ? d->parent : own;

	if (!info)
		return -1;
	t->without = d->without;
	if (*parent) {
		t->lower = ctrd_snapshot_tree(s, parent, err);
		if (t->lower < 0)
			return -1;
	}
	t->overlay = !strcmp(parent, own) && !strcmp(ctrd_snapshots_name(s), "overlayfs");
	if (t->overlay) {
		t->upper = ctrd_snapshot_own(s, d->key, err);
		if (t->upper < 0 || readable(t, &t->overlay, err))
			return -1;
		if (t->overlay)
			return 0;
		close(t->upper);
	}
	t->upper = ctrd_snapshot_tree(s, d->key, err);
	return t->upper < 0 ? -1 : 0;
}

static int walk(struct ctrd_snapshots *s, const struct ctrd_diff *d, struct diff_trees *t,
		struct err *err)
{
	if (open_trees(s, d, t, err) || diff_walk(t, err))
		return -1;
	/* One that was removed under way would look like one that is empty. */
	if (!ctrd_snapshot_exists(s, d->key))
		return err_set(err, ERR_CONFLICT, "the snapshot was removed meanwhile");
	return 0;
}

/* --- the archive ---------------------------------------------------------------------------- */

int ctrd_diff_archive(struct ctrd_snapshots *s, const struct ctrd_diff *d,
		      const struct ctrd_sink *out, struct err *err)
{
	struct layer_writer *w = layer_writer_new(out, d);
	AUTO_TREES struct diff_trees t = { .lower = -1, .upper = -1, .whole_deletes = true,
					   .visit = layer_writer_visit, .arg = w };
	int rc = walk(s, d, &t, err);

	layer_writer_free(w);
	if (!rc)
		rc = ctrd_tar_end(out, err);
	return rc ? err_wrap(err, "diff of %.200s", d->key) : 0;
}

/* --- into the store ---------------------------------------------------------------------------- */

struct store {
	struct ingest *in;
	bool gzip;
	struct digester *plain; /* of the tar, while it goes by to be compressed */
	uint64_t size;
	z_stream z;
	gz_header header;
};

/* Compress what z.next_in holds, or all that is left (Z_FINISH). */
static int squeeze(struct store *st, int flush, struct err *err)
{
	unsigned char out[DEFLATE_BLOCK];
	int rc;

	do {
		st->z.next_out = out;
		st->z.avail_out = sizeof(out);
		rc = deflate(&st->z, flush);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return err_set(err, ERR_SYSTEM, "deflate: error %d", rc);
		if (st->z.avail_out < sizeof(out) &&
		    ingest_write(st->in, out, sizeof(out) - st->z.avail_out, err))
			return -1;
	} while (!st->z.avail_out);
	return 0;
}

static int take(void *state, const void *buf, size_t n, struct err *err)
{
	struct store *st = state;

	st->size += n;
	if (!st->gzip)
		return ingest_write(st->in, buf, n, err);
	digester_add(st->plain, buf, n);
	st->z.next_in = (unsigned char *)buf;
	st->z.avail_in = (unsigned)n;
	return squeeze(st, Z_NO_FLUSH, err);
}

static int begin(struct store *st, struct content *c, bool gzip, struct err *err)
{
	*st = (struct store){ .gzip = gzip, .header = { .os = GZIP_OS_UNKNOWN } };
	if (gzip && (deflateInit2(&st->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
				  Z_DEFAULT_STRATEGY) != Z_OK ||
		     deflateSetHeader(&st->z, &st->header) != Z_OK))
		return err_set(err, ERR_SYSTEM, "deflate cannot be initialised");
	st->plain = gzip ? digester_new() : NULL;
	st->in = content_ingest(c, NULL, err);
	return st->in ? 0 : -1;
}

static int finish(struct store *st, struct ctrd_diffed *out, struct err *err)
{
	if (st->gzip && squeeze(st, Z_FINISH, err))
		return -1;
	out->diff_size = st->size;
	out->size = ingest_offset(st->in);
	out->media_type = st->gzip ? OCI_LAYER "+gzip" : OCI_LAYER;
	if (ingest_commit(steal_ptr(&st->in), NULL, -1, out->digest, err))
		return -1;
	if (st->gzip)
		digester_done(steal_ptr(&st->plain), out->diff_id);
	else
		strcpy(out->diff_id, out->digest);
	return 0;
}

int ctrd_diff(struct ctrd_snapshots *s, struct content *c, const struct ctrd_diff *d,
	      struct ctrd_diffed *out, struct err *err)
{
	AUTO_SPAN struct trace_span span = trace_begin();
	struct store st;
	struct ctrd_sink sink = { take, &st };
	int rc = begin(&st, c, !d->plain, err);

	if (!rc)
		rc = ctrd_diff_archive(s, d, &sink, err);
	if (!rc)
		rc = finish(&st, out, err);
	ingest_abort(st.in);
	digester_free(st.plain);
	if (st.gzip)
		deflateEnd(&st.z);
	trace_end(&span, "diff %s: %s", d->key, rc ? err->msg : out->digest);
	return rc;
}

/* --- the list ------------------------------------------------------------------------------------- */

struct listing {
	int (*each)(void *arg, const char *path, enum ctrd_change_kind kind, struct err *err);
	void *arg;
};

static int list_one(void *arg, const struct diff_change *c, struct err *err)
{
	struct listing *l = arg;
	AUTO_FREE char *path = xasprintf("/%s", c->path);

	if (c->same || !strcmp(c->path, "."))
		return 0;
	return l->each(l->arg, path, c->kind, err);
}

int ctrd_changes(struct ctrd_snapshots *s, const struct ctrd_diff *d,
		 int (*each)(void *arg, const char *path, enum ctrd_change_kind kind,
			     struct err *err),
		 void *arg, struct err *err)
{
	struct listing l = { each, arg };
	AUTO_TREES struct diff_trees t = { .lower = -1, .upper = -1, .visit = list_one,
					   .arg = &l };

	return walk(s, d, &t, err) ? err_wrap(err, "changes of %.200s", d->key) : 0;
}
