/*
 * watch.c - for who watches the registry: the end of each request, and /metrics.
 */
#include <time.h>

#include "server.h"

void reg_request_done(const struct http_request *req, const struct http_result *result,
		      void *daemon)
{
	struct reg_server *server = daemon;
	struct timespec now;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &now);
	us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - result->start_us;
	reg_metrics_count(server->metrics, req, result, us);
	reg_access_log_line(server->access_log, server->auth, req, result, us);
}

static void print_proxy(struct reg_proxy *p, struct strbuf *out)
{
	struct reg_proxy_counts c;

	reg_proxy_count(p, &c);
	reg_metric(out, "registry_proxy_hits_total", "counter",
		   "Manifests and blobs that were here.", c.hits);
	reg_metric(out, "registry_proxy_misses_total", "counter",
		   "Manifests and blobs that upstream was asked for.", c.misses);
	reg_metric(out, "registry_proxy_fetched_bytes_total", "counter",
		   "Blobs' bytes from upstream.", c.fetched);
}

static void print_notify(struct reg_notify *n, struct strbuf *out)
{
	struct reg_notify_counts c;

	reg_notify_count(n, &c);
	reg_metric(out, "registry_notifications_pending", "gauge", "Events in the queue.", c.pending);
	reg_metric(out, "registry_notifications_sent_total", "counter",
		   "Events that the receiver took.", c.sent);
	reg_metric(out, "registry_notifications_failed_total", "counter",
		   "Tries that the receiver did not answer with 2xx.", c.failed);
	reg_metric(out, "registry_notifications_lost_total", "counter",
		   "Events that the queue had no room for.", c.lost);
}

int reg_get_metrics(struct http_request *req, struct http_reply *rep, void *daemon,
		    struct err *err)
{
	struct reg_server *server = daemon;
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	uint64_t open;

	(void)req;
	if (reg_uploads_count(server->uploads, &open, err))
		return -1;
	reg_metrics_print(server->metrics, &out);
	reg_metric(&out, "registry_uploads_open", "gauge", "Upload sessions begun and not ended.",
		   open);
	if (server->proxy)
		print_proxy(server->proxy, &out);
	if (server->notify)
		print_notify(server->notify, &out);
	http_reply_bytes(rep, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
	return 0;
}
