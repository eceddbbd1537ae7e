/*
 * auth.c - see auth.h. The protocol of tokens is the distribution project's "Token
 * Authentication Specification"; the challenges' grammar is RFC 9110's (11.6.1) and RFC 6750's.
 */
#include "auth.h"

#include <string.h>
#include <strings.h>

#include "01-kernel/base/base64.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "names.h"

#define CREDENTIALS_MAX 4096

struct caller {
	char *user;     /* NULL: nobody, or who has a token */
	json_t *claims; /* of the token; NULL: there is none */
};

/* What a request needs. */
struct need {
	const char *repository; /* NULL: the registry */
	unsigned rights;        /* 0: to have logged in */
	const char *actions;    /* to ask for in a token */
};

/* It is quoted in our answers. */
static int check_realm(const char *realm, struct err *err)
{
	if ((str_starts(realm, "http://") || str_starts(realm, "https://")) &&
	    !strpbrk(realm, "\" \\\r\n"))
		return 0;
	return err_set(err, ERR_INVALID, "--token-realm %s: expected http:// or https://", realm);
}

struct reg_auth *reg_auth_open(const struct reg_auth_options *o, const char *root, bool tls,
			       struct err *err)
{
	struct reg_auth *auth = xcalloc(1, sizeof(*auth));

	auth->realm = o->token_realm;
	auth->tls = tls;
	if ((!o->token_realm || !check_realm(o->token_realm, err)) &&
	    (!o->htpasswd || (auth->passwords = reg_passwords_open(o->htpasswd, err))) &&
	    (!o->access || ((auth->access = reg_access_open(o->access, err)) &&
			    !reg_tokens_open(&auth->tokens, root, err))))
		return auth;
	reg_auth_free(auth);
	return NULL;
}

void reg_auth_free(struct reg_auth *auth)
{
	if (!auth)
		return;
	reg_passwords_free(auth->passwords);
	reg_access_free(auth->access);
	free(auth);
}

/* ---- who ------------------------------------------------------------------------------- */

char *reg_auth_basic(struct reg_auth *auth, const char *header, struct err *err)
{
	const char *code = strncasecmp(header, "Basic ", 6) ? "" : header + 6;
	size_t n = strlen(code);
	AUTO_FREE char *text = n < CREDENTIALS_MAX ? base64_decode(code, n, &n) : NULL;
	char *password = text && strlen(text) == n ? strchr(text, ':') : NULL;

	if (!password) {
		reg_refuse(err, REG_UNAUTHORIZED, "the credentials are malformed");
		return NULL;
	}
	*password++ = '\0';
	return reg_password_check(auth->passwords, text, password, err) ? NULL : steal_ptr(&text);
}

static int identify(struct reg_auth *auth, const struct http_request *req, struct caller *caller,
		    struct err *err)
{
	const char *header = http_header(req, "Authorization");

	if (!header)
		return 0;
	if (auth->access && !strncasecmp(header, "Bearer ", 7)) {
		caller->claims = reg_token_read(&auth->tokens, REG_FOR_ACCESS, header + 7, err);
		return caller->claims ? 0 : -1;
	}
	caller->user = reg_auth_basic(auth, header, err);
	return caller->user ? 0 : -1;
}

static void forget(struct caller *caller)
{
	free(caller->user);
	json_decref(caller->claims);
}

/* ---- what ------------------------------------------------------------------------------- */

static struct need need_of(struct http_request *req)
{
	const char *method = http_method(req), *path = http_path(req);
	struct need pull = { http_param(req, "name"), REG_PULL, "pull" };
	struct need push = { pull.repository, REG_PUSH, "pull,push" };
	struct need delete = { pull.repository, REG_DELETE, "delete" };

	if (!pull.repository && (!strcmp(path, "/v2/") || !strcmp(path, "/v2")))
		return (struct need){ NULL, 0, NULL };
	if (!pull.repository)
		return (struct need){ NULL, REG_CATALOG, "*" };
	if (http_param(req, "uuid"))
		return push; /* whatever is done with an upload is a part of pushing */
	if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
		return pull;
	return strcmp(method, "DELETE") ? push : delete;
}

/* What the token says that its owner may do. */
static unsigned claimed(const json_t *claims, const char *repository)
{
	unsigned rights = 0;
	size_t i, k;
	json_t *item, *action;

	json_array_foreach(json_object_get(claims, "access"), i, item) {
		bool registry = !strcmp(jsonx_str(item, "type", ""), "registry");

		if (registry != !repository ||
		    (repository && strcmp(jsonx_str(item, "name", ""), repository)))
			continue;
		json_array_foreach(json_object_get(item, "actions"), k, action)
			rights |= registry ? REG_CATALOG
					   : reg_right_of(json_string_value(action),
							  json_string_length(action));
	}
	return rights;
}

static bool may(struct reg_auth *auth, const struct caller *caller, const struct need *need)
{
	if (!need->rights || !auth->access)
		return caller->user || caller->claims;
	if (caller->claims)
		return claimed(caller->claims, need->repository) & need->rights;
	return reg_access_rights(auth->access, caller->user, need->repository) & need->rights;
}

char *reg_auth_user(struct reg_auth *auth, const struct http_request *req)
{
	struct caller caller = { NULL, NULL };
	char *user = NULL;
	struct err err;

	if (auth->passwords && !identify(auth, req, &caller, &err))
		user = xstrdup(caller.user ? caller.user : jsonx_str(caller.claims, "sub", NULL));
	forget(&caller);
	return user;
}

bool reg_auth_may_pull(struct reg_auth *auth, struct http_request *req, const char *repository)
{
	const struct need need = { repository, REG_PULL, NULL };
	struct caller caller = { NULL, NULL };
	struct err err;
	bool yes = !auth->passwords ||
		   (!identify(auth, req, &caller, &err) && may(auth, &caller, &need));

	forget(&caller);
	return yes;
}

/* ---- how to log in ---------------------------------------------------------------------- */

void reg_challenge_basic(struct http_reply *rep)
{
	http_reply_header(rep, "WWW-Authenticate", "Basic realm=\"registry\"");
}

/* It gets quoted in our answer. */
static bool is_host(const char *host)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";

	return host && *host && strspn(host, good) == strlen(host);
}

static int add_realm(const struct reg_auth *auth, struct http_request *req, struct strbuf *text,
		     struct err *err)
{
	const char *host = http_header(req, "Host");

	if (auth->realm)
		strbuf_addf(text, "Bearer realm=\"%s\"", auth->realm);
	else if (is_host(host))
		strbuf_addf(text, "Bearer realm=\"http%s://%s/token\"", auth->tls ? "s" : "", host);
	else
		return err_set(err, ERR_INVALID, "the request has no good Host header");
	return 0;
}

/* `why`: RFC 6750, 3.1; NULL: there were no credentials. */
static int challenge_bearer(const struct reg_auth *auth, struct http_request *req,
			    struct http_reply *rep, const struct need *need, const char *why,
			    struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF_INIT;

	if (add_realm(auth, req, &text, err))
		return -1;
	strbuf_adds(&text, ",service=\"" REG_SERVICE "\"");
	if (need->repository)
		strbuf_addf(&text, ",scope=\"repository:%s:%s\"", need->repository, need->actions);
	else if (need->rights)
		strbuf_addf(&text, ",scope=\"registry:catalog:%s\"", need->actions);
	if (why)
		strbuf_addf(&text, ",error=\"%s\"", why);
	http_reply_header(rep, "WWW-Authenticate", text.data);
	return -1;
}

/* A page for people (no part of /v2/) is asked for by a browser, which knows Basic only. */
static int challenge(const struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		     const struct need *need, const char *why, struct err *err)
{
	if (auth->access && str_starts(http_path(req), "/v2"))
		return challenge_bearer(auth, req, rep, need, why, err);
	reg_challenge_basic(rep);
	return -1;
}

/* ---- all of it -------------------------------------------------------------------------- */

static int judge(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		 struct caller *caller, struct err *err)
{
	struct need need = need_of(req);

	if (need.repository && reg_name_check(need.repository, err))
		return -1;
	if (identify(auth, req, caller, err))
		return reg_refused(err, REG_UNAUTHORIZED)
			       ? challenge(auth, req, rep, &need, "invalid_token", err)
			       : -1;
	if (may(auth, caller, &need))
		return 0;
	if (caller->user)
		return reg_refuse(err, REG_DENIED, "%s may not do that", caller->user);
	if (caller->claims) {
		reg_refuse(err, REG_SCOPE_DENIED, "the token is not good for that");
		return challenge(auth, req, rep, &need, "insufficient_scope", err);
	}
	reg_refuse(err, REG_UNAUTHORIZED, "authentication required");
	return challenge(auth, req, rep, &need, NULL, err);
}

int reg_auth_admit(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		   struct err *err)
{
	struct caller caller = { NULL, NULL };
	int rc;

	if (!auth->passwords || !strcmp(http_path(req), "/token"))
		return 0;
	rc = judge(auth, req, rep, &caller, err);
	forget(&caller);
	return rc;
}
