/*
 * test_log_config.c - log drivers, their options, and what the shim is told. Refusals as Docker words
 * them, where it has words for them.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "log_config.h"
#include "suites.h"

/* --- options --------------------------------------------------------------------------------- */

static void refused(const char *text, const char *why)
{
	AUTO_JSON json_t *log = json_of(text);
	struct err err = { 0 };

	EXPECT_INT(dockerd_log_check(log, &err), -1);
	EXPECT_STR(err.msg, why);
}

#define JSON_FILE(options) "{\"Type\":\"json-file\",\"Config\":{" options "}}"
#define SYSLOG(options) "{\"Type\":\"syslog\",\"Config\":{" options "}}"

static void options_that_are_none(void)
{
	refused("{\"Type\":\"gelf\"}", "logger: no log driver named 'gelf' is registered");
	refused("{\"Type\":\"\",\"Config\":{\"color\":\"red\"}}",
		"unknown log opt 'color' for json-file log driver");
	refused("{\"Type\":\"local\",\"Config\":{\"tag\":\"x\"}}", "unknown log opt 'tag' for log driver local");
	refused("{\"Type\":\"journald\",\"Config\":{\"max-size\":\"1m\"}}",
		"unknown log opt 'max-size' for journald log driver");
	refused("{\"Type\":\"none\",\"Config\":{\"tag\":\"x\"}}", "unknown log opt 'tag' for none log driver");
	refused(JSON_FILE("\"cache-disabled\":\"true\""),
		"log opt 'cache-disabled' has no effect for this log driver");
}

static void values_that_are_none(void)
{
	refused(JSON_FILE("\"mode\":\"fast\""), "logger: logging mode not supported: fast");
	refused(JSON_FILE("\"max-buffer-size\":\"4m\""),
		"logger: max-buffer-size option is only supported with 'mode=non-blocking'");
	refused(JSON_FILE("\"mode\":\"non-blocking\",\"max-buffer-size\":\"much\""),
		"error parsing option max-buffer-size: invalid size: 'much'");
	refused(SYSLOG("\"syslog-facility\":\"local8\""), "invalid syslog facility");
	refused(SYSLOG("\"syslog-facility\":\"24\""), "invalid syslog facility");
	refused(SYSLOG("\"syslog-format\":\"json\""), "Invalid syslog format");
	refused(SYSLOG("\"syslog-address\":\"http://x\""), "unsupported scheme: 'http'");
	refused(SYSLOG("\"syslog-address\":\"unix:///no/one\""), "stat /no/one: no such file or directory");
	refused(SYSLOG("\"syslog-address\":\"udp://x:y\""), "syslog-address: x:y is no host and port");
	refused(SYSLOG("\"syslog-address\":\"tcp+tls://x\""),
		"syslog-address: TLS to a syslog server (tcp+tls) is not supported by this daemon");
	refused(SYSLOG("\"tag\":\"{{.Secret}}\""),
		"invalid value of log opt 'tag': a template has {{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageID}}, "
		"{{.ImageFullID}}, {{.ImageName}}, {{.DaemonName}} and {{.Hostname}} here");
	refused(SYSLOG("\"tag\":\"a\\nb\""),
		"invalid value of log opt 'tag': a tag has no control characters");
	refused(JSON_FILE("\"env-regex\":\"^\\\\d\""),
		"invalid value of log opt 'env-regex': \\d is not known here");
	refused("{\"Type\":\"local\",\"Config\":{\"max-file\":\"1\",\"compress\":\"true\"}}",
		"compress cannot be true when max-file is less than 2 or max-size is not set");
}

static void facilities(void)
{
	EXPECT_INT(dockerd_syslog_facility(NULL), 3);
	EXPECT_INT(dockerd_syslog_facility("kern"), 0);
	EXPECT_INT(dockerd_syslog_facility("local7"), 23);
	EXPECT_INT(dockerd_syslog_facility("16"), 16);
}

static void address_is(const char *url, const char *network, const char *address)
{
	AUTO_FREE char *got_network = NULL, *got = NULL;
	struct err err = { 0 };

	EXPECT_INT(dockerd_syslog_resolve(url, &got_network, &got, &err), 0);
	EXPECT_STR(err.msg, "");
	EXPECT_STR(got_network, network);
	EXPECT_STR(got, address);
}

static void addresses(void)
{
	address_is("udp://127.0.0.1", "udp", "127.0.0.1:514");
	address_is("tcp://localhost:5514", "tcp", "127.0.0.1:5514");
	address_is("tcp://[::1]:5514", "tcp", "[::1]:5514");
	address_is("udp://[::1]", "udp", "[::1]:514");
	address_is("unixgram:///dev/null", "unixgram", "/dev/null");
}

/* --- the daemon's defaults --------------------------------------------------------------------- */

static void merged(const char *host, const char *want)
{
	char *opts[] = { (char *)"tag=t", (char *)"cache-max-size=1m", NULL };
	struct config cfg = { .log_driver = (char *)"syslog", .log_opts = { opts, 2, 0 } };
	AUTO_JSON json_t *given = host ? json_of(host) : NULL, *got = dockerd_log_defaults(&cfg, given);

	EXPECT_JSON(json_object_get(got, "LogConfig"), want);
}

static void defaults_of_the_daemon(void)
{
	struct config bad = { .log_driver = (char *)"fluentd" };
	struct err err;

	merged(NULL, "{\"Type\":\"syslog\",\"Config\":{\"tag\":\"t\",\"cache-max-size\":\"1m\"}}");
	merged("{\"LogConfig\":{\"Type\":\"\",\"Config\":{\"tag\":\"own\"}}}",
	       "{\"Type\":\"syslog\",\"Config\":{\"tag\":\"own\",\"cache-max-size\":\"1m\"}}");
	merged("{\"LogConfig\":{\"Type\":\"json-file\"}}", "{\"Type\":\"json-file\",\"Config\":{}}");
	merged("{\"LogConfig\":{\"Type\":\"journald\"}}",
	       "{\"Type\":\"journald\",\"Config\":{\"cache-max-size\":\"1m\"}}");
	EXPECT_INT(dockerd_log_check_defaults(&bad, &err), -1);
	EXPECT_STR(err.msg, "failed to set log opts: logger: no log driver named 'fluentd' is registered");
}

/* --- what the shim is told ----------------------------------------------------------------------- */

static const char id64[] = "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123";

static void task_is(const char *log, const char *want)
{
	struct config cfg = { .data_root = (char *)"/d" };
	struct daemon d = { .cfg = &cfg, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct container *c = dockerd_container_new(id64);
	AUTO_JSON json_t *got = NULL;
	struct err err = { 0 };

	c->name = xstrdup("web");
	c->image_id = xstrdup("sha256:fedcba9876543210");
	c->config = json_of("{\"Image\":\"nginx:1\",\"Env\":[\"A=1\",\"B=2\",\"WARM=3\"],\"Labels\":{"
			    "\"a-b\":\"x\\ny\",\"_container_id\":\"forged\",\"message\":\"m\"}}");
	c->host = json_pack("{s:o}", "LogConfig", json_of(log));
	got = dockerd_log_task(&d, c, &err);
	EXPECT_STR(err.msg, "");
	EXPECT_JSON(got, want);
	dockerd_container_put(&d, c);
}

#define DIR "/d/containers/0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123/"
#define CACHED "\"path\":\"" DIR "container-cached.log\",\"maxSize\":20971520,\"maxFile\":5,\"compress\":true"

static void files_are_told(void)
{
	task_is("{\"Type\":\"none\",\"Config\":{}}", "{\"driver\":\"none\"}");
	task_is("{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1k\",\"max-file\":\"3\",\"labels\":\"a-b\","
		"\"env\":\"A,C\",\"env-regex\":\"^W\",\"tag\":\"{{.Name}}/{{ .ID }}\",\"mode\":\"non-blocking\"}}",
		"{\"driver\":\"json-file\",\"path\":\"" DIR "0123456789ab0123456789ab0123456789ab0123456789ab0123456"
		"789ab0123-json.log\",\"maxSize\":1024,\"maxFile\":3,\"attributes\":{\"a-b\":\"x\\ny\",\"A\":\"1\","
		"\"WARM\":\"3\",\"tag\":\"web/0123456789ab\"},\"buffer\":1000000}");
	task_is("{\"Type\":\"local\",\"Config\":{}}",
		"{\"driver\":\"local\",\"path\":\"" DIR "local.log\",\"maxSize\":20971520,\"maxFile\":5,"
		"\"compress\":true}");
	task_is("{\"Type\":\"local\",\"Config\":{\"max-file\":\"1\",\"max-size\":\"1k\"}}",
		"{\"driver\":\"local\",\"path\":\"" DIR "local.log\",\"maxSize\":1024,\"maxFile\":1}");
}

static void servers_are_told(void)
{
	task_is("{\"Type\":\"syslog\",\"Config\":{\"syslog-address\":\"udp://127.0.0.1\",\"syslog-format\":\"rfc5424\","
		"\"syslog-facility\":\"local0\",\"tag\":\"{{.ImageName}}|{{.ImageID}}|{{.DaemonName}}\"}}",
		"{\"driver\":\"syslog\"," CACHED ",\"syslog\":{\"facility\":16,\"format\":\"rfc5424\",\"tag\":"
		"\"nginx:1|sha256:fedcb|docker\",\"network\":\"udp\",\"address\":\"127.0.0.1:514\"}}");
	task_is("{\"Type\":\"syslog\",\"Config\":{\"cache-disabled\":\"true\"}}",
		"{\"driver\":\"syslog\",\"syslog\":{\"facility\":3,\"format\":\"unix\",\"tag\":\"0123456789ab\"}}");
	/* A label cannot take the place of a field. */
	task_is("{\"Type\":\"journald\",\"Config\":{\"labels-regex\":\".\",\"env\":\"A\"}}",
		"{\"driver\":\"journald\"," CACHED ",\"journald\":{\"fields\":{\"A_B\":\"x\\ny\",\"MESSAGE\":\"m\","
		"\"A\":\"1\",\"CONTAINER_ID\":\"0123456789ab\",\"CONTAINER_ID_FULL\":"
		"\"0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123\",\"CONTAINER_NAME\":\"web\","
		"\"CONTAINER_TAG\":\"0123456789ab\",\"IMAGE_NAME\":\"nginx:1\","
		"\"SYSLOG_IDENTIFIER\":\"0123456789ab\"}}}");
}

int suite_log_config(void)
{
	static const CU_TestInfo tests[] = {
		{ "options that are none", options_that_are_none },
		{ "values that are none", values_that_are_none },
		{ "facilities of syslog", facilities },
		{ "addresses of syslog", addresses },
		{ "defaults of the daemon", defaults_of_the_daemon },
		{ "what the shim is told of files", files_are_told },
		{ "and of servers", servers_are_told },
		CU_TEST_INFO_NULL,
	};

	return suite_add("log drivers", tests);
}
