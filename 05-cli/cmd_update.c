/*
 * cmd_update.c - docker update: other limits for containers that are there.
 * The flags go straight into the request, of which a container's own is no part.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "verbs.h"

struct options {
	json_t *body;
	const char *restart;
};

#define BODY offsetof(struct options, body)
static const struct cli_flag flags[] = {
	{ 0, "blkio-weight", CLI_INT, BODY, "Block IO (relative weight), between 10 and 1000, or 0 to disable",
	  "BlkioWeight", .type = "uint16", .shown = "0" },
	{ 0, "cpu-period", CLI_INT, BODY, "Limit CPU CFS (Completely Fair Scheduler) period", "CpuPeriod" },
	{ 0, "cpu-quota", CLI_INT, BODY, "Limit CPU CFS (Completely Fair Scheduler) quota", "CpuQuota" },
	{ 0, "cpu-rt-period", CLI_INT, BODY, "Limit the CPU real-time period in microseconds", "CpuRealtimePeriod" },
	{ 0, "cpu-rt-runtime", CLI_INT, BODY, "Limit the CPU real-time runtime in microseconds",
	  "CpuRealtimeRuntime" },
	{ 'c', "cpu-shares", CLI_INT, BODY, "CPU shares (relative weight)", "CpuShares" },
	{ 0, "cpus", CLI_CPUS, BODY, "Number of CPUs", "NanoCpus" },
	{ 0, "cpuset-cpus", CLI_STRING, BODY, "CPUs in which to allow execution (0-3, 0,1)", "CpusetCpus" },
	{ 0, "cpuset-mems", CLI_STRING, BODY, "MEMs in which to allow execution (0-3, 0,1)", "CpusetMems" },
	{ 'm', "memory", CLI_BYTES, BODY, "Memory limit", "Memory" },
	{ 0, "memory-reservation", CLI_BYTES, BODY, "Memory soft limit", "MemoryReservation" },
	{ 0, "memory-swap", CLI_SWAP, BODY, "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
	  "MemorySwap" },
	{ 0, "pids-limit", CLI_INT, BODY, "Tune container pids limit (set -1 for unlimited)", "PidsLimit" },
	{ 0, "restart", CLI_STRING, offsetof(struct options, restart),
	  "Restart policy to apply when a container exits" },
	{ 0 },
};

static int update_one(struct cli *cli, const json_t *body, const char *name, struct err *err)
{
	AUTO_FREE char *path = cli_api_path("containers", name, "/update", err);
	AUTO_JSON json_t *answer = NULL;
	json_t *warning;
	size_t i;

	if (!path || cli_api_call(&cli->api, "POST", path, body, &answer, err))
		return -1;
	json_array_foreach(json_object_get(answer, "Warnings"), i, warning)
		if (json_is_string(warning))
			cli_complain("%s", json_string_value(warning));
	puts(name);
	return 0;
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct options *o = options;
	struct cli_failures failures = CLI_FAILURES_INIT;

	if (!o->body && !o->restart)
		return err_set(err, ERR_INVALID, "you must provide one or more flags when using this command");
	o->body = o->body ? o->body : json_object();
	if (o->restart) {
		json_t *policy = cli_restart_policy(o->restart, err);
		if (!policy)
			return -1;
		json_object_set_new(o->body, "RestartPolicy", policy);
	}
	for (int i = 0; i < n; i++)
		if (update_one(cli, o->body, args[i], err))
			cli_failures_add(&failures, err);
	cli_failures_end(&failures, cli);
	return 0;
}

const struct cli_command cli_cmd_update = {
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Update configuration of one or more containers", .min = 1, .max = -1,
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
