/*
 * unpack.c - the loop over a layer's entries; see unpack.h and unpack_private.h.
 */
#include "unpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "unpack_private.h"

void ctrd_unpacked_free(struct ctrd_unpacked *u)
{
	strlist_free(&u->implicit);
}

static int each_entry(struct layer_stream *st, struct layer_root *r, struct err *err)
{
	struct tar_entry e = { 0 };
	bool end = false;
	int rc;

	do {
		rc = tar_next(st, &e, &end, err);
		if (!rc && !end)
			rc = layer_apply(r, &e, st, err);
		if (!rc && !end)
			rc = tar_skip_padding(st, e.size, err);
	} while (!rc && !end);
	tar_entry_clear(&e);
	return rc;
}

static int unpack(struct layer_stream *st, struct layer_root *r, const char *diff_id,
		  struct ctrd_unpacked *out, struct err *err)
{
	if (each_entry(st, r, err) || layer_finish(r, err) ||
	    layer_stream_finish(st, out->diff_id, &out->size, err))
		return -1;
	if (diff_id && strcmp(diff_id, out->diff_id))
		return err_set(err, ERR_CORRUPT, "the layer has the diff ID %s instead of %.100s",
			       out->diff_id, diff_id);
	out->implicit = r->implicit;
	r->implicit = (struct strlist)STRLIST_INIT;
	return 0;
}

int ctrd_unpack(const struct ctrd_source *src, int root, const char *diff_id,
		struct ctrd_unpacked *out, struct err *err)
{
	struct layer_stream *st = layer_stream_new(src);
	struct layer_root r;
	int rc;

	memset(out, 0, sizeof(*out));
	layer_root_init(&r, root);
	rc = unpack(st, &r, diff_id, out, err);
	layer_root_free(&r);
	layer_stream_free(st);
	return rc ? err_wrap(err, "unpack") : 0;
}

static ssize_t read_fd(void *state, void *buf, size_t n, struct err *err)
{
	ssize_t got;

	do
		got = read(*(int *)state, buf, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? err_sys(err, "read the layer") : got;
}

int ctrd_unpack_fd(int fd, int root, const char *diff_id, struct ctrd_unpacked *out,
		   struct err *err)
{
	struct ctrd_source src = { read_fd, &fd };

	return ctrd_unpack(&src, root, diff_id, out, err);
}
