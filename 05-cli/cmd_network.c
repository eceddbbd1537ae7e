/*
 * cmd_network.c - docker network: ls, rm, connect, disconnect. To create one is
 * in cmd_network_create.c, inspect in cmd_inspect.c, prune in cmd_prune.c.
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "each.h"
#include "list.h"
#include "value.h"
#include "verbs.h"

/* ---- ls ------------------------------------------------------------------ */

struct ls_options {
	struct strlist filters;
	const char *format;
	bool whole, quiet;
};

#define AT(field) offsetof(struct ls_options, field)
static const struct cli_flag ls_flags[] = {
	{ 'f', "filter", CLI_LIST, AT(filters), "Provide filter values (e.g. \"driver=bridge\")", .type = "filter",
	  .check = cli_filter_check },
	{ 0, "format", CLI_STRING, AT(format), CLI_FORMAT_TABLE_HELP },
	{ 0, "no-trunc", CLI_BOOL, AT(whole), "Do not truncate the output" },
	{ 'q', "quiet", CLI_BOOL, AT(quiet), "Only display network IDs" },
	{ 0 },
};
#undef AT

static const struct cli_heading headings[] = {
	{ "CreatedAt", "CREATED AT" }, { "Driver", "DRIVER" }, { "ID", "NETWORK ID" }, { "IPv4", "IPV4" },
	{ "IPv6", "IPV6" }, { "Internal", "INTERNAL" }, { "Labels", "LABELS" }, { "Name", "NAME" },
	{ "Scope", "SCOPE" }, { NULL, NULL },
};

static json_t *make_row(const json_t *network, bool whole)
{
	json_t *row = json_object();
	AUTO_FREE char *id = cli_short_id(jsonx_str(network, "Id", ""), whole);
	AUTO_FREE char *created = cli_go_time(jsonx_str(network, "Created", ""));

	cli_put(row, "CreatedAt", created);
	cli_put(row, "Driver", jsonx_str(network, "Driver", ""));
	cli_put(row, "ID", id);
	cli_put(row, "IPv4", jsonx_bool(network, "EnableIPv4", false) ? "true" : "false");
	cli_put(row, "IPv6", jsonx_bool(network, "EnableIPv6", false) ? "true" : "false");
	cli_put(row, "Internal", jsonx_bool(network, "Internal", false) ? "true" : "false");
	cli_put_pairs(row, "Labels", json_object_get(network, "Labels"), true);
	cli_put(row, "Name", jsonx_str(network, "Name", ""));
	cli_put(row, "Scope", jsonx_str(network, "Scope", ""));
	return row;
}

static int run_ls(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct ls_options *o = options;
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	struct cli_list list = { .type = "*network.networkContext", .headings = headings, .rows = json_array(),
				 .table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}" };
	json_t *network;
	size_t i;

	(void)args;
	(void)n;
	list.format = cli_list_format(o->format, cli_config_get(&cli->config, "networksFormat"), o->quiet, "{{.ID}}");
	list.raw = o->quiet ? "network_id: {{.ID}}"
			    : "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n";
	strbuf_adds(&path, "/networks");
	cli_filter_query(&path, &o->filters);
	int rc = cli_api_call(&cli->api, "GET", path.data, NULL, &list.sources, err);
	cli_sort_by(list.sources, "Name");
	json_array_foreach(list.sources, i, network)
		json_array_append_new(list.rows, make_row(network, o->whole));
	if (!rc)
		rc = cli_list_print(&list, err);
	cli_list_free(&list);
	return rc;
}

const struct cli_command cli_cmd_network_ls = {
	.usage = "[OPTIONS]", .summary = "List networks", .options_size = sizeof(struct ls_options),
	.flags = ls_flags, .run = run_ls,
};

/* ---- rm ------------------------------------------------------------------ */

struct force_options {
	bool force;
};
static const struct cli_flag rm_flags[] = {
	{ 'f', "force", CLI_BOOL, offsetof(struct force_options, force), "Do not error if the network does not exist" },
	{ 0 },
};
static const struct cli_flag disconnect_flags[] = {
	{ 'f', "force", CLI_BOOL, offsetof(struct force_options, force),
	  "Force the container to disconnect from a network" },
	{ 0 },
};

static int remove_one(struct cli_api *api, const char *name, const void *context, struct err *err)
{
	const struct force_options *o = context;
	AUTO_FREE char *path = cli_api_path("networks", name, "", err);

	if (!path)
		return -1;
	int rc = cli_api_call(api, "DELETE", path, NULL, NULL, err);
	if (rc && o->force && err->kind == ERR_NOT_FOUND)
		*err = (struct err){ 0 };
	return rc;
}

static int run_rm(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	if (cli_each(cli, args, n, remove_one, options, err))
		return -1;
	if (cli->status) /* the real client's last word here */
		cli_complain("exit status %d", cli->status);
	return 0;
}

const struct cli_command cli_cmd_network_rm = {
	.usage = "NETWORK [NETWORK...]", .summary = "Remove one or more networks", .min = 1, .max = -1,
	.options_size = sizeof(struct force_options), .flags = rm_flags, .run = run_rm,
};

/* ---- connect, disconnect ------------------------------------------------- */

struct connect_options {
	json_t *body;
	struct strlist driver;
};

#define BODY offsetof(struct connect_options, body)
#define ENDPOINT(field) .json = "EndpointConfig." field
static const struct cli_flag connect_flags[] = {
	{ 0, "alias", CLI_STRINGS, BODY, "Add network-scoped alias for the container", ENDPOINT("Aliases") },
	{ 0, "driver-opt", CLI_STRINGS, offsetof(struct connect_options, driver), "driver options for the network" },
	{ 0, "gw-priority", CLI_INT, BODY, "Highest gw-priority provides the default gateway. Accepts positive and "
	  "negative values.", ENDPOINT("GwPriority"), .api = "1.48" },
	{ 0, "ip", CLI_STRING, BODY, "IPv4 address (e.g., \"172.30.100.104\")",
	  ENDPOINT("IPAMConfig.IPv4Address") },
	{ 0, "ip6", CLI_STRING, BODY, "IPv6 address (e.g., \"2001:db8::33\")",
	  ENDPOINT("IPAMConfig.IPv6Address") },
	{ 0, "link", CLI_LIST, BODY, "Add link to another container", ENDPOINT("Links") },
	{ 0, "link-local-ip", CLI_STRINGS, BODY, "Add a link-local address for the container",
	  ENDPOINT("IPAMConfig.LinkLocalIPs") },
	{ 0 },
};

static int run_connect(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	struct connect_options *o = options;
	AUTO_FREE char *path = cli_api_path("networks", args[0], "/connect", err);
	AUTO_JSON json_t *driver = json_object();

	(void)n;
	if (!path)
		return -1;
	for (size_t i = 0; i < o->driver.n; i++) {
		char *equals = strchr(o->driver.v[i], '=');
		if (!equals || equals == o->driver.v[i])
			return err_set(err, ERR_INVALID, "invalid key/value pair format in driver options");
		*equals = 0;
		json_object_set_new(driver, o->driver.v[i], json_string(equals + 1));
	}
	o->body = o->body ? o->body : json_object();
	json_object_set_new(o->body, "Container", json_string(args[1]));
	json_t *endpoint = cli_object_at(o->body, "EndpointConfig");
	if (json_object_size(driver))
		json_object_set(endpoint, "DriverOpts", driver);
	return cli_api_call(&cli->api, "POST", path, o->body, NULL, err);
}

const struct cli_command cli_cmd_network_connect = {
	.usage = "[OPTIONS] NETWORK CONTAINER", .summary = "Connect a container to a network", .min = 2, .max = 2,
	.options_size = sizeof(struct connect_options), .flags = connect_flags, .run = run_connect,
};

static int run_disconnect(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	const struct force_options *o = options;
	AUTO_FREE char *path = cli_api_path("networks", args[0], "/disconnect", err);
	AUTO_JSON json_t *body = json_pack("{s:s, s:b}", "Container", args[1], "Force", (int)o->force);

	(void)n;
	return path ? cli_api_call(&cli->api, "POST", path, body, NULL, err) : -1;
}

const struct cli_command cli_cmd_network_disconnect = {
	.usage = "[OPTIONS] NETWORK CONTAINER", .summary = "Disconnect a container from a network", .min = 2, .max = 2,
	.options_size = sizeof(struct force_options), .flags = disconnect_flags, .run = run_disconnect,
};
