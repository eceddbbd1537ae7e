/*
 * cmd_features.c - `features`: what this build can do, as a document ("Features
 * Structure" in the specification's features.md).
 */
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/caps.h"
#include "01-kernel/seccomp.h"
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

static json_t *seccomp_words(const struct kern_seccomp_word *list)
{
	json_t *array = json_array();

	for (; list->name; list++)
		json_array_append_new(array, json_string(list->name));
	return array;
}

/* As runc, without the flag that libseccomp learned with 2.6 where it is older. */
static json_t *supported_flags(void)
{
	const struct scmp_version *v = seccomp_version();
	json_t *array = json_array();

	for (const struct kern_seccomp_word *f = kern_seccomp_flags; f->name; f++) {
		bool young = f->value == KERN_SECCOMP_WAIT_KILLABLE_RECV;

		if (young && v->major == 2 && v->minor < 6)
			continue;
		if (kern_seccomp_flag_known(f->value))
			json_array_append_new(array, json_string(f->name));
	}
	return array;
}

static json_t *seccomp(void)
{
	json_t *archs = json_array();

	for (const char *const *arch = kern_seccomp_archs; *arch; arch++)
		if (kern_seccomp_arch_token(*arch))
			json_array_append_new(archs, json_string(*arch));
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions",
			 seccomp_words(kern_seccomp_actions), "operators",
			 seccomp_words(kern_seccomp_ops), "archs", archs, "knownFlags",
			 seccomp_words(kern_seccomp_flags), "supportedFlags", supported_flags());
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
			" s:{s:b}, s:{s:b}, s:{s:b}}}",
			"ociVersionMin", "1.0.0", "ociVersionMax", RUNC_SPEC_VERSION,
			"hooks", hooks(), "mountOptions", words(mount_words), "linux",
			"namespaces", namespaces(), "capabilities", capabilities(),
			"cgroup", "v1", 1, "v2", 1, "systemd", 0, "systemdUser", 0,
			"seccomp", seccomp(), "apparmor", "enabled", 1, "selinux", "enabled", 1,
			"intelRdt", "enabled", 0);
	if (!doc)
		return err_set(err, ERR_SYSTEM, "cannot build the document");
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	return 0;
}
