/*
 * tar_read.c - see tar_read.h. The stages are those of unpacking (unpack_private.h): a thread
 * inflates into a ring, and the entries are taken out of it.
 */
#include "tar_read.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "unpack_codec.h"

#define SLOTS 4
#define SLOT_SIZE (128u << 10)

struct ctrd_tar_in {
	int fd;
	struct ctrd_source src;
	struct ring *ring;
	pthread_t thread;
	struct err inflating; /* the thread's, kind 0: none; read when it has ended */
	struct layer_stream st;
	struct tar_entry entry;
	struct ctrd_xattr *xattrs; /* entry's, as tar_write.h has them */
	uint64_t left;             /* of its data: all or nothing */
};

static ssize_t read_file(void *state, void *buf, size_t n, struct err *err)
{
	ssize_t got = io_read(*(int *)state, buf, n);

	return got < 0 ? err_sys(err, "read the archive") : got;
}

static void *inflate(void *arg)
{
	struct ctrd_tar_in *t = arg;

	if (layer_inflate_all(&t->src, t->ring, &t->inflating))
		ring_stop(t->ring);
	return NULL;
}

struct ctrd_tar_in *ctrd_tar_in_open(int fd, struct err *err)
{
	struct ctrd_tar_in *t = xcalloc(1, sizeof *t);
	int rc;

	t->fd = fd;
	t->src = (struct ctrd_source){ .read = read_file, .state = &t->fd };
	t->ring = ring_new(SLOTS, SLOT_SIZE, 1);
	layer_stream_init(&t->st, t->ring, 0);
	rc = pthread_create(&t->thread, NULL, inflate, t);
	if (!rc)
		return t;
	err_errno(err, rc, "start a thread");
	ring_free(t->ring);
	free(t);
	return NULL;
}

void ctrd_tar_in_close(struct ctrd_tar_in *t)
{
	if (!t)
		return;
	ring_stop(t->ring);
	pthread_join(t->thread, NULL);
	ring_free(t->ring);
	tar_entry_clear(&t->entry);
	free(t->xattrs);
	free(t);
}

/* A ring that was stopped says nothing of why. */
static int explain(struct ctrd_tar_in *t, struct err *err)
{
	if (err->kind == ERR_CANCELLED && t->inflating.kind)
		*err = t->inflating;
	if (err->kind == ERR_CORRUPT)
		err->kind = ERR_INVALID; /* the archive is the request's */
	return -1;
}

/* The same entry in the words of tar_write.h. */
static void translate(struct ctrd_tar_in *t, struct ctrd_tar_entry *e)
{
	const struct tar_entry *in = &t->entry;

	free(t->xattrs);
	t->xattrs = xcalloc(in->n_xattrs + 1, sizeof *t->xattrs);
	for (size_t i = 0; i < in->n_xattrs; i++)
		t->xattrs[i] = (struct ctrd_xattr){ in->xattrs[i].name, in->xattrs[i].value,
						    in->xattrs[i].size };
	*e = (struct ctrd_tar_entry){ .type = in->type, .path = in->path, .link = in->link,
				      .mode = in->mode, .uid = in->uid, .gid = in->gid,
				      .size = in->size, .mtime = in->mtime, .major = in->major,
				      .minor = in->minor, .xattrs = t->xattrs,
				      .n_xattrs = in->n_xattrs };
}

/* An archive may end where its last entry's data does: Docker's CLI sends such ones (build -f -). */
static int skip_rest(struct ctrd_tar_in *t, struct err *err)
{
	const void *bytes;
	size_t n;

	if (layer_stream_skip(&t->st, t->left, err))
		return -1;
	if (!(t->entry.stored % 512))
		return 0;
	if (layer_stream_peek(&t->st, &bytes, &n, err))
		return -1;
	return n ? tar_skip_padding(&t->st, t->entry.stored, err) : 0;
}

int ctrd_tar_in_next(struct ctrd_tar_in *t, struct ctrd_tar_entry *e, bool *end, struct err *err)
{
	if (skip_rest(t, err) || tar_next(&t->st, &t->entry, end, err))
		return explain(t, err);
	t->left = t->entry.stored;
	if (!*end)
		translate(t, e);
	return 0;
}

int ctrd_tar_in_data(struct ctrd_tar_in *t, int fd, struct err *err)
{
	if (tar_data(&t->entry, &t->st, fd, err))
		return explain(t, err);
	t->left = 0;
	return 0;
}

const char *ctrd_compression(int fd)
{
	unsigned char head[CODEC_MAGIC];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return codec_of(head, n > 0 ? (size_t)n : 0)->name;
}

int ctrd_diff_id(int fd, int to, char out[DIGEST_SIZE], struct err *err)
{
	struct ctrd_source src = { .read = read_file, .state = &fd };
	struct layer_inflater *f = layer_inflater_new(&src);
	struct digester *digester = digester_new();
	AUTO_FREE char *buf = xmalloc(SLOT_SIZE);
	ssize_t n;

	while ((n = layer_inflate(f, buf, SLOT_SIZE, err)) > 0) {
		digester_add(digester, buf, (size_t)n);
		if (to >= 0 && io_write_full(to, buf, (size_t)n)) {
			n = err_sys(err, "write what was inflated");
			break;
		}
	}
	layer_inflater_free(f);
	if (n < 0)
		digester_free(digester);
	else
		digester_done(digester, out);
	return n < 0 ? -1 : 0;
}
