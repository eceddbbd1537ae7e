/*
 * test_places.c - where things are: the daemon, images, ports, directories.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "mounts.h"
#include "ports.h"
#include "reference.h"
#include "suites.h"
#include "volumes.h"

/* ---- hosts --------------------------------------------------------------- */

static void hosts(void)
{
	static const char *const samples[][3] = { /* given, URL, shown */
		{ "unix:///var/run/docker.sock", "http://localhost", "unix:///var/run/docker.sock" },
		{ "tcp://127.0.0.1:1234", "http://127.0.0.1:1234", "tcp://127.0.0.1:1234" },
		{ "tcp://box", "http://box:2375", "tcp://box:2375" }, { "box", "http://box:2375", "tcp://box:2375" },
		{ "tcp://[::1]:99", "http://[::1]:99", "tcp://[::1]:99" }, { "[::1]", "http://[::1]:2375", "tcp://[::1]:2375" },
		{ "https://box", "https://box:2376", "tcp://box:2376" },
	};
	static const char *const wrong[] = { "foo://bar", "unix://", "unix://x", "tcp://", "tcp://a:99999", "tcp://a:b",
					     "tcp://a b", "tcp://a/b", "" };
	struct cli_tls_flags none = { 0 };
	struct cli_host host;
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		EXPECT_INT(cli_host_parse(&host, samples[i][0], &none, "/nonexistent", &err), 0);
		EXPECT_STR(host.base, samples[i][1]);
		EXPECT_STR(host.text, samples[i][2]);
		cli_host_free(&host);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		EXPECT_INT(cli_host_parse(&host, wrong[i], &none, "/nonexistent", &err), -1);
		cli_host_free(&host);
	}
}

static void tls(void)
{
	struct cli_tls_flags verify = { .verify = true }, only = { .tls = true };
	char *dir = tmp_new();
	struct cli_host host;
	struct err err;

	EXPECT_INT(cli_host_parse(&host, "tcp://box", &verify, dir, &err), -1);
	EXPECT_HAS(err.msg, "/ca.pem: no such file or directory");
	cli_host_free(&host);
	EXPECT_INT(cli_host_parse(&host, "tcp://box", &only, dir, &err), 0);
	EXPECT_STR(host.base, "https://box:2376");
	CU_ASSERT(host.tls && !host.verify && !host.ca);
	cli_host_free(&host);
	write_file(dir, "ca.pem", "x");
	write_file(dir, "cert.pem", "x");
	EXPECT_INT(cli_host_parse(&host, "tcp://box", &verify, dir, &err), -1); /* a certificate without its key */
	cli_host_free(&host);
	write_file(dir, "key.pem", "x");
	EXPECT_INT(cli_host_parse(&host, "tcp://box", &verify, dir, &err), 0);
	EXPECT_HAS(host.cert, "/cert.pem");
	CU_ASSERT(host.verify);
	cli_host_free(&host);
	EXPECT_INT(cli_host_parse(&host, "unix:///x", &verify, dir, &err), 0); /* TLS is for tcp */
	CU_ASSERT(!host.tls);
	cli_host_free(&host);
	tmp_free(dir);
}

int suite_host(void)
{
	static const CU_TestInfo tests[] = { { "addresses", hosts }, { "TLS files", tls }, CU_TEST_INFO_NULL };

	return suite_add("host", tests);
}

/* ---- image references ---------------------------------------------------- */

#define HEX64 "403fc04d346caae644672fea94c704e3b55b85b39c1b89c09945f86764428796"

static void references(void)
{
	static const char *const samples[][5] = { /* given, name, familiar, tag, digest */
		{ "nginx", "docker.io/library/nginx", "nginx", "", "" },
		{ "nginx:1.25", "docker.io/library/nginx", "nginx", "1.25", "" },
		{ "foo/bar", "docker.io/foo/bar", "foo/bar", "", "" },
		{ "docker.io/nginx", "docker.io/library/nginx", "nginx", "", "" },
		{ "index.docker.io/library/nginx:x", "docker.io/library/nginx", "nginx", "x", "" },
		{ "localhost/x", "localhost/x", "localhost/x", "", "" },
		{ "localhost:5000/x:v1", "localhost:5000/x", "localhost:5000/x", "v1", "" },
		{ "a.b/c/d__e-f.g", "a.b/c/d__e-f.g", "a.b/c/d__e-f.g", "", "" },
		{ "[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x", "", "" },
		{ "nginx@sha256:" HEX64, "docker.io/library/nginx", "nginx", "", "sha256:" HEX64 },
		{ "Host/x", "Host/x", "Host/x", "", "" },
	};
	struct cli_reference r;
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		EXPECT_INT(cli_reference_parse(&r, samples[i][0], &err), 0);
		EXPECT_STR(r.name, samples[i][1]);
		EXPECT_STR(r.familiar, samples[i][2]);
		EXPECT_STR(r.tag ? r.tag : "", samples[i][3]);
		EXPECT_STR(r.digest ? r.digest : "", samples[i][4]);
		cli_reference_free(&r);
	}
	EXPECT_INT(cli_reference_parse(&r, HEX64, &err), 0);
	CU_ASSERT(r.id);
	cli_reference_free(&r);
}

static void bad_references(void)
{
	static const char *const wrong[] = { "", ":x", "nginx:", "nginx:.x", "a//b", "-a", "a-", "a___b", "a..b", "/a",
					     "a/", "nginx@sha256:00", "nginx@x", "a b", "x:y:z", "http://x/y" };
	struct cli_reference r;
	struct err err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		EXPECT_INT(cli_reference_parse(&r, wrong[i], &err), -1);
		EXPECT_STR(err.msg, "invalid reference format");
	}
	EXPECT_INT(cli_reference_parse(&r, "UPPER", &err), -1);
	EXPECT_STR(err.msg, "invalid reference format: repository name (library/UPPER) must be lowercase");
}

int suite_reference(void)
{
	static const CU_TestInfo tests[] = {
		{ "names are completed as Docker does", references }, { "malformed names", bad_references },
		CU_TEST_INFO_NULL,
	};

	return suite_add("reference", tests);
}

/* ---- ports --------------------------------------------------------------- */

static void publish(void)
{
	static const char *const samples[][2] = {
		{ "80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}" },
		{ "8080:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}" },
		{ "80/udp", "{\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}" },
		{ "127.0.0.1:8080:80", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}" },
		{ "127.0.0.1::80", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}]}" },
		{ "[::1]:8080:80", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"8080\"}]}" },
		{ "::1:8080:80", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"8080\"}]}" },
		{ "8080-8081:80-81", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],"
				     "\"81/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8081\"}]}" },
		{ "8000-8010:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000-8010\"}]}" },
		{ ":80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}" },
		{ "8080:80/TCP", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}" },
		{ "53:53/sctp", "{\"53/sctp\":[{\"HostIp\":\"\",\"HostPort\":\"53\"}]}" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_JSON json_t *exposed = json_object(), *bindings = json_object();
		EXPECT_INT(cli_ports_publish(samples[i][0], exposed, bindings, &err), 0);
		EXPECT_JSON(bindings, samples[i][1]);
		EXPECT_INT((long long)json_object_size(exposed), (long long)json_object_size(bindings));
	}
}

static void bad_ports(void)
{
	static const char *const wrong[][2] = {
		{ "abc", "invalid containerPort: abc" }, { "99999:80", "invalid hostPort: 99999" },
		{ "80:99999", "invalid containerPort: 99999" }, { "1.2.3:80:80", "invalid IP address: 1.2.3" },
		{ "80:80/foo", "invalid proto: foo" }, { "80:", "no port specified: 80:<empty>" },
		{ "80-82:80-81", "invalid ranges specified for container and host Ports: 80-81 and 80-82" },
		{ "82-80:82-80", "invalid containerPort: 82-80" }, { "-1:80", "invalid hostPort: -1" },
		{ "80:+1", "invalid containerPort: +1" }, { "80: 1", "invalid containerPort:  1" },
	};
	AUTO_JSON json_t *exposed = json_object(), *bindings = json_object();
	struct err err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		EXPECT_INT(cli_ports_publish(wrong[i][0], exposed, bindings, &err), -1);
		EXPECT_STR(err.msg, wrong[i][1]);
	}
	EXPECT_INT((long long)json_object_size(bindings), 0);
	EXPECT_INT(cli_ports_expose("80:80", exposed, &err), -1);
	EXPECT_STR(err.msg, "invalid port format for --expose: 80:80");
	EXPECT_INT(cli_ports_expose("1-65535", exposed, &err), 0);
	EXPECT_INT((long long)json_object_size(exposed), 65535);
}

static void column(void)
{
	static const char *const samples[][2] = { /* as `docker ps` showed them */
		{ "[]", "" },
		{ "[{\"PrivatePort\":80,\"Type\":\"tcp\"}]", "80/tcp" },
		{ "[{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
		  "{\"IP\":\"::\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"}]",
		  "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp" },
		{ "[{\"IP\":\"::1\",\"PrivatePort\":99,\"PublicPort\":99,\"Type\":\"tcp\"},{\"PrivatePort\":101,\"Type\":\"tcp\"},"
		  "{\"PrivatePort\":100,\"Type\":\"tcp\"},{\"PrivatePort\":102,\"Type\":\"tcp\"}]",
		  "[::1]:99->99/tcp, 100-102/tcp" },
		{ "[{\"IP\":\"0.0.0.0\",\"PrivatePort\":81,\"PublicPort\":8081,\"Type\":\"tcp\"},"
		  "{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"}]",
		  "0.0.0.0:8080->80/tcp, 0.0.0.0:8081->81/tcp" },
		{ "[{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":80,\"Type\":\"tcp\"},"
		  "{\"IP\":\"0.0.0.0\",\"PrivatePort\":81,\"PublicPort\":81,\"Type\":\"tcp\"},"
		  "{\"PrivatePort\":53,\"Type\":\"udp\"},{\"PrivatePort\":55,\"Type\":\"udp\"}]",
		  "53/udp, 55/udp, 0.0.0.0:80-81->80-81/tcp" },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_JSON json_t *ports = json_of(samples[i][0]);
		AUTO_STRBUF struct strbuf out = STRBUF_INIT;
		cli_ports_show(ports, &out);
		EXPECT_STR(out.data ? out.data : "", samples[i][1]);
	}
}

int suite_ports(void)
{
	static const CU_TestInfo tests[] = {
		{ "specifications", publish }, { "malformed ones", bad_ports }, { "the column of ps", column },
		CU_TEST_INFO_NULL,
	};

	return suite_add("ports", tests);
}

/* ---- volumes ------------------------------------------------------------- */

static void volumes(void)
{
	AUTO_JSON json_t *binds = json_array(), *anonymous = json_object();
	char *dir = tmp_new(), *here = getcwd(NULL, 0);
	static const char *const specs[] = { "/a", "/a:/b", "/a:/b:ro", "vol:/x", "./x:/y", "../x:/y", ".:/z", ":" };
	struct err err;

	CU_ASSERT(!chdir(dir));
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
		EXPECT_INT(cli_volume_parse(specs[i], binds, anonymous, &err), 0);
	CU_ASSERT(!chdir(here));
	AUTO_FREE char *want = xasprintf("[\"/a:/b\",\"/a:/b:ro\",\"vol:/x\",\"%s/x:/y\",\"/tmp/x:/y\",\"%s:/z\"]", dir, dir);
	EXPECT_JSON(binds, want);
	EXPECT_JSON(anonymous, "{\"/a\":{},\":\":{}}");
	free(here);
	tmp_free(dir);
}

static void bad_volumes(void)
{
	static const char *const wrong[][2] = {
		{ "", "invalid empty volume spec" },
		{ "/a:/b:/c:/d", "invalid spec: /a:/b:/c:/d: too many colons" },
		{ "/a::ro", "invalid spec: /a::ro: empty section between colons" },
		{ "/a:/", NULL }, { ":/a", "invalid spec: :/a: empty section between colons" },
	};
	AUTO_JSON json_t *binds = json_array(), *anonymous = json_object(), *tmpfs = json_object();
	struct err err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		EXPECT_INT(cli_volume_parse(wrong[i][0], binds, anonymous, &err), wrong[i][1] ? -1 : 0);
		if (wrong[i][1])
			EXPECT_STR(err.msg, wrong[i][1]);
	}
	cli_tmpfs_parse("/a", tmpfs);
	cli_tmpfs_parse("/b:size=1m,mode=700", tmpfs);
	EXPECT_JSON(tmpfs, "{\"/a\":\"\",\"/b\":\"size=1m,mode=700\"}");
}

static void mounts(void)
{
	static const char *const samples[][2] = { /* what the real client sent */
		{ "type=bind,source=/tmp,target=/x", "{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/x\"}" },
		{ "type=bind,src=/tmp,dst=/x,readonly",
		  "{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/x\",\"ReadOnly\":true}" },
		{ "dst=/x", "{\"Type\":\"volume\",\"Target\":\"/x\"}" },
		{ "type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=1770",
		  "{\"Type\":\"tmpfs\",\"Target\":\"/x\",\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":1016}}" },
		{ "type=bind,src=/tmp,dst=/x,bind-propagation=rslave,consistency=cached",
		  "{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/x\",\"Consistency\":\"cached\","
		  "\"BindOptions\":{\"Propagation\":\"rslave\"}}" },
		{ "type=volume,src=v,dst=/x,volume-nocopy,volume-driver=local,volume-opt=a=b,volume-label=c=d",
		  "{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/x\",\"VolumeOptions\":{\"NoCopy\":true,"
		  "\"Labels\":{\"c\":\"d\"},\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"a\":\"b\"}}}}" },
		{ "\"type=bind\",\"src=/t,\"\"p\",dst=/x", "{\"Type\":\"bind\",\"Source\":\"/t,\\\"p\",\"Target\":\"/x\"}" },
	};
	static const char *const wrong[][2] = {
		{ "type=bind,src=/tmp", "target is required" }, { "foo", "invalid field 'foo' must be a key=value pair" },
		{ "foo=bar", "unexpected key 'foo' in 'foo=bar'" }, { "dst", "invalid field 'dst' must be a key=value pair" },
		{ "type=bind,src=/tmp,dst=/x,ro=maybe", "invalid value for ro: maybe" },
		{ "type=volume,dst=/x,tmpfs-size=1", "cannot mix 'tmpfs-*' options with mount type 'volume'" },
		{ "type=bind,src=/tmp,dst=/x,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'" },
		{ "type=tmpfs,dst=/x,tmpfs-mode=9", "invalid value for tmpfs-mode: 9" }, { "", "an empty mount" },
		{ "dst=/x,", "invalid field '' must be a key=value pair" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_JSON json_t *mount = cli_mount_parse(samples[i][0], &err);
		EXPECT_JSON(mount, samples[i][1]);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CU_ASSERT_PTR_NULL(cli_mount_parse(wrong[i][0], &err));
		EXPECT_STR(err.msg, wrong[i][1]);
	}
}

int suite_volumes(void)
{
	static const CU_TestInfo tests[] = {
		{ "binds, volumes, places", volumes }, { "malformed ones; tmpfs", bad_volumes }, { "--mount", mounts },
		CU_TEST_INFO_NULL,
	};

	return suite_add("volumes", tests);
}
