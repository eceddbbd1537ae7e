/*
 * test_trace.c - traces (01-kernel/base/trace.h): the traceparents are those of the specification's own
 * text and of its test suite (https://github.com/w3c/trace-context/blob/main/test/test.py).
 */
#include "suite.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/trace.h"
#include "01-kernel/mount.h"
#include "01-kernel/ns.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
static const struct trace_context none;

/* The tests of one process share what it keeps. Each takes another trace. */
static void enter(const char *text)
{
	struct trace_context at;

	CU_ASSERT_TRUE(trace_parse(text, &at));
	trace_keep();
	trace_switch(at);
}

static void traceparents(void)
{
	static const struct {
		const char *text;
		bool good;
	} samples[] = {
		{ PARENT, true },
		{ "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false }, /* not sampled */
		{ "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", true },
		{ "cc-12345678901234567890123456789012-1234567890123456-01", true },
		{ "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", true },
		{ "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-not", false },
		{ "ff-12345678901234567890123456789012-1234567890123456-01", false },
		{ "00-12345678901234567890123456789012-1234567890123456-01-what", false },
		{ ".0-12345678901234567890123456789012-1234567890123456-01", false },
		{ "00-00000000000000000000000000000000-1234567890123456-01", false },
		{ "00-12345678901234567890123456789012-0000000000000000-01", false },
		{ "00-1234567890123456789012345678901.-1234567890123456-01", false },
		{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false },
		{ "00-12345678901234567890123456789012-1234567890123456-1", false },
		{ "00-12345678901234567890123456789012-1234567890123456", false },
		{ "", false }, { NULL, false },
	};
	struct trace_context at;
	char text[TRACE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		if (trace_parse(samples[i].text, &at) != samples[i].good)
			CU_FAIL(samples[i].text);
	CU_ASSERT_TRUE(trace_parse(PARENT, &at));
	trace_switch(at);
	CU_ASSERT_STRING_EQUAL(trace_text(text), PARENT);
	trace_switch(none);
	CU_ASSERT_STRING_EQUAL(trace_text(text), "");
}

/* Neither memory nor a file: what a span costs when nobody asked is two comparisons. */
static void off(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct err err;

	for (int i = 0; i < 1000; i++) {
		struct trace_span span = trace_begin(), call = trace_call_begin();

		CU_ASSERT_EQUAL(span.start_ns, 0); /* the clock was not read */
		trace_call_end(&call, 0, "mount(%d)", i);
		trace_end(&span, "span %d", i);
	}
	after = mallinfo2();
	CU_ASSERT_EQUAL(before.uordblks, after.uordblks);
	kern_mount_detach("/nonexistent", &err);
	CU_ASSERT_FALSE(trace_active());
}

static int64_t microseconds(const char *line, int field)
{
	while (field--)
		line = strchr(line, '\t') + 1;
	return strtoll(line, NULL, 10);
}

static void a_tree(void)
{
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT, again = STRBUF_INIT;
	char want[200], outer_id[TRACE_TEXT_SIZE], inner_id[TRACE_TEXT_SIZE];
	uint64_t id[2];

	enter("00-10000000000000000000000000000001-00f067aa0ba902b7-01");
	trace_setup("unit");
	struct trace_span outer = trace_begin();
	trace_text(outer_id);
	struct trace_span inner = trace_begin();
	trace_text(inner_id);
	trace_end(&inner, "the\tinner\none");
	struct trace_span sibling = trace_begin();
	trace_end(&sibling, "beside \xff");
	trace_end(&outer, "outer");
	CU_ASSERT_TRUE(trace_id_parse("10000000000000000000000000000001", id));
	trace_collect(id, 0, &lines);
	trace_switch(none);

	/* In the order in which they ended, each under what was open when it began. */
	snprintf(want, sizeof want, "\tunit\tthe inner\\none\t10000000000000000000000000000001\t%.16s\t%.16s\t%d\t%d\n",
		 inner_id + 36, outer_id + 36, (int)getpid(), (int)gettid());
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, want));
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, "\tbeside ?\t"));
	snprintf(want, sizeof want, "\touter\t10000000000000000000000000000001\t%.16s\t00f067aa0ba902b7\t", outer_id + 36);
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, want));
	CU_ASSERT(microseconds(lines.data, 0) > INT64_C(1600000000000000));
	CU_ASSERT(microseconds(lines.data, 1) < 10000000);
	trace_collect((uint64_t[2]){ 1, 2 }, 0, &again);
	CU_ASSERT_EQUAL(again.len, 0); /* another trace's reader gets nothing */
}

static void *in_thread(void *arg)
{
	struct trace_span span = trace_begin();

	trace_end(&span, "%s", (const char *)arg);
	return NULL;
}

static void threads(void)
{
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	pthread_t t[2];

	enter("00-10000000000000000000000000000002-00f067aa0ba902b7-01");
	trace_thread(&t[0], NULL, in_thread, (void *)"goes along");
	pthread_create(&t[1], NULL, in_thread, (void *)"does not");
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	trace_take(&lines);
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, "goes along"));
	CU_ASSERT_PTR_NULL(strstr(lines.data, "does not"));
	strbuf_clear(&lines);
	trace_take(&lines);
	CU_ASSERT_EQUAL(lines.len, 0); /* taken is forgotten */
	trace_switch(none);
}

/* A megabyte of a trace, and eight traces; strangers may send what they like. */
static void bounds(void)
{
	AUTO_FREE char *long_name = xmalloc(5000);
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	struct trace_context at = { .trace = { 3, 0 }, .span = 1 };

	memset(long_name, 'x', 4999);
	long_name[4999] = '\0';
	for (int t = 1; t <= 20; t++) {
		at.trace[1] = (uint64_t)t;
		trace_switch(at);
		for (int i = 0; i < 2000; i++) {
			struct trace_span span = trace_begin();

			trace_end(&span, "%s", long_name);
		}
	}
	trace_collect(at.trace, 0, &lines);
	CU_ASSERT(lines.len > 900000 && lines.len <= 1 << 20);
	CU_ASSERT_EQUAL(lines.data[lines.len - 1], '\n');
	strbuf_clear(&lines);
	at.trace[1] = 13;
	trace_collect(at.trace, 0, &lines);
	CU_ASSERT(lines.len > 900000);
	strbuf_clear(&lines);
	at.trace[1] = 12;
	trace_collect(at.trace, 0, &lines);
	CU_ASSERT_EQUAL(lines.len, 0);
	trace_switch(none);
}

static void imported(void)
{
	static const char lines_in[] =
		"1\t2\tshim\tours\t" TRACE "\t00f067aa0ba902b7\t00f067aa0ba902b8\t7\t7\n"
		"1\t2\tshim\tanother's\t10000000000000000000000000000001\t00f067aa0ba902b7\t0\t7\t7\n"
		"no line\n"
		"\n"
		"1\t2\tshim\tunfinished\t" TRACE "\t00f067aa0ba902b7";
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;

	enter(PARENT);
	trace_import(lines_in, sizeof lines_in - 1);
	trace_take(&lines);
	CU_ASSERT_STRING_EQUAL(lines.data, "1\t2\tshim\tours\t" TRACE "\t00f067aa0ba902b7\t00f067aa0ba902b8\t7\t7\n");
	trace_switch(none);
}

/* As the runtime: told by the environment, with a child in a namespace of its own, to a file. */
static void joined_program(void *arg)
{
	struct err err;
	pid_t pid;

	setenv("TRACEPARENT", PARENT, 1);
	setenv("DOCKYARD_TRACE", arg, 1);
	trace_setup("program");
	trace_join();
	MUST(trace_active());
	struct trace_span span = trace_begin();
	pid = kern_ns_clone(&(struct kern_clone){ .flags = CLONE_NEWPID | CLONE_NEWNS, .cgroup_fd = -1 }, &err);
	MUST(pid >= 0);
	if (!pid) {
		kern_mount_propagation("/", MS_PRIVATE | MS_REC, &err);
		trace_stop();
		kern_mount_propagation("/", MS_SLAVE | MS_REC, &err);
		_exit(trace_active());
	}
	MUST(waitpid(pid, NULL, 0) == pid);
	trace_end(&span, "all of it");
	trace_write();
}

static void joined(void)
{
	AUTO_FREE char *file = xasprintf("%s/spans", scratch());
	AUTO_STRBUF struct strbuf lines = STRBUF_INIT;
	struct err err;

	CU_ASSERT_EQUAL(in_child(joined_program, file), 0);
	CU_ASSERT_EQUAL(file_read(AT_FDCWD, file, &lines, 1 << 20, &err), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, "\tkernel\tclone3(CLONE_NEWNS|CLONE_NEWPID) = "));
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, "\tkernel\tmount(NULL, /, NULL, MS_REC|MS_PRIVATE, NULL)\t" TRACE "\t"));
	CU_ASSERT_PTR_NULL(strstr(lines.data, "MS_SLAVE")); /* after trace_stop */
	CU_ASSERT_PTR_NOT_NULL(strstr(lines.data, "\tprogram\tall of it\t" TRACE "\t"));
}

const struct test trace_tests[] = {
	{ "traceparent is read as its specification says", traceparents },
	{ "nothing is recorded when nobody asked", off },
	{ "spans are under those that were open", a_tree },
	{ "a thread goes on with the trace, if it is told to", threads },
	{ "what is kept has an end", bounds },
	{ "only lines of the trace are imported", imported },
	{ "a program joins the trace of its environment, with its child", joined },
	{ NULL, NULL },
};
