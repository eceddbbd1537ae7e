/*
 * api_archive.c - export and import over HTTP (api.h, archive.h).
 *
 * An export is an archive as it is made. An import reads one as it comes: what arrives goes
 * through a pipe to a thread that reads it into the store; then the answer is a stream of
 * progress as of a pull, while the images are unpacked and named.
 */
#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "archive.h"
#include "wire.h"

/* --- export ---------------------------------------------------------------------------- */

static int write_bytes(void *state, const void *buf, size_t n, struct err *err)
{
	return http_write(state, buf, n, err);
}

struct export {
	struct ctrd_exporter *exporter;
};

/* The lease goes before the end of the reply: who has it may remove the image, and then
 * expects that its blobs are gone. */
static void produce_export(struct http_writer *w, void *arg)
{
	struct ctrd_sink sink = { write_bytes, w };
	struct export *x = arg;
	struct err err;

	if (ctrd_export_write(x->exporter, &sink, &err)) {
		if (err.kind != ERR_CANCELLED)
			log_warn("%s", err.msg);
		http_writer_fail(w);
	}
	ctrd_export_free(steal_ptr(&x->exporter));
}

static void release_export(void *arg)
{
	struct export *x = arg;

	ctrd_export_free(x->exporter);
	free(x);
}

static int export(struct http_request *req, struct http_reply *rep, struct ctrd_daemon *d,
		  struct ctrd_export *e, const char *format, struct err *err)
{
	struct export *x;

	e->ns = ctrd_api_ns(req);
	e->oci = format && !strcmp(format, "oci");
	if (format && !e->oci && strcmp(format, "docker"))
		return err_set(err, ERR_INVALID, "format: expected docker or oci");
	x = xcalloc(1, sizeof *x);
	x->exporter = ctrd_export_open(d->images, e, err);
	if (!x->exporter) {
		free(x);
		return -1;
	}
	http_reply_stream(rep, 200, "application/x-tar", produce_export, x, release_export);
	return 0;
}

static void add_name(void *arg, const char *value)
{
	json_array_append_new(arg, json_string(value));
}

API_HANDLER(api_export_get)
{
	AUTO_JSON json_t *names = json_array();
	struct ctrd_export e = { .names = names, .platform = http_query(req, "platform"),
				 .all = http_query_bool(req, "all", 0) };

	http_query_each(req, "name", add_name, names);
	return export(req, rep, daemon, &e, http_query(req, "format"), err);
}

API_HANDLER(api_export_post)
{
	json_t *body = http_body_json(req, err), *names, *platform, *format, *all;
	struct ctrd_export e = { 0 };

	if (!body || jsonx_want(body, "", "names", JSON_ARRAY, &names, err) ||
	    jsonx_want(body, "", "platform", JSON_STRING, &platform, err) ||
	    jsonx_want(body, "", "format", JSON_STRING, &format, err) ||
	    jsonx_want(body, "", "all", JSON_TRUE, &all, err))
		return -1;
	e = (struct ctrd_export){ .names = names, .platform = json_string_value(platform),
				  .all = json_is_true(all) };
	return export(req, rep, daemon, &e, json_string_value(format), err);
}

/* --- import: reading ---------------------------------------------------------------------- */

struct import {
	struct ctrd_daemon *daemon;
	struct ctrd_importer *importer;
	pthread_t thread;
	bool running;
	int in, out; /* the pipe: what came in, what is read */
	int rc;      /* of the reader, after it was joined */
	struct err err;

	/* For the second half. */
	struct ctrd_import i;
	char *ns, *lease, *base, *platform;
	struct http_writer *writer;
};

static ssize_t read_pipe(void *state, void *buf, size_t n, struct err *err)
{
	ssize_t got = io_read(*(int *)state, buf, n);

	return got < 0 ? err_sys(err, "read the archive") : got;
}

static void *read_archive(void *arg)
{
	struct import *m = arg;
	struct ctrd_source src = { read_pipe, &m->out };

	m->rc = ctrd_import_read(m->importer, &src, &m->err);
	close(m->out); /* whoever writes on gets EPIPE */
	return NULL;
}

static int join(struct import *m, struct err *err)
{
	if (m->in >= 0)
		close(m->in);
	m->in = -1;
	if (m->running)
		pthread_join(m->thread, NULL);
	m->running = false;
	if (m->rc)
		*err = m->err;
	return m->rc;
}

static int import_write(void *state, const void *buf, size_t n, struct err *err)
{
	struct import *m = state;

	if (!io_write_full(m->in, buf, n))
		return 0;
	if (errno != EPIPE)
		return err_sys(err, "hand on the archive");
	return join(m, err) ? -1 : err_set(err, ERR_INVALID, "import: bytes behind the archive");
}

static void import_free(void *arg)
{
	struct import *m = arg;
	struct err ignored;

	join(m, &ignored);
	ctrd_import_free(m->importer);
	free(m->ns);
	free(m->lease);
	free(m->base);
	free(m->platform);
	free(m);
}

static void import_release(void *state)
{
	struct import **m = state;

	if (*m)
		import_free(*m);
	free(m);
}

static int import_sink_write(void *state, const void *buf, size_t n, struct err *err)
{
	return import_write(*(struct import **)state, buf, n, err);
}

int api_import_sink(struct http_request *req, struct http_sink *sink, void *daemon, struct err *err)
{
	struct import **slot, *m;
	int ends[2];

	if (ctrd_namespace_check(ctrd_api_ns(req), err))
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	m = xcalloc(1, sizeof *m);
	*m = (struct import){ .daemon = daemon, .in = ends[1], .out = ends[0] };
	m->importer = ctrd_import_open(m->daemon->images);
	if (pthread_create(&m->thread, NULL, read_archive, m)) {
		close(m->out);
		import_free(m);
		return err_set(err, ERR_UNAVAILABLE, "import: cannot start a thread");
	}
	m->running = true;
	slot = xmalloc(sizeof *slot); /* the handler takes what is in it */
	*slot = m;
	*sink = (struct http_sink){ slot, import_sink_write, import_release };
	return 0;
}

/* --- import: images --------------------------------------------------------------------------- */

static int progress(void *arg, json_t *event)
{
	struct import *m = arg;
	struct err gone, err;

	if (m->lease && !strcmp(jsonx_str(event, "status", ""), "imported") &&
	    ctrd_lease_add(m->daemon->leases, m->ns, m->lease, LEASE_CONTENT,
			   jsonx_str(json_object_get(event, "target"), "digest", ""), &err))
		log_warn("lease: %s", err.msg);
	if (!strcmp(jsonx_str(event, "status", ""), "imported"))
		ctrd_events_publish(m->daemon->events, m->ns,
				    jsonx_bool(event, "new", true) ? "/images/create" : "/images/update",
				    json_pack("{s:s}", "name", jsonx_str(event, "name", "")));
	return http_write_json(m->writer, event, &gone);
}

static void produce_import(struct http_writer *w, void *arg)
{
	struct import *m = arg;
	struct err err, gone;
	AUTO_JSON json_t *done = NULL;

	m->writer = w;
	m->i.progress = progress;
	m->i.arg = m;
	done = ctrd_import_finish(m->importer, &m->i, &err);
	ctrd_import_free(steal_ptr(&m->importer)); /* before the last word: see above */
	if (!done)
		done = ctrd_wire_error(&err);
	http_write_json(w, done, &gone);
}

API_HANDLER(api_import)
{
	struct import **slot = http_sink_state(req), *m = *slot;

	(void)daemon;
	if (join(m, err))
		return -1;
	m->ns = xstrdup(ctrd_api_ns(req));
	m->lease = xstrdup(http_header(req, "Containerd-Lease"));
	m->base = xstrdup(http_query(req, "base"));
	m->platform = xstrdup(http_query(req, "platform"));
	m->i = (struct ctrd_import){ .ns = m->ns, .base = m->base, .platform = m->platform,
				     .no_unpack = !http_query_bool(req, "unpack", 1),
				     .digests = http_query_bool(req, "digests", 0) };
	*slot = NULL;
	http_reply_stream(rep, 200, "application/x-ndjson", produce_import, m, import_free);
	return 0;
}
