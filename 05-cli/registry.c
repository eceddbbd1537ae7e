/*
 * registry.c - see registry.h.
 *
 * The registry is not trusted: an answer is bounded, a redirection leads to no
 * plain HTTP where the registry speaks TLS, and the password is sent nowhere
 * but to the registry itself or, over TLS, to the place that it names.
 */
#include "registry.h"

#include <string.h>
#include <unistd.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "auth.h"

#define ANSWER_LIMIT (8u << 20) /* twice what a manifest may have */
#define TIMEOUT_S 60L
#define CERTIFICATES "/etc/docker/certs.d" /* a directory per registry, as the daemon has it */
#define REDIRECTS_MAX 5L

struct answer {
	struct strbuf *out;
	char *challenge; /* of WWW-Authenticate, or NULL */
	bool too_long;
};

/* ---- one transfer -------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t n, void *context)
{
	struct answer *a = context;

	a->too_long = a->out->len + size * n > ANSWER_LIMIT;
	if (a->too_long)
		return 0;
	strbuf_add(a->out, data, size * n);
	return size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	static const char name[] = "WWW-Authenticate:";
	struct answer *a = context;

	if (size * n > sizeof name && !strncasecmp(line, name, sizeof name - 1)) {
		free(a->challenge);
		a->challenge = xstrndup(line + sizeof name - 1, size * n - sizeof name + 1);
	}
	return size * n;
}

static void use_certificates(const struct cli_registry *r)
{
	static const struct {
		const char *file;
		CURLoption option;
	} files[] = { { "ca.crt", CURLOPT_CAINFO }, { "client.cert", CURLOPT_SSLCERT }, { "client.key", CURLOPT_SSLKEY } };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		AUTO_FREE char *path = xasprintf(CERTIFICATES "/%s/%s", r->host, files[i].file);
		if (!access(path, R_OK))
			curl_easy_setopt(r->easy, files[i].option, path);
	}
}

static int transfer(struct cli_registry *r, const char *url, const struct cli_registry_request *request,
		    struct curl_slist *headers, struct answer *a, long *status, struct err *err)
{
	char detail[CURL_ERROR_SIZE] = "";

	curl_easy_reset(r->easy);
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, r->insecure ? "http,https" : "https");
	curl_easy_setopt(r->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(r->easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, r->insecure ? 0L : 1L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, r->insecure ? 0L : 2L);
	use_certificates(r);
	curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "Docker-Client/dockyard");
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, headers);
	if (strcmp(request->method, "GET")) {
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
		curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, detail);
	CURLcode code = curl_easy_perform(r->easy);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, status);
	log_debug("%s %s: status %ld", request->method, url, *status);
	if (code == CURLE_OK)
		return 0;
	return err_set(err, code == CURLE_SSL_CONNECT_ERROR ? ERR_UNSUPPORTED : ERR_UNAVAILABLE, "%s \"%s\": %s",
		       request->method, url,
		       a->too_long ? "the answer is too long" : *detail ? detail : curl_easy_strerror(code));
}

/* What a registry says of a failure: {"errors": [{"code", "message"}]}. */
static int refused(const struct cli_registry_request *request, long status, const struct strbuf *body, struct err *err)
{
	AUTO_JSON json_t *doc = body->len ? json_loadb(body->data, body->len, 0, NULL) : NULL;
	const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
	const char *code = jsonx_str(first, "code", ""), *message = jsonx_str(first, "message", "");
	enum err_kind kind = status == 404 ? ERR_NOT_FOUND : status == 401 || status == 403 ? ERR_UNAUTHORIZED : ERR_SYSTEM;

	if (*code || *message)
		return err_set(err, kind, "%s%s%s", code, *code && *message ? ": " : "", message);
	return err_set(err, kind, "the registry answered %s %s with status %ld", request->method, request->path, status);
}

/* ---- who we are ---------------------------------------------------------- */

/* name="value" of a challenge: new, "" where it is not there. */
static char *parameter(const char *challenge, const char *name)
{
	AUTO_FREE char *begin = xasprintf("%s=\"", name);
	const char *at = strstr(challenge, begin);

	return at ? xstrndup(at + strlen(begin), strcspn(at + strlen(begin), "\"")) : xstrdup("");
}

static char *basic(const json_t *auth)
{
	AUTO_FREE char *pair = xasprintf("%s:%s", jsonx_str(auth, "username", ""), jsonx_str(auth, "password", ""));
	AUTO_FREE char *code = base64_encode(pair, strlen(pair));

	return xasprintf("Authorization: Basic %s", code);
}

static void add_field(struct strbuf *query, const char *key, const char *value)
{
	if (*value)
		cli_query(query, key, value);
}

/* "repository:a:pull repository:b:pull" are two scopes of a GET, and one word of a POST. */
static void add_scopes(struct strbuf *query, const char *scope, bool split)
{
	while (*scope) {
		size_t n = split ? strcspn(scope, " ") : strlen(scope);
		AUTO_FREE char *one = xstrndup(scope, n);
		add_field(query, "scope", one);
		scope += n + (scope[n] == ' ');
	}
}

/* A token for what the challenge asks: the header, new. NULL with err. */
static char *bearer(struct cli_registry *r, const char *challenge, const json_t *auth, struct err *err)
{
	AUTO_FREE char *realm = parameter(challenge, "realm"), *service = parameter(challenge, "service"),
		       *scope = parameter(challenge, "scope");
	const char *refresh = jsonx_str(auth, "identitytoken", NULL);
	AUTO_STRBUF struct strbuf query = STRBUF_INIT, body = STRBUF_INIT;
	struct answer a = { .out = &body };
	long status = 0;

	cli_query(&query, "client_id", "docker");
	add_field(&query, "service", service);
	add_scopes(&query, scope, !refresh);
	if (refresh) {
		cli_query(&query, "grant_type", "refresh_token");
		cli_query(&query, "refresh_token", refresh);
	} else if (strchr(realm, '?')) {
		query.data[0] = '&';
	}
	AUTO_FREE char *url = xasprintf("%s%s", realm, refresh ? "" : query.data);
	struct cli_registry_request request = { refresh ? "POST" : "GET", realm, NULL, refresh ? query.data + 1 : NULL };
	AUTO_FREE char *who = !refresh && jsonx_str(auth, "username", NULL) ? basic(auth) : NULL;
	struct curl_slist *headers = who ? curl_slist_append(NULL, who) : NULL;
	int rc = transfer(r, url, &request, headers, &a, &status, err);
	curl_slist_free_all(headers);
	free(a.challenge);
	if (rc)
		return NULL;
	if (status != 200) {
		refused(&request, status, &body, err);
		return NULL;
	}
	AUTO_JSON json_t *doc = jsonx_parse(body.data, body.len, "the token", err);
	const char *token = jsonx_str(doc, "token", jsonx_str(doc, "access_token", NULL));
	if (token && !strpbrk(token, "\r\n"))
		return xasprintf("Authorization: Bearer %s", token);
	err_set(err, ERR_CORRUPT, "%s gives no token", realm);
	return NULL;
}

/* Do as the challenge says: r->authorization is what is sent from now on. */
static int answer_challenge(struct cli_registry *r, const char *challenge, struct err *err)
{
	AUTO_JSON json_t *auth = cli_auth_get(r->config, cli_auth_key(r->domain), err);
	const char *scheme = challenge + strspn(challenge, " \t");

	if (!auth)
		return -1;
	free(r->authorization);
	r->authorization = NULL;
	if (!strncasecmp(scheme, "bearer", 6)) {
		r->authorization = bearer(r, scheme, auth, err);
		return r->authorization ? 0 : -1;
	}
	if (!jsonx_str(auth, "username", NULL))
		return err_set(err, ERR_UNAUTHORIZED, "unauthorized: authentication required");
	r->authorization = basic(auth);
	return 0;
}

/* ---- requests ------------------------------------------------------------ */

static int ask_once(struct cli_registry *r, const struct cli_registry_request *request, struct answer *a, long *status,
		    struct err *err)
{
	AUTO_FREE char *url = xasprintf("%s://%s%s", r->plain ? "http" : "https", r->host, request->path);
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

	if (request->header)
		headers = curl_slist_append(headers, request->header);
	if (r->authorization)
		headers = curl_slist_append(headers, r->authorization);
	int rc = transfer(r, url, request, headers, a, status, err);
	curl_slist_free_all(headers);
	return rc;
}

int cli_registry_ask(struct cli_registry *r, const struct cli_registry_request *request, struct strbuf *out,
		     long *status, struct err *err)
{
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	struct answer a = { .out = &body };

	int rc = ask_once(r, request, &a, status, err);
	if (!rc && *status == 401 && a.challenge) {
		strbuf_clear(&body);
		rc = answer_challenge(r, a.challenge, err) || ask_once(r, request, &a, status, err) ? -1 : 0;
	}
	free(a.challenge);
	if (rc)
		return -1;
	if (*status >= 400)
		return refused(request, *status, &body, err);
	strbuf_add(out, body.data ? body.data : "", body.len);
	return 0;
}

/* ---- which one ----------------------------------------------------------- */

const char *cli_registry_path(const struct cli_reference *image)
{
	return strchr(image->name, '/') + 1;
}

/* Does it answer? What it says is of no matter yet. */
static int ping(struct cli_registry *r, struct err *err)
{
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	const struct cli_registry_request request = { "GET", "/v2/", NULL, NULL };
	struct answer a = { .out = &body };
	long status;

	int rc = ask_once(r, &request, &a, &status, err);
	free(a.challenge);
	return rc ? err_wrap(err, "failed to configure transport: error pinging v2 registry") : 0;
}

int cli_registry_open(struct cli_registry *r, const struct cli_config *config, const struct cli_reference *image,
		      bool insecure, struct err *err)
{
	AUTO_FREE char *domain = xstrndup(image->name, strcspn(image->name, "/"));

	*r = (struct cli_registry){ .config = config, .insecure = insecure, .easy = curl_easy_init() };
	r->host = xstrdup(strcmp(domain, "docker.io") ? domain : "registry-1.docker.io");
	r->domain = steal_ptr(&domain);
	if (!ping(r, err))
		return 0;
	if (err->kind == ERR_UNSUPPORTED && insecure) {
		r->plain = true;
		if (!ping(r, err))
			return 0;
	}
	cli_registry_free(r);
	return -1;
}

void cli_registry_free(struct cli_registry *r)
{
	curl_easy_cleanup(r->easy);
	free(r->domain);
	free(r->host);
	free(r->authorization);
	*r = (struct cli_registry){ 0 };
}
