/*
 * rdt_test.c - linux.intelRdt ("IntelRdt" in config-linux.md). Few machines have a
 * resctrl file system, so it is a directory of ours, in which the test does what the
 * kernel would; and the refusal where none is mounted.
 */
#include "suite.h"

#include <sys/stat.h>

#include "02-runc/config.h"
#include "02-runc/intelrdt.h"

struct fixture {
	char root[96], state[96];
	int dir;
};

static void put(const struct fixture *f, const char *file, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/%s", f->root, file), *dir = xstrdup(path);
	struct err err;

	*strrchr(dir, '/') = '\0';
	CU_ASSERT(!file_mkdir_p(dir, 0755, &err));
	write_file(f->root, file, text);
}

static void is(const struct fixture *f, const char *file, const char *want)
{
	AUTO_FREE char *path = xasprintf("%s/%s", f->root, file), *text = read_file(path);

	EQ_STR(text, want);
}

static bool there(const struct fixture *f, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s", f->root, file);

	return !access(path, F_OK);
}

/* rmdir(2) of a group takes its files along; here somebody has to. */
static void empty(const struct fixture *f, const char *group)
{
	AUTO_FREE char *cmd = xasprintf("rm -f %s/%s/tasks %s/%s/schemata", f->root, group, f->root, group);

	CU_ASSERT(!system(cmd));
}

static void set_up(struct fixture *f)
{
	static unsigned serial;

	snprintf(f->root, sizeof f->root, "%s/resctrl%u", test_dir, ++serial);
	snprintf(f->state, sizeof f->state, "%s/rdt-state%u", test_dir, serial);
	mkdir(f->root, 0755);
	mkdir(f->state, 0755);
	f->dir = open(f->state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	put(f, "info/L3/cbm_mask", "fffff\n");
	put(f, "info/L3/min_cbm_bits", "1\n");
	put(f, "info/MB/bandwidth_gran", "10\n");
	put(f, "info/last_cmd_status", "ok\n");
	put(f, "mon_groups/none", "");
	put(f, "schemata", "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n");
}

static void tear_down(struct fixture *f)
{
	struct err err;

	close(f->dir);
	CU_ASSERT(!file_remove_tree(AT_FDCWD, f->root, &err));
	CU_ASSERT(!file_remove_tree(AT_FDCWD, f->state, &err));
}

static void ok(int failed, const struct err *err)
{
	if (failed)
		fprintf(stderr, "\n%s\n", err->msg);
	CU_ASSERT(!failed);
}

/* Without closID the group is the container's own. */
static void own_group(void)
{
	static const char *const more[] = { "L2:0=f", "L3CODE:0=f", NULL };
	struct runc_rdt r = { .present = true, .l3 = "L3:0=7f0;1=1f\nMB:0=1", .mb = "MB:0=20;1=70",
			      .schemata = (const char **)more };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	ok(runc_rdt_check(&r, f.root, &err), &err);
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	/* Lines about bandwidth in l3CacheSchema do not count; schemata comes last. */
	is(&f, "box/schemata", "L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\nL3CODE:0=f\n");
	ok(runc_rdt_join(f.dir, 4711, &err), &err);
	is(&f, "box/tasks", "4711");
	empty(&f, "box");
	ok(runc_rdt_destroy(f.dir, false, &err), &err);
	CU_ASSERT(!there(&f, "box"));
	ok(runc_rdt_destroy(f.dir, false, &err), &err); /* and once more */
	tear_down(&f);
}

static void nothing_to_write(void)
{
	struct runc_rdt r = { .present = true };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	CU_ASSERT(there(&f, "box") && !there(&f, "box/schemata"));
	tear_down(&f);
}

/* A class of service that somebody else has made. */
static void named_class(void)
{
	struct runc_rdt r = { .present = true, .clos_id = "gold" };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	CU_ASSERT(runc_rdt_create(&r, f.root, "box", f.dir, &err));
	HAS(err.msg, "must be pre-created");
	CU_ASSERT(!there(&f, "gold"));
	put(&f, "gold/schemata", "    L3:0=00ff;1=0ff0\n    MB:0= 20;1= 70\n");
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	/* The same, written otherwise. */
	r.l3 = "L3:1=ff0;0=ff";
	r.mb = "MB:0=20";
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	is(&f, "gold/schemata", "    L3:0=00ff;1=0ff0\n    MB:0= 20;1= 70\n");
	r.l3 = "L3:0=fe";
	CU_ASSERT(runc_rdt_create(&r, f.root, "box", f.dir, &err));
	HAS(err.msg, "linux.intelRdt.closID: ");
	r.l3 = "L3:2=ff";
	CU_ASSERT(runc_rdt_create(&r, f.root, "box", f.dir, &err));
	/* It is not removed with the container. */
	ok(runc_rdt_destroy(f.dir, false, &err), &err);
	CU_ASSERT(there(&f, "gold"));
	tear_down(&f);
}

/* Made because it was missing: it stays for others, unless the container never was. */
static void made_class(void)
{
	struct runc_rdt r = { .present = true, .clos_id = "gold", .l3 = "L3:0=f" };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	is(&f, "gold/schemata", "L3:0=f\n");
	empty(&f, "gold");
	ok(runc_rdt_destroy(f.dir, false, &err), &err);
	CU_ASSERT(there(&f, "gold"));
	ok(runc_rdt_destroy(f.dir, true, &err), &err);
	CU_ASSERT(!there(&f, "gold"));
	tear_down(&f);
}

static void root_class_and_monitoring(void)
{
	struct runc_rdt r = { .present = true, .clos_id = "/", .monitor = true };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	CU_ASSERT(there(&f, "mon_groups/box"));
	ok(runc_rdt_join(f.dir, 12, &err), &err);
	is(&f, "tasks", "12");
	is(&f, "mon_groups/box/tasks", "12");
	empty(&f, "mon_groups/box");
	ok(runc_rdt_destroy(f.dir, false, &err), &err);
	CU_ASSERT(!there(&f, "mon_groups/box") && there(&f, "schemata"));
	tear_down(&f);
}

static void what_is_missing(void)
{
	struct runc_rdt l3 = { .present = true, .l3 = "L3:0=f" }, mb = { .present = true, .mb = "MB:0=1" };
	struct runc_rdt monitor = { .present = true, .monitor = true };
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	AUTO_FREE char *cmd = xasprintf("rm -r %s/info/L3 %s/info/MB %s/mon_groups", f.root, f.root, f.root);

	CU_ASSERT(!system(cmd));
	CU_ASSERT(runc_rdt_check(&l3, f.root, &err));
	HAS(err.msg, "linux.intelRdt.l3CacheSchema: ");
	CU_ASSERT(runc_rdt_check(&mb, f.root, &err));
	HAS(err.msg, "linux.intelRdt.memBwSchema: ");
	CU_ASSERT(runc_rdt_check(&monitor, f.root, &err));
	HAS(err.msg, "linux.intelRdt.enableMonitoring: ");
	tear_down(&f);
}

static void statistics(void)
{
	struct runc_rdt r = { .present = true, .l3 = "L3:0=f" };
	AUTO_JSON json_t *doc = NULL;
	struct err err = { .msg = "" };
	struct fixture f;

	set_up(&f);
	CU_ASSERT(!runc_rdt_stats(f.dir));
	ok(runc_rdt_create(&r, f.root, "box", f.dir, &err), &err);
	put(&f, "box/mon_data/mon_L3_00/llc_occupancy", "123456\n");
	put(&f, "box/mon_data/mon_L3_00/mbm_total_bytes", "42\n");
	put(&f, "box/mon_data/mon_L3_00/mbm_local_bytes", "41\n");
	doc = runc_rdt_stats(f.dir);
	EQ_STR(jsonx_str(doc, "l3_cache_schema", ""), "L3:0=f");
	EQ_STR(jsonx_str(doc, "l3_cache_schema_root", ""), "L3:0=fffff;1=fffff");
	EQ_STR(jsonx_str(doc, "mem_bw_schema_root", ""), "MB:0=100;1=100");
	EQ_STR(jsonx_str(json_object_get(doc, "l3_cache_info"), "cbm_mask", ""), "fffff");
	EQ_INT(jsonx_int(json_object_get(doc, "l3_cache_info"), "min_cbm_bits", 0), 1);
	EQ_INT(jsonx_int(json_object_get(doc, "mem_bw_info"), "bandwidth_gran", 0), 10);
	EQ_INT(jsonx_int(json_array_get(json_object_get(doc, "cmt_stats"), 0), "llc_occupancy", 0), 123456);
	EQ_INT(jsonx_int(json_array_get(json_object_get(doc, "mbm_stats"), 0), "mbm_total_bytes", 0), 42);
	EQ_INT(jsonx_int(json_array_get(json_object_get(doc, "mbm_stats"), 0), "mbm_local_bytes", 0), 41);
	tear_down(&f);
}

static void not_mounted(void)
{
	AUTO_FREE char *mounts = read_file("/proc/self/mounts");
	json_t *config = spec();

	if (strstr(mounts, " resctrl ")) {
		puts("SKIP: this machine has resctrl");
		json_decref(config);
		return;
	}
	set(config, "linux.intelRdt", "{'closID': 'x'}");
	FAILS(run(config), 1, "linux.intelRdt: Intel RDT not available: no resctrl file system is mounted");
	config = spec();
	set(config, "process.args", "['sleep', '60']");
	if (start(config)) {
		FAILS(runc("update", "--l3-cache-schema", "L3:0=f", id, NULL), 1, "no resctrl file system");
		FAILS(runc("update", "--mem-bw-schema", "MB:0=50", id, NULL), 1, "no resctrl file system");
		stop();
	}
	NOTHING_LEFT();
}

CU_TestInfo rdt_tests[] = {
	{ "a group of its own", own_group },
	{ "nothing to write", nothing_to_write },
	{ "a class that exists", named_class },
	{ "a class that is made", made_class },
	{ "the root class, and monitoring", root_class_and_monitoring },
	{ "what the machine lacks", what_is_missing },
	{ "statistics", statistics },
	{ "where resctrl is not mounted", not_mounted },
	CU_TEST_INFO_NULL,
};
