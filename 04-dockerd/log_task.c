/*
 * log_task.c - a container's LogConfig, put into the words of containerd (log_config.h).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "create.h"
#include "log_config.h"

#define KEPT_SIZE (20 << 20) /* of local, and of the copy of what is sent */
#define KEPT_FILES 5
#define RING_SIZE 1000000    /* of mode non-blocking, as Docker's */

/* --- the file ---------------------------------------------------------------------------------- */

static json_int_t size_option(const json_t *log, const char *key, json_int_t fallback)
{
	const char *text = dockerd_log_option(log, key);

	return text ? dockerd_parse_size(text) : fallback;
}

/* prefix: "" or "cache-". No size: it is not rotated. */
static void set_file(json_t *body, const json_t *log, const char *prefix, json_int_t size, int files,
		     bool compress)
{
	AUTO_FREE char *size_key = xasprintf("%smax-size", prefix);
	AUTO_FREE char *files_key = xasprintf("%smax-file", prefix);
	AUTO_FREE char *compress_key = xasprintf("%scompress", prefix);
	const char *given = dockerd_log_option(log, files_key);

	size = size_option(log, size_key, size);
	files = given ? atoi(given) : files;
	if (!size)
		return;
	json_object_set_new(body, "maxSize", json_integer(size));
	json_object_set_new(body, "maxFile", json_integer(files));
	if (files > 1 && dockerd_log_option_bool(log, compress_key, compress))
		json_object_set_new(body, "compress", json_true());
}

/* --- json-file ----------------------------------------------------------------------------------- */

static void set_attributes(json_t *body, struct daemon *d, const struct container *c,
			   const json_t *log)
{
	json_t *attributes = dockerd_log_attributes(c, log);
	const char *tag = dockerd_log_option(log, "tag");
	AUTO_FREE char *text = tag && *tag ? dockerd_log_tag(d, c, tag) : NULL;

	if (text)
		json_object_set_new(attributes, "tag", json_string(text));
	json_object_set_new(body, "attributes", attributes);
}

/* --- syslog and journald --------------------------------------------------------------------------- */

static char *tag_of(struct daemon *d, const struct container *c, const json_t *log)
{
	const char *tag = dockerd_log_option(log, "tag");

	return dockerd_log_tag(d, c, tag && *tag ? tag : "{{.ID}}");
}

static int set_syslog(json_t *body, struct daemon *d, const struct container *c, const json_t *log,
		      struct err *err)
{
	const char *format = dockerd_log_option(log, "syslog-format");
	AUTO_FREE char *network = NULL, *address = NULL, *tag = tag_of(d, c, log);
	json_t *syslog;

	if (dockerd_syslog_resolve(dockerd_log_option(log, "syslog-address"), &network, &address, err))
		return err_wrap(err, "failed to initialize logging driver");
	syslog = json_pack("{s:i, s:s, s:s}", "facility",
			   dockerd_syslog_facility(dockerd_log_option(log, "syslog-facility")), "format",
			   format && *format ? format : "unix", "tag", tag);
	if (network) {
		json_object_set_new(syslog, "network", json_string(network));
		json_object_set_new(syslog, "address", json_string(address));
	}
	return json_object_set_new(body, "syslog", syslog);
}

/* "my-label" becomes MY_LABEL: what is no letter or digit is _, and none is in front, as the journal
 * keeps those names to itself. */
static void set_field(json_t *fields, const char *label, json_t *value)
{
	AUTO_FREE char *name = xstrdup(label);
	char *start = name;

	for (char *p = name; *p; p++)
		*p = isascii((unsigned char)*p) && isalnum((unsigned char)*p)
			     ? (char)toupper((unsigned char)*p) : '_';
	start += strspn(start, "_");
	if (*start)
		json_object_set(fields, start, value);
}

/* The container's own fields come last: no label of an image takes the place of one. */
static void set_journald(json_t *body, struct daemon *d, const struct container *c, const json_t *log)
{
	AUTO_JSON json_t *chosen = dockerd_log_attributes(c, log);
	AUTO_FREE char *tag = tag_of(d, c, log), *name = dockerd_log_tag(d, c, "{{.Name}}");
	AUTO_FREE char *id = dockerd_log_tag(d, c, "{{.ID}}");
	json_t *fields = json_object(), *v;
	const char *key;

	json_object_foreach(chosen, key, v)
		set_field(fields, key, v);
	json_object_set_new(fields, "CONTAINER_ID", json_string(id));
	json_object_set_new(fields, "CONTAINER_ID_FULL", json_string(c->id));
	json_object_set_new(fields, "CONTAINER_NAME", json_string(name));
	json_object_set_new(fields, "CONTAINER_TAG", json_string(tag));
	json_object_set_new(fields, "IMAGE_NAME", json_string(jsonx_str(c->config, "Image", "")));
	json_object_set_new(fields, "SYSLOG_IDENTIFIER", json_string(tag));
	json_object_set_new(body, "journald", json_pack("{s:o}", "fields", fields));
}

/* --- the whole --------------------------------------------------------------------------------------- */

json_t *dockerd_log_task(struct daemon *d, const struct container *c, struct err *err)
{
	const json_t *log = json_object_get(c->host, "LogConfig");
	const char *type = jsonx_str(log, "Type", ""), *mode = dockerd_log_option(log, "mode");
	AUTO_FREE char *path = dockerd_container_log(d, c);
	AUTO_JSON json_t *body = json_pack("{s:s}", "driver", type);
	bool syslog = !strcmp(type, "syslog"), journald = !strcmp(type, "journald");

	if (!strcmp(type, "none"))
		return steal_ptr(&body);
	if (dockerd_log_is_kept(log))
		json_object_set_new(body, "path", json_string(path));
	if (!strcmp(type, "json-file")) {
		set_file(body, log, "", 0, 1, false);
		set_attributes(body, d, c, log);
	} else if (dockerd_log_is_kept(log)) {
		set_file(body, log, syslog || journald ? "cache-" : "", KEPT_SIZE, KEPT_FILES, true);
	}
	if (mode && !strcmp(mode, "non-blocking"))
		json_object_set_new(body, "buffer",
				    json_integer(size_option(log, "max-buffer-size", RING_SIZE)));
	if (syslog && set_syslog(body, d, c, log, err))
		return NULL;
	if (journald)
		set_journald(body, d, c, log);
	return steal_ptr(&body);
}
