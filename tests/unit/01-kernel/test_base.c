/*
 * test_base.c - errors, strings, files, JSON, the trace (01-kernel/base).
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/spawn.h"
#include "01-kernel/base/words.h"

/* What a terminal would obey is shown; text in any language is left alone. */
static void plain_text(void)
{
	static const char *const samples[][2] = {
		{ "a\nb\tc", "a\nb\tc" }, { "\033]0;x\a", "\\x1b]0;x\\x07" }, { "a\rb\177", "a\\x0db\\x7f" },
		{ "\xc2\x9b" "2J", "\\u009b2J" }, { "\x9b" "2J", "\\x9b2J" }, { "\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\xb3", "\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\xb3" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
		strbuf_add_plain(&sb, samples[i][0], "\n\t");
		CU_ASSERT_STRING_EQUAL(sb.data, samples[i][1]);
	}
}

static void errors(void)
{
	struct err err = { 0 };
	AUTO_FREE char *wide = xasprintf("%05000d", 1);

	errno = ENOENT;
	CU_ASSERT_EQUAL(err_sys(&err, "open %s", "x"), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(err.errnum, ENOENT);
	CU_ASSERT_STRING_EQUAL(err.msg, "open x: No such file or directory");
	err_wrap(&err, "start %d", 7);
	CU_ASSERT_STRING_EQUAL(err.msg, "start 7: open x: No such file or directory");
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	/* The beginning survives, whatever is put in front or set. */
	err_set(&err, ERR_INVALID, "%s", wide);
	CU_ASSERT_EQUAL(strlen(err.msg), sizeof err.msg - 1);
	err_wrap(&err, "front");
	CU_ASSERT(str_starts(err.msg, "front: 0000") && strlen(err.msg) == sizeof err.msg - 1);
	err_wrap(&err, "%s", wide);
	CU_ASSERT(str_starts(err.msg, "front: "));
	CU_ASSERT(sizeof err <= 4096); /* PIPE_BUF: one atomic write */
	for (int k = 0; k < ERR_KINDS; k++)
		CU_ASSERT_EQUAL((int)err_kind_parse(err_kind_name((enum err_kind)k)), k);
	CU_ASSERT_EQUAL(err_kind_parse("whatever"), ERR_SYSTEM);
}

static void strings(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_STRLIST struct strlist l = STRLIST_INIT;
	AUTO_FREE char *empty = strbuf_steal(&sb);

	CU_ASSERT_STRING_EQUAL(empty, "");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&sb, "%d,", i % 10);
	CU_ASSERT_EQUAL(sb.len, 2000);
	CU_ASSERT_EQUAL(sb.data[sb.len], '\0');
	strbuf_clear(&sb);
	CU_ASSERT_STRING_EQUAL(sb.data, "");
	for (int i = 0; i < 20; i++)
		strlist_addf(&l, "%d", i);
	CU_ASSERT(l.n == 20 && !l.v[20] && !strcmp(l.v[19], "19"));
	CU_ASSERT(str_starts("abc", "ab") && !str_starts("a", "ab"));
	CU_ASSERT(str_ends("abc", "bc") && !str_ends("c", "bc") && str_ends("x", ""));
}

static void among_words(void)
{
	static const char *const words[] = { "a", "bc", "", NULL }, *const none[] = { NULL };
	AUTO_JSON json_t *list = json_pack("[i, n, s, [s]]", 1, "bc", "in");

	CU_ASSERT(words_have(words, "a") && words_have(words, "bc") && words_have(words, ""));
	CU_ASSERT(!words_have(words, "b") && !words_have(words, "bcd") && !words_have(words, "A") && !words_have(none, ""));
	CU_ASSERT(words_json_have(list, "bc") && !words_json_have(list, "b") && !words_json_have(list, "in"));
	CU_ASSERT(!words_json_have(NULL, ""));
	words_split(",x,,y z,", list);
	CU_ASSERT_EQUAL(json_array_size(list), 6);
	CU_ASSERT(words_json_have(list, "x") && words_json_have(list, "y z"));
}

static void whole_files(void)
{
	const char *dir = scratch();
	AUTO_FREE char *path = xasprintf("%s/doc", dir);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;
	struct stat st;

	OK(file_write_atomic(AT_FDCWD, path, "first", 5, 0640, &err));
	OK(file_write_atomic(AT_FDCWD, path, "second", 6, 0640, &err));
	CU_ASSERT(file_is(dir, "doc", "second"));
	CU_ASSERT(!stat(path, &st) && (st.st_mode & 0777) == 0640);
	OK(file_read(AT_FDCWD, path, &sb, 6, &err));
	FAILS(file_read(AT_FDCWD, path, &sb, 5, &err), ERR_INVALID, "larger than 5");
	FAILS(file_read(AT_FDCWD, dir, &sb, 5, &err), ERR_SYSTEM, "directory");
	FAILS(file_write_atomic(AT_FDCWD, "/proc/none/x", "", 0, 0600, &err), ERR_NOT_FOUND, "/proc/none/x");
	CU_ASSERT_EQUAL(rmdir(dir), -1);
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(dir), 0); /* no temporary was left beside it */
	mkdir(dir, 0755);
}

static void trees(void)
{
	const char *dir = scratch(), *outside = scratch();
	AUTO_FREE char *deep = xasprintf("%s/t/a/b/c", dir);
	AUTO_FREE char *link = xasprintf("%s/t/link", dir);
	AUTO_FREE char *tree = xasprintf("%s/t", dir);
	AUTO_FREE char *file = xasprintf("%s/keep", outside);
	struct err err;

	OK(file_mkdir_p(deep, 0755, &err));
	OK(file_mkdir_p(deep, 0755, &err));
	write_file(outside, "keep", "kept");
	CU_ASSERT(!symlink(outside, link));
	FAILS(file_mkdir_p(file, 0755, &err), ERR_SYSTEM, "Not a directory");

	/* A mount in the tree is an error, not a victim: bind mounts have the same
	 * st_dev, so this is the case that comparing it would miss. */
	CU_ASSERT(!mount(outside, deep, NULL, MS_BIND, NULL));
	FAILS(file_remove_tree(AT_FDCWD, tree, &err), ERR_CONFLICT, "mount point");
	CU_ASSERT(file_is(outside, "keep", "kept"));
	CU_ASSERT(!umount2(deep, MNT_DETACH));
	OK(file_remove_tree(AT_FDCWD, tree, &err));
	CU_ASSERT(access(tree, F_OK) < 0 && file_is(outside, "keep", "kept"));
	OK(file_remove_tree(AT_FDCWD, tree, &err));
}

/* Deeper than there are descriptors, and with a name that the flattening wants. */
static void remove_deep(void *arg)
{
	const struct rlimit few = { 128, 128 };
	AUTO_FREE char *tree = xasprintf("%s/deep/", (char *)arg);
	struct err err;

	MUST(!mkdir(tree, 0755) && !chdir(tree) && !mkdir(".deep.0", 0755));
	for (int i = 0; i < 3000; i++)
		MUST(!mkdir("directory", 0755) && !chdir("directory"));
	MUST(!chdir("/") && !setrlimit(RLIMIT_NOFILE, &few));
	MUST_OK(file_remove_tree(AT_FDCWD, tree, &child));
	MUST(access(tree, F_OK) < 0);
	MUST(file_remove_tree(AT_FDCWD, "//", &err) < 0 && err.kind == ERR_INVALID);
}

static void deep_trees(void)
{
	CU_ASSERT_EQUAL(in_child(remove_deep, (void *)scratch()), 0);
}

/* A message with a newline in it must not look like two. */
static void log_lines(void)
{
	char text[256] = "";
	int p[2];

	CU_ASSERT_FATAL(!pipe2(p, O_CLOEXEC));
	log_setup("box", p[1], LOG_INFO, 0);
	log_info("a\n2026 error box: forged");
	log_debug("not shown");
	log_setup("box", p[1], LOG_INFO, 1);
	log_error("say \"x\\\n");
	log_setup("box", p[1], LOG_INFO, LOG_LOGFMT);
	log_warn("say \"y\\\n");
	log_setup("dockyard", STDERR_FILENO, LOG_INFO, 0);
	close(p[1]);
	CU_ASSERT(read(p[0], text, sizeof text - 1) > 0);
	CU_ASSERT(strstr(text, " info box: a\\n2026 error box: forged\n") != NULL);
	CU_ASSERT(strstr(text, "{\"level\":\"error\",\"msg\":\"say \\\"x\\\\\\u000a\",\"time\":\"20") != NULL);
	CU_ASSERT(strstr(text, "Z\" level=warning msg=\"say \\\"y\\\\\\n\"\n") != NULL);
	close(p[0]);
}

static void take_lock(void *arg)
{
	struct err err;

	MUST(file_lock_dir(arg, &err) < 0 && err.kind == ERR_CONFLICT);
}

static void locks(void)
{
	const char *dir = scratch();
	struct err err;
	int fd = file_lock_dir(dir, &err);

	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(in_child(take_lock, (void *)dir), 0);
	close(fd);
	fd = file_lock_dir(dir, &err);
	CU_ASSERT(fd >= 0);
	close(fd);
}

static void json(void)
{
	static const char text[] = "{\"a\":{\"b\":[1],\"s\":\"x\",\"n\":null,\"t\":true},\"i\":7}";
	struct err err;
	AUTO_JSON json_t *doc = jsonx_parse(text, strlen(text), "doc", &err);
	json_t *found = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
	CU_ASSERT(json_is_array(jsonx_at(doc, "a.b")));
	CU_ASSERT_PTR_NULL(jsonx_at(doc, "a.b.c"));
	CU_ASSERT_STRING_EQUAL(jsonx_str(jsonx_at(doc, "a"), "s", "no"), "x");
	CU_ASSERT_STRING_EQUAL(jsonx_str(doc, "i", "no"), "no");
	CU_ASSERT_EQUAL(jsonx_int(doc, "i", 0), 7);
	CU_ASSERT(jsonx_bool(jsonx_at(doc, "a"), "t", false));
	OK(jsonx_want(jsonx_at(doc, "a"), "doc.a", "s", JSON_STRING, &found, &err));
	OK(jsonx_want(jsonx_at(doc, "a"), "doc.a", "n", JSON_STRING, &found, &err));
	CU_ASSERT_PTR_NULL(found);
	FAILS(jsonx_want(doc, "doc", "i", JSON_STRING, &found, &err), ERR_INVALID, "doc.i: expected a string");
	FAILS(!jsonx_parse("{\"a\":1,\"a\":2}", 13, "doc", &err), ERR_INVALID, "doc");
	FAILS(!jsonx_parse("{} x", 4, "doc", &err), ERR_INVALID, "doc");
}

static void optional_json(void)
{
	static const char *const nothing[] = { "", "null", " null\n", "{}" }, *const wrong[] = { "[]", "7", "nul", " ", "\"\"" };
	struct err err;

	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		AUTO_JSON json_t *doc = jsonx_parse_optional(nothing[i], strlen(nothing[i]), JSON_OBJECT, "doc", &err);

		CU_ASSERT(json_is_object(doc) && !json_object_size(doc));
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		FAILS(!jsonx_parse_optional(wrong[i], strlen(wrong[i]), JSON_OBJECT, "doc", &err), ERR_INVALID, "doc: ");
	FAILS(!jsonx_parse_optional("{}", 2, JSON_ARRAY, "doc", &err), ERR_INVALID, "doc: expected an array");
	AUTO_JSON json_t *list = jsonx_parse_optional("null", 4, JSON_ARRAY, "doc", &err);
	CU_ASSERT(json_is_array(list));
}

static void times(void)
{
	const struct timespec when = { .tv_sec = 1767323045, .tv_nsec = 6 };
	char text[TIME_TEXT_SIZE];

	CU_ASSERT_STRING_EQUAL(time_text(&when, text), "2026-01-02T03:04:05.000000006Z");
	/* Every 11 days and a bit from the year 1700 to 2500, as the C library sees them. */
	for (int64_t t = -8520336000; t < 16725225600; t += 11 * 86400 + 4711) {
		const struct timespec at = { .tv_sec = t };
		char want[TIME_TEXT_SIZE];
		time_t seconds = t;
		struct tm tm;

		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000000000Z", gmtime_r(&seconds, &tm));
		if (strcmp(time_text(&at, text), want)) {
			fprintf(stderr, "\nexpected %s, got %s\n", want, text);
			CU_FAIL("a date");
			break;
		}
	}
}

static void programs(void)
{
	char *look[] = { (char *)"sh", (char *)"-c", (char *)"grep -E '^Sig(Blk|Ign)' /proc/self/status; cat", NULL };
	char *none[] = { (char *)"/no/such/program", NULL };
	AUTO_STRBUF struct strbuf said = STRBUF_INIT;
	unsigned long long blk, ign;
	sigset_t blocked, before;
	int ends[2], status, end = 0;
	struct err err;
	pid_t pid;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGUSR2, SIG_IGN);
	CU_ASSERT_FATAL(!pipe2(ends, O_CLOEXEC));
	OK(spawn_program(look, NULL, (int[3]){ -1, ends[1], -1 }, true, &pid, &err));
	close(ends[1]);
	OK(file_read_fd(ends[0], &said, 4096, &err));
	close(ends[0]);
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	/* Neither what is blocked nor what is ignored is handed down; and there was nothing to read. (The C
	 * library does not let go of its own two signals, which whoever started us may ignore.) */
	CU_ASSERT_FATAL(sscanf(said.data, "SigBlk: %llx SigIgn: %llx%n", &blk, &ign, &end) == 2);
	CU_ASSERT(!blk && !(ign & 1ull << (SIGUSR2 - 1)) && !strcmp(said.data + end, "\n"));
	FAILS(spawn_program(none, NULL, (int[3]){ -1, -1, -1 }, false, &pid, &err), ERR_NOT_FOUND,
	      "run /no/such/program");
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* RFC 4648, section 10, and RFC 7515, appendices A.1 and C. */
static void base64(void)
{
	static const char *const rows[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd?", "//79Pw==" },
	};
	static const char *const others[][2] = { { "\xff\xfe\xfd?", "__79Pw" }, { "f", "Zg" }, { "\x03\xec\xff\xe0\xc1", "A-z_4ME" } };
	static const char *const bad[] = { "Z", "Zg=a", "Z g=", "Zg\n=", "Zm9v!" };
	AUTO_FREE char *url = base64_encode_url("\xff\xfe\xfd?", 4);
	size_t n;

	CU_ASSERT_STRING_EQUAL(url, "__79Pw==");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_FREE char *code = base64_encode(rows[i][0], strlen(rows[i][0]));
		AUTO_FREE char *back = base64_decode(code, strlen(code), &n);

		CU_ASSERT_STRING_EQUAL(code, rows[i][1]);
		CU_ASSERT(back && n == strlen(rows[i][0]) && !strcmp(back, rows[i][0]));
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		AUTO_FREE char *back = base64_decode(others[i][1], strlen(others[i][1]), &n);

		CU_ASSERT(back && !strcmp(back, others[i][0]));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_PTR_NULL(base64_decode(bad[i], strlen(bad[i]), &n));
}

const struct test base_tests[] = {
	{ "errors keep their kind and their beginning", errors },
	{ "text that would steer a terminal", plain_text },
	{ "strings and lists grow", strings },
	{ "words: one of a table's or of a list's, and with commas between them", among_words },
	{ "files are replaced whole", whole_files },
	{ "trees are removed, links and mounts are not followed", trees },
	{ "a tree deeper than there are descriptors", deep_trees },
	{ "a log line stays one line", log_lines },
	{ "a directory has one owner", locks },
	{ "JSON: types are checked, duplicates refused", json },
	{ "JSON that may be left out: nothing and null are an empty one", optional_json },
	{ "another program gets its streams and no signal settings", programs },
	{ "base64", base64 },
	{ "times as RFC 3339 has them", times },
	{ NULL, NULL },
};
