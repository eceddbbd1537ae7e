/*
 * hostile_test.c - inputs of an attacker who writes config.json, the image, or what
 * lies beside the containers' states. Each works or gets one error, in one line, and
 * nothing is left of it. What is tried here by hand tests/fuzz tries by the million.
 */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "02-runc/config.h"
#include "02-runc/sync.h"

/* The command failed with this status and said so in one line that has `words`, and in
 * which nothing could end the line or command a terminal. */
#define ONE_ERROR(r, status, words) one_error(r, status, words, __LINE__)
static void one_error(struct result r, int status, const char *words, int line)
{
	size_t lines = 0, controls = 0;

	for (const char *p = r.err; *p; p++) {
		lines += *p == '\n';
		controls += (unsigned char)*p < 0x20 && *p != '\n' && *p != '\t';
	}
	if (lines != 1 || controls || !str_starts(r.err, "runc"))
		fprintf(stderr, "\nline %d: expected one line, got '%s'\n", line, r.err);
	CU_ASSERT(lines == 1 && !controls && str_starts(r.err, "runc"));
	EQ_STR(r.out, "");
	fails(r, status, words, __FILE__, line);
}

/* A bundle whose config.json is this text; its directory. */
static const char *raw_bundle(const char *text)
{
	static char dir[96];

	snprintf(dir, sizeof dir, "%s/raw", test_dir);
	mkdir(dir, 0755);
	write_file(dir, "config.json", text);
	return dir;
}

/* A valid configuration with this text in place of the value of process.x. */
static char *with(const char *x)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *text = NULL;
	char *at;

	set(config, "process.x", "'@'");
	text = jsonx_text(config);
	at = strstr(text, "\"@\"");
	return xasprintf("%.*s%s%s", (int)(at - text), text, x, at + 3);
}

/* ---- documents ---- */

static const char *const no_json[] = {
	"\"\\u0000\"", "{\"a\\u0000b\": 1}", /* the end of a string to everybody else */
	"\"\377\"", "\"\303\"", "\"\355\240\200\"", "\"\300\200\"", "\"\\ud800\"", /* no UTF-8, half a pair */
	"\"a\nb\"", "{\"a\": 1, \"a\": 2}", "{\"a\": 1, \"\\u0061\": 2}", /* the same name twice */
	"1e999", "-9223372036854775809", "-18446744073709551615", "00000000000000000000001",
	"0x7fffffffffffffffffff", "+1", "NaN", "1.", "[1,]", "'a'", "\"", "\"\\", "/* */ 1",
};

static const char *const no_documents[] = { "", " ", "null", "{} {}", "\357\273\277{}", "[", "{\"a\"" };

static void broken_texts(void)
{
	for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++) {
		AUTO_FREE char *text = with(no_json[i]);

		ONE_ERROR(runc("create", "-b", raw_bundle(text), new_id(), NULL), 1,
			  "raw/config.json: line ");
		NOTHING_LEFT();
	}
	for (size_t i = 0; i < sizeof no_documents / sizeof *no_documents; i++)
		ONE_ERROR(runc("create", "-b", raw_bundle(no_documents[i]), new_id(), NULL), 1,
			  "raw/config.json: line ");
	ONE_ERROR(runc("create", "-b", raw_bundle("[1]"), new_id(), NULL), 1, "expected an object");
}

static const char *const harmless[] = {
	"-0", "0.1234567890123456789012345", "12345678901234567890.5", "1e00000000000000000000001",
	"18446744073709551616", "99999999999999999999999999999999999999",
	"\"\\\\\\\"18446744073709551616\"", "\"\\ud83d\\ude00\"", "\"%s%n%1$*2$d\"", "\"\\u001b[31m\"",
};

/* Of a property that we do not know any value will do. */
static void odd_but_valid_texts(void)
{
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
		AUTO_FREE char *text = with(harmless[i]);

		PRINTS(runc("run", "-b", raw_bundle(text), new_id(), NULL), "");
		NOTHING_LEFT();
	}
}

/* jansson's own reading is left alone where it has one; the rest becomes digits. */
static void numbers(void)
{
	static const struct { const char *text, *read; } cases[] = {
		{ "[9223372036854775807]", "[9223372036854775807]" },
		{ "[9223372036854775808]", "[\"9223372036854775808\"]" },
		{ "[18446744073709551615 ]", "[\"18446744073709551615\"]" },
		{ "[1.00000000000000000000]", "[1.0]" }, { "[10000000000000000000.0]", "[1e19]" },
		{ "[1e0000000000000000000001]", "[10.0]" }, { "[-9223372036854775808]", "[-9223372036854775808]" },
		{ "{\"9223372036854775808\":9223372036854775808}",
		  "{\"9223372036854775808\":\"9223372036854775808\"}" },
		{ "[\"\\\"9223372036854775808\"]", "[\"\\\"9223372036854775808\"]" },
		{ "[\"\\\\\",9223372036854775808]", "[\"\\\\\",\"9223372036854775808\"]" },
	};
	AUTO_FREE char *path = xasprintf("%s/numbers", test_dir);
	struct err err = { .msg = "" };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_JSON json_t *want = json_loads(cases[i].read, 0, NULL), *got = NULL;

		write_file(test_dir, "numbers", cases[i].text);
		got = runc_config_read(AT_FDCWD, path, &err);
		if (!got || !json_equal(got, want))
			fprintf(stderr, "\n%s: %s\n", cases[i].text, err.msg);
		CU_ASSERT(got && want && json_equal(got, want));
	}
}

static const struct { const char *path, *value, *complaint; } wrong_numbers[] = {
	{ "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': '-0000000000000000000001'}]", "2^64-1" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': '18446744073709551616'}]", "2^64-1" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': -1}]", "2^64-1" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 1.0}]", "2^64-1" },
	{ "process.user.uid", "4294967296", "process.user.uid" },
	{ "process.user.uid", "-1", "process.user.uid" },
	{ "process.user.additionalGids", "[4294967295]", "process.user.additionalGids[0]" },
	{ "process.oomScoreAdj", "9223372036854775807", "process.oomScoreAdj" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'c', 'major': 4294967296, 'minor': 0}]", "linux.devices[0].major" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'c', 'major': 1, 'minor': 3, 'fileMode': -1}]", "linux.devices[0].fileMode" },
	{ "linux.resources.memory", "{'limit': -2}", "linux.resources.memory.limit" },
	{ "hooks", "{'poststop': [{'path': '/x', 'timeout': 9223372036854775807}]}", "hooks.poststop[0].timeout" },
};

static void numbers_out_of_range(void)
{
	for (size_t i = 0; i < sizeof wrong_numbers / sizeof *wrong_numbers; i++) {
		AUTO_JSON json_t *config = spec();

		set(config, wrong_numbers[i].path, "%s", wrong_numbers[i].value);
		ONE_ERROR(runc("create", "-b", bundle(config), new_id(), NULL), 1,
			  wrong_numbers[i].complaint);
	}
	NOTHING_LEFT();
}

/* ---- size ---- */

/* A text of `size` bytes: head, then item again and again with commas, then tail. */
static char *fill(size_t size, const char *head, const char *item, const char *tail)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, head);
	while (sb.len + strlen(item) + strlen(tail) + 2 < size)
		strbuf_addf(&sb, "%s,", item);
	strbuf_addf(&sb, "%s%s", item, tail);
	return strbuf_steal(&sb);
}

static const struct { const char *head, *item, *tail; } floods[] = {
	{ "[", "{}", "]" }, { "[", "[]", "]" }, { "[", "1", "]" }, { "[", "\"\"", "]" },
	{ "{\"a\":[", "{\"destination\":\"/a\"}", "]}" }, { "", "[[[[", "" }, { "", "{\"a\":{\"a\":[", "" },
};

#ifdef __SANITIZE_ADDRESS__ /* which has much of its own */
#define MOST_KB (1 << 20)
#else
#define MOST_KB (256 << 10)
#endif

/* A tree of 16 MiB of "{}," would be 1.4 GB. A container takes some hundred values. */
static void millions_of_values(void)
{
	struct rusage used;

	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		AUTO_FREE char *flood = fill(RUNC_CONFIG_LIMIT - 8192, floods[i].head,
					     floods[i].item, floods[i].tail);
		AUTO_FREE char *text = with(flood);

		ONE_ERROR(runc("create", "-b", raw_bundle(text), new_id(), NULL), 1,
			  "config.json: has more than 131072 values");
	}
	getrusage(RUSAGE_CHILDREN, &used);
	if (used.ru_maxrss > MOST_KB)
		fprintf(stderr, "\nexpected at most %d kB, got %ld\n", MOST_KB, used.ru_maxrss);
	CU_ASSERT(used.ru_maxrss <= MOST_KB);
	NOTHING_LEFT();
}

/* Not one that counts what is in strings. */
static void one_long_string(void)
{
	AUTO_FREE char *commas = fill(RUNC_CONFIG_LIMIT - 8192, "", "[{", "");
	AUTO_FREE char *value = xasprintf("\"%s\"", commas), *text = with(value);
	AUTO_FREE char *longer = xasprintf("%s%*s", text, 16384, "");

	PRINTS(runc("run", "-b", raw_bundle(text), new_id(), NULL), "");
	ONE_ERROR(runc("create", "-b", raw_bundle(longer), new_id(), NULL), 1, "16777216 bytes");
	NOTHING_LEFT();
}

/* n arrays in each other. */
static char *nested(size_t n)
{
	char *text = xmalloc(2 * n + 1);

	memset(text, '[', n);
	memset(text + n, ']', n);
	text[2 * n] = '\0';
	return text;
}

static void nesting(void)
{
	AUTO_FREE char *deep = nested(2000), *deeper = nested(60000);
	AUTO_FREE char *works = with(deep), *refused = with(deeper);

	PRINTS(runc("run", "-b", raw_bundle(works), new_id(), NULL), "");
	ONE_ERROR(runc("create", "-b", raw_bundle(refused), new_id(), NULL), 1,
		  "maximum parsing depth reached");
	NOTHING_LEFT();
}

/* As many as an orchestrator could send; compared with each other they would be 10^10
 * pairs. The last of equal names counts. */
static void many_variables(void)
{
	AUTO_JSON json_t *config = spec(), *env = json_array();
	time_t start = time(NULL);

	for (int i = 0; i < 100000; i++) {
		AUTO_FREE char *entry = xasprintf("V%x=%d", i % 99999, i);

		json_array_append_new(env, json_string(entry));
	}
	json_array_append_new(env, json_string("PATH=/bin"));
	json_object_set(json_object_get(config, "process"), "env", env);
	script(config, "echo $V0 $V1869e $PATH");
	PRINTS(run(json_incref(config)), "99999 99998 /bin\n");
	CU_ASSERT(time(NULL) - start < 60);
	NOTHING_LEFT();
}

static void thousands_of_mounts(void)
{
	json_t *config = spec();

	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs'}");
	for (int i = 0; i < 2000; i++)
		append(config, "mounts", "{'destination': '/tmp/m/%d', 'source': '%s/rootfs/etc', "
		       "'options': ['bind', 'ro']}", i, test_dir);
	script(config, "grep -c ' /tmp/m/' /proc/self/mounts");
	PRINTS(run(config), "2000\n");
	NOTHING_LEFT();
}

/* Room is left for the mode that a tmpfs takes over from what it covers: cut off it
 * would be another mode. */
static void options_without_end(void)
{
	for (size_t n = 2030; n < 2052; n += 3) {
		AUTO_FREE char *option = xmalloc(n + 1);
		AUTO_JSON json_t *config = spec();
		struct result r;

		memset(option, ',', n);
		memcpy(option, "size=64k", strlen("size=64k"));
		option[n] = '\0';
		append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs', 'options': ['%s']}",
		       option);
		script(config, "stat -c %a /tmp");
		r = runc("run", "-b", bundle(config), new_id(), NULL);
		if (n + strlen(",mode=1777") < 2048)
			PRINTS(r, "1777\n");
		else
			ONE_ERROR(r, 1, "mount options are longer than");
	}
	NOTHING_LEFT();
}

static void rules_without_end(void)
{
	AUTO_JSON json_t *config = spec(), *names = json_array();

	for (int i = 0; i < 100000; i++)
		json_array_append_new(names, json_string("chmod"));
	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': "
	    "[{'names': [], 'action': 'SCMP_ACT_ERRNO'}]}");
	json_object_set(json_array_get(jsonx_at(config, "linux.seccomp.syscalls"), 0), "names", names);
	ONE_ERROR(runc("create", "-b", bundle(config), new_id(), NULL), 1, "rules");
	NOTHING_LEFT();
}

/* libseccomp (2.5.4) adds the second of these two for ever; where it no longer does, the
 * container runs. */
static void rules_that_never_end(void)
{
	AUTO_JSON json_t *config = spec();
	struct result r;

	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': ["
	    "{'names': ['socket'], 'action': 'SCMP_ACT_KILL', 'args': ["
	    "{'index': 1, 'value': 0, 'op': 'SCMP_CMP_GT'}, {'index': 0, 'value': 2, 'op': 'SCMP_CMP_GT'}]},"
	    "{'names': ['socket'], 'action': 'SCMP_ACT_KILL', 'args': ["
	    "{'index': 1, 'value': 0, 'op': 'SCMP_CMP_EQ'}, {'index': 0, 'value': 2, 'op': 'SCMP_CMP_GT'}]}]}");
	r = runc("run", "-b", bundle(config), new_id(), NULL);
	if (r.status)
		ONE_ERROR(r, 1, "linux.seccomp: libseccomp was not done");
	NOTHING_LEFT();
}

/* ---- names ---- */

static void ids(void)
{
	static const char *const bad[] = {
		"", ".", "..", "/", "a/b", "../a", "a b", "a\nb", "a\tb", "\033[31m", "%s%n", "a:b", "a\\b",
		"\303\251", "\377", "~", "$(id)", "a;b", "*",
	};
	static const char *const good[] = { "...", ".a", "_", "+", "a.b-c_d+e" };
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *dir = xstrdup(bundle(config)), *longest = xmalloc(257);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ONE_ERROR(runc("create", "-b", dir, bad[i], NULL), 1, "invalid container id");
	memset(longest, 'a', 256);
	longest[256] = '\0';
	ONE_ERROR(runc("create", "-b", dir, longest, NULL), 1, "invalid container id");
	NOTHING_LEFT();
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		PRINTS(runc("run", "-b", dir, good[i], NULL), "");
	PRINTS(runc("run", "-b", dir, "--", "--help", NULL), "");
	NOTHING_LEFT();
}

/* None of these is a namespace; a pipe must not be waited for. */
static void namespaces(void)
{
	static const char *const types[] = { "network", "ipc", "uts", "pid", "cgroup", "user" };
	AUTO_FREE char *fifo = xasprintf("%s/fifo", test_dir);
	const char *const paths[] = { fifo, "/", "/etc/passwd", "/dev/null", "/proc/1/ns/mnt", "/no/such" };

	CU_ASSERT(!mkfifo(fifo, 0600));
	for (size_t t = 0; t < sizeof types / sizeof *types; t++)
		for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
			AUTO_JSON json_t *config = spec();

			json_object_del(config, "hostname");
			set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': '%s', 'path': '%s'}]",
			    types[t], paths[p]);
			ONE_ERROR(runc("create", "-b", bundle(config), new_id(), NULL), 1, types[t]);
			NOTHING_LEFT();
		}
	unlink(fifo);
}

static void cgroup_paths(void)
{
	static const char *const paths[] = { "/", "//", ".", "/./", "..", "/../x", "/a/../../x", "/a\\nb" };
	AUTO_FREE char *longest = xmalloc(6000);

	memset(longest, 'a', 5999);
	longest[5999] = '\0';
	for (size_t i = 0; i <= sizeof paths / sizeof *paths; i++) {
		AUTO_JSON json_t *config = spec();

		set(config, "linux.cgroupsPath", "'%s'",
		    i < sizeof paths / sizeof *paths ? paths[i] : longest);
		ONE_ERROR(runc("create", "-b", bundle(config), new_id(), NULL), 1, "cgroup");
		NOTHING_LEFT();
	}
}

/* Limits that are met before the program is: it runs, or there is an error. */
static void limits_of_nothing(void)
{
	static const char *const names[] = { "AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK",
		"MSGQUEUE", "NICE", "NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		AUTO_JSON json_t *config = spec();
		struct result r;

		set(config, "process.rlimits", "[{'type': 'RLIMIT_%s', 'soft': 0, 'hard': 0}]", names[i]);
		r = runc("create", "-b", bundle(config), new_id(), NULL);
		if (r.status) {
			ONE_ERROR(r, 1, "");
		} else {
			runc("start", id, NULL);
			CU_ASSERT(wait_status("stopped"));
			stop();
		}
		NOTHING_LEFT();
	}
}

/* A directory's name is bytes. */
static void bundle_paths(void)
{
	static const char *const names[] = {
		"a b", "a\nID  PID  STATUS\nb", "\"quoted\"", "back\\slash", "%s%n", "\033[31mred", "\303\251",
		"-b", ":", "$(id)",
	};
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *text = NULL, *bad = xasprintf("%s/\377", test_dir);

	set(config, "process.args", "['sleep', '1000']");
	text = jsonx_text(config);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", test_dir, names[i]);
		AUTO_JSON json_t *state = NULL;
		const char *lines;

		CU_ASSERT(!mkdir(dir, 0755));
		write_file(dir, "config.json", text);
		PRINTS(runc("create", "-b", dir, new_id(), NULL), "");
		state = json_loads(runc("state", id, NULL).out, 0, NULL);
		EQ_STR(jsonx_str(state, "bundle", ""), dir);
		lines = strchr(runc("list", NULL).out, '\n') + 1;
		CU_ASSERT(str_starts(lines, id) && strchr(lines, '\n')[1] == '\0');
		stop();
		NOTHING_LEFT();
	}
	CU_ASSERT(!mkdir(bad, 0755));
	write_file(bad, "config.json", text);
	FAILS(runc("create", "-b", bad, new_id(), NULL), 1, "not valid UTF-8");
	NOTHING_LEFT();
}

/* ---- words that come back in messages ---- */

/* The log that containerd reads: as many lines as there are messages, each an object. */
static json_t *last_of_log(const char *path, size_t want)
{
	AUTO_FREE char *text = read_file(path);
	json_t *doc = NULL;
	size_t lines = 0;

	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		json_decref(doc);
		doc = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		CU_ASSERT_PTR_NOT_NULL(doc);
		lines++;
	}
	EQ_INT((long)lines, (long)want);
	return doc;
}

#define FORGED "\\n{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"forged\\\"}\\n\\u001b[2J\\u009b1m%s\\u007f"

static const struct { const char *path, *value; } spoken[] = {
	{ "process.args", "['" FORGED "']" },
	{ "process.cwd", "'/proc/1/" FORGED "'" },
	{ "process.env", "['" FORGED "']" },
	{ "linux.sysctl", "{'" FORGED "': '1'}" },
	{ "linux.namespaces", "[{'type': '" FORGED "'}]" },
	{ "linux.seccomp", "{'defaultAction': '" FORGED "'}" },
	{ "process.rlimits", "[{'type': '" FORGED "', 'soft': 1, 'hard': 1}]" },
	{ "mounts", "[{'destination': '/" FORGED "', 'type': 'x'}]" },
	{ "hooks", "{'prestart': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	  "'printf \\\"" FORGED "\\\\377\\\" >&2; exit 3']}]}" },
};

static void messages(void)
{
	AUTO_FREE char *log = xasprintf("%s/log", test_dir), *root = xasprintf("%s/runc", test_dir);

	for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++) {
		AUTO_JSON json_t *config = spec(), *doc = NULL;
		struct result r;

		set(config, "annotations", "%s", "{'a\\n\\\"b': '" FORGED "'}");
		set(config, spoken[i].path, "%s", spoken[i].value);
		unlink(log);
		r = run_program((char *[]){ runc_path, "--root", root, "--log", log, "--log-format",
					    "json", "create", "-b", (char *)bundle(config),
					    (char *)new_id(), NULL });
		ONE_ERROR(r, 1, "");
		doc = last_of_log(log, 1);
		EQ_STR(jsonx_str(doc, "level", ""), "error");
		CU_ASSERT(strcmp(jsonx_str(doc, "msg", ""), "forged"));
		NOTHING_LEFT();
	}
}

/* What a hook prints is quoted in the error, the first of it. */
static void hook_output(void)
{
	AUTO_JSON json_t *config = spec();

	set(config, "hooks", "{'prestart': [{'path': '/bin/sh', 'args': ['sh', '-c', "
	    "'exec 0<&-; echo first; head -c 20000000 /dev/zero | tr \\\\\\\\0 x; exit 7'], "
	    "'env': ['PATH=/usr/bin:/bin']}]}");
	ONE_ERROR(runc("create", "-b", bundle(config), new_id(), NULL), 1, "exit status 7, stdout: first\\nxxx");
	NOTHING_LEFT();
}

/* ---- the image ---- */

static void passwd_files(void)
{
	static const char *const makes[] = {
		"mkfifo etc/passwd", "mkdir etc/passwd", "ln -s passwd etc/passwd",
		"ln -s /proc/self/fd/0 etc/passwd", "ln -s ../../../../../../../../etc/passwd etc/passwd",
		"head -c 3000000 /dev/zero >etc/passwd", "head -c 300000 /dev/urandom >etc/passwd",
		"printf ':::::::\\n0:0:0\\n\\0\\n' >etc/passwd",
		"printf 'a:x:18446744073709551616:0:a:/wrapped:b\\nb:x:-0:0:a:/minus:b\\n' >etc/passwd",
	};

	for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
		json_t *config = spec();
		AUTO_FREE char *cmd = NULL;
		const char *root;

		own_bundle(config, &root);
		cmd = xasprintf("cd %s && rm etc/passwd && %s", root, makes[i]);
		CU_ASSERT_EQUAL(system(cmd), 0);
		script(config, "echo $HOME");
		PRINTS(run(config), "/\n");
		NOTHING_LEFT();
	}
}

/* ---- beside the states ---- */

#define STATE "{\"ociVersion\":\"1.0.2\",\"id\":\"%s\",\"bundle\":\"/b\",\"rootfs\":\"/b\",\"created\":\"x\"," \
	      "\"cgroup\":\"%s\",\"pid\":%s,\"startTime\":1,\"annotations\":null}"

static const struct { const char *id, *cgroup, *pid, *complaint; } states[] = {
	{ "victim", "/none", "0", "the id is another one's" },
	{ "../runc/victim", "/none", "0", "the id is another one's" },
	{ "odd", "/none", "-1", "pid -1" },
	{ "odd", "/none", "4294967297", "pid 4294967297" },
};

/* Each command that reads the state refuses it; nothing is removed or signalled. */
static void states_of_others(void)
{
	static const char *const commands[] = { "state", "start", "kill", "delete", "pause", "ps" };
	AUTO_FREE char *dir = xasprintf("%s/runc/odd", test_dir);
	AUTO_FREE char *victim = xasprintf("%s/runc/victim", test_dir);
	struct err err;

	CU_ASSERT(!mkdir(victim, 0755) && !mkdir(dir, 0700));
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		AUTO_FREE char *text = xasprintf(STATE, states[i].id, states[i].cgroup, states[i].pid);

		write_file(dir, "state.json", text);
		for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
			ONE_ERROR(runc(commands[c], "odd", NULL), 1, states[i].complaint);
		ONE_ERROR(runc("delete", "--force", "odd", NULL), 1, states[i].complaint);
		ONE_ERROR(runc("exec", "odd", "true", NULL), 255, states[i].complaint);
		PRINTS(runc("list", "-q", NULL), "");
	}
	CU_ASSERT(!access(victim, F_OK));
	CU_ASSERT(!file_remove_tree(AT_FDCWD, dir, &err) && !rmdir(victim));
}

/* What is no container's directory is none, whatever it is. */
static void neighbours(void)
{
	AUTO_FREE char *cmd = xasprintf("cd %s/runc && ln -s /etc link && echo >file && mkdir empty && "
					"ln -s ../nowhere dangling && mkfifo fifo", test_dir);
	AUTO_FREE char *clean = xasprintf("cd %s/runc && rm -r link file empty dangling fifo", test_dir);
	static const char *const names[] = { "link", "file", "empty", "dangling", "fifo" };
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *dir = xstrdup(bundle(config));

	CU_ASSERT_EQUAL(system(cmd), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ONE_ERROR(runc("state", names[i], NULL), 1, "");
		ONE_ERROR(runc("create", "-b", dir, names[i], NULL), 1, "already exists");
	}
	PRINTS(runc("list", "-q", NULL), "");
	CU_ASSERT_EQUAL(system(clean), 0);
}

/* ---- a hostile init, and callers ---- */

static void hear(const void *packet, size_t size, enum err_kind kind, const char *words)
{
	struct err err = { .msg = "" };
	enum runc_word word;
	int ours, theirs;

	CU_ASSERT_FATAL(!runc_sync_pair(&ours, &theirs, &err));
	CU_ASSERT(send(theirs, packet, size, 0) == (ssize_t)size);
	close(theirs);
	CU_ASSERT(runc_sync_hear(ours, &word, &err));
	EQ_INT(err.kind, kind);
	HAS(err.msg, words);
	close(ours);
}

static void words_of_init(void)
{
	struct { enum runc_word word; struct err err; } p = { (enum runc_word)77, { .msg = "" } };

	hear(&p, sizeof p.word, ERR_CORRUPT, "no word");
	p.word = (enum runc_word)-1;
	hear(&p, sizeof p, ERR_CORRUPT, "no word");
	p.word = WORD_ERROR;
	hear(&p, sizeof p.word, ERR_SYSTEM, "did not say why");
	p.err.kind = (enum err_kind)1000000;
	strcpy(p.err.msg, "short");
	hear(&p, sizeof p, ERR_SYSTEM, "short");
	p.err.kind = ERR_NOT_FOUND;
	memset(p.err.msg, 'x', sizeof p.err.msg);
	hear(&p, sizeof p, ERR_NOT_FOUND, "xxxx");
}

/* 2^32 is not root's number. */
static void users_of_exec(void)
{
	static const char *const bad[] = { "4294967296", "4294967295", "-1", "-1:0", "0:-1", "+0", " 0", "0:",
					   ":0", "0:0:0", "0x0", "99999999999999999999", "1:4294967296", "" };
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	if (!start(config))
		return;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ONE_ERROR(runc("exec", "--user", bad[i], id, "id", NULL), 255, "is not uid[:gid]");
	ONE_ERROR(runc("exec", "-g", "-4294967295", id, "id", NULL), 255, "is not a group id");
	PRINTS(runc("exec", "--user", "7:8", "-g", "9", id, "sh", "-c", "id -u; id -g; id -G", NULL),
	       "7\n8\n8 9\n");
	ONE_ERROR(runc("exec", "--preserve-fds", "2147483647", id, "id", NULL), 255, "is not a count");
	ONE_ERROR(runc("exec", "--process", raw_bundle("[]"), id, NULL), 255, "");
	stop();
	NOTHING_LEFT();
}

/* `runc run --preserve-fds 1` with fd 3 open and these variables. */
static struct result run_with(const char *variables)
{
	json_t *config = spec();
	AUTO_FREE char *cmd = NULL;
	struct result r;

	script(config, "echo ${LISTEN_FDS-none}; ls /proc/self/fd | sort -n | tail -n 1");
	cmd = xasprintf("%s exec %s --root %s/runc run --preserve-fds 1 -b %s %s 3</dev/null", variables,
			runc_path, test_dir, bundle(config), new_id());
	json_decref(config);
	r = run_program((char *[]){ "sh", "-c", cmd, NULL });
	NOTHING_LEFT();
	return r;
}

/* Those are a container's own process's: `exec` hands on what --preserve-fds says. */
static void descriptors_of_an_exec(void)
{
	AUTO_JSON json_t *config = spec();
	AUTO_FREE char *cmd = NULL;

	set(config, "process.args", "['sleep', '1000']");
	EQ_INT(runc("run", "-d", "-b", bundle(config), new_id(), NULL).status, 0);
	cmd = xasprintf("LISTEN_PID=$$ LISTEN_FDS=1 exec %s --root %s/runc exec --preserve-fds 1 %s "
			"sh -c 'echo ${LISTEN_FDS-none}; [ -e /proc/self/fd/4 ] || echo one' 3</dev/null 4</dev/null",
			runc_path, test_dir, id);
	PRINTS(run_program((char *[]){ "sh", "-c", cmd, NULL }), "none\none\n");
	stop();
	NOTHING_LEFT();
}

/* sd_listen_fds(3): who is not LISTEN_PID is not meant. */
static void descriptors_by_environment(void)
{
	/* With one more it would be negative. */
	FAILS(run_with("LISTEN_PID=$$ LISTEN_FDS=2147483647"), 1, "is not a count");
	FAILS(run_with("LISTEN_PID=$$ LISTEN_FDS=-1"), 1, "is not a count");
	HAS(run_with("LISTEN_PID=1 LISTEN_FDS=2147483647").out, "none\n");
	HAS(run_with("LISTEN_FDS=-1").out, "none\n");
}

CU_TestInfo hostile_tests[] = {
	{ "texts that are no JSON", broken_texts },
	{ "odd texts that are", odd_but_valid_texts },
	{ "numbers that jansson has no type for", numbers },
	{ "numbers out of range", numbers_out_of_range },
	{ "millions of values", millions_of_values },
	{ "one long string", one_long_string },
	{ "deep nesting", nesting },
	{ "a hundred thousand variables", many_variables },
	{ "thousands of mounts", thousands_of_mounts },
	{ "mount options without end", options_without_end },
	{ "seccomp rules without end", rules_without_end },
	{ "seccomp rules that never end", rules_that_never_end },
	{ "ids", ids },
	{ "namespaces that are none", namespaces },
	{ "paths of cgroups", cgroup_paths },
	{ "limits of nothing", limits_of_nothing },
	{ "paths of bundles", bundle_paths },
	{ "words that come back in messages", messages },
	{ "what a hook prints", hook_output },
	{ "an image's passwd", passwd_files },
	{ "states that are another's", states_of_others },
	{ "what lies beside the states", neighbours },
	{ "what init says", words_of_init },
	{ "users of exec", users_of_exec },
	{ "descriptors without end", descriptors_by_environment },
	{ "descriptors of an exec", descriptors_of_an_exec },
	CU_TEST_INFO_NULL,
};
