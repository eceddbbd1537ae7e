/*
 * cmd_features.c - `features`: what this build can do, as a document ("Features
 * Structure" in the specification's features.md).
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/caps.h"
#include "cmd.h"

static json_t *words(const char *const *list)
{
	json_t *array = json_array();

	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *namespaces(void)
{
	json_t *array = json_array();

	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++)
		if (strcmp(t->oci, "user"))
			json_array_append_new(array, json_string(t->oci));
	return array;
}

static json_t *capabilities(void)
{
	json_t *array = json_array();
	const char *name;

	for (int cap = 0; (name = kern_caps_name(cap)); cap++)
		json_array_append_new(array, json_string(name));
	return array;
}

static json_t *seccomp(void)
{
	static const char *const actions[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL,
	};
	static const char *const ops[] = {
		"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
		"SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL,
	};
	static const char *const flags[] = {
		"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW", NULL,
	};

	return json_pack("{s:b, s:o, s:o, s:o}", "enabled", 1, "actions", words(actions),
			 "operators", words(ops), "supportedFlags", words(flags));
}

static json_t *hooks(void)
{
	json_t *array = json_array();

	for (int k = 0; k < HOOK_KINDS; k++)
		json_array_append_new(array, json_string(runc_hook_names[k]));
	return array;
}

int runc_cmd_features(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "", "what this runtime can do, as JSON", 0, 0 };
	static const char *const mount_words[] = {
		"async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec",
		"iversion", "lazytime", "loud", "mand", "noatime", "nodev", "nodiratime", "noexec",
		"noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid",
		"nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime", "relatime",
		"remount", "rexec", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
		"rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro",
		"rrw", "rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable",
		"rw", "shared", "silent", "slave", "strictatime", "suid", "symfollow", "sync",
		"tmpcopyup", "unbindable", NULL,
	};
	const struct option_def none[] = { { NULL } };
	AUTO_JSON json_t *doc = NULL;
	int rest;

	(void)g;
	if (runc_cmd_parse(&usage, none, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	doc = json_pack("{s:s, s:s, s:o, s:o, s:{s:o, s:o, s:{s:b, s:b, s:b, s:b}, s:o,"
			" s:{s:b}, s:{s:b}, s:{s:b}}, s:[s]}",
			"ociVersionMin", "1.0.0", "ociVersionMax", RUNC_SPEC_VERSION,
			"hooks", hooks(), "mountOptions", words(mount_words), "linux",
			"namespaces", namespaces(), "capabilities", capabilities(),
			"cgroup", "v1", 1, "v2", 1, "systemd", 1, "systemdUser", 1,
			"seccomp", seccomp(), "apparmor", "enabled", 1, "selinux", "enabled", 1,
			"intelRdt", "enabled", 0,
			"potentiallyUnsafeConfigAnnotations", "org.systemd.property.");
	if (!doc)
		return err_set(err, ERR_SYSTEM, "cannot build the document");
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	return 0;
}
