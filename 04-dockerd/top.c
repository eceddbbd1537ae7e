/*
 * top.c - GET /containers/{id}/top: the processes of a container, as `ps -ef` shows
 * them. No ps is run for that: containerd knows the PIDs, /proc the rest (proc(5)). With
 * other arguments one is (top_ps.c).
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "api.h"
#include "task.h"
#include "top_ps.h"

struct process {
	int pid, ppid, tty;
	unsigned uid;
	unsigned long long ticks, start; /* CPU used; since boot */
	char comm[32];
};

/* The command's name stands in parentheses and may contain anything, also ')'. */
static int read_stat(struct process *p)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", p->pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	unsigned long long user, system;
	const char *open, *close_;
	struct err err;

	if (file_read(AT_FDCWD, path, &sb, 8192, &err))
		return -1;
	open = strchr(sb.data, '(');
	close_ = strrchr(sb.data, ')');
	if (!open || !close_ ||
	    sscanf(close_ + 2,
		   "%*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d "
		   "%*d %*d %*d %llu",
		   &p->ppid, &p->tty, &user, &system, &p->start) != 5)
		return -1;
	p->ticks = user + system;
	snprintf(p->comm, sizeof p->comm, "[%.*s]",
		 (int)(close_ - open - 1) > 29 ? 29 : (int)(close_ - open - 1), open + 1);
	return 0;
}

static int read_uid(struct process *p)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", p->pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const char *line;
	struct err err;

	if (file_read(AT_FDCWD, path, &sb, 65536, &err))
		return -1;
	line = strstr(sb.data, "\nUid:");
	return line && sscanf(line, " Uid: %*u %u", &p->uid) == 1 ? 0 : -1;
}

static json_t *command(const struct process *p)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/cmdline", p->pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;
	json_t *text;

	if (file_read(AT_FDCWD, path, &sb, 65536, &err) || !sb.len)
		return json_string(p->comm); /* no arguments: gone, or of the kernel */
	for (size_t i = 0; i < sb.len; i++)
		if (!sb.data[i])
			sb.data[i] = ' ';
	while (sb.len && sb.data[sb.len - 1] == ' ')
		sb.data[--sb.len] = '\0';
	text = json_string(sb.data);
	return text ? text : json_string(p->comm); /* not UTF-8 */
}

static void user_name(unsigned uid, char *out, size_t size)
{
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (!getpwuid_r(uid, &pw, buf, sizeof buf, &found) && found)
		snprintf(out, size, "%s", pw.pw_name);
	else
		snprintf(out, size, "%u", uid);
}

static void tty_name(int tty, char *out, size_t size)
{
	unsigned major = (unsigned)tty >> 8 & 0xfff,
		 minor = ((unsigned)tty & 0xff) | ((unsigned)tty >> 12 & 0xfff00);

	if (!tty)
		snprintf(out, size, "?");
	else if (major >= 136 && major <= 143)
		snprintf(out, size, "pts/%u", minor + (major - 136) * 256);
	else
		snprintf(out, size, "tty%u", minor);
}

/* UID PID PPID C STIME TTY TIME CMD */
static json_t *row(const struct process *p)
{
	long hertz = sysconf(_SC_CLK_TCK);
	unsigned long long used = p->ticks / (unsigned long long)hertz;
	char user[64], tty[32], stime[16];
	struct timespec up, now;
	long long alive;
	time_t started;
	struct tm tm;

	clock_gettime(CLOCK_BOOTTIME, &up);
	clock_gettime(CLOCK_REALTIME, &now);
	alive = up.tv_sec - (long long)(p->start / (unsigned long long)hertz);
	started = now.tv_sec - alive;
	localtime_r(&started, &tm);
	strftime(stime, sizeof stime, alive < 86400 ? "%H:%M" : "%b%d", &tm);
	user_name(p->uid, user, sizeof user);
	tty_name(p->tty, tty, sizeof tty);
	return json_pack("[s, o, o, o, s, s, o, o]", user, json_sprintf("%d", p->pid),
			 json_sprintf("%d", p->ppid),
			 json_sprintf("%lld", alive > 0 ? (long long)used * 100 / alive : 0), stime,
			 tty,
			 json_sprintf("%02llu:%02llu:%02llu", used / 3600, used / 60 % 60,
				      used % 60),
			 command(p));
}

static json_t *rows(const json_t *pids)
{
	json_t *out = json_array(), *v;
	size_t i;

	json_array_foreach((json_t *)pids, i, v) {
		struct process p = { .pid = (int)jsonx_int(v, "pid", 0) };

		if (!read_stat(&p) && !read_uid(&p)) /* it may end while we look */
			json_array_append_new(out, row(&p));
	}
	return out;
}

static json_t *pids_of(struct daemon *d, const struct container *c, struct err *err)
{
	json_t *pids = dockerd_task_query(d, c->id, "pids", err);

	if (!pids && (err->kind == ERR_NOT_FOUND || err->kind == ERR_CONFLICT))
		err_set(err, ERR_CONFLICT, "container %s is not running", c->id);
	return pids;
}

static json_t *as_ps_ef(const json_t *pids)
{
	return json_pack("{s:[s, s, s, s, s, s, s, s], s:o}", "Titles", "UID", "PID", "PPID", "C",
			 "STIME", "TTY", "TIME", "CMD", "Processes", rows(pids));
}

static int get_top(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	const char *args = http_query(req, "ps_args");
	struct container *c = dockerd_api_container(daemon, req, err);
	AUTO_JSON json_t *pids = NULL;
	json_t *doc;

	if (!c)
		return -1;
	pids = pids_of(daemon, c, err);
	dockerd_container_put(daemon, c);
	if (!pids)
		return -1;
	doc = !args || !*args || !strcmp(args, "-ef") ? as_ps_ef(pids)
						      : dockerd_top_ps(args, pids, err);
	if (!doc)
		return -1;
	http_reply_json(rep, 200, doc);
	return 0;
}

const struct http_route dockerd_top_routes[] = {
	{ "GET", "/containers/{id}/top", get_top },
	{ NULL },
};
