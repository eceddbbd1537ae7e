/*
 * seed.c - walk an image layout from its index.json down, parts before wholes,
 * and put each into a repository the way a push does:
 *
 *     index.json ─▶ index ─▶ manifest ─▶ config, layers
 *
 * It takes the store's locks, so it may run beside a live registry. The layout
 * may come from anywhere: nothing in it is believed before its digest is.
 */
#include "seed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "errors.h"
#include "index.h"
#include "manifest.h"
#include "names.h"
#include "seed_private.h"

/* An index of indexes of indexes is legal; forty of them are an attack. */
#define DEPTH_MAX 8
#define COPY_BLOCK (256u << 10)

static int open_in_layout(struct seed *s, const char *digest, uint64_t *size, struct err *err)
{
	AUTO_FREE char *path = reg_path_of_digest("blobs", digest);
	/* O_NONBLOCK: a FIFO in the blob's place must not hold us. */
	AUTO_CLOSE int fd = openat(s->layout, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	*size = (uint64_t)st.st_size;
	return steal_fd(&fd);
}

static int open_source(struct seed *s, const char *digest, uint64_t *size, struct err *err)
{
	return s->layout < 0 ? content_reader(s->store->content, digest, size, err)
			     : open_in_layout(s, digest, size, err);
}

static int pump(int fd, struct ingest *in, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(COPY_BLOCK);
	ssize_t n;

	while ((n = io_read_full(fd, buf, COPY_BLOCK)) > 0)
		if (ingest_write(in, buf, (size_t)n, err))
			return -1;
	return n < 0 ? err_sys(err, "read the layout") : 0;
}

static int copy_blob(struct seed *s, const char *digest, uint64_t *size, struct err *err)
{
	AUTO_CLOSE int fd = open_source(s, digest, size, err);
	struct ingest *in;

	if (fd < 0)
		return -1;
	in = content_ingest(s->store->content, NULL, err);
	if (!in)
		return -1;
	if (ingest_hash_like(in, digest, err) || pump(fd, in, err)) {
		ingest_abort(in);
		return -1;
	}
	return reg_blob_commit(s->store, s->name, in, digest, (int64_t)*size, err);
}

static int seed_blob(struct seed *s, const char *digest, struct err *err)
{
	uint64_t size = 0;

	if (reg_blob_has(s->store, s->name, digest, NULL))
		return 0;
	if (s->layout < 0 ? reg_blob_mount(s->store, NULL, s->name, digest, err)
			  : copy_blob(s, digest, &size, err))
		return -1;
	reg_blob_has(s->store, s->name, digest, &size);
	fprintf(s->out, "%s  %" PRIu64 " bytes\n", digest, size);
	return 0;
}

static int seed_part(void *arg, const struct reg_part *part, struct err *err)
{
	struct seed *s = arg;

	if (part->foreign)
		return 0;
	if (part->manifest)
		return seed_manifest(s, part->digest, part->media_type, NULL, err);
	return seed_blob(s, part->digest, err);
}

static char *read_manifest(struct seed *s, const char *digest, size_t *n, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	uint64_t size;
	AUTO_CLOSE int fd = open_source(s, digest, &size, err);
	char got[DIGEST_SIZE];

	if (fd < 0 || file_read_fd(fd, &text, REG_MANIFEST_LIMIT, err))
		return NULL;
	digest_of_like(digest, text.data ? text.data : "", text.len, got);
	if (strcmp(got, digest)) {
		reg_refuse(err, REG_DIGEST_INVALID, "the file of %s has the digest %s", digest, got);
		return NULL;
	}
	*n = text.len;
	return strbuf_steal(&text);
}

static int seed_parsed(struct seed *s, const char *digest, const char *tag, const char *text,
		       size_t n, const struct reg_manifest *m, struct err *err)
{
	if (reg_manifest_each(m, seed_part, s, err))
		return -1;
	if (s->linking)
		return reg_blob_mount(s->store, NULL, s->name, digest, err);
	if (reg_manifest_put(s->store, s->name, tag, text, n, m, digest, err))
		return -1;
	fprintf(s->out, "%s  %s %s%s%s\n", digest, m->type->index ? "index" : "manifest", s->name,
		tag ? ":" : "", tag ? tag : "");
	return 0;
}

int seed_manifest(struct seed *s, const char *digest, const char *media_type, const char *tag,
		  struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct reg_manifest m;
	size_t n;
	int rc;

	if (s->depth == DEPTH_MAX)
		return err_set(err, ERR_INVALID, "indexes nested more than %d deep", DEPTH_MAX);
	text = read_manifest(s, digest, &n, err);
	if (!text || reg_manifest_parse(text, n, media_type, &m, err))
		return -1;
	s->depth++;
	rc = seed_parsed(s, digest, tag, text, n, &m, err);
	s->depth--;
	reg_manifest_free(&m);
	return rc;
}

/* The descriptor to start from; borrowed. */
static const json_t *choose(const json_t *index, const char *ref, struct err *err)
{
	const json_t *list = json_object_get(index, "manifests");
	const json_t *d;

	if (ref) {
		d = reg_index_tag(index, ref);
		if (!d)
			err_set(err, ERR_NOT_FOUND, "the layout has no reference %s", ref);
		return d;
	}
	if (json_array_size(list) == 1)
		return json_array_get(list, 0);
	err_set(err, ERR_INVALID, "the layout holds %zu images: say which as DIR:REF",
		json_array_size(list));
	return NULL;
}

static int seed_layout(struct seed *s, const char *ref, const char *tag, struct err *err)
{
	AUTO_JSON json_t *index = jsonx_read(s->layout, "index.json", REG_MANIFEST_LIMIT, err);
	const json_t *d = index ? choose(index, ref, err) : NULL;
	const char *digest = jsonx_str(d, "digest", NULL);

	if (!d || reg_digest_check(digest, err))
		return -1;
	return seed_manifest(s, digest, jsonx_str(d, "mediaType", NULL), tag, err);
}

char *seed_cut(char *s)
{
	char *colon = strrchr(s, ':');

	if (!colon || strchr(colon, '/'))
		return NULL;
	*colon = '\0';
	return colon + 1;
}

/* A path may have colons in it: the longest that exists is meant, and *ref what is behind it. */
static int open_path(const char *source, const char **ref, struct err *err)
{
	AUTO_FREE char *path = xstrdup(source);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*ref = NULL;
	while (fd < 0 && seed_cut(path)) {
		*ref = source + strlen(path) + 1;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? err_sys(err, "open the layout or archive %s", source) : fd;
}

static int check_target(const char *name, const char *tag, struct err *err)
{
	if (reg_name_check(name, err))
		return -1;
	if (tag && !reg_tag_valid(tag))
		return reg_refuse(err, REG_TAG_INVALID, "\"%.150s\" is not a tag", tag);
	return 0;
}

static int seed_directory(const struct seed_order *o, int dir, struct err *err)
{
	struct seed s = { .store = o->store, .name = o->name, .layout = dir, .out = o->out };

	if (faccessat(dir, "index.json", F_OK, 0))
		return err_set(err, ERR_INVALID, "it is not an OCI image layout: no index.json");
	if (!o->name)
		return err_set(err, ERR_INVALID, "say what the image is to be called");
	return seed_layout(&s, o->ref, o->tag, err);
}

static int seed_any(struct seed_order *o, const char *source, struct err *err)
{
	AUTO_CLOSE int fd = strcmp(source, "-") ? open_path(source, &o->ref, err)
						: fcntl(0, F_DUPFD_CLOEXEC, 3);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(err, "stat %s", source);
	if (!S_ISDIR(st.st_mode) && o->store->s3)
		return err_set(err, ERR_UNSUPPORTED, "an archive goes to a store on the disk only: "
			       "unpack it, and seed the layout");
	return S_ISDIR(st.st_mode) ? seed_directory(o, fd, err) : seed_archive(o, fd, err);
}

int reg_seed(struct reg_store *store, const char *source, const char *target, FILE *out,
	     struct err *err)
{
	AUTO_FREE char *name = xstrdup(target);
	const char *tag = name ? seed_cut(name) : NULL;
	struct seed_order o = { .store = store, .name = name, .tag = tag ? tag : "latest",
				.out = out };

	if (name && check_target(name, tag, err))
		return -1;
	if (seed_any(&o, source, err))
		return target ? err_wrap(err, "seed %s from %s", target, source)
			      : err_wrap(err, "seed from %s", source);
	return 0;
}
