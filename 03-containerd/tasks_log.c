/*
 * tasks_log.c - where a task's output is to go, as the request says and the shim is told.
 *
 *     driver      what it is                            its own members
 *     none        nowhere
 *     json-file   Docker's                              path, attributes
 *     local       shorter, of our own                   path
 *     cri         Kubernetes's                          path
 *     syslog      a server; and a copy at path,         path, syslog {network, address, facility, format, tag}
 *                 if there is one, as local
 *     journald    systemd's; and a copy likewise        path, journald {fields, socket}
 *
 * With each: maxSize, maxFile and compress of what is at path, and buffer (bytes that may wait before
 * something is lost; 0: the container waits).
 */
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"
#include "tasks_private.h"

enum { FILE_LOG = 1, ATTRIBUTES = 2, SYSLOG = 4, JOURNALD = 8, COMPRESSES = 16 };

static const struct {
	const char *name;
	unsigned has;
} drivers[] = {
	{ "none", 0 },
	{ "json-file", FILE_LOG | ATTRIBUTES | COMPRESSES },
	{ "local", FILE_LOG | COMPRESSES },
	{ "cri", FILE_LOG },
	{ "syslog", SYSLOG | COMPRESSES },
	{ "journald", JOURNALD | COMPRESSES },
};

static int find_driver(const char *name, unsigned *has, struct err *err)
{
	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
		if (!strcmp(drivers[i].name, name)) {
			*has = drivers[i].has;
			return 0;
		}
	return err_set(err, ERR_UNSUPPORTED, "no log driver '%s'", name);
}

/* An object that not every driver has; *out: NULL where it is not there. */
static int want_own(const json_t *log, const char *key, bool has, json_t **out, struct err *err)
{
	if (jsonx_want(log, "log", key, JSON_OBJECT, out, err))
		return -1;
	return *out && !has ? err_set(err, ERR_INVALID, "log.%s: this log driver has none", key) : 0;
}

static int check_strings(json_t *map, const char *where, struct err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach(map, name, v)
		if (!json_is_string(v))
			return err_set(err, ERR_INVALID, "%s.%s: expected a string", where, name);
	return 0;
}

static int check_attributes(const json_t *log, bool has, struct err *err)
{
	json_t *map;

	return want_own(log, "attributes", has, &map, err) || check_strings(map, "log.attributes", err)
		       ? -1 : 0;
}

static int check_syslog(const json_t *log, bool has, struct err *err)
{
	static const char *const networks[] = { "udp", "tcp", "unix", "unixgram", NULL };
	static const char *const formats[] = { "unix", "rfc3164", "rfc5424", "rfc5424micro", NULL };
	json_t *s, *v;

	if (want_own(log, "syslog", has, &s, err))
		return -1;
	if (!has)
		return 0;
	if (jsonx_want(s, "log.syslog", "network", JSON_STRING, &v, err) ||
	    jsonx_want(s, "log.syslog", "address", JSON_STRING, &v, err) ||
	    jsonx_want(s, "log.syslog", "tag", JSON_STRING, &v, err) ||
	    jsonx_want(s, "log.syslog", "format", JSON_STRING, &v, err) ||
	    jsonx_want(s, "log.syslog", "facility", JSON_INTEGER, &v, err))
		return -1;
	if (!words_have(networks, jsonx_str(s, "network", "udp")))
		return err_set(err, ERR_INVALID, "log.syslog.network: expected udp, tcp, unix or unixgram");
	if (!words_have(formats, jsonx_str(s, "format", "unix")))
		return err_set(err, ERR_INVALID, "log.syslog.format: expected unix, rfc3164, rfc5424 or "
			       "rfc5424micro");
	if (jsonx_int(s, "facility", 3) < 0 || jsonx_int(s, "facility", 3) > 23)
		return err_set(err, ERR_INVALID, "log.syslog.facility: expected 0 to 23");
	return !s || jsonx_str(s, "tag", "")[strcspn(jsonx_str(s, "tag", ""), "\r\n")]
		       ? err_set(err, ERR_INVALID, "log.syslog: needs a tag of one line") : 0;
}

static int check_journald(const json_t *log, bool has, struct err *err)
{
	json_t *j, *v, *fields;

	if (want_own(log, "journald", has, &j, err))
		return -1;
	if (!has)
		return 0;
	if (!j)
		return err_set(err, ERR_INVALID, "log.journald: is missing");
	return jsonx_want(j, "log.journald", "socket", JSON_STRING, &v, err) ||
	       jsonx_want(j, "log.journald", "fields", JSON_OBJECT, &fields, err) ||
	       check_strings(fields, "log.journald.fields", err) ? -1 : 0;
}

static int check_file(const json_t *log, unsigned has, struct err *err)
{
	const char *path = jsonx_str(log, "path", NULL);
	json_t *v;

	if (jsonx_want(log, "log", "path", JSON_STRING, &v, err) ||
	    jsonx_want(log, "log", "maxSize", JSON_INTEGER, &v, err) ||
	    jsonx_want(log, "log", "maxFile", JSON_INTEGER, &v, err) ||
	    jsonx_want(log, "log", "buffer", JSON_INTEGER, &v, err) ||
	    jsonx_want(log, "log", "compress", JSON_TRUE, &v, err))
		return -1;
	if (json_is_true(v) && (!(has & COMPRESSES) || jsonx_int(log, "maxSize", 0) < 1 ||
				jsonx_int(log, "maxFile", 1) < 2))
		return err_set(err, ERR_INVALID, "log.compress: needs another driver than cri, a maxSize, "
			       "and a maxFile of 2 or more");
	if (jsonx_int(log, "buffer", 0) < 0)
		return err_set(err, ERR_INVALID, "log.buffer: expected 0 or more");
	if ((path || has & FILE_LOG) && (!path || *path != '/'))
		return err_set(err, ERR_INVALID, "log.path: expected an absolute path");
	return 0;
}

int task_log_check(const json_t *log, struct err *err)
{
	unsigned has = 0;

	if (find_driver(jsonx_str(log, "driver", "none"), &has, err))
		return -1;
	if (!has)
		return 0;
	return check_file(log, has, err) || check_attributes(log, has & ATTRIBUTES, err) ||
	       check_syslog(log, has & SYSLOG, err) || check_journald(log, has & JOURNALD, err) ? -1 : 0;
}
