/*
 * pull_resume.c - what an earlier pull has left of a blob, and what this one leaves.
 *
 * A large blob comes into an ingest with a name, "pull-<hex>", so that its bytes outlive a pull that
 * was broken off, and a containerd that was killed. The next pull of any image that
 * needs it hashes and unpacks them again, which is quick, and asks for the rest (Range). Nobody
 * trusts them for that: the digest of all is verified as ever, and bytes that were wrong are
 * thrown away. What nobody came back for within a day, content_tidy removes.
 */
#include "transfer_private.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"

#define NAMED_FROM (256 << 10) /* smaller ones are fetched again */

static struct ingest *open_named(struct content *c, const char *digest, int64_t size, struct err *err)
{
	AUTO_FREE char *name = xasprintf(CONTENT_PULL "%s", strchr(digest, ':') + 1);
	struct ingest *in = content_ingest(c, name, err);

	if (!in || ingest_offset(in) <= (uint64_t)size)
		return in;
	ingest_abort(in); /* no part of this blob */
	return content_ingest(c, name, err);
}

struct ingest *transfer_ingest(struct transfer *x, const char *digest, int64_t size, struct err *err)
{
	struct content *c = ctrd_images_content(x->im);
	struct ingest *in = NULL;

	if (size >= NAMED_FROM) {
		in = open_named(c, digest, size, err);
		if (!in && err->kind != ERR_CONFLICT) /* another pull writes it: then beside it */
			return NULL;
	}
	if (in && ingest_offset(in))
		log_debug("pull: %llu bytes of %.19s are here", (unsigned long long)ingest_offset(in),
			  digest);
	return in ? in : content_ingest(c, NULL, err);
}

/* A thread that was stopped says so; what matters then is why the others stopped it. */
static bool worth_keeping(struct transfer *x, const struct err *why)
{
	bool keep;

	pthread_mutex_lock(&x->lock);
	if (why->kind == ERR_CANCELLED && x->failed)
		why = &x->err;
	keep = ctrd_fetch_transient(why) || why->kind == ERR_CANCELLED;
	pthread_mutex_unlock(&x->lock);
	return keep;
}

void transfer_ingest_end(struct transfer *x, struct ingest *in, const struct err *why)
{
	if (worth_keeping(x, why))
		ingest_suspend(in);
	else
		ingest_abort(in);
}

int transfer_replay(const struct ingest *in, uint64_t have,
		    int (*write)(void *arg, const void *buf, size_t n, struct err *err), void *arg,
		    struct err *err)
{
	AUTO_CLOSE int fd = have ? ingest_reader(in, err) : -1;
	AUTO_FREE char *buf = xmalloc(1 << 16);

	if (have && fd < 0)
		return -1;
	while (have) {
		ssize_t n = io_read_full(fd, buf, have < 1 << 16 ? (size_t)have : 1 << 16);

		if (n <= 0)
			return err_sys(err, "read what an earlier pull has left");
		if (write(arg, buf, (size_t)n, err))
			return -1;
		have -= (uint64_t)n;
	}
	return 0;
}
