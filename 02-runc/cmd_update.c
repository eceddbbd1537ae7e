/*
 * cmd_update.c - `update`: other limits for a container that exists, given as
 * options, or all together as a resources object. Options become such an object, so
 * that there is one way from there on (update.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "intelrdt.h"

enum amount { AMOUNT_BYTES, AMOUNT_UNSIGNED, AMOUNT_SIGNED, AMOUNT_TEXT };

struct limit_option {
	struct option_def def;
	enum amount kind;
	const char *object, *key;
	const char *text;
	bool number; /* runc's command line wants one; where it takes a text, "" is as good as none */
};

#define LIMIT(name, kind, object, key, help) \
	{ { name, 0, OPTION_TEXT, NULL, help }, kind, object, key, NULL, false }
#define NUMBER(name, kind, object, key, help) \
	{ { name, 0, OPTION_TEXT, NULL, help }, kind, object, key, NULL, true }

/* "64M", "1.5g", "100 kB": bytes in units of 1024, as Docker and runc read them. */
static int parse_bytes(const char *text, json_int_t *out)
{
	static const char units[] = "bkmgtp";
	char *end;
	double n = strtod(text, &end);
	const char *unit;

	if (end == text || strspn(text, "0123456789.") != (size_t)(end - text) || n < 0)
		return -1;
	end += *end == ' ';
	unit = *end ? strchr(units, *end | 0x20) : units;
	if (!unit)
		return -1;
	if (*end && unit != units) /* "k", "kB" and "KiB" are the same */
		end += (end[1] | 0x20) == 'i' && (end[2] | 0x20) == 'b' ? 2 : (end[1] | 0x20) == 'b';
	if (*end && end[1])
		return -1;
	for (; unit > units; unit--)
		n *= 1024;
	*out = (json_int_t)n;
	return n < 9.2e18 ? 0 : -1;
}

static int parse_integer(const char *text, bool negative, json_int_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || !*text || *end || strchr(" \t+", *text) || (*text == '-' && !negative) ? -1 : 0;
}

static json_t *value_of(const struct limit_option *o, struct err *err)
{
	json_int_t n = -1;
	int bad = 0;

	if (o->kind == AMOUNT_TEXT)
		return json_string(o->text);
	if (o->kind == AMOUNT_BYTES)
		bad = strcmp(o->text, "-1") ? parse_bytes(o->text, &n) : 0;
	else
		bad = parse_integer(o->text, o->kind == AMOUNT_SIGNED, &n);
	if (!bad)
		return json_integer(n);
	err_set(err, ERR_INVALID, "invalid value for %s: '%s'", o->def.name, o->text);
	return NULL;
}

static json_t *from_options(const struct limit_option *options, size_t n, struct err *err)
{
	AUTO_JSON json_t *doc = json_object();

	for (size_t i = 0; i < n; i++) {
		const struct limit_option *o = &options[i];
		json_t *value = NULL;

		if (!o->text || (!*o->text && !o->number))
			continue;
		value = value_of(o, err);
		if (!value)
			return NULL;
		if (!json_object_get(doc, o->object))
			json_object_set_new(doc, o->object, json_object());
		json_object_set_new(json_object_get(doc, o->object), o->key, value);
	}
	return steal_ptr(&doc);
}

static int update_rdt(const struct runc_state *st, const char *l3, const char *mb, struct err *err)
{
	AUTO_JSON json_t *config = NULL;

	l3 = l3 && *l3 ? l3 : NULL;
	mb = mb && *mb ? mb : NULL;
	if (!l3 && !mb)
		return 0;
	config = runc_config_read(st->dir, "config.json", err);
	return !config || runc_rdt_update(config, st->id, st->pid, st->dir, l3, mb, err) ? -1 : 0;
}

int runc_cmd_update(const struct runc_global *g, int argc, char **argv, struct err *err)
{
	static const struct cmd_usage usage = { "[options] <container-id>", "change its limits", 1,
						1 };
	struct limit_option limits[] = {
		NUMBER("blkio-weight", AMOUNT_UNSIGNED, "blockIO", "weight", "share of block devices, 10 to 1000"),
		LIMIT("cpu-period", AMOUNT_UNSIGNED, "cpu", "period", "microseconds"),
		LIMIT("cpu-quota", AMOUNT_SIGNED, "cpu", "quota", "microseconds per period; -1 no limit"),
		LIMIT("cpu-burst", AMOUNT_UNSIGNED, "cpu", "burst", "microseconds that may be saved up"),
		LIMIT("cpu-share", AMOUNT_UNSIGNED, "cpu", "shares", "relative weight"),
		LIMIT("cpu-rt-period", AMOUNT_UNSIGNED, "cpu", "realtimePeriod", "microseconds, in real time"),
		LIMIT("cpu-rt-runtime", AMOUNT_SIGNED, "cpu", "realtimeRuntime", "microseconds of it"),
		LIMIT("cpu-idle", AMOUNT_SIGNED, "cpu", "idle", "1: only when nobody else wants to run"),
		LIMIT("cpuset-cpus", AMOUNT_TEXT, "cpu", "cpus", "processors, as 0-1,3"),
		LIMIT("cpuset-mems", AMOUNT_TEXT, "cpu", "mems", "memory nodes"),
		LIMIT("memory", AMOUNT_BYTES, "memory", "limit", "bytes (suffix k, m, g); -1 no limit"),
		LIMIT("memory-reservation", AMOUNT_BYTES, "memory", "reservation", "bytes"),
		LIMIT("memory-swap", AMOUNT_BYTES, "memory", "swap", "bytes of memory and swap together"),
		LIMIT("kernel-memory", AMOUNT_BYTES, "memory", "kernel", "obsolete: ignored with a warning"),
		LIMIT("kernel-memory-tcp", AMOUNT_BYTES, "memory", "kernelTCP", "obsolete: ignored with a warning"),
		NUMBER("pids-limit", AMOUNT_SIGNED, "pids", "limit", "processes; -1 no limit"),
	};
	enum { N_LIMITS = sizeof limits / sizeof *limits };
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	AUTO_JSON json_t *change = NULL;
	const char *resources = NULL, *l3 = NULL, *mb = NULL;
	struct option_def defs[N_LIMITS + 4] = {
		{ "resources", 'r', OPTION_TEXT, &resources,
		  "a file with a resources object, - for stdin; limits by options are ignored" },
		{ "l3-cache-schema", 0, OPTION_TEXT, &l3, "Intel RDT/CAT: schema of the L3 cache" },
		{ "mem-bw-schema", 0, OPTION_TEXT, &mb, "Intel RDT/MBA: schema of the bandwidth" },
	};
	int rest;

	for (size_t i = 0; i < N_LIMITS; i++) {
		defs[i + 3] = limits[i].def;
		defs[i + 3].to = &limits[i].text;
	}
	if (runc_cmd_parse(&usage, defs, argc, argv, &rest, err))
		return -1;
	if (rest < 0)
		return 0;
	if (runc_cmd_state_of(g, argv[rest], &st, err))
		return -1;
	change = resources ? runc_config_read(AT_FDCWD, resources, err) : from_options(limits, N_LIMITS, err);
	if (!change)
		return -1;
	if (runc_state_status(&st) == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "container not running");
	return runc_update(&st, change, err) || update_rdt(&st, l3, mb, err) ? -1 : 0;
}
