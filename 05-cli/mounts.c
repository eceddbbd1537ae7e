/*
 * mounts.c - see mounts.h.
 *
 * Every key is a place in the mount object and a way to read its value. Keys
 * with a prefix ("tmpfs-size") belong to one type of mount and are refused with
 * another. What the places mean, and whether a mount makes sense, the daemon judges.
 */
#include "mounts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "units.h"
#include "value.h"
#include "volumes.h"

enum kind { TEXT, PATH, TRUTH, BYTES, MODE, PAIR, RECURSIVE };

struct key {
	const char *name, *parent, *field; /* parent: the object inside the mount, or NULL */
	enum kind kind;
};

static const struct key keys[] = {
	{ "type", NULL, "Type", TEXT },
	{ "source", NULL, "Source", PATH }, { "src", NULL, "Source", PATH },
	{ "target", NULL, "Target", TEXT }, { "dst", NULL, "Target", TEXT }, { "destination", NULL, "Target", TEXT },
	{ "readonly", NULL, "ReadOnly", TRUTH }, { "ro", NULL, "ReadOnly", TRUTH },
	{ "consistency", NULL, "Consistency", TEXT },
	{ "bind-propagation", "BindOptions", "Propagation", TEXT },
	{ "bind-nonrecursive", "BindOptions", "NonRecursive", TRUTH },
	{ "bind-recursive", "BindOptions", NULL, RECURSIVE },
	{ "volume-nocopy", "VolumeOptions", "NoCopy", TRUTH },
	{ "volume-label", "VolumeOptions", "Labels", PAIR },
	{ "volume-driver", "DriverConfig", "Name", TEXT },
	{ "volume-opt", "DriverConfig", "Options", PAIR },
	{ "volume-subpath", "VolumeOptions", "Subpath", TEXT },
	{ "image-subpath", "ImageOptions", "Subpath", TEXT },
	{ "tmpfs-size", "TmpfsOptions", "SizeBytes", BYTES },
	{ "tmpfs-mode", "TmpfsOptions", "Mode", MODE },
};

/* The object that a key belongs into. */
static json_t *place(json_t *mount, const struct key *key)
{
	if (!key->parent)
		return mount;
	if (!strcmp(key->parent, "DriverConfig"))
		return cli_object_at(cli_object_at(mount, "VolumeOptions"), key->parent);
	return cli_object_at(mount, key->parent);
}

/* NULL when the text is no such value. */
static json_t *read_value(enum kind kind, const char *text)
{
	struct err ignored;
	int64_t number;
	bool truth;
	char *end;

	switch (kind) {
	case TRUTH:
		return cli_parse_bool(text, &truth, &ignored) ? NULL : json_boolean(truth);
	case BYTES:
		return cli_parse_bytes(text, &number, &ignored) ? NULL : json_integer(number);
	case MODE:
		number = strtol(text, &end, 8);
		return !*text || *end || number < 0 || number > 07777 ? NULL : json_integer(number);
	default:
		return json_string(text);
	}
}

/* A choice, of which each is a field of its own; "enabled" is what is done anyway. */
static int put_recursive(json_t *bind, const char *text, struct err *err)
{
	static const char *const choices[][2] = {
		{ "disabled", "NonRecursive" }, { "writable", "ReadOnlyNonRecursive" }, { "readonly", "ReadOnlyForceRecursive" },
	};

	if (!strcmp(text, "enabled"))
		return 0;
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
		if (!strcmp(text, choices[i][0]))
			return json_object_set_new(bind, choices[i][1], json_true());
	return err_set(err, ERR_INVALID, "invalid value for bind-recursive: %s (must be \"enabled\", \"disabled\", "
		       "\"writable\", or \"readonly\")", text);
}

static int put(json_t *mount, const struct key *key, const char *text, struct err *err)
{
	json_t *parent = place(mount, key), *value;
	const char *equals = strchr(text, '=');

	if (key->kind == RECURSIVE)
		return put_recursive(parent, text, err);
	if (key->kind == PAIR) {
		AUTO_FREE char *name = xstrndup(text, equals ? (size_t)(equals - text) : strlen(text));
		value = json_string(equals ? equals + 1 : "");
		return json_object_set_new(cli_object_at(parent, key->field), name, value)
			       ? err_set(err, ERR_INVALID, "invalid value for %s: %s", key->name, text) : 0;
	}
	if (key->kind == PATH && *text == '.') {
		AUTO_FREE char *whole = cli_absolute_path(text, err);
		value = whole ? json_string(whole) : NULL;
	} else {
		value = read_value(key->kind, text);
	}
	if (json_object_set_new(parent, key->field, value))
		return err_set(err, ERR_INVALID, "invalid value for %s: %s", key->name, text);
	return 0;
}

static int take_field(json_t *mount, const char *field, struct err *err)
{
	const char *equals = strchr(field, '=');
	size_t len = equals ? (size_t)(equals - field) : strlen(field);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strlen(keys[i].name) != len || strncasecmp(keys[i].name, field, len))
			continue;
		if (!equals && keys[i].kind != TRUTH)
			break;
		return put(mount, &keys[i], equals ? equals + 1 : "true", err);
	}
	if (!equals)
		return err_set(err, ERR_INVALID, "invalid field '%s' must be a key=value pair", field);
	return err_set(err, ERR_INVALID, "unexpected key '%.*s' in '%s'", (int)len, field, field);
}

/* A field up to the next comma, out of its quotes where it has any ("" is one
 * quote). Returns what comes after it. */
static const char *next_field(const char *p, struct strbuf *field)
{
	bool quoted = *p == '"';

	strbuf_clear(field);
	for (p += quoted; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '"' && p[1] != '"') {
			quoted = false;
			continue;
		}
		p += quoted && *p == '"';
		strbuf_addc(field, *p);
	}
	return p;
}

static int check_type(const json_t *mount, struct err *err)
{
	static const char *const options[][2] = {
		{ "BindOptions", "bind" }, { "VolumeOptions", "volume" }, { "TmpfsOptions", "tmpfs" },
		{ "ImageOptions", "image" },
	};
	const char *type = jsonx_str(mount, "Type", "");

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (json_object_get(mount, options[i][0]) && strcmp(type, options[i][1]))
			return err_set(err, ERR_INVALID, "cannot mix '%s-*' options with mount type '%s'",
				       options[i][1], type);
	if (!*jsonx_str(mount, "Target", ""))
		return err_set(err, ERR_INVALID, "target is required");
	return 0;
}

/* What bind-recursive says of a read-only mount needs one. */
static int check_recursive(const json_t *mount, struct err *err)
{
	const json_t *bind = json_object_get(mount, "BindOptions");
	bool writable = jsonx_bool(bind, "ReadOnlyNonRecursive", false), forced = jsonx_bool(bind, "ReadOnlyForceRecursive", false);

	if ((writable || forced) && !jsonx_bool(mount, "ReadOnly", false))
		return err_set(err, ERR_INVALID, "option 'bind-recursive=%s' requires 'readonly' to be specified in conjunction",
			       writable ? "writable" : "readonly");
	if (forced && strcmp(jsonx_str(bind, "Propagation", ""), "rprivate"))
		return err_set(err, ERR_INVALID,
			       "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
	return 0;
}

json_t *cli_mount_parse(const char *spec, struct err *err)
{
	AUTO_STRBUF struct strbuf field = STRBUF_INIT;
	AUTO_JSON json_t *mount = json_pack("{s:s}", "Type", "volume");

	strbuf_reserve(&field, 1);
	if (!*spec) {
		err_set(err, ERR_INVALID, "an empty mount");
		return NULL;
	}
	for (const char *p = spec;; p++) {
		p = next_field(p, &field);
		if (take_field(mount, field.data, err))
			return NULL;
		if (!*p)
			break;
	}
	return check_type(mount, err) || check_recursive(mount, err) ? NULL : steal_ptr(&mount);
}
