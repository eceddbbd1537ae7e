/*
 * daemon.c - opening and closing the one struct daemon (daemon.h).
 */
#include "daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/trace.h"
#include "03-containerd/fetch.h"
#include "03-containerd/sweep.h"
#include "container.h"
#include "events.h"
#include "exec.h"
#include "health.h"
#include "monitor.h"
#include "build.h"
#include "dns.h"
#include "network.h"
#include "reload.h"
#include "shm.h"
#include "task.h"
#include "volume.h"
#include "volume_mount.h"

#define CONTAINERD_TRIES 20
#define CONTAINERD_PAUSE_MS 250
#define WORKER_STACK (1u << 20)

void dockerd_lock(struct daemon *d)
{
	pthread_mutex_lock(&d->lock);
}

void dockerd_unlock(struct daemon *d)
{
	pthread_mutex_unlock(&d->lock);
}

bool dockerd_is_stopping(struct daemon *d)
{
	bool stopping;

	dockerd_lock(d);
	stopping = d->stopping;
	dockerd_unlock(d);
	return stopping;
}

/* --- workers ------------------------------------------------------------------------------ */

struct work {
	struct daemon *d;
	void (*fn)(struct daemon *d, void *arg);
	void *arg;
};

static void *work_thread(void *cls)
{
	struct work *w = cls;
	struct daemon *d = w->d;

	w->fn(d, w->arg);
	free(w);
	dockerd_lock(d);
	if (--d->workers == 0)
		pthread_cond_broadcast(&d->idle);
	dockerd_unlock(d);
	return NULL;
}

static bool enter(struct daemon *d)
{
	bool ok;

	dockerd_lock(d);
	ok = !d->stopping;
	d->workers += ok;
	dockerd_unlock(d);
	return ok;
}

static void leave(struct daemon *d)
{
	dockerd_lock(d);
	d->workers--;
	dockerd_unlock(d);
}

int dockerd_spawn(struct daemon *d, void (*fn)(struct daemon *d, void *arg), void *arg)
{
	struct work *w;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (!enter(d))
		return -1;
	w = xcalloc(1, sizeof *w);
	*w = (struct work){ d, fn, arg };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = trace_thread(&thread, &attr, work_thread, w);
	pthread_attr_destroy(&attr);
	if (!rc)
		return 0;
	log_error("cannot start a thread: %s", strerror(rc));
	free(w);
	leave(d);
	return -1;
}

/* --- opening --------------------------------------------------------------------------------- */

static int open_roots(struct daemon *d, struct err *err)
{
	AUTO_FREE char *containers = xasprintf("%s/containers", d->cfg->data_root);

	if (file_mkdir_p(d->cfg->data_root, 0711, err) ||
	    file_mkdir_p(d->cfg->exec_root, 0711, err) || file_mkdir_p(containers, 0710, err))
		return -1;
	d->root_lock = file_lock_dir(d->cfg->data_root, err);
	if (d->root_lock < 0)
		return err_wrap(err, "--data-root");
	ctrd_sweep(d->cfg->data_root);
	return 0;
}

/* The engine's name for itself, in the form of a UUID; made once. */
static int load_engine_id(struct daemon *d, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/engine-id", d->cfg->data_root);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	char r[ID_SIZE];

	if (!file_read(AT_FDCWD, path, &sb, 64, err) && sb.len >= 36) {
		d->id = xstrndup(sb.data, 36);
		return 0;
	}
	dockerd_random_id(r);
	d->id = xasprintf("%.8s-%.4s-4%.3s-a%.3s-%.12s", r, r + 8, r + 12, r + 16, r + 20);
	return file_write_atomic(AT_FDCWD, path, d->id, strlen(d->id), 0600, err);
}

static int reach_containerd(struct daemon *d, struct err *err)
{
	d->ctrd = ctrd_client_new(d->cfg->containerd, d->cfg->namespace_);
	d->waits = ctrd_client_new(d->cfg->containerd, d->cfg->namespace_);
	for (int i = 0; i < CONTAINERD_TRIES; i++) {
		json_t *version = ctrd_call(d->ctrd, "GET", "/v1/version", NULL, err);

		if (version) {
			json_decref(version);
			return 0;
		}
		if (i == 0)
			log_info("waiting for containerd at %s", d->cfg->containerd);
		poll(NULL, 0, CONTAINERD_PAUSE_MS);
	}
	return err_wrap(err, "failed to start daemon: is containerd running?");
}

/* --- what an earlier daemon left -----------------------------------------------------------------
 */

static bool is_alive(const json_t *tasks, const char *id)
{
	json_t *t;
	size_t i;

	json_array_foreach((json_t *)tasks, i, t) {
		const char *status = jsonx_str(t, "status", "");

		if (!strcmp(jsonx_str(t, "containerID", ""), id))
			return !strcmp(status, "running") || !strcmp(status, "paused") ||
			       !strcmp(status, "unknown");
	}
	return false;
}

/* containerd may go away again at any time: whoever starts asks until it is answered. */
static bool ask_again(const struct err *err, int *tries)
{
	if (err->kind != ERR_UNAVAILABLE || ++*tries >= CONTAINERD_TRIES)
		return false;
	poll(NULL, 0, CONTAINERD_PAUSE_MS);
	return true;
}

static json_t *list_tasks(struct daemon *d, struct err *err)
{
	int tries = 0;
	json_t *tasks;

	do
		tasks = dockerd_task_list(d, err);
	while (!tasks && ask_again(err, &tries));
	return tasks;
}

static int reconcile(struct daemon *d, struct err *err)
{
	int tries = 0, rc;

	do
		rc = dockerd_reconcile(d, err);
	while (rc && ask_again(err, &tries));
	return rc;
}

/* Addresses and ports belong to those that run; all others have none. */
static int restore_network(struct daemon *d, struct err *err)
{
	AUTO_JSON json_t *tasks = list_tasks(d, err);
	int rc;

	if (!tasks)
		return -1;
	for (struct container *c = d->containers; c; c = c->next) {
		if (is_alive(tasks, c->id)) {
			dockerd_networks_adopt(d, c);
			continue;
		}
		while (c->endpoints) {
			struct endpoint *ep = c->endpoints;

			c->endpoints = ep->sibling;
			dockerd_endpoint_free(ep);
		}
	}
	pthread_mutex_lock(&d->net->lock);
	rc = dockerd_network_apply(d->net, err);
	pthread_mutex_unlock(&d->net->lock);
	if (rc) {
		if (err->kind != ERR_UNSUPPORTED && err->kind != ERR_PERMISSION)
			return err_wrap(err, "rules of the networks");
		log_warn("no nftables here: containers do not reach the outside, published ports "
			 "go through "
			 "the proxy: %s",
			 err->msg);
	}
	return 0;
}

static int open_all(struct daemon *d, struct err *err)
{
	if (open_roots(d, err) || load_engine_id(d, err) || reach_containerd(d, err))
		return -1;
	d->events = dockerd_events_open();
	d->volumes = dockerd_volumes_open(d->cfg, err);
	d->net = d->volumes ? dockerd_network_open(d->cfg, err) : NULL;
	if (!d->net)
		return -1;
	dockerd_build_sweep(d);
	if (dockerd_container_load_all(d, err) || restore_network(d, err) ||
	    reconcile(d, err))
		return -1;
	dockerd_shm_sweep(d);
	dockerd_volumes_adopt(d);
	dockerd_boot_restarts(d);
	return dockerd_health_start_timer(d, err) || dockerd_monitor_start(d, err) ? -1 : 0;
}

/* Its waits are until times that nobody sets back. */
static void monotonic_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* Where Docker looks for certificates of registries, and containerd. */
static const char *const certs_dirs[] = { "/etc/docker/certs.d", "/etc/containerd/certs.d", NULL };

struct daemon *dockerd_open(const struct config *cfg, struct err *err)
{
	struct daemon *d = xcalloc(1, sizeof *d);

	d->cfg = cfg;
	d->root_lock = -1;
	d->registries = ctrd_registries_new(certs_dirs);
	d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->idle, NULL);
	pthread_cond_init(&d->cache_freed, NULL);
	pthread_cond_init(&d->ssh_changed, NULL);
	monotonic_cond(&d->health_due);
	dockerd_reloadable_set(d, cfg);
	if (!open_all(d, err))
		return d;
	dockerd_begin_stop(d);
	dockerd_close(d);
	return NULL;
}

/* --- closing
 * ----------------------------------------------------------------------------------------- */

void dockerd_begin_stop(struct daemon *d)
{
	dockerd_lock(d);
	d->stopping = true;
	for (struct container *c = d->containers; c; c = c->next)
		dockerd_container_changed(c);
	dockerd_health_wake(d);
	dockerd_unlock(d);
	eventfd_write(d->stop_fd, 1);
	if (d->waits)
		ctrd_client_cancel(d->waits);
}

static void join_workers(struct daemon *d)
{
	dockerd_lock(d);
	while (d->workers)
		pthread_cond_wait(&d->idle, &d->lock);
	dockerd_unlock(d);
}

/* The endpoints of running containers go with their containers' structs, not with the network. */
static bool free_containers(struct daemon *d)
{
	bool any_running = false;

	while (d->containers) {
		struct container *c = d->containers;

		any_running |= c->st.running;
		dockerd_container_unlist(d, c);
	}
	return any_running;
}

void dockerd_close(struct daemon *d)
{
	bool running;

	dockerd_monitor_join(d);
	dockerd_health_join_timer(d);
	join_workers(d);
	dockerd_exec_free_all(d);
	if (d->net) {
		dockerd_dns_close(d->net->dns);
		dockerd_proxy_close(d->net->proxy);
		d->net->dns = NULL;
		d->net->proxy = NULL;
	}
	running = free_containers(d);
	dockerd_network_close(d->net, running);
	dockerd_volumes_close(d->volumes);
	dockerd_events_close(d->events);
	ctrd_client_free(d->ctrd);
	ctrd_client_free(d->waits);
	ctrd_registries_free(d->registries);
	if (d->root_lock >= 0)
		close(d->root_lock);
	close(d->stop_fd);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->idle);
	pthread_cond_destroy(&d->cache_freed);
	pthread_cond_destroy(&d->ssh_changed);
	strlist_free(&d->caches_taken);
	pthread_cond_destroy(&d->health_due);
	dockerd_reloadable_free(d);
	free(d->id);
	free(d);
}
