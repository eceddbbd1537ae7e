/*
 * test_create.c - from the words of `docker run` to the request that is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "create.h"
#include "env.h"
#include "suites.h"

static const struct cli_flagset set = { { cli_create_flags, NULL } };

static int build(struct cli_create_options *o, char **argv, bool detach, struct err *err)
{
	struct cli_args args;
	int n = 0;

	while (argv[n])
		n++;
	*o = (struct cli_create_options){ 0 };
	int rc = cli_flags_parse(&set, n, argv, true, o, &args, err);
	if (!rc)
		rc = cli_create_request(o, args.v, args.n, detach, err);
	free(args.v);
	return rc;
}
#define ARGV(...) (char *[]){ __VA_ARGS__, NULL }

static void expect_at(const json_t *body, const char *place, const char *want)
{
	EXPECT_JSON(jsonx_at(body, place), want);
}

static void usual(void)
{
	struct cli_create_options o;
	struct err err;

	EXPECT_INT(build(&o, ARGV("--rm", "-p", "8080:80", "-v", "/tmp:/x", "-v", "/anon", "-e", "A=b", "busybox", "echo", "hi"),
			 false, &err), 0);
	/* as the real client sent the same command */
	expect_at(o.body, "Image", "\"busybox\"");
	expect_at(o.body, "Cmd", "[\"echo\",\"hi\"]");
	expect_at(o.body, "Env", "[\"A=b\"]");
	expect_at(o.body, "AttachStdin", "false");
	expect_at(o.body, "AttachStdout", "true");
	expect_at(o.body, "StdinOnce", "false");
	expect_at(o.body, "Volumes", "{\"/anon\":{}}");
	expect_at(o.body, "ExposedPorts", "{\"80/tcp\":{}}");
	expect_at(o.body, "HostConfig.Binds", "[\"/tmp:/x\"]");
	expect_at(o.body, "HostConfig.AutoRemove", "true");
	expect_at(o.body, "HostConfig.NetworkMode", "\"default\"");
	expect_at(o.body, "HostConfig.RestartPolicy", "{\"Name\":\"no\",\"MaximumRetryCount\":0}");
	cli_flags_free(&set, &o);
}

static void attaching(void)
{
	struct cli_create_options o;
	struct err err;

	EXPECT_INT(build(&o, ARGV("-it", "x"), false, &err), 0);
	CU_ASSERT(cli_create_attaches(&o, "stdin") && cli_create_attaches(&o, "stdout"));
	expect_at(o.body, "StdinOnce", "true");
	expect_at(o.body, "Tty", "true");
	cli_flags_free(&set, &o);
	EXPECT_INT(build(&o, ARGV("-it", "x"), true, &err), 0); /* detached */
	CU_ASSERT(!cli_create_attaches(&o, "stdin") && !cli_create_attaches(&o, "stderr"));
	expect_at(o.body, "OpenStdin", "true");
	expect_at(o.body, "StdinOnce", "false");
	cli_flags_free(&set, &o);
	EXPECT_INT(build(&o, ARGV("-a", "STDERR", "x"), false, &err), 0);
	CU_ASSERT(!cli_create_attaches(&o, "stdout") && cli_create_attaches(&o, "stderr"));
	cli_flags_free(&set, &o);
}

static void details(void)
{
	struct cli_create_options o;
	struct err err;

	EXPECT_INT(build(&o, ARGV("--entrypoint", "", "--restart", "on-failure:3", "--network", "n", "--network-alias", "a",
				  "--ip", "10.0.0.9", "--ulimit", "nofile=10:20", "--ulimit", "core=-1", "--device",
				  "/dev/a:/dev/b:r", "--device", "/dev/c", "--add-host", "h=1.2.3.4", "--memory-swap", "-1",
				  "--health-cmd", "true", "--health-interval", "5s", "--cap-drop", "ALL", "--sysctl",
				  "net.ipv4.ip_forward=1", "--security-opt", "systempaths=unconfined", "-m", "1g", "--cpus",
				  ".5", "--init", "--log-opt", "max-size=1m", "x"), false, &err), 0);
	expect_at(o.body, "Entrypoint", "[\"\"]");
	expect_at(o.body, "HostConfig.RestartPolicy", "{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}");
	expect_at(o.body, "NetworkingConfig.EndpointsConfig",
		  "{\"n\":{\"Aliases\":[\"a\"],\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.9\"}}}");
	expect_at(o.body, "HostConfig.Ulimits", "[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20},"
						"{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1}]");
	expect_at(o.body, "HostConfig.Devices",
		  "[{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"r\"},"
		  "{\"PathOnHost\":\"/dev/c\",\"PathInContainer\":\"/dev/c\",\"CgroupPermissions\":\"rwm\"}]");
	expect_at(o.body, "HostConfig.ExtraHosts", "[\"h:1.2.3.4\"]");
	expect_at(o.body, "HostConfig.MemorySwap", "-1");
	expect_at(o.body, "Healthcheck", "{\"Interval\":5000000000,\"Test\":[\"CMD-SHELL\",\"true\"]}");
	expect_at(o.body, "HostConfig.CapDrop", "[\"ALL\"]");
	expect_at(o.body, "HostConfig.Sysctls", "{\"net.ipv4.ip_forward\":\"1\"}");
	expect_at(o.body, "HostConfig.MaskedPaths", "[]");
	expect_at(o.body, "HostConfig.Memory", "1073741824");
	expect_at(o.body, "HostConfig.NanoCpus", "500000000");
	expect_at(o.body, "HostConfig.Init", "true");
	expect_at(o.body, "HostConfig.LogConfig", "{\"Config\":{\"max-size\":\"1m\"}}");
	cli_flags_free(&set, &o);
}

/* As the real client 28.2 sent them. */
static void long_forms(void)
{
	struct cli_create_options o;
	struct err err;

	EXPECT_INT(build(&o, ARGV("-p", "published=8080,target=80,protocol=udp", "--mount", "type=bind,src=/a,dst=/b,bind-recursive=disabled",
				  "--mount", "type=image,src=i,dst=/c,image-subpath=s", "--network", "n", "--mac-address", "02:42:ac:11:00:09",
				  "--ulimit", "nofile=5", "--ulimit", "nofile=6", "--device", "vendor.com/class=a", "--add-host", "h=[::1]", "x"),
			 false, &err), 0);
	expect_at(o.body, "HostConfig.PortBindings", "{\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
	expect_at(o.body, "HostConfig.Mounts",
		  "[{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"BindOptions\":{\"NonRecursive\":true}},"
		  "{\"Type\":\"image\",\"Source\":\"i\",\"Target\":\"/c\",\"ImageOptions\":{\"Subpath\":\"s\"}}]");
	expect_at(o.body, "NetworkingConfig.EndpointsConfig", "{\"n\":{\"MacAddress\":\"02:42:ac:11:00:09\"}}");
	expect_at(o.body, "HostConfig.Ulimits", "[{\"Name\":\"nofile\",\"Soft\":6,\"Hard\":6}]");
	expect_at(o.body, "HostConfig.DeviceRequests", "[{\"Driver\":\"cdi\",\"Count\":0,\"DeviceIDs\":[\"vendor.com/class=a\"],"
						       "\"Capabilities\":null,\"Options\":null}]");
	expect_at(o.body, "HostConfig.ExtraHosts", "[\"h:::1\"]");
	cli_flags_free(&set, &o);
}

static void refused(void)
{
	static char *const wrong[][6] = { /* words, the last of which is the message */
		{ "--rm", "--restart", "always", "x", NULL, "conflicting options: cannot specify both --restart and --rm" },
		{ "--restart", "on-failure:x", "x", NULL, NULL,
		  "invalid restart policy format: maximum retry count must be an integer" },
		{ "--restart", ":3", "x", NULL, NULL, "invalid restart policy format: no policy provided before colon" },
		{ "--pull", "foo", "x", NULL, NULL,
		  "invalid pull option: 'foo': must be one of \"always\", \"missing\" or \"never\"" },
		{ "--device", "foo", "x", NULL, NULL, "foo is not an absolute path" },
		{ "--device", "/dev/null:/dev/x:q", "x", NULL, NULL, "bad mode specified: q" },
		{ "--memory-swappiness", "200", "x", NULL, NULL, "invalid value: 200. Valid memory swappiness range is 0-100" },
		{ "--pid", "foo", "x", NULL, NULL, "--pid: invalid PID mode" },
		{ "--no-healthcheck", "--health-cmd", "x", "y", NULL, "--no-healthcheck conflicts with --health-* options" },
		{ "--health-timeout", "-1s", "x", NULL, NULL, "--health-timeout cannot be negative" },
		{ "--env-file", "/nonexistent", "x", NULL, NULL, "open /nonexistent: no such file or directory" },
		{ "--security-opt", "seccomp=/nonexistent", "x", NULL, NULL,
		  "opening seccomp profile (/nonexistent) failed: open /nonexistent: no such file or directory" },
		{ "--ulimit", "nofile=10:5", "x", NULL, NULL,
		  "invalid argument \"nofile=10:5\" for \"--ulimit\" flag: ulimit soft limit must be less than or equal to hard "
		  "limit: 10 > 5" },
		{ "--sysctl", "foo", "x", NULL, NULL, "invalid argument \"foo\" for \"--sysctl\" flag: sysctl 'foo' is not allowed" },
		{ "--network", "", "x", NULL, NULL, "no name set for network" },
		{ "--network", "bridge", "--network-alias", "a", NULL, "network-scoped aliases are only supported for user-defined networks" },
		{ "--link", "a:b:c", "x", NULL, NULL, "invalid argument \"a:b:c\" for \"--link\" flag: bad format for links: a:b:c" },
		{ "--dns", "x", "x", NULL, NULL, "invalid argument \"x\" for \"--dns\" flag: IP address is not correctly formatted: x" },
		{ "--label", "=x", "x", NULL, NULL, "invalid argument \"=x\" for \"-l, --label\" flag: invalid label '=x': empty name" },
	};
	static const struct cli_flag pull[] = {
		{ 0, "pull", CLI_STRING, offsetof(struct cli_create_options, pull), "x" }, { 0 },
	};
	struct cli_flagset with_pull = { { cli_create_flags, pull } };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct cli_create_options o = { 0 };
		struct cli_args args;
		struct err err = { 0 };
		int n = 0;
		while (wrong[i][n])
			n++;
		int rc = cli_flags_parse(&with_pull, n, (char **)wrong[i], true, &o, &args, &err);
		EXPECT_INT(rc ? rc : cli_create_request(&o, args.v, args.n, false, &err), -1);
		EXPECT_STR(err.msg, wrong[i][5]);
		free(args.v);
		cli_flags_free(&with_pull, &o);
	}
}

/* The file was given to the real client too; this is what it sent. */
static void environment(void)
{
	AUTO_STRLIST struct strlist files = STRLIST_INIT, flags = STRLIST_INIT;
	char *dir = tmp_new();
	struct err err;

	setenv("CLI_TEST_OURS", "o", 1);
	unsetenv("CLI_TEST_NONE");
	write_file(dir, "env", "\xef\xbb\xbfX=1\n# c\n\nCLI_TEST_NONE\nCLI_TEST_OURS\n Z=a b\r\nE=\n");
	strlist_addf(&files, "%s/env", dir);
	strlist_add(&flags, "A=b=c");
	strlist_add(&flags, "CLI_TEST_OURS");
	strlist_add(&flags, "CLI_TEST_NONE"); /* stays: it takes the image's away */
	AUTO_JSON json_t *env = cli_env_collect(&files, &flags, &err);
	EXPECT_JSON(env, "[\"X=1\",\"CLI_TEST_OURS=o\",\"Z=a b\",\"E=\",\"A=b=c\",\"CLI_TEST_OURS=o\",\"CLI_TEST_NONE\"]");
	write_file(dir, "env", "A B=1\n");
	CU_ASSERT_PTR_NULL(cli_env_collect(&files, &flags, &err));
	EXPECT_HAS(err.msg, "variable 'A B' contains whitespaces");
	write_file(dir, "env", "=1\n");
	CU_ASSERT_PTR_NULL(cli_env_collect(&files, &flags, &err));
	EXPECT_HAS(err.msg, "no variable name on line '=1'");
	tmp_free(dir);
}

int suite_create(void)
{
	static const CU_TestInfo tests[] = {
		{ "a usual command", usual }, { "what is attached", attaching }, { "flags that take more than a place", details },
		{ "long forms of flags", long_forms }, { "what is refused, and how", refused }, { "environment files", environment }, CU_TEST_INFO_NULL,
	};

	return suite_add("create", tests);
}
