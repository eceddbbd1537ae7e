/*
 * create_check.c - what values of HostConfig are refused, in Docker's words
 * where Docker has some (create.h). A list of small checks, each of one subject.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "01-kernel/caps.h"
#include "create.h"
#include "log_config.h"
#include "network.h"
#include "ospec.h"
#include "ports.h"

#define MIN_MEMORY (6 << 20)

static int check_memory(const json_t *h, struct err *err)
{
	json_int_t memory = jsonx_int(h, "Memory", 0), swap = jsonx_int(h, "MemorySwap", 0);
	json_int_t reserved = jsonx_int(h, "MemoryReservation", 0),
		   swappiness = jsonx_int(h, "MemorySwappiness", -1);

	if (memory < 0 || (memory && memory < MIN_MEMORY) || reserved < 0)
		return err_set(err, ERR_INVALID, "Minimum memory limit allowed is 6MB");
	if (swap > 0 && !memory)
		return err_set(err, ERR_INVALID,
			       "You should always set the Memory limit when using "
			       "Memoryswap limit, see usage");
	if (swap < -1 || (swap > 0 && swap < memory))
		return err_set(err, ERR_INVALID,
			       "Minimum memoryswap limit should be larger than memory "
			       "limit, see usage");
	if (memory && reserved > memory)
		return err_set(err, ERR_INVALID, "Minimum memory limit can not be less than memory "
			       "reservation limit, see usage");
	if (swappiness < -1 || swappiness > 100)
		return err_set(err, ERR_INVALID,
			       "Invalid value: %lld, valid memory swappiness range is 0-100",
			       (long long)swappiness);
	return 0;
}

static int check_cpu(const json_t *h, struct err *err)
{
	json_int_t nano = jsonx_int(h, "NanoCpus", 0), period = jsonx_int(h, "CpuPeriod", 0);
	json_int_t quota = jsonx_int(h, "CpuQuota", 0), shares = jsonx_int(h, "CpuShares", 0);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (nano && (period || quota))
		return err_set(err, ERR_INVALID,
			       "Conflicting options: Nano CPUs and CPU %s cannot both be set",
			       period ? "Period" : "Quota");
	if (nano < 0 || (nano && nano < 10000000) || nano > cpus * 1000000000LL)
		return err_set(err, ERR_INVALID,
			       "Range of CPUs is from 0.01 to %ld.00, as there are only %ld "
			       "CPUs available",
			       cpus, cpus);
	if (period && (period < 1000 || period > 1000000))
		return err_set(err, ERR_INVALID,
			       "CPU cfs period can not be less than 1ms (i.e. 1000) or "
			       "larger than 1s (i.e. 1000000)");
	if (quota > 0 && quota < 1000)
		return err_set(err, ERR_INVALID,
			       "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	if (shares < 0)
		return err_set(err, ERR_INVALID, "HostConfig.CpuShares: expected 0 or more");
	return 0;
}

/* Shares of real time are the business of version 1, and of kernels that were built for it. */
static int check_realtime(const json_t *h, struct err *err)
{
	json_int_t period = jsonx_int(h, "CpuRealtimePeriod", 0),
		   runtime = jsonx_int(h, "CpuRealtimeRuntime", 0);

	if (!period && !runtime)
		return 0;
	if (access("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", F_OK))
		return err_set(err, ERR_INVALID,
			       "kernel does not support CPU real-time scheduler");
	if (period && runtime > period)
		return err_set(err, ERR_INVALID,
			       "cpu real-time runtime cannot be higher than cpu real-time period");
	return 0;
}

static int check_cpusets(const json_t *h, struct err *err)
{
	const char *cpus = jsonx_str(h, "CpusetCpus", ""), *mems = jsonx_str(h, "CpusetMems", "");

	if (cpus[strspn(cpus, "0123456789,-")])
		return err_set(err, ERR_INVALID, "Invalid value %s for cpuset cpus", cpus);
	if (mems[strspn(mems, "0123456789,-")])
		return err_set(err, ERR_INVALID, "Invalid value %s for cpuset mems", mems);
	return 0;
}

int dockerd_restart_policy_check(const json_t *policy, bool auto_remove, struct err *err)
{
	const char *name = jsonx_str(policy, "Name", "");
	json_int_t max = jsonx_int(policy, "MaximumRetryCount", 0);
	bool on_failure = !strcmp(name, "on-failure"), none = !*name || !strcmp(name, "no");

	if (!none && !on_failure && strcmp(name, "always") && strcmp(name, "unless-stopped"))
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: unknown policy '%s'; use one of "
			       "'no', 'always', 'on-failure', or 'unless-stopped'",
			       name);
	if (max < 0)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count cannot be negative");
	if (max && !on_failure)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count can only be used "
			       "with 'on-failure'");
	if (auto_remove && !none)
		return err_set(err, ERR_INVALID,
			       "can't create 'AutoRemove' container with restart policy");
	return 0;
}

static int check_restart(const json_t *h, struct err *err)
{
	return dockerd_restart_policy_check(json_object_get(h, "RestartPolicy"),
					    jsonx_bool(h, "AutoRemove", false), err);
}

/* "10m", "1g", "1024": bytes; -1 if it is none. */
json_int_t dockerd_parse_size(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	const char *units = "bkmgt", *unit = *end ? strchr(units, *end | 0x20) : units;

	if (end == text || n <= 0 || !unit || (*end && end[1]))
		return -1;
	for (; unit > units; unit--)
		if (__builtin_mul_overflow(n, 1024, &n))
			return -1;
	return n;
}

int dockerd_parse_bool(const char *text)
{
	static const char *const words[][6] = { { "0", "f", "F", "false", "FALSE", "False" },
						{ "1", "t", "T", "true", "TRUE", "True" } };

	for (int value = 0; text && value < 2; value++)
		for (int i = 0; i < 6; i++)
			if (!strcmp(text, words[value][i]))
				return value;
	return -1;
}

static int check_log(const json_t *h, struct err *err)
{
	return dockerd_log_check(json_object_get(h, "LogConfig"), err);
}

static bool joins(const char *mode)
{
	return str_starts(mode, "container:") && mode[10];
}

static int check_network(const json_t *h, struct err *err)
{
	const char *mode = jsonx_str(h, "NetworkMode", "");
	struct ports plan = { NULL, 0 };

	if (str_starts(mode, "container:") && !joins(mode))
		return err_set(err, ERR_INVALID, "invalid network mode: invalid container format "
						 "container:<name|id>");
	/* Whether UDP has IPv6 to go to is known when it starts. */
	if (dockerd_ports_plan(NULL, h, &(struct port_defaults){ "", true }, &plan, err))
		return -1;
	dockerd_ports_free(&plan);
	return 0;
}

/* A namespace mode: the words, and (where it may be) "container:<id>". */
static int check_mode(const json_t *h, const char *key, const char *what,
		      const char *const words[], bool may_join, struct err *err)
{
	const char *mode = jsonx_str(h, key, "");

	if (words_have(words, mode) || (may_join && joins(mode)))
		return 0;
	return err_set(err, ERR_INVALID, "invalid %s mode: %s", what, mode);
}

static int check_modes(const json_t *h, struct err *err)
{
	static const char *const ipc[] = { "", "none", "private", "shareable", "host", NULL };
	static const char *const host_or_default[] = { "", "host", NULL };
	static const char *const cgroupns[] = { "", "private", "host", NULL };
	const char *isolation = jsonx_str(h, "Isolation", "");

	if (check_mode(h, "IpcMode", "IPC", ipc, true, err) ||
	    check_mode(h, "PidMode", "PID", host_or_default, true, err) ||
	    check_mode(h, "UTSMode", "UTS", host_or_default, false, err) ||
	    check_mode(h, "UsernsMode", "user namespace", host_or_default, false, err) ||
	    check_mode(h, "CgroupnsMode", "cgroup namespace", cgroupns, false, err))
		return -1;
	if (*isolation && strcmp(isolation, "default"))
		return err_set(err, ERR_INVALID, "HostConfig.Isolation has a value that this daemon does not know");
	if (*jsonx_str(h, "VolumeDriver", ""))
		return err_set(err, ERR_INVALID, "HostConfig.VolumeDriver has a value that this daemon does not know");
	return 0;
}

/* As Docker names it: by its whole name. */
static int unknown_capability(const char *key, const char *name, struct err *err)
{
	bool whole = !strncasecmp(name, "CAP_", 4);
	AUTO_FREE char *upper = xasprintf("%s%s", whole ? "" : "CAP_", name);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return err_set(err, ERR_INVALID, "invalid %s: unknown capability: \"%s\"", key, upper);
}

static int check_caps(const json_t *h, struct err *err)
{
	static const char *const keys[] = { "CapAdd", "CapDrop", NULL };

	for (size_t k = 0; keys[k]; k++) {
		json_t *list = json_object_get(h, keys[k]), *v;
		size_t i;

		json_array_foreach(list, i, v)
			if (strcasecmp(json_string_value(v), "ALL") &&
			    kern_caps_parse(json_string_value(v)) < 0)
				return unknown_capability(keys[k], json_string_value(v), err);
	}
	return 0;
}

static int check_dns(const json_t *h, struct err *err)
{
	json_t *dns = json_object_get(h, "Dns"), *extra = json_object_get(h, "ExtraHosts"), *v;
	struct kern_addr ignored;
	size_t i;

	json_array_foreach(dns, i, v)
		if (!dockerd_addr_parse(json_string_value(v), &ignored))
			return err_set(err, ERR_INVALID, "bad nameserver address %s",
				       json_string_value(v));
	json_array_foreach(extra, i, v) {
		const char *entry = json_string_value(v), *to = strpbrk(entry, ":=");

		if (!to || to == entry || !to[1])
			return err_set(err, ERR_INVALID, "bad format for add-host: \"%s\"", entry);
		if (strcmp(++to, "host-gateway") && !dockerd_addr_parse(to, &ignored))
			return err_set(err, ERR_INVALID, "invalid IP address in add-host: \"%s\"",
				       to);
	}
	return 0;
}

static int check_objects(const json_t *h, struct err *err)
{
	static const char *const keys[] = { "Sysctls", "Tmpfs", "Annotations", NULL };
	json_t *list = json_object_get(h, "Ulimits"), *v;
	const char *name;
	size_t i;

	for (size_t k = 0; keys[k]; k++)
		json_object_foreach(json_object_get(h, keys[k]), name, v)
			if (!json_is_string(v))
				return err_set(err, ERR_INVALID,
					       "HostConfig.%s.%s: expected a string", keys[k],
					       name);
	json_array_foreach(list, i, v)
		if (dockerd_rlimit_check(v, err))
			return -1;
	if (jsonx_int(h, "ShmSize", 0) < 0)
		return err_set(err, ERR_INVALID, "SHM size can not be less than 0");
	if (json_array_size(json_object_get(h, "ConsoleSize")) != 2)
		return err_set(err, ERR_INVALID, "HostConfig.ConsoleSize: expected two numbers");
	if (jsonx_int(h, "OomScoreAdj", 0) < -1000 || jsonx_int(h, "OomScoreAdj", 0) > 1000)
		return err_set(err, ERR_INVALID,
			       "Invalid value %lld, range for oom score adj is [-1000, 1000]",
			       (long long)jsonx_int(h, "OomScoreAdj", 0));
	return 0;
}

/* "[[gpu nvidia] [tpu]]", as Go prints lists of lists: clients know the words that follow. */
static void print_list(struct strbuf *to, const json_t *list)
{
	json_t *v;
	size_t i;

	strbuf_addc(to, '[');
	json_array_foreach((json_t *)list, i, v) {
		strbuf_adds(to, i ? " " : "");
		if (json_is_array(v))
			print_list(to, v);
		else
			strbuf_adds(to, json_is_string(v) ? json_string_value(v) : "");
	}
	strbuf_addc(to, ']');
}

/* What Docker says where it has no driver for a device, and no file system with quotas. */
static int check_drivers(const json_t *h, struct err *err)
{
	const json_t *request = json_array_get(json_object_get(h, "DeviceRequests"), 0);
	const char *driver = jsonx_str(request, "Driver", "");
	AUTO_STRBUF struct strbuf list = STRBUF_INIT;

	if (json_object_size(json_object_get(h, "StorageOpt")))
		return err_set(err, ERR_UNSUPPORTED, "--storage-opt is supported only for overlay over "
						     "xfs with 'pquota' mount option");
	if (!request)
		return 0;
	if (!strcmp(driver, "cdi")) {
		json_t *ids = json_object_get(request, "DeviceIDs"), *v;
		size_t i;

		json_array_foreach(ids, i, v)
			strbuf_addf(&list, "%s%s", i ? ", " : "", json_string_value(v));
		return err_set(err, ERR_UNSUPPORTED,
			       "CDI device injection failed: unresolvable CDI devices %s", list.data);
	}
	print_list(&list, json_object_get(request, "Capabilities"));
	return err_set(err, ERR_UNSUPPORTED,
		       "could not select device driver \"%s\" with capabilities: %s", driver, list.data);
}

int dockerd_host_check(json_t *host, struct err *err)
{
	static int (*const checks[])(const json_t *, struct err *) = {
		check_memory,
		check_cpu,
		check_realtime,
		check_cpusets,
		check_restart,
		check_log,
		check_network,
		check_modes,
		check_caps,
		check_dns,
		check_objects,
		dockerd_security_check,
		dockerd_devices_check,
		dockerd_blkio_check,
		check_drivers,
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i](host, err))
			return -1;
	return 0;
}
