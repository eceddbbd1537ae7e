/*
 * stats.c - GET /containers/{id}/stats: what `docker stats` computes its columns from.
 *
 * A sample holds the one before it as "precpu_stats", since usage in percent is
 * a difference: of the container's CPU time over that of the whole machine.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "stats_sample.h"
#include "task.h"

struct session {
	struct daemon *d;
	struct container *c; /* a reference */
	bool stream, one_shot;
	json_t *before;      /* cpu_stats of the last sample */
	char read[TIME_TEXT_SIZE];
};

static json_t *sample(struct session *s)
{
	struct err ignored;
	json_t *m, *doc, *cpu;
	char before[TIME_TEXT_SIZE];
	pid_t pid;
	char *name;

	dockerd_lock(s->d);
	pid = s->c->st.running ? s->c->st.pid : 0;
	name = xasprintf("/%s", s->c->name);
	dockerd_unlock(s->d);
	m = pid ? dockerd_task_query(s->d, s->c->id, "metrics", &ignored) : NULL;
	strcpy(before, *s->read ? s->read : ZERO_TIME);
	time_now_text(s->read);
	cpu = dockerd_stats_cpu(m);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:o, s:o, s:o, s:i, s:{}}", "name", name, "id",
			s->c->id, "read", m ? s->read : ZERO_TIME, "preread", before, "cpu_stats",
			cpu, "precpu_stats", s->before, "memory_stats", dockerd_stats_memory(m),
			"pids_stats", dockerd_stats_pids(m), "blkio_stats", dockerd_stats_blkio(m),
			"num_procs", 0, "storage_stats");
	if (pid)
		json_object_set_new(doc, "networks", dockerd_stats_networks(pid));
	json_decref(s->before);
	s->before = cpu;
	json_decref(m);
	free(name);
	return doc;
}

/* One second, or less when there is nobody left to wait for. */
static bool pause_a_second(const struct session *s, const struct http_writer *w)
{
	struct pollfd p[2] = { { http_writer_fd(w), 0, 0 }, { s->d->stop_fd, POLLIN, 0 } };

	return poll(p, 2, 1000) == 0;
}

static bool is_listed(const struct session *s)
{
	bool yes;

	dockerd_lock(s->d);
	yes = s->c->listed;
	dockerd_unlock(s->d);
	return yes;
}

static void produce(struct http_writer *w, void *arg)
{
	struct session *s = arg;
	struct err err;

	/* One answer with a difference in it takes two samples. */
	if (!s->stream && !s->one_shot) {
		json_decref(sample(s));
		if (!pause_a_second(s, w))
			return;
	}
	do {
		AUTO_JSON json_t *doc = sample(s);

		if (http_write_json(w, doc, &err))
			return;
	} while (s->stream && pause_a_second(s, w) && is_listed(s));
}

static void release(void *arg)
{
	struct session *s = arg;

	json_decref(s->before);
	dockerd_container_put(s->d, s->c);
	free(s);
}

static int get_stats(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	struct session *s;

	if (!c)
		return -1;
	s = xcalloc(1, sizeof *s);
	*s = (struct session){ .d = daemon,
			       .c = c,
			       .stream = http_query_bool(req, "stream", 1),
			       .one_shot = http_query_bool(req, "one-shot", 0),
			       .before = dockerd_stats_cpu(NULL) };
	http_reply_stream(rep, 200, "application/json", produce, s, release);
	return 0;
}

const struct http_route dockerd_stats_routes[] = {
	{ "GET", "/containers/{id}/stats", get_stats },
	{ NULL },
};
