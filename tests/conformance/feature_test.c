/*
 * feature_test.c - features.md and features-linux.md: what the runtime says of
 * itself is so. Each word of the document is tried in a config.json.
 */
#include "conform.h"

#include "01-kernel/caps.h"

/* The features document, once; NULL if the program has none. */
static json_t *features(void)
{
	static json_t *kept;

	if (!kept)
		kept = json_loads(runc("features", NULL).out, 0, NULL);
	if (!kept)
		skip("this program has no features document");
	return kept;
}

PROVES(versions_of_the_specification,
	{ "features.md#specification-version", MUST, "`ociVersionMin` is there, and accepted as `ociVersion`." },
	{ "features.md#specification-version", MUST, "`ociVersionMax` is there, and accepted." },
	{ "features.md#specification-version", MUST, "The second is not less than the first." });
static void versions_of_the_specification(void)
{
	static const char *const keys[] = { "ociVersionMin", "ociVersionMax" };
	unsigned n[2][3] = { { 0 } };

	if (!features())
		return;
	for (int i = 0; i < 2; i++) {
		const char *version = jsonx_str(features(), keys[i], "");
		json_t *config = shell("echo accepted");

		EQ_INT(sscanf(version, "%u.%u.%u", &n[i][0], &n[i][1], &n[i][2]), 3);
		set(config, "ociVersion", "'%s'", version);
		SAYS(config, "accepted\n");
	}
	CU_ASSERT(n[1][0] > n[0][0] || (n[1][0] == n[0][0] && (n[1][1] > n[0][1] ||
		  (n[1][1] == n[0][1] && n[1][2] >= n[0][2]))));
}

PROVES(only_known_features,
	{ "features.md#specification-version", MUST, "The document has no property that the specification's version does not define." },
	{ "features.md#annotations", MUST, "`annotations` is a map of strings." },
	{ "features.md#features-structure", MUST, "An empty value is none that is missing: `null` stands only for absent ones." });
static void only_known_features(void)
{
	static const char *const known[] = { "ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux",
					     "annotations", "potentiallyUnsafeConfigAnnotations" };
	static const char *const known_linux[] = { "namespaces", "capabilities", "cgroup", "seccomp", "apparmor",
						   "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices" };
	const char *key;
	json_t *value;

	if (!features())
		return;
	json_object_foreach(features(), key, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found |= !strcmp(key, known[i]);
		CU_ASSERT(found);
	}
	json_object_foreach(json_object_get(features(), "linux"), key, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof known_linux / sizeof *known_linux; i++)
			found |= !strcmp(key, known_linux[i]);
		CU_ASSERT(found);
	}
	json_object_foreach(json_object_get(features(), "annotations"), key, value)
		CU_ASSERT(json_is_string(value));
}

PROVES(feature_hooks,
	{ "features.md#hooks", MUST, "Each of `hooks` is a kind that the runtime calls." });
static void feature_hooks(void)
{
	size_t i;
	json_t *kind;

	if (!features())
		return;
	CU_ASSERT(json_array_size(json_object_get(features(), "hooks")) >= 5);
	json_array_foreach(json_object_get(features(), "hooks"), i, kind) {
		AUTO_FREE char *path = xasprintf("hooks.%s", json_string_value(kind));
		json_t *config = sleeper();

		/* A kind that is known wants an absolute path. */
		set(config, path, "[{'path': 'relative'}]");
		REFUSED(config);
	}
}

PROVES(feature_mount_options,
	{ "features.md#mount-options", MUST, "Each of `mountOptions` is recognised as an option word." },
	{ "features.md#mount-options", SHOULD, "Words of a single file system are not among them." });
static void feature_mount_options(void)
{
	static const char *const no_try[] = { "remount", "idmap", "ridmap", "mand", "tmpcopyup", "copy-symlink" };
	static const char *const of_file_systems[] = { "size", "mode", "uid", "gid", "nr_inodes", "newinstance" };
	json_t *words, *word, *config;
	size_t i;

	if (!features())
		return;
	words = json_object_get(features(), "mountOptions");
	CU_ASSERT(json_array_size(words) >= 30);
	config = shell("echo mounted");
	json_array_foreach(words, i, word) {
		const char *w = json_string_value(word);
		bool tried = true;

		for (size_t j = 0; j < sizeof no_try / sizeof *no_try; j++)
			tried &= strcmp(w, no_try[j]) != 0;
		for (size_t j = 0; j < sizeof of_file_systems / sizeof *of_file_systems; j++)
			CU_ASSERT(strcmp(w, of_file_systems[j]) != 0);
		/* A tmpfs refuses a word that would be handed on to it. */
		if (tried && strcmp(w, "bind") && strcmp(w, "rbind"))
			append(config, "mounts", "{'destination': '/tmp/%zu', 'type': 'tmpfs', 'source': 'tmpfs', "
			       "'options': ['%s']}", i, w);
	}
	SAYS(config, "mounted\n");
}

PROVES(feature_namespaces,
	{ "features-linux.md#namespaces", MUST, "Each of `linux.namespaces` is a type that the runtime knows." });
static void feature_namespaces(void)
{
	json_t *type;
	size_t i;

	if (!features())
		return;
	CU_ASSERT(json_array_size(jsonx_at(features(), "linux.namespaces")) >= 7);
	json_array_foreach(jsonx_at(features(), "linux.namespaces"), i, type) {
		const char *t = json_string_value(type);
		json_t *config = sleeper();

		/* Five of them are there already. */
		if (strcmp(t, "mount") && strcmp(t, "pid") && strcmp(t, "ipc") && strcmp(t, "uts") &&
		    strcmp(t, "network"))
			append(config, "linux.namespaces", "{'type': '%s'}", t);
		if (!strcmp(t, "user")) {
			set(config, "linux.uidMappings", "[{'containerID': 0, 'hostID': 0, 'size': 1000}]");
			set(config, "linux.gidMappings", "[{'containerID': 0, 'hostID': 0, 'size': 1000}]");
		}
		if (start(config))
			stop();
	}
}

PROVES(feature_capabilities,
	{ "features-linux.md#capabilities", MUST, "Each of `linux.capabilities` is recognised." });
static void feature_capabilities(void)
{
	AUTO_FREE char *status = read_file("/proc/self/status");
	uint64_t held = strtoull(line_after(status, "CapBnd:"), NULL, 16), want = 0;
	json_t *config, *name;
	size_t i;

	if (!features())
		return;
	CU_ASSERT(json_array_size(jsonx_at(features(), "linux.capabilities")) >= 38);
	config = sleeper();
	set(config, "process.capabilities", "{'bounding': []}");
	json_array_foreach(jsonx_at(features(), "linux.capabilities"), i, name) {
		int cap = kern_caps_parse(json_string_value(name));

		/* What we do not have ourselves nobody can give. */
		if (cap < 0 || !(held >> cap & 1))
			continue;
		append(config, "process.capabilities.bounding", "'%s'", json_string_value(name));
		want |= UINT64_C(1) << cap;
	}
	if (!start(config))
		return;
	AUTO_FREE char *theirs = proc_file("status");

	CU_ASSERT(strtoull(line_after(theirs, "CapBnd:"), NULL, 16) == want);
	stop();
}

PROVES(feature_seccomp,
	{ "features-linux.md#seccomp", MUST, "Each of `seccomp.actions` is recognised in a rule." },
	{ "features-linux.md#seccomp", MUST, "Each of `seccomp.operators` is recognised in a condition." },
	{ "features-linux.md#seccomp", MUST, "Each of `seccomp.archs` is recognised among the architectures." },
	{ "features-linux.md#seccomp", MUST, "Each of `seccomp.supportedFlags` can be used." });
/* A filter is for one byte order: the other's architectures cannot join this one's. */
static bool other_byte_order(const char *word)
{
	static const char *const big[] = { "MIPS", "MIPS64", "MIPS64N32", "PPC", "PPC64", "S390", "S390X", "PARISC",
					   "PARISC64", "M68K", "SHEB" };

	for (size_t i = 0; i < sizeof big / sizeof *big; i++)
		if (str_starts(word, "SCMP_ARCH_") && !strcmp(word + strlen("SCMP_ARCH_"), big[i]))
			return true;
	return false;
}

static void feature_seccomp(void)
{
	static const struct { const char *list, *rule, *whole; } tries[] = {
		{ "actions", "'action': '%s'", "" },
		{ "operators", "'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 0, 'value': 1, 'valueTwo': 1, 'op': '%s'}]", "" },
		{ "archs", "'action': 'SCMP_ACT_ERRNO'", "'architectures': ['%s']," },
		{ "supportedFlags", "'action': 'SCMP_ACT_ERRNO'", "'flags': ['%s']," },
	};
	json_t *word;
	size_t j;

	if (!features())
		return;
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		AUTO_FREE char *path = xasprintf("linux.seccomp.%s", tries[i].list);

		CU_ASSERT(i > 1 || json_array_size(jsonx_at(features(), path)) > 0);
		json_array_foreach(jsonx_at(features(), path), j, word) {
			const char *w = json_string_value(word);
			AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
			json_t *config = sleeper();

			/* A listener is needed for these; notify_test.c has one. */
			if (!strcmp(w, "SCMP_ACT_NOTIFY") || strstr(w, "WAIT_KILLABLE") || other_byte_order(w)) {
				json_decref(config);
				continue;
			}
			strbuf_adds(&sb, "{");
			strbuf_addf(&sb, *tries[i].whole ? tries[i].whole : "%.0s", w);
			strbuf_adds(&sb, "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['acct'], ");
			strbuf_addf(&sb, strchr(tries[i].rule, '%') ? tries[i].rule : "'action': 'SCMP_ACT_ERRNO'%.0s", w);
			strbuf_adds(&sb, "}]}");
			set(config, "linux.seccomp", "%s", sb.data);
			if (start(config))
				stop();
			else
				fprintf(stderr, "\nwith %s\n", w);
		}
	}
}

PROVES(feature_flags,
	{ "features-linux.md#cgroup", MUST, "`cgroup` says of each kind of manager whether the runtime has it." },
	{ "features-linux.md#seccomp", MUST, "`seccomp.enabled` says whether it filters." },
	{ "features-linux.md#apparmor", MUST, "`apparmor.enabled` says whether it knows AppArmor." },
	{ "features-linux.md#selinux", MUST, "`selinux.enabled` says whether it knows SELinux." });
static void feature_flags(void)
{
	static const char *const flags[] = { "cgroup.v1", "cgroup.v2", "cgroup.systemd", "cgroup.systemdUser",
					     "seccomp.enabled", "apparmor.enabled", "selinux.enabled" };

	if (!features())
		return;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		AUTO_FREE char *path = xasprintf("linux.%s", flags[i]);

		CU_ASSERT(json_is_boolean(jsonx_at(features(), path)));
	}
	CU_ASSERT(json_is_true(jsonx_at(features(), cgroup_v2() ? "linux.cgroup.v2" : "linux.cgroup.v1")));
	CU_ASSERT(json_is_true(jsonx_at(features(), "linux.seccomp.enabled")));
}

PROVES(feature_id_maps,
	{ "features-linux.md#mountextensions", MUST, "`mountExtensions.idmap.enabled` is true where the runtime uses the mappings of a mount." },
	{ "features-linux.md#intel-rdt", MUST, "`intelRdt.enabled` says whether it knows Intel RDT." });
static void feature_id_maps(void)
{
	if (!features())
		return;
	CU_ASSERT(json_is_true(jsonx_at(features(), "linux.mountExtensions.idmap.enabled")));
	CU_ASSERT(json_is_boolean(jsonx_at(features(), "linux.intelRdt.enabled")));
}

PROVES(the_same_features_every_time,
	{ "features.md#features-structure", SHOULD, "The document is a matter of the program, not of the machine it runs on: two calls, one of them without privileges, say the same." });
static void the_same_features_every_time(void)
{
	AUTO_FREE char *first = NULL;
	struct result r;

	if (!features())
		return;
	first = xstrdup(runc("features", NULL).out);
	r = run_program((char *[]){ "setpriv", "--bounding-set=-all", "--inh-caps=-all", runc_path, "features", NULL });
	EQ_STR(r.out, first);
}

const struct test feature_rules[] = {
	TEST(versions_of_the_specification, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(only_known_features, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(feature_hooks, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED,
	     RUNC_DIFFERS = "a relative path is accepted for some kinds"),
	TEST(feature_mount_options, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED,
	     RUNC_DIFFERS = "`defaults` is handed to the file system, which refuses it"),
	TEST(feature_namespaces, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(feature_capabilities, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(feature_seccomp, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(feature_flags, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	TEST(feature_id_maps, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED, RUNC_DIFFERS = TOO_NEW),
	TEST(the_same_features_every_time, .needs = "a features document", CRUN_DIFFERS = NOT_TRIED),
	{ NULL },
};
