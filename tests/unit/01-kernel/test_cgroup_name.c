/*
 * test_cgroup_name.c - which group is meant; and groups of who may not make any, or
 * only below a place that was given to him.
 */
#include "suite.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "01-kernel/cgroup.h"
#include "01-kernel/cgroup_private.h"
#include "cgroup_suite.h"

#define SOMEBODY 12345

static bool is_v2(void)
{
	return kern_cgroup_version() == KERN_CGROUP_V2;
}

static void written_down(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("name", &err), *again;

	if (!cg)
		SKIP("%s", err.msg);
	AUTO_FREE char *name = kern_cgroup_name(cg);

	again = kern_cgroup_open(name, &err);
	OK(!again);
	AUTO_FREE char *same = kern_cgroup_name(again);

	CU_ASSERT_STRING_EQUAL(name, same);
	CU_ASSERT_EQUAL(kern_cgroup_version_of(again), kern_cgroup_version());
	CU_ASSERT(!kern_cgroup_absent(again));
	kern_cgroup_free(again);
	kern_cgroup_free(cg);
	drop_groups();
	for (const char *const *bad = (const char *const[]){ "x", "memory:relative", "memory:/a/../b", "memory:/", "a/b:/c",
			"memory:/a\nrubbish", NULL }; *bad; bad++)
		FAILS(!kern_cgroup_open(*bad, &err), ERR_CORRUPT, "does not name a cgroup");
}

/* What the last component is called, below where we are: on v2 beside our own group. */
static void relative(void *arg)
{
	struct kern_cgroup *own = arg, *cg;
	const char *above, *dir;

	MUST_OK(kern_cgroup_add(own, 0, &child));
	cg = kern_cgroup_create("deeper/down", &child);
	MUST(cg);
	above = is_v2() ? "/unit-own/../deeper/down" : "/unit-own/own/deeper/down";
	dir = is_v2() ? cgroup_v2_dir(cg) : cgroup_dir_of(cg, "pids");
	MUST(dir && !access(dir, F_OK));
	if (is_v2())
		MUST(!strcmp(strstr(dir, "/kernel-unit-") + strcspn(strstr(dir, "/kernel-unit-") + 1, "/") + 1,
			     "/unit-own/deeper/down"));
	else
		MUST(str_ends(dir, above));
	MUST_OK(kern_cgroup_add(cg, 0, &child));
	kern_cgroup_free(cg);
}

static void below_ones_own(void)
{
	struct err err;
	struct kern_cgroup *own = make_group("unit-own/own", &err);

	if (!own)
		SKIP("%s", err.msg);
	CU_ASSERT_EQUAL(in_child(relative, own), 0);
	kern_cgroup_free(own);
	drop_groups();
}

/* Down, not up, and only where there is something. */
static void descending(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("down", &err), *below = cg ? make_group("down/below", &err) : NULL;

	if (!below) {
		kern_cgroup_free(cg);
		SKIP("%s", err.msg);
	}
	FAILS(kern_cgroup_descend(cg, NULL, "..", &err), ERR_INVALID, "bad sub cgroup path");
	FAILS(kern_cgroup_descend(cg, NULL, "below/../..", &err), ERR_INVALID, "is not a sub cgroup path");
	FAILS(kern_cgroup_descend(cg, "whaaat", "/", &err), ERR_INVALID, "unknown controller");
	OK(kern_cgroup_descend(cg, NULL, "/", &err));
	OK(kern_cgroup_descend(cg, NULL, "below", &err));
	AUTO_FREE char *here = kern_cgroup_name(cg), *there = kern_cgroup_name(below);

	CU_ASSERT_STRING_EQUAL(here, there);
	OK(kern_cgroup_descend(cg, NULL, "nothing", &err));
	FAILS(kern_cgroup_add(cg, 0, &err), ERR_NOT_FOUND, "add process");
	kern_cgroup_free(cg);
	kern_cgroup_free(below);
	drop_groups();
}

/* init moves down and enables a controller; then its group takes nobody any more. */
static void following(void)
{
	struct err err;
	struct kern_cgroup *cg = make_group("moved", &err), *below = cg ? make_group("moved/in", &err) : NULL;
	pid_t pid;

	if (!is_v2() || !below) {
		kern_cgroup_free(cg);
		kern_cgroup_free(below);
		drop_groups();
		SKIP("this is about version 2");
	}
	pid = sleeper(below, 0);
	OK(cgroup_write(cgroup_v2_dir(cg), "cgroup.subtree_control", "+memory", &err));
	FAILS(kern_cgroup_add(cg, pid, &err), ERR_SYSTEM, "takes no processes itself");
	CU_ASSERT_EQUAL(err.errnum, EBUSY);
	OK(kern_cgroup_follow(cg, pid, &err));
	AUTO_FREE char *here = kern_cgroup_name(cg), *there = kern_cgroup_name(below);

	CU_ASSERT_STRING_EQUAL(here, there);
	OK(kern_cgroup_add(cg, pid, &err));
	kern_cgroup_free(cg);
	kern_cgroup_free(below);
	drop_groups();
	waitpid(pid, NULL, 0);
}

static void without_rights(void *arg)
{
	struct kern_cgroup_making how = { .may_be_denied = false };
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;

	(void)arg;
	MUST(!setuid(SOMEBODY));
	cg = kern_cgroup_at("/kernel-unit-denied", &child);
	MUST(cg && kern_cgroup_make(cg, &how, &child) && child.kind == ERR_PERMISSION);
	MUST(!kern_cgroup_absent(cg));
	how.may_be_denied = true;
	MUST_OK(kern_cgroup_make(cg, &how, &child));
	MUST(kern_cgroup_absent(cg) && !how.made.n);
	/* To join it is to stay; what needs a group is refused. */
	MUST_OK(kern_cgroup_add(cg, 0, &child));
	MUST(kern_cgroup_v2_fd(cg) < 0);
	kern_cgroup_limits_init(&l);
	MUST_OK(kern_cgroup_apply(cg, &l, &child));
	l.pids = 3;
	MUST(kern_cgroup_apply(cg, &l, &child) && child.kind == ERR_PERMISSION);
	MUST(strstr(child.msg, "cannot set pids limit: container could not join or create cgroup"));
	MUST(kern_cgroup_freeze(cg, true, &child) && strstr(child.msg, "cannot toggle freezer"));
	MUST_OK(kern_cgroup_destroy(cg, &child));
	AUTO_FREE char *name = kern_cgroup_name(cg);

	MUST(!*name);
	kern_cgroup_free(cg);
	cg = kern_cgroup_open(name, &child);
	MUST(cg && kern_cgroup_absent(cg));
	kern_cgroup_free(cg);
}

static void denied(void)
{
	if (kern_cgroup_version() == KERN_CGROUP_NONE)
		SKIP("no cgroup file system is mounted");
	CU_ASSERT_EQUAL(in_child(without_rights, NULL), 0);
}

/* Somebody in /unit/user/session, to whom /unit/user was given. */
static void in_a_place_of_ones_own(void *arg)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup *cg;
	AUTO_FREE char *procs = NULL;

	MUST_OK(kern_cgroup_add(arg, 0, &child));
	MUST(!setuid(SOMEBODY));
	cg = kern_cgroup_create("mine", &child);
	if (!cg)
		fprintf(stderr, "\n%s\n", child.msg);
	MUST(cg);
	kern_cgroup_limits_init(&l);
	l.pids = 7;
	MUST_OK(kern_cgroup_apply(cg, &l, &child));
	MUST(file_is(cgroup_v2_dir(cg), "pids.max", "7\n"));
	MUST_OK(kern_cgroup_add(cg, 0, &child));
	kern_cgroup_free(cg);
	/* The place itself stays limited as it was: its limits are its parent's. */
	procs = xasprintf("%s/../pids.max", cgroup_v2_dir(arg));
	MUST(access(procs, W_OK) && errno == EACCES);
}

static void delegated(void)
{
	struct err err;
	struct kern_cgroup *user = make_group("user", &err), *session = user ? make_group("user/session", &err) : NULL;
	struct stat st;

	if (!is_v2() || !session) {
		kern_cgroup_free(user);
		kern_cgroup_free(session);
		drop_groups();
		SKIP("only groups of version 2 are given to users");
	}
	OK(kern_cgroup_delegate(user, SOMEBODY, &err));
	AUTO_FREE char *control = xasprintf("%s/cgroup.subtree_control", cgroup_v2_dir(user));
	AUTO_FREE char *limit = xasprintf("%s/memory.max", cgroup_v2_dir(user));

	CU_ASSERT(!stat(control, &st) && st.st_uid == SOMEBODY);
	CU_ASSERT(!stat(limit, &st) && st.st_uid == 0);
	CU_ASSERT_EQUAL(in_child(in_a_place_of_ones_own, session), 0);
	kern_cgroup_free(user);
	kern_cgroup_free(session);
	drop_groups();
}

/* From the group's parent: with controllers like memory it can have no threaded child. */
static void take_controllers(const char *dir)
{
	AUTO_FREE char *parent = xasprintf("%s/..", dir);
	AUTO_STRBUF struct strbuf on = STRBUF_INIT;
	struct err err;
	char *save = NULL;

	OK(cgroup_read(parent, "cgroup.subtree_control", &on, &err));
	for (char *w = strtok_r(on.data, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		AUTO_FREE char *off = xasprintf("-%s", w);

		OK(cgroup_write(parent, "cgroup.subtree_control", off, &err));
	}
}

/* Below a threaded group a new one takes threads too, or is refused if it was to
 * have what threads cannot have. */
static void threads(void)
{
	struct kern_cgroup_limits l;
	struct kern_cgroup_making how = { .limits = &l };
	struct err err;
	struct kern_cgroup *top = make_group("threaded", &err), *cg;

	if (top && is_v2())
		take_controllers(cgroup_v2_dir(top));
	if (!is_v2() || !top || cgroup_write(cgroup_v2_dir(top), "cgroup.type", "threaded", &err)) {
		kern_cgroup_free(top);
		drop_groups();
		SKIP("this is about groups of threads on version 2");
	}
	AUTO_FREE char *path = xasprintf("%s/new", strstr(cgroup_v2_dir(top), "/kernel-unit-"));

	kern_cgroup_limits_init(&l);
	l.memory = 1 << 24;
	cg = kern_cgroup_at(path, &err);
	FAILS(kern_cgroup_make(cg, &how, &err), ERR_CONFLICT, "with domain controllers -- it is in threaded mode");
	l.memory = KERN_CGROUP_UNSET;
	OK(kern_cgroup_make(cg, &how, &err));
	CU_ASSERT(file_is(cgroup_v2_dir(cg), "cgroup.type", "threaded\n"));
	CU_ASSERT_EQUAL(how.made.n, 1);
	kern_cgroup_unmake(&how);
	CU_ASSERT(access(cgroup_v2_dir(cg), F_OK) < 0);
	kern_cgroup_free(cg);
	kern_cgroup_free(top);
	drop_groups();
}

const struct test cgroup_name_tests[] = {
	{ "a name leads back to the group", written_down },
	{ "a relative path starts at one's own group", below_ones_own },
	{ "going down", descending },
	{ "going where init went", following },
	{ "denied: there is no group, and that is fine", denied },
	{ "delegated: a user makes groups of his own", delegated },
	{ "groups of threads", threads },
	{ NULL, NULL },
};
