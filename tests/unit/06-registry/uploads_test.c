/* uploads_test.c - sessions: begun, resumed, shared, finished, forgotten. */
#include "uploads.h"

#include <pthread.h>
#include <string.h>

#include "errors.h"
#include "suites.h"

static struct reg_upload *take(struct reg_uploads *u, const char *uuid)
{
	struct err err;
	struct reg_upload *up = reg_upload_take(u, "up", uuid, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(up);
	return up;
}

static void add(struct reg_uploads *u, const char *uuid, const char *text)
{
	struct reg_upload *up = take(u, uuid);
	struct err err;

	CU_ASSERT_EQUAL(reg_upload_write(up, text, strlen(text), &err), 0);
	reg_upload_give(u, up);
}

static void a_session_survives_a_restart(void)
{
	struct reg_uploads *u = reg_uploads_new(test_store);
	char uuid[REG_UUID_SIZE], digest[DIGEST_SIZE];
	uint64_t offset = 0;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(reg_upload_begin(u, "up", uuid, &err), 0);
	add(u, uuid, "hello, ");
	reg_uploads_free(u);
	u = reg_uploads_new(test_store);
	CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid, &offset, &err), 0);
	CU_ASSERT_EQUAL(offset, 7);
	add(u, uuid, "world");
	digest_of("hello, world", 12, digest);
	CU_ASSERT_EQUAL(reg_upload_finish(u, take(u, uuid), digest, &err), 0);
	CU_ASSERT_TRUE(reg_blob_has(test_store, "up", digest, &offset));
	CU_ASSERT_EQUAL(offset, 12);
	CU_ASSERT_PTR_NULL(reg_upload_take(u, "up", uuid, &err));
	CU_ASSERT_TRUE(reg_refused(&err, REG_BLOB_UPLOAD_UNKNOWN));
	reg_uploads_free(u);
}

static void a_session_belongs_to_its_repository(void)
{
	struct reg_uploads *u = reg_uploads_new(test_store);
	char uuid[REG_UUID_SIZE];
	uint64_t offset;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(reg_upload_begin(u, "up", uuid, &err), 0);
	CU_ASSERT_PTR_NULL(reg_upload_take(u, "upper", uuid, &err));
	CU_ASSERT_TRUE(reg_refused(&err, REG_BLOB_UPLOAD_UNKNOWN));
	CU_ASSERT_EQUAL(reg_upload_status(u, "u", uuid, &offset, &err), -1);
	reg_upload_cancel(u, take(u, uuid));
	CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid, &offset, &err), -1);
	reg_uploads_free(u);
}

struct waiter {
	struct reg_uploads *u;
	const char *uuid;
};

static void *wait_and_add(void *arg)
{
	struct waiter *w = arg;

	add(w->u, w->uuid, "second");
	return NULL;
}

/* The second writer gets the session when the first one lets go; meanwhile its
 * state can be asked for. */
static void writers_take_turns(void)
{
	struct reg_uploads *u = reg_uploads_new(test_store);
	char uuid[REG_UUID_SIZE];
	struct waiter w = { u, uuid };
	struct reg_upload *first;
	pthread_t thread;
	uint64_t offset = 0;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(reg_upload_begin(u, "up", uuid, &err), 0);
	first = take(u, uuid);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_and_add, &w), 0);
	usleep(100000);
	CU_ASSERT_EQUAL(reg_upload_write(first, "first", 5, &err), 0);
	CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid, &offset, &err), 0);
	CU_ASSERT_EQUAL(offset, 5);
	reg_upload_give(u, first);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid, &offset, &err), 0);
	CU_ASSERT_EQUAL(offset, 11);
	reg_upload_cancel(u, take(u, uuid));
	reg_uploads_free(u);
}

/* More sessions than stay awake: the oldest are put to sleep and lose nothing. */
static void many_sessions(void)
{
	enum { MANY = 80 };
	struct reg_uploads *u = reg_uploads_new(test_store);
	char uuid[MANY][REG_UUID_SIZE];
	uint64_t offset = 0;
	struct err err;

	for (int i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL_FATAL(reg_upload_begin(u, "up", uuid[i], &err), 0);
		add(u, uuid[i], "x");
	}
	for (int i = 0; i < MANY; i++) {
		add(u, uuid[i], "y");
		CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid[i], &offset, &err), 0);
		CU_ASSERT_EQUAL(offset, 2);
	}
	CU_ASSERT_EQUAL(reg_uploads_expire(u, 3600, &err), 0);
	CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid[0], &offset, &err), 0);
	CU_ASSERT_EQUAL(reg_uploads_expire(u, 0, &err), 0);
	for (int i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(reg_upload_status(u, "up", uuid[i], &offset, &err), -1);
	reg_uploads_free(u);
}

CU_TestInfo upload_tests[] = {
	{ "a session survives a restart", a_session_survives_a_restart },
	{ "a session belongs to its repository", a_session_belongs_to_its_repository },
	{ "writers take turns", writers_take_turns },
	{ "many sessions, and their end", many_sessions },
	CU_TEST_INFO_NULL,
};
