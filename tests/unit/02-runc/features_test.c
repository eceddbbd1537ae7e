/*
 * features_test.c - the documents that runc writes about itself: `features`
 * (features.md) and `spec`.
 */
#include "suite.h"

#include <sys/stat.h>

#include "01-kernel/caps.h"
#include "01-kernel/mount.h"
#include "02-runc/config.h"

static bool lists(const json_t *doc, const char *path, const char *word)
{
	json_t *array = jsonx_at(doc, path), *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(json_string_value(item), word))
			return true;
	fprintf(stderr, "\n%s: no %s\n", path, word);
	return false;
}

static void features(void)
{
	static const struct { const char *path, *word; } words[] = {
		{ "hooks", "prestart" }, { "hooks", "createRuntime" }, { "hooks", "createContainer" },
		{ "hooks", "startContainer" }, { "hooks", "poststart" }, { "hooks", "poststop" },
		{ "linux.namespaces", "cgroup" }, { "linux.namespaces", "ipc" },
		{ "linux.namespaces", "mount" }, { "linux.namespaces", "network" },
		{ "linux.namespaces", "pid" }, { "linux.namespaces", "time" },
		{ "linux.namespaces", "user" }, { "linux.namespaces", "uts" },
		{ "linux.memoryPolicy.modes", "MPOL_WEIGHTED_INTERLEAVE" },
		{ "linux.memoryPolicy.flags", "MPOL_F_STATIC_NODES" },
		{ "linux.seccomp.actions", "SCMP_ACT_ERRNO" }, { "linux.seccomp.operators", "SCMP_CMP_NE" },
		{ "mountOptions", "tmpcopyup" }, { "mountOptions", "rro" },
		{ "potentiallyUnsafeConfigAnnotations", "org.systemd.property." },
	};
	static const char *const enabled[] = {
		"linux.cgroup.v1", "linux.cgroup.v2", "linux.seccomp.enabled", "linux.apparmor.enabled",
		"linux.selinux.enabled", "linux.intelRdt.enabled", "linux.intelRdt.schemata",
		"linux.intelRdt.monitoring", "linux.mountExtensions.idmap.enabled", "linux.netDevices.enabled",
	};
	struct result r = runc("features", NULL);
	AUTO_JSON json_t *doc = json_loads(r.out, 0, NULL);
	const char *word;

	EQ_INT(r.status, 0);
	EQ_STR(jsonx_str(doc, "ociVersionMin", ""), "1.0.0");
	EQ_STR(jsonx_str(doc, "ociVersionMax", ""), RUNC_SPEC_VERSION);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		CU_ASSERT(lists(doc, words[i].path, words[i].word));
	for (size_t i = 0; i < sizeof enabled / sizeof *enabled; i++)
		if (!json_is_true(jsonx_at(doc, enabled[i]))) {
			fprintf(stderr, "\n%s is not true\n", enabled[i]);
			CU_FAIL("features");
		}
	/* Each that the parser knows, and in order, as runc prints them. */
	for (size_t i = 0; (word = kern_mount_option_word(i)); i++)
		CU_ASSERT(lists(doc, "mountOptions", word));
	for (size_t i = 1; i < json_array_size(json_object_get(doc, "mountOptions")); i++)
		CU_ASSERT(strcmp(json_string_value(json_array_get(json_object_get(doc, "mountOptions"), i - 1)),
				 json_string_value(json_array_get(json_object_get(doc, "mountOptions"), i))) < 0);
	EQ_INT((long)json_array_size(jsonx_at(doc, "linux.capabilities")), kern_caps_parse("CAP_CHECKPOINT_RESTORE") + 1);
	CU_ASSERT(json_is_string(json_object_get(json_object_get(doc, "annotations"),
						 "org.opencontainers.runc.version")));
}

/* Every version that it says it accepts, it does. */
static void versions(void)
{
	static const char *const good[] = { "1.0.0", RUNC_SPEC_VERSION };

	for (size_t i = 0; i < 2; i++) {
		json_t *config = spec();

		set(config, "ociVersion", "'%s'", good[i]);
		EQ_INT(run(config).status, 0);
	}
}

static json_t *written(const char *dir, const char *more)
{
	AUTO_FREE char *path = xasprintf("%s/config.json", dir);
	struct err err = { .msg = "" };
	json_t *doc;

	unlink(path);
	EQ_INT(runc("spec", "--bundle", dir, more, NULL).status, 0);
	doc = jsonx_read(AT_FDCWD, path, 1 << 20, &err);
	EQ_STR(err.msg, "");
	return doc;
}

static bool has_namespace(const json_t *doc, const char *type)
{
	json_t *array = jsonx_at(doc, "linux.namespaces"), *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(jsonx_str(item, "type", ""), type))
			return true;
	return false;
}

static json_t *mount_on(const json_t *doc, const char *destination)
{
	json_t *array = json_object_get(doc, "mounts"), *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(jsonx_str(item, "destination", ""), destination))
			return item;
	return NULL;
}

static void template(void)
{
	AUTO_FREE char *dir = xasprintf("%s/spec", test_dir), *path = xasprintf("%s/config.json", dir);
	AUTO_JSON json_t *doc = NULL, *rootless = NULL;
	AUTO_FREE char *text = NULL, *options = NULL;

	mkdir(dir, 0755);
	doc = written(dir, NULL);
	text = read_file(path);
	HAS(text, "{\n\t\"ociVersion\": \"" RUNC_SPEC_VERSION "\",\n\t\"process\": {\n\t\t\"terminal\": true,\n");
	CU_ASSERT(has_namespace(doc, "network") && !has_namespace(doc, "user"));
	CU_ASSERT_EQUAL(has_namespace(doc, "cgroup"), cgroup_v2());
	FAILS(runc("spec", "-b", dir, NULL), 1, "File config.json exists. Remove it first");
	rootless = written(dir, "--rootless");
	CU_ASSERT(has_namespace(rootless, "user") && !has_namespace(rootless, "network"));
	CU_ASSERT(has_namespace(rootless, "pid") && has_namespace(rootless, "mount"));
	CU_ASSERT(!jsonx_at(rootless, "linux.resources"));
	EQ_INT(jsonx_int(json_array_get(jsonx_at(rootless, "linux.uidMappings"), 0), "hostID", -1), geteuid());
	EQ_INT(jsonx_int(json_array_get(jsonx_at(rootless, "linux.gidMappings"), 0), "size", -1), 1);
	options = jsonx_text(json_object_get(mount_on(rootless, "/dev/pts"), "options"));
	EQ_STR(options, "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]");
	EQ_STR(jsonx_str(mount_on(rootless, "/sys"), "type", ""), "none");
	EQ_STR(json_string_value(json_array_get(json_object_get(mount_on(rootless, "/sys"), "options"), 0)), "rbind");
	unlink(path);
}

CU_TestInfo features_tests[] = {
	{ "features", features },
	{ "versions", versions },
	{ "spec, also for the rootless", template },
	CU_TEST_INFO_NULL,
};
