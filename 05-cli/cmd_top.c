/*
 * cmd_top.c - docker top: ps(1), of one container's processes.
 */
#include <stdio.h>

#include "01-kernel/base/jsonx.h"
#include "table.h"
#include "verbs.h"

#define COLUMN_WIDTH 20

static void add_line(struct strbuf *sb, const json_t *cells)
{
	json_t *cell;
	size_t i;

	json_array_foreach((json_t *)cells, i, cell)
		strbuf_addf(sb, "%s%s", i ? "\t" : "", json_is_string(cell) ? json_string_value(cell) : "");
	strbuf_addc(sb, '\n');
}

static int run(struct cli *cli, void *options, char **args, int n, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF_INIT;
	AUTO_STRBUF struct strbuf words = STRBUF_INIT;
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	AUTO_STRBUF struct strbuf laid = STRBUF_INIT;
	AUTO_JSON json_t *answer = NULL;
	json_t *process;
	size_t i;

	(void)options;
	AUTO_FREE char *base = cli_api_path("containers", args[0], "/top", err);
	if (!base)
		return -1;
	strbuf_adds(&path, base);
	for (int k = 1; k < n; k++)
		strbuf_addf(&words, "%s%s", k > 1 ? " " : "", args[k]);
	if (words.len)
		cli_query(&path, "ps_args", words.data);
	if (cli_api_call(&cli->api, "GET", path.data, NULL, &answer, err))
		return -1;
	add_line(&text, json_object_get(answer, "Titles"));
	json_array_foreach(json_object_get(answer, "Processes"), i, process)
		add_line(&text, process);
	cli_table_layout(text.data, COLUMN_WIDTH, &laid);
	fputs(laid.data, stdout);
	return 0;
}

const struct cli_command cli_cmd_top = {
	.usage = "CONTAINER [ps OPTIONS]", .summary = "Display the running processes of a container",
	.min = 1, .max = -1, .flags_first = true, .run = run,
};
