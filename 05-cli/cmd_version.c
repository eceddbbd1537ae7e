/*
 * cmd_version.c - docker version: this program's, and the daemon's.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "format.h"
#include "list.h"
#include "platform.h"
#include "verbs.h"

struct options {
	const char *format;
};

static const struct cli_flag flags[] = {
	{ 'f', "format", CLI_STRING, offsetof(struct options, format), CLI_FORMAT_HELP },
	{ 0 },
};

static json_t *client_version(const struct cli *cli)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "Version", CLI_VERSION, "ApiVersion",
			 cli->api.version[0] ? cli->api.version : CLI_API_NEWEST, "DefaultAPIVersion", CLI_API_NEWEST,
			 "Compiler", __VERSION__, "Os", "linux", "Arch", cli_platform_machine(), "Context", cli->context);
}

static void line(int indent, const char *name, const char *value)
{
	AUTO_FREE char *label = xasprintf("%s:", name);

	printf("%*s%-*s%s\n", indent, "", 20 - indent - (indent == 1), label, value);
}

/* A line that a daemon which is not built with Go has not. */
static void known(int indent, const char *name, const char *value)
{
	if (*value)
		line(indent, name, value);
}

static void print_client(const json_t *client)
{
	const char *spoken = jsonx_str(client, "ApiVersion", ""), *own = jsonx_str(client, "DefaultAPIVersion", "");
	AUTO_FREE char *api = strcmp(spoken, own) ? xasprintf("%s (downgraded from %s)", spoken, own) : xstrdup(own);
	AUTO_FREE char *os = xasprintf("%s/%s", jsonx_str(client, "Os", ""), jsonx_str(client, "Arch", ""));

	puts("Client:");
	line(1, "Version", jsonx_str(client, "Version", ""));
	line(1, "API version", api);
	line(1, "Compiler", jsonx_str(client, "Compiler", ""));
	line(1, "OS/Arch", os);
	line(1, "Context", jsonx_str(client, "Context", ""));
}

/* A build's time in RFC 3339 is shown as asctime(3) has it. */
static const char *build_time(const char *text, char out[40])
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end)
		return text;
	timegm(&tm); /* fills in the day of the week */
	strftime(out, 40, "%a %b %e %H:%M:%S %Y", &tm);
	return out;
}

static void print_engine(const json_t *d, const char *version)
{
	AUTO_FREE char *api = xasprintf("%s (minimum version %s)", jsonx_str(d, "ApiVersion", ""),
					jsonx_str(d, "MinAPIVersion", ""));
	AUTO_FREE char *os = xasprintf("%s/%s", jsonx_str(d, "Os", ""), jsonx_str(d, "Arch", ""));
	char built[40];

	line(2, "Version", version);
	line(2, "API version", api);
	known(2, "Go version", jsonx_str(d, "GoVersion", ""));
	known(2, "Git commit", jsonx_str(d, "GitCommit", ""));
	known(2, "Built", build_time(jsonx_str(d, "BuildTime", ""), built));
	line(2, "OS/Arch", os);
	line(2, "Experimental", jsonx_str(d, "Experimental", "false"));
}

static void print_server(const json_t *server)
{
	const char *platform = jsonx_str(json_object_get(server, "Platform"), "Name", "");
	json_t *component, *value;
	const char *key;
	size_t i;

	printf("\nServer:%s%s\n", *platform ? " " : "", platform);
	json_array_foreach(json_object_get(server, "Components"), i, component) {
		const char *name = jsonx_str(component, "Name", ""), *version = jsonx_str(component, "Version", "");
		json_t *details = json_object_get(component, "Details");
		printf(" %s:\n", name);
		if (!strcmp(name, "Engine")) {
			print_engine(details, version);
			continue;
		}
		line(2, "Version", version);
		json_object_foreach(details, key, value)
			line(2, key, json_is_string(value) ? json_string_value(value) : "");
	}
	if (!i) { /* daemons before API 1.35 */
		puts(" Engine:");
		print_engine(server, jsonx_str(server, "Version", ""));
	}
}

/* As the plain output, --format has the time of the build in words. */
static void reword_build_times(json_t *server)
{
	json_t *component;
	char built[40];
	size_t i;

	json_array_foreach(json_object_get(server, "Components"), i, component) {
		json_t *details = json_object_get(component, "Details");
		const char *text = jsonx_str(details, "BuildTime", NULL);
		if (text)
			json_object_set_new(details, "BuildTime", json_string(build_time(text, built)));
	}
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct options *o = options;
	AUTO_JSON json_t *doc = json_object();
	json_t *server = NULL;

	(void)args;
	(void)n;
	int rc = cli_api_call(&cli->api, "GET", "/version", NULL, &server, err);
	json_t *client = client_version(cli);
	json_object_set_new(doc, "Client", client);
	json_object_set_new(doc, "Server", server ? server : json_null());
	if (o->format && *o->format) {
		struct err why;
		reword_build_times(server);
		if (cli_format_print(cli, o->format, "system.versionInfo", doc, rc ? &why : err))
			rc = -1;
		return rc;
	}
	print_client(client);
	if (server)
		print_server(server);
	fflush(stdout);
	return rc;
}

const struct cli_command cli_cmd_version = {
	.usage = "[OPTIONS]", .summary = "Show the Docker version information",
	.options_size = sizeof(struct options), .flags = flags, .run = run,
};
