/*
 * build_upload.c - see build.h: the context's archive, unpacked while it comes.
 *
 *     connection's thread ─▶ pipe ─▶ thread that unpacks ─▶ <data-root>/build/<id>/context
 *
 * The archive itself is written nowhere. It is hostile: it is unpacked as `docker cp` unpacks one into a container
 * (copy_in.c), each name resolved by the kernel below the directory. Links in it stay what they are, and whoever
 * reads the context later resolves them in the same way.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "build.h"
#include "copy.h"

#define PIPE_SIZE (1 << 20)

struct upload {
	char *dir;   /* removed with it, unless somebody took it */
	int context; /* in it */
	int from, to;
	pthread_t thread;
	bool runs;
	int rc;      /* the thread's, and why: read when it has ended */
	struct err err;
};

static void *unpack(void *arg)
{
	struct upload *u = arg;
	struct copy_in c = { .root = u->context, .path = "/", .id = strrchr(u->dir, '/') + 1 };

	u->rc = copy_in(&c, u->from, &u->err) ? err_wrap(&u->err, "unpack the build context") : 0;
	close(steal_fd(&u->from)); /* what comes behind the archive's end is nobody's */
	return NULL;
}

/* The thread that is gone has said why, or needs no more. */
static int on_bytes(void *state, const void *buf, size_t n, struct err *err)
{
	struct upload *u = state;

	if (!io_write_full(u->to, buf, n) || errno == EPIPE)
		return 0;
	return err_sys(err, "unpack the build context");
}

static void join(struct upload *u)
{
	if (u->to >= 0)
		close(steal_fd(&u->to));
	if (u->runs)
		pthread_join(u->thread, NULL);
	u->runs = false;
}

static void release(void *state)
{
	struct upload *u = state;
	struct err err;

	join(u);
	if (u->from >= 0)
		close(u->from);
	if (u->context >= 0)
		close(u->context);
	if (u->dir && file_remove_tree(AT_FDCWD, u->dir, &err))
		log_warn("build: %s", err.msg);
	free(u->dir);
	free(u);
}

static int open_dir(struct upload *u, const struct daemon *d, struct err *err)
{
	AUTO_FREE char *context = NULL;
	char id[ID_SIZE];

	dockerd_random_id(id);
	u->dir = xasprintf("%s/build/%s", d->cfg->data_root, id);
	context = xasprintf("%s/context", u->dir);
	if (file_mkdir_p(context, 0700, err))
		return -1;
	u->context = open(context, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* COPY . makes a directory that looks like this one; what is above it nobody may enter. */
	return u->context < 0 || fchmod(u->context, 0755) ? err_sys(err, "open %s", context) : 0;
}

static int start(struct upload *u, struct err *err)
{
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	u->from = ends[0];
	u->to = ends[1];
	fcntl(u->to, F_SETPIPE_SZ, PIPE_SIZE); /* fewer turns of the two threads; a wish */
	rc = pthread_create(&u->thread, NULL, unpack, u);
	u->runs = !rc;
	return rc ? err_errno(err, rc, "start a thread") : 0;
}

int build_upload_sink(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	struct upload *u = xcalloc(1, sizeof *u);

	(void)req;
	u->context = u->from = u->to = -1;
	*sink = (struct http_sink){ u, on_bytes, release };
	if (!open_dir(u, daemon, err) && !start(u, err))
		return 0;
	release(u);
	return -1;
}

int build_upload_take(struct http_request *req, struct build *b, struct err *err)
{
	struct upload *u = http_sink_state(req);

	join(u);
	if (u->rc) {
		*err = u->err;
		return -1;
	}
	b->dir = steal_ptr(&u->dir);
	b->context = steal_fd(&u->context);
	b->secret_dir = xasprintf("%s/build%s", b->d->cfg->exec_root, strrchr(b->dir, '/'));
	return 0;
}
