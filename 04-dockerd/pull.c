/*
 * pull.c - POST /images/create: containerd's progress in the words that the CLI draws
 * bars from.
 *
 *     containerd ──lines──▶ worker thread ──queue──▶ the reply's thread ──▶ client
 *
 * There are two threads because an error that comes before anything was sent is to be an HTTP
 * error: the handler waits for the first line before it answers.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "03-containerd/reference.h"
#include "api.h"
#include "auth.h"
#include "events.h"
#include "images.h"
#include "reload.h"

struct pull {
	struct daemon *d;
	char *familiar;      /* nginx:latest */
	char *path, *tag;    /* library/nginx, latest: as the first line shows them */
	json_t *request;     /* containerd's */
	char old_digest[136]; /* what the name pointed at before, or "" */
	struct trace_span span;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t first; /* started or finished changed */
	unsigned refs;
	bool started, finished, cancelled;
	bool failed;
	struct err err;
	json_t *queue;       /* Docker's lines, ready to send */
	int fd;              /* eventfd: the queue or finished changed */
};

static void unref(struct pull *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->refs == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	json_decref(p->request);
	json_decref(p->queue);
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->first);
	free(p->familiar);
	free(p->path);
	free(p->tag);
	free(p);
}

/* --- containerd's lines to Docker's ------------------------------------------------------------
 */

/* "1.2MB/3.4MB" with a bar, which old clients print as it comes. */
static json_t *bar(json_int_t at, json_int_t total)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	int done = total > 0 ? (int)(50 * at / total) : 0;

	strbuf_addc(&sb, '[');
	for (int i = 0; i < 50; i++)
		strbuf_addc(&sb, i < done ? '=' : i == done ? '>' : ' ');
	strbuf_addf(&sb, "]  %.1fMB/%.1fMB", (double)at / 1e6, (double)total / 1e6);
	return json_string(sb.data);
}

static const struct {
	const char *theirs, *ours;
	bool counts; /* has a bar */
} words[] = {
	{ "waiting", "Pulling fs layer", false }, { "downloading", "Downloading", true },
	{ "downloaded", "Download complete", false }, { "extracting", "Extracting", true },
	{ "exists", "Already exists", false }, { "complete", "Pull complete", false },
};

/* Lock held, as for all that add to the queue. */
static void layer_line(struct pull *p, const json_t *line)
{
	const char *status = jsonx_str(line, "status", "");
	json_int_t at = jsonx_int(line, "offset", 0), total = jsonx_int(line, "total", 0);
	char id[13];

	dockerd_image_short(jsonx_str(line, "id", ""), id);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		json_t *out;

		if (strcmp(words[i].theirs, status))
			continue;
		out = json_pack("{s:s, s:{}, s:s}", "status", words[i].ours, "progressDetail", "id",
				id);
		if (words[i].counts && total > 0) {
			json_object_set_new(out, "progressDetail",
					    json_pack("{s:I, s:I}", "current", at, "total", total));
			json_object_set_new(out, "progress", bar(at, total));
		}
		json_array_append_new(p->queue, out);
	}
}

static void status_line(struct pull *p, json_t *text)
{
	json_array_append_new(p->queue, json_pack("{s:o}", "status", text));
}

static void done_lines(struct pull *p, const json_t *line)
{
	const char *digest = json_string_value(jsonx_at(line, "target.digest"));
	bool newer = digest && strcmp(digest, p->old_digest);

	status_line(p, json_sprintf("Digest: %s", digest ? digest : ""));
	status_line(p, json_sprintf(newer ? "Status: Downloaded newer image for %s"
					  : "Status: Image is up to date for %s",
				    p->familiar));
}

static int on_line(void *arg, json_t *line)
{
	struct pull *p = arg;
	const char *status = jsonx_str(line, "status", "");
	bool stop;

	pthread_mutex_lock(&p->lock);
	if (!p->started) {
		json_array_append_new(p->queue, json_pack("{s:o, s:s}", "status",
							  json_sprintf("Pulling from %s", p->path),
							  "id", p->tag));
		p->started = true;
		pthread_cond_broadcast(&p->first);
	}
	if (json_object_get(line, "id"))
		layer_line(p, line);
	else if (!strcmp(status, "done"))
		done_lines(p, line);
	stop = p->cancelled;
	(void)!eventfd_write(p->fd, 1);
	pthread_mutex_unlock(&p->lock);
	return stop;
}

/* --- the two threads
 * ------------------------------------------------------------------------------ */

static void worker(struct daemon *d, void *arg)
{
	struct pull *p = arg;
	struct err err;
	int rc = ctrd_stream(d->waits, "POST", "/v1/transfer/pull", p->request, on_line, p, &err);

	pthread_mutex_lock(&p->lock);
	p->finished = true;
	if (rc) {
		p->failed = true;
		p->err = err;
	}
	pthread_cond_broadcast(&p->first);
	(void)!eventfd_write(p->fd, 1);
	pthread_mutex_unlock(&p->lock);
	trace_end(&p->span, "pull %s", p->familiar);
	if (!rc)
		dockerd_event(d, "image", "pull", p->familiar,
			      json_pack("{s:s}", "name", p->familiar));
	unref(p);
}

/* Everything queued so far; *over: there will be no more. */
static json_t *take(struct pull *p, bool *over)
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
	struct pull *p = arg;
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

/* The client has its answer or has gone: a pull that is under way ends. */
static void release(void *arg)
{
	struct pull *p = arg;

	pthread_mutex_lock(&p->lock);
	p->cancelled = true;
	pthread_mutex_unlock(&p->lock);
	unref(p);
}

/* --- the request
 * ------------------------------------------------------------------------------------- */

/* `tag` may be a digest. */
static int reference_of(struct http_request *req, struct reference *ref, struct err *err)
{
	const char *image = http_query(req, "fromImage"), *tag = http_query(req, "tag");
	AUTO_FREE char *text = NULL;

	if (http_query(req, "fromSrc"))
		return err_set(err, ERR_UNSUPPORTED,
			       "importing an image is not supported by this daemon");
	if (!image || !*image)
		return err_set(err, ERR_INVALID, "fromImage is missing");
	text = xasprintf("%s%s%s", image, tag && *tag ? strchr(tag, ':') ? "@" : ":" : "",
			 tag ? tag : "");
	return reference_parse(text, ref, err);
}

static void note_old(struct pull *p, const char *full)
{
	AUTO_FREE char *escaped = ctrd_escape(full), *path = xasprintf("/v1/images/%s", escaped);
	struct err ignored;
	AUTO_JSON json_t *old = ctrd_call(p->d->ctrd, "GET", path, NULL, &ignored);
	const char *digest = json_string_value(jsonx_at(old, "target.digest"));

	snprintf(p->old_digest, sizeof p->old_digest, "%s", digest ? digest : "");
}

static struct pull *new_pull(struct daemon *d, const struct reference *ref, const char *platform,
			     json_t *auth)
{
	struct pull *p = xcalloc(1, sizeof *p);
	AUTO_FREE char *full = reference_full(ref);

	p->d = d;
	p->span = trace_begin();
	p->refs = 1;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->first, NULL);
	p->queue = json_array();
	p->familiar = reference_familiar(ref);
	p->path = strcmp(ref->domain, "docker.io") ? xasprintf("%s/%s", ref->domain, ref->path)
						   : xstrdup(ref->path);
	p->tag = xstrdup(*ref->digest ? ref->digest : ref->tag);
	p->request = json_pack("{s:s, s:o, s:o}", "ref", full, "mirrors", dockerd_mirrors(d),
			       "insecure", dockerd_insecure(d));
	if (platform && *platform)
		json_object_set_new(p->request, "platform", json_string(platform));
	if (auth)
		json_object_set_new(p->request, "auth", auth);
	note_old(p, full);
	return p;
}

/* Start the worker and wait for its first word. */
static int begin(struct pull *p, struct err *err)
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

/* In Docker's words what the registry's refusal means for who typed the name. */
static void explain(const struct pull *p, struct err *err)
{
	AUTO_FREE char *name = xstrdup(p->familiar);
	char *colon = strrchr(name, ':');

	if (err->kind != ERR_NOT_FOUND && err->kind != ERR_UNAUTHORIZED &&
	    err->kind != ERR_PERMISSION)
		return;
	if (colon && !strchr(colon, '/'))
		*colon = '\0';
	err->kind = ERR_NOT_FOUND;
	err_wrap(err,
		 "pull access denied for %s, repository does not exist or may require 'docker "
		 "login'",
		 name);
}

static int post_create(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct reference ref;
	json_t *auth = NULL;
	struct pull *p;

	if (reference_of(req, &ref, err) ||
	    dockerd_auth_parse(http_header(req, "X-Registry-Auth"), &auth, err))
		return -1;
	p = new_pull(daemon, &ref, http_query(req, "platform"), auth);
	if (begin(p, err)) {
		explain(p, err);
		release(p);
		return -1;
	}
	http_reply_stream(rep, 200, "application/json", produce, p, release);
	return 0;
}

const struct http_route dockerd_pull_routes[] = {
	{ "POST", "/images/create", post_create },
	{ NULL },
};
