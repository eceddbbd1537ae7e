/*
 * test_request.c - create requests: Config completed from the image, HostConfig
 * checked. The first request is what the real CLI (28.2) sent for
 * `docker run -p 8080:80 -m 32m -v vol:/data busybox sleep 100`; refusals are worded as
 * the real daemon worded them.
 */
#include <string.h>

#include "create.h"
#include "network.h"
#include "suites.h"

static const char cli_host_config[] =
	"{\"Binds\":[\"vol:/"
	"data\"],\"ContainerIDFile\":\"\",\"LogConfig\":{\"Type\":\"\",\"Config\":{}},"
	"\"NetworkMode\":\"default\",\"PortBindings\":{\"80/"
	"tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]},"
	"\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"AutoRemove\":false,"
	"\"VolumeDriver\":\"\","
	"\"VolumesFrom\":null,\"ConsoleSize\":[0,0],\"CapAdd\":null,\"CapDrop\":null,"
	"\"CgroupnsMode\":\"\","
	"\"Dns\":[],\"DnsOptions\":[],\"DnsSearch\":[],\"ExtraHosts\":null,\"GroupAdd\":null,"
	"\"IpcMode\":\"\","
	"\"Cgroup\":\"\",\"Links\":null,\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,"
	"\"PublishAllPorts\":false,\"ReadonlyRootfs\":false,\"SecurityOpt\":null,\"UTSMode\":\"\","
	"\"UsernsMode\":\"\",\"ShmSize\":0,\"Isolation\":\"\",\"CpuShares\":0,\"Memory\":33554432,"
	"\"NanoCpus\":0,"
	"\"CgroupParent\":\"\",\"BlkioWeight\":0,\"BlkioWeightDevice\":[],\"BlkioDeviceReadBps\":[]"
	","
	"\"BlkioDeviceWriteBps\":[],\"BlkioDeviceReadIOps\":[],\"BlkioDeviceWriteIOps\":[],"
	"\"CpuPeriod\":0,"
	"\"CpuQuota\":0,\"CpuRealtimePeriod\":0,\"CpuRealtimeRuntime\":0,\"CpusetCpus\":\"\","
	"\"CpusetMems\":\"\","
	"\"Devices\":[],\"DeviceCgroupRules\":null,\"DeviceRequests\":null,\"MemoryReservation\":0,"
	"\"MemorySwap\":0,\"MemorySwappiness\":-1,\"OomKillDisable\":false,\"PidsLimit\":0,"
	"\"Ulimits\":[],"
	"\"CpuCount\":0,\"CpuPercent\":0,\"IOMaximumIOps\":0,\"IOMaximumBandwidth\":0,"
	"\"MaskedPaths\":null,"
	"\"ReadonlyPaths\":null}";

static const char cli_networking[] =
	"{\"EndpointsConfig\":{\"default\":{\"IPAMConfig\":null,\"Links\":null,\"Aliases\":null,"
	"\"MacAddress\":\"\",\"DriverOpts\":null,\"GwPriority\":0,\"NetworkID\":\"\","
	"\"EndpointID\":\"\","
	"\"Gateway\":\"\",\"IPAddress\":\"\",\"IPPrefixLen\":0,\"IPv6Gateway\":\"\","
	"\"GlobalIPv6Address\":\"\","
	"\"GlobalIPv6PrefixLen\":0,\"DNSNames\":null}}}";

/* --- fields ----------------------------------------------------------------------------- */

static void zero_values(void)
{
	static const char *const zero[] = { "null", "0",     "0.0",   "\"\"",	     "[]",
					    "{}",   "false", "[0,0]", "{\"a\":\"\"}" };
	static const char *const other[] = { "1", "-1", "\"a\"", "[1]", "true", "{\"a\":1}" };

	for (size_t i = 0; i < sizeof zero / sizeof *zero; i++) {
		AUTO_JSON json_t *v = json_of(zero[i]);

		CU_ASSERT(dockerd_is_zero(v));
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		AUTO_JSON json_t *v = json_of(other[i]);

		CU_ASSERT(!dockerd_is_zero(v));
	}
}

static const struct field rows[] = {
	{ "Text", 's', true, "\"d\"" },	 { "Number", 'i', true, "7" },
	{ "Later", 's', false, "\"\"" }, { "Command", 'c', true, "null" },
	{ "Words", 'l', true, "[]" },	 { NULL },
};

static void normalised(const char *given, const char *want)
{
	AUTO_JSON json_t *doc = json_of(given), *got = NULL;
	struct err err;

	got = dockerd_normalise(doc, rows, "", &err);
	EXPECT_JSON(got, want);
}

static void refused_field(const char *given, enum err_kind kind, const char *words)
{
	AUTO_JSON json_t *doc = json_of(given);
	struct err err;

	CU_ASSERT(!dockerd_normalise(doc, rows, "X.", &err));
	EXPECT_INT(err.kind, kind);
	EXPECT_STR(err.msg, words);
}

static void every_field_is_there_afterwards(void)
{
	normalised("{}",
		   "{\"Text\":\"d\",\"Number\":7,\"Later\":\"\",\"Command\":null,\"Words\":[]}");
	normalised("{\"Text\":\"x\",\"Number\":null,\"Later\":\"\",\"Command\":\"ls "
		   "-l\",\"Unknown\":0}",
		   "{\"Text\":\"x\",\"Number\":7,\"Later\":\"\",\"Command\":[\"ls "
		   "-l\"],\"Words\":[]}");
}

static void nothing_is_silently_ignored(void)
{
	refused_field("{\"Later\":\"x\"}", ERR_UNSUPPORTED,
		      "X.Later is not supported by this daemon");
	refused_field("{\"Unknown\":1}", ERR_INVALID, "X.Unknown: no such field");
	refused_field("{\"Number\":\"7\"}", ERR_INVALID, "X.Number: expected an integer");
	refused_field("{\"Words\":[1]}", ERR_INVALID, "X.Words: expected a list of strings");
}

/* --- Config ------------------------------------------------------------------------------- */

static const char id[] = "44a4cc3795b91c20a59b5599cac682b9257180630b87616eda246ace45ab3715";

static json_t *config_of(const char *body, const char *image, struct err *err)
{
	AUTO_JSON json_t *b = json_of(body), *i = json_of(image);

	return dockerd_config_make(b, i, id, err);
}

static void the_image_completes_the_request(void)
{
	struct err err;
	AUTO_JSON json_t *c = config_of(
		"{\"Image\":\"x\",\"Env\":[\"A=1\"],\"Labels\":{\"l\":\"mine\"}}",
		"{\"Env\":[\"A=0\",\"B=2\"],\"Cmd\":[\"sh\"],\"WorkingDir\":\"/w\",\"User\":\"u\","
		"\"Labels\":{\"l\":\"theirs\",\"m\":\"x\"},\"ExposedPorts\":{\"80/tcp\":{}},"
		"\"StopSignal\":\"SIGQUIT\"}",
		&err);

	EXPECT_JSON(json_object_get(c, "Env"), "[\"A=1\",\"B=2\"]");
	EXPECT_JSON(json_object_get(c, "Cmd"), "[\"sh\"]");
	EXPECT_JSON(json_object_get(c, "Labels"), "{\"l\":\"mine\",\"m\":\"x\"}");
	EXPECT_JSON(json_object_get(c, "ExposedPorts"), "{\"80/tcp\":{}}");
	EXPECT_STR(jsonx_str(c, "WorkingDir", ""), "/w");
	EXPECT_STR(jsonx_str(c, "User", ""), "u");
	EXPECT_STR(jsonx_str(c, "StopSignal", ""), "SIGQUIT");
	EXPECT_STR(jsonx_str(c, "Hostname", ""), "44a4cc3795b9");
	CU_ASSERT(!json_object_get(c, "HostConfig"));
}

static void command_is(const char *request, const char *entrypoint, const char *cmd)
{
	struct err err;
	AUTO_JSON json_t *c =
		config_of(request, "{\"Entrypoint\":[\"/entry\"],\"Cmd\":[\"default\"]}", &err);

	EXPECT_JSON(json_object_get(c, "Entrypoint"), entrypoint);
	EXPECT_JSON(json_object_get(c, "Cmd"), cmd);
}

/* Dockerfile reference, "Understand how CMD and ENTRYPOINT interact". */
static void entrypoint_and_command(void)
{
	command_is("{}", "[\"/entry\"]", "[\"default\"]");
	command_is("{\"Cmd\":[\"mine\"]}", "[\"/entry\"]", "[\"mine\"]");
	command_is("{\"Entrypoint\":[\"/mine\"]}", "[\"/mine\"]", "null");
	command_is("{\"Entrypoint\":[\"\"],\"Cmd\":[\"ls\"]}", "null", "[\"ls\"]");
}

static void bad_config(const char *body, const char *words)
{
	struct err err;

	CU_ASSERT(!config_of(body, "{}", &err));
	EXPECT_HAS(err.msg, words);
}

static void bad_configs(void)
{
	bad_config("{}", "no command specified");
	bad_config("{\"Cmd\":[\"a\"],\"WorkingDir\":\"x\"}",
		   "the working directory 'x' is invalid, it needs to be an absolute path");
	bad_config("{\"Cmd\":[\"a\"],\"Env\":[\"=x\"]}", "invalid environment variable: =x");
	bad_config("{\"Cmd\":[\"a\"],\"StopSignal\":\"SIGNOPE\"}", "invalid signal: SIGNOPE");
	bad_config("{\"Cmd\":[\"a\"],\"ExposedPorts\":{\"x/tcp\":{}}}",
		   "invalid port specification");
	bad_config("{\"Cmd\":[\"a\"],\"MacAddress\":\"02:42:00:00:00\"}",
		   "invalid MAC address: 02:42:00:00:00");
	bad_config("{\"Cmd\":[\"a\"],\"Labels\":{\"x\":1}}", "Labels.x: expected a string");
}

int suite_request(void)
{
	static const CU_TestInfo tests[] = {
		{ "zero values", zero_values },
		{ "every field is there afterwards", every_field_is_there_afterwards },
		{ "nothing is silently ignored", nothing_is_silently_ignored },
		{ "the image completes the request", the_image_completes_the_request },
		{ "entrypoint and command", entrypoint_and_command },
		{ "bad configs", bad_configs },
		CU_TEST_INFO_NULL,
	};

	return suite_add("create requests", tests);
}

/* --- HostConfig ---------------------------------------------------------------------------- */

static json_t *host_of(const char *text, struct err *err)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	AUTO_JSON json_t *given = json_of(text);

	return dockerd_host_make(given, &warnings, err);
}

static void the_real_clis_request_is_accepted(void)
{
	struct err err = { 0 };
	AUTO_JSON json_t *h = host_of(cli_host_config, &err);

	EXPECT_STR(err.msg, "");
	EXPECT_INT(jsonx_int(h, "Memory", 0), 33554432);
	EXPECT_INT(jsonx_int(h, "MemorySwap", 0), 67108864); /* the real daemon's inspect said so */
	EXPECT_INT(jsonx_int(h, "ShmSize", 0), 67108864);
	EXPECT_STR(jsonx_str(h, "IpcMode", ""), "private");
	EXPECT_JSON(json_object_get(h, "PidsLimit"), "null");
	EXPECT_JSON(json_object_get(h, "LogConfig"), "{\"Type\":\"json-file\",\"Config\":{}}");
	EXPECT_JSON(json_object_get(h, "PortBindings"),
		    "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
}

static void refused_host(const char *text, const char *words)
{
	struct err err = { 0 };
	AUTO_JSON json_t *h = host_of(text, &err);

	CU_ASSERT(!h);
	EXPECT_HAS(err.msg, words);
}

static void limits_are_checked(void)
{
	refused_host("{\"Memory\":1048576}", "Minimum memory limit allowed is 6MB");
	refused_host("{\"Memory\":10000000,\"MemorySwap\":9000000}", "larger than memory limit");
	refused_host("{\"MemorySwap\":10000000}", "You should always set the Memory limit");
	refused_host("{\"NanoCpus\":99000000000}", "Range of CPUs is from 0.01 to");
	refused_host("{\"NanoCpus\":1000000000,\"CpuPeriod\":5000}",
		     "Conflicting options: Nano CPUs and CPU Period");
	refused_host("{\"CpuPeriod\":999}", "CPU cfs period");
	refused_host("{\"CpuQuota\":1}", "CPU cfs quota");
	refused_host("{\"CpusetCpus\":\"0;1\"}", "Invalid value 0;1 for cpuset cpus");
	refused_host("{\"OomScoreAdj\":2000}", "range for oom score adj is [-1000, 1000]");
	refused_host("{\"Ulimits\":[{\"Name\":\"nope\",\"Soft\":1,\"Hard\":1}]}",
		     "invalid ulimit type: nope");
	refused_host("{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":2,\"Hard\":1}]}",
		     "soft limit must be less");
}

static void policies_are_checked(void)
{
	refused_host("{\"RestartPolicy\":{\"Name\":\"sometimes\"}}", "unknown policy 'sometimes'");
	refused_host("{\"RestartPolicy\":{\"Name\":\"always\",\"MaximumRetryCount\":1}}",
		     "can only be used with");
	refused_host("{\"RestartPolicy\":{\"Name\":\"always\"},\"AutoRemove\":true}",
		     "can't create 'AutoRemove' container with restart policy");
	refused_host("{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":\"3\"}}",
		     "HostConfig.RestartPolicy.MaximumRetryCount: expected an integer");
	refused_host("{\"RestartPolicy\":{\"Delay\":3}}", "HostConfig.RestartPolicy.Delay: no such field");
	refused_host("{\"LogConfig\":{\"Type\":5}}", "HostConfig.LogConfig.Type: expected a string");
	refused_host("{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":8080}]}}", "HostPort: expected a string");
	refused_host("{\"PortBindings\":{\"80/tcp\":[5]}}", "expected an object");
	refused_host("{\"PortBindings\":{\"80/tcp\":5}}", "expected a list");
	refused_host("{\"Ulimits\":[5]}", "expected an object");
	refused_host("{\"Devices\":[{\"PathOnHost\":5}]}", "expected a string");
	refused_host("{\"LogConfig\":{\"Type\":\"gelf\"}}", "no log driver named 'gelf'");
	refused_host("{\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"color\":\"x\"}}}",
		     "unknown log opt 'color'");
	refused_host("{\"LogConfig\":{\"Config\":{\"max-size\":\"ten\"}}}",
		     "invalid value of log opt 'max-size'");
	refused_host("{\"LogConfig\":{\"Config\":{\"max-file\":\"0\"}}}", "max-file");
	refused_host("{\"LogConfig\":{\"Config\":{\"max-size\":\"1m\",\"compress\":\"true\"}}}",
		     "compress cannot be true when max-file is less than 2 or max-size is not set");
	refused_host("{\"LogConfig\":{\"Config\":{\"compress\":\"1\"}}}",
		     "compress cannot be true when max-file is less than 2 or max-size is not set");
	refused_host("{\"LogConfig\":{\"Config\":{\"compress\":\"yes\"}}}",
		     "invalid value of log opt 'compress'");
}

/* In the words of a dockerd 20.10. */
static void what_cannot_be_together_is_refused(void)
{
	static const struct {
		const char *body, *host, *words;
	} pairs[] = {
		{ "{\"Hostname\":\"x\"}", "{\"UTSMode\":\"host\"}", "hostname and the UTS mode" },
		{ "{\"Hostname\":\"x\"}", "{\"NetworkMode\":\"container:y\"}",
		  "hostname and the network mode" },
		{ "{\"Hostname\":\"x\"}", "{\"NetworkMode\":\"host\"}", NULL },
		{ "{\"MacAddress\":\"02:42:ac:11:00:09\"}", "{\"NetworkMode\":\"host\"}",
		  "mac-address and the network mode" },
		{ "{\"ExposedPorts\":{\"80/tcp\":{}}}", "{\"NetworkMode\":\"container:y\"}",
		  "port exposing and the container type network mode" },
		{ "{}", "{\"NetworkMode\":\"container:y\",\"PublishAllPorts\":true}",
		  "port publishing and the container type network mode" },
		{ "{}", "{\"NetworkMode\":\"container:y\",\"Dns\":[\"1.1.1.1\"]}",
		  "dns and the network mode" },
		{ "{}", "{\"NetworkMode\":\"container:y\",\"ExtraHosts\":[\"a:1.1.1.1\"]}",
		  "custom host-to-IP mapping and the network mode" },
		{ "{}", "{\"NetworkMode\":\"host\",\"Links\":[\"y\"]}",
		  "host type networking can't be used with links. This would result in undefined "
		  "behavior" },
		{ "{}", "{\"NetworkMode\":\"container:y\",\"Links\":[\"y\"]}",
		  "container type network can't be used with links" },
		{ "{\"Hostname\":\"\",\"ExposedPorts\":{}}",
		  "{\"NetworkMode\":\"container:y\",\"Dns\":[],\"PortBindings\":{}}", NULL },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		AUTO_JSON json_t *body = json_of(pairs[i].body), *host = json_of(pairs[i].host);
		struct err err = { .kind = ERR_NONE };

		EXPECT_INT(dockerd_conflicts_check(body, host, &err), pairs[i].words ? -1 : 0);
		EXPECT_HAS(err.msg, pairs[i].words ? pairs[i].words : "");
	}
}

/* All of HostConfig's fields in the API's description, version 1.50. A number with a fraction fits
 * none: one that was taken for unknown, or passed over, would say something else than its type. */
static void every_field_of_the_api_is_known(void)
{
	static const char *const names[] = {
		"CpuShares", "Memory", "CgroupParent", "BlkioWeight", "BlkioWeightDevice",
		"BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
		"BlkioDeviceWriteIOps", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
		"CpuRealtimeRuntime", "CpusetCpus", "CpusetMems", "Devices", "DeviceCgroupRules",
		"DeviceRequests", "KernelMemoryTCP", "MemoryReservation", "MemorySwap",
		"MemorySwappiness", "NanoCpus", "OomKillDisable", "Init", "PidsLimit", "Ulimits",
		"CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth", "Binds",
		"ContainerIDFile", "LogConfig", "NetworkMode", "PortBindings", "RestartPolicy",
		"AutoRemove", "VolumeDriver", "VolumesFrom", "Mounts", "ConsoleSize", "Annotations",
		"CapAdd", "CapDrop", "CgroupnsMode", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts",
		"GroupAdd", "IpcMode", "Cgroup", "Links", "OomScoreAdj", "PidMode", "Privileged",
		"PublishAllPorts", "ReadonlyRootfs", "SecurityOpt", "StorageOpt", "Tmpfs", "UTSMode",
		"UsernsMode", "ShmSize", "Sysctls", "Runtime", "Isolation", "MaskedPaths",
		"ReadonlyPaths",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		AUTO_FREE char *text = xasprintf("{\"%s\":1.5}", names[i]);
		AUTO_FREE char *words = xasprintf("HostConfig.%s: expected", names[i]);
		struct err err = { 0 };

		CU_ASSERT_PTR_NULL(host_of(text, &err));
		EXPECT_HAS(err.msg, words);
	}
}

/* What the client did not send stays unsaid, as in Docker's inspect. */
static void lists_that_were_not_given_are_null(void)
{
	static const char *const keys[] = { "Dns", "DnsOptions", "DnsSearch", "Devices", "Ulimits",
					    "PortBindings", "BlkioWeightDevice",
					    "BlkioDeviceReadBps" };
	struct err err = { 0 };
	AUTO_JSON json_t *none = host_of("{}", &err), *empty = host_of("{\"Dns\":[]}", &err);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		EXPECT_JSON(json_object_get(none, keys[i]), "null");
	EXPECT_JSON(json_object_get(empty, "Dns"), "[]");
}

static void modes_are_checked(void)
{
	refused_host("{\"NetworkMode\":\"container:\"}", "invalid container format container:<name|id>");
	refused_host("{\"IpcMode\":\"container:\"}", "invalid IPC mode: container:");
	refused_host("{\"PidMode\":\"nosuch\"}", "invalid PID mode: nosuch");
	refused_host("{\"CapAdd\":[\"NOPE\"]}", "unknown capability: \"CAP_NOPE\"");
	refused_host("{\"Dns\":[\"name\"]}", "bad nameserver address name");
	refused_host("{\"ExtraHosts\":[\"alone\"]}", "bad format for add-host: \"alone\"");
	refused_host("{\"ExtraHosts\":[\"a:999.1.1.1\"]}",
		     "invalid IP address in add-host: \"999.1.1.1\"");
	refused_host("{\"SecurityOpt\":[\"label=type:x\"]}", "security option label=type:x is not supported");
	refused_host("{\"SecurityOpt\":[\"what\"]}", "invalid --security-opt: \"what\"");
	refused_host("{\"SecurityOpt\":[\"seccomp={\\\"syscalls\\\":[]}\"]}",
		     "seccomp profile: expected a defaultAction");
	refused_host("{\"SecurityOpt\":[\"seccomp=/file\"]}", "Decoding seccomp profile failed");
	refused_host("{\"BlkioWeight\":5}", "Range of blkio weight is from 10 to 1000");
	refused_host("{\"BlkioDeviceReadBps\":[{\"Path\":\"sda\",\"Rate\":1}]}",
		     "bad format for device path: sda");
	refused_host("{\"BlkioDeviceReadBps\":[{\"Way\":1}]}",
		     "HostConfig.BlkioDeviceReadBps.Way: no such field");
	refused_host("{\"MemorySwappiness\":101}", "valid memory swappiness range is 0-100");
	refused_host("{\"DeviceCgroupRules\":[\"c 1:3\"]}", "invalid device cgroup rule format: 'c 1:3'");
	refused_host("{\"DeviceCgroupRules\":[\"c 1*:3 r\"]}", "invalid device cgroup rule format");
	refused_host("{\"DeviceRequests\":[{\"Driver\":\"x\",\"Count\":1,\"Capabilities\":[[\"gpu\",\"a\"],[\"b\"]]}]}",
		     "could not select device driver \"x\" with capabilities: [[gpu a] [b]]");
	refused_host("{\"DeviceRequests\":[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"v.com/c=n\"]}]}",
		     "CDI device injection failed: unresolvable CDI devices v.com/c=n");
	refused_host("{\"DeviceRequests\":[{\"Number\":1}]}", "HostConfig.DeviceRequests.Number: no such field");
	refused_host("{\"StorageOpt\":{\"size\":\"1G\"}}", "supported only for overlay over xfs with 'pquota'");
	refused_host("{\"NoSuch\":1}", "HostConfig.NoSuch: no such field");
}

static void what_is_implemented_is_accepted(void)
{
	static const char *const good[] = {
		"{\"CapAdd\":[\"NET_ADMIN\",\"all\"],\"CapDrop\":[\"CAP_MKNOD\"]}",
		"{\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=unconfined\",\"apparmor="
		"unconfined\"]}",
		"{\"ExtraHosts\":[\"db:10.0.0.1\",\"gw:host-gateway\",\"six:2001:db8::1\"]}",
		"{\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"10m\",\"max-"
		"file\":\"3\"}}}",
		"{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}}",
		"{\"Isolation\":\"default\",\"VolumeDriver\":\"local\",\"MemorySwappiness\":-1,"
		"\"PidsLimit\":-1}",
		"{\"NetworkMode\":\"container:abc\",\"IpcMode\":\"shareable\",\"PidMode\":\"host\","
		"\"UTSMode\":\"host\"}",
		"{\"NanoCpus\":500000000,\"CpuShares\":512,\"CpusetCpus\":\"0-1\",\"Memory\":"
		"8388608,\"MemorySwap\":-1}",
		"{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":-1}]}",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err err = { 0 };
		AUTO_JSON json_t *h = host_of(good[i], &err);

		EXPECT_STR(err.msg, "");
		CU_ASSERT(h != NULL);
	}
}

/* --tmpfs /run has no options: an object of empty texts, but not nothing. */
static void a_tmpfs_without_options_stays(void)
{
	struct err err = { 0 };
	AUTO_JSON json_t *h = host_of("{\"Tmpfs\":{\"/run\":\"\"}}", &err);

	EXPECT_JSON(json_object_get(h, "Tmpfs"), "{\"/run\":\"\"}");
}

/* What a request asks for becomes {network: settings}, printed compactly; or the refusal. */
static void networks_are(const char *networking, const char *host, bool several, const char *want)
{
	AUTO_JSON json_t *n = json_of(networking), *h = json_of(host), *got = NULL;
	struct config cfg = { .data_root = tmp_new(), .bridge = (char *)"none" };
	struct err err = { 0 };
	struct daemon d = { .net = dockerd_network_open(&cfg, &err) };
	AUTO_STRBUF struct strbuf names = STRBUF_INIT;
	const char *key;
	json_t *v;

	CU_ASSERT_FATAL(d.net != NULL);
	err.msg[0] = '\0';
	got = dockerd_networking_make(&d, n, NULL, h, several, &err);
	json_object_foreach(got, key, v) {
		const char *ip = json_string_value(jsonx_at(v, "IPAMConfig.IPv4Address"));

		strbuf_addf(&names, "%s%s%s ", key, ip ? "=" : "", ip ? ip : "");
	}
	EXPECT_HAS(got ? names.data : err.msg, want);
	dockerd_network_close(d.net, false);
	tmp_free(cfg.data_root);
}

static void networks_of_a_request(void)
{
	static const char two[] = "{\"EndpointsConfig\":{\"xa\":{},\"xb\":{\"IPAMConfig\":{"
				  "\"IPv4Address\":\"10.0.0.9\"}}}}";

	networks_are(cli_networking, "{\"NetworkMode\":\"default\"}", false, "bridge ");
	networks_are("{}", "{\"NetworkMode\":\"mine\"}", false, "mine ");
	networks_are(two, "{\"NetworkMode\":\"xb\"}", true, "xb=10.0.0.9 xa ");
	networks_are(two, "{\"NetworkMode\":\"xb\"}", false,
		     "Container cannot be connected to network endpoints: xa, xb");
	networks_are("{\"EndpointsConfig\":{\"host\":{}}}", "{\"NetworkMode\":\"none\"}", false,
		     "conflicting options");
	networks_are("{\"EndpointsConfig\":{\"xa\":{\"IPAMConfig\":{\"IPv4Address\":\"x\"}}}}",
		     "{\"NetworkMode\":\"xa\"}", false, "invalid IPv4 address: x");
	networks_are("{\"EndpointsConfig\":{\"xa\":{\"DriverOpts\":{\"x\":\"y\"}}}}",
		     "{\"NetworkMode\":\"xa\"}", false, "DriverOpts: x is not supported");
}

static void sizes(void)
{
	EXPECT_INT(dockerd_parse_size("1024"), 1024);
	EXPECT_INT(dockerd_parse_size("10k"), 10240);
	EXPECT_INT(dockerd_parse_size("10M"), 10 << 20);
	EXPECT_INT(dockerd_parse_size("1g"), 1 << 30);
	EXPECT_INT(dockerd_parse_size("x"), -1);
	EXPECT_INT(dockerd_parse_size("1mb"), -1);
	EXPECT_INT(dockerd_parse_size("9999999999999t"), -1);
}

int suite_host(void)
{
	static const CU_TestInfo tests[] = {
		{ "the real CLI's request is accepted", the_real_clis_request_is_accepted },
		{ "limits are checked", limits_are_checked },
		{ "policies are checked", policies_are_checked },
		{ "modes are checked", modes_are_checked },
		{ "what cannot be together is refused", what_cannot_be_together_is_refused },
		{ "every field of the API is known", every_field_of_the_api_is_known },
		{ "lists that were not given are null", lists_that_were_not_given_are_null },
		{ "what is implemented is accepted", what_is_implemented_is_accepted },
		{ "a tmpfs without options stays", a_tmpfs_without_options_stays },
		{ "networks of a request to create", networks_of_a_request },
		{ "sizes", sizes },
		CU_TEST_INFO_NULL,
	};

	return suite_add("HostConfig", tests);
}
