/*
 * test_state.c - containers in the table, their words, their documents.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "container.h"
#include "events.h"
#include "suites.h"

static struct config cfg;
static struct daemon daemon_;

static struct daemon *new_daemon(void)
{
	daemon_ = (struct daemon){ .cfg = &cfg };
	pthread_mutex_init(&daemon_.lock, NULL);
	daemon_.events = dockerd_events_open();
	return &daemon_;
}

static void free_daemon(struct daemon *d)
{
	while (d->containers)
		dockerd_container_unlist(d, d->containers);
	dockerd_events_close(d->events);
	pthread_mutex_destroy(&d->lock);
}

static struct container *new_container(const char *id64)
{
	struct container *c = dockerd_container_new(id64);

	c->config = json_of("{\"Image\":\"busybox\",\"Cmd\":[\"sleep\",\"1\"],\"Entrypoint\":null,"
			    "\"Labels\":{}}");
	c->host = json_of("{\"NetworkMode\":\"default\"}");
	c->mounts = json_array();
	c->image_id = xstrdup("sha256:00");
	c->image_name = xstrdup("docker.io/library/busybox:latest");
	return c;
}

static const char id_a[] = "aaaa000000000000000000000000000000000000000000000000000000000001";
static const char id_b[] = "aaaa000000000000000000000000000000000000000000000000000000000002";

static void words(void)
{
	struct state st = { .started = ZERO_TIME, .finished = ZERO_TIME };

	EXPECT_STR(dockerd_state_word(&st), "created");
	strcpy(st.started, "2026-01-01T00:00:00Z");
	EXPECT_STR(dockerd_state_word(&st), "exited");
	st.running = true;
	EXPECT_STR(dockerd_state_word(&st), "running");
	st.paused = true;
	EXPECT_STR(dockerd_state_word(&st), "paused");
	st = (struct state){ .restarting = true };
	EXPECT_STR(dockerd_state_word(&st), "restarting");
	st = (struct state){ .removing = true };
	EXPECT_STR(dockerd_state_word(&st), "removing");
}

static void text_is(const struct state *st, time_t now, const char *want)
{
	AUTO_FREE char *got = dockerd_state_text(st, now);

	EXPECT_STR(got, want);
}

static void phrases(void)
{
	struct state st = { .started = ZERO_TIME, .finished = ZERO_TIME };

	text_is(&st, 1000, "Created");
	st.running = true;
	strcpy(st.started, "1970-01-01T00:00:10Z");
	text_is(&st, 10 + 180, "Up 3 minutes");
	st.paused = true;
	text_is(&st, 10 + 180, "Up 3 minutes (Paused)");
	st.running = st.paused = false;
	st.exit_code = 137;
	strcpy(st.finished, "1970-01-01T00:01:00Z");
	text_is(&st, 65, "Exited (137) 5 seconds ago");
	st.restarting = true;
	text_is(&st, 65, "Restarting (137) 5 seconds ago");
}

static void found(struct daemon *d, const char *ref, const char *id)
{
	struct err err;
	struct container *c = dockerd_container_find(d, ref, &err);

	EXPECT_STR(c ? c->id : err.msg, id);
	dockerd_container_put(d, c);
}

static void looking_up(void)
{
	struct daemon *d = new_daemon();
	struct container *a = new_container(id_a), *b = new_container(id_b);
	struct err err;

	EXPECT_INT(dockerd_container_list(d, a, "one", &err), 0);
	EXPECT_INT(dockerd_container_list(d, b, NULL, &err), 0);
	found(d, id_a, id_a);
	found(d, "one", id_a);
	found(d, "/one", id_a);
	found(d, b->name, id_b);
	found(d, "aaaa00000000000000000000000000000000000000000000000000000000000",
	      "Multiple IDs found with provided "
	      "prefix: aaaa00000000000000000000000000000000000000000000000000000000000");
	found(d, "nosuch", "No such container: nosuch");
	found(d, "", "No such container: ");
	EXPECT_INT(dockerd_container_set_name(d, b, "one", &err), -1);
	EXPECT_STR(err.msg, "Conflict. The container name \"/one\" is already in use by container "
			    "\"aaaa000000000000000000000000000000000000000000000000000000000001\". "
			    "You have to remove (or "
			    "rename) that container to be able to reuse that name.");
	dockerd_container_put(d, a);
	dockerd_container_put(d, b);
	free_daemon(d);
}

static void watchers_wake(void)
{
	struct daemon *d = new_daemon();
	struct container *c = new_container(id_a);
	struct pollfd p = { .events = POLLIN };
	struct watcher w;
	struct err err;

	EXPECT_INT(dockerd_watch(d, c, &w, &err), 0);
	p.fd = w.fd;
	EXPECT_INT(poll(&p, 1, 0), 0);
	dockerd_lock(d);
	dockerd_container_changed(c);
	dockerd_unlock(d);
	EXPECT_INT(poll(&p, 1, 0), 1);
	dockerd_watch_clear(&w);
	EXPECT_INT(poll(&p, 1, 0), 0);
	dockerd_unwatch(d, c, &w);
	dockerd_container_put(d, c);
	free_daemon(d);
}

static void documents_survive(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *sub = xasprintf("%s/containers/%s", dir, id_a);
	struct daemon *d = new_daemon();
	struct container *c = new_container(id_a);
	struct err err;

	cfg.data_root = dir;
	EXPECT_INT(file_mkdir_p(sub, 0700, &err), 0);
	c->st = (struct state){ .exit_code = 3, .restarts = 2, .stopped_by_hand = true };
	strcpy(c->st.started, "2026-01-01T00:00:00Z");
	strcpy(c->st.finished, "2026-01-01T00:00:01Z");
	EXPECT_INT(dockerd_container_list(d, c, "kept", &err), 0);
	EXPECT_INT(dockerd_container_save(d, c, &err), 0);
	dockerd_container_put(d, c);
	free_daemon(d);

	d = new_daemon();
	EXPECT_INT(dockerd_container_load_all(d, &err), 0);
	CU_ASSERT_FATAL(d->containers != NULL);
	c = d->containers;
	EXPECT_STR(c->id, id_a);
	EXPECT_STR(c->name, "kept");
	EXPECT_INT(c->st.exit_code, 3);
	EXPECT_INT(c->st.restarts, 2);
	CU_ASSERT(c->st.stopped_by_hand && !c->st.running);
	EXPECT_STR(c->st.finished, "2026-01-01T00:00:01Z");
	EXPECT_JSON(json_object_get(c->config, "Cmd"), "[\"sleep\",\"1\"]");
	free_daemon(d);
	tmp_free(dir);
	cfg.data_root = NULL;
}

/* One that cannot be read is neither loaded nor removed, and does not stop the others. */
static void a_broken_document_is_left_alone(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *sub = xasprintf("%s/containers/%s", dir, id_a),
		       *path = xasprintf("%s/container.json", sub);
	struct daemon *d = new_daemon();
	struct err err;

	cfg.data_root = dir;
	EXPECT_INT(file_mkdir_p(sub, 0700, &err), 0);
	EXPECT_INT(file_write_atomic(AT_FDCWD, path, "{\"Id\":", 6, 0600, &err), 0);
	EXPECT_INT(dockerd_container_load_all(d, &err), 0);
	CU_ASSERT(!d->containers);
	CU_ASSERT(!access(path, F_OK));
	free_daemon(d);
	tmp_free(dir);
	cfg.data_root = NULL;
}

static bool matches(const char *event, const char *filters)
{
	AUTO_JSON json_t *e = json_of(event), *f = json_of(filters);

	return dockerd_event_matches(e, f);
}

static void event_filters(void)
{
	static const char start[] =
		"{\"Type\":\"container\",\"Action\":\"exec_start: "
		"ls\",\"Actor\":{\"ID\":\"abc123\","
		"\"Attributes\":{\"image\":\"busybox\",\"name\":\"one\",\"l\":\"1\"}}}";

	CU_ASSERT(matches(start, "{}"));
	CU_ASSERT(matches(start, "{\"type\":[\"container\"],\"event\":[\"exec_start\"]}"));
	CU_ASSERT(matches(start, "{\"container\":[\"one\"]}"));
	CU_ASSERT(matches(start, "{\"container\":[\"abc\"]}"));
	CU_ASSERT(matches(start, "{\"image\":[\"busybox\"],\"label\":[\"l=1\"]}"));
	CU_ASSERT(!matches(start, "{\"event\":[\"die\"]}"));
	CU_ASSERT(!matches(start, "{\"container\":[\"two\"]}"));
	CU_ASSERT(!matches(start, "{\"type\":[\"image\"]}"));
	CU_ASSERT(!matches(start, "{\"network\":[\"bridge\"]}"));
}

int suite_state(void)
{
	static const CU_TestInfo tests[] = {
		{ "words", words },
		{ "phrases", phrases },
		{ "looking up", looking_up },
		{ "watchers wake", watchers_wake },
		{ "documents survive", documents_survive },
		{ "a broken document is left alone", a_broken_document_is_left_alone },
		{ "event filters", event_filters },
		CU_TEST_INFO_NULL,
	};

	return suite_add("state", tests);
}
