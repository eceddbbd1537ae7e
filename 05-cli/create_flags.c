/*
 * create_flags.c - the flags of `docker run` and `docker create`.
 *
 * One line per flag. Where the third column from the right names a place, the
 * value goes there in the request as it is; this is most of them. The others
 * are put in by create_request.c.
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "env.h"
#include "mounts.h"
#include "units.h"

static int check_attach(const char *value, struct err *err)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr" };

	for (size_t i = 0; i < 3; i++)
		if (!strcasecmp(value, streams[i]))
			return 0;
	return err_set(err, ERR_INVALID, "valid streams are STDIN, STDOUT and STDERR");
}

static int check_ip(const char *value, struct err *err)
{
	return cli_is_address(value) ? 0 : err_set(err, ERR_INVALID, "IP address is not correctly formatted: %s", value);
}

/* "container", "container:alias" */
static int check_link(const char *value, struct err *err)
{
	const char *colon = strchr(value, ':');

	if (!*value)
		return err_set(err, ERR_INVALID, "empty string specified for links");
	return colon && strchr(colon + 1, ':') ? err_set(err, ERR_INVALID, "bad format for links: %s", value) : 0;
}

int cli_create_check_host(const char *value, struct err *err)
{
	size_t name = strcspn(value, ":=");

	if (!name || !value[name] || !value[name + 1])
		return err_set(err, ERR_INVALID, "bad format for add-host: \"%s\"", value);
	return 0;
}

static int check_map(const char *value, struct err *err)
{
	if (!*value || *value == '=')
		return err_set(err, ERR_INVALID, "invalid empty name: '%s'", value);
	return 0;
}

static int check_label(const char *value, struct err *err)
{
	if (!*value || *value == '=')
		return err_set(err, ERR_INVALID, "invalid label '%s': empty name", value);
	return 0;
}

static int check_ulimit(const char *value, struct err *err)
{
	return cli_create_ulimit(value, NULL, err);
}

static int check_mount(const char *value, struct err *err)
{
	AUTO_JSON json_t *mount = cli_mount_parse(value, err);

	return mount ? 0 : -1;
}

/* Those that belong to a namespace of the container's, not to the machine. */
static int check_sysctl(const char *value, struct err *err)
{
	static const char *const names[] = {
		"kernel.msgmax=", "kernel.msgmnb=", "kernel.msgmni=", "kernel.sem=", "kernel.shmall=",
		"kernel.shmmax=", "kernel.shmmni=", "kernel.shm_rmid_forced=", "net.", "fs.mqueue.",
	};

	for (size_t i = 0; strchr(value, '=') && i < sizeof names / sizeof *names; i++)
		if (str_starts(value, names[i]))
			return 0;
	return err_set(err, ERR_INVALID, "sysctl '%s' is not allowed", value);
}

#define AT(field) offsetof(struct cli_create_options, field)
#define BODY AT(body)
#define HOST(field) .json = "HostConfig." field

const struct cli_flag cli_create_flags[] = {
	{ 0, "add-host", CLI_LIST, AT(hosts), "Add a custom host-to-IP mapping (host:ip)", .check = cli_create_check_host },
	{ 0, "annotation", CLI_MAP, BODY, "Add an annotation to the container (passed through to the OCI runtime)",
	  HOST("Annotations"), .shown = "map[]", .check = check_map, .api = "1.43" },
	{ 'a', "attach", CLI_LIST, AT(attach), "Attach to STDIN, STDOUT or STDERR", .check = check_attach },
	{ 0, "blkio-weight", CLI_INT, BODY, "Block IO (relative weight), between 10 and 1000, or 0 to disable",
	  HOST("BlkioWeight"), .type = "uint16", .shown = "0" },
	{ 0, "blkio-weight-device", CLI_LIST, AT(weights), "Block IO weight (relative device weight)", .shown = "[]" },
	{ 0, "cap-add", CLI_LIST, BODY, "Add Linux capabilities", HOST("CapAdd") },
	{ 0, "cap-drop", CLI_LIST, BODY, "Drop Linux capabilities", HOST("CapDrop") },
	{ 0, "cgroup-parent", CLI_STRING, BODY, "Optional parent cgroup for the container", HOST("CgroupParent") },
	{ 0, "cgroupns", CLI_STRING, BODY, "Cgroup namespace to use (host|private)\n"
	  "'host':    Run the container in the Docker host's cgroup namespace\n"
	  "'private': Run the container in its own private cgroup namespace\n"
	  "'':        Use the cgroup namespace as configured by the\n"
	  "           default-cgroupns-mode option on the daemon (default)", HOST("CgroupnsMode"), .api = "1.41" },
	{ 0, "cidfile", CLI_STRING, AT(cidfile), "Write the container ID to the file" },
	{ 0, "cpu-count", CLI_INT, BODY, "CPU count (Windows only)", HOST("CpuCount") },
	{ 0, "cpu-percent", CLI_INT, BODY, "CPU percent (Windows only)", HOST("CpuPercent") },
	{ 0, "cpu-period", CLI_INT, BODY, "Limit CPU CFS (Completely Fair Scheduler) period", HOST("CpuPeriod") },
	{ 0, "cpu-quota", CLI_INT, BODY, "Limit CPU CFS (Completely Fair Scheduler) quota", HOST("CpuQuota") },
	{ 0, "cpu-rt-period", CLI_INT, BODY, "Limit CPU real-time period in microseconds", HOST("CpuRealtimePeriod") },
	{ 0, "cpu-rt-runtime", CLI_INT, BODY, "Limit CPU real-time runtime in microseconds",
	  HOST("CpuRealtimeRuntime") },
	{ 'c', "cpu-shares", CLI_INT, BODY, "CPU shares (relative weight)", HOST("CpuShares") },
	{ 0, "cpus", CLI_CPUS, BODY, "Number of CPUs", HOST("NanoCpus") },
	{ 0, "cpuset-cpus", CLI_STRING, BODY, "CPUs in which to allow execution (0-3, 0,1)", HOST("CpusetCpus") },
	{ 0, "cpuset-mems", CLI_STRING, BODY, "MEMs in which to allow execution (0-3, 0,1)", HOST("CpusetMems") },
	{ 0, "device", CLI_LIST, AT(devices), "Add a host device to the container" },
	{ 0, "device-cgroup-rule", CLI_LIST, BODY, "Add a rule to the cgroup allowed devices list",
	  HOST("DeviceCgroupRules") },
	{ 0, "device-read-bps", CLI_LIST, AT(read_bps), "Limit read rate (bytes per second) from a device",
	  .shown = "[]" },
	{ 0, "device-read-iops", CLI_LIST, AT(read_iops), "Limit read rate (IO per second) from a device",
	  .shown = "[]" },
	{ 0, "device-write-bps", CLI_LIST, AT(write_bps), "Limit write rate (bytes per second) to a device",
	  .shown = "[]" },
	{ 0, "device-write-iops", CLI_LIST, AT(write_iops), "Limit write rate (IO per second) to a device",
	  .shown = "[]" },
	CLI_TRUST_FLAG(AT(untrusted), "Skip image verification"),
	{ 0, "dns", CLI_LIST, BODY, "Set custom DNS servers", HOST("Dns"), .check = check_ip },
	{ 0, "dns-opt", CLI_LIST, BODY, "Set DNS options", HOST("DnsOptions"), .hidden = true },
	{ 0, "dns-option", CLI_LIST, BODY, "Set DNS options", HOST("DnsOptions") },
	{ 0, "dns-search", CLI_LIST, BODY, "Set custom DNS search domains", HOST("DnsSearch") },
	{ 0, "domainname", CLI_STRING, BODY, "Container NIS domain name", .json = "Domainname" },
	{ 0, "entrypoint", CLI_STRING, AT(entrypoint), "Overwrite the default ENTRYPOINT of the image" },
	{ 'e', "env", CLI_LIST, AT(env), "Set environment variables", .check = cli_env_check },
	{ 0, "env-file", CLI_LIST, AT(env_files), "Read in a file of environment variables" },
	{ 0, "expose", CLI_LIST, AT(expose), "Expose a port or a range of ports" },
	{ 0, "gpus", CLI_STRING, AT(gpus), "GPU devices to add to the container ('all' to pass all GPUs)",
	  .type = "gpu-request" },
	{ 0, "group-add", CLI_LIST, BODY, "Add additional groups to join", HOST("GroupAdd") },
	{ 0, "health-cmd", CLI_STRING, AT(health_cmd), "Command to run to check health" },
	{ 0, "health-interval", CLI_DURATION, BODY, "Time between running the check (ms|s|m|h) (default 0s)",
	  .json = "Healthcheck.Interval" },
	{ 0, "health-retries", CLI_INT, BODY, "Consecutive failures needed to report unhealthy",
	  .json = "Healthcheck.Retries" },
	{ 0, "health-start-interval", CLI_DURATION, BODY, "Time between running the check during the start period "
	  "(ms|s|m|h) (default 0s)", .json = "Healthcheck.StartInterval", .api = "1.44" },
	{ 0, "health-start-period", CLI_DURATION, BODY, "Start period for the container to initialize before starting "
	  "health-retries countdown (ms|s|m|h) (default 0s)", .json = "Healthcheck.StartPeriod" },
	{ 0, "health-timeout", CLI_DURATION, BODY, "Maximum time to allow one check to run (ms|s|m|h) (default 0s)",
	  .json = "Healthcheck.Timeout" },
	{ 'h', "hostname", CLI_STRING, BODY, "Container host name", .json = "Hostname" },
	{ 0, "init", CLI_BOOL, BODY, "Run an init inside the container that forwards signals and reaps processes",
	  HOST("Init") },
	{ 'i', "interactive", CLI_BOOL, AT(stdin), "Keep STDIN open even if not attached" },
	{ 0, "io-maxbandwidth", CLI_BYTES, BODY, "Maximum IO bandwidth limit for the system drive (Windows only)",
	  HOST("IOMaximumBandwidth") },
	{ 0, "io-maxiops", CLI_INT, BODY, "Maximum IOps limit for the system drive (Windows only)",
	  HOST("IOMaximumIOps"), .type = "uint" },
	{ 0, "ip", CLI_STRING, AT(ip), "IPv4 address (e.g., 172.30.100.104)" },
	{ 0, "ip6", CLI_STRING, AT(ip6), "IPv6 address (e.g., 2001:db8::33)" },
	{ 0, "ipc", CLI_STRING, BODY, "IPC mode to use", HOST("IpcMode") },
	{ 0, "isolation", CLI_STRING, BODY, "Container isolation technology", HOST("Isolation") },
	{ 0, "kernel-memory", CLI_BYTES, BODY, "Kernel memory limit", HOST("KernelMemory") },
	{ 'l', "label", CLI_MAP, BODY, "Set meta data on a container", .json = "Labels", .type = "list",
	  .check = check_label },
	{ 0, "label-file", CLI_LIST, AT(label_files), "Read in a line delimited file of labels" },
	{ 0, "link", CLI_LIST, BODY, "Add link to another container", HOST("Links"), .check = check_link },
	{ 0, "link-local-ip", CLI_LIST, AT(link_local), "Container IPv4/IPv6 link-local addresses" },
	{ 0, "log-driver", CLI_STRING, BODY, "Logging driver for the container", HOST("LogConfig.Type") },
	{ 0, "log-opt", CLI_MAP, BODY, "Log driver options", HOST("LogConfig.Config"), .type = "list",
	  .check = check_map },
	{ 0, "mac-address", CLI_STRING, AT(mac), "Container MAC address (e.g., 92:d0:c6:0a:29:33)" },
	{ 'm', "memory", CLI_BYTES, BODY, "Memory limit", HOST("Memory") },
	{ 0, "memory-reservation", CLI_BYTES, BODY, "Memory soft limit", HOST("MemoryReservation") },
	{ 0, "memory-swap", CLI_SWAP, BODY, "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
	  HOST("MemorySwap") },
	{ 0, "memory-swappiness", CLI_INT, BODY, "Tune container memory swappiness (0 to 100)",
	  HOST("MemorySwappiness"), .shown = "-1" },
	{ 0, "mount", CLI_LIST, AT(mounts), "Attach a filesystem mount to the container", .type = "mount",
	  .check = check_mount },
	{ 0, "name", CLI_STRING, AT(name), "Assign a name to the container" },
	{ 0, "net", CLI_LIST, AT(networks), "Connect a container to a network", .type = "network", .hidden = true },
	{ 0, "net-alias", CLI_LIST, AT(aliases), "Add network-scoped alias for the container", .hidden = true },
	{ 0, "network", CLI_LIST, AT(networks), "Connect a container to a network", .type = "network" },
	{ 0, "network-alias", CLI_LIST, AT(aliases), "Add network-scoped alias for the container" },
	{ 0, "no-healthcheck", CLI_BOOL, AT(no_health), "Disable any container-specified HEALTHCHECK" },
	{ 0, "oom-kill-disable", CLI_BOOL, BODY, "Disable OOM Killer", HOST("OomKillDisable") },
	{ 0, "oom-score-adj", CLI_INT, BODY, "Tune host's OOM preferences (-1000 to 1000)", HOST("OomScoreAdj") },
	{ 0, "pid", CLI_STRING, BODY, "PID namespace to use", HOST("PidMode") },
	{ 0, "pids-limit", CLI_INT, BODY, "Tune container pids limit (set -1 for unlimited)", HOST("PidsLimit") },
	{ 0, "platform", CLI_STRING, AT(platform), "Set platform if server is multi-platform capable" },
	{ 0, "privileged", CLI_BOOL, BODY, "Give extended privileges to this container", HOST("Privileged") },
	{ 'p', "publish", CLI_LIST, AT(publish), "Publish a container's port(s) to the host" },
	{ 'P', "publish-all", CLI_BOOL, BODY, "Publish all exposed ports to random ports", HOST("PublishAllPorts") },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Suppress the pull output" },
	{ 0, "read-only", CLI_BOOL, BODY, "Mount the container's root filesystem as read only",
	  HOST("ReadonlyRootfs") },
	{ 0, "restart", CLI_STRING, AT(restart), "Restart policy to apply when a container exits",
	  .shown = "\"no\"" },
	{ 0, "rm", CLI_BOOL, AT(remove), "Automatically remove the container and its associated anonymous volumes "
	  "when it exits" },
	{ 0, "runtime", CLI_STRING, BODY, "Runtime to use for this container", HOST("Runtime") },
	{ 0, "security-opt", CLI_LIST, AT(security), "Security Options" },
	{ 0, "shm-size", CLI_BYTES, BODY, "Size of /dev/shm", HOST("ShmSize") },
	{ 0, "stop-signal", CLI_STRING, BODY, "Signal to stop the container", .json = "StopSignal" },
	{ 0, "stop-timeout", CLI_INT, BODY, "Timeout (in seconds) to stop a container", .json = "StopTimeout" },
	{ 0, "storage-opt", CLI_MAP, BODY, "Storage driver options for the container", HOST("StorageOpt"),
	  .type = "list", .check = check_map },
	{ 0, "sysctl", CLI_MAP, BODY, "Sysctl options", HOST("Sysctls"), .shown = "map[]", .check = check_sysctl },
	{ 0, "tmpfs", CLI_LIST, AT(tmpfs), "Mount a tmpfs directory" },
	{ 't', "tty", CLI_BOOL, AT(tty), "Allocate a pseudo-TTY" },
	{ 0, "ulimit", CLI_LIST, AT(ulimits), "Ulimit options", .type = "ulimit", .shown = "[]",
	  .check = check_ulimit },
	{ 0, "use-api-socket", CLI_BOOL, AT(api_socket), "Bind mount Docker API socket and required auth" },
	{ 'u', "user", CLI_STRING, BODY, "Username or UID (format: <name|uid>[:<group|gid>])", .json = "User" },
	{ 0, "userns", CLI_STRING, BODY, "User namespace to use", HOST("UsernsMode") },
	{ 0, "uts", CLI_STRING, BODY, "UTS namespace to use", HOST("UTSMode") },
	{ 'v', "volume", CLI_LIST, AT(volumes), "Bind mount a volume" },
	{ 0, "volume-driver", CLI_STRING, BODY, "Optional volume driver for the container", HOST("VolumeDriver") },
	{ 0, "volumes-from", CLI_LIST, BODY, "Mount volumes from the specified container(s)", HOST("VolumesFrom") },
	{ 'w', "workdir", CLI_STRING, BODY, "Working directory inside the container", .json = "WorkingDir" },
	{ 0 },
};
