/*
 * test_manifest.c - manifest lists that are kept here until they are pushed.
 */
#include "manifest.h"
#include "suites.h"

static json_t *image(const char *ref, const char *type)
{
	return json_pack("{s:s, s:{s:s, s:s, s:i, s:{s:s, s:s}}, s:s}", "Ref", ref, "Descriptor", "mediaType", type, "digest",
			 "sha256:00", "size", 7, "platform", "architecture", "amd64", "os", "linux", "Raw", "eyJhIjoxfQ==");
}

static void names(void)
{
	static const char *const samples[][2] = {
		{ "x", "docker.io/library/x:latest" }, { "r:5000/a/b:1", "r:5000/a/b:1" },
		{ "x@sha256:0c0deb092e0e7c1ae70be9dc72f2e91e31e3b2e7e76586c1a3d81d219e904c4b",
		  "docker.io/library/x@sha256:0c0deb092e0e7c1ae70be9dc72f2e91e31e3b2e7e76586c1a3d81d219e904c4b" },
	};
	struct cli_reference ref;
	struct err err;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		CU_ASSERT_EQUAL_FATAL(cli_manifest_name(&ref, samples[i][0], &err), 0);
		AUTO_FREE char *text = cli_manifest_name_text(&ref);
		EXPECT_STR(text, samples[i][1]);
		cli_reference_free(&ref);
	}
	EXPECT_INT(cli_manifest_name(&ref, "../x", &err), -1);
}

static void kept(void)
{
	char *dir = tmp_new();
	struct cli_config config = { .directory = dir };
	struct cli_reference list, ref;
	struct err err;
	size_t n = 0;

	CU_ASSERT_EQUAL_FATAL(cli_manifest_name(&list, "r:5000/l:1", &err), 0);
	CU_ASSERT_EQUAL_FATAL(cli_manifest_name(&ref, "x", &err), 0);
	CU_ASSERT_PTR_NULL(cli_manifest_list(&config, &list, &err));
	EXPECT_STR(err.msg, "No such manifest: r:5000/l:1");
	AUTO_JSON json_t *one = image("docker.io/library/x:latest", "application/vnd.docker.distribution.manifest.v2+json");
	EXPECT_INT(cli_manifest_put(&config, &list, &ref, one, &err), 0);
	AUTO_FREE char *file = xasprintf("%s/manifests/r-5000_l-1/docker.io_library_x-latest", dir);
	AUTO_JSON json_t *written = json_load_file(file, 0, NULL); /* where the real client would look for it */
	CU_ASSERT_TRUE(json_equal(written, one));
	AUTO_JSON json_t *all = cli_manifest_list(&config, &list, &err);
	EXPECT_INT((long long)json_array_size(all), 1);
	AUTO_FREE char *raw = cli_manifest_raw(json_array_get(all, 0), &n, &err);
	EXPECT_STR(raw, "{\"a\":1}");
	EXPECT_INT(cli_manifest_remove(&config, &list, &err), 0);
	CU_ASSERT_PTR_NULL(cli_manifest_get(&config, &list, &ref, &err));
	EXPECT_STR(err.msg, "No such manifest: docker.io/library/x:latest");
	cli_reference_free(&ref);
	cli_reference_free(&list);
	tmp_free(dir);
}

/* The bytes count: their digest is what the registry answers to. */
static void text(void)
{
	AUTO_JSON json_t *docker = json_pack("[o]", image("x", "application/vnd.docker.distribution.manifest.v2+json"));
	AUTO_JSON json_t *oci = json_pack("[o]", image("x", "application/vnd.oci.image.manifest.v1+json"));
	AUTO_FREE char *list = cli_manifest_list_text(docker), *index = cli_manifest_list_text(oci);

	EXPECT_STR(list, "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"application/vnd.docker.distribution.manifest.list.v2+json\",\n"
			 "   \"manifests\": [\n      {\n         \"mediaType\": \"application/vnd.docker.distribution.manifest.v2+json\",\n"
			 "         \"size\": 7,\n         \"digest\": \"sha256:00\",\n         \"platform\": {\n"
			 "            \"architecture\": \"amd64\",\n            \"os\": \"linux\"\n         }\n      }\n   ]\n}");
	EXPECT_HAS(index, "\"mediaType\": \"application/vnd.oci.image.index.v1+json\"");
}

int suite_manifest(void)
{
	static const CU_TestInfo tests[] = {
		{ "names are whole", names }, { "kept until they are pushed", kept }, { "a list's text", text }, CU_TEST_INFO_NULL,
	};

	return suite_add("manifest", tests);
}
