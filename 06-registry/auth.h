/*
 * auth.h - who is asking, and may he?
 *
 *     request ──▶ Authorization ──▶ a user, or nobody ──▶ his rights ──▶ in
 *                 Basic, Bearer                                     └──▶ 401, how to log in
 *                                                                   └──▶ 403, logging in is no help
 *
 * The server asks here once the route is known and before anything of the body is read. So no
 * handler can forget to: the right that a request needs follows from its method and its
 * route's parameters, and what has no repository in its route needs the right to the catalog.
 *
 * With passwords alone, clients are told to send one each time (Basic). Where there are rights by
 * repository they are told to fetch a token from issuer.c, which says what it is good for (Bearer);
 * a password does as well, for people with curl.
 */
#ifndef DOCKYARD_REG_AUTH_H
#define DOCKYARD_REG_AUTH_H

#include "03-containerd/http.h"
#include "access.h"
#include "passwords.h"
#include "tokens.h"

struct reg_auth_options {
	const char *htpasswd;    /* passwords.h; NULL: everybody may everything */
	const char *access;      /* access.h; NULL: whoever has logged in may everything */
	const char *token_realm; /* the address of /token; NULL: what the client calls us */
};

struct reg_auth {
	struct reg_passwords *passwords; /* NULL as in the options, as the next */
	struct reg_access *access;
	struct reg_tokens tokens;        /* with `access` */
	const char *realm;               /* borrowed */
	bool tls;
};

struct reg_auth *reg_auth_open(const struct reg_auth_options *o, const char *root, bool tls,
			       struct err *err);
void reg_auth_free(struct reg_auth *auth);

/* Let the request in, or say why not, and how to log in. */
int reg_auth_admit(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		   struct err *err);

/* Who sent it, as far as that was asked for; the caller frees; NULL: nobody known. */
char *reg_auth_user(struct reg_auth *auth, const struct http_request *req);

/* May whoever sent this request read that other repository as well? */
bool reg_auth_may_pull(struct reg_auth *auth, struct http_request *req, const char *repository);

/* The user of "Basic <code>", if the password is right. The caller frees. */
char *reg_auth_basic(struct reg_auth *auth, const char *header, struct err *err);
void reg_challenge_basic(struct http_reply *rep);

#endif
