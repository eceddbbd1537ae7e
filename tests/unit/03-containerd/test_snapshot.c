/*
 * test_snapshot.c - snapshots on overlayfs: what is written where, and what a
 * container then sees.
 */
#include "snapshot.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "mounts.h"
#include "suites.h"

static struct err err;
static char *dir;
static struct ctrd_snapshots *s;

static void begin(void)
{
	char path[256];

	dir = tmp_new("32m");
	snprintf(path, sizeof(path), "%s/mnt", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/snapshots", dir);
	s = ctrd_snapshots_open(path, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
}

static void end(void)
{
	ctrd_snapshots_close(s);
	tmp_free(dir);
}

static void reopen(void)
{
	char path[256];

	ctrd_snapshots_close(s);
	snprintf(path, sizeof(path), "%s/snapshots", dir);
	s = ctrd_snapshots_open(path, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
}

static void put(const char *key, const char *name, const char *text)
{
	int fd = ctrd_snapshot_layer(s, key, &err);
	AUTO_CLOSE int file = -1;

	EXPECT_OK(fd);
	file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	EXPECT_INT(io_write_full(file, text, strlen(text)), 0);
	close(fd);
}

static int commit(const char *key, const char *name, const char *parent)
{
	return ctrd_snapshot_commit(
		s, &(struct ctrd_commit){ .key = key, .name = name, .parent = parent }, &err);
}

/* A committed layer with one file of its own name. */
static void layer(const char *name, const char *parent)
{
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	put("k", name, name);
	EXPECT_OK(commit("k", name, parent));
}

static void mount_it(const char *key)
{
	AUTO_JSON json_t *mounts = ctrd_snapshot_mounts(s, key, &err);
	AUTO_FREE char *target = xasprintf("%s/mnt", dir);

	CU_ASSERT_PTR_NOT_NULL_FATAL(mounts);
	EXPECT_OK(ctrd_mounts_apply(mounts, target, &err));
}

static void unmount_it(void)
{
	AUTO_FREE char *target = xasprintf("%s/mnt", dir);

	EXPECT_INT(umount(target), 0);
}

static bool seen(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/mnt/%s", dir, name);

	return !access(path, F_OK);
}

static int write_mounted(const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/mnt/%s", dir, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : io_write_full(fd, text, strlen(text));
}

static void test_layers(void)
{
	begin();
	layer("a", "");
	layer("b", "a");
	layer("c", "b");
	EXPECT_OK(ctrd_snapshot_prepare(s, "c1", "c", CTRD_ACTIVE, &err));
	mount_it("c1");
	CU_ASSERT_TRUE(seen("a") && seen("b") && seen("c"));
	EXPECT_INT(write_mounted("new", "x"), 0);
	unmount_it();
	EXPECT_OK(ctrd_snapshot_prepare(s, "c2", "c", CTRD_ACTIVE, &err));
	mount_it("c2");
	CU_ASSERT_FALSE(seen("new")); /* containers do not see each other's files */
	unmount_it();
	EXPECT_OK(ctrd_snapshot_prepare(s, "v", "c", CTRD_VIEW, &err));
	mount_it("v");
	CU_ASSERT_TRUE(seen("a") && seen("c"));
	EXPECT_INT(write_mounted("new", "x"), -1);
	unmount_it();
	EXPECT_OK(commit("c1", "d", NULL)); /* docker commit: keeps its parent */
	EXPECT_OK(ctrd_snapshot_prepare(s, "v2", "d", CTRD_VIEW, &err));
	mount_it("v2");
	CU_ASSERT_TRUE(seen("a") && seen("new"));
	unmount_it();
	end();
}

/* One layer, or none, needs no overlayfs. */
static void test_bind(void)
{
	begin();
	EXPECT_OK(ctrd_snapshot_prepare(s, "scratch", "", CTRD_ACTIVE, &err));
	mount_it("scratch");
	EXPECT_INT(write_mounted("x", "x"), 0);
	unmount_it();
	EXPECT_OK(commit("scratch", "base", NULL));
	EXPECT_OK(ctrd_snapshot_prepare(s, "view", "base", CTRD_VIEW, &err));
	mount_it("view");
	CU_ASSERT_TRUE(seen("x"));
	EXPECT_INT(write_mounted("y", "y"), -1); /* read-only */
	unmount_it();
	end();
}

static void test_many_layers(void)
{
	char name[16], parent[16] = "";

	begin();
	for (int i = 0; i < 126; i++) { /* Docker's limit is 127 with the container's own */
		snprintf(name, sizeof(name), "l%d", i);
		layer(name, parent);
		strcpy(parent, name);
	}
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", parent, CTRD_ACTIVE, &err));
	mount_it("c");
	CU_ASSERT_TRUE(seen("l0") && seen("l60") && seen("l125"));
	EXPECT_INT(write_mounted("x", "x"), 0);
	unmount_it();
	end();
}

static void test_rules(void)
{
	begin();
	layer("a", "");
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", "a", CTRD_ACTIVE, &err));
	EXPECT_INT(ctrd_snapshot_prepare(s, "c", "a", CTRD_ACTIVE, &err), -1);
	EXPECT_INT(err.kind, ERR_EXISTS);
	EXPECT_INT(ctrd_snapshot_prepare(s, "d", "none", CTRD_ACTIVE, &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_INT(ctrd_snapshot_prepare(s, "d", "c", CTRD_ACTIVE, &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	EXPECT_INT(ctrd_snapshot_prepare(s, "", "a", CTRD_ACTIVE, &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_INT(ctrd_snapshot_prepare(s, "a\nb", "a", CTRD_ACTIVE, &err), -1);
	EXPECT_INT(ctrd_snapshot_remove(s, "a", &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	CU_ASSERT_PTR_NULL(ctrd_snapshot_mounts(s, "a", &err));
	EXPECT_INT(err.kind, ERR_CONFLICT);
	EXPECT_INT(commit("c", "a", NULL), -1);
	EXPECT_INT(err.kind, ERR_EXISTS);
	EXPECT_INT(commit("a", "x", NULL), -1); /* committed already */
	EXPECT_OK(ctrd_snapshot_remove(s, "c", &err));
	EXPECT_OK(ctrd_snapshot_remove(s, "a", &err));
	EXPECT_INT(ctrd_snapshot_remove(s, "a", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	end();
	CU_ASSERT_PTR_NULL(ctrd_snapshots_open("/tmp/with:colon", &err));
	EXPECT_INT(err.kind, ERR_INVALID);
}

static void test_restart(void)
{
	char path[256];
	AUTO_JSON json_t *list = NULL;

	begin();
	layer("a", "");
	EXPECT_OK(ctrd_snapshot_prepare(s, "../c", "a", CTRD_ACTIVE, &err)); /* no path: a key */
	snprintf(path, sizeof(path), "%s/snapshots/77", dir); /* a crash in prepare */
	mkdir(path, 0700);
	reopen();
	EXPECT_INT(access(path, F_OK), -1);
	list = ctrd_snapshots_list(s);
	EXPECT_INT((long long)json_array_size(list), 2);
	mount_it("../c");
	CU_ASSERT_TRUE(seen("a"));
	unmount_it();
	EXPECT_OK(ctrd_snapshot_remove(s, "../c", &err));
	reopen();
	CU_ASSERT_FALSE(ctrd_snapshot_exists(s, "../c"));
	CU_ASSERT_TRUE(ctrd_snapshot_exists(s, "a"));
	end();
}

static void test_usage(void)
{
	struct ctrd_usage u;
	char block[8192] = "";
	int fd;

	begin();
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	fd = ctrd_snapshot_layer(s, "k", &err);
	for (int i = 0; i < 2; i++) {
		char name[16];
		AUTO_CLOSE int file = -1;

		snprintf(name, sizeof(name), "f%d", i);
		file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		EXPECT_INT(io_write_full(file, block, sizeof(block)), 0);
	}
	EXPECT_INT(linkat(fd, "f0", fd, "again", 0), 0);
	EXPECT_INT(symlinkat("/", fd, "everything"), 0);
	close(fd);
	EXPECT_OK(ctrd_snapshot_usage(s, "k", &u, &err));
	EXPECT_INT((long long)u.inodes, 4); /* the root, two files, the link; "again" is no inode */
	EXPECT_INT((long long)u.size, 16384);
	EXPECT_OK(commit("k", "a", ""));
	layer("b", "a");
	EXPECT_OK(ctrd_snapshot_chain_usage(s, "b", &u, &err));
	EXPECT_INT((long long)u.inodes, 6);
	end();
}

/* A directory that a layer's archive did not name looks as it did below. */
static void test_implicit(void)
{
	static const char *const implicit[] = { ".", "tmp", NULL };
	struct stat st;
	char path[256];
	int fd;

	begin();
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	fd = ctrd_snapshot_layer(s, "k", &err);
	mkdirat(fd, "tmp", 0755);
	fchmodat(fd, "tmp", 01777, 0);
	fchownat(fd, "tmp", 5, 6, 0);
	fchmod(fd, 0711);
	close(fd);
	EXPECT_OK(commit("k", "a", ""));
	EXPECT_OK(ctrd_snapshot_prepare(s, "k", NULL, CTRD_ACTIVE, &err));
	fd = ctrd_snapshot_layer(s, "k", &err);
	mkdirat(fd, "tmp", 0755);
	close(fd);
	EXPECT_OK(ctrd_snapshot_commit(s, &(struct ctrd_commit){ .key = "k", .name = "b",
								 .parent = "a",
								 .implicit = implicit }, &err));
	EXPECT_OK(ctrd_snapshot_prepare(s, "c", "b", CTRD_ACTIVE, &err));
	mount_it("c");
	snprintf(path, sizeof(path), "%s/mnt/tmp", dir);
	EXPECT_INT(stat(path, &st), 0);
	EXPECT_INT(st.st_mode & 07777, 01777);
	EXPECT_INT(st.st_uid, 5);
	EXPECT_INT(st.st_gid, 6);
	snprintf(path, sizeof(path), "%s/mnt", dir);
	EXPECT_INT(stat(path, &st), 0);
	EXPECT_INT(st.st_mode & 07777, 0711); /* the root too, through both layers */
	unmount_it();
	end();
}

static void *churn(void *arg)
{
	char key[32];
	struct err e;

	for (int i = 0; i < 50; i++) {
		snprintf(key, sizeof(key), "%s-%d", (char *)arg, i);
		if (ctrd_snapshot_prepare(s, key, "a", CTRD_ACTIVE, &e) ||
		    ctrd_snapshot_remove(s, key, &e))
			return "failed";
	}
	return NULL;
}

static void test_threads(void)
{
	static char names[4][4] = { "t0", "t1", "t2", "t3" };
	pthread_t threads[4];

	begin();
	layer("a", "");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, churn, names[i]);
	for (int i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		CU_ASSERT_PTR_NULL(result);
	}
	{
		AUTO_JSON json_t *list = ctrd_snapshots_list(s);

		EXPECT_INT((long long)json_array_size(list), 1);
	}
	end();
}

static void test_full_disk(void)
{
	char path[256];
	struct ctrd_snapshots *small;
	AUTO_FREE char *tmp = tmp_new("64k");
	size_t before;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/s", tmp);
	small = ctrd_snapshots_open(path, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(small);
	for (int i = 0; i < 100 && !rc; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		before = count_below(path);
		rc = ctrd_snapshot_prepare(small, key, NULL, CTRD_ACTIVE, &err);
	}
	EXPECT_INT(rc, -1);
	EXPECT_INT(err.kind, ERR_NO_SPACE);
	EXPECT_INT((long long)count_below(path), (long long)before); /* nothing half-made */
	ctrd_snapshots_close(small);
	tmp_free(steal_ptr(&tmp));
}

int suite_snapshot(void)
{
	static const CU_TestInfo tests[] = {
		{ "layers add up, containers are apart", test_layers },
		{ "one layer is a bind mount", test_bind },
		{ "126 layers", test_many_layers },
		{ "what is not allowed", test_rules },
		{ "everything is there after a restart", test_restart },
		{ "usage counts a file once", test_usage },
		{ "unnamed directories inherit their look", test_implicit },
		{ "many threads", test_threads },
		{ "a full disk leaves nothing half-made", test_full_disk },
		CU_TEST_INFO_NULL,
	};

	return suite_add("snapshot", tests);
}
