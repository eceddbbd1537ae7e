/*
 * test_volumes.c - options of the local driver. Refusals as Docker words them.
 */
#include <string.h>

#include "suites.h"
#include "volume_mount.h"

static void refused(const char *options, const char *why)
{
	AUTO_JSON json_t *o = json_of(options);
	struct err err = { 0 };

	EXPECT_INT(dockerd_volume_options_check(o, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_STR(err.msg, why);
}

static void options_are_checked(void)
{
	refused("{\"color\":\"red\"}", "invalid option: \"color\"");
	refused("{\"type\":\"tmpfs\"}", "missing required option: \"device\"");
	refused("{\"device\":\"tmpfs\"}", "missing required option: \"type\"");
	refused("{\"o\":\"ro\",\"device\":\"x\"}", "missing required option: \"type\"");
	refused("{\"size\":\"1g\"}", "quota size requested but no quota support");
	refused("{\"size\":\"big\"}", "invalid size: 'big'");
	refused("{\"type\":\"cifs\",\"device\":\"//h:1/s\"}",
		"port not allowed in CIFS device URL, include 'port' in 'o='");
	refused("{\"type\":1,\"device\":\"x\"}", "DriverOpts.type: expected a string");
}

static void accepted(const char *options, int is_mount)
{
	AUTO_JSON json_t *o = json_of(options);
	struct err err = { 0 };

	EXPECT_INT(dockerd_volume_options_check(o, &err), 0);
	EXPECT_STR(err.msg, "");
	EXPECT_INT(dockerd_volume_is_mount(o), is_mount);
}

static void options_are_taken(void)
{
	accepted("{}", 0);
	accepted("{\"size\":\"0\"}", 0);
	accepted("{\"type\":\"tmpfs\",\"device\":\"tmpfs\"}", 1);
	accepted("{\"type\":\"none\",\"device\":\"/srv\",\"o\":\"bind\"}", 1);
}

static void resolves(const char *options, const char *words, const char *device)
{
	AUTO_FREE char *got_words = NULL, *got_device = NULL;
	AUTO_JSON json_t *o = json_of(options);
	struct err err = { 0 };

	EXPECT_INT(dockerd_volume_resolve(o, &got_words, &got_device, &err), 0);
	EXPECT_STR(err.msg, "");
	EXPECT_STR(got_words, words);
	EXPECT_STR(got_device, device);
}

static void servers_have_addresses(void)
{
	resolves("{\"type\":\"nfs\",\"device\":\":/x\",\"o\":\"rw,addr=localhost,soft\"}",
		 "rw,addr=127.0.0.1,soft", ":/x");
	resolves("{\"type\":\"nfs\",\"device\":\":/x\",\"o\":\"addr=::1\"}", "addr=::1", ":/x");
	resolves("{\"type\":\"cifs\",\"device\":\"//localhost/share/a\",\"o\":\"guest\"}", "guest",
		 "//127.0.0.1/share/a");
	resolves("{\"type\":\"cifs\",\"device\":\"//localhost/s\",\"o\":\"addr=localhost\"}",
		 "addr=127.0.0.1", "//localhost/s");
	/* Of another type it is the file system's own business. */
	resolves("{\"type\":\"9p\",\"device\":\"x\",\"o\":\"addr=localhost\"}", "addr=localhost", "x");
}

static void a_server_without_an_address(void)
{
	AUTO_FREE char *words = NULL, *device = NULL;
	AUTO_JSON json_t *o = json_of("{\"type\":\"nfs\",\"device\":\":/x\",\"o\":\"addr=a..b\"}");
	struct err err = { 0 };

	EXPECT_INT(dockerd_volume_resolve(o, &words, &device, &err), -1);
	EXPECT_HAS(err.msg, "error resolving passed in network volume address: lookup a..b: ");
}

int suite_volumes(void)
{
	static const CU_TestInfo tests[] = {
		{ "options that are none, or incomplete, are refused", options_are_checked },
		{ "options that say what to mount, or nothing", options_are_taken },
		{ "the kernel is given addresses of servers, not names", servers_have_addresses },
		{ "a server that has no address", a_server_without_an_address },
		CU_TEST_INFO_NULL,
	};

	return suite_add("options of volumes", tests);
}
