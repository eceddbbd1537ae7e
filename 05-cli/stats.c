/*
 * stats.c - see stats.h.
 */
#include "ansi.h"
#include "stats.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "human.h"
#include "lines.h"
#include "list.h"

/* ---- threads ------------------------------------------------------------- */

static int take(void *entry, const char *text, size_t n, struct err *err)
{
	struct cli_stats_entry *e = entry;
	json_t *doc = cli_ansi_plain(jsonx_parse(text, n, "the daemon's answer", err));

	if (!doc)
		return -1;
	pthread_mutex_lock(&e->stats->lock);
	json_decref(e->newest);
	e->newest = doc;
	pthread_cond_broadcast(&e->stats->news);
	pthread_mutex_unlock(&e->stats->lock);
	return 0;
}

static int feed(void *context, const char *data, size_t n, struct err *err)
{
	struct cli_stats_entry *e = context;

	return cli_lines_feed(&e->line, data, n, take, e, err);
}

static void *watch(void *argument)
{
	struct cli_stats_entry *e = argument;
	struct cli_api api = e->stats->api;
	struct err err = { 0 };
	AUTO_FREE char *path =
		cli_api_path("containers", e->name, e->stats->stream ? "/stats?stream=1" : "/stats?stream=0", &err);
	struct cli_request request = { .method = "GET", .path = path, .sink = feed, .context = e };
	int rc = path ? cli_api_do(&api, &request, NULL, &err) : -1;

	if (!rc && e->line.len) /* without a stream, the last document has no line feed */
		rc = take(e, e->line.data, e->line.len, &err);
	if (api.easy)
		curl_easy_cleanup(api.easy);
	strbuf_free(&e->line);
	pthread_mutex_lock(&e->stats->lock);
	e->ended = true;
	e->failed = rc != 0;
	e->err = err;
	pthread_cond_broadcast(&e->stats->news);
	pthread_mutex_unlock(&e->stats->lock);
	return NULL;
}

void cli_stats_init(struct cli_stats *s, const struct cli_api *api, bool stream)
{
	*s = (struct cli_stats){ .api = *api, .stream = stream };
	s->api.easy = NULL;
	s->api.cancelled = &s->over;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->news, NULL);
}

void cli_stats_watch(struct cli_stats *s, const char *name)
{
	struct cli_stats_entry *e = NULL;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n && !e; i++)
		if (!strcmp(s->v[i]->name, name) && !s->v[i]->ended && !s->v[i]->dropped)
			e = s->v[i];
	if (!e) {
		e = xcalloc(1, sizeof *e);
		e->name = xstrdup(name);
		e->stats = s;
		s->v = xrealloc(s->v, (s->n + 1) * sizeof *s->v);
		s->v[s->n++] = e;
		e->started = !pthread_create(&e->thread, NULL, watch, e);
		e->ended = e->failed = !e->started;
		if (e->failed)
			err_set(&e->err, ERR_SYSTEM, "no thread to watch %s with", name);
	}
	pthread_mutex_unlock(&s->lock);
}

/* The entry stays for its thread, which may still write to it. */
void cli_stats_drop(struct cli_stats *s, const char *id)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		s->v[i]->dropped = s->v[i]->dropped || !strncmp(s->v[i]->name, id, strlen(s->v[i]->name));
	pthread_mutex_unlock(&s->lock);
}

void cli_stats_end(struct cli_stats *s)
{
	atomic_store(&s->over, true);
	for (size_t i = 0; i < s->n; i++) {
		struct cli_stats_entry *e = s->v[i];
		if (e->started)
			pthread_join(e->thread, NULL);
		json_decref(e->newest);
		free(e->name);
		free(e);
	}
	free(s->v);
	pthread_cond_destroy(&s->news);
	pthread_mutex_destroy(&s->lock);
}

static bool settled(const struct cli_stats *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i]->newest && !s->v[i]->ended)
			return false;
	return true;
}

void cli_stats_settle(struct cli_stats *s, int ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&s->lock);
	while (!rc && !settled(s))
		rc = pthread_cond_timedwait(&s->news, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
}

/* ---- rows ---------------------------------------------------------------- */

static double number_at(const json_t *doc, const char *dotted)
{
	return json_number_value(jsonx_at(doc, dotted));
}

/* Of all CPUs' time since the document before, in percent of one CPU's. */
static double cpu_percent(const json_t *doc)
{
	double used = number_at(doc, "cpu_stats.cpu_usage.total_usage") - number_at(doc, "precpu_stats.cpu_usage.total_usage");
	double all = number_at(doc, "cpu_stats.system_cpu_usage") - number_at(doc, "precpu_stats.system_cpu_usage");
	double cpus = number_at(doc, "cpu_stats.online_cpus");

	if (cpus == 0)
		cpus = (double)json_array_size(jsonx_at(doc, "cpu_stats.cpu_usage.percpu_usage"));
	return all > 0 && used > 0 ? used / all * cpus * 100 : 0;
}

/* Without the file cache that the kernel would give up at once: cgroup v1's and v2's name of it. */
static double memory_used(const json_t *doc)
{
	double usage = number_at(doc, "memory_stats.usage");
	const json_t *v1 = jsonx_at(doc, "memory_stats.stats.total_inactive_file");
	double cache = v1 ? json_number_value(v1) : number_at(doc, "memory_stats.stats.inactive_file");

	return cache < usage ? usage - cache : usage;
}

static void put_pair(json_t *row, const char *field, double a, double b)
{
	char first[CLI_HUMAN_SIZE], second[CLI_HUMAN_SIZE];
	AUTO_FREE char *text = xasprintf("%s / %s", cli_human_size(a, 3, first), cli_human_size(b, 3, second));

	cli_put(row, field, text);
}

static void put_io(json_t *row, const json_t *doc)
{
	double in = 0, out = 0, read = 0, written = 0;
	json_t *item;
	const char *key;
	size_t i;

	json_object_foreach(json_object_get(doc, "networks"), key, item) {
		in += json_number_value(json_object_get(item, "rx_bytes"));
		out += json_number_value(json_object_get(item, "tx_bytes"));
	}
	json_array_foreach(jsonx_at(doc, "blkio_stats.io_service_bytes_recursive"), i, item) {
		const char *op = jsonx_str(item, "op", "");
		double value = json_number_value(json_object_get(item, "value"));
		read += !strcasecmp(op, "read") ? value : 0;
		written += !strcasecmp(op, "write") ? value : 0;
	}
	put_pair(row, "BlockIO", read, written);
	put_pair(row, "NetIO", in, out);
}

static void put_memory(json_t *row, const json_t *doc)
{
	char first[CLI_HUMAN_SIZE], second[CLI_HUMAN_SIZE];
	double used = memory_used(doc), limit = number_at(doc, "memory_stats.limit");
	AUTO_FREE char *text = xasprintf("%s / %s", cli_human_binary(used, first), cli_human_binary(limit, second));
	AUTO_FREE char *percent = xasprintf("%.2f%%", limit > 0 ? used / limit * 100 : 0);

	cli_put(row, "MemPerc", percent);
	cli_put(row, "MemUsage", text);
}

/* A container of which nothing is known shows dashes. */
json_t *cli_stats_row(const struct cli_stats_entry *e, bool whole)
{
	static const char *const fields[] = { "BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO",
					      "PIDs" }; /* in the order of JSON */
	json_t *row = json_object();
	const json_t *doc = e->newest;
	const char *name = jsonx_str(doc, "name", "--");
	AUTO_FREE char *id = cli_short_id(jsonx_str(doc, "id", e->name), whole);

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		cli_put(row, fields[i], strstr(fields[i], "IO") || !strcmp(fields[i], "MemUsage") ? "-- / --" : "--");
	cli_put(row, "Container", e->name);
	cli_put(row, "ID", id);
	cli_put(row, "Name", *name == '/' ? name + 1 : name);
	if (!doc || e->failed)
		return row;
	AUTO_FREE char *cpu = xasprintf("%.2f%%", cpu_percent(doc));
	AUTO_FREE char *pids = xasprintf("%.0f", number_at(doc, "pids_stats.current"));
	cli_put(row, "CPUPerc", cpu);
	cli_put(row, "PIDs", pids);
	put_memory(row, doc);
	put_io(row, doc);
	return row;
}
