/*
 * health_probe.c - one probe: an exec like a client's, whose output is kept instead of
 * sent and whose end is waited for with a limit (health.h).
 *
 * The end is the event of its exit (exec.c), not that of its output: what the command
 * left running in the background may hold that open for ever.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "exec_private.h"
#include "frames.h"
#include "health.h"

#define LAST_WORDS_MS 200 /* for output that is still on its way when the exit is known */
#define MILLISECOND 1000000LL

/* --- the output --------------------------------------------------------------------------- */

struct output {
	struct frames frames;
	struct strbuf *kept;
	bool cut;
};

static void keep(struct output *o, const struct strbuf *said)
{
	size_t room = HEALTH_OUTPUT - o->kept->len;

	o->cut |= said->len > room;
	strbuf_add(o->kept, said->data, said->len < room ? said->len : room);
}

/* False: there will be no more. */
static bool read_some(int fd, struct output *o)
{
	AUTO_STRBUF struct strbuf said = STRBUF_INIT;
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n > 0) {
		dockerd_frames_feed(&o->frames, buf, (size_t)n, &said);
		keep(o, &said);
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static void last_words(int fd, struct output *o)
{
	struct pollfd p = { fd, POLLIN, 0 };

	while (poll(&p, 1, LAST_WORDS_MS) > 0 && read_some(fd, o))
		;
}

/* --- the wait ------------------------------------------------------------------------------ */

enum outcome { ENDED, LATE, CALLED_OFF };

static bool has_ended(struct daemon *d, const struct exec *e, int *code)
{
	bool ended;

	dockerd_lock(d);
	ended = e->ended != 0;
	*code = e->exit_code;
	dockerd_unlock(d);
	return ended;
}

static enum outcome wait_for(struct daemon *d, struct exec *e, int shim, int64_t timeout_ns,
			     struct output *o, int *code)
{
	struct pollfd p[3] = { { .events = POLLIN }, { shim, POLLIN, 0 },
			       { d->stop_fd, POLLIN, 0 } };
	int64_t until = time_steady_ns() + timeout_ns;
	enum outcome outcome = CALLED_OFF;
	struct watcher w;
	struct err ignored;

	if (dockerd_watch(d, e->c, &w, &ignored))
		return LATE;
	p[0].fd = w.fd;
	for (;;) {
		int64_t left = (until - time_steady_ns() + MILLISECOND - 1) / MILLISECOND;

		if (has_ended(d, e, code)) {
			outcome = ENDED;
			break;
		}
		if (left <= 0)
			outcome = LATE;
		if (left <= 0 || (poll(p, 3, left > 60000 ? 60000 : (int)left) < 0 &&
				  errno != EINTR) || p[2].revents)
			break;
		if (p[1].revents && !read_some(shim, o))
			p[1].fd = -1;
		if (p[0].revents)
			dockerd_watch_clear(&w);
	}
	dockerd_unwatch(d, e->c, &w);
	return outcome;
}

static void kill_it(struct daemon *d, const struct exec *e)
{
	AUTO_FREE char *path = xasprintf("/v1/tasks/%s/execs/%s/kill", e->c->id, e->id);
	AUTO_JSON json_t *body = json_pack("{s:i}", "signal", SIGKILL);
	struct err err;
	json_t *answer = ctrd_call(d->ctrd, "POST", path, body, &err);

	if (!answer && err.kind != ERR_NOT_FOUND && err.kind != ERR_CONFLICT)
		log_warn("container %.12s: end a health check: %s", e->c->id, err.msg);
	json_decref(answer);
}

/* --- the probe ------------------------------------------------------------------------------ */

/* 90000000000 -> "1m30s", 1500000000 -> "1.5s", 20000000 -> "20ms": as Go writes it. */
static void duration_text(int64_t ns, char text[64])
{
	long long minutes = ns / 60000000000LL, rest = ns % 60000000000LL;
	int n = 0;

	if (ns < 1000 * MILLISECOND) {
		snprintf(text, 64, "%gms", (double)ns / MILLISECOND);
		return;
	}
	if (minutes >= 60)
		n += snprintf(text, 64, "%lldh", minutes / 60);
	if (minutes)
		n += snprintf(text + n, 64 - (size_t)n, "%lldm", minutes % 60);
	snprintf(text + n, 64 - (size_t)n, "%.10gs", (double)rest / 1e9);
}

static struct exec *new_exec(struct daemon *d, struct container *c)
{
	json_t *config = json_pack("{s:o, s:b, s:b, s:b}", "Cmd", dockerd_health_command(c->config),
				   "AttachStdout", 1, "AttachStderr", 1, "Privileged",
				   jsonx_bool(c->host, "Privileged", false));

	dockerd_lock(d);
	c->refs++; /* the exec's own */
	dockerd_unlock(d);
	return dockerd_exec_new(d, c, config);
}

static void say_late(struct probe *p, int64_t timeout_ns)
{
	struct strbuf text = STRBUF_INIT;
	char duration[64];

	duration_text(timeout_ns, duration);
	strbuf_addf(&text, "Health check exceeded timeout (%s)", duration);
	if (p->output.len) {
		strbuf_addf(&text, ": ");
		strbuf_add(&text, p->output.data, p->output.len);
	}
	strbuf_free(&p->output);
	p->output = text;
	p->code = -1;
}

static bool run(struct daemon *d, struct exec *e, int shim, int64_t timeout_ns, struct probe *p)
{
	struct output o = { .kept = &p->output };
	enum outcome outcome = wait_for(d, e, shim, timeout_ns, &o, &p->code);

	if (outcome == ENDED)
		last_words(shim, &o);
	else
		kill_it(d, e);
	if (o.cut)
		strbuf_addf(&p->output, "...");
	if (outcome == LATE)
		say_late(p, timeout_ns);
	return outcome != CALLED_OFF;
}

bool dockerd_health_probe(struct daemon *d, struct container *c, int64_t timeout_ns,
			  struct probe *p)
{
	struct exec *e = new_exec(d, c);
	AUTO_CLOSE int shim = -1;
	bool whole = true;
	struct err err;

	time_now_text(p->start);
	shim = dockerd_exec_launch(d, e, &err);
	if (shim >= 0) {
		whole = run(d, e, shim, timeout_ns, p);
	} else {
		p->code = -1;
		strbuf_addf(&p->output, "%s", err.msg);
	}
	time_now_text(p->end);
	dockerd_exec_put(d, e);
	return whole;
}
