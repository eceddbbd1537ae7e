/*
 * list.h - rows by --format, and --filter.
 *
 *     (nothing), table        the verb's own columns, with headings
 *     table TEMPLATE          columns of the user's, with headings
 *     json                    an object per line
 *     raw                     several lines per row, of some verbs
 *     TEMPLATE                a line per row
 *
 * A row is an object of text; the headings are a row too, so one template
 * makes both.
 */
#ifndef DOCKYARD_CLI_LIST_H
#define DOCKYARD_CLI_LIST_H

#include "cli.h"

/* The help text of --format, for lists and for single objects. */
#define CLI_FORMAT_COMMON_HELP                                                      \
	"'json':             Print in JSON format\n"                                \
	"'TEMPLATE':         Print output using the given Go template.\n"           \
	"Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates"
#define CLI_FORMAT_HELP "Format output using a custom template:\n" CLI_FORMAT_COMMON_HELP
#define CLI_FORMAT_TABLE_HELP                                                                  \
	"Format output using a custom template:\n"                                             \
	"'table':            Print output in table format with column headers (default)\n"     \
	"'table TEMPLATE':   Print output in table format using the given Go template\n"       \
	CLI_FORMAT_COMMON_HELP

struct cli_heading {
	const char *field, *heading;
};

struct cli_list {
	const char *format; /* of --format, or NULL */
	const char *table;  /* the template of the verb's own columns */
	const char *raw;    /* what "raw" stands for; NULL: nothing */
	bool early;         /* the template is tried before there are rows, and a mistake in it told otherwise */
	const char *type;   /* what a row is called in errors */
	const struct cli_heading *headings; /* ends with field NULL */
	json_t *rows;       /* array; owned */
	json_t *sources;    /* array: what the daemon said, for .Label "x"; owned */
};

/* Sort what the daemon said by a text of it; "c10" comes after "c9". */
void cli_sort_by(json_t *sources, const char *key);
void cli_sort_by_time(json_t *sources, const char *key); /* RFC 3339, the earliest first */

/* --format, or else the setting's; -q is for the table alone. */
const char *cli_list_format(const char *given, const char *setting, bool quiet, const char *quiet_format);

int cli_list_print(const struct cli_list *list, struct err *err);
int cli_list_add(const struct cli_list *list, struct strbuf *out, struct err *err); /* the same, appended */
/* What --format says, without "table" in front, and with tabs and line ends for "\t" and "\n": new. */
char *cli_list_template(const char *format);
void cli_list_free(struct cli_list *list);

/* For a flag -f: "name=value" is needed. */
int cli_filter_check(const char *value, struct err *err);

/* {"name":{"value":true}}, as the API takes it, appended to the path. */
void cli_filter_query(struct strbuf *path, const struct strlist *filters);

/* The daemon's times are Unix seconds; now is asked for once. */
char *cli_ago(json_int_t when); /* "2 minutes ago": new */

char *cli_go_time(const char *rfc3339); /* "2024-01-01 00:00:00.5 +0000 UTC", as Go's Time prints it: new */

void cli_put(json_t *row, const char *field, const char *text);
/* The object's "key=value", or its keys alone, sorted and joined by commas. */
void cli_put_pairs(json_t *row, const char *field, const json_t *object, bool values);

/* Text of an ID as tables show it: without "sha256:", and 12 digits long
 * unless everything is wanted. New. */
char *cli_short_id(const char *id, bool whole);

#endif
