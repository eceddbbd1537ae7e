/*
 * criu_test.c - checkpoint and restore with the real criu, where there is one that
 * works on this kernel. What leads out of a container, and real clients, are tried
 * end to end in tests/e2e/checkpoint*.sh.
 */
#include "suite.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "01-kernel/caps.h"

static char images[96], work[96];

/* A program that does nothing, saved and brought back by criu alone. It has no descriptor
 * of ours: those may be of files outside this mount namespace. */
#define TRY \
	"mkdir $0 && cd $0 || exit; " \
	"bash -c 'for fd in /proc/$BASHPID/fd/*; do eval \"exec ${fd##*/}>&-\"; done; " \
	"exec setsid sleep 1000 </dev/null >/dev/null 2>&1' & pid=$!; " \
	"for i in {1..100}; do ! grep -q sleep /proc/$pid/comm || break; sleep 0.05; done; " \
	"timeout -s KILL 20 criu dump -t $pid -D . -o dump.log && " \
	"timeout -s KILL 20 criu restore -d -D . -o restore.log; status=$?; " \
	"kill -9 $pid; cat dump.log restore.log | grep Error | head -n 1 | tr -d '\\n'; exit $status"

/* Why the real one cannot be tried; NULL: it can. */
static const char *why_not(void)
{
	static char why[600];
	static bool asked;
	AUTO_FREE char *dir = xasprintf("%s/try", test_dir);
	struct result r;

	/* In a virtual machine without hardware breakpoints a dump would wait for one
	 * for ever; this makes criu do without. */
	setenv("CRIU_FAULT", "130", 0);
	if (asked)
		return *why ? why : NULL;
	asked = true;
	r = run_program((char *[]){ "bash", "-c", TRY, dir, NULL });
	if (r.status)
		snprintf(why, sizeof why, "criu cannot dump and restore a sleeping process here: %s",
			 *r.out ? r.out : "it is not installed");
	return *why ? why : NULL;
}

static bool skipped(void)
{
	struct err err;

	snprintf(images, sizeof images, "%s/images", test_dir);
	snprintf(work, sizeof work, "%s/work", test_dir);
	file_remove_tree(AT_FDCWD, images, &err);
	file_remove_tree(AT_FDCWD, work, &err);
	if (why_not())
		printf("\n  SKIP: %s\n", why_not());
	return why_not();
}

/* A program whose memory holds a random word and a counter; both are also on a tmpfs.
 * Its stdin, stdout and stderr are the container's own /dev/null. */
static json_t *counter(void)
{
	json_t *config = spec();

	append(config, "mounts", "{'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs'}");
	script(config, "exec </dev/null >/dev/null 2>&1; read word </proc/sys/kernel/random/uuid; "
	       "trap 'exit 9' TERM; i=0; exec 5>/tmp/log; "
	       "while :; do i=$((i+1)); echo $word $i >/tmp/now; echo $i >&5; sleep 0.05; done");
	return config;
}

/* What it says of itself: the word, and in *count the counter. */
static char *now(int *count)
{
	static char word[64];
	struct result r = runc("exec", id, "cat", "/tmp/now", NULL);

	*count = 0;
	*word = '\0';
	sscanf(r.out, "%63s %d", word, count);
	return word;
}

static bool counts_past(int count)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	int n;

	for (int i = 0; i < 200; i++, nanosleep(&pause, NULL)) {
		now(&n);
		if (n > count)
			return true;
	}
	fprintf(stderr, "\nthe counter does not pass %d\n", count);
	return false;
}

static void succeeds(struct result r, int line)
{
	if (r.status)
		fprintf(stderr, "\n%s:%d: %s\n", __FILE__, line, r.err);
	CU_ASSERT_EQUAL(r.status, 0);
}
#define CHECKPOINT(...) succeeds(runc("checkpoint", "--image-path", images, "--work-path", work, \
				      __VA_ARGS__, id, NULL), __LINE__)
#define RESTORE(config, ...) succeeds(runc("restore", "--image-path", images, "--work-path", \
		work, "--bundle", bundle(config), "-d", __VA_ARGS__, NULL), __LINE__)

static void deny_mount(json_t *config)
{
	set(config, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': "
	    "['mount'], 'action': 'SCMP_ACT_ERRNO'}]}");
}

static bool started(json_t *config)
{
	return start(json_incref(config)) && counts_past(0);
}

static void memory_survives(void)
{
	AUTO_JSON json_t *config = counter();
	AUTO_FREE char *word = NULL;
	int count;

	deny_mount(config);
	if (skipped() || !started(config))
		return;
	word = xstrdup(now(&count));
	for (int times = 0; times < 2; times++) {
		CHECKPOINT("--manage-cgroups-mode=soft");
		EQ_STR(status_of(), "");
		NOTHING_LEFT();
		RESTORE(config, id);
		EQ_STR(status_of(), "running");
		CU_ASSERT(counts_past(count));
		EQ_STR(now(&count), word);
		/* The filter is not forgotten for those who come later. */
		PRINTS(runc("exec", id, "awk", "/^Seccomp:/ { print $2 }", "/proc/self/status", NULL),
		       "2\n");
	}
	/* The open file has gone on, without a gap and without a second beginning. */
	PRINTS(runc("exec", id, "awk", "$1 != NR", "/tmp/log", NULL), "");
	stop();
	NOTHING_LEFT();
}

static void as_a_user(void)
{
	AUTO_JSON json_t *config = counter();
	AUTO_FREE char *word = NULL;
	struct kern_caps caps;
	struct err err;
	int count;

	if (skipped())
		return;
	if (kern_caps_get(&caps, &err) || !(caps.effective >> CAP_SYS_RESOURCE & 1)) {
		printf("\n  SKIP: without CAP_SYS_RESOURCE criu cannot read another user's limits\n");
		return;
	}
	set(config, "process.user", "{'uid': 1000, 'gid': 1000}");
	set(config, "process.noNewPrivileges", "true");
	deny_mount(config);
	append(config, "mounts", "{'destination': '/etc', 'type': 'bind', 'source': '%s/rootfs/etc', "
	       "'options': ['rbind', 'ro']}", test_dir);
	if (!started(config))
		return;
	word = xstrdup(now(&count));
	CHECKPOINT("--manage-cgroups-mode=soft");
	RESTORE(config, id);
	CU_ASSERT(counts_past(count));
	EQ_STR(now(&count), word);
	PRINTS(runc("exec", id, "awk", "/^(Uid|CapEff|Seccomp):/ { print $1, $2 }",
		    "/proc/1/status", NULL),
	       "Uid: 1000\nCapEff: 0000000000000000\nSeccomp: 2\n");
	PRINTS(runc("exec", id, "cat", "/etc/plain", NULL), "plain\n");
	stop();
	NOTHING_LEFT();
}

static void left_running(void)
{
	AUTO_JSON json_t *config = counter();
	AUTO_FREE char *word = NULL, *first = NULL;
	int count;

	if (skipped() || !started(config))
		return;
	word = xstrdup(now(&count));
	CHECKPOINT("--leave-running");
	EQ_STR(status_of(), "running");
	CU_ASSERT(counts_past(count));
	EQ_STR(now(&count), word);
	/* The same once more, beside it, out of the images. */
	first = xstrdup(id);
	RESTORE(config, new_id());
	EQ_STR(status_of(), "running");
	EQ_STR(now(&count), word);
	stop();
	EQ_INT(runc("delete", "-f", first, NULL).status, 0);
	NOTHING_LEFT();
}

static void in_two_steps(void)
{
	AUTO_FREE char *word = NULL, *parent = xasprintf("%s/parent", test_dir), *link = NULL;
	AUTO_JSON json_t *config = counter();
	struct result r;
	struct err err;
	int count;

	if (skipped() || !started(config))
		return;
	word = xstrdup(now(&count));
	r = runc("checkpoint", "--pre-dump", "--image-path", parent, "--work-path", work, id, NULL);
	EQ_STR(status_of(), "running");
	if (r.status && strstr(r.err, "criu is missing features: [MemTrack]")) {
		printf("\n  SKIP: this kernel does not track which pages are written to\n");
	} else {
		succeeds(r, __LINE__);
		CHECKPOINT("--parent-path=../parent");
		link = xasprintf("%s/parent", images);
		CU_ASSERT(!access(link, F_OK));
		RESTORE(config, id);
		CU_ASSERT(counts_past(count));
		EQ_STR(now(&count), word);
	}
	stop();
	file_remove_tree(AT_FDCWD, parent, &err);
	NOTHING_LEFT();
}

static pid_t in_background(char *const *argv)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(run_program(argv).status);
	return pid;
}

static int end_of(pid_t pid)
{
	int ws = 0;

	waitpid(pid, &ws, 0);
	return WIFEXITED(ws) ? WEXITSTATUS(ws) : 128 + WTERMSIG(ws);
}

static void dump_that_fails(void)
{
	AUTO_JSON json_t *config = counter();
	int count;

	if (skipped())
		return;
	script(config, "read word </proc/sys/kernel/random/uuid; i=0; "
	       "while :; do i=$((i+1)); echo $word $i >/tmp/now; sleep 0.05; done");
	/* A file system whose contents criu cannot save. */
	append(config, "mounts", "{'destination': '/mnt', 'type': 'ramfs', 'source': 'ramfs'}");
	if (!started(config))
		return;
	now(&count);
	FAILS(runc("checkpoint", "--image-path", images, id, NULL), 1, "criu failed: type DUMP");
	EQ_STR(status_of(), "running");
	CU_ASSERT(counts_past(count));
	stop();
	NOTHING_LEFT();
}

static void status_in_the_foreground(void)
{
	AUTO_JSON json_t *config = counter();
	AUTO_FREE char *root = xasprintf("%s/runc", test_dir);
	pid_t pid;

	if (skipped() || !started(config))
		return;
	CHECKPOINT("--manage-cgroups-mode=soft");
	pid = in_background((char *[]){ runc_path, "--root", root, "restore", "--image-path", images,
		"--work-path", work, "-b", (char *)bundle(config), id, NULL });
	CU_ASSERT(wait_status("running"));
	EQ_INT(runc("kill", id, "TERM", NULL).status, 0);
	EQ_INT(end_of(pid), 9);
	EQ_STR(status_of(), "");
	NOTHING_LEFT();
}

CU_TestInfo criu_tests[] = {
	{ "memory and files survive, twice", memory_survives },
	{ "a user's container with a filter", as_a_user },
	{ "left running, and doubled", left_running },
	{ "memory first, the rest later", in_two_steps },
	{ "a failing dump does no harm", dump_that_fails },
	{ "the exit status, in the foreground", status_in_the_foreground },
	CU_TEST_INFO_NULL,
};
