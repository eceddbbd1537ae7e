/*
 * build_ssh.c - see build.h: an agent of ours for a RUN of the build.
 *
 *     POST /build/ssh {"token","id"}, upgraded; the daemon says nothing until a RUN asks the agent something.
 *     Then the next such line is opened, and this one is carried to the agent, byte by byte, until either ends.
 *
 * Each line is a thread. Keys that are files get an ssh-agent of their own, which ends with us, however we end.
 */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/tty.h"
#include "conn.h"

#define LINES_MAX 16 /* of one id, waiting and carried */
#define TOKEN_BYTES 32
#define RETRY_MS 500

/* What --ssh offers under an id. */
struct offer {
	struct cli_build_ssh *ssh;
	char *id, *socket;
	pid_t keeper;   /* of the agent that has the keys; 0: none */
	int keeper_in;  /* open as long as that one is to live */
	unsigned lines; /* ssh->lock */
};

struct cli_build_ssh {
	struct cli *cli;
	char token[2 * TOKEN_BYTES + 1];
	struct offer *offers;
	size_t n;
	int over;               /* eventfd: the build has ended */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a line ended */
};

struct line {
	struct offer *offer;
	struct cli_conn conn;
};

/* ---- lines --------------------------------------------------------------- */

static int ask(struct line *l, struct err *err)
{
	AUTO_JSON json_t *body = json_pack("{s:s, s:s}", "token", l->offer->ssh->token, "id", l->offer->id);

	l->conn = (struct cli_conn)CLI_CONN_INIT;
	if (!cli_conn_upgrade(&l->conn, &l->offer->ssh->cli->api, "/build/ssh", body, err))
		return 0;
	cli_conn_free(&l->conn);
	return err_wrap(err, "--ssh %s", l->offer->id);
}

/* The first bytes, which stay to be read. False: it ended without, or the build did. */
static bool await(struct line *l)
{
	struct pollfd p[2] = { { l->conn.fd, POLLIN, 0 }, { l->offer->ssh->over, POLLIN, 0 } };
	char buf[16384];

	while (!l->conn.rest.len) {
		ssize_t n;

		if ((poll(p, 2, -1) < 0 && errno != EINTR) || p[1].revents)
			return false;
		n = cli_conn_read(&l->conn, buf, sizeof buf);
		if (!n || (n < 0 && errno != EAGAIN))
			return false;
		if (n > 0)
			strbuf_add(&l->conn.rest, buf, (size_t)n);
	}
	return true;
}

static void *line_thread(void *arg);

/* One more line, unless there are many. */
static bool line_start(struct offer *o, struct line *l)
{
	struct cli_build_ssh *s = o->ssh;
	pthread_t thread;
	bool ok;

	pthread_mutex_lock(&s->lock);
	ok = o->lines < LINES_MAX && !pthread_create(&thread, NULL, line_thread, l);
	o->lines += ok;
	pthread_mutex_unlock(&s->lock);
	if (ok)
		pthread_detach(thread);
	return ok;
}

static bool next_line(struct offer *o)
{
	struct line *l = xcalloc(1, sizeof *l);

	*l = (struct line){ .offer = o, .conn = CLI_CONN_INIT };
	if (line_start(o, l))
		return true;
	free(l);
	return false;
}

static void carry(struct line *l)
{
	struct err err;
	AUTO_CLOSE int agent = kern_unix_connect(l->offer->socket, &err);

	if (agent < 0) {
		cli_complain("--ssh %s: %s", l->offer->id, err.msg);
		return;
	}
	fcntl(agent, F_SETFL, O_NONBLOCK); /* or one that does not read would be waited for when the build has ended */
	cli_conn_carry(&l->conn, agent, agent, l->offer->ssh->over, &err); /* what ends it both sides see */
}

/* The daemon has as many lines as it keeps: in a while there may be room, and until then a RUN's question waits. */
static bool is_full(const struct line *l, const struct err *err)
{
	struct pollfd over = { l->offer->ssh->over, POLLIN, 0 };

	return err->kind == ERR_UNAVAILABLE && !poll(&over, 1, RETRY_MS);
}

static void *line_thread(void *arg)
{
	struct line *l = arg;
	struct offer *o = l->offer;
	struct pollfd over = { o->ssh->over, POLLIN, 0 };
	bool followed = false;
	struct err err;

	while (!followed && !poll(&over, 1, 0)) {
		if (l->conn.fd < 0 && ask(l, &err)) {
			if (is_full(l, &err))
				continue;
			if (!poll(&over, 1, 0))
				cli_complain("%s", err.msg);
			break;
		}
		if (await(l)) {
			followed = next_line(o);
			carry(l);
		}
		cli_conn_free(&l->conn);
	}
	cli_conn_free(&l->conn);
	free(l);
	pthread_mutex_lock(&o->ssh->lock);
	o->lines--;
	pthread_cond_broadcast(&o->ssh->changed);
	pthread_mutex_unlock(&o->ssh->lock);
	return NULL;
}

/* The first one from here, so that a daemon that knows nothing of this is an error. */
static int first_line(struct offer *o, struct err *err)
{
	struct line *l = xcalloc(1, sizeof *l);

	l->offer = o;
	if (!ask(l, err)) {
		if (line_start(o, l))
			return 0;
		err_set(err, ERR_SYSTEM, "--ssh %s: no thread", o->id);
		cli_conn_free(&l->conn);
	}
	free(l);
	return -1;
}

/* ---- keys ---------------------------------------------------------------- */

/* ssh-agent runs this, and ends when it has ended. It says where the agent listens, and lives as long as our end of
 * its standard input is open. */
static const char keeper[] = "trap '' INT HUP\n"
			     "for key; do ssh-add -q - <\"$key\" || { kill \"$SSH_AGENT_PID\"; exit 1; }; done\n"
			     "echo \"$SSH_AUTH_SOCK\"; cat >/dev/null; kill \"$SSH_AGENT_PID\"";

static int spawn_keeper(struct offer *o, const struct strlist *keys, int in, int out, struct err *err)
{
	AUTO_STRLIST struct strlist argv = STRLIST_INIT;
	const char *const head[] = { "ssh-agent", "sh", "-c", keeper, "sh" };

	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		strlist_add(&argv, head[i]);
	for (size_t i = 0; i < keys->n; i++)
		strlist_add(&argv, keys->v[i]);
	if (!spawn_program(argv.v, NULL, (int[]){ in, out, STDERR_FILENO }, false, &o->keeper, err))
		return 0;
	o->keeper = 0;
	return err_wrap(err, "--ssh %s", o->id);
}

static int keep_keys(struct offer *o, const struct strlist *keys, struct err *err)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	char place[4096];
	size_t n = 0;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return err_sys(err, "pipe");
	AUTO_CLOSE int in = to[0];
	AUTO_CLOSE int answer = from[0];
	AUTO_CLOSE int out = from[1];
	o->keeper_in = to[1];
	if (spawn_keeper(o, keys, in, out, err))
		return -1;
	close(steal_fd(&out));
	while (n < sizeof place - 1 && read(answer, place + n, 1) == 1 && place[n] != '\n')
		n++;
	place[n] = '\0';
	o->socket = n ? xstrdup(place) : NULL;
	return n ? 0 : err_set(err, ERR_INVALID, "--ssh %s: ssh-agent did not take the key", o->id);
}

/* ---- --ssh --------------------------------------------------------------- */

/* "ID", "ID=SOCKET", "ID=KEY,KEY...". */
static int take_offer(struct offer *o, const char *text, struct err *err)
{
	AUTO_FREE char *paths = xstrdup(strchr(text, '=') ? strchr(text, '=') + 1 : "");
	AUTO_STRLIST struct strlist keys = STRLIST_INIT;
	const char *agent = getenv("SSH_AUTH_SOCK");
	char *save = NULL;
	struct stat st;

	o->id = xstrndup(text, strcspn(text, "="));
	if (!*o->id)
		return err_set(err, ERR_INVALID, "--ssh: an id is missing in '%s'", text);
	for (char *w = strtok_r(paths, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (stat(w, &st))
			return cli_file_error("stat", w, err);
		if (!S_ISSOCK(st.st_mode))
			strlist_add(&keys, w);
		else if (o->socket || keys.n)
			return err_set(err, ERR_INVALID, "--ssh %s: one socket, or keys", o->id);
		else
			o->socket = xstrdup(w);
	}
	if (keys.n)
		return o->socket ? err_set(err, ERR_INVALID, "--ssh %s: one socket, or keys", o->id)
				 : keep_keys(o, &keys, err);
	if (!o->socket && !(agent && *agent))
		return err_set(err, ERR_INVALID, "--ssh %s: no agent: SSH_AUTH_SOCK is not set", o->id);
	o->socket = o->socket ? o->socket : xstrdup(agent);
	return 0;
}

struct cli_build_ssh *cli_build_ssh_start(struct cli *cli, const struct strlist *list, struct err *err)
{
	struct cli_build_ssh *s = xcalloc(1, sizeof *s);
	unsigned char raw[TOKEN_BYTES];
	int rc = 0;

	*s = (struct cli_build_ssh){ .cli = cli, .offers = xcalloc(list->n, sizeof(struct offer)),
				     .over = eventfd(0, EFD_CLOEXEC) };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	if (s->over < 0 || getrandom(raw, sizeof raw, 0) != sizeof raw)
		rc = err_sys(err, "--ssh");
	for (size_t i = 0; i < sizeof raw && !rc; i++)
		snprintf(s->token + 2 * i, 3, "%02x", raw[i]);
	for (; s->n < list->n && !rc; s->n++) {
		struct offer *o = &s->offers[s->n];

		*o = (struct offer){ .ssh = s, .keeper_in = -1 };
		rc = take_offer(o, list->v[s->n], err) || first_line(o, err) ? -1 : 0;
	}
	if (!rc)
		return s;
	cli_build_ssh_end(s);
	return NULL;
}

char *cli_build_ssh_header(const struct cli_build_ssh *s)
{
	AUTO_JSON json_t *ids = json_object(), *doc = NULL;

	for (size_t i = 0; i < s->n; i++)
		json_object_set_new(ids, s->offers[i].id, json_true());
	doc = json_pack("{s:s, s:O}", "token", s->token, "ids", ids);
	return cli_api_header("X-Docker-Build-Ssh", doc);
}

static void offer_end(struct offer *o)
{
	if (o->keeper_in >= 0)
		close(o->keeper_in);
	if (o->keeper)
		spawn_wait(o->keeper, NULL);
	free(o->id);
	free(o->socket);
}

void cli_build_ssh_end(struct cli_build_ssh *s)
{
	if (!s)
		return;
	eventfd_write(s->over, 1);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		while (s->offers[i].lines)
			pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		offer_end(&s->offers[i]);
	close(s->over);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s->offers);
	free(s);
}
