/*
 * import_read.c - the archive, once through, in whatever order its files come
 * (import_private.h).
 *
 * Files are data for the store; only the three documents at the top are kept in memory, and
 * a table of names. All is bounded, and what nothing names in the end is garbage.
 */
#include "import_private.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <tar.h>

#include "01-kernel/base/jsonx.h"
#include "manifest.h"
#include "unpack_private.h"

#define NAMES_MAX (4u << 20)
#define LINKS_MAX 8
#define BLOBS "blobs/"
#define SLOTS 8
#define SLOT_SIZE (128u << 10)

struct ctrd_importer *ctrd_import_blobs(struct content *c)
{
	struct ctrd_importer *x = xcalloc(1, sizeof(*x));

	*x = (struct ctrd_importer){ .content = c, .files = json_object(), .images = json_array() };
	return x;
}

struct ctrd_importer *ctrd_import_open(struct ctrd_images *im)
{
	struct ctrd_importer *x = ctrd_import_blobs(ctrd_images_content(im));

	x->im = im;
	ctrd_images_lease(im);
	return x;
}

void ctrd_import_free(struct ctrd_importer *x)
{
	struct err ignored; /* with our lease it only makes a note */

	if (!x)
		return;
	json_decref(x->files);
	json_decref(x->index);
	json_decref(x->docker);
	json_decref(x->layout);
	json_decref(x->images);
	if (x->im) {
		ctrd_images_gc(x->im, &ignored);
		ctrd_images_release(x->im);
	}
	free(x);
}

/* --- one file ------------------------------------------------------------------------------ */

static int read_data(struct layer_stream *st, uint64_t size,
		     int (*take)(void *arg, const void *buf, size_t n, struct err *err), void *arg,
		     struct err *err)
{
	while (size) {
		const void *bytes;
		size_t n;

		if (layer_stream_peek(st, &bytes, &n, err))
			return -1;
		if (!n)
			return err_set(err, ERR_CORRUPT, "the archive ends in the middle of a file");
		if (n > size)
			n = (size_t)size;
		if (take(arg, bytes, n, err))
			return -1;
		layer_stream_consume(st, n);
		size -= n;
	}
	return 0;
}

static int add_text(void *arg, const void *buf, size_t n, struct err *err)
{
	(void)err;
	strbuf_add(arg, buf, n);
	return 0;
}

static int read_document(struct layer_stream *st, const struct tar_entry *e, const char *path,
			 json_t **doc, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (*doc)
		return err_set(err, ERR_INVALID, "there are two of it"); /* which one counts? */
	if (e->size > MANIFEST_LIMIT)
		return err_set(err, ERR_INVALID, "more than %u bytes", MANIFEST_LIMIT);
	if (read_data(st, e->size, add_text, &text, err))
		return -1;
	*doc = jsonx_parse(text.data ? text.data : "", text.len, path, err);
	return *doc ? 0 : -1;
}

struct writer {
	struct ingest *in;
	unsigned char magic[4]; /* the first bytes */
};

static int add_blob(void *arg, const void *buf, size_t n, struct err *err)
{
	struct writer *w = arg;
	uint64_t at = ingest_offset(w->in);

	for (size_t i = 0; i < n && at + i < sizeof(w->magic); i++)
		w->magic[at + i] = ((const unsigned char *)buf)[i];
	return ingest_write(w->in, buf, n, err);
}

/* RFC 1952 and RFC 8878: how the file is compressed. */
static const char *compression(const struct writer *w)
{
	if (!memcmp(w->magic, "\x1f\x8b", 2))
		return "gzip";
	return memcmp(w->magic, "\x28\xb5\x2f\xfd", 4) ? "" : "zstd";
}

static int read_blob(struct ctrd_importer *x, struct layer_stream *st, const struct tar_entry *e,
		     const char *path, const char *expected, struct err *err)
{
	struct writer w = { content_ingest(x->content, NULL, err), { 0 } };
	char digest[DIGEST_SIZE];

	if (!w.in)
		return -1;
	if (read_data(st, e->size, add_blob, &w, err)) {
		ingest_abort(w.in);
		return -1;
	}
	if (ingest_commit(w.in, expected, (int64_t)e->size, digest, err))
		return -1;
	json_object_set_new(x->files, path,
			    json_pack("{s:s, s:I, s:s}", "digest", digest, "size",
				      (json_int_t)e->size, "compression", compression(&w)));
	return 0;
}

/* "blobs/sha256/<hex>": the name says what must be in it. Other algorithms are not read. */
static int read_named_blob(struct ctrd_importer *x, struct layer_stream *st,
			   const struct tar_entry *e, const char *path, struct err *err)
{
	AUTO_FREE char *digest = xstrdup(path + strlen(BLOBS));
	char *slash = strchr(digest, '/');

	if (slash)
		*slash = ':';
	if (!digest_valid(digest))
		return layer_stream_skip(st, e->size, err);
	return read_blob(x, st, e, path, digest, err);
}

/* A link's target as a path of the archive: hard links name it from the root, others from
 * where they are. */
static int note_link(struct ctrd_importer *x, const struct tar_entry *e, const char *path,
		     struct err *err)
{
	const char *slash = e->type == SYMTYPE ? strrchr(path, '/') : NULL;
	AUTO_FREE char *joined = xasprintf("%.*s%s", slash ? (int)(slash + 1 - path) : 0, path,
					   e->link);
	AUTO_FREE char *target = layer_clean_path(joined);

	if (!target || (e->type == SYMTYPE && *e->link == '/'))
		return err_set(err, ERR_INVALID, "a link to \"%.200s\", out of the archive", e->link);
	x->names += strlen(target);
	json_object_set_new(x->files, path, json_pack("{s:s}", "link", target));
	return 0;
}

/* Old archives have these for Docker before 1.10; nothing else reads them. */
static bool legacy(const char *path)
{
	return str_ends(path, "/VERSION") || str_ends(path, "/json") || !strcmp(path, "repositories");
}

static int read_entry(struct ctrd_importer *x, struct layer_stream *st, const struct tar_entry *e,
		      struct err *err)
{
	AUTO_FREE char *path = layer_clean_path(e->path);

	if (!path)
		return err_set(err, ERR_INVALID, "a name that climbs out of the archive");
	if (e->type == DIRTYPE)
		return 0;
	x->names += strlen(path) + 1;
	if (x->names > NAMES_MAX)
		return err_set(err, ERR_INVALID, "too many files in the archive");
	if (e->type == SYMTYPE || e->type == LNKTYPE)
		return note_link(x, e, path, err);
	if (e->type != REGTYPE || e->sparse.used)
		return err_set(err, ERR_INVALID, "neither plain file nor directory nor link");
	if (!strcmp(path, "index.json"))
		return read_document(st, e, path, &x->index, err);
	if (!strcmp(path, "manifest.json"))
		return read_document(st, e, path, &x->docker, err);
	if (!strcmp(path, "oci-layout"))
		return read_document(st, e, path, &x->layout, err);
	if (legacy(path))
		return layer_stream_skip(st, e->stored, err);
	if (str_starts(path, BLOBS))
		return read_named_blob(x, st, e, path, err);
	return read_blob(x, st, e, path, NULL, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int read_entries(struct ctrd_importer *x, struct layer_stream *st, struct tar_entry *e,
			struct err *err)
{
	bool end = false;

	for (;;) {
		if (tar_next(st, e, &end, err))
			return -1;
		if (end)
			return layer_stream_drain(st, err);
		if (read_entry(x, st, e, err))
			return err_wrap(err, "\"%.200s\"", e->path);
		if (tar_skip_padding(st, e->stored, err))
			return -1;
	}
}

/* The archive is inflated by a thread, as a layer is (unpack.c). */
struct line {
	const struct ctrd_source *src;
	struct ring *ring;
	struct err err; /* the inflating thread's, kind 0: none; read when it has ended */
};

static void *inflate(void *arg)
{
	struct line *l = arg;

	if (layer_inflate_all(l->src, l->ring, &l->err))
		ring_stop(l->ring);
	return NULL;
}

static int read_archive(struct ctrd_importer *x, struct line *l, struct err *err)
{
	struct layer_stream st;
	struct tar_entry e = { 0 };
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, inflate, l);

	if (rc)
		return err_errno(err, rc, "start a thread");
	layer_stream_init(&st, l->ring, 0);
	rc = read_entries(x, &st, &e, err);
	tar_entry_clear(&e);
	ring_stop(l->ring);
	pthread_join(thread, NULL);
	if (rc && err->kind == ERR_CANCELLED && l->err.kind)
		*err = l->err; /* why the ring was stopped */
	return rc;
}

int ctrd_import_read(struct ctrd_importer *x, const struct ctrd_source *src, struct err *err)
{
	struct line l = { .src = src, .ring = ring_new(SLOTS, SLOT_SIZE, 1) };
	int rc = read_archive(x, &l, err);

	ring_free(l.ring);
	if (!rc && !x->index && !x->docker)
		rc = err_set(err, ERR_INVALID, "this is no image archive: it has neither index.json "
			     "nor manifest.json");
	/* Whatever is wrong with it is the archive's fault, and so the request's. */
	if (rc && err->kind == ERR_CORRUPT)
		err->kind = ERR_INVALID;
	return rc ? err_wrap(err, "import") : 0;
}

const json_t *import_file(const struct ctrd_importer *x, const char *path, struct err *err)
{
	AUTO_FREE char *clean = layer_clean_path(path);
	const char *at = clean ? clean : "";

	for (int hops = 0; hops <= LINKS_MAX; hops++) {
		const json_t *file = json_object_get(x->files, at);

		if (!file)
			break;
		if (!json_object_get(file, "link"))
			return file;
		at = jsonx_str(file, "link", "");
	}
	err_set(err, ERR_INVALID, "the archive has no file \"%.200s\"", path);
	return NULL;
}
