/*
 * flags.h - flags as tables.
 *
 * A verb lists its flags in an array that ends with a nameless one. Each entry
 * says where the value goes: into a field of the verb's options struct (`at`
 * is its offset, the kind decides the field's type), or, where `json` is set,
 * straight to that place of the request that will be sent: `at` is then the
 * offset of the struct's json_t * and json the dotted path ("HostConfig.Memory").
 * So a flag cannot be parsed and then forgotten: the table is the sending.
 *
 *   kind          field                 JSON
 *   CLI_BOOL      bool                  true or false
 *   CLI_STRING    const char *          string          (NULL: not given)
 *   CLI_INT       struct cli_number     integer
 *   CLI_BYTES     struct cli_number     integer         "64m" is 67108864
 *   CLI_SWAP      struct cli_number     integer         the same, or -1
 *   CLI_CPUS      struct cli_number     integer         billionths: "0.5" is 500000000
 *   CLI_DURATION  struct cli_number     integer         nanoseconds: "1m30s"
 *   CLI_LIST      struct strlist        array of strings
 *   CLI_STRINGS   struct strlist        array of strings; "a,b" is two
 *   CLI_MAP       struct strlist        object: "k=v"; a bare "k" is ""
 *
 * The spelling follows the GNU rules that pflag implements: --name value,
 * --name=value, -n value, -nvalue, -n=value, -abc for three booleans; a boolean
 * takes a value only after '='; "--" ends the flags.
 */
#ifndef DOCKYARD_CLI_FLAGS_H
#define DOCKYARD_CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "01-kernel/base/err.h"

enum cli_flag_kind {
	CLI_BOOL,
	CLI_STRING,
	CLI_INT,
	CLI_BYTES,
	CLI_SWAP,
	CLI_CPUS,
	CLI_DURATION,
	CLI_LIST,
	CLI_STRINGS,
	CLI_MAP,
};

struct cli_number {
	bool set;
	int64_t value;
};

struct cli_flag {
	char letter; /* 0: none */
	const char *name;
	enum cli_flag_kind kind;
	size_t at;
	const char *help;
	const char *json;  /* dotted place in the request, or NULL */
	const char *type;  /* the word in the help text, where the kind's is not it */
	const char *shown; /* the default, as the help text shows it; "true" presets a boolean */
	int (*check)(const char *value, struct err *err); /* refuses a malformed value */
	const char *api;   /* the first API version that knows it */
	bool hidden;       /* an old spelling, not in the help */
	const char *instead; /* of one that is not to be used any more: the new one, as who uses it is told */
};

/* What the parser leaves: the arguments that are not flags (pointers into
 * argv), whether --help was there, and a flag given that needs a newer API. */
struct cli_args {
	char **v;
	int n;
	bool help;
	const struct cli_flag *newest;
};

/* Tables to look in, either may be NULL. */
struct cli_flagset {
	const struct cli_flag *tables[2];
};

/* Fills options and args (args->v is the caller's to free). With flags_first,
 * the first argument ends the flags. ERR_INVALID when something is wrong. */
int cli_flags_parse(const struct cli_flagset *set, int argc, char **argv, bool flags_first,
		    void *options, struct cli_args *args, struct err *err);

/* Free the lists and requests in the options. */
void cli_flags_free(const struct cli_flagset *set, void *options);

/* The word that stands for the flag's value in help texts: "list", "" for a boolean. */
const char *cli_flag_type(const struct cli_flag *flag);

#endif
