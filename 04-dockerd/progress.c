/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "images.h"

struct progress {
	struct daemon *d;
	struct progress_job job;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t first; /* started or finished changed */
	unsigned refs;
	bool started, finished, cancelled;
	bool failed;
	struct err err;
	json_t *queue;        /* lines, ready to send */
	int fd;               /* eventfd: the queue or finished changed */
};

static void unref(struct progress *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->refs == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	p->job.release(p->job.arg);
	json_decref(p->queue);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->first);
	free(p);
}

/* --- what the worker says ------------------------------------------------------------------ */

int progress_line(struct progress *p, json_t *line)
{
	bool stop;

	pthread_mutex_lock(&p->lock);
	json_array_append_new(p->queue, line);
	if (!p->started) {
		p->started = true;
		pthread_cond_broadcast(&p->first);
	}
	stop = p->cancelled;
	(void)!eventfd_write(p->fd, 1);
	pthread_mutex_unlock(&p->lock);
	return stop;
}

bool progress_cancelled(struct progress *p)
{
	bool cancelled;

	pthread_mutex_lock(&p->lock);
	cancelled = p->cancelled;
	pthread_mutex_unlock(&p->lock);
	return cancelled;
}

/* "1.2MB/3.4MB" with a bar, which old clients print as it comes. */
static json_t *bar(json_int_t at, json_int_t total)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	int done = (int)(50 * at / total);

	strbuf_addc(&sb, '[');
	for (int i = 0; i < 50; i++)
		strbuf_addc(&sb, i < done ? '=' : i == done ? '>' : ' ');
	strbuf_addf(&sb, "]  %.1fMB/%.1fMB", (double)at / 1e6, (double)total / 1e6);
	return json_string(sb.data);
}

int progress_status(struct progress *p, const char *id, const char *status, json_int_t at,
		    json_int_t total)
{
	json_t *line = json_pack("{s:s}", "status", status);

	if (id) {
		json_object_set_new(line, "progressDetail", json_object());
		json_object_set_new(line, "id", json_string(id));
	}
	if (total > 0) {
		json_object_set_new(line, "progressDetail",
				    json_pack("{s:I, s:I}", "current", at, "total", total));
		json_object_set_new(line, "progress", bar(at, total));
	}
	return progress_line(p, line);
}

int progress_layer(struct progress *p, const json_t *line, const struct progress_word *words, size_t n)
{
	const char *status = jsonx_str(line, "status", "");
	char id[13];

	dockerd_image_short(jsonx_str(line, "id", ""), id);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i].theirs, status))
			return progress_status(p, id, words[i].ours, jsonx_int(line, "offset", 0),
					       words[i].counts ? jsonx_int(line, "total", 0) : 0);
	return 0;
}

int progress_text(struct progress *p, json_t *text)
{
	return progress_line(p, json_pack("{s:o}", "stream", text));
}

/* --- the two threads ----------------------------------------------------------------------- */

static void worker(struct daemon *d, void *arg)
{
	struct progress *p = arg;
	struct err err;
	int rc = p->job.run(p, p->job.arg, &err);

	(void)d;
	pthread_mutex_lock(&p->lock);
	p->finished = true;
	if (rc) {
		p->failed = true;
		p->err = err;
	}
	pthread_cond_broadcast(&p->first);
	(void)!eventfd_write(p->fd, 1);
	pthread_mutex_unlock(&p->lock);
	unref(p);
}

/* Everything queued so far; *over: there will be no more. */
static json_t *take(struct progress *p, bool *over)
{
	json_t *batch;
	eventfd_t ignored;

	pthread_mutex_lock(&p->lock);
	(void)!eventfd_read(p->fd, &ignored);
	batch = p->queue;
	p->queue = json_array();
	*over = p->finished;
	if (p->finished && p->failed)
		json_array_append_new(batch, json_pack("{s:{s:s}, s:s}", "errorDetail", "message",
						       p->err.msg, "error", p->err.msg));
	pthread_mutex_unlock(&p->lock);
	return batch;
}

static void produce(struct http_writer *w, void *arg)
{
	struct progress *p = arg;
	struct pollfd fds[3] = { { p->fd, POLLIN, 0 },
				 { http_writer_fd(w), 0, 0 },
				 { p->d->stop_fd, POLLIN, 0 } };
	bool over = false;

	while (!over) {
		AUTO_JSON json_t *batch = take(p, &over);
		struct err err;
		json_t *line;
		size_t i;

		json_array_foreach(batch, i, line)
			if (http_write_json(w, line, &err))
				return;
		if (!over &&
		    ((poll(fds, 3, -1) < 0 && errno != EINTR) || fds[1].revents || fds[2].revents))
			return;
	}
}

/* The client has its answer or has gone: work that is under way ends at its next word. */
static void release(void *arg)
{
	struct progress *p = arg;

	pthread_mutex_lock(&p->lock);
	p->cancelled = true;
	pthread_mutex_unlock(&p->lock);
	unref(p);
}

/* Start the worker and wait for its first word. */
static int begin(struct progress *p, struct err *err)
{
	int rc = 0;

	p->refs++;
	if (dockerd_spawn(p->d, worker, p)) {
		p->refs--;
		return err_set(err, ERR_UNAVAILABLE, "the daemon is stopping");
	}
	pthread_mutex_lock(&p->lock);
	while (!p->started && !p->finished)
		pthread_cond_wait(&p->first, &p->lock);
	if (!p->started && p->failed) {
		*err = p->err;
		rc = -1;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int dockerd_progress(struct daemon *d, const struct progress_job *job, struct http_reply *rep,
		     struct err *err)
{
	struct progress *p = xcalloc(1, sizeof *p);

	*p = (struct progress){ .d = d, .job = *job, .refs = 1, .queue = json_array(),
				.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->first, NULL);
	if (begin(p, err)) {
		release(p);
		return -1;
	}
	http_reply_stream(rep, 200, "application/json", produce, p, release);
	return 0;
}
