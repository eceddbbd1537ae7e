/*
 * test_spec.c - Docker's words in OCI's: what config.json says (config.md,
 * config-linux.md of the OCI runtime specification); and names of images.
 */
#include <string.h>

#include "create.h"
#include "images.h"
#include "ospec.h"
#include "suites.h"

static json_t *host_of(const char *text)
{
	AUTO_STRLIST struct strlist warnings = STRLIST_INIT;
	AUTO_JSON json_t *given = json_of(text);
	struct err err = { 0 };
	json_t *h = dockerd_host_make(given, &warnings, &err);

	EXPECT_STR(err.msg, "");
	return h;
}

static void resources_are(const char *host, const char *want)
{
	AUTO_JSON json_t *h = host_of(host), *got = dockerd_spec_resources(h);

	EXPECT_JSON(got, want);
}

static void limits(void)
{
	resources_are("{}", "{}");
	resources_are("{\"Memory\":33554432,\"PidsLimit\":5}",
		      "{\"memory\":{\"limit\":33554432,\"swap\":67108864},\"pids\":{\"limit\":5}}");
	resources_are("{\"MemorySwappiness\":-1}", "{}");
	resources_are("{\"NanoCpus\":500000000}", "{\"cpu\":{\"period\":100000,\"quota\":50000}}");
	resources_are(
		"{\"CpuShares\":512,\"CpusetCpus\":\"0\",\"CpuQuota\":20000,\"CpuPeriod\":10000}",
		"{\"cpu\":{\"shares\":512,\"quota\":20000,\"period\":10000,\"cpus\":\"0\"}}");
}

static bool has(const json_t *list, const char *text)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)list, i, v)
		if (!strcmp(json_string_value(v), text))
			return true;
	return false;
}

static void capabilities(void)
{
	AUTO_JSON json_t *plain = host_of("{}"),
			 *chosen = host_of(
				 "{\"CapDrop\":[\"ALL\"],\"CapAdd\":[\"NET_BIND_SERVICE\"]}");
	AUTO_JSON json_t *a = dockerd_spec_capabilities(plain, false),
			 *b = dockerd_spec_capabilities(chosen, false);
	AUTO_JSON json_t *p = dockerd_spec_capabilities(plain, true);

	EXPECT_INT((long long)json_array_size(json_object_get(a, "bounding")), 14);
	CU_ASSERT(!has(json_object_get(a, "bounding"), "CAP_SYS_ADMIN"));
	EXPECT_JSON(json_object_get(b, "effective"), "[\"CAP_NET_BIND_SERVICE\"]");
	CU_ASSERT(has(json_object_get(p, "permitted"), "CAP_SYS_ADMIN"));
}

static struct container *container_of(const char *config, const char *host)
{
	struct container *c = dockerd_container_new(
		"44a4cc3795b91c20a59b5599cac682b9257180630b87616eda246ace45ab3715");
	AUTO_JSON json_t *body = json_of(config),
			 *image = json_of("{\"Env\":[\"PATH=/bin\",\"IMG=1\"],\"Cmd\":[\"sh\"]}");
	struct err err = { 0 };

	c->config = dockerd_config_make(body, image, c->id, &err);
	EXPECT_STR(err.msg, "");
	c->host = host_of(host);
	c->mounts = json_array();
	c->name = xstrdup("x1");
	return c;
}

static void put(struct container *c)
{
	struct daemon d = { .cfg = NULL };

	pthread_mutex_init(&d.lock, NULL);
	dockerd_container_put(&d, c);
	pthread_mutex_destroy(&d.lock);
}

static void environment(void)
{
	struct container *c = container_of("{\"Env\":[\"A=1\"],\"Tty\":true}", "{}");
	AUTO_JSON json_t *more = json_of("[\"A=2\",\"IMG\"]"), *env = dockerd_spec_env(c, NULL);
	AUTO_JSON json_t *exec = dockerd_spec_env(c, more);

	EXPECT_JSON(env,
		    "[\"PATH=/bin\",\"HOSTNAME=44a4cc3795b9\",\"TERM=xterm\",\"A=1\",\"IMG=1\"]");
	EXPECT_JSON(exec, "[\"PATH=/bin\",\"HOSTNAME=44a4cc3795b9\",\"TERM=xterm\",\"A=2\"]");
	put(c);
}

static json_t *linux_of(const char *host)
{
	struct container *c = container_of("{}", host);
	struct joins none = { 0 };
	struct err err = { 0 };
	json_t *doc = dockerd_spec_linux(c, &none, &err);

	EXPECT_STR(err.msg, "");
	put(c);
	return doc;
}

static bool has_namespace(const json_t *doc, const char *type)
{
	json_t *list = json_object_get(doc, "namespaces"), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!strcmp(jsonx_str(v, "type", ""), type))
			return true;
	return false;
}

static void namespaces(void)
{
	AUTO_JSON json_t *own = linux_of("{}");
	AUTO_JSON json_t *shared = linux_of("{\"NetworkMode\":\"host\",\"PidMode\":\"host\","
					    "\"IpcMode\":\"host\",\"UTSMode\":\"host\"}");

	CU_ASSERT(has_namespace(own, "network") && has_namespace(own, "pid") &&
		  has_namespace(own, "ipc") && has_namespace(own, "uts") &&
		  has_namespace(own, "mount"));
	CU_ASSERT(!has_namespace(shared, "network") && !has_namespace(shared, "pid") &&
		  !has_namespace(shared, "ipc") && !has_namespace(shared, "uts") &&
		  has_namespace(shared, "mount"));
	EXPECT_STR(jsonx_str(own, "cgroupsPath", ""),
		   "/docker/44a4cc3795b91c20a59b5599cac682b9257180630b87616eda246ace45ab3715");
	CU_ASSERT(json_object_get(own, "seccomp") != NULL);
	CU_ASSERT(has(json_object_get(own, "maskedPaths"), "/proc/kcore"));
}

static void privilege(void)
{
	AUTO_JSON json_t *doc = linux_of("{\"Privileged\":true}");
	AUTO_JSON json_t *open = linux_of("{\"SecurityOpt\":[\"seccomp=unconfined\"],"
					  "\"MaskedPaths\":[],\"ReadonlyPaths\":[]}");

	CU_ASSERT(!json_object_get(doc, "seccomp") && !json_object_get(doc, "maskedPaths"));
	EXPECT_JSON(jsonx_at(doc, "resources.devices"), "[{\"allow\":true,\"access\":\"rwm\"}]");
	CU_ASSERT(!json_object_get(open, "seccomp") && !json_object_get(open, "maskedPaths"));
}

static void devices(void)
{
	AUTO_JSON json_t *h = host_of(
		"{\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/mine\","
		"\"CgroupPermissions\":\"rw\"}]}");
	AUTO_JSON json_t *missing = json_of("{\"Devices\":[{\"PathOnHost\":\"/dev/nosuch\"}]}");
	AUTO_JSON json_t *rules = NULL, *nodes = NULL;
	struct err err;

	rules = dockerd_spec_device_rules(h, &err);
	nodes = dockerd_spec_device_nodes(h, &err);
	EXPECT_JSON(json_array_get(rules, json_array_size(rules) - 1),
		    "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rw\"}");
	EXPECT_STR(jsonx_str(json_array_get(nodes, 0), "path", ""), "/dev/mine");
	CU_ASSERT(!dockerd_spec_device_nodes(missing, &err));
	EXPECT_HAS(err.msg, "\"/dev/nosuch\": no such file or directory");
}

static void rules_of_devices(void)
{
	AUTO_JSON json_t *h = host_of("{\"DeviceCgroupRules\":[\"c 10:* rm\",\"a *:* rwm\"]}");
	struct err err;
	AUTO_JSON json_t *rules = dockerd_spec_device_rules(h, &err);
	size_t n = json_array_size(rules);

	EXPECT_JSON(json_array_get(rules, n - 2),
		    "{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rm\"}");
	EXPECT_JSON(json_array_get(rules, n - 1),
		    "{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"}");
}

static void block_devices(void)
{
	AUTO_JSON json_t *h = host_of("{\"BlkioWeight\":300}"),
			 *null = host_of("{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/null\",\"Rate\":1}]}"),
			 *none = host_of("{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/nosuch\",\"Rate\":1}]}");
	AUTO_JSON json_t *r = json_object();
	struct err err;

	EXPECT_INT(dockerd_spec_blkio(h, r, &err), 0);
	EXPECT_JSON(r, "{\"blockIO\":{\"weight\":300}}");
	EXPECT_INT(dockerd_spec_blkio(null, r, &err), -1);
	EXPECT_HAS(err.msg, "/dev/null is not a block device");
	EXPECT_INT(dockerd_spec_blkio(none, r, &err), -1);
	EXPECT_HAS(err.msg, "stat /dev/nosuch");
}

#if defined(__aarch64__)
#define OURS "SCMP_ARCH_AARCH64"
#define OTHER "amd64"
#else
#define OURS "SCMP_ARCH_X86_64"
#define OTHER "arm64"
#endif

/* Conditions are decided, the rest is the OCI's. */
static void profiles_of_ones_own(void)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"" OURS
		"\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},{\"architecture\":\"SCMP_ARCH_S390X\"}],"
		"\"syscalls\":["
		"{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"comment\":\"c\"},"
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_CHOWN\"]}},"
		"{\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_BPF\"]}},"
		"{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_CHOWN\"]}},"
		"{\"names\":[\"d\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"" OTHER
		"\"]}},"
		"{\"names\":[\"e\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.1\"}},"
		"{\"names\":[\"f\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"3.1\"}}]}";
	AUTO_JSON json_t *caps = json_of("[\"CAP_CHOWN\"]");
	struct err err;
	AUTO_JSON json_t *got = dockerd_spec_seccomp_profile(text, caps, &err);

	EXPECT_JSON(got, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
			 "{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"read\"]},"
			 "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			 "{\"names\":[\"f\"],\"action\":\"SCMP_ACT_ALLOW\"}],"
			 "\"architectures\":[\"" OURS "\",\"SCMP_ARCH_X86\"]}");
}

int suite_spec(void)
{
	static const CU_TestInfo tests[] = {
		{ "limits", limits },
		{ "capabilities", capabilities },
		{ "environment", environment },
		{ "namespaces", namespaces },
		{ "privilege", privilege },
		{ "devices", devices },
		{ "rules of devices", rules_of_devices },
		{ "block devices", block_devices },
		{ "profiles of one's own", profiles_of_ones_own },
		CU_TEST_INFO_NULL,
	};

	return suite_add("OCI documents", tests);
}

/* --- images ---------------------------------------------------------------------------------- */

#define CONFIG_A "sha256:aaaa000000000000000000000000000000000000000000000000000000000001"
#define CONFIG_B "sha256:aaaa000000000000000000000000000000000000000000000000000000000002"
#define INDEX "sha256:1111111111111111111111111111111111111111111111111111111111111111"

static void add(struct image_names *all, const char *name, const char *id)
{
	struct image_name *image = &all->v[all->n++];

	image->name = xstrdup(name);
	image->resolved = json_pack("{s:{s:s}, s:{s:s}}", "target", "digest", INDEX,
				    "configDescriptor", "digest", id);
	image->id = json_string_value(jsonx_at(image->resolved, "configDescriptor.digest"));
}

static struct image_names some_images(void)
{
	struct image_names all = { xcalloc(8, sizeof *all.v), 0 };

	add(&all, "docker.io/library/nginx:latest", CONFIG_A);
	add(&all, "docker.io/library/nginx:1.27", CONFIG_A);
	add(&all, "127.0.0.1:5000/mine:v1", CONFIG_B);
	add(&all, "docker.io/library/busybox@" INDEX, CONFIG_B);
	return all;
}

static void find_is(const struct image_names *all, const char *ref, const char *want, bool by_id)
{
	struct err err = { 0 };
	bool was_id;
	const struct image_name *found = dockerd_image_find(all, ref, &was_id, &err);

	EXPECT_STR(found ? found->name : err.msg, want);
	if (found)
		EXPECT_INT(was_id, by_id);
}

static void finding(void)
{
	struct image_names all = some_images();

	find_is(&all, "nginx", "docker.io/library/nginx:latest", false);
	find_is(&all, "library/nginx:1.27", "docker.io/library/nginx:1.27", false);
	find_is(&all, "127.0.0.1:5000/mine:v1", "127.0.0.1:5000/mine:v1", false);
	find_is(&all, "nginx@" INDEX, "docker.io/library/nginx:latest", false);
	find_is(&all, CONFIG_A, "docker.io/library/nginx:1.27", true);
	find_is(&all, "aaaa000000000000000000000000000000000000000000000000000000000002",
		"docker.io/library/busybox@" INDEX, true);
	find_is(&all, "aaaa", "ambiguous image ID prefix: aaaa", false);
	find_is(&all, "nosuch", "No such image: nosuch:latest", false);
	find_is(&all, "bad name",
		"invalid reference format: \"bad name\": the repository's name is malformed", false);
	dockerd_images_free(&all);
}

static void spelling(void)
{
	struct image_names all = some_images();
	AUTO_FREE char *tag = dockerd_image_tag(all.v[0].name),
		       *none = dockerd_image_tag(all.v[3].name);
	AUTO_FREE char *digest = dockerd_image_repo_digest(&all.v[0]);
	char shown[13];

	EXPECT_STR(tag, "nginx:latest");
	EXPECT_STR(none, "");
	EXPECT_STR(digest, "nginx@" INDEX);
	EXPECT_STR(dockerd_image_short(CONFIG_A, shown), "aaaa00000000");
	CU_ASSERT(dockerd_image_is("nginx", CONFIG_A, all.v[0].name));
	CU_ASSERT(dockerd_image_is("aaaa0", CONFIG_A, all.v[0].name));
	CU_ASSERT(!dockerd_image_is("busybox", CONFIG_A, all.v[0].name));
	dockerd_images_free(&all);
}

int suite_images(void)
{
	static const CU_TestInfo tests[] = {
		{ "finding", finding },
		{ "spelling", spelling },
		CU_TEST_INFO_NULL,
	};

	return suite_add("images", tests);
}
