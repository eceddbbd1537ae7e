/*
 * shim_control.c - containerd's requests.
 *
 *     {"op":"start"}                     ──▶ {"result":{"pid":71}}
 *     {"op":"kill","signal":9}           ──▶ {"error":{"kind":"conflict","message":"…"}}
 *     {"op":"subscribe"}                 ──▶ {"result":{state}}, and from then on
 *                                            {"event":"exit","pid":71,"exitStatus":0,…}
 *
 * "traceparent" in a request: its trace; the answer then has "spans", lines of them.
 *
 * A line each. A connection has one request under way; what it sends meanwhile waits.
 * Whoever may open the socket (mode 0600, in a directory of root's) may ask anything.
 */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "wire.h"

#define REQUEST_MAX (64 << 10)
#define UNREAD_MAX (1 << 20) /* events that a subscriber has not read */

struct shim_conn {
	struct shim_conn *next;
	struct shim *shim;
	struct shim_watch watch;
	struct strbuf in, out;
	size_t sent;
	char op[32]; /* of the request under way */
	struct trace_span span;
	bool busy, subscribed, gone;
};

/* --- answers ---------------------------------------------------------------------------- */

static void drop(struct shim_conn *c)
{
	struct shim *s = c->shim;
	struct shim_conn **p = &s->conns;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	shim_job_orphan(s, c);
	if (s->delete_conn == c)
		s->delete_conn = NULL;
	shim_watch_close(&s->loop, &c->watch);
	strbuf_free(&c->in);
	strbuf_free(&c->out);
	free(c);
	shim_leave_if_idle(s);
}

/* The end of a request that waits for its turn, or NULL. */
static char *next_line(const struct shim_conn *c)
{
	return c->busy || !c->in.len ? NULL : memchr(c->in.data, '\n', c->in.len);
}

static void send_waiting(struct shim_conn *c)
{
	while (!c->gone && c->sent < c->out.len) {
		ssize_t w = send(c->watch.fd, c->out.data + c->sent, c->out.len - c->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		c->gone = w < 0;
		c->sent += w < 0 ? 0 : (size_t)w;
	}
	c->gone |= c->out.len - c->sent > UNREAD_MAX;
	if (c->gone || c->sent == c->out.len) {
		strbuf_free(&c->out);
		c->sent = 0;
	}
	/* Freeing, and the next request, are left to the loop: the caller may still hold
	 * the connection. */
	shim_watch_set(&c->shim->loop, &c->watch,
		       EPOLLIN | (c->out.len || c->gone || next_line(c) ? EPOLLOUT : 0u));
}

/* containerd takes the end of file for the shim's end, while the shim may still owe a
 * slow client some output. Freeing is again left to the loop. */
bool shim_control_finish(struct shim *s)
{
	for (const struct shim_conn *c = s->conns; c; c = c->next)
		if (c->out.len && !c->gone)
			return false;
	for (struct shim_conn *c = s->conns; c; c = c->next)
		shutdown(c->watch.fd, SHUT_RDWR);
	return true;
}

static void send_doc(struct shim_conn *c, const json_t *doc)
{
	AUTO_FREE char *text = jsonx_text(doc);

	strbuf_adds(&c->out, text);
	strbuf_addc(&c->out, '\n');
	send_waiting(c);
}

/* The request has ended, perhaps by something else than what it began. In a trace, with what was done
 * in it here. */
static void send_answer(struct shim_conn *c, json_t *doc)
{
	AUTO_STRBUF struct strbuf spans = STRBUF_INIT;
	struct trace_context before = trace_switch(c->span.own);

	trace_end(&c->span, "%s", c->op);
	trace_take(&spans);
	trace_switch(before);
	if (spans.len && spans.len < SHIM_SPANS_MAX)
		json_object_set_new(doc, "spans", json_stringn(spans.data, spans.len));
	send_doc(c, doc);
}

void shim_reply(struct shim_conn *conn, json_t *result)
{
	AUTO_JSON json_t *doc = json_pack("{s:o}", "result", result ? result : json_object());

	if (!conn)
		return;
	conn->busy = false;
	send_answer(conn, doc);
}

void shim_reply_error(struct shim_conn *conn, const struct err *err)
{
	AUTO_JSON json_t *doc = ctrd_wire_error(err);

	if (!conn)
		return;
	conn->busy = false;
	send_answer(conn, doc);
}

void shim_event(struct shim *s, const char *name, const struct shim_proc *p)
{
	AUTO_JSON json_t *doc = shim_proc_json(p);

	json_object_set_new(doc, "event", json_string(name));
	for (struct shim_conn *c = s->conns; c; c = c->next)
		if (c->subscribed)
			send_doc(c, doc);
}

/* --- requests ---------------------------------------------------------------------------- */

static json_t *state(struct shim *s)
{
	json_t *doc = shim_proc_json(s->procs), *execs = json_array();

	for (struct shim_proc *p = s->procs->next; p; p = p->next)
		json_array_append_new(execs, shim_proc_json(p));
	json_object_set_new(doc, "execs", execs);
	json_object_set_new(doc, "starting", json_boolean(s->procs->starting));
	if (s->cgroup)
		json_object_set_new(doc, "cgroup", json_string(s->cgroup));
	return doc;
}

static int op_state(struct shim *s, struct shim_conn *conn, const json_t *req, json_t **result,
		    struct err *err)
{
	(void)conn;
	(void)req;
	(void)err;
	*result = state(s);
	return 0;
}

static int op_subscribe(struct shim *s, struct shim_conn *conn, const json_t *req,
			json_t **result, struct err *err)
{
	conn->subscribed = true;
	return op_state(s, conn, req, result, err);
}

static const struct shim_op_row control_ops[] = {
	{ "state", op_state },
	{ "subscribe", op_subscribe },
	{ NULL, NULL },
};

static shim_op find_op(const char *name)
{
	static const struct shim_op_row *const tables[] = { control_ops, shim_task_ops,
							    shim_exec_ops, shim_checkpoint_ops };

	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
		for (const struct shim_op_row *row = tables[t]; row->name; row++)
			if (!strcmp(row->name, name))
				return row->run;
	return NULL;
}

static void handle(struct shim_conn *c, const char *line, size_t len)
{
	struct err err;
	AUTO_JSON json_t *req = jsonx_parse(line, len, "request", &err);
	const char *name = jsonx_str(req, "op", "");
	shim_op run = req ? find_op(name) : NULL;
	struct trace_context theirs;
	json_t *result = NULL;
	int rc = -1;

	trace_parse(jsonx_str(req, "traceparent", NULL), &theirs);
	trace_switch(theirs);
	snprintf(c->op, sizeof c->op, "%s", name);
	c->span = trace_detail_begin();
	c->busy = true;
	if (run)
		rc = run(c->shim, c, req, &result, &err);
	else if (req)
		err_set(&err, ERR_UNSUPPORTED, "this shim knows no operation '%s'", name);
	if (rc < 0)
		shim_reply_error(c, &err);
	else if (!rc)
		shim_reply(c, result);
	trace_switch((struct trace_context){ 0 });
}

static void handle_lines(struct shim_conn *c)
{
	char *nl;

	while (!c->gone && (nl = next_line(c))) {
		size_t len = (size_t)(nl - c->in.data);
		AUTO_FREE char *line = xstrndup(c->in.data, len);

		memmove(c->in.data, nl + 1, c->in.len - len - 1);
		c->in.len -= len + 1;
		handle(c, line, len);
	}
	if (!c->in.len)
		strbuf_free(&c->in);
}

static void on_conn(void *owner, uint32_t events)
{
	struct shim_conn *c = owner;
	char *buf = c->shim->chunk;
	ssize_t n;

	if (events & EPOLLOUT) {
		handle_lines(c);
		send_waiting(c);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(c->watch.fd, buf, SHIM_CHUNK, MSG_DONTWAIT);
		if (n > 0)
			strbuf_add(&c->in, buf, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			c->gone = true;
		if (c->in.len > REQUEST_MAX)
			c->gone = true;
		handle_lines(c);
	}
	if (c->gone)
		drop(c);
	else
		shim_leave_if_idle(c->shim);
}

static void on_connect(void *owner, uint32_t events)
{
	struct shim *s = owner;
	int fd = accept4(s->control.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct shim_conn *c;

	(void)events;
	if (fd < 0)
		return;
	c = xcalloc(1, sizeof *c);
	c->shim = s;
	shim_watch_init(&c->watch, fd, on_conn, c);
	c->next = s->conns;
	s->conns = c;
	shim_watch_set(&s->loop, &c->watch, EPOLLIN);
}

int shim_control_listen(struct shim *s, struct err *err)
{
	int fd = kern_unix_listen("shim.sock", 0600, err);

	if (fd < 0)
		return -1;
	shim_watch_init(&s->control, fd, on_connect, s);
	shim_watch_set(&s->loop, &s->control, EPOLLIN);
	return 0;
}

void shim_control_close(struct shim *s)
{
	while (s->conns)
		drop(s->conns);
	shim_watch_close(&s->loop, &s->control);
	unlink("shim.sock");
}
