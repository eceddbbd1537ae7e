/*
 * test_logs.c - reading json-file logs: tails, partial lines, rotation.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "logfile.h"
#include "suites.h"

static void append(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0 && !io_write_full(fd, text, strlen(text)));
}

static void append_line(const char *path, int n)
{
	AUTO_FREE char *line = xasprintf(
		"{\"log\":\"line "
		"%d\\n\",\"stream\":\"%s\",\"time\":\"2026-01-02T03:04:%02d.000000001Z\"}\n",
		n, n % 2 ? "stdout" : "stderr", n % 60);

	append(path, line);
}

/* The texts that are there now, one behind the other. */
static char *texts(struct logfile *f)
{
	struct strbuf sb = STRBUF_INIT;
	struct log_entry e;
	struct err err;
	int got;

	while ((got = logfile_next(f, &e, &err)) > 0)
		strbuf_add(&sb, e.text, e.len);
	EXPECT_INT(got, 0);
	return strbuf_steal(&sb);
}

static void tail_is(const char *path, long tail, const char *want)
{
	struct logfile f;
	struct err err;
	char *got;

	EXPECT_INT(logfile_open(&f, path, tail, &err), 0);
	got = texts(&f);
	EXPECT_STR(got, want);
	free(got);
	logfile_close(&f);
}

static void tails(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);

	tail_is(path, -1, ""); /* there is no log yet */
	for (int i = 1; i <= 4; i++)
		append_line(path, i);
	tail_is(path, -1, "line 1\nline 2\nline 3\nline 4\n");
	tail_is(path, 0, "");
	tail_is(path, 1, "line 4\n");
	tail_is(path, 3, "line 2\nline 3\nline 4\n");
	tail_is(path, 4, "line 1\nline 2\nline 3\nline 4\n");
	tail_is(path, 99, "line 1\nline 2\nline 3\nline 4\n");
	tmp_free(dir);
}

static void entries_have_stream_and_time(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct log_entry e;
	struct logfile f;
	struct err err;

	append_line(path, 2);
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0);
	EXPECT_INT(logfile_next(&f, &e, &err), 1);
	EXPECT_INT(e.stream, 2);
	EXPECT_STR(e.time, "2026-01-02T03:04:02.000000001Z");
	EXPECT_INT(e.when.tv_nsec, 1);
	logfile_close(&f);
	tmp_free(dir);
}

static void half_a_line_is_awaited(void)
{
	char *dir = tmp_new(), *got;
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct logfile f;
	struct err err;

	append(path, "{\"log\":\"whole\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:"
		     "05Z\"}\n{\"log\":\"ha");
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0);
	got = texts(&f);
	EXPECT_STR(got, "whole\n");
	free(got);
	append(path, "lf\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}\n");
	got = texts(&f);
	EXPECT_STR(got, "half");
	free(got);
	logfile_close(&f);
	tmp_free(dir);
}

static void broken_lines_are_skipped(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);

	append_line(path, 1);
	append(path, "{\"log\":\n\n{\"stream\":\"stdout\"}\n[]\n");
	append_line(path, 2);
	tail_is(path, -1, "line 1\nline 2\n");
	tmp_free(dir);
}

/* The shorter format, whose text is as it was written. */
static void local_lines(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct log_entry e;
	struct logfile f;
	struct err err;

	append(path, "1767323045.000000006 1F {\"a\": \xff}\n1767323045.5\n1767323046.000000007 2P half\n"
		     "1767323046.000000007 1F \n");
	tail_is(path, -1, "{\"a\": \xff}\nhalf\n");
	tail_is(path, 2, "half\n");
	EXPECT_INT(logfile_open(&f, path, 2, &err), 0);
	EXPECT_INT(logfile_next(&f, &e, &err), 1);
	EXPECT_INT(e.stream, 2);
	EXPECT_STR(e.time, "2026-01-02T03:04:06.000000007Z");
	EXPECT_INT(e.when.tv_sec, 1767323046);
	logfile_close(&f);
	tmp_free(dir);
}

static void attributes_are_read(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct log_entry e;
	struct logfile f;
	struct err err;

	append(path, "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"},"
		     "\"time\":\"2026-01-02T03:04:05Z\"}\n");
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0);
	EXPECT_INT(logfile_next(&f, &e, &err), 1);
	EXPECT_JSON(e.attributes, "{\"a\":\"b\"}");
	logfile_close(&f);
	tmp_free(dir);
}

static void zero_bytes_survive(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct log_entry e;
	struct logfile f;
	struct err err;

	append(path,
	       "{\"log\":\"a\\u0000b\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}\n");
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0);
	EXPECT_INT(logfile_next(&f, &e, &err), 1);
	EXPECT_INT((long long)e.len, 3);
	CU_ASSERT(!memcmp(e.text, "a\0b", 3));
	logfile_close(&f);
	tmp_free(dir);
}

static void rotate(const char *path)
{
	AUTO_FREE char *one = xasprintf("%s.1", path), *two = xasprintf("%s.2", path);

	rename(one, two);
	CU_ASSERT(!rename(path, one));
}

static void rotated_files_are_part_of_it(void)
{
	char *dir = tmp_new();
	AUTO_FREE char *path = xasprintf("%s/log", dir);

	append_line(path, 1);
	append_line(path, 2);
	rotate(path);
	append_line(path, 3);
	rotate(path);
	append_line(path, 4);
	tail_is(path, -1, "line 1\nline 2\nline 3\nline 4\n");
	tail_is(path, 1, "line 4\n");
	tail_is(path, 2, "line 3\nline 4\n");
	tail_is(path, 3, "line 2\nline 3\nline 4\n");
	tail_is(path, 9, "line 1\nline 2\nline 3\nline 4\n");
	tmp_free(dir);
}

/* By gzip(1), which keeps the file's time as the shim does. */
static void pack(const char *path, int n)
{
	AUTO_FREE char *command = xasprintf("gzip -f %s.%d", path, n);

	EXPECT_INT(system(command), 0);
}

static void rotate_and_pack(const char *path, int files)
{
	for (int i = files; i > 1; i--) {
		AUTO_FREE char *from = xasprintf("%s.%d.gz", path, i - 1);
		AUTO_FREE char *to = xasprintf("%s.%d.gz", path, i);

		EXPECT_INT(rename(from, to), 0);
	}
	rotate(path);
	pack(path, 1);
}

static void compressed_files_are_part_of_it(void)
{
	char *dir = tmp_new(), *got;
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct logfile f;
	struct err err;

	append_line(path, 1);
	append_line(path, 2);
	rotate_and_pack(path, 1);
	append_line(path, 3);
	rotate_and_pack(path, 2);
	append_line(path, 4);
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0); /* it reads what is then compressed */
	got = texts(&f);
	EXPECT_STR(got, "line 1\nline 2\nline 3\nline 4\n");
	free(got);
	append_line(path, 5);
	rotate_and_pack(path, 3);
	append_line(path, 6);
	got = texts(&f);
	EXPECT_STR(got, "line 5\nline 6\n");
	free(got);
	logfile_close(&f);
	tail_is(path, -1, "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
	tail_is(path, 3, "line 4\nline 5\nline 6\n");
	tail_is(path, 2, "line 5\nline 6\n");
	tail_is(path, 4, "line 3\nline 4\nline 5\nline 6\n");
	tail_is(path, 6, "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
	tail_is(path, 99, "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
	tmp_free(dir);
}

static void a_reader_follows_through_rotation(void)
{
	char *dir = tmp_new(), *got;
	AUTO_FREE char *path = xasprintf("%s/log", dir);
	struct logfile f;
	struct err err;

	append_line(path, 1);
	EXPECT_INT(logfile_open(&f, path, -1, &err), 0);
	got = texts(&f);
	EXPECT_STR(got, "line 1\n");
	free(got);
	append_line(path, 2); /* written before the first rotation, read after the second */
	rotate(path);
	append_line(path, 3);
	rotate(path);
	append_line(path, 4);
	got = texts(&f);
	EXPECT_STR(got, "line 2\nline 3\nline 4\n");
	free(got);
	logfile_close(&f);
	tmp_free(dir);
}

int suite_logs(void)
{
	static const CU_TestInfo tests[] = {
		{ "tails", tails },
		{ "entries have stream and time", entries_have_stream_and_time },
		{ "half a line is awaited", half_a_line_is_awaited },
		{ "broken lines are skipped", broken_lines_are_skipped },
		{ "zero bytes survive", zero_bytes_survive },
		{ "lines of the local driver", local_lines },
		{ "attributes", attributes_are_read },
		{ "rotated files are part of it", rotated_files_are_part_of_it },
		{ "compressed ones too", compressed_files_are_part_of_it },
		{ "a reader follows through rotation", a_reader_follows_through_rotation },
		CU_TEST_INFO_NULL,
	};

	return suite_add("logs", tests);
}
