/*
 * test_config.c - the daemon's flags and daemon.json.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "config.h"
#include "defaults.h"
#include "suites.h"

#define LOAD(c, err, ...) load(c, err, (const char *[]){ "dockerd", __VA_ARGS__, NULL })

static int load(struct config *c, struct err *err, const char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return dockerd_config_load(c, argc, (char **)argv, err);
}

static void flags_in_all_spellings(void)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err;

	EXPECT_INT(LOAD(&c, &err, "--data-root", "/d", "--bip=10.9.0.1/24", "-H", "unix:///a",
			"--host", "tcp://:1", "-D", "--registry-mirror", "http://m1",
			"--registry-mirror=http://m2"),
		   0);
	EXPECT_STR(c.data_root, "/d");
	EXPECT_STR(c.bip, "10.9.0.1/24");
	EXPECT_INT((long long)c.hosts.n, 2);
	EXPECT_STR(c.hosts.v[1], "tcp://:1");
	EXPECT_STR(c.mirrors.v[1], "http://m2");
	EXPECT_STR(c.log_level, "debug");
}

static void defaults(void)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err;

	EXPECT_INT(load(&c, &err, (const char *[]){ "dockerd", NULL }), 0);
	EXPECT_STR(c.data_root, "/var/lib/dockyard/docker");
	EXPECT_STR(c.hosts.v[0], "unix:///var/run/docker.sock");
	EXPECT_STR(c.containerd, "/run/containerd/containerd.sock");
}

static void refused(const char *flag, const char *value, const char *words)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err = { 0 };

	EXPECT_INT(LOAD(&c, &err, flag, value), -1);
	EXPECT_HAS(err.msg, words);
}

static void unknown_and_unsupported_flags_are_refused(void)
{
	refused("--no-such-flag", "x", "unknown flag: --no-such-flag");
	refused("stray", NULL, "takes no arguments");
	refused("--data-root", NULL, "needs an argument");
	refused("--data-root", "relative", "absolute");
	refused("-H", "npipe://x", "Invalid bind address format");
	refused("--tlsverify", NULL, "needs --tlscacert");
	refused("--tlscacert", "/ca", "no effect without --tlsverify");
	refused("--tls", NULL, "needs --tlscert and --tlskey");
	refused("--tlskey", "/k", "no effect without --tls");
	refused("--debug=maybe", NULL, "neither true nor false");
}

/* Load with a daemon.json of this content and the flag "--bip 10.0.0.1/8". */
static int load_file(struct config *c, const char *content, struct err *err)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/daemon.json", dir);
	int rc = file_write_atomic(AT_FDCWD, path, content, strlen(content), 0600, err);

	if (!rc)
		rc = LOAD(c, err, "--config-file", path, "--bip", "10.0.0.1/8");
	tmp_free(dir);
	return rc;
}

static void the_file_has_dockers_names(void)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err;

	EXPECT_INT(
		load_file(&c,
			  "{\"data-root\":\"/x\",\"hosts\":[\"tcp://1.2.3.4:5\"],\"debug\":true,"
			  "\"registry-mirrors\":[\"http://m\"],\"insecure-registries\":[\"h:1\"],"
			  "\"containerd-namespace\":\"mine\",\"log-format\":\"json\","
			  "\"log-driver\":\"local\",\"log-opts\":{\"max-size\":\"1m\"}}",
			  &err),
		0);
	EXPECT_STR(c.data_root, "/x");
	EXPECT_STR(c.hosts.v[0], "tcp://1.2.3.4:5");
	EXPECT_STR(c.mirrors.v[0], "http://m");
	EXPECT_STR(c.insecure.v[0], "h:1");
	EXPECT_STR(c.namespace_, "mine");
	EXPECT_STR(c.log_format, "json");
	EXPECT_STR(c.log_driver, "local");
	EXPECT_STR(c.log_opts.v[0], "max-size=1m");
	EXPECT_STR(c.log_level, "debug");
}

static void bad_file(const char *content, const char *words)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err = { 0 };

	EXPECT_INT(load_file(&c, content, &err), -1);
	EXPECT_HAS(err.msg, words);
}

static void bad_files(void)
{
	bad_file("{\"no-such-thing\":1}", "don't match any configuration option: no-such-thing");
	bad_file("{\"bip\":\"10.0.0.1/8\"}", "both as a flag and in the configuration file: bip");
	bad_file("{\"hosts\":\"unix:///x\"}", "hosts: expected an array");
	bad_file("{\"hosts\":[1]}", "hosts: expected strings");
	bad_file("{\"debug\":\"yes\"}", "debug: expected true or false");
	bad_file("{\"config-file\":\"/x\"}", "don't match");
	bad_file("{\"log-opts\":{\"max-file\":3}}", "log-opts.max-file: expected a string");
	bad_file("{\"log-opts\":{\"color\":\"red\"}}",
		 "failed to set log opts: unknown log opt 'color' for json-file log driver");
	bad_file("{\"debug\":true", "line");
	bad_file("[]", "expected an object");
	bad_file("{\"metrics-addr\":\"x\"}", "metrics-addr is not supported by this daemon: it has no metrics");
	bad_file("{\"log-format\":\"xml\"}", "invalid log format: xml");
	bad_file("{\"containerd-namespace\":\"a/b\"}", "invalid containerd namespace: a/b");
	bad_file("{\"init-path\":\"init\"}", "--init-path: init is not an absolute path");
	bad_file("{\"host-gateway-ip\":\"10.0.0.1/8\"}", "--host-gateway-ip: 10.0.0.1/8 is no IP address");
}

static void runtimes_have_names_and_paths(void)
{
	AUTO_CONFIG struct config c = { 0 }, file = { 0 }, shim = { 0 };
	struct err err = { 0 };

	EXPECT_INT(LOAD(&c, &err, "--add-runtime", "crun=/usr/bin/crun", "--add-runtime=b=/b=c",
			"--default-runtime", "crun"), 0);
	EXPECT_JSON(c.runtimes, "{\"crun\":{\"path\":\"/usr/bin/crun\"},\"b\":{\"path\":\"/b=c\"}}");
	EXPECT_STR(c.default_runtime, "crun");
	EXPECT_INT(load_file(&file, "{\"runtimes\":{\"x\":{\"path\":\"/x\",\"runtimeArgs\":[\"-v\"]}}}",
			     &err), 0);
	EXPECT_JSON(file.runtimes, "{\"x\":{\"path\":\"/x\",\"runtimeArgs\":[\"-v\"]}}");
	EXPECT_STR(file.default_runtime, "runc");
	refused("--add-runtime", "crun", "invalid runtime argument: crun");
	refused("--add-runtime", "runc=/x", "runtime name 'runc' is reserved");
	refused("--default-runtime", "kata", "specified default runtime 'kata' does not exist");
	bad_file("{\"runtimes\":{\"x\":{}}}", "runtime x: a path must be configured");
	bad_file("{\"runtimes\":{\"x\":{\"runtimeType\":\"io.containerd.kata.v2\"}}}",
		 "runtimes.x.runtimeType: io.containerd.kata.v2 is not supported by this daemon, only io.containerd.runc.v2");
	EXPECT_INT(load_file(&shim, "{\"runtimes\":{\"x\":{\"runtimeType\":\"io.containerd.runc.v2\","
				    "\"options\":{\"BinaryName\":\"/x\"}}}}", &err), 0);
	bad_file("{\"runtimes\":{\"x\":{\"path\":\"/x\",\"options\":{\"BinaryName\":\"/x\"}}}}",
		 "runtime x: options are for a runtimeType");
	bad_file("{\"runtimes\":{\"x\":{\"path\":\"/x\",\"runtimeType\":\"io.containerd.runc.v2\"}}}",
		 "runtime x: either path and runtimeArgs, or runtimeType and options");
	bad_file("{\"runtimes\":{\"x\":{\"runtimeType\":\"io.containerd.runc.v2\",\"options\":{\"SystemdCgroup\":true}}}}",
		 "runtimes.x.options.SystemdCgroup is not supported by this daemon");
	bad_file("{\"runtimes\":{\"x\":{\"path\":\"/x\",\"runtimeArgs\":\"-v\"}}}",
		 "runtimes.x.runtimeArgs: expected a list of strings");
	bad_file("{\"runtimes\":{\"runc\":{\"path\":\"/x\"}}}", "is reserved");
}

static void defaults_of_containers_and_networks(void)
{
	AUTO_CONFIG struct config c = { 0 }, file = { 0 };
	AUTO_JSON json_t *host = json_loads("{\"ShmSize\":0,\"Ulimits\":[{\"Name\":\"core\",\"Soft\":1,\"Hard\":1}]}",
					    0, NULL);
	AUTO_JSON json_t *options = NULL;
	struct err err = { 0 };

	EXPECT_INT(LOAD(&c, &err, "--default-ulimit", "nofile=1024:4096", "--default-ulimit=core=0",
			"--default-network-opt", "bridge=com.docker.network.driver.mtu=1400", "--mtu", "1300",
			"--icc=false", "--default-shm-size", "128m", "--no-new-privileges", "--init"), 0);
	EXPECT_INT((long long)c.mtu, 1300);
	CU_ASSERT(!c.icc && c.ip_masq);
	dockerd_defaults_of_host(&c, host);
	EXPECT_JSON(host, "{\"ShmSize\":134217728,\"Init\":true,\"SecurityOpt\":[\"no-new-privileges=true\"],"
			  "\"Ulimits\":[{\"Name\":\"core\",\"Soft\":1,\"Hard\":1},"
			  "{\"Name\":\"nofile\",\"Hard\":4096,\"Soft\":1024}]}");
	options = dockerd_defaults_of_network(&c, "bridge", NULL);
	EXPECT_JSON(options, "{\"com.docker.network.driver.mtu\":\"1400\"}");
	EXPECT_INT(load_file(&file,
			     "{\"default-ulimits\":{\"nofile\":{\"Name\":\"nofile\",\"Soft\":5,\"Hard\":6}},"
			     "\"default-network-opts\":{\"bridge\":{\"a\":\"b\"}},\"mtu\":1200,\"ip-masq\":false}", &err),
		   0);
	EXPECT_JSON(file.ulimits, "{\"nofile\":{\"Name\":\"nofile\",\"Soft\":5,\"Hard\":6}}");
	EXPECT_JSON(file.network_opts, "{\"bridge\":{\"a\":\"b\"}}");
	CU_ASSERT(file.mtu == 1200 && !file.ip_masq);
	refused("--default-ulimit", "nofile", "invalid ulimit argument: nofile");
	refused("--default-ulimit", "nofile=5:4", "soft limit must be less than or equal to hard limit");
	refused("--default-ulimit", "files=5", "invalid ulimit type: files");
	refused("--default-network-opt", "bridge=x", "expected DRIVER=KEY=VALUE");
	refused("--default-network-opt", "overlay=a=b", "there is no driver 'overlay'");
	refused("--default-shm-size", "much", "invalid size: 'much'");
	refused("--default-ipc-mode", "host", "neither private nor shareable");
	refused("--mtu", "1x", "'1x' is no number");
	refused("--ip", "::1", "'::1' is no IPv4 address");
	refused("--label", "x", "bad attribute format: x");
	bad_file("{\"default-network-opts\":{\"bridge\":{\"a\":1}}}", "default-network-opts.bridge.a: expected a string");
}

static void what_has_one_value_may_be_said(void)
{
	AUTO_CONFIG struct config c = { 0 }, file = { 0 };
	struct err err = { 0 };

	EXPECT_INT(LOAD(&c, &err, "--live-restore", "--userland-proxy=true", "--storage-driver", "overlay2",
			"--exec-opt=native.cgroupdriver=cgroupfs"), 0);
	EXPECT_INT(load_file(&file, "{\"live-restore\":true,\"experimental\":false,\"storage-driver\":\"overlay2\","
				    "\"exec-opts\":[\"native.cgroupdriver=cgroupfs\"]}", &err), 0);
	refused("--storage-driver", "vfs", "storage-driver: vfs is not supported by this daemon, only overlay2");
	refused("--userland-proxy=false", NULL, "userland-proxy: false is not supported");
	bad_file("{\"live-restore\":false}", "live-restore: false is not supported by this daemon, only true");
	bad_file("{\"exec-opts\":[\"native.cgroupdriver=systemd\"]}",
		 "exec-opts: native.cgroupdriver=systemd is not supported");
	bad_file("{\"exec-opts\":[1]}", "exec-opts: expected a string");
	bad_file("{\"live-restore\":\"yes\"}", "live-restore: expected true or false");
}

static void a_missing_file_counts_when_it_was_named(void)
{
	AUTO_CONFIG struct config c = { 0 };
	struct err err;

	EXPECT_INT(LOAD(&c, &err, "--config-file", "/nonexistent/daemon.json"), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
}

int suite_config(void)
{
	static const CU_TestInfo tests[] = {
		{ "flags in all spellings", flags_in_all_spellings },
		{ "defaults", defaults },
		{ "unknown and unsupported flags are refused",
		  unknown_and_unsupported_flags_are_refused },
		{ "the file has Docker's names", the_file_has_dockers_names },
		{ "bad files", bad_files },
		{ "runtimes have names and paths", runtimes_have_names_and_paths },
		{ "defaults of containers and networks", defaults_of_containers_and_networks },
		{ "what has one value may be said", what_has_one_value_may_be_said },
		{ "a missing file counts when it was named",
		  a_missing_file_counts_when_it_was_named },
		CU_TEST_INFO_NULL,
	};

	return suite_add("configuration", tests);
}
