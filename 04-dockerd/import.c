/*
 * import.c - POST /images/create?fromSrc=: a file system's archive, from the request's body ("-")
 * or from an URL, as an image of one layer.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "03-containerd/platform.h"
#include "03-containerd/tar_read.h"
#include "api.h"
#include "download.h"
#include "events.h"
#include "image_make.h"
#include "image_name.h"
#include "progress.h"
#include "spool.h"

struct import {
	struct daemon *d;
	char *source;  /* an URL, or "-" */
	int fd;        /* the archive */
	char *full, *familiar, *message, *platform;
	json_t *config;
	struct progress *progress;
};

static void import_free(void *arg)
{
	struct import *m = arg;

	if (m->fd >= 0)
		close(m->fd);
	free(m->source);
	free(m->full);
	free(m->familiar);
	free(m->message);
	free(m->platform);
	json_decref(m->config);
	free(m);
}

/* --- from an URL ------------------------------------------------------------------------------ */

static int on_progress(void *arg, int64_t now, int64_t total)
{
	struct import *m = arg;

	return now && now == total ? 0
				   : progress_status(m->progress, "import", "Importing", now, total);
}

static int download(struct import *m, struct err *err)
{
	AUTO_FREE char *url = xasprintf("%s%s", strstr(m->source, "://") ? "" : "http://", m->source);
	struct download d = { .report = on_progress, .arg = m };

	progress_status(m->progress, NULL, "Downloading from", 0, 0);
	return dockerd_download(url, m->fd, &d, err);
}

/* --- the image ------------------------------------------------------------------------------ */

struct stored {
	char digest[136];
};

static int on_stored(void *arg, json_t *line)
{
	struct stored *s = arg;

	snprintf(s->digest, sizeof s->digest, "%s", jsonx_str(line, "digest", ""));
	return 0;
}

/* Its diff ID. What is compressed as no layer may be, becomes plain. */
static int inflate(struct import *m, char diff_id[DIGEST_SIZE], struct err *err)
{
	const char *how = ctrd_compression(m->fd);
	bool rare = !strcmp(how, "xz") || !strcmp(how, "bzip2");
	AUTO_CLOSE int plain = rare ? dockerd_spool_open(m->d, err) : -1;

	if ((rare && plain < 0) || ctrd_diff_id(m->fd, plain, diff_id, err))
		return -1;
	if (rare) {
		close(m->fd);
		m->fd = steal_fd(&plain);
	}
	return lseek(m->fd, 0, SEEK_SET) < 0 ? err_sys(err, "read the archive") : 0;
}

static json_t *layer(int fd, const char *digest)
{
	const char *how = ctrd_compression(fd);
	bool plain = !strcmp(how, "plain");
	struct stat st = { 0 };

	fstat(fd, &st);
	return json_pack("{s:o, s:s, s:I}", "mediaType",
			 json_sprintf("application/vnd.oci.image.layer.v1.tar%s%s", plain ? "" : "+", plain ? "" : how),
			 "digest", digest, "size", (json_int_t)st.st_size);
}

static json_t *document(const struct import *m, const char *diff_id)
{
	struct ctrd_platform platform;
	char now[TIME_TEXT_SIZE];
	struct err ignored;

	time_now_text(now);
	ctrd_platform_parse(m->platform, &platform, &ignored); /* which the request's check did */
	return json_pack("{s:s, s:s*, s:s, s:s, s:s, s:O, s:{s:s, s:[s]}, s:[{s:s, s:s}], s:s}",
			 "architecture", platform.arch, "variant",
			 *platform.variant ? platform.variant : NULL, "os", platform.os,
			 "created", now, "comment", m->message, "config", m->config, "rootfs", "type",
			 "layers", "diff_ids", diff_id, "history", "created", now, "comment",
			 m->message, "docker_version", DOCKERD_VERSION);
}

static int make(struct import *m, char id[136], struct err *err)
{
	char diff_id[DIGEST_SIZE];
	struct stored stored = { "" };
	AUTO_JSON json_t *doc = NULL, *layers = NULL;

	if (lseek(m->fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read the archive");
	if (inflate(m, diff_id, err) ||
	    ctrd_upload(m->d->ctrd, "/v1/content", m->fd, on_stored, &stored, err))
		return -1;
	layers = json_pack("[o]", layer(m->fd, stored.digest));
	doc = document(m, diff_id);
	return dockerd_image_make(m->d, doc, layers, m->full, id, err);
}

static int run(struct progress *p, void *arg, struct err *err)
{
	struct import *m = arg;
	char id[136];

	m->progress = p;
	if (strcmp(m->source, "-") && download(m, err))
		return -1;
	if (make(m, id, err))
		return -1;
	dockerd_event(m->d, "image", "import", id,
		      m->familiar ? json_pack("{s:s}", "name", m->familiar) : NULL);
	progress_status(p, NULL, id, 0, 0);
	return 0;
}

static int fill(struct import *m, struct http_request *req, struct err *err)
{
	const char *source = http_query(req, "fromSrc"), *message = http_query(req, "message");

	m->source = xstrdup(source);
	m->message = xstrdup(message ? message : "");
	m->config = json_object();
	if (dockerd_platform_parse(http_query(req, "platform"), &m->platform, err) ||
	    dockerd_image_changes(m->config, req, err) ||
	    dockerd_name_parse(http_query(req, "repo"), http_query(req, "tag"), &m->full, &m->familiar, err))
		return -1;
	m->fd = dockerd_spool_take(req, err);
	return m->fd < 0 ? -1 : 0;
}

int dockerd_import(struct http_request *req, struct http_reply *rep, struct daemon *d,
		   struct err *err)
{
	struct import *m = xcalloc(1, sizeof *m);
	struct progress_job job = { run, import_free, m };

	*m = (struct import){ .d = d, .fd = -1 };
	if (!fill(m, req, err))
		return dockerd_progress(d, &job, rep, err);
	import_free(m);
	return -1;
}
