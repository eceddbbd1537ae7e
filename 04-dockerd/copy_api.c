/*
 * copy_api.c - HEAD, GET and PUT /containers/{id}/archive (docker cp).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/path.h"
#include "api.h"
#include "container_root.h"
#include "copy.h"
#include "events.h"
#include "spool.h"

#define PASSWD_MAX (1u << 20)

static const char *path_of(struct http_request *req, struct err *err)
{
	const char *path = http_query(req, "path");

	if (path && *path)
		return path;
	err_set(err, ERR_INVALID, "bad parameter: path cannot be empty");
	return NULL;
}

/* Docker's words for a path that names nothing. */
static int explain(struct daemon *d, struct container *c, const char *path, struct err *err)
{
	AUTO_FREE char *name = NULL;

	if (err->kind != ERR_NOT_FOUND)
		return -1;
	dockerd_lock(d);
	name = xstrdup(c->name ? c->name : c->id);
	dockerd_unlock(d);
	return err_set(err, ERR_NOT_FOUND, "Could not find the file %s in container %s", path, name);
}

/* --- out --------------------------------------------------------------------------------- */

struct reading {
	struct daemon *d;
	struct container *c;
	int root;
	struct copy_source source;
};

static void reading_free(void *arg)
{
	struct reading *r = arg;

	copy_source_free(&r->source);
	if (r->root >= 0)
		close(r->root); /* the last: what was mounted goes with it */
	if (r->c)
		dockerd_container_put(r->d, r->c);
	free(r);
}

static int write_bytes(void *state, const void *buf, size_t n, struct err *err)
{
	return http_write(state, buf, n, err);
}

static void produce(struct http_writer *w, void *arg)
{
	struct ctrd_sink sink = { write_bytes, w };
	struct reading *r = arg;
	struct err err;

	if (!copy_out(&r->source, r->c->mounts, &sink, &err))
		return;
	if (err.kind != ERR_CANCELLED)
		log_warn("copy %s: %s", r->source.path, err.msg);
	http_writer_fail(w);
}

static int find(struct reading *r, struct http_request *req, struct err *err)
{
	const char *path = path_of(req, err);

	if (!path || !(r->c = dockerd_api_container(r->d, req, err)))
		return -1;
	r->root = dockerd_root_open(r->d, r->c, false, err);
	if (r->root < 0)
		return -1;
	return copy_find(r->root, path, &r->source, err) ? explain(r->d, r->c, path, err) : 0;
}

static int get_archive(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	struct reading *r = xcalloc(1, sizeof *r);
	AUTO_FREE char *text = NULL, *header = NULL;
	AUTO_JSON json_t *stat = NULL;

	*r = (struct reading){ .d = daemon, .root = -1, .source.parent = -1 };
	if (find(r, req, err)) {
		reading_free(r);
		return -1;
	}
	stat = copy_stat(&r->source);
	text = jsonx_text(stat);
	header = base64_encode(text, strlen(text));
	http_reply_header(rep, "X-Docker-Container-Path-Stat", header);
	if (!strcmp(http_method(req), "HEAD")) {
		reading_free(r);
		http_reply_empty(rep, 200);
		return 0;
	}
	dockerd_container_event(daemon, r->c, "archive-path", NULL);
	http_reply_stream(rep, 200, "application/x-tar", produce, r, reading_free);
	return 0;
}

/* --- in ---------------------------------------------------------------------------------- */

/* The field of "name:x:uid:gid:…", in the container's own /etc/passwd or group: read as data,
 * by no library that would load others. -1: no such name. */
static long look_up(int root, const char *file, const char *name, int field)
{
	struct err ignored;
	AUTO_CLOSE int fd = kern_path_open(root, file, O_RDONLY | O_NONBLOCK, 0, 0, &ignored);
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	char *save = NULL;
	size_t n = strlen(name);

	if (fd < 0 || file_read_fd(fd, &text, PASSWD_MAX, &ignored) || !text.data)
		return -1;
	for (char *l = strtok_r(text.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, name, n) || l[n] != ':')
			continue;
		for (int i = 0; l && i < field; i++)
			l = (l = strchr(l, ':')) ? l + 1 : NULL;
		return l && *l >= '0' && *l <= '9' ? atol(l) : -1;
	}
	return -1;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Config.User: "www", "1000:1000", "www:adm". */
static int owner(struct copy_in *in, const char *user, struct err *err)
{
	AUTO_FREE char *name = xstrdup(user);
	char *group = strchr(name, ':');
	long uid, gid;

	if (group)
		*group++ = '\0';
	uid = is_number(name) ? atol(name) : look_up(in->root, "/etc/passwd", name, 2);
	if (group)
		gid = is_number(group) ? atol(group) : look_up(in->root, "/etc/group", group, 2);
	else
		gid = is_number(name) ? 0 : look_up(in->root, "/etc/passwd", name, 3);
	if (uid < 0 || gid < 0)
		return err_set(err, ERR_INVALID, "unable to find user %s: no matching entries in "
			       "passwd file", user);
	in->chown = true;
	in->uid = (uid_t)uid;
	in->gid = (gid_t)gid;
	return 0;
}

/* Of the mounts the deepest that holds the path decides, else the root. */
static int check_writable(const struct container *c, const char *given, struct err *err)
{
	AUTO_FREE char *path = dockerd_root_clean(given);
	const json_t *best = NULL;
	size_t i, length = 0;
	json_t *m;

	json_array_foreach(c->mounts, i, m) {
		const char *at = jsonx_str(m, "Destination", "");
		size_t n = strlen(at);

		if (n >= length && str_starts(path, at) && (!path[n] || path[n] == '/')) {
			best = m;
			length = n;
		}
	}
	if (best && !jsonx_bool(best, "RW", true))
		return err_set(err, ERR_PERMISSION, "mounted volume is marked read-only");
	if (!best && jsonx_bool(c->host, "ReadonlyRootfs", false))
		return err_set(err, ERR_PERMISSION, "container rootfs is marked read-only");
	return 0;
}

static int put_locked(struct daemon *d, struct container *c, struct http_request *req,
		      const char *path, struct err *err)
{
	AUTO_CLOSE int root = dockerd_root_open(d, c, true, err);
	AUTO_CLOSE int archive = -1;
	struct copy_in in = { .root = root, .path = path,
			      .keep_dirs = http_query_bool(req, "noOverwriteDirNonDir", 0) };
	const char *user = jsonx_str(c->config, "User", "");

	if (root < 0 || check_writable(c, path, err))
		return -1;
	if (copy_in_check(&in, err))
		return explain(d, c, path, err);
	if (http_query_bool(req, "copyUIDGID", 0) && *user && owner(&in, user, err))
		return -1;
	archive = dockerd_spool_take(req, err);
	return archive < 0 ? -1 : copy_in(&in, archive, err);
}

static int put_archive(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	const char *path = path_of(req, err);
	struct container *c = path ? dockerd_api_container(daemon, req, err) : NULL;
	int rc;

	if (!c)
		return -1;
	pthread_mutex_lock(&c->op);
	rc = put_locked(daemon, c, req, path, err);
	pthread_mutex_unlock(&c->op);
	if (!rc) {
		dockerd_container_event(daemon, c, "extract-to-dir", NULL);
		http_reply_empty(rep, 200);
	}
	dockerd_container_put(daemon, c);
	return rc;
}

const struct http_route dockerd_copy_routes[] = {
	{ "GET", "/containers/{id}/archive", get_archive },
	{ "PUT", "/containers/{id}/archive", put_archive, dockerd_spool_sink },
	{ NULL },
};
