/* manifest_test.c - what is a manifest, by the OCI image specification, and what is not. */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "manifest.h"
#include "suites.h"

#define OCI "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER "application/vnd.docker.distribution.manifest.v2+json"
#define LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define PART(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":0}"
#define IMAGE(extra) "{\"schemaVersion\":2,\"config\":" PART("c") ",\"layers\":[" PART("l") "]" extra "}"

static int parse(const char *text, const char *type, struct reg_manifest *m)
{
	struct err err = { 0 };
	int rc = reg_manifest_parse(text, strlen(text), type, m, &err);

	if (rc)
		CU_ASSERT_TRUE(reg_refused(&err, REG_MANIFEST_INVALID));
	return rc;
}

static void media_types(void)
{
	CU_ASSERT_PTR_NOT_NULL(reg_manifest_type(OCI));
	CU_ASSERT_PTR_NOT_NULL(reg_manifest_type(INDEX));
	CU_ASSERT_PTR_NOT_NULL(reg_manifest_type(DOCKER));
	CU_ASSERT_PTR_NOT_NULL(reg_manifest_type(LIST));
	CU_ASSERT_PTR_EQUAL(reg_manifest_type(OCI "; charset=utf-8"), reg_manifest_type(OCI));
	CU_ASSERT_PTR_NULL(reg_manifest_type("application/json"));
	CU_ASSERT_PTR_NULL(reg_manifest_type(""));
	CU_ASSERT_PTR_NULL(reg_manifest_type(OCI "x"));
}

static int count(void *arg, const struct reg_part *part, struct err *err)
{
	int *n = arg;

	(void)err;
	n[0]++;
	n[1] += part->manifest;
	n[2] += part->foreign;
	return 0;
}

static void parts_are_listed(void)
{
	static const struct {
		const char *text, *type;
		int parts, manifests, foreign;
	} cases[] = {
		{ IMAGE(""), OCI, 2, 0, 0 },
		{ IMAGE(""), DOCKER, 2, 0, 0 },
		{ IMAGE(",\"mediaType\":\"" OCI "\""), NULL, 2, 0, 0 },
		{ "{\"schemaVersion\":2,\"config\":" PART("c") ",\"layers\":[]}", OCI, 1, 0, 0 },
		{ "{\"schemaVersion\":2,\"config\":" PART("c") ",\"layers\":[{\"mediaType\":\"l\","
		  "\"digest\":\"" D "\",\"size\":0,\"urls\":[\"http://x\"]}]}", DOCKER, 2, 0, 1 },
		{ "{\"schemaVersion\":2,\"manifests\":[" PART(OCI) "," PART("other") "]}", INDEX, 2, 1, 0 },
		{ "{\"schemaVersion\":2,\"manifests\":[" PART(LIST) "]}", LIST, 1, 1, 0 },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", INDEX, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reg_manifest m;
		struct err err;
		int n[3] = { 0 };

		CU_ASSERT_EQUAL_FATAL(parse(cases[i].text, cases[i].type, &m), 0);
		CU_ASSERT_EQUAL(reg_manifest_each(&m, count, n, &err), 0);
		CU_ASSERT_EQUAL(n[0], cases[i].parts);
		CU_ASSERT_EQUAL(n[1], cases[i].manifests);
		CU_ASSERT_EQUAL(n[2], cases[i].foreign);
		reg_manifest_free(&m);
	}
}

static void what_is_no_manifest(void)
{
	static const struct {
		const char *text, *type;
	} cases[] = {
		{ "", OCI },
		{ "[]", OCI },
		{ "{", OCI },
		{ "{}", OCI },
		{ IMAGE(""), NULL },
		{ IMAGE(""), "application/json" },
		{ IMAGE(""), INDEX },
		{ IMAGE(",\"mediaType\":\"" DOCKER "\""), OCI },
		{ IMAGE(",\"mediaType\":\"x\""), OCI },
		{ IMAGE(",\"config\":{}"), OCI }, /* the same key twice */
		{ "{\"schemaVersion\":1,\"config\":" PART("c") ",\"layers\":[]}", OCI },
		{ "{\"schemaVersion\":2,\"layers\":[]}", OCI },
		{ "{\"schemaVersion\":2,\"config\":" PART("c") "}", OCI },
		{ "{\"schemaVersion\":2,\"config\":" PART("c") ",\"layers\":[1]}", OCI },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"" D "\"},\"layers\":[]}", OCI },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"" D "\",\"size\":-1},\"layers\":[]}", OCI },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"sha256:../../x\",\"size\":1},\"layers\":[]}", OCI },
		{ IMAGE(",\"subject\":{\"digest\":\"x\"}"), OCI },
	};
	struct reg_manifest m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(parse(cases[i].text, cases[i].type, &m), -1);
}

/* distribution-spec, "Listing Referrers": without artifactType, the config's media type. */
static void subjects(void)
{
	struct reg_manifest m;

	CU_ASSERT_EQUAL_FATAL(parse(IMAGE(",\"subject\":" PART(OCI)), OCI, &m), 0);
	EQ_STR(m.subject, D);
	EQ_STR(m.artifact_type, "c");
	reg_manifest_free(&m);
	CU_ASSERT_EQUAL_FATAL(parse(IMAGE(",\"artifactType\":\"a/b\""), OCI, &m), 0);
	CU_ASSERT_PTR_NULL(m.subject);
	EQ_STR(m.artifact_type, "a/b");
	reg_manifest_free(&m);
}

static void bombs_are_not_lit(void)
{
	AUTO_STRBUF struct strbuf wide = STRBUF_INIT, deep = STRBUF_INIT;
	struct reg_manifest m;

	strbuf_adds(&wide, "{\"x\":[[]");
	for (int i = 0; i < 1000000; i++)
		strbuf_adds(&wide, ",[]");
	strbuf_adds(&wide, "]}");
	CU_ASSERT_EQUAL(parse(wide.data, OCI, &m), -1);
	for (int i = 0; i < 200000; i++)
		strbuf_addc(&deep, '[');
	CU_ASSERT_EQUAL(parse(deep.data, OCI, &m), -1);
}

CU_TestInfo manifest_tests[] = {
	{ "media types", media_types },
	{ "parts are listed", parts_are_listed },
	{ "what is no manifest", what_is_no_manifest },
	{ "subjects and artifact types", subjects },
	{ "JSON bombs are not lit", bombs_are_not_lit },
	CU_TEST_INFO_NULL,
};
