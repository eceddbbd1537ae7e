/*
 * test_hosts.c - where a registry's images are to be got, and what its transfers share. Expected
 * values: toml.io's specification (v1.0.0), containerd's document on hosts.toml.
 */
#include "hosts.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "content.h"
#include "fetch_private.h"
#include "suites.h"
#include "toml.h"

static struct err err;

static void test_toml(void)
{
	static const struct { const char *text, *json; } rows[] = {
		{ "", "{}" },
		{ "# only this", "{}" },
		{ "a = 1\nb=true # yes\n\"c d\" = 'x\\y'", "{\"a\":1,\"b\":true,\"c d\":\"x\\\\y\"}" },
		{ "s = \"a\\t\\\"b\\\"\"", "{\"s\":\"a\\t\\\"b\\\"\"}" },
		{ "l = [ \"a\", # one\n  [1, 2],\n]\n", "{\"l\":[\"a\",[1,2]]}" },
		{ "[host.\"https://a:5000\"]\r\n  ca = \"x\"\r\n[host.'http://b']\n",
		  "{\"host\":{\"https://a:5000\":{\"ca\":\"x\"},\"http://b\":{}}}" },
		{ "a.b.c = -3", "{\"a\":{\"b\":{\"c\":-3}}}" },
		{ "t = { x = 1, y.z = \"w\" }", "{\"t\":{\"x\":1,\"y\":{\"z\":\"w\"}}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_JSON json_t *doc = ctrd_toml_parse(rows[i].text, &err);
		AUTO_FREE char *text = doc ? jsonx_text(doc) : xstrdup(err.msg);

		EXPECT_STR(text, rows[i].json);
	}
}

static void test_toml_refused(void)
{
	static const char *const rows[] = {
		"a", "a =", "a = \"x", "a = 1 2", "a = 1\na = 2", "[a\n", "[[a]]", "a = 1.5",
		"a = 2020-01-01", "a = \"\"\"x\"\"\"", "= 1", "a = [1", "a = {x = 1", "a = 1\n[a]",
		"a = \"\\q\"", "a = \"\xff\"", "a..b = 1", "a = truex",
		"a = [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *doc = ctrd_toml_parse(rows[i], &err);

		if (doc)
			printf("\n    accepted: %s\n", rows[i]);
		CU_ASSERT_PTR_NULL(doc);
		json_decref(doc);
		EXPECT_HAS(err.msg, "line ");
	}
}

/* --- hosts.toml -------------------------------------------------------------------------------- */

static char *dir;
static struct ctrd_registries *regs;

static void begin(void)
{
	const char *dirs[2] = { NULL };

	dir = tmp_new("1m");
	dirs[0] = dir;
	regs = ctrd_registries_new(dirs);
}

static void end(void)
{
	ctrd_registries_free(regs);
	tmp_free(dir);
}

static void configure(const char *domain, const char *text)
{
	AUTO_FREE char *sub = xasprintf("%s/%s", dir, domain);
	AUTO_FREE char *path = xasprintf("%s/hosts.toml", sub);

	EXPECT_OK(file_mkdir_p(sub, 0755, &err));
	EXPECT_OK(file_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

/* "URL[!] …": the hosts in order, mirrors with a "!". */
static char *find(const char *domain, const char *const *mirrors, bool push)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct ctrd_hosts hosts = { 0 };

	strbuf_adds(&sb, "");
	if (ctrd_hosts_find(regs, domain, mirrors, push, &hosts, &err))
		strbuf_adds(&sb, err.msg);
	else
		for (size_t i = 0; i < hosts.n; i++)
			strbuf_addf(&sb, "%s%s%s", i ? " " : "", hosts.v[i].url,
				    hosts.v[i].mirror ? "!" : "");
	ctrd_hosts_free(&hosts);
	return strbuf_steal(&sb);
}

static void expect_hosts(const char *domain, bool push, const char *want)
{
	AUTO_FREE char *got = find(domain, NULL, push);

	EXPECT_STR(got, want);
}

static void test_hosts(void)
{
	static const char *const mirrors[] = { "http://m:1", NULL };
	AUTO_FREE char *got = NULL, *none = NULL;

	begin();
	expect_hosts("docker.io", false, "https://registry-1.docker.io");
	expect_hosts("r.test:5000", true, "r.test:5000");
	configure("_default", "[host.\"https://all.test\"]\n");
	expect_hosts("r.test:5000", false, "https://all.test! r.test:5000");
	expect_hosts("r.test:5000", true, "r.test:5000");
	configure("r.test:5000", "server = 'https://up.test'\n[host.\"https://b.test\"]\n"
		  "capabilities = ['pull', 'push']\n[host.\"https://a.test\"]\n");
	expect_hosts("r.test:5000", false, "https://b.test! https://a.test! https://up.test");
	expect_hosts("r.test:5000", true, "https://b.test! https://up.test");
	got = find("docker.io", mirrors, false);
	EXPECT_STR(got, "http://m:1! https://all.test! https://registry-1.docker.io");
	configure("none.test", "capabilities = []");
	none = find("none.test", NULL, false);
	EXPECT_HAS(none, "no host of none.test");
	end();
}

static void test_hosts_refused(void)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "server = 'r.test'", "server: expected https://" },
		{ "[host.'b.test']", "host.\"b.test\": expected https://" },
		{ "[host.'https://b']\nca = 1", "ca: expected" },
		{ "[host.'https://b']\nclient = [['a','b','c']]", "client: expected" },
		{ "[host.'https://b']\nskip_verify = 'yes'", "skip_verify: expected" },
		{ "[host.'https://b'.header]\nx = 'y'", "header: not known" },
		{ "capabilities = ['fly']", "\"fly\" is none" },
		{ "host = 'x'", "host: expected a table" },
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctrd_hosts hosts = { 0 };

		configure("r.test", rows[i].text);
		EXPECT_INT(ctrd_hosts_find(regs, "r.test", NULL, false, &hosts, &err), -1);
		EXPECT_HAS(err.msg, "hosts.toml: ");
		EXPECT_HAS(err.msg, rows[i].says);
		ctrd_hosts_free(&hosts);
	}
	end();
}

/* --- tokens, networks, sources --------------------------------------------------------------------- */

static void test_tokens(void)
{
	char key[32];
	char *token;

	begin();
	CU_ASSERT_PTR_NULL(registries_token(regs, "a"));
	registries_keep_token(regs, "a", "Bearer 1", 60);
	registries_keep_token(regs, "a", "Bearer 2", 60);
	token = registries_token(regs, "a");
	EXPECT_STR(token, "Bearer 2");
	free(token);
	registries_keep_token(regs, "old", "Bearer 3", 0);
	CU_ASSERT_PTR_NULL(registries_token(regs, "old")); /* its time is over */
	registries_forget_token(regs, "a");
	CU_ASSERT_PTR_NULL(registries_token(regs, "a"));
	for (int i = 0; i < 1000; i++) { /* there is an end to what is kept */
		snprintf(key, sizeof(key), "%d", i);
		registries_keep_token(regs, key, "Bearer x", 60 + i);
	}
	CU_ASSERT_PTR_NULL(registries_token(regs, "0"));
	token = registries_token(regs, "999");
	EXPECT_STR(token, "Bearer x");
	free(token);
	end();
}

static void test_networks(void)
{
	static const char *const insecure[] = { "10.1.0.0/16", "plain.test", NULL };
	static const struct { const char *url; bool may; } rows[] = {
		{ "http://10.1.255.1:5000", true },  { "http://10.2.0.1:5000", false },
		{ "http://plain.test:99", true },    { "http://other.test", false },
		{ "http://127.3.4.5:1", true },      { "http://10.1.evil.test", false },
		{ "ftp://plain.test", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctrd_registry_options o = { .url = rows[i].url, .repository = "a",
						   .actions = "pull", .insecure = insecure };
		struct ctrd_registry *r = ctrd_registry_new(&o, &err);

		EXPECT_INT(r != NULL, rows[i].may);
		ctrd_registry_free(r);
	}
}

/* Somebody takes the connection and never says a word. */
static void test_silence(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FREE char *url = NULL;
	struct ctrd_registry_options o = { .repository = "a", .actions = "pull", .impatient = true,
					   .stall_seconds = 1 };
	struct ctrd_manifest m;
	struct ctrd_registry *r;

	CU_ASSERT_FATAL(!bind(fd, (struct sockaddr *)&a, n) && !listen(fd, 4) &&
			!getsockname(fd, (struct sockaddr *)&a, &n));
	url = xasprintf("http://127.0.0.1:%d", ntohs(a.sin_port));
	o.url = url;
	r = ctrd_registry_new(&o, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	EXPECT_INT(ctrd_fetch_manifest(r, "latest", &m, &err), -1);
	EXPECT_INT(err.kind, ERR_TIMEOUT);
	CU_ASSERT_TRUE(ctrd_fetch_transient(&err));
	ctrd_registry_free(r);
}

static void test_sources(void)
{
	struct content *content;
	char digest[DIGEST_SIZE];
	char *from;

	begin();
	content = content_open(dir, &err);
	EXPECT_OK(content_write(content, "x", 1, NULL, digest, &err));
	CU_ASSERT_PTR_NULL(content_source(content, digest, "r:1", "b"));
	content_add_source(content, digest, "r:1", "a");
	from = content_source(content, digest, "r:1", "b"); /* tmpfs: since Linux 6.6 */
	if (!from) {
		puts("SKIP: the file system has no user attributes");
		content_close(content);
		end();
		return;
	}
	EXPECT_STR(from, "a");
	free(from);
	CU_ASSERT_PTR_NULL(content_source(content, digest, "r:2", "b")); /* another registry */
	CU_ASSERT_PTR_NULL(content_source(content, digest, "r:1", "a")); /* there already */
	for (int i = 0; i < 500; i++) {
		AUTO_FREE char *repository = xasprintf("team/app%d", i % 250);

		content_add_source(content, digest, "r:1", repository);
	}
	from = content_source(content, digest, "r:1", "team/app249");
	EXPECT_STR(from, "team/app248"); /* the newest */
	free(from);
	content_close(content);
	end();
}

int suite_hosts(void)
{
	static const CU_TestInfo tests[] = {
		{ "as much of TOML as is needed", test_toml },
		{ "and no more", test_toml_refused },
		{ "hosts.toml: who is asked, in which order", test_hosts },
		{ "hosts.toml: wishes that are not granted", test_hosts_refused },
		{ "tokens are kept for their time", test_tokens },
		{ "plain HTTP to networks", test_networks },
		{ "a registry that is silent", test_silence },
		{ "where a blob is known to be", test_sources },
		CU_TEST_INFO_NULL,
	};

	return suite_add("hosts", tests);
}
