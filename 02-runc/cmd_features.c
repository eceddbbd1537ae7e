/*
 * cmd_features.c - `features`: what this build can do, as a document ("Features
 * Structure" in the specification's features.md).
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
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

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in alphabetical order, as runc prints those that it has no order for. */
static json_t *sorted(const char **names, size_t n)
{
	json_t *array = json_array();

	qsort(names, n, sizeof *names, by_name);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(names[i]));
	return array;
}

static json_t *namespaces(void)
{
	const char *names[RUNC_NS_MAX];
	size_t n = 0;

	for (const struct kern_ns_type *t = kern_ns_types; t->oci; t++)
		names[n++] = t->oci;
	return sorted(names, n);
}

static json_t *mount_options(void)
{
	const char *names[128], *word;
	size_t n = 0;

	for (size_t i = 0; n < sizeof names / sizeof *names && (word = kern_mount_option_word(i)); i++)
		names[n++] = word;
	return sorted(names, n);
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

static json_t *cgroup(void)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", 1, "v2", 1, "systemd", 1,
			 "systemdUser", 1, "rdma", 1);
}

static json_t *linux_features(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:{s:b}, s:{s:b}, s:{s:b, s:b, s:b}, s:{s:o, s:o},"
			 " s:{s:{s:b}}, s:{s:b}}",
			 "namespaces", namespaces(), "capabilities", capabilities(),
			 "cgroup", cgroup(), "seccomp", seccomp(),
			 "apparmor", "enabled", 1, "selinux", "enabled", 1,
			 "intelRdt", "enabled", 1, "schemata", 1, "monitoring", 1,
			 "memoryPolicy", "modes", words(runc_memory_modes), "flags",
			 words(runc_memory_flags), "mountExtensions", "idmap", "enabled", 1,
			 "netDevices", "enabled", 1);
}

/* The keys are those that programs look for in runc's answer. */
static json_t *annotations(void)
{
	const struct scmp_version *v = seccomp_version();
	AUTO_FREE char *libseccomp = xasprintf("%u.%u.%u", v->major, v->minor, v->micro);

	return json_pack("{s:s, s:s, s:s, s:s}", "io.github.seccomp.libseccomp.version",
			 libseccomp, "org.opencontainers.runc.checkpoint.enabled", "true",
			 "org.opencontainers.runc.commit", "dockyard",
			 "org.opencontainers.runc.version", RUNC_VERSION);
}

int runc_cmd_features(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "", "what this runtime can do, as JSON", 0, 0 };
	static const char *const unsafe[] = { "org.systemd.property.", "org.criu.config", NULL };
	const struct option_def none[] = { { NULL } };
	AUTO_JSON json_t *doc = NULL;
	int rest;

	(void)g;
	if (runc_cmd_parse(&usage, none, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	doc = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0",
			"ociVersionMax", RUNC_SPEC_VERSION, "hooks", hooks(), "mountOptions",
			mount_options(), "linux", linux_features(), "annotations", annotations(),
			"potentiallyUnsafeConfigAnnotations", words(unsafe));
	if (!doc)
		return err_set(err, ERR_SYSTEM, "cannot build the document");
	json_dumpf(doc, stdout, JSON_INDENT(4));
	putchar('\n');
	return 0;
}
