/*
 * api_tasks.c - tasks and their execs over HTTP (api.h, tasks.h).
 */
#include "api.h"

#include <poll.h>
#include <string.h>

API_HANDLER(api_tasks_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply_list(req, rep, ctrd_tasks_list(d->tasks, ctrd_api_ns(req)), err);
}

API_HANDLER(api_task_create)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	return body ? ctrd_api_reply(rep, 201, ctrd_task_create(d->tasks, ctrd_api_ns(req), body, err))
		    : -1;
}

API_HANDLER(api_task_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_task_get(d->tasks, ctrd_api_ns(req),
						      http_param(req, "id"), err));
}

API_HANDLER(api_task_delete)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_task_delete(d->tasks, ctrd_api_ns(req),
							 http_param(req, "id"),
							 http_query_bool(req, "unstarted", 0), err));
}

/* An operation without an answer: 200 and {}. */
static int done(struct http_reply *rep, int rc)
{
	return rc ? rc : ctrd_api_reply(rep, 200, json_object());
}

API_HANDLER(api_task_start)
{
	struct ctrd_daemon *d = daemon;

	return done(rep, ctrd_task_start(d->tasks, ctrd_api_ns(req), http_param(req, "id"), err));
}

API_HANDLER(api_task_pause)
{
	struct ctrd_daemon *d = daemon;

	return done(rep, ctrd_task_pause(d->tasks, ctrd_api_ns(req), http_param(req, "id"), err));
}

API_HANDLER(api_task_resume)
{
	struct ctrd_daemon *d = daemon;

	return done(rep, ctrd_task_resume(d->tasks, ctrd_api_ns(req), http_param(req, "id"), err));
}

API_HANDLER(api_task_kill)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	if (!body)
		return -1;
	return done(rep, ctrd_task_kill(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					http_param(req, "exec"), body, err));
}

API_HANDLER(api_task_resize)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	if (!body)
		return -1;
	return done(rep, ctrd_task_resize(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					  http_param(req, "exec"), body, err));
}

API_HANDLER(api_task_update)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	if (!body)
		return -1;
	return done(rep, ctrd_task_update(d->tasks, ctrd_api_ns(req), http_param(req, "id"), body,
					  err));
}

API_HANDLER(api_task_checkpoint)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	if (!body)
		return -1;
	return done(rep, ctrd_task_checkpoint(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					      body, err));
}

API_HANDLER(api_task_reopen_log)
{
	struct ctrd_daemon *d = daemon;

	return done(rep, ctrd_task_reopen_log(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					      err));
}

API_HANDLER(api_task_pids)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_task_pids(d->tasks, ctrd_api_ns(req),
						       http_param(req, "id"), err));
}

API_HANDLER(api_task_metrics)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_task_metrics(d->tasks, ctrd_api_ns(req),
							  http_param(req, "id"), err));
}

API_HANDLER(api_task_stats)
{
	struct ctrd_daemon *d = daemon;
	AUTO_FREE char *text = ctrd_task_stats(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					       err);

	if (!text)
		return -1;
	http_reply_bytes(rep, 200, "application/json", text, strlen(text));
	return 0;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* Until the process has ended or the client has gone, whichever is first. */
static void produce_exit(struct http_writer *w, void *arg)
{
	struct pollfd p[] = {
		{ .fd = ctrd_wait_fd(arg), .events = POLLIN },
		{ .fd = http_writer_fd(w), .events = POLLRDHUP },
	};
	AUTO_JSON json_t *result = NULL;
	struct err err;

	while (!(result = ctrd_wait_result(arg)))
		if (poll(p, 2, -1) > 0 && p[1].revents)
			return;
	http_write_json(w, result, &err);
}

static void release_wait(void *arg)
{
	ctrd_wait_free(arg);
}

API_HANDLER(api_task_wait)
{
	struct ctrd_daemon *d = daemon;
	struct ctrd_wait *w = ctrd_task_wait(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
					     http_param(req, "exec"), err);

	if (!w)
		return -1;
	http_reply_stream(rep, 200, "application/json", produce_exit, w, release_wait);
	return 0;
}

/* --- execs ------------------------------------------------------------------------------------- */

API_HANDLER(api_exec_create)
{
	struct ctrd_daemon *d = daemon;
	json_t *body = http_body_json(req, err);

	return body ? ctrd_api_reply(rep, 201, ctrd_exec_create(d->tasks, ctrd_api_ns(req),
								http_param(req, "id"), body, err))
		    : -1;
}

API_HANDLER(api_execs_list)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_execs_list(d->tasks, ctrd_api_ns(req),
							http_param(req, "id"), err));
}

API_HANDLER(api_exec_start)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_exec_start(d->tasks, ctrd_api_ns(req),
							http_param(req, "id"), http_param(req, "exec"),
							err));
}

API_HANDLER(api_exec_get)
{
	struct ctrd_daemon *d = daemon;

	return ctrd_api_reply(rep, 200, ctrd_exec_get(d->tasks, ctrd_api_ns(req),
						      http_param(req, "id"), http_param(req, "exec"),
						      err));
}

API_HANDLER(api_exec_delete)
{
	struct ctrd_daemon *d = daemon;

	(void)rep;
	return ctrd_exec_delete(d->tasks, ctrd_api_ns(req), http_param(req, "id"),
				http_param(req, "exec"), err);
}
