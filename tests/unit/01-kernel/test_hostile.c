/*
 * test_hostile.c - what is not as it should be: files of the kernel's in a shape that
 * nobody expects, texts that are none, lists without end. Most were found by tests/fuzz.
 */
#include "suite.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/mman.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/cgroup_private.h"
#include "01-kernel/mountinfo.h"
#include "01-kernel/seccomp.h"

static struct err err;

/* The message of the line that the JSON log has for this one; "" if it is no JSON. */
static const char *logged(const char *message)
{
	static char text[4096];
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_CLOSE int fd = memfd_create("log", MFD_CLOEXEC);
	AUTO_JSON json_t *doc = NULL;

	log_setup("box", fd, LOG_INFO, 1);
	log_error("%s", message);
	log_setup("dockyard", STDERR_FILENO, LOG_INFO, 0);
	lseek(fd, 0, SEEK_SET);
	OK(file_read_fd(fd, &sb, 1 << 16, &err));
	doc = json_loadb(sb.data, sb.len, 0, NULL);
	snprintf(text, sizeof text, "%s", jsonx_str(doc, "msg", ""));
	return text;
}

/* U+FFFD for each byte that is no UTF-8, as everybody does (RFC 3629, section 3; the
 * Unicode Standard's table 3-7 of well-formed sequences). */
static void log_of_bytes(void)
{
	static const struct { const char *bytes, *text; } cases[] = {
		{ "plain \303\251 \342\202\254 \360\237\230\200", "plain \303\251 \342\202\254 \360\237\230\200" },
		{ "a\377b", "a\357\277\275b" },
		{ "cut \342\202", "cut \357\277\275\357\277\275" },
		{ "\300\200", "\357\277\275\357\277\275" },                 /* NUL, too long */
		{ "\355\240\200", "\357\277\275\357\277\275\357\277\275" }, /* a surrogate */
		{ "\364\220\200\200", "\357\277\275\357\277\275\357\277\275\357\277\275" },
		{ "\"\\\n\t\033[31m\177", "\"\\\n\t\033[31m\177" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = logged(cases[i].bytes);

		if (strcmp(got, cases[i].text))
			fprintf(stderr, "\n%zu: expected '%s', got '%s'\n", i, cases[i].text, got);
		CU_ASSERT_STRING_EQUAL(got, cases[i].text);
	}
}

/* An error has a fixed size, and is cut wherever that is reached. */
static void log_of_long_errors(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	for (int i = 0; i < 2000; i++)
		strbuf_adds(&sb, "\342\202\254");
	for (int shift = 0; shift < 3; shift++) {
		err_set(&err, ERR_INVALID, "%.*s%s", shift, "xyz", sb.data);
		CU_ASSERT(strlen(logged(err.msg)) > 2000);
	}
}

/* Read as far as it is a list of numbers, and no further: this used to read on for ever. */
static void odd_cgroup_files(void)
{
	const char *dir = scratch();
	struct kern_cgroup group = {
		.path = "/x", .dir_fd = -1,
		.layout = { .version = KERN_CGROUP_V2, .n = 1,
			    .h = { { .dir = (char *)dir, .mount = (char *)dir, .controllers = "",
				     .v2 = true } } },
	};
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	write_file(dir, "cgroup.procs", "7\n0\n99999999999\n8\nmax\n9\n");
	OK(kern_cgroup_pids(&group, &pids, &n, &err));
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT(pids[0] == 7 && pids[1] == 8);
	write_file(dir, "cgroup.procs", "");
	free(pids);
	OK(kern_cgroup_pids(&group, &pids, &n, &err));
	CU_ASSERT_EQUAL(n, 0);
}

static void odd_mount_tables(void)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };

	kern_mount_table_parse(&t, xstrdup(
		"\n - \n1 2 3 4 5 6 - \n1 2 3 4 5 - a b c\nno dash at all\n"
		"36 35 98:0 /m\\0401 /mnt\\1342\\9 rw,noatime shared:1 master:2 - ext3 /dev/root rw,x\n"
		"37 35 0:5 / /empty\\040source rw - tmpfs  rw,size=1k"));
	CU_ASSERT_EQUAL_FATAL(t.n, 2);
	CU_ASSERT_STRING_EQUAL(t.v[0].root, "/m 1");
	CU_ASSERT_STRING_EQUAL(t.v[0].target, "/mnt\\2\\9");
	CU_ASSERT_STRING_EQUAL(t.v[0].tags, "shared:1 master:2");
	CU_ASSERT_STRING_EQUAL(t.v[0].super, "rw,x");
	CU_ASSERT_STRING_EQUAL(t.v[1].target, "/empty source");
	CU_ASSERT_STRING_EQUAL(t.v[1].source, "");
	CU_ASSERT_STRING_EQUAL(t.v[1].super, "rw,size=1k");
	CU_ASSERT_STRING_EQUAL(t.v[1].tags, "");
}

/* The kernel counts a filter's instructions in 16 bits: one with 65537 would be loaded
 * as its first, which here is to kill. */
static void load_too_long(void *arg)
{
	const size_t n = 65537;
	AUTO_FREE struct sock_filter *bpf = xcalloc(n, sizeof *bpf);

	(void)arg;
	for (size_t i = 0; i < n; i++)
		bpf[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0 /* SECCOMP_RET_KILL */);
	MUST(kern_seccomp_load(bpf, n, 0, &child));
	MUST(child.kind == ERR_INVALID);
}

static void filters_without_end(void)
{
	struct kern_seccomp *s = kern_seccomp_new("SCMP_ACT_ALLOW", -1, &err);
	int failed = 0, rules = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	for (; !failed && rules < 100000; rules++)
		failed = kern_seccomp_rule(s, "chmod", "SCMP_ACT_ERRNO", 1, NULL, 0, &err);
	kern_seccomp_free(s);
	CU_ASSERT(failed && err.kind == ERR_INVALID && strstr(err.msg, "rules"));
	CU_ASSERT(rules > 4096); /* as many as there can be instructions */
	CU_ASSERT_EQUAL(in_child(load_too_long, NULL), 0);
}

const struct test hostile_tests[] = {
	{ "the JSON log is JSON, whatever it is told", log_of_bytes },
	{ "an error that is cut is still JSON", log_of_long_errors },
	{ "cgroup.procs that holds no numbers", odd_cgroup_files },
	{ "mount tables that are none", odd_mount_tables },
	{ "seccomp filters without end", filters_without_end },
	{ NULL, NULL },
};
