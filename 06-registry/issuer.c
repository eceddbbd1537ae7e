/*
 * issuer.c - /token: who may do what, signed.
 *
 *     GET  /token?service=…&scope=repository:team/web:pull,push     with a password, or without
 *     POST /token   grant_type=password|refresh_token&…             OAuth 2.0 (RFC 6749)
 *                   ──▶ {"token":…,"expires_in":300,…}
 *
 * A token is good for as much of what was asked for as its owner may; for nothing, perhaps: then
 * the registry refuses it, not we. A login may ask for a refresh token as well
 * (offline_token=true; access_type=offline), which is kept in place of the password and is over
 * when that changes.
 */
#include <string.h>
#include <time.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/base/strbuf.h"
#include "errors.h"
#include "names.h"
#include "server.h"

#define ACCESS_SECONDS 300
#define LOGIN_SECONDS (30L * 24 * 3600)
#define SCOPES_MAX 64
#define FORM_MAX (64u << 10)

/* ---- scopes ----------------------------------------------------------------------------- */

struct grant {
	struct reg_access *access;
	const char *user; /* NULL: nobody */
	json_t *list;     /* of what is granted */
	struct strbuf scopes; /* the same as text, for the answer to a POST */
	size_t asked;
};

static void add_action(struct grant *g, json_t *actions, const char *action)
{
	json_array_append_new(actions, json_string(action));
	strbuf_addf(&g->scopes, "%s%s", json_array_size(actions) > 1 ? "," : "", action);
}

/* Those of `wanted` ("pull,push", or "*" for all) that are allowed. */
static void add_actions(struct grant *g, json_t *actions, const char *wanted, unsigned allowed)
{
	static const char *const words[] = { "pull", "push", "delete" };
	unsigned asked = 0;

	for (const char *w = wanted; *w; w += strspn(w, ",")) {
		size_t n = strcspn(w, ",");

		asked |= n == 1 && *w == '*' ? ~0u : reg_right_of(w, n);
		w += n;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (asked & allowed & reg_right_of(words[i], strlen(words[i])))
			add_action(g, actions, words[i]);
}

/* "repository:host:5000/name:pull": a name may have a colon, the rest has none. */
static void grant_scope(struct grant *g, char *scope)
{
	char *name = strchr(scope, ':'), *wanted = strrchr(scope, ':');
	size_t before = g->scopes.len;
	json_t *actions = json_array();

	if (name && wanted != name) {
		*name++ = *wanted++ = '\0';
		strbuf_addf(&g->scopes, "%s%s:%s:", before ? " " : "", scope, name);
		if (!strcmp(scope, "repository") && reg_name_valid(name))
			add_actions(g, actions, wanted, reg_access_rights(g->access, g->user, name));
		else if (!strcmp(scope, "registry") && !strcmp(name, "catalog") &&
			 reg_access_rights(g->access, g->user, NULL))
			add_action(g, actions, "*");
	}
	if (json_array_size(actions)) {
		json_array_append_new(g->list, json_pack("{s:s, s:s, s:o}", "type", scope, "name", name,
							 "actions", actions));
		return;
	}
	json_decref(actions);
	if (g->scopes.data)
		g->scopes.data[g->scopes.len = before] = '\0';
}

/* Several in one parameter, too. */
static void grant_scopes(void *arg, const char *scopes)
{
	struct grant *g = arg;
	AUTO_FREE char *copy = xstrdup(scopes);
	char *save = NULL;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		if (++g->asked <= SCOPES_MAX)
			grant_scope(g, s);
}

/* ---- the answer ------------------------------------------------------------------------- */

static void add_login(struct reg_auth *auth, const char *user, json_t *answer)
{
	char mark[REG_PASSWORD_MARK];
	AUTO_FREE char *token = NULL;

	if (!reg_password_mark(auth->passwords, user, mark))
		return;
	token = reg_token_make(&auth->tokens, REG_FOR_LOGIN, user, LOGIN_SECONDS,
			       json_pack("{s:s}", "password", mark));
	json_object_set_new(answer, "refresh_token", json_string(token));
}

static int issue(struct reg_auth *auth, struct http_reply *rep, const struct grant *g, bool login,
		 struct err *err)
{
	const char *user = g->user ? g->user : "";
	AUTO_FREE char *token = NULL;
	char now[TIME_TEXT_SIZE];
	json_t *answer;

	if (g->asked > SCOPES_MAX)
		return reg_refuse(err, REG_UNSUPPORTED, "more than %d scopes", SCOPES_MAX);
	token = reg_token_make(&auth->tokens, REG_FOR_ACCESS, user, ACCESS_SECONDS,
			       json_pack("{s:O}", "access", g->list));
	answer = json_pack("{s:s, s:s, s:i, s:s, s:s%}", "token", token, "access_token", token,
			   "expires_in", ACCESS_SECONDS, "issued_at", time_now_text(now), "scope",
			   g->scopes.data ? g->scopes.data : "", g->scopes.len);
	if (login && g->user)
		add_login(auth, user, answer);
	http_reply_header(rep, "Cache-Control", "no-store"); /* RFC 6749, 5.1 */
	http_reply_json(rep, 200, answer);
	return 0;
}

/* Here a password is what helps, and not a token. */
static int refuse(struct http_request *req, struct http_reply *rep, const struct err *err)
{
	if (!reg_refused(err, REG_UNAUTHORIZED))
		return -1;
	reg_challenge_basic(rep);
	reg_error_reply(req, rep, err);
	return 0;
}

static void grant_free(struct grant *g)
{
	free((char *)g->user);
	json_decref(g->list);
	strbuf_free(&g->scopes);
}

static int check_service(const struct reg_auth *auth, const char *service, struct err *err)
{
	if (!auth->access)
		return err_set(err, ERR_NOT_FOUND, "page not found");
	if (!service || !strcmp(service, REG_SERVICE))
		return 0;
	return reg_refuse(err, REG_UNSUPPORTED, "no tokens for the service \"%.100s\" here, only for "
			  REG_SERVICE, service);
}

int reg_get_token(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_auth *auth = ((struct reg_server *)daemon)->auth;
	const char *header = http_header(req, "Authorization");
	struct grant g = { auth->access, NULL, NULL, STRBUF_INIT, 0 };
	int rc;

	if (check_service(auth, http_query(req, "service"), err))
		return -1;
	if (header && !(g.user = reg_auth_basic(auth, header, err)))
		return refuse(req, rep, err);
	g.list = json_array();
	http_query_each(req, "scope", grant_scopes, &g);
	rc = issue(auth, rep, &g, http_query_bool(req, "offline_token", 0), err);
	grant_free(&g);
	return rc;
}

/* ---- POST ------------------------------------------------------------------------------- */

static char *user_by_login(struct reg_auth *auth, const char *token, struct err *err)
{
	AUTO_JSON json_t *claims = reg_token_read(&auth->tokens, REG_FOR_LOGIN, token, err);
	const char *user = jsonx_str(claims, "sub", "");
	char mark[REG_PASSWORD_MARK];

	if (!claims)
		return NULL;
	if (reg_password_mark(auth->passwords, user, mark) &&
	    !strcmp(mark, jsonx_str(claims, "password", "")))
		return xstrdup(user);
	reg_refuse(err, REG_UNAUTHORIZED, "the password has changed since this login");
	return NULL;
}

/* Who asks, by the form. The caller frees. */
static char *user_of_form(struct reg_auth *auth, struct http_request *req, struct err *err)
{
	const char *grant = http_form(req, "grant_type");
	const char *user = http_form(req, "username");
	const char *password = http_form(req, "password");
	const char *login = http_form(req, "refresh_token");

	if (grant && !strcmp(grant, "refresh_token"))
		return user_by_login(auth, login ? login : "", err);
	if (!grant || strcmp(grant, "password")) {
		reg_refuse(err, REG_UNSUPPORTED, "grant_type is neither password nor refresh_token");
		return NULL;
	}
	if (reg_password_check(auth->passwords, user ? user : "", password ? password : "", err))
		return NULL;
	return xstrdup(user ? user : "");
}

int reg_post_token(struct http_request *req, struct http_reply *rep, void *daemon, struct err *err)
{
	struct reg_auth *auth = ((struct reg_server *)daemon)->auth;
	struct grant g = { auth->access, NULL, NULL, STRBUF_INIT, 0 };
	const char *scopes, *type;
	size_t n;
	int rc;

	http_body(req, &n);
	if (n > FORM_MAX)
		return reg_refuse(err, REG_SIZE_INVALID, "a form of more than %u bytes", FORM_MAX);
	if (check_service(auth, http_form(req, "service"), err))
		return -1;
	if (!(g.user = user_of_form(auth, req, err)))
		return refuse(req, rep, err);
	g.list = json_array();
	scopes = http_form(req, "scope");
	type = http_form(req, "access_type");
	grant_scopes(&g, scopes ? scopes : "");
	rc = issue(auth, rep, &g, type && !strcmp(type, "offline"), err);
	grant_free(&g);
	return rc;
}
