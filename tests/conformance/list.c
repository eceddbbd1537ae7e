/*
 * list.c - all suites, in the order in which they run and in which the page
 * lists what they prove.
 */
#include "conform.h"

extern const struct test document_rules[], value_rules[], operation_rules[], hook_rules[],
	process_rules[], capability_rules[], terminal_rules[], mount_rules[], option_rules[],
	namespace_rules[], idmap_rules[], device_rules[], cgroup_rules[],
	resource_rules[], kernel_rules[], seccomp_rules[], notify_rules[],
	schedule_rules[], netdevice_rules[], rdt_rules[], feature_rules[];

const struct suite suites[] = {
	{ "the document", document_rules },
	{ "valid values", value_rules },
	{ "operations", operation_rules },
	{ "hooks", hook_rules },
	{ "the process", process_rules },
	{ "capabilities", capability_rules },
	{ "terminals", terminal_rules },
	{ "mounts", mount_rules },
	{ "mount options", option_rules },
	{ "id-mapped mounts", idmap_rules },
	{ "namespaces", namespace_rules },
	{ "devices", device_rules },
	{ "control groups", cgroup_rules },
	{ "resources", resource_rules },
	{ "the kernel", kernel_rules },
	{ "seccomp", seccomp_rules },
	{ "seccomp notification", notify_rules },
	{ "scheduling", schedule_rules },
	{ "network devices", netdevice_rules },
	{ "Intel RDT", rdt_rules },
	{ "features", feature_rules },
	{ NULL, NULL },
};

const struct elsewhere elsewhere[] = {
	{ NULL },
};
