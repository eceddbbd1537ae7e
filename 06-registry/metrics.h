/*
 * metrics.h - what the registry counts, in Prometheus' text format on /metrics.
 *
 * Counting is a few atomic additions per request: no lock, and a table whose rows nobody uses
 * costs no memory, since its pages are never touched.
 */
#ifndef DOCKYARD_REG_METRICS_H
#define DOCKYARD_REG_METRICS_H

#include "01-kernel/base/strbuf.h"
#include "03-containerd/http.h"

struct reg_metrics;
struct reg_metrics *reg_metrics_new(void);
void reg_metrics_free(struct reg_metrics *m);

/* A request has ended. */
void reg_metrics_count(struct reg_metrics *m, const struct http_request *req,
		       const struct http_result *result, int64_t microseconds);
/* Requests, durations, bytes. */
void reg_metrics_print(const struct reg_metrics *m, struct strbuf *out);
/* One metric without labels; `type`: "counter", "gauge". */
void reg_metric(struct strbuf *out, const char *name, const char *type, const char *help,
		uint64_t value);

#endif
