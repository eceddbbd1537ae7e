/*
 * cmd_info.c - docker info: the state of the daemon and of its machine.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "format.h"
#include "human.h"
#include "list.h"
#include "platform.h"
#include "value.h"
#include "verbs.h"

struct options {
	const char *format;
};

static const struct cli_flag flags[] = {
	{ 'f', "format", CLI_STRING, offsetof(struct options, format), CLI_FORMAT_HELP },
	{ 0 },
};

/* ---- lines --------------------------------------------------------------- */

/* Lines of which the value is in the daemon's answer as it is. A line whose
 * member is missing or empty is left out. */
struct line {
	const char *label;  /* with its indentation */
	const char *member; /* dotted */
};

static void print_member(const json_t *info, const struct line *l)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	const json_t *value = jsonx_at(info, l->member);

	if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
		return;
	cli_value_print(value, &sb);
	printf("%s: %s\n", l->label, sb.data);
}

static void print_members(const json_t *info, const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print_member(info, &lines[i]);
}
#define PRINT(info, lines) print_members(info, lines, sizeof(lines) / sizeof *(lines))

/* "Volume: local nfs": the words of an array on one line. */
static void print_words(const char *label, const json_t *words)
{
	json_t *word;
	size_t i;

	if (!json_array_size(words))
		return;
	printf("%s:", label);
	json_array_foreach((json_t *)words, i, word)
		printf(" %s", json_is_string(word) ? json_string_value(word) : "");
	putchar('\n');
}

/* A heading, and under it a line for each. */
static void print_block(const char *label, const json_t *words)
{
	json_t *word;
	size_t i;

	if (!json_array_size(words))
		return;
	printf(" %s:\n", label);
	json_array_foreach((json_t *)words, i, word)
		printf("  %s\n", json_is_string(word) ? json_string_value(word) : "");
}

/* ---- sections ------------------------------------------------------------ */

static void print_storage(const json_t *info)
{
	json_t *pair;
	size_t i;

	printf(" Storage Driver: %s\n", jsonx_str(info, "Driver", ""));
	json_array_foreach(json_object_get(info, "DriverStatus"), i, pair) {
		const char *name = json_string_value(json_array_get(pair, 0));
		const char *value = json_string_value(json_array_get(pair, 1));
		printf("  %s: %s\n", name ? name : "", value ? value : "");
	}
}

static void print_runtimes(const json_t *info)
{
	size_t n;
	AUTO_FREE const char **names = jsonx_sorted_keys(json_object_get(info, "Runtimes"), &n);

	if (n)
		printf(" Runtimes:");
	for (size_t i = 0; i < n; i++)
		printf(" %s%s", names[i], i + 1 == n ? "\n" : "");
}

/* "name=seccomp,profile=default": the name, and the rest under it. */
static void print_security(const json_t *info)
{
	json_t *options = json_object_get(info, "SecurityOptions"), *option;
	size_t i;

	if (json_array_size(options))
		puts(" Security Options:");
	json_array_foreach(options, i, option) {
		AUTO_FREE char *copy = xstrdup(json_is_string(option) ? json_string_value(option) : "");
		char *save = NULL;
		for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
			char *value = strchr(word, '=');
			if (value)
				*value++ = 0;
			if (!strcmp(word, "name"))
				printf("  %s\n", value ? value : "");
			else
				printf("   %c%s: %s\n", word[0] >= 'a' ? word[0] - 'a' + 'A' : word[0], word[0] ? word + 1 : "",
				       value ? value : "");
		}
	}
}

static void print_registries(const json_t *info)
{
	json_t *registry = json_object_get(info, "RegistryConfig"), *config;
	json_t *insecure = json_array(), *ranges = json_object_get(registry, "InsecureRegistryCIDRs");
	const char *name;

	json_object_foreach(json_object_get(registry, "IndexConfigs"), name, config)
		if (!jsonx_bool(config, "Secure", true))
			json_array_append_new(insecure, json_string(name));
	json_array_extend(insecure, ranges);
	print_block("Insecure Registries", insecure);
	json_decref(insecure);
	print_block("Registry Mirrors", json_object_get(registry, "Mirrors"));
}

static void print_pools(const json_t *info)
{
	const json_t *pools = json_object_get(info, "DefaultAddressPools"), *pool;
	size_t i;

	if (json_array_size(pools))
		puts(" Default Address Pools:");
	json_array_foreach(pools, i, pool)
		printf("   Base: %s, Size: %lld\n", jsonx_str(pool, "Base", ""), (long long)jsonx_int(pool, "Size", 0));
}

static void print_commit(const json_t *info, const char *name, const char *member)
{
	printf(" %s version: %s\n", name, jsonx_str(json_object_get(info, member), "ID", ""));
}

static void print_server(const json_t *info)
{
	static const struct line counts[] = {
		{ " Containers", "Containers" }, { "  Running", "ContainersRunning" },
		{ "  Paused", "ContainersPaused" }, { "  Stopped", "ContainersStopped" },
		{ " Images", "Images" }, { " Server Version", "ServerVersion" },
	};
	static const struct line drivers[] = {
		{ " Logging Driver", "LoggingDriver" }, { " Cgroup Driver", "CgroupDriver" },
		{ " Cgroup Version", "CgroupVersion" },
	};
	static const struct line swarm[] = { { " Swarm", "Swarm.LocalNodeState" } };
	static const struct line runtime[] = {
		{ " Default Runtime", "DefaultRuntime" }, { " Init Binary", "InitBinary" },
	};
	static const struct line machine[] = {
		{ " Kernel Version", "KernelVersion" }, { " Operating System", "OperatingSystem" },
		{ " OSType", "OSType" }, { " Architecture", "Architecture" }, { " CPUs", "NCPU" },
	};
	static const struct line daemon[] = {
		{ " Name", "Name" }, { " ID", "ID" }, { " Docker Root Dir", "DockerRootDir" },
		{ " Debug Mode", "Debug" }, { " HTTP Proxy", "HttpProxy" }, { " HTTPS Proxy", "HttpsProxy" },
		{ " No Proxy", "NoProxy" },
	};
	static const struct line last[] = { { " Live Restore Enabled", "LiveRestoreEnabled" } };
	const json_t *plugins = json_object_get(info, "Plugins");
	char memory[CLI_HUMAN_SIZE];

	PRINT(info, counts);
	print_storage(info);
	PRINT(info, drivers);
	puts(" Plugins:");
	print_words("  Volume", json_object_get(plugins, "Volume"));
	print_words("  Network", json_object_get(plugins, "Network"));
	print_words("  Log", json_object_get(plugins, "Log"));
	PRINT(info, swarm);
	print_runtimes(info);
	PRINT(info, runtime);
	print_commit(info, "containerd", "ContainerdCommit");
	print_commit(info, "runc", "RuncCommit");
	print_commit(info, "init", "InitCommit");
	print_security(info);
	PRINT(info, machine);
	printf(" Total Memory: %s\n", cli_human_binary((double)jsonx_int(info, "MemTotal", 0), memory));
	PRINT(info, daemon);
	print_block("Labels", json_object_get(info, "Labels"));
	printf(" Experimental: %s\n", jsonx_bool(info, "ExperimentalBuild", false) ? "true" : "false");
	print_registries(info);
	PRINT(info, last);
	print_pools(info);
	putchar('\n');
}

static void print_warnings(const json_t *info)
{
	json_t *warning;
	size_t i;

	fflush(stdout);
	json_array_foreach(json_object_get(info, "Warnings"), i, warning)
		if (json_is_string(warning))
			cli_complain("%s", json_string_value(warning));
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_JSON json_t *info = NULL;

	(void)args;
	(void)n;
	int rc = cli_api_call(&cli->api, "GET", "/info", NULL, &info, err);
	if (o->format && *o->format) {
		if (rc)
			return -1;
		json_object_set_new(info, "ClientInfo",
				    json_pack("{s:b, s:s, s:s, s:s, s:s, s:s}", "Debug", (int)cli->debug, "Version", CLI_VERSION,
					      "DefaultAPIVersion", CLI_API_NEWEST, "Os", "linux", "Arch",
					      cli_platform_machine(), "Context", cli->context));
		return cli_format_print(cli, o->format, "system.dockerInfo", info, err);
	}
	printf("Client:\n Version:    " CLI_VERSION "\n Context:    %s\n Debug Mode: %s\n\nServer:\n", cli->context,
	       cli->debug ? "true" : "false");
	if (!rc) {
		print_server(info);
		print_warnings(info);
	}
	fflush(stdout);
	return rc;
}

const struct cli_command cli_cmd_info = {
	.usage = "[OPTIONS]", .summary = "Display system-wide information",
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
