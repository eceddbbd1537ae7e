/*
 * tasks_watch.c - the shims' events: one thread listens to all of them.
 *
 * Events of one task are published by this thread alone, in the order in which its shim
 * sent them, so nobody sees an exit before its start. End of file on a
 * subscription means that the shim has gone: after a delete that is the plan; at
 * any other time exit.json tells how the container ended, and if there is none the
 * shim was killed, and the container, which nobody holds any more, is killed too.
 */
#include "tasks_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "shimctl.h"

#define END_SECONDS 3

/* --- news --------------------------------------------------------------------------------- */

static const struct {
	const char *event, *topic;
	bool ended;
} topics[] = {
	{ "start", "/tasks/start", false },
	{ "exit", "/tasks/exit", true },
	{ "oom", "/tasks/oom", false },
	{ "paused", "/tasks/paused", false },
	{ "resumed", "/tasks/resumed", false },
	{ "checkpointed", "/tasks/checkpointed", false },
	{ "exec-added", "/tasks/exec-added", false },
	{ "exec-started", "/tasks/exec-started", false },
};

static void publish(struct task *t, const char *event, const json_t *news)
{
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		json_t *more;

		if (strcmp(topics[i].event, event))
			continue;
		more = json_pack("{s:I}", "pid", jsonx_int(news, "pid", 0));
		if (topics[i].ended) {
			json_object_set(more, "exitStatus", json_object_get(news, "exitStatus"));
			json_object_set(more, "exitedAt", json_object_get(news, "exitedAt"));
			json_object_set(more, "oomKilled", json_object_get(news, "oomKilled"));
		}
		task_publish(t, topics[i].topic, jsonx_str(news, "execID", NULL), more);
	}
}

static void take_news(struct task *t, const char *line, size_t n)
{
	struct err err;
	AUTO_JSON json_t *news = jsonx_parse(line, n, "event", &err);
	struct task_proc *p;

	if (!news) {
		log_warn("task %s: %s", t->id, err.msg);
		return;
	}
	pthread_mutex_lock(&t->table->lock);
	p = task_proc(t, jsonx_str(news, "execID", NULL));
	if (p)
		task_proc_update(t, p, news);
	pthread_mutex_unlock(&t->table->lock);
	publish(t, jsonx_str(news, "event", ""), news);
}

/* --- the end of a shim ------------------------------------------------------------------------ */

void task_delete_by_runtime(struct task *t)
{
	AUTO_FREE char *root = task_runtime_root(t->table, t->ns);
	AUTO_FREE char *log = xasprintf("%s/log.json", t->bundle);
	struct ctrd_runtime rt = { t->binary, root, t->binary_args };
	struct err err;

	ctrd_shim_await_death(t->bundle, END_SECONDS);
	if (ctrd_runtime_run(&rt, log, "delete", "--force", t->id, &err))
		log_warn("task %s: without a shim: %s", t->id, err.msg);
}

static json_t *lost_exit(bool started)
{
	char now[TIME_TEXT_SIZE];

	return json_pack("{s:i, s:s, s:b, s:b, s:s}", "exitStatus", 255, "exitedAt",
			 time_now_text(now), "oomKilled", 0, "started", started, "error",
			 "the shim was lost");
}

void task_without_shim(struct task *t)
{
	AUTO_FREE char *file = xasprintf("%s/exit.json", t->bundle);
	struct err err;
	AUTO_JSON json_t *end = jsonx_read(AT_FDCWD, file, 65536, &err);
	bool known, started;

	if (!end) {
		log_warn("task %s: its shim was lost; the container is killed", t->id);
		/* Nobody is the container's parent any more, so nobody would learn how it ends. */
		task_delete_by_runtime(t);
		pthread_mutex_lock(&t->table->lock);
		started = t->init.status != TASK_CREATED; /* after a restart nobody can tell */
		pthread_mutex_unlock(&t->table->lock);
		end = lost_exit(started);
		if (jsonx_write(AT_FDCWD, file, end, 0600, &err))
			log_error("task %s: %s", t->id, err.msg);
	}
	json_object_set_new(end, "status", json_string("stopped"));
	pthread_mutex_lock(&t->table->lock);
	known = t->init.status == TASK_STOPPED;
	task_proc_update(t, &t->init, end);
	for (struct task_proc *p = t->execs; p; p = p->next)
		task_proc_update(t, p, end);
	pthread_mutex_unlock(&t->table->lock);
	if (!known)
		publish(t, "exit", end);
}

/* The watcher's reference goes with the subscription. */
static void shim_gone(struct task *t)
{
	struct ctrd_tasks *ts = t->table;
	bool expected;

	epoll_ctl(ts->epfd, EPOLL_CTL_DEL, t->events, NULL);
	pthread_mutex_lock(&ts->lock);
	close(t->events);
	t->events = -1;
	/* One that is being created is undone by its creator. */
	expected = t->removed || t->deleting || t->init.status == TASK_CREATING;
	pthread_mutex_unlock(&ts->lock);
	if (!expected)
		task_without_shim(t);
	pthread_mutex_lock(&ts->lock);
	t->has_shim = false;
	pthread_cond_broadcast(&ts->changed);
	pthread_mutex_unlock(&ts->lock);
	task_put(t);
}

void task_await_end(struct task *t)
{
	struct ctrd_tasks *ts = t->table;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_SECONDS;
	pthread_mutex_lock(&ts->lock);
	while (t->has_shim && !pthread_cond_timedwait(&ts->changed, &ts->lock, &until))
		;
	pthread_mutex_unlock(&ts->lock);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void take_lines(struct task *t)
{
	char *start = t->line.data, *nl;

	while ((nl = memchr(start, '\n', t->line.len - (size_t)(start - t->line.data)))) {
		take_news(t, start, (size_t)(nl - start));
		start = nl + 1;
	}
	t->line.len -= (size_t)(start - t->line.data);
	memmove(t->line.data, start, t->line.len);
	if (!t->line.len)
		strbuf_free(&t->line);
}

static void readable(struct task *t)
{
	char buf[4096];
	ssize_t n = read(t->events, buf, sizeof buf);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		shim_gone(t);
		return;
	}
	strbuf_add(&t->line, buf, (size_t)n);
	take_lines(t);
}

static void *watch(void *arg)
{
	struct ctrd_tasks *ts = arg;
	struct epoll_event ev;

	for (;;) {
		if (epoll_wait(ts->epfd, &ev, 1, -1) != 1)
			continue;
		if (!ev.data.ptr)
			return NULL; /* stop_fd */
		readable(ev.data.ptr);
	}
}

int task_watcher_start(struct ctrd_tasks *ts, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	int rc;

	ts->epfd = epoll_create1(EPOLL_CLOEXEC);
	ts->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (ts->epfd < 0 || ts->stop_fd < 0 ||
	    epoll_ctl(ts->epfd, EPOLL_CTL_ADD, ts->stop_fd, &ev))
		return err_sys(err, "epoll");
	rc = pthread_create(&ts->watcher, NULL, watch, ts);
	if (rc)
		return err_errno(err, rc, "start the thread that watches the shims");
	ts->watching = true;
	return 0;
}

/* Afterwards no event is taken; the references of the subscriptions are given back. */
void task_watcher_stop(struct ctrd_tasks *ts)
{
	uint64_t one = 1;

	if (ts->watching) {
		(void)!write(ts->stop_fd, &one, sizeof one);
		pthread_join(ts->watcher, NULL);
	}
	for (struct task *t = ts->tasks, *next; t; t = next) {
		next = t->next;
		if (t->events < 0)
			continue;
		close(t->events);
		t->events = -1;
		task_put(t); /* not the last: the table has one */
	}
	if (ts->epfd >= 0)
		close(ts->epfd);
	if (ts->stop_fd >= 0)
		close(ts->stop_fd);
}

int task_watch(struct task *t, int fd, struct err *err)
{
	struct ctrd_tasks *ts = t->table;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = t };

	pthread_mutex_lock(&ts->lock);
	t->events = fd;
	t->has_shim = true;
	t->refs++;
	pthread_mutex_unlock(&ts->lock);
	if (!epoll_ctl(ts->epfd, EPOLL_CTL_ADD, fd, &ev))
		return 0;
	err_sys(err, "watch the shim of task %s", t->id);
	pthread_mutex_lock(&ts->lock);
	t->events = -1;
	t->has_shim = false;
	pthread_mutex_unlock(&ts->lock);
	close(fd);
	task_put(t);
	return -1;
}
