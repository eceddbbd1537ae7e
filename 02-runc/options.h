/*
 * options.h - command lines, as runc takes them.
 *
 * "--bundle DIR", "--bundle=DIR", "-bundle DIR" and "-b DIR" are one; options end
 * at the first argument that is none, or at "--". An option that is not in the
 * table is an error: none is ever skipped.
 */
#ifndef DOCKYARD_RUNC_OPTIONS_H
#define DOCKYARD_RUNC_OPTIONS_H

#include <stdbool.h>

#include "01-kernel/base/err.h"
#include "01-kernel/base/strbuf.h"

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST };

struct option_def {
	const char *name; /* "pid-file" */
	char letter;      /* 'p', or 0 */
	enum option_kind kind;
	void *to; /* bool *, const char **, int *, struct strlist * */
	const char *help;
};

/* Parse from argv[0] on. *rest is the index of the first argument that is no
 * option. `defs` ends with a NULL name. ERR_INVALID for the unknown, but for --help and -h:
 * *rest is -1 then. */
int runc_options_parse(const struct option_def *defs, int argc, char **argv, int *rest,
		       struct err *err);

/* The same where options may also follow arguments ("update ID --memory 1G"): the
 * arguments are moved to the end of argv. "--" ends the options. */
int runc_options_parse_mixed(const struct option_def *defs, int argc, char **argv, int *rest,
			     struct err *err);

void runc_options_help(const struct option_def *defs);

#endif
