/*
 * test_leases.c - leases, namespaces and labels: what they keep from being garbage, also
 * after a restart.
 */
#include "leases.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "content_labels.h"
#include "daemon.h"
#include "suites.h"

static struct err err;
static char *dir;
static struct ctrd_daemon d;

static void open_all(void)
{
	static const char *const services[] = { "images", "containers", "leases", NULL };
	AUTO_FREE char *content = xasprintf("%s/content", dir);
	AUTO_FREE char *snapshots = xasprintf("%s/snapshots", dir);
	AUTO_FREE char *images = xasprintf("%s/images", dir);
	AUTO_FREE char *containers = xasprintf("%s/containers", dir);
	AUTO_FREE char *leases = xasprintf("%s/leases", dir);

	d.content = content_open(content, &err);
	d.snapshots = ctrd_snapshots_open(snapshots, &err);
	d.images = ctrd_images_open(images, d.content, d.snapshots, &err);
	d.containers = ctrd_containers_open(containers, &err);
	d.leases = ctrd_leases_open(leases, &err);
	d.namespaces = ctrd_namespaces_open(dir, services, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.namespaces);
	ctrd_images_roots(d.images, ctrd_daemon_roots, &d);
}

static void begin(void)
{
	dir = tmp_new("16m");
	open_all();
}

static void end(void)
{
	ctrd_daemon_close(&d);
	tmp_free(dir);
}

static void restart(void)
{
	ctrd_daemon_close(&d);
	open_all();
}

static bool make_lease(const char *ns, const char *id, const json_t *labels)
{
	AUTO_JSON json_t *made = ctrd_lease_create(d.leases, ns, id, labels, &err);

	return made != NULL;
}

static void blob(const char *text, char digest[DIGEST_SIZE])
{
	EXPECT_OK(content_write(d.content, text, strlen(text), NULL, digest, &err));
}

static void committed(const char *name, const char *parent)
{
	EXPECT_OK(ctrd_snapshot_prepare(d.snapshots, "k", parent, CTRD_ACTIVE, &err));
	EXPECT_OK(ctrd_snapshot_commit(d.snapshots,
				       &(struct ctrd_commit){ .key = "k", .name = name }, &err));
}

static void test_life(void)
{
	AUTO_JSON json_t *made = NULL, *list = NULL, *got = NULL;

	begin();
	made = ctrd_lease_create(d.leases, "default", NULL, NULL, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	EXPECT_INT((long long)strlen(jsonx_str(made, "id", "")), 32);
	CU_ASSERT_TRUE(make_lease("default", "build-1", NULL));
	CU_ASSERT_FALSE(make_lease("default", "build-1", NULL));
	EXPECT_INT(err.kind, ERR_EXISTS);
	CU_ASSERT_FALSE(make_lease("default", "../up", NULL));
	EXPECT_INT(err.kind, ERR_INVALID);
	CU_ASSERT_TRUE(make_lease("other", "build-1", NULL));
	restart();
	list = ctrd_leases_list(d.leases, "default", &err);
	EXPECT_INT((long long)json_array_size(list), 2);
	EXPECT_OK(ctrd_lease_delete(d.leases, "default", "build-1", &err));
	EXPECT_INT(ctrd_lease_delete(d.leases, "default", "build-1", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	got = ctrd_lease_get(d.leases, "other", "build-1", &err);
	EXPECT_STR(jsonx_str(got, "id", ""), "build-1");
	end();
}

static void test_keeps(void)
{
	char held[DIGEST_SIZE], loose[DIGEST_SIZE];

	begin();
	CU_ASSERT_TRUE(make_lease("default", "l", NULL));
	blob("held", held);
	blob("loose", loose);
	committed("bottom", NULL);
	committed("top", "bottom");
	committed("unwanted", "bottom");
	EXPECT_OK(ctrd_lease_add(d.leases, "default", "l", LEASE_CONTENT, held, &err));
	EXPECT_OK(ctrd_lease_add(d.leases, "default", "l", LEASE_CONTENT, held, &err));
	EXPECT_OK(ctrd_lease_add(d.leases, "default", "l", LEASE_SNAPSHOT "overlayfs", "top", &err));
	restart(); /* leases are kept, pins are not */
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_TRUE(content_has(d.content, held, NULL));
	CU_ASSERT_FALSE(content_has(d.content, loose, NULL));
	CU_ASSERT_TRUE(ctrd_snapshot_exists(d.snapshots, "top"));
	CU_ASSERT_TRUE(ctrd_snapshot_exists(d.snapshots, "bottom"));
	CU_ASSERT_FALSE(ctrd_snapshot_exists(d.snapshots, "unwanted"));
	EXPECT_OK(ctrd_lease_drop(d.leases, "default", "l", LEASE_CONTENT, held, &err));
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(content_has(d.content, held, NULL));
	EXPECT_OK(ctrd_lease_delete(d.leases, "default", "l", &err));
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(ctrd_snapshot_exists(d.snapshots, "bottom"));
	end();
}

static void test_rules(void)
{
	begin();
	CU_ASSERT_TRUE(make_lease("default", "l", NULL));
	EXPECT_INT(ctrd_lease_add(d.leases, "default", "none", LEASE_SNAPSHOT "overlayfs", "k", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_INT(ctrd_lease_add(d.leases, "default", "l", LEASE_CONTENT, "../x", &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	EXPECT_INT(ctrd_lease_add(d.leases, "default", "l", "ingest", "k", &err), -1);
	EXPECT_INT(err.kind, ERR_INVALID);
	end();
}

static bool with_expiry(const char *id, const char *when)
{
	AUTO_JSON json_t *labels = json_pack("{s:s}", "containerd.io/gc.expire", when);

	return make_lease("default", id, labels);
}

static void test_expiry(void)
{
	char digest[DIGEST_SIZE], when[64];
	time_t later = time(NULL) + 3600;
	AUTO_JSON json_t *list = NULL;

	begin();
	blob("x", digest);
	CU_ASSERT_FALSE(with_expiry("bad", "tomorrow"));
	EXPECT_INT(err.kind, ERR_INVALID);
	CU_ASSERT_TRUE(with_expiry("past", "2001-02-03T04:05:06.789+01:00"));
	EXPECT_OK(ctrd_lease_add(d.leases, "default", "past", LEASE_CONTENT, digest, &err));
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&later));
	CU_ASSERT_TRUE(with_expiry("future", when));
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(content_has(d.content, digest, NULL));
	list = ctrd_leases_list(d.leases, "default", &err);
	EXPECT_INT((long long)json_array_size(list), 1);
	end();
}

/* What cannot be read may have held anything. */
static void test_unreadable(void)
{
	AUTO_FREE char *path = NULL;
	char digest[DIGEST_SIZE];
	FILE *f;

	begin();
	blob("x", digest);
	CU_ASSERT_TRUE(make_lease("default", "l", NULL));
	path = xasprintf("%s/leases/default/l.json", dir);
	f = fopen(path, "we");
	fputs("{", f);
	fclose(f);
	EXPECT_INT(ctrd_images_gc(d.images, &err), -1);
	CU_ASSERT_TRUE(content_has(d.content, digest, NULL));
	EXPECT_OK(ctrd_lease_delete(d.leases, "default", "l", &err));
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(content_has(d.content, digest, NULL));
	end();
}

static void test_labels(void)
{
	AUTO_JSON json_t *labels = json_pack("{s:s}", "containerd.io/gc.root", "now");
	AUTO_JSON json_t *none = json_pack("{s:s}", "containerd.io/gc.root", "");
	AUTO_JSON json_t *info = NULL;

	char kept[DIGEST_SIZE], loose[DIGEST_SIZE];
	AUTO_JSON json_t *on_blob = NULL, *off_blob = NULL, *left = NULL;

	begin();
	blob("kept", kept);
	blob("loose", loose);
	on_blob = content_label(d.content, kept, labels, &err);
	CU_ASSERT_PTR_NOT_NULL(on_blob);
	committed("a", NULL);
	committed("b", "a");
	EXPECT_OK(ctrd_snapshot_label(d.snapshots, "b", labels, &err));
	restart();
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_TRUE(ctrd_snapshot_exists(d.snapshots, "a"));
	info = ctrd_snapshot_get(d.snapshots, "b", &err);
	EXPECT_STR(jsonx_str(json_object_get(info, "labels"), "containerd.io/gc.root", ""), "now");
	CU_ASSERT_TRUE(content_has(d.content, kept, NULL));
	CU_ASSERT_FALSE(content_has(d.content, loose, NULL));
	CU_ASSERT_PTR_NULL(content_label(d.content, loose, labels, &err));
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	EXPECT_OK(ctrd_snapshot_label(d.snapshots, "b", none, &err));
	off_blob = content_label(d.content, kept, none, &err);
	CU_ASSERT_PTR_NOT_NULL(off_blob);
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(ctrd_snapshot_exists(d.snapshots, "a"));
	CU_ASSERT_FALSE(content_has(d.content, kept, NULL));
	left = content_labels(d.content, &err);
	EXPECT_INT((long long)json_object_size(left), 0);
	end();
}

static void test_container(void)
{
	char digest[DIGEST_SIZE];
	AUTO_FREE char *image = NULL;
	AUTO_JSON json_t *doc = NULL, *made = NULL;

	begin();
	blob("config", digest);
	committed("layer", NULL);
	image = xasprintf("docker.io/library/x@%s", digest);
	doc = json_pack("{s:s, s:s, s:s, s:{}}", "id", "c1", "image", image, "snapshotKey", "layer",
			"spec");
	made = ctrd_container_create(d.containers, "ns1", doc, &err);
	CU_ASSERT_PTR_NOT_NULL(made);
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_TRUE(content_has(d.content, digest, NULL));
	CU_ASSERT_TRUE(ctrd_snapshot_exists(d.snapshots, "layer"));
	EXPECT_OK(ctrd_container_delete(d.containers, "ns1", "c1", &err));
	EXPECT_OK(ctrd_images_gc(d.images, &err));
	CU_ASSERT_FALSE(content_has(d.content, digest, NULL));
	CU_ASSERT_FALSE(ctrd_snapshot_exists(d.snapshots, "layer"));
	end();
}

static void expect_namespaces(const char *want)
{
	AUTO_JSON json_t *list = ctrd_namespaces_list(d.namespaces, &err);
	AUTO_FREE char *text = list ? jsonx_text(list) : NULL;

	EXPECT_STR(text, want);
}

static void test_namespaces(void)
{
	AUTO_JSON json_t *labels = json_pack("{s:s, s:s}", "a", "1", "b", "2");
	AUTO_JSON json_t *change = json_pack("{s:s, s:s}", "a", "", "c", "3");
	AUTO_JSON json_t *made = NULL, *again = NULL, *labelled = NULL;

	begin();
	expect_namespaces("[]");
	CU_ASSERT_TRUE(make_lease("used", "l", NULL));
	made = ctrd_namespace_create(d.namespaces, "mine", labels, &err);
	CU_ASSERT_PTR_NOT_NULL(made);
	again = ctrd_namespace_create(d.namespaces, "mine", NULL, &err);
	CU_ASSERT_PTR_NULL(again);
	EXPECT_INT(err.kind, ERR_EXISTS);
	labelled = ctrd_namespace_label(d.namespaces, "mine", change, &err);
	CU_ASSERT_PTR_NOT_NULL(labelled);
	restart();
	expect_namespaces("[{\"name\":\"mine\",\"labels\":{\"b\":\"2\",\"c\":\"3\"}},"
			  "{\"name\":\"used\",\"labels\":{}}]");
	CU_ASSERT_TRUE(make_lease("mine", "l", NULL));
	EXPECT_INT(ctrd_namespace_delete(d.namespaces, "mine", &err), -1);
	EXPECT_INT(err.kind, ERR_CONFLICT);
	EXPECT_OK(ctrd_lease_delete(d.leases, "mine", "l", &err));
	EXPECT_OK(ctrd_namespace_delete(d.namespaces, "mine", &err));
	EXPECT_INT(ctrd_namespace_delete(d.namespaces, "mine", &err), -1);
	EXPECT_INT(err.kind, ERR_NOT_FOUND);
	expect_namespaces("[{\"name\":\"used\",\"labels\":{}}]");
	end();
}

int suite_leases(void)
{
	static const CU_TestInfo tests[] = {
		{ "leases are made, found after a restart, deleted", test_life },
		{ "what a lease holds is no garbage", test_keeps },
		{ "what a lease cannot hold", test_rules },
		{ "a lease whose time is up", test_expiry },
		{ "nothing is collected past an unreadable lease", test_unreadable },
		{ "labels of snapshots and blobs, and gc.root", test_labels },
		{ "a container keeps its snapshot and image", test_container },
		{ "namespaces", test_namespaces },
		CU_TEST_INFO_NULL,
	};

	return suite_add("leases", tests);
}
