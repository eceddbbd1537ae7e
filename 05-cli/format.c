/*
 * format.c - see format.h.
 */
#include "format.h"

#include <stdio.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "shape.h"

struct cli_template *cli_format_parse(struct cli *cli, const char *format, struct err *err)
{
	struct cli_template *t = cli_template_parse(strcmp(format, "json") ? format : "{{json .}}", err);

	if (!t) {
		cli->status = CLI_STATUS_TEMPLATE;
		err_wrap(err, "template parsing error");
	}
	return t;
}

int cli_format_run(const struct cli_template *t, const char *type, const json_t *doc, struct strbuf *out, struct err *err)
{
	struct cli_template_scope scope = { .lenient = true };
	AUTO_JSON json_t *value = cli_shape(type, doc);

	return cli_template_run(t, value, &scope, out, err);
}

int cli_format_print(struct cli *cli, const char *format, const char *type, json_t *doc, struct err *err)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct cli_template *t = cli_format_parse(cli, format, err);

	if (!t)
		return -1;
	int rc = cli_format_run(t, type, doc, &sb, err);
	cli_template_free(t);
	printf("%s\n", sb.len ? sb.data : "");
	fflush(stdout); /* what was printed before a mistake was met comes before what is said of it */
	return rc;
}
