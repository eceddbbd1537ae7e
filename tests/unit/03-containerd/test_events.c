/*
 * test_events.c - the ring of events: order, many readers, one that falls behind.
 */
#include "events.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "suites.h"

static struct err err;

static int readable(const struct ctrd_subscriber *s)
{
	struct pollfd p = { .fd = ctrd_subscriber_fd(s), .events = POLLIN };

	return poll(&p, 1, 0);
}

/* The number in the next event, or -1 if there is none. */
static long long next(struct ctrd_subscriber *s)
{
	AUTO_FREE char *text = ctrd_events_next(s, &err);
	AUTO_JSON json_t *doc = text ? jsonx_parse(text, strlen(text), "event", &err) : NULL;

	return doc ? json_integer_value(jsonx_at(doc, "event.n")) : -1;
}

static void test_order(void)
{
	struct ctrd_events *e = ctrd_events_new();
	struct ctrd_subscriber *a, *b;

	ctrd_events_publish(e, "default", "/t", json_pack("{s:i}", "n", 0)); /* before anybody */
	a = ctrd_events_subscribe(e, &err);
	EXPECT_INT(readable(a), 0);
	EXPECT_INT(next(a), -1);
	EXPECT_INT(err.kind, ERR_NONE);
	ctrd_events_publish(e, "default", "/t", json_pack("{s:i}", "n", 1));
	b = ctrd_events_subscribe(e, &err);
	ctrd_events_publish(e, "default", "/t", json_pack("{s:i}", "n", 2));
	EXPECT_INT(readable(a), 1);
	EXPECT_INT(next(a), 1);
	EXPECT_INT(next(a), 2);
	EXPECT_INT(next(a), -1);
	EXPECT_INT(readable(a), 0); /* until there is more */
	EXPECT_INT(next(b), 2);
	ctrd_events_unsubscribe(b);
	ctrd_events_publish(e, "default", "/t", json_pack("{s:i}", "n", 3));
	EXPECT_INT(readable(a), 1);
	EXPECT_INT(next(a), 3);
	ctrd_events_unsubscribe(a);
	ctrd_events_free(e);
}

static void test_shape(void)
{
	struct ctrd_events *e = ctrd_events_new();
	struct ctrd_subscriber *s = ctrd_events_subscribe(e, &err);
	AUTO_FREE char *text = NULL;

	ctrd_events_publish(e, "moby", "/tasks/exit", json_pack("{s:s}", "containerID", "c"));
	text = ctrd_events_next(s, &err);
	EXPECT_HAS(text, "\"namespace\":\"moby\",\"topic\":\"/tasks/exit\",\"event\":{\"containerID\":\"c\"}");
	EXPECT_HAS(text, "{\"timestamp\":\"20");
	ctrd_events_unsubscribe(s);
	ctrd_events_free(e);
	ctrd_events_publish(NULL, "moby", "/x", json_object()); /* nobody listens: no leak */
}

static void test_behind(void)
{
	struct ctrd_events *e = ctrd_events_new();
	struct ctrd_subscriber *s = ctrd_events_subscribe(e, &err);

	for (int i = 0; i < EVENTS_KEPT + 5; i++)
		ctrd_events_publish(e, "default", "/t", json_pack("{s:i}", "n", i));
	EXPECT_INT(next(s), -1);
	EXPECT_INT(err.kind, ERR_UNAVAILABLE);
	EXPECT_HAS(err.msg, "5 events were missed");
	EXPECT_INT(next(s), 5); /* the oldest that is there */
	for (int i = 6; i < EVENTS_KEPT + 5; i++)
		if (next(s) != i)
			CU_FAIL("an event is missing");
	EXPECT_INT(next(s), -1);
	EXPECT_INT(err.kind, ERR_NONE);
	ctrd_events_unsubscribe(s);
	ctrd_events_free(e);
}

#define THREADS 4
#define EACH 200

static void *publish_many(void *arg)
{
	for (int i = 0; i < EACH; i++)
		ctrd_events_publish(arg, "default", "/t", json_pack("{s:i}", "n", i));
	return NULL;
}

static void test_threads(void)
{
	struct ctrd_events *e = ctrd_events_new();
	struct ctrd_subscriber *s = ctrd_events_subscribe(e, &err);
	struct pollfd p = { .fd = ctrd_subscriber_fd(s), .events = POLLIN };
	pthread_t thread[THREADS];
	long long sum = 0, n, count = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, publish_many, e);
	while (count < THREADS * EACH && poll(&p, 1, 10000) == 1)
		while ((n = next(s)) >= 0) {
			sum += n;
			count++;
		}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	EXPECT_INT(count, THREADS * EACH);
	EXPECT_INT(sum, THREADS * (EACH * (EACH - 1) / 2));
	ctrd_events_unsubscribe(s);
	ctrd_events_free(e);
}

int suite_events(void)
{
	static const CU_TestInfo tests[] = {
		{ "in order, from the subscription on", test_order },
		{ "an event's members", test_shape },
		{ "a reader that falls behind is told", test_behind },
		{ "many threads", test_threads },
		CU_TEST_INFO_NULL,
	};

	return suite_add("events", tests);
}
