/*
 * metrics.c - see metrics.h.
 *
 *     requests[endpoint][method][status]      registry_http_requests_total
 *     durations[endpoint][bucket]             registry_http_request_duration_seconds
 */
#include "metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a route's pattern has in it says which endpoint it is; the first row counts. */
static const struct {
	const char *part, *label;
} endpoints[] = {
	{ "/blobs/uploads", "upload" }, { "/blobs/", "blob" },          { "/manifests/", "manifest" },
	{ "/tags/list", "tags" },       { "/referrers/", "referrers" }, { "/_catalog", "catalog" },
	{ "/v2", "base" },              { "/metrics", "metrics" },      { "", "other" },
};
#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

static const char *const methods[] = { "GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "other" };
#define METHODS (sizeof(methods) / sizeof(methods[0]))

#define STATUS_MIN 100
#define STATUSES 500
#define LEFT 0 /* in place of a status: the client left before there was one */

/* Microseconds. A layer of a gigabyte takes a while. */
static const int64_t bounds[] = { 1000, 5000, 25000, 100000, 500000, 2500000, 10000000, 60000000,
				  300000000 };
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

typedef _Atomic uint64_t counter;

struct reg_metrics {
	time_t started;
	counter received, sent;
	counter seconds[ENDPOINTS]; /* microseconds, in fact */
	counter durations[ENDPOINTS][BOUNDS + 1];
	counter requests[ENDPOINTS][METHODS][STATUSES];
};

struct reg_metrics *reg_metrics_new(void)
{
	struct reg_metrics *m = xcalloc(1, sizeof(*m));

	m->started = time(NULL);
	return m;
}

void reg_metrics_free(struct reg_metrics *m)
{
	free(m);
}

static size_t endpoint_of(const struct http_request *req)
{
	const char *pattern = http_pattern(req);
	size_t i = 0;

	while (pattern && i < ENDPOINTS - 1 && !strstr(pattern, endpoints[i].part))
		i++;
	return pattern ? i : ENDPOINTS - 1;
}

static size_t method_of(const struct http_request *req)
{
	size_t i = 0;

	while (i < METHODS - 1 && strcmp(methods[i], http_method(req)))
		i++;
	return i;
}

void reg_metrics_count(struct reg_metrics *m, const struct http_request *req,
		       const struct http_result *result, int64_t us)
{
	int status = result->status - STATUS_MIN;
	size_t endpoint = endpoint_of(req);
	size_t bucket = 0;

	while (bucket < BOUNDS && us > bounds[bucket])
		bucket++;
	m->received += result->received;
	m->sent += result->whole ? result->size : 0;
	m->seconds[endpoint] += us > 0 ? (uint64_t)us : 0; /* clocks may be set back */
	m->durations[endpoint][bucket]++;
	m->requests[endpoint][method_of(req)][status > 0 && status < STATUSES ? status : LEFT]++;
}

static void head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void reg_metric(struct strbuf *out, const char *name, const char *type, const char *help,
		uint64_t value)
{
	head(out, name, type, help);
	strbuf_addf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void print_requests(const struct reg_metrics *m, struct strbuf *out)
{
	static const char name[] = "registry_http_requests_total";

	head(out, name, "counter", "Requests answered; code 0: the client left before that.");
	for (size_t e = 0; e < ENDPOINTS; e++)
		for (size_t k = 0; k < METHODS; k++)
			for (size_t s = 0; s < STATUSES; s++)
				if (m->requests[e][k][s])
					strbuf_addf(out, "%s{endpoint=\"%s\",method=\"%s\",code=\"%zu\"} %llu\n",
						    name, endpoints[e].label, methods[k],
						    s ? s + STATUS_MIN : 0,
						    (unsigned long long)m->requests[e][k][s]);
}

static void print_duration(const struct reg_metrics *m, size_t e, const char *name,
			   struct strbuf *out)
{
	const char *label = endpoints[e].label;
	uint64_t sum = 0;

	for (size_t b = 0; b < BOUNDS; b++) {
		sum += m->durations[e][b];
		strbuf_addf(out, "%s_bucket{endpoint=\"%s\",le=\"%g\"} %llu\n", name, label,
			    (double)bounds[b] / 1e6, (unsigned long long)sum);
	}
	sum += m->durations[e][BOUNDS];
	strbuf_addf(out, "%s_bucket{endpoint=\"%s\",le=\"+Inf\"} %llu\n", name, label,
		    (unsigned long long)sum);
	strbuf_addf(out, "%s_sum{endpoint=\"%s\"} %.6f\n", name, label,
		    (double)m->seconds[e] / 1e6);
	strbuf_addf(out, "%s_count{endpoint=\"%s\"} %llu\n", name, label, (unsigned long long)sum);
}

void reg_metrics_print(const struct reg_metrics *m, struct strbuf *out)
{
	static const char name[] = "registry_http_request_duration_seconds";

	print_requests(m, out);
	head(out, name, "histogram", "From the request line to the end of the reply.");
	for (size_t e = 0; e < ENDPOINTS; e++)
		print_duration(m, e, name, out);
	reg_metric(out, "registry_http_received_bytes_total", "counter", "Bodies of requests.",
		   m->received);
	reg_metric(out, "registry_http_sent_bytes_total", "counter", "Bodies of replies, sent whole.",
		   m->sent);
	reg_metric(out, "process_start_time_seconds", "gauge", "When this process began.",
		   (uint64_t)m->started);
}
