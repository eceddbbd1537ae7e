/*
 * lifecycle.c - the endpoints that change a container's state; what they do is
 * in start.c, stop.c and remove.c.
 */
#include "lifecycle.h"
#include "links.h"
#include "network.h"

#include <signal.h>
#include <string.h>

#include "01-kernel/ns.h"
#include "api.h"
#include "create.h"
#include "events.h"

/* 0 (absent) or a signal's number. */
static int query_signal(const struct http_request *req, int fallback, int *sig, struct err *err)
{
	const char *text = http_query(req, "signal");

	*sig = fallback;
	if (!text || !*text)
		return 0;
	*sig = kern_signal_parse(text, err);
	return *sig > 0 ? 0 : err_set(err, ERR_INVALID, "Invalid signal: %s", text);
}

static int post_start(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	bool was_running;
	int rc;

	if (!c)
		return -1;
	rc = dockerd_start(daemon, c, &was_running, err);
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, was_running ? 304 : 204);
	return rc;
}

static int query_stop(const struct http_request *req, const struct container *c, long *seconds,
		      int *sig, struct err *err)
{
	return dockerd_query_int(req, "t", dockerd_stop_timeout(c), seconds, err) ||
	       query_signal(req, 0, sig, err) ? -1 : 0;
}

static int post_stop(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	bool was_stopped;
	long seconds;
	int sig, rc;

	if (!c)
		return -1;
	rc = query_stop(req, c, &seconds, &sig, err);
	if (!rc)
		rc = dockerd_stop(daemon, c, seconds, sig, &was_stopped, err);
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, was_stopped ? 304 : 204);
	return rc;
}

static int post_restart(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err)
{
	struct daemon *d = daemon;
	struct container *c = dockerd_api_container(d, req, err);
	bool ignored;
	long seconds;
	int sig, rc;

	if (!c)
		return -1;
	rc = query_stop(req, c, &seconds, &sig, err);
	if (!rc)
		rc = dockerd_stop(d, c, seconds, sig, &ignored, err);
	if (!rc)
		rc = dockerd_start(d, c, NULL, err);
	if (!rc) {
		dockerd_container_event(d, c, "restart", NULL);
		http_reply_empty(rep, 204);
	} else {
		err_wrap(err, "Cannot restart container %s", http_param(req, "id"));
	}
	dockerd_container_put(d, c);
	return rc;
}

static int post_kill(struct http_request *req, struct http_reply *rep, void *daemon,
		     struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	int sig, rc;

	if (!c)
		return -1;
	rc = query_signal(req, SIGKILL, &sig, err);
	if (!rc && dockerd_kill(daemon, c, sig, err))
		rc = err_wrap(err, "cannot kill container: %s", http_param(req, "id"));
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, 204);
	return rc;
}

static int pause_or_not(struct http_request *req, struct http_reply *rep, void *daemon, bool pause,
			struct err *err)
{
	struct container *c = dockerd_api_container(daemon, req, err);
	int rc;

	if (!c)
		return -1;
	rc = dockerd_pause(daemon, c, pause, err);
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, 204);
	return rc;
}

static int post_pause(struct http_request *req, struct http_reply *rep, void *daemon,
		      struct err *err)
{
	return pause_or_not(req, rep, daemon, true, err);
}

static int post_unpause(struct http_request *req, struct http_reply *rep, void *daemon,
			struct err *err)
{
	return pause_or_not(req, rep, daemon, false, err);
}

static int rename_to(struct daemon *d, struct container *c, const char *name, struct err *err)
{
	int rc = dockerd_name_check(name, err);
	AUTO_FREE char *old = NULL;

	pthread_mutex_lock(&c->op);
	dockerd_lock(d);
	old = xstrdup(c->name);
	dockerd_unlock(d);
	if (!rc && !strcmp(old, name))
		rc = err_set(err, ERR_INVALID,
			     "Renaming a container with the same name as its current name");
	if (!rc && dockerd_container_set_name(d, c, name, err))
		rc = err_wrap(err, "Error when allocating new name");
	if (!rc)
		dockerd_networks_renamed(d, c);
	if (!rc)
		rc = dockerd_container_save(d, c, err);
	pthread_mutex_unlock(&c->op);
	if (!rc)
		dockerd_container_event(d, c, "rename",
					json_pack("{s:o}", "oldName", json_sprintf("/%s", old)));
	return rc;
}

static int post_rename(struct http_request *req, struct http_reply *rep, void *daemon,
		       struct err *err)
{
	const char *name = http_query(req, "name");
	struct container *c;
	int rc;

	if (!name || !*name)
		return err_set(err, ERR_INVALID, "Neither old nor new names may be empty");
	c = dockerd_api_container(daemon, req, err);
	if (!c)
		return -1;
	rc = rename_to(daemon, c, *name == '/' ? name + 1 : name, err);
	dockerd_container_put(daemon, c);
	if (!rc)
		http_reply_empty(rep, 204);
	return rc;
}

static int delete_container(struct http_request *req, struct http_reply *rep, void *daemon,
			    struct err *err)
{
	struct container *c;
	int rc;

	if (http_query_bool(req, "link", 0)) {
		rc = dockerd_links_remove(daemon, http_param(req, "id"), err);
	} else {
		c = dockerd_api_container(daemon, req, err);
		if (!c)
			return -1;
		rc = dockerd_remove(daemon, c, http_query_bool(req, "force", 0),
				    http_query_bool(req, "v", 0), err);
		dockerd_container_put(daemon, c);
	}
	if (!rc)
		http_reply_empty(rep, 204);
	return rc;
}

const struct http_route dockerd_lifecycle_routes[] = {
	{ "POST", "/containers/{id}/start", post_start },
	{ "POST", "/containers/{id}/stop", post_stop },
	{ "POST", "/containers/{id}/restart", post_restart },
	{ "POST", "/containers/{id}/kill", post_kill },
	{ "POST", "/containers/{id}/pause", post_pause },
	{ "POST", "/containers/{id}/unpause", post_unpause },
	{ "POST", "/containers/{id}/rename", post_rename },
	{ "DELETE", "/containers/{id...}", delete_container }, /* or a link, "web/db" */
	{ NULL },
};
