/*
 * list.c - all suites, in the order in which they run and in which the page
 * lists what they prove.
 */
#include "conform.h"

extern const struct test document_rules[], value_rules[], operation_rules[], hook_rules[], hook_failure_rules[],
	process_rules[], capability_rules[], terminal_rules[], mount_rules[], option_rules[],
	namespace_rules[], idmap_rules[], device_rules[], cgroup_rules[],
	resource_rules[], kernel_rules[], seccomp_rules[], notify_rules[],
	schedule_rules[], netdevice_rules[], rdt_rules[], feature_rules[];

const struct suite suites[] = {
	{ "the document", document_rules },
	{ "valid values", value_rules },
	{ "operations", operation_rules },
	{ "hooks", hook_rules },
	{ "hooks that fail", hook_failure_rules },
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

#define AUTHOR "it is for who writes the bundle; the runtime has no way to tell, or takes what it finds"
#define ANOTHER "it is for another platform"

const struct elsewhere elsewhere[] = {
	{ "glossary.md#runtime-caller", "How a runtime is called is not specified.", "there is nothing to comply with; the tests use runc's command line" },
	{ "bundle.md#container-format", "The artifacts are in one directory, which is not part of the bundle itself.", AUTHOR },
	{ "runtime.md#scope-of-a-container", "Whether others than the creator see the container.", "left open by the specification" },
	{ "runtime.md#errors", "How an error or a warning is shown.", "left open by the specification" },
	{ "runtime-linux.md#file-descriptors", "Passing on more descriptors than three, and /dev/null in place of some.", "a MAY" },
	{ "config.md#root", "The value of `root.path` should be `rootfs`.", AUTHOR },
	{ "config.md#root", "A volume GUID on Windows; no root for Hyper-V; `readonly` not set there.", ANOTHER },
	{ "config.md#mounts", "Destinations that are absolute on Windows and Solaris, and not nested on Windows; `ro` there.", ANOTHER },
	{ "config.md#mounts", "A destination on Linux should be absolute.", AUTHOR },
	{ "config.md#linux-mount-options", "Options of mount(8) that the table does not list.", "a MAY; words that are none of ours go to the file system" },
	{ "config.md#posix-platform-mounts", "With mappings of its own a mount should have the word `idmap` or `ridmap`.", AUTHOR },
	{ "config.md#process", "`commandLine`, which is for Windows.", ANOTHER },
	{ "config.md#linux-process", "`SCHED_ISO`, which Linux never had.", "no kernel knows it; it is refused like any policy that cannot be set" },
	{ "config.md#zos-process", "`process` on z/OS.", ANOTHER },
	{ "config.md#windows-user", "`username`.", ANOTHER },
	{ "config.md#platform-specific-configuration", "`windows` is set where the platform is Windows; `solaris`, `vm`, `zos` and `freebsd`.", ANOTHER },
	{ "config.md#posix-platform-hooks", "What a hook may expect to be done already, and what it does.", "it is for who writes hooks" },
	{ "config.md#annotations", "Keys should be named after reversed domains, are not empty, and are unique.", AUTHOR },
	{ "config.md#annotations", "`org.opencontainers` is reserved for the specifications; what the keys of image conversion mean.", "it is for those who convert images, and for later specifications" },
	{ "config-linux.md#user-namespace-mappings", "The number of entries is limited by the kernel.", "a MAY of the kernel's" },
	{ "config-linux.md#devices", "One device should not be listed by two paths.", AUTHOR },
	{ "config-linux.md#devices", "Devices that are neither listed nor default ones are not for the container.", "whether they can be opened is for the allowed device list to say" },
	{ "config-linux.md#cgroups-path", "More controllers than `resources` needs.", "a MAY" },
	{ "config-linux.md#unified", "Translating settings of version 1 where version 2 is mounted.", "a MAY; it is done where the kernel has a counterpart, see the controllers" },
	{ "config-linux.md#intelrdt", "`enableCMT` and `enableMBM`, or, from version 1.3 on, `enableMonitoring`.", "what they enable are files that a caller reads; the group that holds them is tested" },
	{ "features.md#features-structure", "Whether there is a features document.", "a MAY; what is in it is tested" },
	{ NULL },
};
