/*
 * options.c - see options.h.
 */
#include "options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct option_def *find(const struct option_def *defs, const char *name, size_t n)
{
	for (; defs->name; defs++)
		if ((strlen(defs->name) == n && !memcmp(defs->name, name, n)) ||
		    (n == 1 && defs->letter == *name))
			return defs;
	return NULL;
}

static int set_flag(const struct option_def *d, const char *value, struct err *err)
{
	if (value && strcmp(value, "true") && strcmp(value, "false"))
		return err_set(err, ERR_INVALID, "option --%s: '%s' is neither true nor false",
			       d->name, value);
	*(bool *)d->to = !value || !strcmp(value, "true");
	return 0;
}

static int set_number(const struct option_def *d, const char *value, struct err *err)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (!*value || *end || n < INT_MIN || n > INT_MAX)
		return err_set(err, ERR_INVALID, "option --%s: '%s' is not a number", d->name,
			       value);
	*(int *)d->to = (int)n;
	return 0;
}

static int set(const struct option_def *d, const char *value, struct err *err)
{
	switch (d->kind) {
	case OPTION_FLAG:
		return set_flag(d, value, err);
	case OPTION_NUMBER:
		return set_number(d, value, err);
	case OPTION_LIST:
		strlist_add(d->to, value);
		return 0;
	default:
		*(const char **)d->to = value;
		return 0;
	}
}

int runc_options_parse(const struct option_def *defs, int argc, char **argv, int *rest,
		       struct err *err)
{
	int i = 0;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1), *value = NULL;
		size_t n = strcspn(name, "=");
		const struct option_def *d;

		if (!*name) { /* "--" */
			i++;
			break;
		}
		d = find(defs, name, n);
		if (!d && (!strcmp(name, "help") || !strcmp(name, "h"))) {
			*rest = -1;
			return 0;
		}
		if (!d)
			return err_set(err, ERR_INVALID, "unknown option %s", argv[i]);
		if (name[n] == '=')
			value = name + n + 1;
		else if (d->kind != OPTION_FLAG && i + 1 < argc)
			value = argv[++i];
		if (!value && d->kind != OPTION_FLAG)
			return err_set(err, ERR_INVALID, "option %s needs a value", argv[i]);
		if (set(d, value, err))
			return -1;
	}
	*rest = i;
	return 0;
}

int runc_options_parse_mixed(const struct option_def *defs, int argc, char **argv, int *rest,
			     struct err *err)
{
	AUTO_FREE char **arguments = xcalloc((size_t)argc + 1, sizeof *arguments);
	int n = 0, used;

	for (int i = 0; i < argc; i++) {
		if (runc_options_parse(defs, argc - i, argv + i, &used, err))
			return -1;
		if (used < 0) {
			*rest = -1;
			return 0;
		}
		i += used;
		for (bool last = used && !strcmp(argv[i - 1], "--"); last && i < argc; i++)
			arguments[n++] = argv[i];
		if (i < argc)
			arguments[n++] = argv[i];
	}
	*rest = argc - n;
	memcpy(argv + *rest, arguments, (size_t)n * sizeof *argv);
	return 0;
}

void runc_options_help(const struct option_def *defs)
{
	for (; defs->name; defs++) {
		const char letter[] = { ',', ' ', '-', defs->letter, '\0' };
		char left[40];

		snprintf(left, sizeof left, "--%s%s%s", defs->name, defs->letter ? letter : "",
			 defs->kind == OPTION_FLAG ? "" : " value");
		printf("   %-28s %s\n", left, defs->help);
	}
}
