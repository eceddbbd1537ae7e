/*
 * build_ssh.c - see build.h: RUN --mount=type=ssh, the agent of whoever builds, in a RUN.
 *
 *     process in RUN ══ socket that is mounted ══ dockerd ══ POST /build/ssh, upgraded ══ client ══ its agent
 *
 * A client cannot be called, so it calls: for each id that it offers, a connection waits here, a line. A process that
 * connects to the step's socket gets a line of its build (they know each other by a token that only the client has),
 * and from then on bytes go both ways; the client, seeing the first of them, opens the next line. What waits is
 * bounded, and one that gets no line waits in the socket's queue.
 *
 * The process is not trusted: its socket is a step's own and ends with the step, and so do all lines that it got.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "api.h"
#include "build.h"
#include "splice.h"

#define LINES_MAX 256 /* that wait, of all clients */
#define TOKEN_MIN 32
#define TEXT_MAX 256

struct ssh_line {
	struct daemon *d;
	char *token, *id;
	int given;             /* eventfd: there is a peer */
	/* daemon.lock */
	struct ssh_line *next; /* in the daemon's list while it waits */
	int peer, over;        /* the process's connection, and what is readable when its step ends: the line's own */
};

struct ssh_agent {
	struct build *b;
	char *id;
	int listener, over; /* over: an eventfd */
	bool ended;         /* daemon.lock */
	pthread_t thread;
};

/* --- the client's side --------------------------------------------------------------------------- */

static bool line_add(struct ssh_line *l)
{
	struct daemon *d = l->d;
	size_t n = 0;

	dockerd_lock(d);
	for (const struct ssh_line *o = d->ssh_lines; o; o = o->next)
		n++;
	if (n < LINES_MAX) {
		l->next = d->ssh_lines;
		d->ssh_lines = l;
		pthread_cond_broadcast(&d->ssh_changed);
	}
	dockerd_unlock(d);
	return n < LINES_MAX;
}

/* No longer waiting, if it was. Was it taken by a step? */
static bool line_remove(struct ssh_line *l)
{
	struct ssh_line **at = &l->d->ssh_lines;
	bool taken;

	dockerd_lock(l->d);
	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	taken = l->peer >= 0;
	dockerd_unlock(l->d);
	return taken;
}

static void line_free(void *arg)
{
	struct ssh_line *l = arg;

	line_remove(l);
	close(l->given);
	if (l->peer >= 0)
		close(l->peer);
	if (l->over >= 0)
		close(l->over);
	free(l->token);
	free(l->id);
	free(l);
}

/* Of the client nothing is read before there is somebody to hear it. */
static void line_run(int fd, void *arg)
{
	struct ssh_line *l = arg;
	struct pollfd p[3] = { { fd, POLLRDHUP, 0 }, { l->given, POLLIN, 0 }, { l->d->stop_fd, POLLIN, 0 } };

	while (poll(p, 3, -1) < 0 && errno == EINTR)
		;
	if (line_remove(l))
		dockerd_splice(&(struct splice){ .client = fd, .server = l->peer, .stop_fd = l->over });
}

int build_ssh_line(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	const json_t *body = http_body_json(req, err);
	const char *token = jsonx_str(body, "token", ""), *id = jsonx_str(body, "id", "");
	struct ssh_line *l;

	if (!body)
		return -1;
	if (strlen(token) < TOKEN_MIN || strlen(token) > TEXT_MAX || !*id || strlen(id) > TEXT_MAX)
		return err_set(err, ERR_INVALID, "expected a token of %d to %d characters, and an id", TOKEN_MIN, TEXT_MAX);
	l = xcalloc(1, sizeof *l);
	*l = (struct ssh_line){ .d = daemon, .token = xstrdup(token), .id = xstrdup(id), .peer = -1, .over = -1,
				.given = eventfd(0, EFD_CLOEXEC) };
	if (l->given >= 0 && line_add(l)) {
		http_reply_upgrade(rep, "tcp", "application/vnd.docker.raw-stream", line_run, l, line_free);
		return 0;
	}
	if (l->given < 0)
		err_sys(err, "make an eventfd");
	else
		err_set(err, ERR_UNAVAILABLE, "%d agents are waiting already", LINES_MAX);
	line_free(l);
	return -1;
}

/* --- the step's side ------------------------------------------------------------------------------- */

/* One that waits under this id, out of the list; NULL. daemon.lock held. */
static struct ssh_line *line_take(const struct ssh_agent *a)
{
	struct ssh_line **at = &a->b->d->ssh_lines, *l;

	while ((l = *at) && (strcmp(l->id, a->id) || strcmp(l->token, a->b->o.ssh_token)))
		at = &l->next;
	if (l)
		*at = l->next;
	return l;
}

/* Until there is a line, or the step has ended. The line owns the descriptors then. */
static bool hand_over(struct ssh_agent *a, int peer, int over)
{
	struct daemon *d = a->b->d;
	struct ssh_line *l = NULL;

	dockerd_lock(d);
	while (!a->ended && !(l = line_take(a)))
		pthread_cond_wait(&d->ssh_changed, &d->lock);
	if (l) {
		l->peer = peer;
		l->over = over;
		eventfd_write(l->given, 1);
	}
	dockerd_unlock(d);
	return l;
}

static void *agent_thread(void *arg)
{
	struct ssh_agent *a = arg;
	struct pollfd p[2] = { { a->listener, POLLIN, 0 }, { a->over, POLLIN, 0 } };

	for (;;) {
		AUTO_CLOSE int peer = -1, over = -1;

		if ((poll(p, 2, -1) < 0 && errno != EINTR) || p[1].revents)
			return NULL;
		peer = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		over = peer < 0 ? -1 : fcntl(a->over, F_DUPFD_CLOEXEC, 0);
		if (over < 0)
			kern_accept_rest(errno);
		if (over >= 0 && hand_over(a, peer, over))
			peer = over = -1;
	}
}

static void agent_free(struct ssh_agent *a)
{
	if (a->listener >= 0)
		close(a->listener);
	if (a->over >= 0)
		close(a->over);
	free(a->id);
	free(a);
}

bool build_ssh_offered(const struct build *b, const char *id)
{
	return b->o.ssh_token && json_object_get(b->o.ssh_ids, id);
}

struct ssh_agent *build_ssh_open(struct build *b, const char *id, const char *path, struct err *err)
{
	struct ssh_agent *a = xcalloc(1, sizeof *a);
	int rc;

	*a = (struct ssh_agent){ .b = b, .id = xstrdup(id), .listener = kern_unix_listen(path, 0600, err), .over = -1 };
	if (a->listener >= 0 && (fcntl(a->listener, F_SETFL, O_NONBLOCK) ||
				 (a->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0))
		err_sys(err, "listen for a RUN's ssh");
	rc = a->over < 0 ? -1 : pthread_create(&a->thread, NULL, agent_thread, a);
	if (!rc)
		return a;
	if (rc > 0)
		err_errno(err, rc, "start a thread");
	agent_free(a);
	return NULL;
}

void build_ssh_close(struct ssh_agent *a)
{
	struct daemon *d = a->b->d;

	eventfd_write(a->over, 1); /* for this thread, and for all lines that the step got */
	dockerd_lock(d);
	a->ended = true;
	pthread_cond_broadcast(&d->ssh_changed);
	dockerd_unlock(d);
	pthread_join(a->thread, NULL);
	agent_free(a);
}
