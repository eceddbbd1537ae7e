/*
 * test_tasks.c - tasks without HTTP and without a container: the runtime is a script
 * that notes how it is called. So this is also what the OCI command line is held to.
 */
#include "tasks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "suites.h"

static struct err err;
static char *dir, *state, *calls;
static struct ctrd_containers *containers;
static struct ctrd_events *events;
static struct ctrd_tasks *ts;

/* "create" leaves a process that waits for "start" and then runs the script `program`. */
static const char script[] =
	"#!/bin/sh\n"
	"dir=%s\n"
	"echo \"$@\" >>$dir/calls\n"
	"for a; do last=$a; done\n"
	"while [ \"${1#--}\" != \"$1\" ]; do shift 2; done\n"
	"case $1 in\n"
	"create)\n"
	"	[ ! -e $dir/refuse ] || { echo 'no thanks' >&2; exit 1; }\n"
	"	sh -c \"dir=$dir; while [ ! -e $dir/go ]; do [ -d $dir ] || exit; sleep 0.01; done; . $dir/program\" &\n"
	"	echo $! >init.pid ;;\n"
	"start) touch $dir/go ;;\n"
	"kill) kill -$last $(cat init.pid) ;;\n"
	"delete) [ \"$2\" != --force ] || kill -9 $(cat init.pid) 2>/dev/null; rm -f $dir/go ;;\n"
	"exec) sh -c 'sleep 0.2; exit 6' & echo $! >$6 ;;\n"
	"update) cp resources.json $dir/resources ;;\n"
	"checkpoint) case \"$*\" in *leave-running*) ;; *) kill -9 $(cat init.pid) ;; esac ;;\n"
	"restore) sh $dir/program & echo $! >init.pid ;;\n"
	"esac\n"
	"exit 0\n";

static void put(const char *name, const char *text, mode_t mode)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);

	EXPECT_OK(file_write_atomic(AT_FDCWD, path, text, strlen(text), mode, &err));
}

static void open_tasks(void)
{
	AUTO_FREE char *runtime = xasprintf("%s/runtime", dir);
	struct ctrd_tasks_options o = { .state = state, .shim = "./containerd-shim",
					.runtime = runtime, .containers = containers,
					.events = events };

	ts = ctrd_tasks_open(&o, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ts);
}

static void begin(const char *program)
{
	AUTO_FREE char *text = NULL, *root = NULL;
	AUTO_JSON json_t *doc = json_pack("{s:s, s:{s:{s:[s]}}}", "id", "c", "spec", "process",
					  "args", "program");
	AUTO_JSON json_t *made = NULL;

	dir = tmp_new("16m");
	text = xasprintf(script, dir);
	root = xasprintf("%s/containers", dir);
	state = xasprintf("%s/state", dir);
	calls = xasprintf("%s/calls", dir);
	put("runtime", text, 0755);
	put("program", program, 0644);
	containers = ctrd_containers_open(root, &err);
	events = ctrd_events_new();
	open_tasks();
	made = ctrd_container_create(containers, "ns", doc, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
}

static void end(void)
{
	AUTO_FREE char *bundle = xasprintf("%s/ns/c", state);

	CU_ASSERT_TRUE(access(bundle, F_OK) != 0); /* every test deletes its task */
	ctrd_tasks_close(ts);
	ctrd_events_free(events);
	ctrd_containers_close(containers);
	free(steal_ptr(&state));
	free(steal_ptr(&calls));
	tmp_free(steal_ptr(&dir));
}

static void create(void)
{
	AUTO_FREE char *log = xasprintf("%s/log", dir);
	AUTO_JSON json_t *req = json_pack("{s:s, s:{s:s, s:s}}", "containerID", "c", "log", "driver",
					  "json-file", "path", log);
	AUTO_JSON json_t *task = ctrd_task_create(ts, "ns", req, &err);

	if (!task)
		printf("\n    %s\n", err.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(task);
	EXPECT_STR(jsonx_str(task, "status", ""), "created");
}

/* Wait for the end of init or an exec: its exit status. */
static long long wait_for(const char *exec_id)
{
	struct ctrd_wait *w = ctrd_task_wait(ts, "ns", "c", exec_id, &err);
	json_t *end_doc;
	long long status = -1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	for (;;) {
		struct pollfd p = { .fd = ctrd_wait_fd(w), .events = POLLIN };

		if (poll(&p, 1, 10000) != 1)
			break;
		end_doc = ctrd_wait_result(w);
		if (!end_doc)
			continue;
		status = jsonx_int(end_doc, "exitStatus", -1);
		json_decref(end_doc);
		break;
	}
	ctrd_wait_free(w);
	return status;
}

static void delete_task(long long status)
{
	AUTO_JSON json_t *gone = ctrd_task_delete(ts, "ns", "c", false, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(gone);
	EXPECT_INT(jsonx_int(gone, "exitStatus", -1), status);
}

static char *read_all(const char *path)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, 0);
	EXPECT_OK(file_read(AT_FDCWD, path, &sb, 1 << 20, &err));
	return sb.data;
}

static const char *status_of(void)
{
	static char text[32];
	AUTO_JSON json_t *task = ctrd_task_get(ts, "ns", "c", &err);

	snprintf(text, sizeof(text), "%s", task ? jsonx_str(task, "status", "") : "none");
	return text;
}

static void test_life(void)
{
	AUTO_FREE char *want = NULL, *got = NULL, *log = NULL, *text = NULL;

	begin("echo hello; exit 3");
	want = xasprintf("--root %s/runc/ns --log log.json --log-format json create --bundle %s/ns/c "
			 "--pid-file init.pid c\n"
			 "--root %s/runc/ns --log log.json --log-format json start c\n"
			 "--root %s/runc/ns --log log.json --log-format json delete --force c\n",
			 state, state, state, state);
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	EXPECT_INT(wait_for(NULL), 3);
	EXPECT_STR(status_of(), "stopped");
	delete_task(3);
	EXPECT_STR(status_of(), "none");
	got = read_all(calls);
	EXPECT_STR(got, want);
	log = xasprintf("%s/log", dir);
	text = read_all(log);
	EXPECT_HAS(text, "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"");
	end();
}

static void test_kill(void)
{
	AUTO_JSON json_t *term = json_pack("{s:s}", "signal", "TERM"), *bad = NULL;
	AUTO_FREE char *got = NULL;

	begin("exec sleep 60");
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	EXPECT_STR(status_of(), "running");
	CU_ASSERT_PTR_NULL(ctrd_task_delete(ts, "ns", "c", false, &err));
	EXPECT_INT(err.kind, ERR_CONFLICT);
	bad = json_pack("{s:s}", "signal", "SIGNONE");
	EXPECT_INT(ctrd_task_kill(ts, "ns", "c", NULL, bad, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	usleep(50000); /* the program is a shell until then, and that has its own ideas */
	EXPECT_OK(ctrd_task_kill(ts, "ns", "c", NULL, term, &err));
	EXPECT_INT(wait_for(NULL), 128 + SIGTERM);
	EXPECT_INT(ctrd_task_kill(ts, "ns", "c", NULL, term, &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	EXPECT_INT(ctrd_task_start(ts, "ns", "c", &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	got = read_all(calls);
	EXPECT_HAS(got, " kill c 15\n");
	delete_task(128 + SIGTERM);
	end();
}

static void test_refused(void)
{
	AUTO_JSON json_t *req = json_pack("{s:s}", "containerID", "c");
	AUTO_JSON json_t *unknown = json_pack("{s:s}", "containerID", "nobody");
	AUTO_FREE char *got = NULL;

	begin("exit 0");
	put("refuse", "", 0644);
	CU_ASSERT_PTR_NULL(ctrd_task_create(ts, "ns", req, &err));
	EXPECT_STR(err.msg, "create task c: OCI runtime create failed: no thanks");
	EXPECT_STR(status_of(), "none");
	got = read_all(calls);
	EXPECT_HAS(got, " delete --force c\n"); /* what may be half there is taken away */
	CU_ASSERT_PTR_NULL(ctrd_task_create(ts, "ns", unknown, &err));
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_PTR_NULL(ctrd_task_create(ts, "runc", req, &err));
	EXPECT_INT(ctrd_tasks_delete_container(ts, "ns", "c", &err), 0);
	EXPECT_INT(ctrd_tasks_delete_container(ts, "ns", "c", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	end();
}

static void test_restart(void)
{
	begin("echo one; sleep 0.3; echo two; exit 5");
	create();
	EXPECT_INT(ctrd_tasks_delete_container(ts, "ns", "c", &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	ctrd_tasks_close(ts);
	open_tasks();
	EXPECT_STR(status_of(), "created");
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	ctrd_tasks_close(ts);
	open_tasks();
	EXPECT_STR(status_of(), "running");
	EXPECT_INT(wait_for(NULL), 5);
	ctrd_tasks_close(ts);
	open_tasks();
	EXPECT_STR(status_of(), "stopped");
	EXPECT_INT(wait_for(NULL), 5);
	delete_task(5);
	end();
}

static void test_lost_shim(void)
{
	AUTO_FREE char *file = NULL, *text = NULL, *got = NULL;

	begin("exec sleep 60");
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	file = xasprintf("%s/ns/c/shim.pid", state);
	text = read_all(file);
	kill((pid_t)atoi(text), SIGKILL);
	EXPECT_INT(wait_for(NULL), 255);
	got = read_all(calls);
	EXPECT_HAS(got, " delete --force c\n"); /* nobody holds it: it is not left running */
	delete_task(255);
	end();
}

static void test_exec(void)
{
	AUTO_JSON json_t *req = json_pack("{s:s, s:{s:[s]}}", "execID", "e", "process", "args", "x");
	AUTO_JSON json_t *empty = json_pack("{s:s, s:{}}", "execID", "f", "process");
	AUTO_JSON json_t *kill_it = json_pack("{s:i}", "signal", 9);
	AUTO_JSON json_t *made = NULL, *started = NULL;
	AUTO_FREE char *got = NULL;

	begin("exec sleep 60");
	create();
	CU_ASSERT_PTR_NULL(ctrd_exec_create(ts, "ns", "c", req, &err));
	EXPECT_INT(err.kind, ERR_CONFLICT); /* it does not run yet */
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	CU_ASSERT_PTR_NULL(ctrd_exec_create(ts, "ns", "c", empty, &err));
	EXPECT_INT(err.kind, ERR_INVALID);
	made = ctrd_exec_create(ts, "ns", "c", req, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	EXPECT_HAS(jsonx_str(made, "attach", ""), "/ns/c/exec-e.sock");
	CU_ASSERT_PTR_NULL(ctrd_exec_create(ts, "ns", "c", req, &err));
	EXPECT_INT(err.kind, ERR_EXISTS);
	started = ctrd_exec_start(ts, "ns", "c", "e", &err);
	CU_ASSERT_PTR_NOT_NULL(started);
	EXPECT_INT(wait_for("e"), 6);
	EXPECT_OK(ctrd_exec_delete(ts, "ns", "c", "e", &err));
	EXPECT_INT(ctrd_exec_delete(ts, "ns", "c", "e", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	got = read_all(calls);
	EXPECT_HAS(got, "--log exec-e.log.json --log-format json exec --process exec-e.process.json "
			"--detach --pid-file exec-e.pid c\n");
	EXPECT_OK(ctrd_task_kill(ts, "ns", "c", NULL, kill_it, &err));
	EXPECT_INT(wait_for(NULL), 137);
	delete_task(137);
	end();
}

static void kill_and_delete(void)
{
	AUTO_JSON json_t *nine = json_pack("{s:i}", "signal", 9);

	EXPECT_OK(ctrd_task_kill(ts, "ns", "c", NULL, nine, &err));
	EXPECT_INT(wait_for(NULL), 137);
	delete_task(137);
}

static void test_update(void)
{
	AUTO_JSON json_t *req = json_pack("{s:{s:{s:i}}}", "resources", "pids", "limit", 7);
	AUTO_JSON json_t *none = json_object();
	AUTO_FREE char *file = NULL, *got = NULL, *called = NULL;

	begin("exec sleep 60");
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	EXPECT_INT(ctrd_task_update(ts, "ns", "c", none, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_OK(ctrd_task_update(ts, "ns", "c", req, &err));
	file = xasprintf("%s/resources", dir);
	got = read_all(file);
	EXPECT_STR(got, "{\"pids\":{\"limit\":7}}");
	called = read_all(calls);
	EXPECT_HAS(called, " update --resources resources.json c\n");
	kill_and_delete();
	end();
}

/* A checkpoint goes on running, or ends; a task made from one starts where it was. */
static void test_checkpoint(void)
{
	AUTO_JSON json_t *stay = json_pack("{s:s, s:b}", "path", "/images", "fileLocks", 1);
	AUTO_JSON json_t *leave = json_pack("{s:s, s:s, s:b}", "path", "/images", "workPath", "/work",
					    "exit", 1);
	AUTO_JSON json_t *relative = json_pack("{s:s}", "path", "images");
	AUTO_JSON json_t *from = json_pack("{s:s, s:{s:s}}", "containerID", "c", "checkpoint", "path",
					   "/images");
	AUTO_JSON json_t *made = NULL;
	AUTO_FREE char *called = NULL;

	begin("exec sleep 60");
	create();
	EXPECT_INT(ctrd_task_checkpoint(ts, "ns", "c", stay, &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	EXPECT_INT(ctrd_task_checkpoint(ts, "ns", "c", relative, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_OK(ctrd_task_checkpoint(ts, "ns", "c", stay, &err));
	EXPECT_STR(status_of(), "running");
	EXPECT_OK(ctrd_task_checkpoint(ts, "ns", "c", leave, &err));
	EXPECT_INT(wait_for(NULL), 137);
	delete_task(137);
	made = ctrd_task_create(ts, "ns", from, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	EXPECT_STR(status_of(), "created");
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	EXPECT_STR(status_of(), "running");
	called = read_all(calls);
	EXPECT_HAS(called, " checkpoint --image-path /images --file-locks --leave-running c\n");
	EXPECT_HAS(called, " checkpoint --image-path /images --work-path /work c\n");
	EXPECT_HAS(called, "/ns/c --pid-file init.pid c\n");
	EXPECT_HAS(called, " restore --detach --image-path /images --bundle ");
	kill_and_delete();
	end();
}

/* kubelet renames the log, then asks for a new one. */
static void test_reopen_log(void)
{
	AUTO_FREE char *log = NULL, *moved = NULL, *old = NULL, *new = NULL;

	begin("echo one; while [ ! -e $dir/on ]; do sleep 0.01; done; echo two");
	log = xasprintf("%s/log", dir);
	moved = xasprintf("%s/log.old", dir);
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	for (int i = 0; i < 500; i++, usleep(10000)) {
		free(steal_ptr(&old));
		old = read_all(log);
		if (*old)
			break;
	}
	EXPECT_INT(rename(log, moved), 0);
	EXPECT_OK(ctrd_task_reopen_log(ts, "ns", "c", &err));
	put("on", "", 0644);
	EXPECT_INT(wait_for(NULL), 0);
	free(steal_ptr(&old));
	old = read_all(moved);
	new = read_all(log);
	EXPECT_HAS(old, "{\"log\":\"one\\n\"");
	CU_ASSERT_PTR_NULL(strstr(old, "two"));
	EXPECT_HAS(new, "{\"log\":\"two\\n\"");
	delete_task(0);
	end();
}

/* A shim that is stopped, or waits for a full disk, neither holds up a start nor costs its
 * container the life. */
static void test_silent_shim(void)
{
	AUTO_FREE char *file = NULL, *text = NULL;
	AUTO_JSON json_t *list = NULL;
	pid_t shim;

	begin("exec sleep 60");
	create();
	EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
	file = xasprintf("%s/ns/c/shim.pid", state);
	text = read_all(file);
	shim = (pid_t)atoi(text);
	ctrd_tasks_close(ts);
	kill(shim, SIGSTOP);
	open_tasks();
	CU_ASSERT_PTR_NULL(ctrd_task_get(ts, "ns", "c", &err));
	EXPECT_INT(err.kind, ERR_UNAVAILABLE);
	list = ctrd_tasks_list(ts, "ns");
	EXPECT_STR(jsonx_str(json_array_get(list, 0), "status", ""), "unknown");
	kill(shim, SIGCONT);
	for (int i = 0; i < 1000 && strcmp(status_of(), "running"); i++)
		usleep(10000);
	EXPECT_STR(status_of(), "running");
	kill_and_delete();
	end();
}

/* Nobody may hear of an end before its beginning. */
static void test_events_in_order(void)
{
	static const char *const want[] = { "/tasks/create", "/tasks/start", "/tasks/exit",
					    "/tasks/delete" };
	struct ctrd_subscriber *s;

	begin("exit 0");
	s = ctrd_events_subscribe(events, &err);
	for (int round = 0; round < 10; round++) {
		create();
		EXPECT_OK(ctrd_task_start(ts, "ns", "c", &err));
		EXPECT_INT(wait_for(NULL), 0);
		delete_task(0);
		for (size_t i = 0; i < 4; i++) {
			AUTO_FREE char *text = ctrd_events_next(s, &err);

			EXPECT_HAS(text, want[i]);
		}
	}
	ctrd_events_unsubscribe(s);
	end();
}

int suite_tasks(void)
{
	static const CU_TestInfo tests[] = {
		{ "a life, and the runtime's command line", test_life },
		{ "signals", test_kill },
		{ "a runtime that refuses", test_refused },
		{ "restarts", test_restart },
		{ "a shim that is killed", test_lost_shim },
		{ "execs", test_exec },
		{ "other limits", test_update },
		{ "saving and going on", test_checkpoint },
		{ "the log's file is another", test_reopen_log },
		{ "a shim that does not answer", test_silent_shim },
		{ "events come in order", test_events_in_order },
		CU_TEST_INFO_NULL,
	};

	return suite_add("tasks", tests);
}
