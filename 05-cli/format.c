/*
 * format.c - see format.h.
 */
#include "format.h"

#include <stdio.h>
#include <string.h>

struct cli_template *cli_format_parse(struct cli *cli, const char *format, struct err *err)
{
	struct cli_template *t = cli_template_parse(strcmp(format, "json") ? format : "{{json .}}", err);

	if (!t) {
		cli->status = CLI_STATUS_TEMPLATE;
		err_wrap(err, "template parsing error");
	}
	return t;
}

int cli_format_print(struct cli *cli, const char *format, json_t *doc, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct cli_template *t = cli_format_parse(cli, format, err);

	if (!t)
		return -1;
	int rc = cli_template_run(t, doc, NULL, &sb, err);
	cli_template_free(t);
	printf("%s\n", sb.len ? sb.data : "");
	return rc;
}
