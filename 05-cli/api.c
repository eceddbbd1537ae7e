/*
 * api.c - see api.h.
 */
#include "api.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/trace.h"
#include "ansi.h"
#include "ssh.h"

#define DOCUMENT_LIMIT (64u << 20)
#define CONNECT_TIMEOUT_S 30L

void cli_api_free(struct cli_api *api)
{
	if (api->easy)
		curl_easy_cleanup(api->easy);
	cli_host_free(&api->host);
	*api = (struct cli_api){ 0 };
}

/* ---- paths --------------------------------------------------------------- */

/* RFC 3986: unreserved characters stay, and so do those that image names
 * consist of, as Docker's own client leaves them. */
static void escape(struct strbuf *sb, const char *text, const char *keep)
{
	for (const char *c = text; *c; c++) {
		if (isalnum((unsigned char)*c) || strchr(keep, *c))
			strbuf_addc(sb, *c);
		else
			strbuf_addf(sb, "%%%02X", (unsigned char)*c);
	}
}

char *cli_api_path(const char *collection, const char *name, const char *tail, struct err *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (!*name) {
		err_set(err, ERR_INVALID, "invalid %.*s name or ID: value is empty",
			(int)strlen(collection) - 1, collection);
		return NULL;
	}
	strbuf_addf(&sb, "/%s/", collection);
	escape(&sb, name, "-._~/:@");
	strbuf_adds(&sb, tail);
	return strbuf_steal(&sb);
}

void cli_query(struct strbuf *path, const char *key, const char *value)
{
	strbuf_addf(path, "%c%s=", path->len && strchr(path->data, '?') ? '&' : '?', key);
	escape(path, value, "-._~");
}

/* ---- errors -------------------------------------------------------------- */

static enum err_kind kind_of_status(long status)
{
	static const struct {
		long status;
		enum err_kind kind;
	} table[] = {
		{ 400, ERR_INVALID },   { 401, ERR_UNAUTHORIZED }, { 403, ERR_PERMISSION },
		{ 404, ERR_NOT_FOUND }, { 409, ERR_CONFLICT },     { 501, ERR_UNSUPPORTED },
		{ 503, ERR_UNAVAILABLE }, { 504, ERR_TIMEOUT },    { 507, ERR_NO_SPACE },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].status == status)
			return table[i].kind;
	return ERR_SYSTEM;
}

int cli_api_status_error(const struct cli_api *api, long status, const char *path, const char *body,
			 size_t n, struct err *err)
{
	AUTO_JSON json_t *doc = n ? json_loadb(body, n, 0, NULL) : NULL;
	const char *message = jsonx_str(doc, "message", NULL);

	while (n && isspace((unsigned char)body[n - 1]))
		n--;
	if (message) {
		size_t len = strlen(message);
		while (len && isspace((unsigned char)message[len - 1]))
			len--;
		return err_set(err, kind_of_status(status), "Error response from daemon: %.*s", (int)len, message);
	}
	if (n && !doc)
		return err_set(err, kind_of_status(status), "Error response from daemon: %.*s", (int)n, body);
	return err_set(err, kind_of_status(status),
		       "request returned status %ld for API route and version %s/v%s%s, check if the "
		       "server supports the requested API version",
		       status, api->host.text, api->version, path);
}

/* The daemon could not be asked, or stopped in the middle of its answer. */
int cli_api_transfer_error(const struct cli_api *api, CURL *easy, CURLcode code, const char *detail,
			   const char *method, const char *path, struct err *err)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && (number == EACCES || number == EPERM))
		return err_set(err, ERR_PERMISSION,
			       "permission denied while trying to connect to the Docker daemon socket at %s: %s "
			       "(root and the members of the socket's group may)",
			       api->host.text, strerror((int)number));
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(err, ERR_UNAVAILABLE,
			       "Cannot connect to the Docker daemon at %s. Is the docker daemon running?",
			       api->host.text);
	return err_set(err, ERR_UNAVAILABLE, "error during connect: %s \"%s%s\": %s%s", method,
		       api->host.ssh.n ? api->host.text : api->host.base, path,
		       detail && *detail ? detail : curl_easy_strerror(code),
		       api->host.ssh.n ? " (make sure that ssh gets there, and that docker is installed there)" : "");
}

/* ---- one request --------------------------------------------------------- */

void cli_api_aim(const struct cli_api *api, CURL *easy)
{
	const struct cli_host *host = &api->host;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* "..": the daemon's to judge */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (host->socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, host->socket);
	if (host->ssh.n)
		cli_ssh_aim(easy, &host->ssh);
	if (!host->tls)
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, host->verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, host->verify ? 2L : 0L);
	if (host->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, host->ca);
	if (host->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, host->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, host->key);
	}
}

/* The answer as it comes in. */
struct answer {
	CURL *easy;
	const struct cli_request *request;
	struct strbuf body;    /* the document, or the error's document */
	char api_version[16];  /* from the header */
	struct err *err;
	bool failed;           /* err is filled */
};

static size_t on_body(char *data, size_t size, size_t n, void *context)
{
	struct answer *a = context;
	long status = 0;

	n *= size;
	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	if (a->request->sink && status < 400) {
		a->failed = a->request->sink(a->request->context, data, n, a->err) != 0;
		return a->failed ? 0 : n;
	}
	if (a->body.len + n > DOCUMENT_LIMIT) {
		err_set(a->err, ERR_INVALID, "the daemon's answer is larger than %u bytes", DOCUMENT_LIMIT);
		a->failed = true;
		return 0;
	}
	strbuf_add(&a->body, data, n);
	return n;
}

/* The value in "Name: value\r\n" when that is the header's name: new, or NULL. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t at = strlen(name);

	if (len <= at || strncasecmp(line, name, at) || line[at] != ':')
		return NULL;
	for (at++; at < len && isspace((unsigned char)line[at]);)
		at++;
	while (len > at && isspace((unsigned char)line[len - 1]))
		len--;
	return xstrndup(line + at, len - at);
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct answer *a = context;
	AUTO_FREE char *version = header_value(line, size * n, "Api-Version");
	struct cli_header *wanted = a->request->wanted;
	char *value = wanted ? header_value(line, size * n, wanted->name) : NULL;

	if (version && strspn(version, "0123456789.") == strlen(version))
		snprintf(a->api_version, sizeof a->api_version, "%s", version);
	if (value) {
		free(wanted->value);
		wanted->value = value;
	}
	return size * n;
}

/* The body as it is sent, where it is a stream. */
static size_t on_send(char *buf, size_t size, size_t n, void *context)
{
	struct answer *a = context;
	ssize_t got = a->request->source(a->request->source_context, buf, size * n, a->err);

	a->failed = a->failed || got < 0;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* libcurl asks at least once a second, also while nothing comes. */
static int on_progress(void *cancelled, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load((const atomic_bool *)cancelled);
}

char *cli_api_header(const char *name, const json_t *doc)
{
	AUTO_FREE char *text = jsonx_text(doc);
	AUTO_FREE char *code = base64_encode_url(text, strlen(text));

	return xasprintf("%s: %s", name, code);
}

static struct curl_slist *make_headers(const struct cli_api *api, const struct cli_request *request)
{
	struct curl_slist *headers = curl_slist_append(NULL, request->source ? "Content-Type: application/x-tar"
									     : "Content-Type: application/json");
	char trace[TRACE_TEXT_SIZE];
	const char *key;
	json_t *value;

	headers = curl_slist_append(headers, "Expect:");
	for (size_t i = 0; i < sizeof request->headers / sizeof *request->headers; i++)
		if (request->headers[i])
			headers = curl_slist_append(headers, request->headers[i]);
	if (trace_active()) {
		AUTO_FREE char *line = xasprintf("traceparent: %s", trace_text(trace));
		headers = curl_slist_append(headers, line);
	}
	json_object_foreach((json_t *)api->headers, key, value) {
		AUTO_FREE char *line = xasprintf("%s: %s", key, json_is_string(value) ? json_string_value(value) : "");
		headers = curl_slist_append(headers, line);
	}
	return headers;
}

static void set_body(const struct cli_request *request, struct answer *a, const char *body)
{
	if (!strcmp(request->method, "HEAD")) {
		curl_easy_setopt(a->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (!strcmp(request->method, "GET"))
		return;
	if (request->source) { /* of unknown length: chunked */
		curl_easy_setopt(a->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE, -1L);
		curl_easy_setopt(a->easy, CURLOPT_READFUNCTION, on_send);
		curl_easy_setopt(a->easy, CURLOPT_READDATA, a);
	} else { /* An empty POST still says Content-Length: 0. */
		curl_easy_setopt(a->easy, CURLOPT_POSTFIELDS, body ? body : "");
	}
	curl_easy_setopt(a->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* `path` is complete, with its version. */
static int perform(struct cli_api *api, const struct cli_request *request, const char *path,
		   struct answer *a, struct err *err)
{
	AUTO_FREE char *url = xasprintf("%s%s", api->host.base, path);
	AUTO_FREE char *body = request->body ? jsonx_text(request->body) : NULL;
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(api, request);
	long status = 0;

	if (!api->easy && !(api->easy = curl_easy_init())) {
		curl_slist_free_all(headers);
		return err_set(err, ERR_SYSTEM, "libcurl: no handle");
	}
	a->easy = api->easy;
	a->request = request;
	a->err = err;
	curl_easy_reset(a->easy);
	cli_api_aim(api, a->easy);
	curl_easy_setopt(a->easy, CURLOPT_URL, url);
	curl_easy_setopt(a->easy, CURLOPT_USERAGENT, "Docker-Client/dockyard");
	curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, headers);
	set_body(request, a, body);
	curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(a->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(a->easy, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, detail);
	if (api->cancelled) {
		curl_easy_setopt(a->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(a->easy, CURLOPT_XFERINFODATA, api->cancelled);
		curl_easy_setopt(a->easy, CURLOPT_NOPROGRESS, 0L);
	}
	log_debug("%s %s %s", request->method, path, body ? body : "");
	CURLcode code = curl_easy_perform(a->easy);
	curl_slist_free_all(headers);
	curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, NULL);
	if (a->failed)
		return -1;
	if (code != CURLE_OK)
		return cli_api_transfer_error(api, a->easy, code, detail, request->method, path, err);
	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 304 is "it is so already": started, stopped. */
	if (status < 200 || (status >= 300 && status != 304))
		return cli_api_status_error(api, status, request->path, a->body.data, a->body.len, err);
	return 0;
}

int cli_api_do(struct cli_api *api, const struct cli_request *request, struct strbuf *out,
	       struct err *err)
{
	struct answer a = { 0 };
	struct trace_span span;

	if (cli_api_negotiate(api, err))
		return -1;
	span = trace_begin();
	AUTO_FREE char *path = xasprintf("/v%s%s", api->version, request->path);
	int rc = perform(api, request, path, &a, err);
	if (!rc && out)
		strbuf_add(out, a.body.data ? a.body.data : "", a.body.len);
	strbuf_free(&a.body);
	trace_end(&span, "%s %s", request->method, request->path);
	return rc;
}

int cli_api_call(struct cli_api *api, const char *method, const char *path, const json_t *body,
		 json_t **out, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;
	struct cli_request request = { .method = method, .path = path, .body = body };

	if (out)
		*out = NULL;
	if (cli_api_do(api, &request, &text, err))
		return -1;
	if (!out || !text.len || !strcmp(text.data, "null\n") || !strcmp(text.data, "null")) /* Go's empty list */
		return 0;
	*out = cli_ansi_plain(jsonx_parse(text.data, text.len, "the daemon's answer", err));
	return *out ? 0 : -1;
}

int cli_api_post(struct cli_api *api, const char *path, struct err *err)
{
	return cli_api_call(api, "POST", path, NULL, NULL, err);
}

/* ---- versions ------------------------------------------------------------ */

int cli_api_compare(const char *a, const char *b)
{
	long major_a = strtol(a, (char **)&a, 10), major_b = strtol(b, (char **)&b, 10);
	long minor_a = *a == '.' ? strtol(a + 1, NULL, 10) : 0;
	long minor_b = *b == '.' ? strtol(b + 1, NULL, 10) : 0;

	if (major_a != major_b)
		return major_a < major_b ? -1 : 1;
	return minor_a == minor_b ? 0 : minor_a < minor_b ? -1 : 1;
}

bool cli_api_at_least(const struct cli_api *api, const char *version)
{
	return cli_api_compare(api->version, version) >= 0;
}

int cli_api_negotiate(struct cli_api *api, struct err *err)
{
	struct cli_request ping = { .method = "GET", .path = "/_ping" };
	struct answer a = { 0 };

	if (api->version[0])
		return 0;
	int rc = perform(api, &ping, ping.path, &a, err);
	strbuf_free(&a.body);
	if (rc)
		return -1;
	/* A daemon that does not say is older than the header. */
	const char *theirs = a.api_version[0] ? a.api_version : CLI_API_OLDEST;
	if (cli_api_compare(theirs, CLI_API_OLDEST) < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "the daemon at %s speaks API version %s; the oldest that this client speaks is "
			       CLI_API_OLDEST, api->host.text, theirs);
	bool newer = cli_api_compare(theirs, CLI_API_NEWEST) > 0;
	snprintf(api->version, sizeof api->version, "%s", newer ? CLI_API_NEWEST : theirs);
	return 0;
}
