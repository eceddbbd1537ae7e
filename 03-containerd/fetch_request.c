/*
 * fetch_request.c - one request to a registry, whatever that takes.
 *
 *   401            answer the challenge, try again (once)
 *   3xx            go there; Authorization only if it is the registry's own origin
 *   429, 503       wait as long as Retry-After says, try again
 *   5xx, broken    wait longer each time, try again
 *
 * What has a sink or uploads a file is not sent again after it broke: its caller knows how
 * far it came, and begins there.
 */
#include "fetch_private.h"

#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "client.h"

#define REDIRECTS_MAX 10
#define WAIT_MAX 60 /* seconds: a registry that wants more is out of order for now */

void exchange_url(struct exchange *x, const struct ctrd_registry *r, const char *fmt, ...)
{
	int n = snprintf(x->url, sizeof(x->url), "%s/%s/", r->api, r->repository);
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(x->url + n, sizeof(x->url) - (size_t)n, fmt, ap);
	va_end(ap);
	if (r->ns)
		snprintf(x->url + n, sizeof(x->url) - (size_t)n, "?ns=%s", r->ns);
}

int exchange_query(struct exchange *x, const char *name, const char *value, struct err *err)
{
	AUTO_FREE char *escaped = ctrd_escape(value);
	size_t n = strlen(x->url), room = sizeof(x->url) - n;

	if ((size_t)snprintf(x->url + n, room, "%c%s=%s", strchr(x->url, '?') ? '&' : '?', name,
			     escaped) < room)
		return 0;
	return err_set(err, ERR_INVALID, "a URL of more than %zu bytes", sizeof(x->url));
}

/* --- patience --------------------------------------------------------------------------------- */

int registry_wait(struct ctrd_registry *r, unsigned milliseconds, struct err *err)
{
	for (unsigned done = 0; done < milliseconds; done += 50) {
		struct timespec some = { 0, 50000000 };

		if (r->cancelled && r->cancelled(r->arg))
			return err_set(err, ERR_CANCELLED, "cancelled");
		nanosleep(&some, NULL);
	}
	return 0;
}

unsigned registry_backoff(unsigned tried)
{
	return 100u << (tried < 8 ? tried : 8);
}

/* Would the same request, some time from now, have a chance? */
static bool worth_another(const struct exchange *x, int rc, const struct err *err)
{
	bool in_pieces = x->sink || x->upload_fd >= 0;

	if (rc)
		return ctrd_fetch_transient(err) && !in_pieces;
	if (x->status == 429 || x->status == 503)
		return x->retry_after <= WAIT_MAX;
	return x->status >= 500 && x->status != 501 && !in_pieces;
}

int exchange_patiently(struct ctrd_registry *r, struct exchange *x, const char *authorization,
		       struct err *err)
{
	for (unsigned tried = 1;; tried++) {
		int rc = exchange_once(r, x, authorization, err);

		if (tried >= r->tries || !worth_another(x, rc, err))
			return rc;
		log_debug("registry %s: %s, trying again", r->host, rc ? err->msg : "not now");
		if (registry_wait(r, !rc && x->retry_after ? (unsigned)x->retry_after * 1000
							   : registry_backoff(tried), err))
			return -1;
	}
}

/* --- a request ------------------------------------------------------------------------------------ */

static enum err_kind kind_of(long status)
{
	switch (status) {
	case 401:
		return ERR_UNAUTHORIZED;
	case 403:
		return ERR_PERMISSION;
	case 404:
		return ERR_NOT_FOUND;
	default:
		return status == 429 || status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
	}
}

/* 304 and 300 lead nowhere. */
static bool is_redirect(const struct exchange *x)
{
	return *x->location && (x->status == 301 || x->status == 302 || x->status == 303 ||
				x->status == 307 || x->status == 308);
}

const char *registry_path_of(const char *url)
{
	const char *v2 = strstr(url, "/v2/"), *v1 = strstr(url, "/v1/");

	return v2 ? v2 : v1 ? v1 : "";
}

/* What the registry says: {"errors":[{"code","message"}]}. */
static int refused(struct ctrd_registry *r, const struct exchange *x, struct err *err)
{
	struct err ignored;
	AUTO_JSON json_t *doc = x->body.len ? jsonx_parse(x->body.data, x->body.len, "", &ignored)
					    : NULL;
	const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
	const char *said = jsonx_str(first, "message", jsonx_str(first, "code", ""));
	const char *word = x->status == 401 ? " unauthorized" : x->status == 403 ? " denied"
			 : x->status == 404 ? " not found" : is_redirect(x) ? " redirected too often"
			 : x->status == 429 ? " too many requests" : "";

	err_set(err, kind_of(x->status), "registry %s: %s %s: %ld%s%s%.300s", r->host, x->method,
		registry_path_of(x->url), x->status, word,
		*said ? ": " : "", said);
	if (x->retry_after > WAIT_MAX)
		err_wrap(err, "come back in %lld seconds", (long long)x->retry_after);
	return -1;
}

/* The registry's own origin alone is shown what was meant for it. */
static char *authorization_for(struct ctrd_registry *r, const char *url)
{
	char *copy = NULL;

	if (!registry_same_origin(url, r->base))
		return NULL;
	pthread_mutex_lock(&r->lock);
	copy = xstrdup(r->authorization);
	pthread_mutex_unlock(&r->lock);
	return copy;
}

static int authenticate_locked(struct ctrd_registry *r, const struct exchange *x, const char *used,
			       struct err *err)
{
	AUTO_FREE char *now = authorization_for(r, x->url);
	char *answer;

	if (now && (!used || strcmp(now, used)))
		return 0; /* another thread did so since we asked with `used` */
	registries_forget_token(r->registries, r->token_key);
	answer = ctrd_auth_answer(r, &x->challenges, err);
	if (!answer)
		return err_wrap(err, "registry %s", r->host);
	pthread_mutex_lock(&r->lock);
	free(r->authorization);
	r->authorization = answer;
	pthread_mutex_unlock(&r->lock);
	return 0;
}

/* One thread asks for a token, and the others have it too. */
static int authenticate(struct ctrd_registry *r, const struct exchange *x, const char *used,
			struct err *err)
{
	int rc;

	pthread_mutex_lock(&r->authenticating);
	rc = authenticate_locked(r, x, used, err);
	pthread_mutex_unlock(&r->authenticating);
	return rc;
}

int exchange_follow(struct ctrd_registry *r, struct exchange *x, struct err *err)
{
	CURLU *u = curl_url();
	char *out = NULL;
	int rc = -1;

	if (u && *x->location && !curl_url_set(u, CURLUPART_URL, x->url, 0) &&
	    !curl_url_set(u, CURLUPART_URL, x->location, 0) && /* relative to the one before */
	    !curl_url_get(u, CURLUPART_URL, &out, 0) && strlen(out) < URL_SIZE) {
		strcpy(x->url, out);
		rc = registry_check_url(r, x->url, err);
	} else {
		err_set(err, ERR_INVALID, "malformed redirect to \"%.200s\"", x->location);
	}
	curl_free(out);
	curl_url_cleanup(u);
	return rc ? err_wrap(err, "registry %s", r->host) : 0;
}

int registry_request(struct ctrd_registry *r, struct exchange *x, struct err *err)
{
	unsigned redirects = 0;
	bool authenticated = false;

	if (registry_check_url(r, x->url, err))
		return -1;
	for (;;) {
		AUTO_FREE char *authorization = authorization_for(r, x->url);

		if (exchange_patiently(r, x, authorization, err))
			return -1;
		if (x->status / 100 == 2)
			break;
		if (is_redirect(x) && redirects++ < REDIRECTS_MAX) {
			if (exchange_follow(r, x, err))
				return -1;
		} else if (x->status == 401 && !authenticated &&
			   registry_same_origin(x->url, r->base)) {
			authenticated = true;
			if (authenticate(r, x, authorization, err))
				return -1;
		} else {
			return refused(r, x, err);
		}
	}
	return exchange_end(x, err);
}
