/*
 * flags.c - see flags.h. Errors read as pflag's do, because scripts and people
 * compare them.
 */
#include "flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "units.h"
#include "value.h"

/* One run of the parser over argv. */
struct parse {
	const struct cli_flagset *set;
	char **argv;
	int argc, i;
	void *options;
	struct cli_args *args;
};

static const struct cli_flag *find(const struct cli_flagset *set, char letter, const char *name,
				   size_t len)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_flag *f = set->tables[t]; f && f->name; f++)
			if (letter ? f->letter == letter
				   : strlen(f->name) == len && !strncmp(f->name, name, len))
				return f;
	return NULL;
}

const char *cli_flag_type(const struct cli_flag *flag)
{
	static const char *const names[] = {
		[CLI_BOOL] = "", [CLI_STRING] = "string", [CLI_INT] = "int",
		[CLI_BYTES] = "bytes", [CLI_SWAP] = "bytes", [CLI_CPUS] = "decimal", [CLI_DURATION] = "duration",
		[CLI_LIST] = "list", [CLI_STRINGS] = "strings", [CLI_MAP] = "map",
	};

	return flag->type ? flag->type : names[flag->kind];
}

/* ---- one value into its place -------------------------------------------- */

static int parse_number(enum cli_flag_kind kind, const char *text, int64_t *out, struct err *err)
{
	switch (kind) {
	case CLI_SWAP:
		*out = -1;
		return strcmp(text, "-1") ? cli_parse_bytes(text, out, err) : 0;
	case CLI_BYTES:
		return cli_parse_bytes(text, out, err);
	case CLI_CPUS:
		return cli_parse_cpus(text, out, err);
	case CLI_DURATION:
		return cli_parse_duration(text, out, err);
	default:
		return cli_parse_int(text, out, err);
	}
}

static int store_field(const struct cli_flag *flag, const char *text, void *field, struct err *err)
{
	struct cli_number *number = field;

	switch (flag->kind) {
	case CLI_BOOL:
		return cli_parse_bool(text, field, err);
	case CLI_STRING:
		*(const char **)field = text;
		return 0;
	case CLI_STRINGS:
	case CLI_LIST:
	case CLI_MAP:
		strlist_add(field, text);
		return 0;
	default:
		number->set = true;
		return parse_number(flag->kind, text, &number->value, err);
	}
}

/* The object that holds the last part of the path, made where it is missing. */
static json_t *json_place(json_t *doc, const char *dotted, const char **last)
{
	const char *dot;

	while ((dot = strchr(dotted, '.'))) {
		AUTO_FREE char *key = xstrndup(dotted, (size_t)(dot - dotted));
		doc = cli_object_at(doc, key);
		dotted = dot + 1;
	}
	*last = dotted;
	return doc;
}

static int add_entry(json_t *parent, const char *key, enum cli_flag_kind kind, const char *text)
{
	const char *equals = strchr(text, '=');
	AUTO_FREE char *name = xstrndup(text, equals ? (size_t)(equals - text) : strlen(text));

	if (kind != CLI_MAP)
		return json_array_append_new(cli_array_at(parent, key), json_string(text));
	return json_object_set_new(cli_object_at(parent, key), name, json_string(equals ? equals + 1 : ""));
}

static int store_json(const struct cli_flag *flag, const char *text, json_t **doc, struct err *err)
{
	const char *key;
	json_t *parent = json_place(*doc ? *doc : (*doc = json_object()), flag->json, &key);
	json_t *value = NULL;
	int64_t number;
	bool truth;

	switch (flag->kind) {
	case CLI_BOOL:
		if (cli_parse_bool(text, &truth, err))
			return -1;
		value = json_boolean(truth);
		break;
	case CLI_STRING:
		value = json_string(text);
		break;
	case CLI_STRINGS:
	case CLI_LIST:
	case CLI_MAP:
		if (add_entry(parent, key, flag->kind, text))
			return err_set(err, ERR_INVALID, "not valid UTF-8");
		return 0;
	default:
		if (parse_number(flag->kind, text, &number, err))
			return -1;
		value = json_integer(number);
	}
	/* json_string refuses what is not UTF-8: JSON cannot carry it. */
	if (json_object_set_new(parent, key, value))
		return err_set(err, ERR_INVALID, "not valid UTF-8");
	return 0;
}

/* One value; of CLI_STRINGS each word of it. */
static int store_value(const struct cli_flag *flag, const char *text, void *place, struct err *err)
{
	size_t n = flag->kind == CLI_STRINGS ? strcspn(text, ",") : strlen(text);
	AUTO_FREE char *word = text[n] ? xstrndup(text, n) : NULL;

	if (!word)
		return flag->json ? store_json(flag, text, place, err) : store_field(flag, text, place, err);
	return store_value(flag, word, place, err) ? -1 : store_value(flag, text + n + 1, place, err);
}

static int store(struct parse *p, const struct cli_flag *flag, const char *text, struct err *err)
{
	void *place = (char *)p->options + flag->at;
	char letter[5] = { '-', flag->letter, ',', ' ', 0 };

	if (flag->instead)
		fprintf(stderr, "Flag --%s has been deprecated, use --%s instead\n", flag->name, flag->instead);
	if (flag->api && (!p->args->newest || strcmp(flag->api, p->args->newest->api) > 0))
		p->args->newest = flag;
	if ((!flag->check || !flag->check(text, err)) && !store_value(flag, text, place, err))
		return 0;
	return err_wrap(err, "invalid argument \"%s\" for \"%s--%s\" flag", text,
			flag->letter ? letter : "", flag->name);
}

/* ---- the command line ---------------------------------------------------- */

static int long_flag(struct parse *p, const char *arg, struct err *err)
{
	const char *name = arg + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_flag *flag = len ? find(p->set, 0, name, len) : NULL;

	if (!strcmp(name, "help")) {
		p->args->help = true;
		return 0;
	}
	if (!flag)
		return err_set(err, ERR_INVALID, "unknown flag: --%.*s", (int)len, name);
	if (equals)
		return store(p, flag, equals + 1, err);
	if (flag->kind == CLI_BOOL)
		return store(p, flag, "true", err);
	if (p->i >= p->argc)
		return err_set(err, ERR_INVALID, "flag needs an argument: --%s", flag->name);
	return store(p, flag, p->argv[p->i++], err);
}

/* "-it", "-p80:80", "-m=1g": letters until one takes the rest as its value. */
static int short_flags(struct parse *p, const char *arg, struct err *err)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct cli_flag *flag = find(p->set, *c, NULL, 0);

		if (!flag && *c == 'h') {
			p->args->help = true;
			continue;
		}
		if (!flag)
			return err_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in -%s", *c, c);
		if (c[1] == '=')
			return store(p, flag, c + 2, err);
		if (flag->kind != CLI_BOOL && c[1])
			return store(p, flag, c + 1, err);
		if (flag->kind != CLI_BOOL && p->i >= p->argc)
			return err_set(err, ERR_INVALID, "flag needs an argument: '%c' in -%s", *c, c);
		if (flag->kind != CLI_BOOL)
			return store(p, flag, p->argv[p->i++], err);
		if (store(p, flag, "true", err))
			return -1;
	}
	return 0;
}

/* A boolean that the help shows as true begins as true. */
static void preset(const struct cli_flagset *set, void *options)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_flag *f = set->tables[t]; f && f->name; f++)
			if (f->kind == CLI_BOOL && !f->json && f->shown && !strcmp(f->shown, "true"))
				*(bool *)((char *)options + f->at) = true;
}

int cli_flags_parse(const struct cli_flagset *set, int argc, char **argv, bool flags_first,
		    void *options, struct cli_args *args, struct err *err)
{
	struct parse p = { set, argv, argc, 0, options, args };
	bool over = false;

	preset(set, options);
	*args = (struct cli_args){ .v = xcalloc((size_t)argc + 1, sizeof(char *)) };
	while (p.i < argc) {
		char *arg = argv[p.i++];

		if (over || arg[0] != '-' || !arg[1]) {
			args->v[args->n++] = arg;
			over = over || flags_first;
		} else if (!strcmp(arg, "--")) {
			over = true;
		} else if (arg[1] == '-' ? long_flag(&p, arg, err) : short_flags(&p, arg, err)) {
			return -1;
		}
	}
	return 0;
}

void cli_flags_free(const struct cli_flagset *set, void *options)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_flag *f = set->tables[t]; f && f->name; f++) {
			void *place = (char *)options + f->at;

			if (f->json) {
				json_decref(*(json_t **)place);
				*(json_t **)place = NULL;
			} else if (f->kind == CLI_LIST || f->kind == CLI_STRINGS || f->kind == CLI_MAP) {
				strlist_free(place);
			}
		}
}
