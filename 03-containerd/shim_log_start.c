/*
 * shim_log_start.c - which log the shim keeps, as options.json says (tasks_log.c has checked it).
 */
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "shim.h"
#include "shim_sink.h"

/* {"name": "value"} as Go writes a map: sorted, and escaped as the lines are. New; NULL: none. */
static char *attributes_text(const json_t *attributes)
{
	size_t n;
	AUTO_FREE const char **names = jsonx_sorted_keys(attributes, &n);
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(attributes, names[i]);

		strbuf_addc(&out, i ? ',' : '{');
		shim_log_quote(&out, names[i], strlen(names[i]));
		strbuf_addc(&out, ':');
		shim_log_quote(&out, json_string_value(v), json_string_length(v));
	}
	if (!n)
		return NULL;
	strbuf_addc(&out, '}');
	return strbuf_steal(&out);
}

static enum shim_log_format format_of(const char *driver)
{
	if (!strcmp(driver, "json-file"))
		return SHIM_LOG_JSON;
	return strcmp(driver, "cri") ? SHIM_LOG_LOCAL : SHIM_LOG_CRI; /* what other drivers keep */
}

static void on_progress(void *owner)
{
	shim_io_update(owner);
}

int shim_log_start(struct shim_log *l, struct shim_io *io, const json_t *log, struct err *err)
{
	const char *driver = jsonx_str(log, "driver", "none");
	AUTO_FREE char *attributes = attributes_text(json_object_get(log, "attributes"));
	struct shim_log_options o = { .path = jsonx_str(log, "path", NULL),
				      .format = format_of(driver),
				      .max_size = jsonx_int(log, "maxSize", 0),
				      .max_file = (int)jsonx_int(log, "maxFile", 1),
				      .compress = jsonx_bool(log, "compress", false),
				      .attributes = attributes,
				      .buffer = (size_t)jsonx_int(log, "buffer", 0) };

	if (!strcmp(driver, "none"))
		return 0;
	if (!strcmp(driver, "syslog") || !strcmp(driver, "journald")) {
		o.remote = shim_sink_open(log, err);
		if (!o.remote)
			return -1;
		shim_sink_attach(o.remote, &io->shim->loop, on_progress, io);
	}
	if (shim_log_open(l, &o, err))
		return -1;
	io->log = l;
	return 0;
}
