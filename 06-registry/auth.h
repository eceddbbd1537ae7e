/*
 * auth.h - who is asking, and may he?
 *
 *     request ──▶ Authorization ──▶ a user, or nobody ──▶ his rights ──▶ in
 *                 Basic                                             └──▶ 401, how to log in
 *                                                                   └──▶ 403, logging in is no help
 *
 * The server asks here once the route is known and before anything of the body is read. So no
 * handler can forget to: the right that a request needs follows from its method and its
 * route's parameters, and what has no repository in its route needs the right to the catalog.
 */
#ifndef DOCKYARD_REG_AUTH_H
#define DOCKYARD_REG_AUTH_H

#include "03-containerd/http.h"

struct reg_auth_options {
	const char *htpasswd; /* passwords.h; NULL: everybody may everything */
	const char *access;   /* access.h; NULL: whoever has logged in may everything */
};

struct reg_auth;

struct reg_auth *reg_auth_open(const struct reg_auth_options *o, struct err *err);
void reg_auth_free(struct reg_auth *auth);

/* Let the request in, or say why not, and how to log in. */
int reg_auth_admit(struct reg_auth *auth, struct http_request *req, struct http_reply *rep,
		   struct err *err);

#endif
