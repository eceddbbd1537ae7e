/*
 * spool.c - see spool.h.
 */
#include "spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "01-kernel/base/file.h"

struct spool {
	int fd;
};

int dockerd_spool_open(const struct daemon *d, struct err *err)
{
	int fd = open(d->cfg->data_root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(err, "make a temporary file in %s", d->cfg->data_root) : fd;
}

static int spool_write(void *state, const void *buf, size_t n, struct err *err)
{
	struct spool *s = state;

	return io_write_full(s->fd, buf, n) ? err_sys(err, "keep the request's body") : 0;
}

static void spool_release(void *state)
{
	struct spool *s = state;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

int dockerd_spool_sink(struct http_request *req, struct http_sink *sink, void *daemon,
		       struct err *err)
{
	int fd = dockerd_spool_open(daemon, err);
	struct spool *s;

	(void)req;
	if (fd < 0)
		return -1;
	s = xmalloc(sizeof *s);
	s->fd = fd;
	*sink = (struct http_sink){ s, spool_write, spool_release };
	return 0;
}

int dockerd_spool_take(struct http_request *req, struct err *err)
{
	struct spool *s = http_sink_state(req);

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read the request's body");
	return steal_fd(&s->fd);
}
