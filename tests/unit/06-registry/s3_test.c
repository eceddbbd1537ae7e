/* s3_test.c - the address, the credentials and the presigned URLs of an object store. What goes over
 * the wire is tests/e2e/registry-s3.sh's. */
#include "s3.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "suites.h"

/* Amazon's own example (S3 API reference, "Authenticating Requests: Using Query Parameters"). */
#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define MAY_24_2013 1369353600

static void forget_environment(void)
{
	static const char *const names[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
					     "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static struct reg_s3 *open_with(const char *url, struct err *err)
{
	const struct reg_s3_options o = { .url = url };

	forget_environment();
	setenv("AWS_ACCESS_KEY_ID", KEY_ID, 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	return reg_s3_open(&o, err);
}

static void amazons_example(void)
{
	struct err err;
	struct reg_s3 *s3 = open_with("https://examplebucket.s3.amazonaws.com/", &err);
	AUTO_FREE char *url = s3 ? reg_s3_presign(s3, "test.txt", MAY_24_2013, 86400) : NULL;

	EQ_STR(url, "https://examplebucket.s3.amazonaws.com/test.txt"
		    "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
		    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
		    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		    "&X-Amz-Signature="
		    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	reg_s3_close(s3);
}

static void a_token_is_part_of_it(void)
{
	const struct reg_s3_options o = { .url = "http://127.0.0.1:9000/b/p", .region = "eu-x" };
	struct err err;
	struct reg_s3 *s3;
	AUTO_FREE char *url = NULL;

	forget_environment();
	setenv("AWS_ACCESS_KEY_ID", KEY_ID, 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	setenv("AWS_SESSION_TOKEN", "a+b/c=", 1);
	s3 = reg_s3_open(&o, &err);
	url = s3 ? reg_s3_presign(s3, "k", MAY_24_2013, 60) : NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(url);
	CU_ASSERT_PTR_NOT_NULL(strstr(url, "http://127.0.0.1:9000/b/p/k?"));
	CU_ASSERT_PTR_NOT_NULL(strstr(url, "%2F20130524%2Feu-x%2Fs3%2F"));
	CU_ASSERT_PTR_NOT_NULL(strstr(url, "&X-Amz-Security-Token=a%2Bb%2Fc%3D&X-Amz-SignedHeaders="));
	reg_s3_close(s3);
}

static void addresses(void)
{
	static const char *const bad[] = {
		"",		       "s3://bucket",	      "https://",	    "https:///bucket",
		"https://u:p@h/b",     "https://h/b?x",	      "https://h/b#x",	    "https://h/a b",
		"https://h/b/../c",    "https://h//b",	      "ftp://h/b",	    "https://h/b%2f",
	};
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reg_s3 *s3 = open_with(bad[i], &err);

		if (s3)
			printf("taken: %s\n", bad[i]);
		CU_ASSERT_PTR_NULL(s3);
		CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
		reg_s3_close(s3);
	}
}

/* Which key id is in what is signed; "": it was refused. */
static char *key_id_of(const char *text)
{
	char path[] = "/tmp/registry-unit.s3.XXXXXX";
	const struct reg_s3_options o = { .url = "https://h/b", .credentials = path };
	AUTO_CLOSE int fd = mkstemp(path);
	AUTO_FREE char *url = NULL;
	struct reg_s3 *s3;
	struct err err;
	char *from;

	forget_environment();
	CU_ASSERT_FATAL(fd >= 0 && !io_write_full(fd, text, strlen(text)));
	s3 = reg_s3_open(&o, &err);
	unlink(path);
	if (!s3)
		return xstrdup("");
	url = reg_s3_presign(s3, "k", MAY_24_2013, 60);
	reg_s3_close(s3);
	from = strstr(url, "Credential=") + strlen("Credential=");
	return xstrndup(from, strcspn(from, "%"));
}

static void credentials(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "aws_access_key_id = one\naws_secret_access_key=s\n", "one" },
		{ "[default]\naws_access_key_id=two\r\naws_secret_access_key = s\r\n", "two" },
		{ "[work]\naws_access_key_id=no\naws_secret_access_key=s\n"
		  "[default]\naws_access_key_id=three\naws_secret_access_key=s\n", "three" },
		{ "[default]\naws_access_key_id=four\n[work]\naws_secret_access_key=s\n", "" },
		{ "aws_secret_access_key=s", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *got = key_id_of(cases[i].text);

		EQ_STR(got, cases[i].want);
	}
}

CU_TestInfo s3_tests[] = {
	{ "a presigned URL is Amazon's example", amazons_example },
	{ "a session's token is in a presigned URL", a_token_is_part_of_it },
	{ "addresses that are none are refused", addresses },
	{ "credentials from a file", credentials },
	CU_TEST_INFO_NULL,
};
