/*
 * test_mounts.c - the ways of writing a mount. Refusals as the real daemon worded them.
 */
#include <string.h>

#include "mounts.h"
#include "suites.h"

static void bind_is(const char *text, const char *type, const char *source, const char *name,
		    const char *dst, int rw)
{
	struct err err = { 0 };
	AUTO_JSON json_t *m = dockerd_mount_parse_bind(text, &err);

	EXPECT_STR(err.msg, "");
	EXPECT_STR(jsonx_str(m, "Type", ""), type);
	EXPECT_STR(jsonx_str(m, "Source", ""), source);
	EXPECT_STR(jsonx_str(m, "Name", ""), name);
	EXPECT_STR(jsonx_str(m, "Destination", ""), dst);
	EXPECT_INT(jsonx_bool(m, "RW", false), rw);
}

static void texts(void)
{
	bind_is("/host:/in", "bind", "/host", "", "/in", 1);
	bind_is("/host/:/in//x/:ro", "bind", "/host", "", "/in/x", 0);
	bind_is("vol:/data", "volume", "", "vol", "/data", 1);
	bind_is("vol:/data:ro,nocopy", "volume", "", "vol", "/data", 0);
	bind_is("/data", "volume", "", "", "/data", 1);
	bind_is("/a:/b:rshared,z", "bind", "/a", "", "/b", 1);
}

static void refused_text(const char *text, const char *words)
{
	struct err err = { 0 };

	CU_ASSERT(!dockerd_mount_parse_bind(text, &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_HAS(err.msg, words);
}

static void bad_texts(void)
{
	refused_text("/x:/y:zz", "invalid mode: zz");
	refused_text(
		"x/y:/x",
		"create x/y: \"x/y\" includes invalid characters for a local volume name, only "
		"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
		"directory, "
		"use absolute path");
	refused_text("/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'");
	refused_text("/a:", "invalid volume specification");
	refused_text(":/a", "invalid volume specification");
	refused_text("/a:b", "must be absolute");
	refused_text("/a:/", "destination can't be '/'");
	refused_text("/a:/b/../../etc", "'..'");
	refused_text("/a:/b:nocopy", "invalid mode");
	refused_text("/a:/b:shared,rslave", "invalid mode: shared,rslave");
	refused_text("/a:/b:ro,rw", "invalid mode: ro,rw");
	refused_text("/a:/b:z,Z", "invalid mode: z,Z");
}

static void object_is(const char *text, const char *want)
{
	struct err err = { 0 };
	AUTO_JSON json_t *given = json_of(text), *m = dockerd_mount_parse(given, &err);
	AUTO_JSON json_t *list = json_pack("[O]", m), *shown = dockerd_mounts_inspect(list);

	EXPECT_STR(err.msg, "");
	EXPECT_JSON(json_array_get(shown, 0), want);
}

static void objects(void)
{
	object_is("{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/t\",\"ReadOnly\":true}",
		  "{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Destination\":\"/"
		  "t\",\"Mode\":\"\",\"RW\":false,"
		  "\"Propagation\":\"rprivate\"}");
	object_is("{\"Type\":\"volume\",\"Source\":\"v1\",\"Target\":\"/v\"}",
		  "{\"Type\":\"volume\",\"Name\":\"v1\",\"Source\":\"\",\"Destination\":\"/"
		  "v\",\"Driver\":\"local\","
		  "\"Mode\":\"z\",\"RW\":true,\"Propagation\":\"\"}");
	object_is("{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":4096}}",
		  "{\"Type\":\"tmpfs\",\"Source\":\"\",\"Destination\":\"/"
		  "t\",\"Mode\":\"\",\"RW\":true,"
		  "\"Propagation\":\"\"}");
}

static void refused_object(const char *text, const char *words)
{
	struct err err = { 0 };
	AUTO_JSON json_t *given = json_of(text);

	CU_ASSERT(!dockerd_mount_parse(given, &err));
	EXPECT_HAS(err.msg, words);
}

static void bad_objects(void)
{
	refused_object("{\"Type\":\"bind\",\"Source\":\"/nosuchp\",\"Target\":\"/x\"}",
		       "invalid mount config for type \"bind\": bind source path does not exist: "
		       "/nosuchp");
	refused_object("{\"Type\":\"npipe\",\"Target\":\"/x\"}", "mount type unknown");
	refused_object("{\"Type\":\"volume\",\"Target\":\"/x\",\"ReadOnly\":true}",
		       "must not set ReadOnly mode when using anonymous volumes");
	refused_object("{\"Type\":\"tmpfs\",\"Source\":\"/x\",\"Target\":\"/x\"}",
		       "Source must not be specified");
	refused_object(
		"{\"Type\":\"volume\",\"Target\":\"/x\",\"VolumeOptions\":{\"Subpath\":\"a/../../b\"}}",
		"subpath must be a relative path within the volume");
	refused_object(
		"{\"Type\":\"volume\",\"Target\":\"/x\",\"VolumeOptions\":{\"Subpath\":\"/a\"}}",
		"subpath must be a relative path within the volume");
	refused_object("{\"Type\":\"volume\",\"Target\":\"/x\",\"VolumeOptions\":{\"DriverConfig\":"
		       "{\"Name\":\"far\"}}}",
		       "error looking up volume plugin far: plugin \"far\" not found");
	refused_object("{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/"
		       "x\",\"BindOptions\":{\"Propagation\":\"odd\"}}",
		       "invalid propagation mode: odd");
	refused_object("[]", "expected objects");
}

/* A mount below another must come after it, whatever the order of the request. */
static void shallow_before_deep(void)
{
	AUTO_JSON json_t *list = json_of(
		"[{\"Type\":\"bind\",\"Source\":\"/2\",\"Destination\":\"/a/b\",\"RW\":false},"
		"{\"Type\":\"bind\",\"Source\":\"/1\",\"Destination\":\"/a\",\"RW\":true},"
		"{\"Type\":\"tmpfs\",\"Destination\":\"/t\",\"_data\":\"size=1m\"},"
		"{\"Type\":\"volume\",\"Source\":\"/3\",\"Destination\":\"/a/b/c\",\"_subpath\":\"x\"}]");
	AUTO_JSON json_t *oci = dockerd_mounts_oci(list, "/parts");

	EXPECT_JSON(oci, "[{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"/"
			 "1\",\"options\":[\"rbind\","
			 "\"rprivate\"]},"
			 "{\"destination\":\"/"
			 "t\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"noexec\","
			 "\"nosuid\",\"nodev\",\"size=1m\"]},"
			 "{\"destination\":\"/a/b\",\"type\":\"bind\",\"source\":\"/"
			 "2\",\"options\":[\"rbind\",\"rro\","
			 "\"rprivate\"]},"
			 "{\"destination\":\"/a/b/c\",\"type\":\"bind\",\"source\":\"/parts/3\","
			 "\"options\":[\"rbind\",\"rprivate\"]}]");
}

int suite_mounts(void)
{
	static const CU_TestInfo tests[] = {
		{ "-v texts", texts },
		{ "bad -v texts", bad_texts },
		{ "--mount objects", objects },
		{ "bad --mount objects", bad_objects },
		{ "shallow before deep", shallow_before_deep },
		CU_TEST_INFO_NULL,
	};

	return suite_add("mounts", tests);
}
