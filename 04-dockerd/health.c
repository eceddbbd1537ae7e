/*
 * health.c - the state of health, and when the next probe is due (health.h).
 */
#include "health.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "events.h"
#include "human.h"

#define SECOND 1000000000LL

static const char *const words[] = { "none", "starting", "healthy", "unhealthy" };

/* --- the state ------------------------------------------------------------------------ */

const char *dockerd_health_word(const struct health *h)
{
	return words[h ? h->status : HEALTH_NONE];
}

json_t *dockerd_health_json(const struct health *h)
{
	return h && h->status ? json_pack("{s:s, s:i, s:o}", "Status", words[h->status], "FailingStreak",
			     h->streak, "Log", json_deep_copy(h->log))
			      : NULL;
}

struct health *dockerd_health_load(const json_t *config, const json_t *doc)
{
	AUTO_JSON json_t *command = dockerd_health_command(config);
	json_t *log = json_object_get(doc, "Log");
	const char *status = jsonx_str(doc, "Status", "none");
	struct health *h;

	if (!command)
		return NULL;
	h = xcalloc(1, sizeof *h);
	h->log = json_is_array(log) ? json_deep_copy(log) : json_array();
	h->streak = (int)jsonx_int(doc, "FailingStreak", 0);
	for (int i = HEALTH_NONE; i <= HEALTH_UNHEALTHY; i++)
		if (!strcmp(words[i], status))
			h->status = (enum health_status)i;
	return h;
}

void dockerd_health_free(struct health *h)
{
	if (h)
		json_decref(h->log);
	free(h);
}

bool dockerd_health_result(struct health *h, const struct health_times *t, bool in_start_period,
			   int code, json_t *entry)
{
	enum health_status before = h->status;

	while (json_array_size(h->log) >= HEALTH_LOG)
		json_array_remove(h->log, 0);
	json_array_append_new(h->log, entry);
	if (code == 0) {
		h->streak = 0;
		h->status = HEALTH_HEALTHY;
	} else if (h->status != HEALTH_STARTING || !in_start_period) {
		if (++h->streak >= t->retries)
			h->status = HEALTH_UNHEALTHY;
	}
	return h->status != before;
}

static bool in_start_period(const struct container *c, const struct health_times *t,
			    const char *when)
{
	struct timespec at = { 0 }, started = { 0 };

	dockerd_parse_timespec(when, &at);
	dockerd_parse_timespec(c->st.started, &started);
	return (int64_t)(at.tv_sec - started.tv_sec) * SECOND + at.tv_nsec - started.tv_nsec <
	       t->start_period;
}

/* Until it has been healthy once, and in its start period, a container is asked more often. */
static void schedule(struct daemon *d, struct container *c)
{
	struct health *h = c->st.health;
	struct health_times t;
	char now[TIME_TEXT_SIZE];
	bool starting;

	dockerd_health_times(c->config, &t);
	starting = h->status == HEALTH_STARTING && in_start_period(c, &t, time_now_text(now));
	h->due = time_steady_ns() + (starting ? t.start_interval : t.interval);
	pthread_cond_signal(&d->health_due);
}

void dockerd_health_started(struct daemon *d, struct container *c)
{
	if (!c->st.health)
		return;
	c->st.health->status = HEALTH_STARTING;
	c->st.health->streak = 0;
	schedule(d, c);
}

/* Who is not asked is not healthy: as Docker shows it. */
void dockerd_health_stopped(struct container *c)
{
	if (!c->st.health || !c->st.health->status)
		return;
	c->st.health->due = 0;
	c->st.health->status = HEALTH_UNHEALTHY;
}

void dockerd_health_unpaused(struct daemon *d, struct container *c)
{
	if (c->st.health)
		schedule(d, c);
}

/* --- a probe's worker --------------------------------------------------------------------- */

static json_t *entry_of(const struct probe *p)
{
	json_t *output = json_stringn(p->output.data ? p->output.data : "", p->output.len);

	/* Not UTF-8: what JSON cannot carry is told instead of dropped. */
	if (!output)
		output = json_string("(output is not text)");
	return json_pack("{s:s, s:s, s:i, s:o}", "Start", p->start, "End", p->end, "ExitCode",
			 p->code, "Output", output);
}

/* A result of a run that is over, or came after a pause, counts for nothing. */
static void account(struct daemon *d, struct container *c, unsigned long serial,
		    const struct probe *p)
{
	struct health *h = c->st.health;
	AUTO_FREE char *action = NULL;
	struct health_times t;
	bool counts;

	dockerd_health_times(c->config, &t);
	dockerd_lock(d);
	counts = p && c->st.running && !c->st.paused && c->start_serial == serial;
	if (counts && dockerd_health_result(h, &t, in_start_period(c, &t, p->start), p->code,
					    entry_of(p)))
		action = xasprintf("health_status: %s", words[h->status]);
	h->probing = false;
	if (c->st.running && !c->st.paused && !d->stopping)
		schedule(d, c);
	if (counts)
		dockerd_container_changed(c);
	dockerd_unlock(d);
	if (counts)
		dockerd_container_save_listed(d, c);
	if (action)
		dockerd_container_event(d, c, action, NULL);
}

static void probe_worker(struct daemon *d, void *arg)
{
	struct container *c = arg;
	struct probe p = { .output = STRBUF_INIT };
	struct health_times t;
	unsigned long serial;
	bool whole;

	dockerd_lock(d);
	serial = c->start_serial;
	dockerd_unlock(d);
	dockerd_health_times(c->config, &t);
	whole = dockerd_health_probe(d, c, t.timeout, &p);
	account(d, c, serial, whole ? &p : NULL);
	strbuf_free(&p.output);
	dockerd_container_put(d, c);
}

/* --- the timer -------------------------------------------------------------------------- */

/* One whose probe is due, with a reference; NULL, and *next is when (0: never). Lock held. */
static struct container *take_due(struct daemon *d, int64_t *next)
{
	int64_t now = time_steady_ns();

	*next = 0;
	for (struct container *c = d->containers; c; c = c->next) {
		struct health *h = c->st.health;

		if (!h || !h->due || h->probing)
			continue;
		if (h->due <= now) {
			h->due = 0;
			h->probing = true;
			c->refs++;
			return c;
		}
		if (!*next || h->due < *next)
			*next = h->due;
	}
	return NULL;
}

static void launch(struct daemon *d, struct container *c)
{
	if (!dockerd_spawn(d, probe_worker, c))
		return;
	account(d, c, 0, NULL); /* no thread for it: at the next interval then */
	dockerd_container_put(d, c);
}

static void *timer(void *arg)
{
	struct daemon *d = arg;
	int64_t next;

	dockerd_lock(d);
	while (!d->stopping) {
		struct container *c = take_due(d, &next);
		struct timespec until = { next / SECOND, next % SECOND };

		if (c) {
			dockerd_unlock(d);
			launch(d, c);
			dockerd_lock(d);
		} else if (next) {
			pthread_cond_timedwait(&d->health_due, &d->lock, &until);
		} else {
			pthread_cond_wait(&d->health_due, &d->lock);
		}
	}
	dockerd_unlock(d);
	return NULL;
}

/* Containers that an earlier daemon was asking go on from where they were. */
static void resume(struct daemon *d)
{
	dockerd_lock(d);
	for (struct container *c = d->containers; c; c = c->next)
		if (c->st.health && c->st.running && !c->st.paused && !c->st.health->due)
			schedule(d, c);
	dockerd_unlock(d);
}

int dockerd_health_start_timer(struct daemon *d, struct err *err)
{
	resume(d);
	if (pthread_create(&d->health_timer, NULL, timer, d))
		return err_set(err, ERR_SYSTEM, "cannot start the thread of the health checks");
	d->has_health_timer = true;
	return 0;
}

void dockerd_health_wake(struct daemon *d)
{
	pthread_cond_signal(&d->health_due);
}

void dockerd_health_join_timer(struct daemon *d)
{
	if (d->has_health_timer)
		pthread_join(d->health_timer, NULL);
	d->has_health_timer = false;
}
