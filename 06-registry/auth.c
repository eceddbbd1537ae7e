/*
 * auth.c - see auth.h.
 */
#include "auth.h"

#include <string.h>
#include <strings.h>

#include "01-kernel/base/strbuf.h"
#include "access.h"
#include "base64.h"
#include "errors.h"
#include "names.h"
#include "passwords.h"

#define CREDENTIALS_MAX 4096

struct reg_auth {
	struct reg_passwords *passwords; /* NULL: everybody may everything */
	struct reg_access *access;       /* NULL: who has logged in may everything */
};

struct caller {
	char *user; /* NULL: nobody */
};

/* What a request needs. */
struct need {
	const char *repository; /* NULL: the registry */
	unsigned rights;        /* 0: to have logged in */
};

struct reg_auth *reg_auth_open(const struct reg_auth_options *o, struct err *err)
{
	struct reg_auth *auth = xcalloc(1, sizeof(*auth));

	if ((!o->htpasswd || (auth->passwords = reg_passwords_open(o->htpasswd, err))) &&
	    (!o->access || (auth->access = reg_access_open(o->access, err))))
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

static int by_password(struct reg_auth *auth, const char *code, struct caller *caller,
		       struct err *err)
{
	size_t n = strlen(code);
	AUTO_FREE char *text = n < CREDENTIALS_MAX ? reg_base64_text(code, n) : NULL;
	char *password = text ? strchr(text, ':') : NULL;

	if (!password)
		return reg_refuse(err, REG_UNAUTHORIZED, "the credentials are malformed");
	*password++ = '\0';
	if (reg_password_check(auth->passwords, text, password, err))
		return -1;
	caller->user = steal_ptr(&text);
	return 0;
}

static int identify(struct reg_auth *auth, struct http_request *req, struct caller *caller,
		    struct err *err)
{
	const char *header = http_header(req, "Authorization");

	*caller = (struct caller){ NULL };
	if (!header)
		return 0;
	if (!strncasecmp(header, "Basic ", 6))
		return by_password(auth, header + 6, caller, err);
	return reg_refuse(err, REG_UNAUTHORIZED, "credentials of an unknown kind");
}

/* ---- what ------------------------------------------------------------------------------- */

static struct need need_of(struct http_request *req)
{
	const char *method = http_method(req), *path = http_path(req);
	struct need need = { http_param(req, "name"), REG_PUSH };
	bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");

	if (!need.repository)
		need.rights = !strcmp(path, "/v2/") || !strcmp(path, "/v2") ? 0 : REG_CATALOG;
	else if (http_param(req, "uuid"))
		; /* all that is done with an upload is a part of pushing */
	else if (reads)
		need.rights = REG_PULL;
	else if (!strcmp(method, "DELETE"))
		need.rights = REG_DELETE;
	return need;
}

static bool may(struct reg_auth *auth, const struct caller *caller, const struct need *need)
{
	if (!need->rights || !auth->access)
		return caller->user != NULL;
	return reg_access_rights(auth->access, caller->user, need->repository) & need->rights;
}

static void challenge(struct http_reply *rep)
{
	http_reply_header(rep, "WWW-Authenticate", "Basic realm=\"registry\"");
}

static int judge(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		 struct caller *caller, struct err *err)
{
	struct need need = need_of(req);

	if (need.repository && reg_name_check(need.repository, err))
		return -1;
	if (identify(auth, req, caller, err)) {
		if (reg_refused(err, REG_UNAUTHORIZED))
			challenge(rep);
		return -1;
	}
	if (may(auth, caller, &need))
		return 0;
	if (caller->user)
		return reg_refuse(err, REG_DENIED, "%s may not do that", caller->user);
	challenge(rep);
	return reg_refuse(err, REG_UNAUTHORIZED, "authentication required");
}

int reg_auth_admit(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		   struct err *err)
{
	struct caller caller = { NULL };
	int rc = auth->passwords ? judge(auth, req, rep, &caller, err) : 0;

	free(caller.user);
	return rc;
}
