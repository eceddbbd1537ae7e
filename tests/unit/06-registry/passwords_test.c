/* passwords_test.c - the file of passwords. The hashes are the test vectors that Openwall publishes
 * with its crypt_blowfish, and other people's examples of other kinds. */
#include "passwords.h"

#include <crypt.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/file.h"
#include "errors.h"
#include "suites.h"

#define STARS "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" /* U*U */
#define MORE "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"  /* U*U* */

static void write_file(const char *text)
{
	struct err err = { 0 };

	CU_ASSERT_EQUAL(file_write_atomic(AT_FDCWD, test_file, text, strlen(text), 0600, &err), 0);
}

static struct reg_passwords *open_with(const char *text, struct err *err)
{
	write_file(text);
	return reg_passwords_open(test_file, err);
}

static void right_and_wrong(void)
{
	struct err err = { 0 };
	struct reg_passwords *p = open_with("# people\n\n alice:" STARS " \r\nbob:" MORE "\n", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	/* Twice: the second time from memory. */
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U", &err), 0);
		CU_ASSERT_EQUAL(reg_password_check(p, "bob", "U*U*", &err), 0);
		CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U*", &err), -1);
		CU_ASSERT_TRUE(reg_refused(&err, REG_UNAUTHORIZED));
		CU_ASSERT_EQUAL(reg_password_check(p, "alice", "", &err), -1);
		/* A stranger who knows somebody's password is one still. */
		CU_ASSERT_EQUAL(reg_password_check(p, "carol", "U*U", &err), -1);
		CU_ASSERT_TRUE(reg_refused(&err, REG_UNAUTHORIZED));
	}
	reg_passwords_free(p);
}

static void changes(void)
{
	char before[REG_PASSWORD_MARK], after[REG_PASSWORD_MARK];
	struct err err = { 0 };
	struct reg_passwords *p = open_with("alice:" STARS "\n", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U", &err), 0);
	CU_ASSERT_TRUE(reg_password_mark(p, "alice", before));
	CU_ASSERT_FALSE(reg_password_mark(p, "bob", before));
	write_file("alice:" MORE "\n");
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U", &err), -1);
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U*", &err), 0);
	CU_ASSERT_TRUE(reg_password_mark(p, "alice", after));
	CU_ASSERT_STRING_NOT_EQUAL(before, after);
	write_file("alice:nonsense\n"); /* said in the log: the one before stays */
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U*", &err), 0);
	write_file("bob:" STARS "\n");
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "U*U*", &err), -1);
	reg_passwords_free(p);
}

static void other_kinds(void)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "x:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "line 2: the password of x is not a bcrypt" },
		{ "x:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "not a bcrypt" },
		{ "x:rqXexS6ZhobKA", "not a bcrypt" },
		{ "x:plain", "not a bcrypt" },
		{ "x:$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not a bcrypt" },
		{ "x:" STARS "0", "not a bcrypt" },
		{ "x", "line 2: expected NAME:HASH" },
		{ ":" STARS, "expected NAME:HASH" },
		{ "first:" STARS, "line 2: first is there twice" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_FREE char *text = xasprintf("first:" STARS "\n%s\n", rows[i].line);
		struct err err = { 0 };

		CU_ASSERT_PTR_NULL(open_with(text, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
		if (!strstr(err.msg, rows[i].says))
			fprintf(stderr, "\n%s: expected \"%s\", got \"%s\"\n", rows[i].line,
				rows[i].says, err.msg);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, rows[i].says));
	}
}

static void *log_in(void *arg)
{
	struct err err;

	return reg_password_check(arg, "alice", "U*U", &err) ? arg : NULL;
}

/* All at a time, as at the begin of a push: each gets in, and together they cost the processors
 * little more than one does. */
static void a_crowd(void)
{
	AUTO_FREE char *line = xasprintf("alice:%s\n", crypt("U*U", "$2y$09$CCCCCCCCCCCCCCCCCCCCC."));
	struct err err = { 0 };
	struct reg_passwords *p = open_with(line, &err);
	pthread_t threads[64];
	clock_t one = clock(), all;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(reg_password_check(p, "alice", "wrong", &err), -1);
	all = clock();
	one = all - one;
	for (size_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(pthread_create(&threads[i], NULL, log_in, p), 0);
	for (size_t i = 0; i < 64; i++) {
		void *failed = p;

		pthread_join(threads[i], &failed);
		CU_ASSERT_PTR_NULL(failed);
	}
	all = clock() - all;
	if (all > 16 * one)
		fprintf(stderr, "\none: %ld us, 64: %ld us\n", (long)one, (long)all);
	CU_ASSERT_TRUE(all <= 16 * one);
	reg_passwords_free(p);
}

CU_TestInfo password_tests[] = {
	{ "right and wrong ones", right_and_wrong },
	{ "the file changes", changes },
	{ "hashes of other kinds", other_kinds },
	{ "many at a time", a_crowd },
	CU_TEST_INFO_NULL,
};
