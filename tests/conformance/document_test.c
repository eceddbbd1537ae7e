/*
 * document_test.c - what a bundle is, and how config.json is read: glossary.md,
 * bundle.md, and of config.md what concerns the document as a whole.
 */
#include "conform.h"

#include <sys/stat.h>

PROVES(json_is_utf8,
	{ "glossary.md#json", MUST, "Text that is not ASCII reaches the process as the UTF-8 that config.json has." });
static void json_is_utf8(void)
{
	json_t *config = plain();

	set(config, "process.args", "['printf', '%%s', 'gr\u00fc\u00df \u2603']");
	SAYS(config, "gr\u00fc\u00df \u2603");
}

PROVES(duplicate_names,
	{ "glossary.md#json", MUST, "A document in which one object has a name twice is not valid: it is refused." });
static void duplicate_names(void)
{
	AUTO_JSON json_t *config = shell("echo ran");
	AUTO_FREE char *text = jsonx_text(config), *twice = NULL;
	const char *dir = bundle(config);

	twice = xasprintf("{\"hostname\": \"a\", \"hostname\": \"b\", %s", text + 1);
	write_file(dir, "config.json", twice);
	CU_ASSERT(runc("create", "-b", dir, new_id(), NULL).status != 0);
	EQ_STR(status_of(), "");
}

PROVES(order_of_names,
	{ "glossary.md#json", MUST, "The order of an object's entries makes no difference." });
static void order_of_names(void)
{
	AUTO_JSON json_t *config = shell("hostname"), *turned = json_object();
	const char *key;
	json_t *value;

	set(config, "hostname", "'turned'");
	json_object_foreach(config, key, value) {
		AUTO_JSON json_t *rest = json_deep_copy(turned);

		json_object_clear(turned);
		json_object_set(turned, key, value);
		json_object_update(turned, rest);
	}
	SAYS(json_incref(turned), "turned\n");
}

PROVES(config_json_in_the_bundle,
	{ "bundle.md#container-format", MUST, "The configuration is the file `config.json` at the top of the bundle; without it nothing is created." },
	{ "runtime.md#create", MUST, "`create` without a bundle is an error." });
static void config_json_in_the_bundle(void)
{
	AUTO_JSON json_t *config = sleeper();
	AUTO_FREE char *from = NULL, *to = NULL, *command = NULL;
	const char *dir = bundle(config);

	from = xasprintf("%s/config.json", dir);
	to = xasprintf("%s/other.json", dir);
	rename(from, to);
	CU_ASSERT(runc("create", "-b", dir, new_id(), NULL).status != 0);
	EQ_STR(status_of(), "");
	command = xasprintf("cd %s && exec %s --root %s/runc create %s", dir, runc_path, test_dir, id);
	CU_ASSERT(run_program((char *[]){ "sh", "-c", command, NULL }).status != 0);
	EQ_STR(status_of(), "");
}

PROVES(root_beside_config_json,
	{ "bundle.md#container-format", MUST, "The root file system that `root.path` names is used as it lies in the bundle." },
	{ "config.md#root", MUST, "A relative `root.path` is relative to the bundle." });
static void root_beside_config_json(void)
{
	AUTO_JSON json_t *config = plain();
	AUTO_FREE char *copy = NULL;
	const char *dir;

	set(config, "root", "{'path': 'here', 'readonly': true}");
	script(config, "cat /etc/mine");
	dir = bundle(config);
	copy = xasprintf("cp -a %s/rootfs %s/here && echo mine >%s/here/etc/mine", test_dir, dir, dir);
	CU_ASSERT(!system(copy));
	PRINTS(runc("run", "-b", dir, new_id(), NULL), "mine\n");
}

PROVES(root_by_absolute_path,
	{ "config.md#root", MUST, "An absolute `root.path` is taken as it is." });
static void root_by_absolute_path(void)
{
	SAYS(shell("cat /etc/plain"), "plain\n");
}

PROVES(root_must_be_a_directory,
	{ "config.md#root", MUST, "`root` and `root.path` are required on Linux." },
	{ "config.md#root", MUST, "Where `root.path` leads there is a directory; a missing one, and a file, are errors." });
static void root_must_be_a_directory(void)
{
	json_t *config = sleeper();

	json_object_del(config, "root");
	REFUSED(config);
	config = sleeper();
	set(config, "root", "{}");
	REFUSED(config);
	config = sleeper();
	set(config, "root.path", "'%s/nowhere'", test_dir);
	REFUSED(config);
	config = sleeper();
	set(config, "root.path", "'%s/rootfs/etc/plain'", test_dir);
	REFUSED(config);
}

PROVES(readonly_root,
	{ "config.md#root", MUST, "With `root.readonly` nothing can be written to the container's root." },
	{ "config.md#root", MUST, "Without it, or with false, the root can be written to." });
static void readonly_root(void)
{
	static const char *const values[] = { "true", "false", NULL };

	for (int i = 0; i < 3; i++) {
		AUTO_JSON json_t *config = shell("echo x 2>/dev/null >/written && echo written || echo kept");
		AUTO_FREE char *path = NULL;
		const char *root, *dir = own_bundle(config, &root);

		if (values[i])
			set(config, "root.readonly", "%s", values[i]);
		else
			json_object_del(json_object_get(config, "root"), "readonly");
		dir = bundle(config);
		path = xasprintf("%s/written", root);
		PRINTS(runc("run", "-b", dir, new_id(), NULL), i ? "written\n" : "kept\n");
		EQ_INT(!access(path, F_OK), i > 0);
	}
}

PROVES(version_of_the_specification,
	{ "config.md#specification-version", MUST, "`ociVersion` is required." },
	{ "config.md#specification-version", MUST, "It has the form of a semantic version; anything else is refused." });
static void version_of_the_specification(void)
{
	static const char *const wrong[] = { "''", "'invalid'", "'1'", "'1.x.0'", "17" };
	json_t *config = sleeper();

	json_object_del(config, "ociVersion");
	REFUSED(config);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		config = sleeper();
		set(config, "ociVersion", "%s", wrong[i]);
		REFUSED(config);
	}
}

PROVES(compatible_within_the_major_version,
	{ "config.md#specification-version", MUST, "A document of an earlier minor version of the same major version is accepted." });
static void compatible_within_the_major_version(void)
{
	static const char *const accepted[] = { "1.0.0", "1.0.2", "1.0.2-dev" };

	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		json_t *config = shell("echo ran");

		set(config, "ociVersion", "'%s'", accepted[i]);
		SAYS(config, "ran\n");
	}
}

PROVES(unknown_properties,
	{ "config.md#extensibility", MUST, "Unknown properties, wherever they stand, change nothing and are no error." });
static void unknown_properties(void)
{
	json_t *config = shell("echo ran");

	set(config, "org.example", "{'a': [1, 2]}");
	json_object_set_new(config, "org.example.unknown", json_pack("{s:i}", "x", 1));
	set(config, "process.unknown", "[null]");
	set(config, "process.user.unknown", "'x'");
	set(config, "process.capabilities.unknown", "['CAP_KILL']");
	set(config, "root.unknown", "1");
	set(config, "linux.unknown", "{'path': '/nowhere'}");
	append(config, "linux.namespaces", "{'type': 'cgroup', 'unknown': true}");
	append(config, "mounts", "{'destination': '/data', 'type': 'tmpfs', 'source': 'tmpfs', 'unknown': 7}");
	set(config, "linux.resources", "{'unknown': {'limit': 1}}");
	SAYS(config, "ran\n");
}

PROVES(annotations,
	{ "config.md#annotations", MUST, "Annotations are a map; anything else is refused." },
	{ "config.md#annotations", MUST, "Their values are strings, which may be empty; others are refused." },
	{ "config.md#annotations", MUST, "Keys that the runtime does not know are no error." },
	{ "runtime.md#state", MUST, "`annotations` in the state are those of config.json." });
static void annotations(void)
{
	AUTO_JSON json_t *state = NULL, *config = NULL;
	json_t *wrong = sleeper();

	set(wrong, "annotations", "['org.example']");
	REFUSED(wrong);
	wrong = sleeper();
	json_object_set_new(wrong, "annotations", json_pack("{s:i}", "org.example.number", 1));
	REFUSED(wrong);
	config = sleeper();
	json_object_set_new(config, "annotations", json_pack("{s:s, s:s}", "org.example.key", "value",
							     "com.example.empty", ""));
	if (!start(json_incref(config)))
		return;
	state = state_of();
	CU_ASSERT(json_equal(json_object_get(state, "annotations"),
			     json_object_get(config, "annotations")));
	stop();
}

PROVES(no_annotations,
	{ "config.md#annotations", MUST, "The map may be empty or absent." });
static void no_annotations(void)
{
	json_t *config = shell("echo ran");

	set(config, "annotations", "{}");
	SAYS(config, "ran\n");
	SAYS(shell("echo ran"), "ran\n");
}

const struct test document_rules[] = {
	TEST(json_is_utf8),
	TEST(duplicate_names, RUNC_DIFFERS = "the last one counts", CRUN_DIFFERS = "the last one counts"),
	TEST(order_of_names),
	TEST(config_json_in_the_bundle),
	TEST(root_beside_config_json),
	TEST(root_by_absolute_path),
	TEST(root_must_be_a_directory),
	TEST(readonly_root),
	TEST(version_of_the_specification,
	     RUNC_DIFFERS = "a missing version, and one that is none, is accepted"),
	TEST(compatible_within_the_major_version),
	TEST(unknown_properties),
	TEST(annotations, CRUN_DIFFERS = "a number for a value is accepted"),
	TEST(no_annotations),
	{ NULL },
};
