/*
 * checkpoint_test.c - checkpoint and restore, with a stand-in for criu (fake_criu.c):
 * what criu is asked, and what becomes of everything whatever it answers.
 * criu_test.c is with the real one.
 */
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include "02-runc/criu.h"

static char images[96], work[96], asked[96]; /* directories, and what criu was asked */
static char *real_path;                      /* PATH without the stand-in */

/* The suite's first and last: the stand-in is the criu meanwhile. */
int fake_criu_on(void)
{
	AUTO_FREE char *dir = xasprintf("%s/fake", test_dir), *criu = xasprintf("%s/criu", dir);
	AUTO_FREE char *path = xasprintf("%s:%s", dir, getenv("PATH"));
	char self[256] = "";

	real_path = xstrdup(getenv("PATH"));
	snprintf(images, sizeof images, "%s/images", test_dir);
	snprintf(work, sizeof work, "%s/work", test_dir);
	snprintf(asked, sizeof asked, "%s/asked", test_dir);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0 || mkdir(dir, 0755) ||
	    symlink(self, criu))
		return 1;
	setenv("PATH", path, 1);
	setenv("FAKE_CRIU_LOG", asked, 1);
	return 0;
}

int fake_criu_off(void)
{
	AUTO_FREE char *dir = xasprintf("%s/fake", test_dir);
	struct err ignored;

	file_remove_tree(AT_FDCWD, dir, &ignored);
	setenv("PATH", real_path, 1);
	unsetenv("FAKE_CRIU");
	free(real_path);
	return 0;
}

/* The part that it plays from here on; what was left by an earlier one goes. */
static void play(const char *part)
{
	struct err err;

	file_remove_tree(AT_FDCWD, images, &err);
	file_remove_tree(AT_FDCWD, work, &err);
	unlink(asked);
	setenv("FAKE_CRIU", part, 1);
}

static void was_asked(const char *line)
{
	AUTO_FREE char *text = read_file(asked), *whole = xasprintf("\n%s\n", line);
	AUTO_FREE char *framed = xasprintf("\n%s", text);

	HAS(framed, whole);
}

static void was_not_asked(const char *field)
{
	AUTO_FREE char *text = read_file(asked), *begin = xasprintf("\n%s=", field);

	if (strstr(text, begin))
		fprintf(stderr, "\nnot expected: %s in %s\n", field, text);
	CU_ASSERT(!strstr(text, begin));
}

static json_t *sleeper(void)
{
	json_t *config = spec();

	set(config, "process.args", "['sleep', '1000']");
	return config;
}

#define CHECKPOINT(...) runc("checkpoint", "--image-path", images, "--work-path", work, \
			     __VA_ARGS__, NULL)
#define RESTORE(config, ...) runc("restore", "--image-path", images, "--work-path", work, \
				  "--bundle", bundle(config), __VA_ARGS__, NULL)

/* ---- the wire format ------------------------------------------------------------- */

static void read_all_of(const char *bytes, size_t n, int want)
{
	struct runc_pb_reader r = { (const unsigned char *)bytes, (const unsigned char *)bytes + n };
	struct runc_pb_field f;
	int got;

	while ((got = runc_pb_next(&r, &f)) > 0)
		;
	EQ_INT(got, want);
}

/* The examples of protobuf.dev, "Encoding". */
static void wire_format(void)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT, outer = STRBUF_INIT;

	runc_pb_number(&sb, 1, 150);
	runc_pb_text(&sb, 2, "testing");
	EQ_INT((long)sb.len, 12);
	CU_ASSERT(!memcmp(sb.data, "\x08\x96\x01\x12\x07testing", 12));
	strbuf_clear(&sb);
	runc_pb_number(&sb, 1, 150);
	runc_pb_message(&outer, 3, &sb);
	runc_pb_text(&outer, 4, NULL);
	EQ_INT((long)outer.len, 5);
	CU_ASSERT(!memcmp(outer.data, "\x1a\x03\x08\x96\x01", 5));
	read_all_of("\x08\x96\x01\x12\x07testing", 12, 0);
	read_all_of("\x09" "12345678" "\x0d" "1234", 14, 0); /* fixed64, fixed32: skipped */
	read_all_of("\x08\x96", 2, -1);                        /* a varint without its end */
	read_all_of("\x12\x07test", 6, -1);                    /* shorter than it says */
	read_all_of("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, -1);
	read_all_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, -1);
	read_all_of("\x0b", 1, -1); /* a group: out of use, and not criu's */
}

/* ---- no criu, or not a good one ---------------------------------------------------- */

static void without_criu(void)
{
	AUTO_FREE char *path = xstrdup(getenv("PATH"));
	AUTO_JSON json_t *config = sleeper();

	play("");
	if (!start(sleeper()))
		return;
	setenv("PATH", "/no/such/directory", 1);
	FAILS(CHECKPOINT(id), 1, "CRIU version check failed: exec: \"criu\": executable file not "
	      "found in $PATH");
	EQ_STR(status_of(), "running");
	stop();
	FAILS(RESTORE(config, new_id()), 1, "exec: \"criu\": executable file not found");
	setenv("PATH", path, 1);
	CU_ASSERT(access(images, F_OK) && access(work, F_OK));
	NOTHING_LEFT();
}

static void old_criu(void)
{
	AUTO_JSON json_t *config = sleeper();

	play("version=21200");
	if (!start(sleeper()))
		return;
	FAILS(CHECKPOINT(id), 1, "CRIU version 21200 must be 30000 or higher");
	EQ_STR(status_of(), "running");
	play("version=31500");
	mkdir(images, 0700);
	write_file(images, "descriptors.json", "[\"\", \"\", \"\"]");
	FAILS(RESTORE(config, "--lsm-profile", "apparmor:x", "other"), 1,
	      "--lsm-profile: CRIU version 31500 must be 31600 or higher");
	stop();
	NOTHING_LEFT();
}

/* ---- what is refused ------------------------------------------------------------------ */

static void bad_options(void)
{
	static const struct { const char *option, *words; } bad[] = {
		{ "--page-server=localhost", "Use --page-server ADDRESS:PORT" },
		{ "--page-server=:1", "Use --page-server ADDRESS:PORT" },
		{ "--page-server=::1:27277", "Use --page-server ADDRESS:PORT" },
		{ "--page-server=localhost:many", "Invalid port number" },
		{ "--page-server=localhost:70000", "Invalid port number" },
		{ "--manage-cgroups-mode=hard", "invalid manage-cgroups-mode value" },
		{ "--empty-ns=mount", "namespace \"mount\" is not supported" },
		{ "--parent-path=/tmp", "--parent-path must be relative" },
		{ "--parent-path=missing", "invalid --parent-path" },
		{ "--parent-path=file", "invalid --parent-path" },
		{ "--image-path=/dev/null/x", "/dev/null" },
		{ "--work-path=/no/such/place", "make the work directory /no/such/place" },
	};

	play("");
	if (!start(sleeper()))
		return;
	mkdir(images, 0700);
	write_file(images, "file", "");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		FAILS(CHECKPOINT(bad[i].option, id), 1, bad[i].words);
	FAILS(CHECKPOINT("--lazy-pages", "--status-fd", "77", id), 1, "invalid --status-fd argument 77");
	FAILS(CHECKPOINT("--lazy-pages", "--status-fd", "0", id), 1, "0: not writable");
	was_not_asked("2.1"); /* criu has not been asked for anything */
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

static void wrong_states(void)
{
	AUTO_JSON json_t *config = sleeper();

	play("");
	FAILS(CHECKPOINT("nobody"), 1, "container does not exist");
	EQ_INT(runc("create", "--bundle", bundle(config), new_id(), NULL).status, 0);
	FAILS(CHECKPOINT(id), 1, "Container cannot be checkpointed in created state");
	EQ_INT(runc("start", id, NULL).status, 0);
	EQ_INT(runc("kill", id, "KILL", NULL).status, 0);
	CU_ASSERT(wait_status("stopped"));
	FAILS(CHECKPOINT(id), 1, "Container cannot be checkpointed in stopped state");
	stop();
	NOTHING_LEFT();
}

/* ---- checkpoint ------------------------------------------------------------------------- */

static void dump_options(void)
{
	static const struct { const char *option, *asked, *field; } options[] = {
		{ "--leave-running", "2.3=1", "2.3" }, { "--ext-unix-sk", "2.4=1", "2.4" },
		{ "--tcp-established", "2.5=1", "2.5" }, { "--shell-job", "2.7=1", "2.7" },
		{ "--file-locks", "2.8=1", "2.8" }, { "--auto-dedup", "2.16=1", "2.16" },
		{ "--link-remap", "2.18=1", "2.18" },
		{ "--tcp-skip-in-flight", "2.46=1", "2.46" },
		{ "--lazy-pages", "2.48=1", "2.48" },
		{ "--page-server=[::1]:27277", "2.11.1=::1", "2.11.1" },
		{ "--page-server=192.0.2.1:27277", "2.11.2=27277", "2.11.2" },
		{ "--manage-cgroups-mode=soft", "2.34=3", NULL },
		{ "--manage-cgroups-mode=full", "2.34=4", NULL },
		{ "--manage-cgroups-mode=strict", "2.34=5", NULL },
		{ "--manage-cgroups-mode=ignore", "2.34=0", NULL },
		{ "--empty-ns=network", "2.38=1073741824", NULL }, /* CLONE_NEWNET */
		{ "--parent-path=../images", "2.14=../images", "2.14" },
		{ "--parent-path=../images", "2.15=1", "2.15" },
	};
	AUTO_FREE char *root = xasprintf("2.13=%s/rootfs", test_dir);

	if (!start(sleeper()))
		return;
	play("");
	EQ_INT(CHECKPOINT("--leave-running", id).status, 0);
	was_asked(root);
	was_asked("1=1");
	was_asked("2.9=4");
	was_asked("2.10=dump.log");
	was_asked("2.12=1");
	was_asked("2.34=6"); /* criu's own default */
	was_asked("2.38=1073741824");
	was_asked("2.50=1");
	was_asked("2.51=/etc/criu/runc.conf");
	was_asked("2.23.2=/dev/null"); /* the masked files */
	for (size_t i = 1; i < sizeof options / sizeof *options; i++)
		if (options[i].field)
			was_not_asked(options[i].field);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		play("");
		EQ_INT(CHECKPOINT("--leave-running", options[i].option, id).status, 0);
		was_asked(options[i].asked);
	}
	stop();
	NOTHING_LEFT();
}

static void external_things(void)
{
	json_t *config = sleeper();
	AUTO_FREE char *ns = NULL;
	struct stat st;

	append(config, "mounts", "{'destination': '/tmp/to', 'source': '%s', 'options': ['bind']}",
	       test_dir);
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'network', "
	    "'path': '/proc/%d/ns/net'}]", (int)getpid());
	set(config, "annotations", "{'org.criu.config': ''}");
	if (stat("/proc/self/ns/net", &st) || !start(config))
		return;
	ns = xasprintf("2.37=net[%lu]:extRootNetNS", (unsigned long)st.st_ino);
	play("");
	EQ_INT(CHECKPOINT("--leave-running", id).status, 0);
	was_asked("2.23.1=/tmp/to");
	was_asked("2.23.2=/tmp/to");
	was_asked(ns);
	was_not_asked("2.51"); /* no settings of criu's own, by an empty annotation */
	stop();
	NOTHING_LEFT();
}

static void dump_and_after(void)
{
	AUTO_FREE char *descriptors = xasprintf("%s/descriptors.json", images), *text = NULL;

	play("");
	if (!start(sleeper()))
		return;
	EQ_INT(CHECKPOINT("--pre-dump", id).status, 0);
	was_asked("1=4");
	was_not_asked("2.23.1");
	CU_ASSERT(access(descriptors, F_OK));
	EQ_STR(status_of(), "running");
	play("untracked");
	FAILS(CHECKPOINT("--pre-dump", id), 1, "criu is missing features: [MemTrack]");
	FAILS(CHECKPOINT("--lazy-pages", id), 1, "criu is missing features: [LazyPages]");
	EQ_STR(status_of(), "running");
	play("");
	EQ_INT(CHECKPOINT(id).status, 0);
	EQ_STR(status_of(), "");
	text = read_file(descriptors);
	HAS(text, "[\"/dev/null\",\"/memfd:out"); /* as this program's helpers have it */
	NOTHING_LEFT();
}

static void failing_dump(void)
{
	static const struct { const char *part, *words; } parts[] = {
		{ "fail", "criu failed: type DUMP errno 52; its first error: a tooth is missing" },
		{ "fail", "work/dump.log: (00.2) second" },
		{ "fail", "work/dump.log: (00.3) Error (wheel.c:1): a tooth" },
		{ "die", "criu failed: it ended without an answer, killed by signal 9" },
		{ "freeze die", "it ended without an answer" },
	};

	if (!start(sleeper()))
		return;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		play(parts[i].part);
		FAILS(CHECKPOINT(id), 1, parts[i].words);
		EQ_STR(status_of(), "running");
		EQ_INT(runc("exec", id, "true", NULL).status, 0);
	}
	/* Paused it was, and paused it stays. */
	EQ_INT(runc("pause", id, NULL).status, 0);
	play("die");
	FAILS(CHECKPOINT(id), 1, "it ended without an answer");
	EQ_STR(status_of(), "paused");
	stop();
	NOTHING_LEFT();
}

/* The bit that keeps setuid programs harmless is not in the images of an old criu. */
static void forgotten_no_new_privs(void)
{
	json_t *config = sleeper();
	struct result r;

	set(config, "process.noNewPrivileges", "true");
	if (!start(config))
		return;
	play("version=31800");
	r = CHECKPOINT("--leave-running", id);
	EQ_INT(r.status, 0);
	HAS(r.err, "this criu (31800) forgets no_new_privs, 31900 does not");
	play("version=31900");
	r = CHECKPOINT("--leave-running", id);
	EQ_INT(r.status, 0);
	EQ_STR(r.err, "");
	stop();
	NOTHING_LEFT();
}

static void status_fd(void)
{
	char fd[16], byte = 'x';
	int pair[2];

	if (pipe(pair) || !start(sleeper()))
		return;
	snprintf(fd, sizeof fd, "%d", pair[1]);
	play("");
	EQ_INT(CHECKPOINT("--lazy-pages", "--status-fd", fd, id).status, 0);
	was_not_asked("2.49");
	close(pair[1]);
	EQ_INT(read(pair[0], &byte, 1), 1);
	EQ_INT(byte, '\0');
	close(pair[0]);
	NOTHING_LEFT();
}

/* ---- restore ------------------------------------------------------------------------------ */

static void make_images(void)
{
	mkdir(images, 0700);
	write_file(images, "descriptors.json", "[\"/dev/null\", \"pipe:[11]\", \"pipe:[12]\"]");
}

static void restored(void)
{
	AUTO_FREE char *pid_file = xasprintf("%s/pid", test_dir), *pid = NULL, *cgroup = NULL;
	AUTO_FREE char *criu_root = NULL, *root = NULL, *own_cgroup = NULL, *path = NULL;
	AUTO_JSON json_t *config = sleeper();

	append(config, "mounts", "{'destination': '/tmp/new/to', 'source': '/etc', "
	       "'options': ['bind']}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'ipc', "
	    "'path': '/proc/%d/ns/ipc'}, {'type': 'network', 'path': '/proc/%d/ns/net'}]",
	    (int)getpid(), (int)getpid());
	play("");
	make_images();
	criu_root = xasprintf("%s/runc/%s/criu-root", test_dir, new_id());
	root = xasprintf("2.13=%s", criu_root);
	EQ_INT(RESTORE(config, "-d", "--pid-file", pid_file, id).status, 0);
	EQ_STR(status_of(), "running");
	pid = read_file(pid_file);
	path = xasprintf("/proc/%s/cgroup", pid);
	cgroup = read_file(path);
	own_cgroup = xasprintf("/%s\n", id);
	HAS(cgroup, own_cgroup);
	CU_ASSERT(access(criu_root, F_OK)); /* not needed any more */
	was_asked("1=2");
	was_asked(root);
	was_asked("2.6=1");
	was_asked("2.10=restore.log");
	was_asked("2.26=1");
	was_asked("2.27.1=pipe:[11]");
	was_asked("2.27.2=1");
	was_asked("2.27.1=extRootNetNS");
	was_asked("2.27.2=4");
	was_asked("2.23.1=/tmp/new/to");
	was_asked("2.23.2=/etc");
	was_asked("2.39.1=ipc");
	own_cgroup[strlen(own_cgroup) - 1] = '\0';
	free(root);
	root = xasprintf("2.25.2=%s", own_cgroup);
	was_asked(root);
	FAILS(RESTORE(config, "-d", id), 1, "already exists");
	EQ_STR(status_of(), "running");
	stop();
	NOTHING_LEFT();
}

/* Version 1 without a cgroup namespace: its own group of each hierarchy is bound. */
static void restored_groups(void)
{
	AUTO_JSON json_t *config = sleeper();
	AUTO_FREE char *name = NULL, *freezer = NULL;
	struct kern_cgroup *group;
	struct err err;

	if (cgroup_v2()) {
		puts("\n    SKIP: version 2 is mounted, not bound");
		return;
	}
	append(config, "mounts", "{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup'}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}]");
	play("");
	make_images();
	EQ_INT(RESTORE(config, "-d", new_id()).status, 0);
	name = xasprintf("/%s", id);
	group = kern_cgroup_at(name, &err);
	CU_ASSERT_FATAL(group != NULL);
	freezer = xasprintf("2.23.2=%s", kern_cgroup_freezer_dir(group));
	kern_cgroup_free(group);
	was_asked("2.23.1=/sys/fs/cgroup/freezer");
	was_asked(freezer);
	stop();
	NOTHING_LEFT();
}

static void in_the_foreground(void)
{
	AUTO_JSON json_t *config = sleeper();

	play("exit=7");
	make_images();
	EQ_INT(RESTORE(config, new_id()).status, 7);
	EQ_STR(status_of(), "");
	NOTHING_LEFT();
}

static void failing_restore(void)
{
	static const struct { const char *part, *words; } parts[] = {
		{ "fail", "criu failed: type RESTORE errno 52; its first error: a tooth is missing" },
		{ "fail", "work/restore.log: (00.3) Error (wheel.c:1): a tooth" },
		{ "die", "criu failed: it ended without an answer, killed by signal 9" },
	};
	static const struct { const char *path, *value, *words; } configs[] = {
		{ "root.path", "'/no/such/root'", "root.path" },
		{ "process.terminal", "true", "without setting console socket" },
		{ "mounts", "[{'destination': '/x', 'source': '/no/such', 'options': ['bind']}]",
		  "make a place for the mount on /x: stat /no/such" },
		{ "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'network', "
		  "'path': '/no/ns'}]",
		  "the network namespace /no/ns must exist" },
		{ "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'cgroup', "
		  "'path': '/proc/self/ns/cgroup'}]", "criu cannot join a cgroup namespace" },
		{ "hooks", "{'prestart': [{'path': '/bin/false'}]}", "error running prestart hook" },
		{ "hooks", "{'createRuntime': [{'path': '/bin/false'}]}",
		  "error running createRuntime hook" },
		{ "linux.resources", "{'cpu': {'cpus': '9999'}}", "cpuset" },
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		AUTO_JSON json_t *config = sleeper();

		play(parts[i].part);
		make_images();
		FAILS(RESTORE(config, "-d", new_id()), 1, parts[i].words);
		NOTHING_LEFT();
	}
	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
		AUTO_JSON json_t *config = sleeper();

		play("");
		make_images();
		set(config, configs[i].path, "%s", configs[i].value);
		FAILS(RESTORE(config, "-d", new_id()), 1, configs[i].words);
		NOTHING_LEFT();
	}
}

static void around_restore(void)
{
	AUTO_JSON json_t *config = sleeper();

	play("");
	FAILS(RESTORE(config, "-d", new_id()), 1, "images: No such file");
	mkdir(images, 0700);
	FAILS(RESTORE(config, "-d", new_id()), 1, "descriptors.json");
	write_file(images, "descriptors.json", "broken");
	FAILS(RESTORE(config, "-d", new_id()), 1, "descriptors.json");
	make_images();
	FAILS(RESTORE(config, "-d", "--pid-file", "/no/such/pid", new_id()), 1, "write the pid file");
	FAILS(RESTORE(config, "-d", "--console-socket", "/no/socket", new_id()), 1, "console socket");
	NOTHING_LEFT();
}

/* What the hooks of a restore are told; those of `start` do not run. */
static void hooks(void)
{
	AUTO_FREE char *said = xasprintf("%s/said", test_dir), *text = NULL;
	AUTO_JSON json_t *config = sleeper();
	static const char *const kinds[] = { "prestart", "createRuntime", "poststart", "poststop" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		AUTO_FREE char *path = xasprintf("hooks.%s", kinds[i]);

		append(config, path, "{'path': '/bin/sh', 'args': ['sh', '-c', 'echo %s >>%s']}",
		       kinds[i], said);
	}
	play("");
	make_images();
	EQ_INT(RESTORE(config, "-d", new_id()).status, 0);
	stop();
	text = read_file(said);
	EQ_STR(text, "prestart\ncreateRuntime\npoststop\n");
	NOTHING_LEFT();
}

CU_TestInfo checkpoint_tests[] = {
	{ "Protocol Buffers on the wire", wire_format },
	{ "without criu nothing happens", without_criu },
	{ "criu must be new enough", old_criu },
	{ "bad options are refused before criu is asked", bad_options },
	{ "only what runs is checkpointed", wrong_states },
	{ "each option reaches criu", dump_options },
	{ "mounts and namespaces from outside are named", external_things },
	{ "a dump ends the container, a pre-dump does not", dump_and_after },
	{ "after a failing dump the container runs on", failing_dump },
	{ "an old criu forgets no_new_privs, and it is said", forgotten_no_new_privs },
	{ "a byte on the status descriptor", status_fd },
	{ "what criu is asked to restore", restored },
	{ "restored groups of version 1", restored_groups },
	{ "restored in the foreground", in_the_foreground },
	{ "after a failing restore nothing is left", failing_restore },
	{ "what a restore needs around it", around_restore },
	{ "the hooks of a restore", hooks },
	CU_TEST_INFO_NULL,
};
