/*
 * api.h - the Docker Engine API: HTTP requests and their answers.
 *
 * Every path carries a version, "/v1.41/containers/json". Which one is settled
 * before the first request: GET /_ping answers with the daemon's newest
 * version in the header Api-Version, and the older of that and ours is spoken
 * (DOCKER_API_VERSION overrides). A daemon's error is a status of 400 or more
 * and {"message": "..."}: it becomes "Error response from daemon: ...", with
 * the kind that its status means.
 *
 * An answer is one of three: a document (cli_api_call), a stream of bytes that
 * are handed on as they come (sink), or a connection that stops being HTTP:
 * see conn.h. What the daemon sends is not trusted: documents are bounded, and
 * streams are never collected.
 */
#ifndef DOCKYARD_CLI_API_H
#define DOCKYARD_CLI_API_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>

#include "01-kernel/base/strbuf.h"
#include "host.h"

#define CLI_API_NEWEST "1.50" /* what we know */
#define CLI_API_OLDEST "1.24" /* what we can still speak */

struct cli_api {
	struct cli_host host;
	CURL *easy;       /* kept between requests, with its connection */
	char version[16]; /* "1.41"; empty until settled */
	const atomic_bool *cancelled; /* another thread's word that nobody wants the answer; may be NULL */
	const json_t *headers; /* of config.json, sent along with each request; may be NULL */
};

/* Gets the body's bytes as they come. -1 with err filled ends the request. */
typedef int (*cli_sink)(void *context, const char *data, size_t n, struct err *err);

/* Gives the next bytes of what is sent: how many, 0 at the end, -1 with err filled. */
typedef ssize_t (*cli_source)(void *context, char *buf, size_t size, struct err *err);

/* A header of the answer that is wanted: its value is new, or NULL. */
struct cli_header {
	const char *name; /* "X-Docker-Container-Path-Stat" */
	char *value;
};

struct cli_request {
	const char *method;
	const char *path;   /* from after the version: "/containers/json?all=1" */
	const json_t *body; /* or NULL */
	cli_sink sink;      /* NULL: the answer is a document */
	void *context;
	const char *headers[3]; /* more lines: "X-Registry-Auth: ...", or NULL */
	cli_source source;  /* instead of `body`: a tar archive, sent in chunks */
	void *source_context;
	struct cli_header *wanted; /* or NULL */
};

/* One such line, whose value is a document in base64: new. */
char *cli_api_header(const char *name, const json_t *doc);

void cli_api_free(struct cli_api *api);

/* Settle the version; does nothing when that has been done. */
int cli_api_negotiate(struct cli_api *api, struct err *err);

/* Is the version spoken at least this one? */
bool cli_api_at_least(const struct cli_api *api, const char *version);
int cli_api_compare(const char *a, const char *b); /* "1.9" before "1.41" */

/* Do the request. The document's text is appended to `out` (which may be NULL
 * where nobody wants it). */
int cli_api_do(struct cli_api *api, const struct cli_request *request, struct strbuf *out,
	       struct err *err);

/* Do it, and parse the document. *out is new, or NULL for an empty body; `out`
 * may be NULL where nobody wants it. */
int cli_api_call(struct cli_api *api, const char *method, const char *path, const json_t *body,
		 json_t **out, struct err *err);

/* POST without body; the answer is dropped. */
int cli_api_post(struct cli_api *api, const char *path, struct err *err);

/* "/containers/<name, escaped>/json": the caller frees. NULL, with err, when
 * the name is empty (an empty part would be another route). */
char *cli_api_path(const char *collection, const char *name, const char *tail, struct err *err);

/* Append "?key=value" or "&key=value", escaped. */
void cli_query(struct strbuf *path, const char *key, const char *value);

/* Parts that conn.c shares: options that say where the daemon is; what a
 * failed transfer means; what a failed answer means. */
void cli_api_aim(const struct cli_api *api, CURL *easy);
int cli_api_transfer_error(const struct cli_api *api, CURL *easy, CURLcode code, const char *detail,
			   const char *method, const char *path, struct err *err);
int cli_api_status_error(const struct cli_api *api, long status, const char *path, const char *body,
			 size_t n, struct err *err);

#endif
