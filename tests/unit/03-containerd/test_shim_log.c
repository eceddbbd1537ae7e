/*
 * test_shim_log.c - the json-file log: Docker's escapes, its 16 KiB lines, and what
 * a full disk or a crash does to it (nothing).
 */
#include "shim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "suites.h"

static struct err err;
static char *dir;
static struct shim_log l;
static const struct timespec when = { 1767323045, 6 }; /* 2026-01-02T03:04:05.000000006Z */
#define AT ",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.000000006Z\"}\n"

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void begin(const char *size, int64_t max_size, int max_file)
{
	AUTO_FREE char *path = NULL;

	dir = tmp_new(size);
	path = path_of("log");
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ .path = path, .max_size = max_size,
							     .max_file = max_file }, &err));
}

static int open_log(struct shim_log *log, const char *path)
{
	return shim_log_open(log, &(struct shim_log_options){ .path = path, .max_file = 1 }, &err);
}

static void end(void)
{
	shim_log_close(&l);
	tmp_free(dir);
}

static char *content(const char *name)
{
	AUTO_FREE char *path = path_of(name);
	struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, 0);
	EXPECT_OK(file_read(AT_FDCWD, path, &sb, 64 << 20, &err));
	return sb.data;
}

static void add(const char *text)
{
	shim_log_add(&l, SHIM_STDOUT, text, strlen(text), &when);
}

static void test_lines(void)
{
	AUTO_FREE char *got = NULL;

	begin("8m", 0, 1);
	add("one\ntw");
	add("o\n\nrest");
	shim_log_add(&l, SHIM_STDERR, "err\n", 4, &when);
	shim_log_end(&l, SHIM_STDOUT, &when);
	shim_log_end(&l, SHIM_STDERR, &when);
	got = content("log");
	EXPECT_STR(got, "{\"log\":\"one\\n\"" AT "{\"log\":\"two\\n\"" AT "{\"log\":\"\\n\"" AT
			"{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05.000000006Z\"}\n"
			"{\"log\":\"rest\"" AT);
	end();
}

/* What jsonlog of the real dockerd makes of these bytes. */
static void test_escapes(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "\"plain\"" },
		{ "tab\t \"q\" back\\slash", "\"tab\\u0009 \\\"q\\\" back\\\\slash\"" },
		{ "cr\r\n", "\"cr\\r\\n\"" },
		{ "\x1b[31m\x01\x7f", "\"\\u001b[31m\\u0001\x7f\"" },
		{ "<a href=\"x\">&", "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\"" },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xb3\"" },
		{ "\xff\xfe", "\"\\ufffd\\ufffd\"" },
		{ "cut \xe2\x82", "\"cut \\ufffd\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },                   /* overlong */
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },        /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* past U+10FFFF */
		{ "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\"\\u2028\\u2029\xe2\x80\xaa\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

		shim_log_quote(&sb, cases[i].in, strlen(cases[i].in));
		EXPECT_STR(sb.data, cases[i].out);
	}
}

/* A line of `n` bytes, in pieces of `step`: how many lines of the log, and all of it there? */
static void check_long(size_t n, size_t step, int lines)
{
	AUTO_FREE char *text = xmalloc(n + 1), *got = NULL;
	int found = 0, ends = 0;
	size_t bytes = 0;

	begin("8m", 0, 1);
	memset(text, 'x', n);
	text[n] = '\n';
	for (size_t i = 0; i < n + 1; i += step)
		shim_log_add(&l, SHIM_STDOUT, text + i, n + 1 - i < step ? n + 1 - i : step, &when);
	got = content("log");
	for (char *s = strtok(got, "\n"); s; s = strtok(NULL, "\n")) {
		char *stop = strstr(s, "\",\"stream\"");

		found++;
		CU_ASSERT_PTR_NOT_NULL_FATAL(stop);
		ends += !strncmp(stop - 2, "\\n", 2);
		bytes += (size_t)(stop - s) - strlen("{\"log\":\"");
	}
	EXPECT_INT(found, lines);
	EXPECT_INT(ends, 1); /* only the last piece has the line's end */
	EXPECT_INT((long long)bytes, (long long)n + 2);
	end();
}

static void test_long_lines(void)
{
	check_long(SHIM_LOG_LINE - 1, 100000, 1);
	check_long(SHIM_LOG_LINE, 100000, 2); /* full, then the bare end, as Docker's */
	check_long(SHIM_LOG_LINE, 1000, 2);
	check_long(100000, 7, 7);
	check_long(100000, 100001, 7);
}

/* With Docker they all have the time at which the first was cut (20.10, logger/copier.go). */
static void test_parts_share_a_time(void)
{
	const struct timespec later = { when.tv_sec + 5, 0 };
	AUTO_FREE char *text = xmalloc(SHIM_LOG_LINE), *got = NULL;
	int same = 0, other = 0;

	begin("8m", 0, 1);
	memset(text, 'x', SHIM_LOG_LINE);
	shim_log_add(&l, SHIM_STDOUT, text, SHIM_LOG_LINE, &when);
	shim_log_add(&l, SHIM_STDOUT, text, SHIM_LOG_LINE, &later);
	shim_log_add(&l, SHIM_STDOUT, "end\nnext\n", 9, &later);
	got = content("log");
	for (char *s = strtok(got, "\n"); s; s = strtok(NULL, "\n")) {
		same += strstr(s, "03:04:05.000000006Z") != NULL;
		other += strstr(s, "03:04:10.000000000Z") != NULL;
	}
	EXPECT_INT(same, 3);
	EXPECT_INT(other, 1); /* the next line has its own */
	end();
}

/* The format of Kubernetes' "CRI Logging": time, stream, tag, the bytes as they are. */
static void test_cri(void)
{
	AUTO_FREE char *path = NULL, *got = NULL, *text = xmalloc(SHIM_LOG_LINE + 2);
	AUTO_STRBUF struct strbuf want = STRBUF_INIT;

	dir = tmp_new("8m");
	path = path_of("log");
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ path, SHIM_LOG_CRI, 0, 1 }, &err));
	memset(text, 'x', SHIM_LOG_LINE + 1);
	add("one \"q\" \xff\ntw");
	add("o\n\n");
	shim_log_add(&l, SHIM_STDERR, "err\n", 4, &when);
	shim_log_add(&l, SHIM_STDOUT, text, SHIM_LOG_LINE, &when); /* as much as fits, */
	shim_log_add(&l, SHIM_STDOUT, "\n", 1, &when);
	shim_log_add(&l, SHIM_STDOUT, text, SHIM_LOG_LINE + 1, &when); /* and one more */
	add("y\nno end");
	shim_log_end(&l, SHIM_STDOUT, &when);
#define CRI "2026-01-02T03:04:05.000000006Z std"
	strbuf_adds(&want, CRI "out F one \"q\" \xff\n" CRI "out F two\n" CRI "out F \n" CRI "err F err\n");
	strbuf_addf(&want, CRI "out F %.*s\n" CRI "out P %.*s\n" CRI "out F xy\n" CRI "out P no end\n",
		    SHIM_LOG_LINE, text, SHIM_LOG_LINE, text);
	got = content("log");
	EXPECT_STR(got, want.data);
	end();
}

/* As kubelet rotates: it renames the file, then asks for a new one. */
static void test_reopen(void)
{
	AUTO_FREE char *now = NULL, *then = NULL, *old = NULL, *new = NULL;

	begin("8m", 0, 1);
	now = path_of("log");
	then = path_of("log.20260102");
	add("one\npart ");
	EXPECT_INT(rename(now, then), 0);
	add("of two\n"); /* not asked yet: it goes where the file went */
	EXPECT_OK(shim_log_reopen(&l, &err));
	add("three\n");
	old = content("log.20260102");
	new = content("log");
	EXPECT_STR(old, "{\"log\":\"one\\n\"" AT "{\"log\":\"part of two\\n\"" AT);
	EXPECT_STR(new, "{\"log\":\"three\\n\"" AT);
	free(steal_ptr(&new));
	unlink(now);
	EXPECT_INT(mkdir(now, 0700), 0); /* what cannot be opened leaves the log as it was */
	EXPECT_INT(shim_log_reopen(&l, &err), -1);
	EXPECT_INT(rmdir(now), 0);
	add("four\n");
	EXPECT_OK(shim_log_reopen(&l, &err));
	add("five\n");
	new = content("log");
	EXPECT_STR(new, "{\"log\":\"five\\n\"" AT);
	end();
}

static void test_torn_line(void)
{
	AUTO_FREE char *path = NULL, *got = NULL;

	begin("8m", 0, 1);
	add("whole\n");
	path = path_of("log");
	shim_log_close(&l);
	{
		AUTO_FCLOSE FILE *f = fopen(path, "a");

		fputs("{\"log\":\"torn by a cra", f);
	}
	EXPECT_OK(open_log(&l, path));
	add("next\n");
	got = content("log");
	EXPECT_STR(got, "{\"log\":\"whole\\n\"" AT "{\"log\":\"next\\n\"" AT);
	end();
}

static void test_full_disk(void)
{
	AUTO_FREE char *filler = NULL, *line = xmalloc(4001), *got = NULL;
	AUTO_STRBUF struct strbuf want = STRBUF_INIT;
	int refused = 0;

	begin("256k", 0, 1);
	filler = path_of("filler");
	memset(line, 'y', 4000);
	line[3999] = '\n';
	line[4000] = '\0';
	for (int i = 0; i < 100; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%03d", i);
		memcpy(line, number, 3);
		add(line);
		refused += l.ready.len != 0;
		strbuf_addf(&want, "{\"log\":\"%.3999s\\n\"" AT, line);
		if (i == 10)
			EXPECT_OK(file_write_atomic(AT_FDCWD, filler, line, 4000, 0600, &err));
	}
	CU_ASSERT_TRUE_FATAL(refused > 10); /* 100 lines of 4 KB do not fit */
	got = content("log");
	CU_ASSERT_TRUE(!*got || got[strlen(got) - 1] == '\n'); /* no torn line meanwhile */
	CU_ASSERT_TRUE(!strncmp(got, want.data, strlen(got)));
	unlink(filler);
	CU_ASSERT_FALSE(shim_log_flush(&l)); /* still too little room */
	{
		AUTO_FREE char *options = xasprintf("mount -o remount,size=4m %s", dir);

		EXPECT_INT(system(options), 0);
	}
	CU_ASSERT_TRUE(shim_log_flush(&l));
	free(steal_ptr(&got));
	got = content("log");
	EXPECT_STR(got, want.data);
	end();
}

static void test_rotation(void)
{
	AUTO_FREE char *now = NULL, *one = NULL, *two = NULL, *three = NULL;

	begin("8m", 100, 3);
	three = path_of("log.3");
	for (char c = 'a'; c <= 'h'; c++) {
		char text[] = { c, '\n', '\0' };

		add(text); /* 70 bytes each: two make a file */
	}
	now = content("log");
	one = content("log.1");
	two = content("log.2");
	EXPECT_STR(now, "{\"log\":\"g\\n\"" AT "{\"log\":\"h\\n\"" AT);
	EXPECT_STR(one, "{\"log\":\"e\\n\"" AT "{\"log\":\"f\\n\"" AT);
	EXPECT_STR(two, "{\"log\":\"c\\n\"" AT "{\"log\":\"d\\n\"" AT);
	CU_ASSERT_TRUE(access(three, F_OK) != 0);
	end();
	begin("8m", 100, 1);
	for (char c = 'a'; c <= 'c'; c++) {
		char text[] = { c, '\n', '\0' };

		add(text);
	}
	free(steal_ptr(&now));
	now = content("log");
	EXPECT_STR(now, "{\"log\":\"c\\n\"" AT);
	end();
}

/* log.2 is in the way: nothing is put over log.1, and the log goes on growing. */
static void test_rotation_fails(void)
{
	AUTO_FREE char *now = NULL, *one = NULL, *two = NULL, *in_the_way = NULL;

	begin("8m", 100, 3);
	add("a\n");
	add("b\n");
	add("c\n"); /* a and b are log.1 */
	in_the_way = path_of("log.2");
	EXPECT_INT(mkdir(in_the_way, 0700), 0);
	add("d\n");
	add("e\n"); /* would rotate */
	one = content("log.1");
	now = content("log");
	EXPECT_STR(one, "{\"log\":\"a\\n\"" AT "{\"log\":\"b\\n\"" AT);
	EXPECT_STR(now, "{\"log\":\"c\\n\"" AT "{\"log\":\"d\\n\"" AT "{\"log\":\"e\\n\"" AT);
	EXPECT_INT(rmdir(in_the_way), 0);
	add("f\n"); /* tried again when as much has been written again */
	add("g\n");
	free(steal_ptr(&one));
	free(steal_ptr(&now));
	now = content("log");
	one = content("log.1");
	two = content("log.2");
	EXPECT_STR(two, "{\"log\":\"a\\n\"" AT "{\"log\":\"b\\n\"" AT);
	EXPECT_STR(one, "{\"log\":\"c\\n\"" AT "{\"log\":\"d\\n\"" AT "{\"log\":\"e\\n\"" AT
		   "{\"log\":\"f\\n\"" AT);
	EXPECT_STR(now, "{\"log\":\"g\\n\"" AT);
	end();
}

/* The shim of a deleted task still has lines for the log that the next one opens. */
static void test_two_shims(void)
{
	AUTO_FREE char *path = NULL, *got = NULL;
	struct shim_log next;

	begin("8m", 0, 1);
	path = path_of("log");
	EXPECT_OK(open_log(&next, path));
	shim_log_add(&next, SHIM_STDOUT, "two\n", 4, &when);
	CU_ASSERT_FALSE(shim_log_flush(&next));
	add("one\n");
	CU_ASSERT_FALSE(shim_log_gone(&l));
	shim_log_close(&l);
	CU_ASSERT_TRUE(shim_log_flush(&next));
	got = content("log");
	EXPECT_STR(got, "{\"log\":\"one\\n\"" AT "{\"log\":\"two\\n\"" AT);
	EXPECT_OK(shim_log_reopen(&next, &err)); /* not renamed: the lock is its own */
	unlink(path);
	CU_ASSERT_TRUE(shim_log_gone(&next));
	shim_log_close(&next);
	tmp_free(dir);
}

/* What gzip(1) makes of it; new. */
static char *unpacked(const char *name)
{
	AUTO_FREE char *command = xasprintf("gzip -cd %s/%s.gz", dir, name);
	FILE *f = popen(command, "r");
	struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	size_t n;

	strbuf_reserve(&sb, 0);
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		strbuf_add(&sb, buf, n);
	EXPECT_INT(pclose(f), 0);
	return sb.data;
}

static void reap_compressor(void)
{
	int status = -1;

	while (wait(&status) < 0 && errno == EINTR)
		;
	EXPECT_INT(status, 0);
}

static void test_compression(void)
{
	AUTO_FREE char *path = NULL, *plain = NULL, *now = NULL, *one = NULL, *two = NULL, *over = NULL;
	AUTO_CLOSE int held = -1;

	dir = tmp_new("8m");
	path = path_of("log");
	plain = path_of("log.1");
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ path, SHIM_LOG_JSON, 100, 3, true }, &err));
	for (char c = 'a'; c <= 'g'; c++) {
		char text[] = { c, '\n', '\0' };

		add(text); /* two make a file */
		if (c == 'c' || c == 'e' || c == 'g')
			reap_compressor();
	}
	CU_ASSERT_TRUE(access(plain, F_OK) != 0);
	now = content("log");
	one = unpacked("log.1");
	two = unpacked("log.2");
	EXPECT_STR(now, "{\"log\":\"g\\n\"" AT);
	EXPECT_STR(one, "{\"log\":\"e\\n\"" AT "{\"log\":\"f\\n\"" AT);
	EXPECT_STR(two, "{\"log\":\"c\\n\"" AT "{\"log\":\"d\\n\"" AT);
	over = path_of("log.3.gz");
	CU_ASSERT_TRUE(access(over, F_OK) != 0);
	/* One that is not finished yet: the log goes on, and is rotated later. */
	EXPECT_OK(file_write_atomic(AT_FDCWD, plain, "x\n", 2, 0600, &err));
	held = open(plain, O_RDONLY | O_CLOEXEC);
	EXPECT_INT(flock(held, LOCK_EX), 0);
	add("h\n");
	add("i\n");
	free(steal_ptr(&now));
	now = content("log");
	EXPECT_STR(now, "{\"log\":\"g\\n\"" AT "{\"log\":\"h\\n\"" AT "{\"log\":\"i\\n\"" AT);
	end();
}

static void test_local(void)
{
	AUTO_FREE char *path = NULL, *got = NULL;

	dir = tmp_new("8m");
	path = path_of("log");
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ .path = path, .format = SHIM_LOG_LOCAL }, &err));
	add("one \xff\n");
	shim_log_add(&l, SHIM_STDERR, "two", 3, &when);
	shim_log_end(&l, SHIM_STDERR, &when);
	got = content("log");
	EXPECT_STR(got, "1767323045.000000006 1F one \xff\n1767323045.000000006 2P two\n");
	end();
}

static void test_attributes(void)
{
	AUTO_FREE char *path = NULL, *got = NULL;

	dir = tmp_new("8m");
	path = path_of("log");
	EXPECT_OK(shim_log_open(&l, &(struct shim_log_options){ .path = path, .attributes = "{\"a\":\"b\"}" },
				&err));
	add("x\n");
	got = content("log");
	EXPECT_STR(got, "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"},"
			"\"time\":\"2026-01-02T03:04:05.000000006Z\"}\n");
	end();
}

static void test_refused_paths(void)
{
	struct shim_log other;

	begin("8m", 0, 1);
	EXPECT_INT(open_log(&other, dir), -1);
	EXPECT_HAS(err.msg, "the log");
	EXPECT_INT(open_log(&other, "/no/such/dir/log"), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_INT(open_log(&other, "/dev/null"), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	end();
}

int suite_shim_log(void)
{
	static const CU_TestInfo tests[] = {
		{ "a line each, two streams", test_lines },
		{ "escapes as Docker's", test_escapes },
		{ "lines over 16 KiB come in pieces", test_long_lines },
		{ "and have one time", test_parts_share_a_time },
		{ "the CRI's format", test_cri },
		{ "reopening", test_reopen },
		{ "a torn line is cut off", test_torn_line },
		{ "a full disk loses and repeats nothing", test_full_disk },
		{ "rotation", test_rotation },
		{ "a rotation that fails writes over nothing", test_rotation_fails },
		{ "rotated files compressed", test_compression },
		{ "one shim after the other", test_two_shims },
		{ "our own format", test_local },
		{ "attributes", test_attributes },
		{ "what is no file", test_refused_paths },
		CU_TEST_INFO_NULL,
	};

	return suite_add("shim log", tests);
}
