/*
 * spec_linux.c - see spec.h: what a container sees of the machine (OCI runtime
 * specification, config.md "Mounts", config-linux.md).
 */
#include "spec.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"

/* --- mounts ---------------------------------------------------------------------------------- */

static const struct {
	const char *destination, *type, *options;
	bool read_only; /* unless privileged */
} mounts[] = {
	/* Order counts: a mount hides what was mounted below it before. */
	{ "/proc", "proc", "nosuid,noexec,nodev", false },
	{ "/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", false },
	{ "/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", false },
	{ "/sys", "sysfs", "nosuid,noexec,nodev", true },
	{ "/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev", true },
	{ "/dev/mqueue", "mqueue", "nosuid,noexec,nodev", false },
	{ "/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k", false },
};

json_t *ctrd_spec_mounts(bool privileged)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		AUTO_FREE char *copy = xstrdup(mounts[i].options);
		json_t *options = json_array();
		char *save = NULL;

		for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
			json_array_append_new(options, json_string(w));
		json_array_append_new(options, json_string(mounts[i].read_only && !privileged ? "ro" : "rw"));
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "destination",
						      mounts[i].destination, "type", mounts[i].type,
						      "source", mounts[i].type, "options", options));
	}
	return list;
}

/* --- paths of /proc and /sys ------------------------------------------------------------------- */

static json_t *list_of(const char *const *names)
{
	json_t *list = json_array();

	for (; *names; names++)
		json_array_append_new(list, json_string(*names));
	return list;
}

/* What tells about the host, or reaches its devices. */
json_t *ctrd_spec_masked_paths(void)
{
	static const char *const paths[] = {
		"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", NULL,
	};

	return list_of(paths);
}

/* What sets the host up. */
json_t *ctrd_spec_readonly_paths(void)
{
	static const char *const paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					     "/proc/sysrq-trigger", NULL };

	return list_of(paths);
}

/* --- devices and limits --------------------------------------------------------------------------- */

/* The last match counts. -1: any. */
static const struct {
	char type;
	int major, minor;
	const char *access;
} devices[] = {
	{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" }, /* a node that may not be opened harms nobody */
	{ 'c', 1, 3, "rwm" },   /* null */
	{ 'c', 1, 5, "rwm" },   /* zero */
	{ 'c', 1, 7, "rwm" },   /* full */
	{ 'c', 1, 8, "rwm" },   /* random */
	{ 'c', 1, 9, "rwm" },   /* urandom */
	{ 'c', 5, 0, "rwm" },   /* tty */
	{ 'c', 5, 1, "rwm" },   /* console */
	{ 'c', 5, 2, "rwm" },   /* ptmx */
	{ 'c', 136, -1, "rwm" } /* pts */
};

json_t *ctrd_spec_device_rules(bool privileged)
{
	json_t *rules = json_pack("[{s:b, s:s}]", "allow", privileged, "access", "rwm");

	for (size_t i = 0; i < sizeof devices / sizeof *devices && !privileged; i++) {
		char type[2] = { devices[i].type, '\0' };
		json_t *rule = json_pack("{s:b, s:s, s:s}", "allow", 1, "type", type, "access",
					 devices[i].access);

		if (devices[i].major >= 0)
			json_object_set_new(rule, "major", json_integer(devices[i].major));
		if (devices[i].minor >= 0)
			json_object_set_new(rule, "minor", json_integer(devices[i].minor));
		json_array_append_new(rules, rule);
	}
	return rules;
}

static void set_limit(json_t *to, const char *key, int64_t value)
{
	if (value != KERN_CGROUP_UNSET)
		json_object_set_new(to, key, json_integer(value));
}

static void set_text(json_t *to, const char *key, const char *value)
{
	if (value)
		json_object_set_new(to, key, json_string(value));
}

static void set_part(json_t *to, const char *key, json_t *part)
{
	if (json_object_size(part))
		json_object_set(to, key, part);
	json_decref(part);
}

json_t *ctrd_spec_resources(const struct kern_cgroup_limits *l, bool privileged)
{
	json_t *out = json_object(), *memory = json_object(), *cpu = json_object();
	json_t *pids = json_object();

	set_limit(memory, "limit", l->memory);
	set_limit(memory, "reservation", l->memory_reservation);
	set_limit(memory, "swap", l->memory_swap);
	set_limit(cpu, "shares", l->cpu_shares);
	set_limit(cpu, "quota", l->cpu_quota);
	set_limit(cpu, "period", l->cpu_period);
	set_text(cpu, "cpus", l->cpuset_cpus);
	set_text(cpu, "mems", l->cpuset_mems);
	set_limit(pids, "limit", l->pids);
	set_part(out, "memory", memory);
	set_part(out, "cpu", cpu);
	set_part(out, "pids", pids);
	json_object_set_new(out, "devices", ctrd_spec_device_rules(privileged));
	return out;
}
