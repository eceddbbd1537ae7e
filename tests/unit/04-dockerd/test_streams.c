/*
 * test_streams.c - detach keys, two sockets spliced, credentials in a header.
 */
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "auth.h"
#include "splice.h"
#include "suites.h"

static void keys(void)
{
	struct detach k;
	struct err err;

	EXPECT_INT(dockerd_detach_parse(NULL, &k, &err), 0);
	EXPECT_INT((long long)k.n, 2);
	EXPECT_INT(k.keys[0], 16); /* ctrl-p */
	EXPECT_INT(k.keys[1], 17);
	EXPECT_INT(dockerd_detach_parse("a,CTRL-@,ctrl-[", &k, &err), 0);
	EXPECT_INT(k.keys[0], 'a');
	EXPECT_INT(k.keys[1], 0);
	EXPECT_INT(k.keys[2], 27);
	EXPECT_INT(dockerd_detach_parse("ctrl-1", &k, &err), -1);
	EXPECT_INT(dockerd_detach_parse("ab", &k, &err), -1);
}

static void typed(struct detach *k, const char *in, bool detached, const char *out)
{
	char buf[64];
	size_t n;

	EXPECT_INT(dockerd_detach_feed(k, in, strlen(in), buf, &n), detached);
	buf[n] = '\0';
	EXPECT_STR(buf, out);
}

static void the_sequence_is_held_back_until_it_is_none(void)
{
	struct detach k;
	struct err err;

	dockerd_detach_parse(NULL, &k, &err);
	typed(&k, "ls\n", false, "ls\n");
	typed(&k, "\x10", false, "");
	typed(&k, "x", false, "\x10x");
	typed(&k, "a\x10\x10", false, "a\x10");
	typed(&k, "\x11", true, "");
}

/* --- splice ---------------------------------------------------------------------------------- */

struct both {
	int client[2], server[2]; /* ours, the splice's */
	struct splice s;
	bool detached;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct both *b = arg;

	b->detached = dockerd_splice(&b->s);
	return NULL;
}

static void start(struct both *b, struct detach *k, int stop_fd)
{
	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM, 0, b->client) &&
			!socketpair(AF_UNIX, SOCK_STREAM, 0, b->server));
	b->s = (struct splice){
		.client = b->client[1], .server = b->server[1], .stop_fd = stop_fd, .detach = k
	};
	CU_ASSERT_FATAL(!pthread_create(&b->thread, NULL, run, b));
}

static void finish(struct both *b)
{
	pthread_join(b->thread, NULL);
	close(b->client[0]);
	close(b->client[1]);
	close(b->server[0]);
	close(b->server[1]);
}

static void half_closes_pass_through(void)
{
	struct both b;
	char buf[16];

	start(&b, NULL, -1);
	CU_ASSERT(write(b.client[0], "in", 2) == 2);
	shutdown(b.client[0], SHUT_WR);
	CU_ASSERT(io_read_full(b.server[0], buf, sizeof buf) == 2); /* and then its end */
	CU_ASSERT(write(b.server[0], "out", 3) == 3); /* the other way is still open */
	shutdown(b.server[0], SHUT_WR);
	CU_ASSERT(io_read_full(b.client[0], buf, sizeof buf) == 3);
	finish(&b);
	CU_ASSERT(!b.detached);
}

static void detaching_leaves_the_server_alone(void)
{
	struct detach k;
	struct both b;
	struct err err;
	char c;

	dockerd_detach_parse("ctrl-p,ctrl-q", &k, &err);
	start(&b, &k, -1);
	CU_ASSERT(write(b.client[0], "a\x10\x11", 3) == 3);
	pthread_join(b.thread, NULL);
	CU_ASSERT(b.detached);
	/* typed in one go with the sequence: not sent on, and no end of input either */
	CU_ASSERT(recv(b.server[0], &c, 1, MSG_DONTWAIT) == -1);
	close(b.client[0]);
	close(b.client[1]);
	close(b.server[0]);
	close(b.server[1]);
}

static void a_client_that_goes_ends_it(void)
{
	struct both b;

	start(&b, NULL, -1);
	close(b.client[0]);
	pthread_join(b.thread, NULL);
	close(b.client[1]);
	close(b.server[0]);
	close(b.server[1]);
}

static void the_daemons_end_ends_it(void)
{
	int stop = eventfd(0, 0);
	struct both b;

	start(&b, NULL, stop);
	eventfd_write(stop, 1);
	finish(&b);
	close(stop);
}

enum { MUCH = 4 << 20 };

struct writing {
	int fd;
	const char *data;
};

static void *write_much(void *arg)
{
	const struct writing *w = arg;

	io_write_full(w->fd, w->data, MUCH);
	shutdown(w->fd, SHUT_WR);
	return NULL;
}

/* More than the sockets' buffers hold, against a reader that starts late. */
static void slow_readers_lose_nothing(void)
{
	char *data = xmalloc(MUCH), *got = xmalloc(MUCH);
	struct both b;
	struct writing w;
	pthread_t writer;

	for (size_t i = 0; i < MUCH; i++)
		data[i] = (char)(i * 31 >> 3);
	start(&b, NULL, -1);
	w = (struct writing){ b.server[0], data };
	CU_ASSERT_FATAL(!pthread_create(&writer, NULL, write_much, &w));
	usleep(100000);
	EXPECT_INT(io_read_full(b.client[0], got, MUCH), MUCH);
	CU_ASSERT(!memcmp(data, got, MUCH));
	pthread_join(writer, NULL);
	finish(&b);
	free(data);
	free(got);
}

/* --- credentials ---------------------------------------------------------------------------------
 */

static void credentials(void)
{
	AUTO_JSON json_t *auth = NULL, *none = NULL, *identity = NULL, *token = NULL;
	struct err err;

	/* printf '{"username":"u","password":"p?>"}' | basenc --base64url */
	EXPECT_INT(dockerd_auth_parse("eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InA_PiJ9", &auth, &err),
		   0);
	EXPECT_JSON(auth, "{\"username\":\"u\",\"password\":\"p?>\"}");
	EXPECT_INT(dockerd_auth_parse("eyJ1c2VybmFtZSI6Ijx0b2tlbj4iLCJpZGVudGl0eXRva2VuIjoiaSJ9",
				      &identity, &err), 0);
	EXPECT_JSON(identity, "{\"identityToken\":\"i\"}");
	EXPECT_INT(dockerd_auth_parse("eyJyZWdpc3RyeXRva2VuIjoiciJ9", &token, &err), 0);
	EXPECT_JSON(token, "{\"registryToken\":\"r\"}");
	EXPECT_INT(dockerd_auth_parse("e30=", &none, &err), 0);
	CU_ASSERT(!none);
	EXPECT_INT(dockerd_auth_parse(NULL, &none, &err), 0);
	EXPECT_INT(dockerd_auth_parse("!!", &none, &err), -1);
	EXPECT_INT(dockerd_auth_parse("bm90IGpzb24", &none, &err), -1);
}

int suite_streams(void)
{
	static const CU_TestInfo tests[] = {
		{ "detach keys", keys },
		{ "the sequence is held back until it is none",
		  the_sequence_is_held_back_until_it_is_none },
		{ "half-closes pass through", half_closes_pass_through },
		{ "detaching leaves the server alone", detaching_leaves_the_server_alone },
		{ "a client that goes ends it", a_client_that_goes_ends_it },
		{ "the daemon's end ends it", the_daemons_end_ends_it },
		{ "slow readers lose nothing", slow_readers_lose_nothing },
		{ "credentials", credentials },
		CU_TEST_INFO_NULL,
	};

	return suite_add("streams", tests);
}
