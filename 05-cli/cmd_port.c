/*
 * cmd_port.c - docker port: where a container's ports are published.
 */
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "container.h"
#include "verbs.h"

/* "80/tcp -> 0.0.0.0:8080", or without the first part for one port. */
static void show(const char *port, const json_t *bindings, bool named)
{
	json_t *binding;
	size_t i;

	json_array_foreach((json_t *)bindings, i, binding) {
		const char *ip = jsonx_str(binding, "HostIp", ""), *host = jsonx_str(binding, "HostPort", "");
		bool v6 = strchr(ip, ':') != NULL;
		printf("%s%s%s%s%s:%s\n", named ? port : "", named ? " -> " : "", v6 ? "[" : "", ip, v6 ? "]" : "",
		       host);
	}
}

static int by_port(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	long d = strtol(x, NULL, 10) - strtol(y, NULL, 10);

	return d ? (d < 0 ? -1 : 1) : strcmp(x, y);
}

static void show_all(const json_t *ports)
{
	AUTO_FREE const char **keys = xcalloc(json_object_size(ports) + 1, sizeof *keys);
	size_t n = 0;
	const char *key;
	json_t *ignored;

	json_object_foreach((json_t *)ports, key, ignored)
		keys[n++] = key;
	qsort(keys, n, sizeof *keys, by_port);
	for (size_t i = 0; i < n; i++)
		show(keys[i], json_object_get(ports, keys[i]), true);
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_JSON json_t *container = cli_container_inspect(cli, args[0], err);
	const json_t *ports = jsonx_at(container, "NetworkSettings.Ports");

	(void)options;
	if (!container)
		return -1;
	if (n == 1) {
		show_all(ports);
		return 0;
	}
	AUTO_FREE char *port = xasprintf("%s%s", args[1], strchr(args[1], '/') ? "" : "/tcp");
	const json_t *bindings = json_object_get(ports, port);
	if (!json_array_size(bindings))
		return err_set(err, ERR_NOT_FOUND, "Error: No public port '%s' published for %s", args[1],
			       args[0]);
	show(port, bindings, false);
	return 0;
}

const struct cli_command cli_cmd_port = {
	.usage = "CONTAINER [PRIVATE_PORT[/PROTO]]",
	.summary = "List port mappings or a specific mapping for the container", .min = 1, .max = 2, .run = run,
};
