/*
 * test_auth.c - who the user is, in the file and with a helper; contexts; ssh.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"
#include "context.h"
#include "platform.h"
#include "ssh.h"
#include "suites.h"

static void auth_in_the_file(void)
{
	char *dir = tmp_new();
	struct cli_config config = { .directory = xstrdup(dir), .doc = json_of("{\"other\": 1}") };
	AUTO_JSON json_t *auth = json_of("{\"username\": \"me\", \"password\": \"se:cret\", \"serveraddress\": \"box:5000\"}");
	struct err err = { 0 };
	bool plain = false;

	EXPECT_INT(cli_auth_put(&config, "box:5000", auth, &plain, &err), 0);
	CU_ASSERT(plain);
	cli_config_free(&config);
	EXPECT_INT(cli_config_load(&config, dir, &err), 0);
	EXPECT_JSON(config.doc, "{\"other\": 1, \"auths\": {\"box:5000\": {\"auth\": \"bWU6c2U6Y3JldA==\"}}}");
	AUTO_JSON json_t *got = cli_auth_get(&config, "box:5000", &err), *none = cli_auth_get(&config, "box", &err);
	CU_ASSERT(json_equal(got, auth));
	EXPECT_JSON(none, "{\"serveraddress\": \"box\"}");
	EXPECT_INT(cli_auth_erase(&config, "box:5000", &err), 0);
	EXPECT_JSON(config.doc, "{\"other\": 1, \"auths\": {}}");
	cli_config_free(&config);
	tmp_free(dir);
}

/* The helper's protocol is docker-credential-helpers': the server, or a document, on stdin. */
static void auth_with_a_helper(void)
{
	static const char script[] = "#!/bin/sh\nd=${0%/*}\ncase $1 in\nstore) cat >$d/kept ;;\n"
				     "get) cat >$d/asked; [ -f $d/kept ] || { echo credentials not found in native keychain; exit 1; }; cat $d/kept ;;\n"
				     "erase) rm $d/kept ;;\nesac\n";
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s:%s", dir, getenv("PATH")), *old = xstrdup(getenv("PATH"));
	AUTO_FREE char *helper = xasprintf("%s/docker-credential-test", dir);
	struct cli_config config = { .directory = xstrdup(dir), .doc = json_of("{\"credHelpers\": {\"box\": \"test\"}}") };
	AUTO_JSON json_t *auth = json_of("{\"username\": \"me\", \"password\": \"pw\", \"serveraddress\": \"box\"}");
	struct err err = { 0 };
	bool plain = true;

	write_file(dir, "docker-credential-test", script);
	chmod(helper, 0755);
	setenv("PATH", path, 1);
	AUTO_JSON json_t *none = cli_auth_get(&config, "box", &err);
	EXPECT_JSON(none, "{\"serveraddress\": \"box\"}");
	EXPECT_INT(cli_auth_put(&config, "box", auth, &plain, &err), 0);
	CU_ASSERT(!plain);
	EXPECT_JSON(json_object_get(config.doc, "auths"), "{\"box\": {}}");
	AUTO_JSON json_t *got = cli_auth_get(&config, "box", &err);
	CU_ASSERT(json_equal(got, auth));
	EXPECT_INT(cli_auth_erase(&config, "box", &err), 0);
	write_file(dir, "docker-credential-test", "#!/bin/sh\necho locked; exit 1\n");
	CU_ASSERT(!cli_auth_get(&config, "box", &err));
	EXPECT_HAS(err.msg, "locked");
	setenv("PATH", old, 1);
	cli_config_free(&config);
	tmp_free(dir);
}

static void contexts(void)
{
	static const char *const bad[] = { "", "a", "default", "a b", "-ab", "a/b" };
	char *dir = tmp_new();
	struct cli_config config = { .directory = xstrdup(dir), .doc = json_object() };
	AUTO_JSON json_t *meta = json_of("{\"Name\": \"tl\", \"Metadata\": {}, \"Endpoints\": {}}");
	AUTO_STRLIST struct strlist names = STRLIST_INIT;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		EXPECT_INT(cli_context_check_name(bad[i], &err), -1);
	EXPECT_INT(cli_context_check_name("my.ctx-1", &err), 0);
	/* The directory that Docker's client made for a context of this name. */
	AUTO_FREE char *path = cli_context_path(&config, "meta", "tl");
	EXPECT_HAS(path, "/contexts/meta/e66016570cfafca08140913fe701f02954a11fde7f8660500a617597fd17e09d");
	CU_ASSERT(!cli_context_load(&config, "tl", &err) && err.kind == ERR_NOT_FOUND);
	EXPECT_INT(cli_context_save(&config, meta, &err), 0);
	cli_context_list(&config, &names);
	EXPECT_INT((long long)names.n, 1);
	EXPECT_STR(names.v[0], "tl");
	EXPECT_INT(cli_context_remove(&config, "tl", &err), 0);
	CU_ASSERT(!cli_context_exists(&config, "tl"));
	cli_config_free(&config);
	tmp_free(dir);
}

static void ssh_commands(void)
{
	static const char *const samples[][2] = {
		{ "ssh://box", "ssh -o ConnectTimeout=30 -T -- box docker system dial-stdio" },
		{ "ssh://me@box:22", "ssh -o ConnectTimeout=30 -T -l me -p 22 -- box docker system dial-stdio" },
		{ "ssh://box/run/d.sock", "ssh -o ConnectTimeout=30 -T -- box docker --host unix:///run/d.sock system dial-stdio" },
	};
	static const char *const bad[] = { "ssh://", "ssh://-oProxyCommand=x", "ssh://-l@box", "ssh://a:b@box", "ssh://box:99999",
					   "ssh://box?x" };
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_STRLIST struct strlist command = STRLIST_INIT;
		AUTO_STRBUF struct strbuf text = STRBUF_INIT;
		EXPECT_INT(cli_ssh_parse(samples[i][0], &command, &err), 0);
		for (size_t k = 0; k < command.n; k++)
			strbuf_addf(&text, "%s%s", k ? " " : "", command.v[k]);
		EXPECT_STR(text.data, samples[i][1]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_STRLIST struct strlist command = STRLIST_INIT;
		EXPECT_INT(cli_ssh_parse(bad[i], &command, &err), -1);
	}
}

static void platforms(void)
{
	struct err err;
	AUTO_JSON json_t *whole = cli_platform_parse("linux/arm/v7", &err), *arch = cli_platform_parse("aarch64", &err);
	AUTO_JSON json_t *usual = cli_platform_parse("linux/arm64/v8", &err);

	EXPECT_JSON(whole, "{\"os\": \"linux\", \"architecture\": \"arm\", \"variant\": \"v7\"}");
	EXPECT_JSON(arch, "{\"os\": \"linux\", \"architecture\": \"arm64\"}");
	EXPECT_JSON(usual, "{\"os\": \"linux\", \"architecture\": \"arm64\"}");
	CU_ASSERT(!cli_platform_parse("a/b/c/d", &err));
	CU_ASSERT(!cli_platform_parse("xx", &err));
	EXPECT_STR(err.msg, "\"xx\": unknown operating system or architecture: invalid argument");
}

int suite_auth(void)
{
	static const CU_TestInfo tests[] = {
		{ "a name and a password in config.json", auth_in_the_file },
		{ "kept by a credential helper", auth_with_a_helper },
		{ "contexts", contexts },
		{ "ssh commands", ssh_commands },
		{ "platforms", platforms },
		CU_TEST_INFO_NULL,
	};

	return suite_add("auth", tests);
}
