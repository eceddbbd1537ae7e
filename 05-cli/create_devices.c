/*
 * create_devices.c - flags of docker run about devices: limits of their speed
 * ("/dev/sda:1mb"), --gpus, and devices that have names (CDI).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/words.h"
#include "create_private.h"
#include "units.h"

/* PATH:NUMBER, appended as {"Path", key}. */
static int add_limit(json_t *host, const char *field, const char *key, const char *text, bool bytes, struct err *err)
{
	const char *colon = strrchr(text, ':');
	AUTO_FREE char *path = xstrndup(text, colon ? (size_t)(colon - text) : 0);
	int64_t number = 0;
	struct err why;

	if (!colon || !str_starts(path, "/dev/"))
		return err_set(err, ERR_INVALID, "bad format for device path: %s", text);
	if (bytes ? cli_parse_bytes(colon + 1, &number, &why) : cli_parse_int(colon + 1, &number, &why))
		return err_set(err, ERR_INVALID, "invalid rate for device: %s. The correct format is <device-path>:<number>%s",
			       text, bytes ? "[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
					   : ". Number must be a positive integer");
	if (number < 0 || (!strcmp(key, "Weight") && number && (number < 10 || number > 1000)))
		return err_set(err, ERR_INVALID, "invalid weight for device: %s", text);
	json_array_append_new(cli_array_at(host, field),
			      json_pack("{s:s, s:I}", "Path", path, key, (json_int_t)number));
	return 0;
}

int cli_create_limits(const struct cli_create_options *o, json_t *host, struct err *err)
{
	const struct {
		const struct strlist *values;
		const char *field, *key;
		bool bytes;
	} limits[] = {
		{ &o->weights, "BlkioWeightDevice", "Weight", false },
		{ &o->read_bps, "BlkioDeviceReadBps", "Rate", true },
		{ &o->write_bps, "BlkioDeviceWriteBps", "Rate", true },
		{ &o->read_iops, "BlkioDeviceReadIOps", "Rate", false },
		{ &o->write_iops, "BlkioDeviceWriteIOps", "Rate", false },
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		for (size_t k = 0; k < limits[i].values->n; k++)
			if (add_limit(host, limits[i].field, limits[i].key, limits[i].values->v[k], limits[i].bytes, err))
				return -1;
	return 0;
}

/* ---- CDI ----------------------------------------------------------------- */

bool cli_create_cdi(const char *device, json_t *host)
{
	const char *slash = strchr(device, '/'), *equals = strchr(device, '=');
	json_t *requests = json_object_get(host, "DeviceRequests"), *request = NULL, *each;
	size_t i;

	if (!slash || slash == device || !equals || equals < slash || !equals[1])
		return false;
	json_array_foreach(requests, i, each)
		if (!strcmp(jsonx_str(each, "Driver", ""), "cdi"))
			request = each;
	if (!request) { /* one for all of them */
		request = json_pack("{s:s, s:i, s:[], s:n, s:n}", "Driver", "cdi", "Count", 0, "DeviceIDs", "Capabilities", "Options");
		json_array_append_new(cli_array_at(host, "DeviceRequests"), request);
	}
	json_array_append_new(json_object_get(request, "DeviceIDs"), json_string(device));
	return true;
}

/* ---- --gpus -------------------------------------------------------------- */

static json_t *words(const char *text)
{
	json_t *list = json_array();

	words_split(text, list);
	return list;
}

static int put_count(json_t *request, const char *text, struct err *err)
{
	int64_t count = -1;

	if (strcmp(text, "all") && cli_parse_int(text, &count, err))
		return err_set(err, ERR_INVALID, "count (%s): value must be either \"all\" or an integer", text);
	return json_object_set_new(request, "Count", json_integer((json_int_t)count));
}

/* "a=b,c=d" */
static int put_gpu_options(json_t *options, const char *text, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');
		if (equals)
			*equals = 0;
		if (json_object_set_new(options, word, json_string(equals ? equals + 1 : "")))
			return err_set(err, ERR_INVALID, "invalid option of a GPU: %s", word);
	}
	return 0;
}

static int put_gpu_field(json_t *request, const char *field, struct err *err)
{
	const char *equals = strchr(field, '=');

	if (!equals)
		return put_count(request, field, err);
	if (str_starts(field, "count="))
		return put_count(request, equals + 1, err);
	if (str_starts(field, "driver="))
		return json_object_set_new(request, "Driver", json_string(equals + 1));
	if (str_starts(field, "device="))
		return json_object_set_new(request, "DeviceIDs", words(equals + 1));
	if (str_starts(field, "options="))
		return put_gpu_options(json_object_get(request, "Options"), equals + 1, err);
	if (str_starts(field, "capabilities=")) {
		json_t *list = words(equals + 1);
		json_array_append_new(list, json_string("gpu"));
		return json_object_set_new(request, "Capabilities", json_pack("[o]", list));
	}
	return err_set(err, ERR_INVALID, "unexpected key '%.*s' in '%s'", (int)(equals - field), field, field);
}

/* A line of CSV: all, a number, or key=value, where a value with commas is in quotes. */
int cli_create_gpus(const char *text, json_t *host, struct err *err)
{
	json_t *request = json_pack("{s:s, s:i, s:[[s]], s:{}}", "Driver", "", "Count", 0, "Capabilities", "gpu", "Options");
	int rc = 0;

	json_array_append_new(cli_array_at(host, "DeviceRequests"), request);
	while (!rc && *text) {
		bool quoted = *text == '"';
		text += quoted;
		size_t n = strcspn(text, quoted ? "\"" : ",");
		AUTO_FREE char *field = xstrndup(text, n);
		rc = put_gpu_field(request, field, err);
		text += n + (quoted && text[n]);
		text += *text == ',';
	}
	if (!rc && !json_integer_value(json_object_get(request, "Count")) && !json_object_get(request, "DeviceIDs"))
		json_object_set_new(request, "Count", json_integer(1));
	return rc;
}
