/*
 * test_ring.c - what goes through a pipeline's ring comes out of it, for every reader, and
 * whoever waits is let go when it is stopped.
 */
#include "ring.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "suites.h"

#define BYTES 300000

static unsigned char bytes[BYTES];
static struct ring *ring;

struct reader {
	unsigned number;
	useconds_t pause; /* in front of each slot */
	char digest[DIGEST_SIZE];
	bool stopped;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	struct digester *d = digester_new();
	const void *part;
	size_t n;

	while (!(r->stopped = !ring_next(ring, r->number, &part, &n)) && n) {
		usleep(r->pause);
		digester_add(d, part, n);
		ring_done(ring, r->number);
	}
	digester_done(d, r->digest);
	return NULL;
}

static void test_all_arrives(void)
{
	struct reader readers[2] = { { .number = 0, .pause = 300 }, { .number = 1 } };
	char want[DIGEST_SIZE];
	pthread_t threads[2];
	size_t done = 0;

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	digest_of(bytes, BYTES, want);
	ring = ring_new(3, 1000, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, read_all, &readers[i]);
	for (size_t n = 1; done < BYTES; n = n * 3 % 4001) { /* pieces of any length */
		size_t some = n < BYTES - done ? n : BYTES - done;

		CU_ASSERT_TRUE(ring_write(ring, bytes + done, some));
		done += some;
	}
	ring_end(ring);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_STR(readers[i].digest, want);
		CU_ASSERT_FALSE(readers[i].stopped);
	}
	ring_free(ring);
}

/* Memory is bounded: with a reader that does nothing, the writer gets rid of what fits, no more. */
static void *write_much(void *arg)
{
	size_t *written = arg;

	while (ring_write(ring, bytes, 100))
		__atomic_add_fetch(written, 100, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_stop(void)
{
	struct reader waits = { .number = 0 };
	size_t written = 0;
	pthread_t writer, reader;

	ring = ring_new(4, 1000, 2);
	pthread_create(&writer, NULL, write_much, &written);
	pthread_create(&reader, NULL, read_all, &waits); /* the other reader never comes */
	usleep(100000);
	EXPECT_INT((long long)__atomic_load_n(&written, __ATOMIC_SEQ_CST), 4000);
	ring_stop(ring);
	pthread_join(writer, NULL); /* a hang here is a failure */
	pthread_join(reader, NULL);
	CU_ASSERT_TRUE(waits.stopped);
	ring_free(ring);
}

static void test_empty(void)
{
	const void *part;
	size_t n = 1;

	ring = ring_new(2, 10, 1);
	ring_end(ring);
	CU_ASSERT_TRUE(ring_next(ring, 0, &part, &n));
	EXPECT_INT((long long)n, 0);
	CU_ASSERT_TRUE(ring_next(ring, 0, &part, &n)); /* and again */
	EXPECT_INT((long long)n, 0);
	ring_free(ring);
}

int suite_ring(void)
{
	static const CU_TestInfo tests[] = {
		{ "every reader sees every byte in order", test_all_arrives },
		{ "the writer waits for the slowest, and a stop lets all go", test_stop },
		{ "an end without bytes", test_empty },
		CU_TEST_INFO_NULL,
	};

	return suite_add("ring", tests);
}
