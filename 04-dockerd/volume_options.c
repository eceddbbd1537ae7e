/*
 * volume_options.c - the options of the local driver (volume_mount.h).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "resolve.h"
#include "volume_mount.h"

/* --- checking ------------------------------------------------------------------------------ */

static bool is_network(const char *type)
{
	return !strcmp(type, "nfs") || !strcmp(type, "nfs4") || !strcmp(type, "cifs");
}

static int check_known(const json_t *options, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)options, key, v) {
		if (strcmp(key, "type") && strcmp(key, "o") && strcmp(key, "device") &&
		    strcmp(key, "size"))
			return err_set(err, ERR_INVALID, "invalid option: \"%s\"", key);
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "DriverOpts.%s: expected a string", key);
	}
	return 0;
}

static int check_complete(const json_t *options, struct err *err)
{
	static const char *const needs[][2] = { { "device", "type" }, { "type", "device" },
						{ "o", "device" }, { "o", "type" } };

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (json_object_get(options, needs[i][0]) && !json_object_get(options, needs[i][1]))
			return err_set(err, ERR_INVALID, "missing required option: \"%s\"",
				       needs[i][1]);
	return 0;
}

/* There are no quotas here, as in Docker on any file system but XFS with project quotas. */
static int check_size(const char *size, struct err *err)
{
	if (!size || !strcmp(size, "0"))
		return 0;
	if (dockerd_parse_size(size) < 0)
		return err_set(err, ERR_INVALID, "invalid size: '%s'", size);
	return err_set(err, ERR_INVALID, "quota size requested but no quota support");
}

int dockerd_volume_options_check(const json_t *options, struct err *err)
{
	const char *device = jsonx_str(options, "device", ""), *slash;

	if (check_known(options, err) || check_size(jsonx_str(options, "size", NULL), err) ||
	    check_complete(options, err))
		return -1;
	if (strcmp(jsonx_str(options, "type", ""), "cifs") || !str_starts(device, "//"))
		return 0;
	slash = strchrnul(device + 2, '/');
	if (memchr(device + 2, ':', (size_t)(slash - device) - 2))
		return err_set(err, ERR_INVALID,
			       "port not allowed in CIFS device URL, include 'port' in 'o='");
	return 0;
}

bool dockerd_volume_is_mount(const json_t *options)
{
	return *jsonx_str(options, "device", "") || *jsonx_str(options, "type", "");
}

/* --- names of servers ------------------------------------------------------------------------- */

static char *resolve(const char *host, struct err *err)
{
	char *address = dockerd_resolve(host, err);

	if (!address)
		err_wrap(err, "error resolving passed in network volume address");
	return address;
}

/* "rw,addr=server" with the server's address. New. */
static char *resolve_words(const char *words, bool *named, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_INIT;
	AUTO_FREE char *copy = xstrdup(words);
	char *save = NULL;

	strbuf_adds(&out, "");
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		AUTO_FREE char *address = NULL;

		if (str_starts(w, "addr=") && w[5] && !(address = resolve(w + 5, err)))
			return NULL;
		*named |= address != NULL;
		strbuf_addf(&out, "%s%s%s", out.len ? "," : "", address ? "addr=" : w,
			    address ? address : "");
	}
	return strbuf_steal(&out);
}

/* "//server/share" with the server's address. New. */
static char *resolve_share(const char *device, struct err *err)
{
	const char *host = device + 2, *rest = strchrnul(host, '/');
	AUTO_FREE char *name = xstrndup(host, (size_t)(rest - host)), *address = NULL;

	if (!*name)
		return xstrdup(device);
	address = resolve(name, err);
	return address ? xasprintf("//%s%s", address, rest) : NULL;
}

int dockerd_volume_resolve(const json_t *options, char **words, char **device, struct err *err)
{
	const char *type = jsonx_str(options, "type", ""), *o = jsonx_str(options, "o", ""),
		   *from = jsonx_str(options, "device", "");
	bool named = false;

	*device = NULL;
	*words = is_network(type) ? resolve_words(o, &named, err) : xstrdup(o);
	if (!*words)
		return -1;
	*device = !named && !strcmp(type, "cifs") && str_starts(from, "//")
			  ? resolve_share(from, err) : xstrdup(from);
	return *device ? 0 : -1;
}
