/*
 * fetch_private.h - the registry client's insides.
 *
 *   fetch.c       what is asked of a registry for a pull
 *   push.c        and for a push
 *   fetch_http.c  one request: redirects, authentication, patience
 *   fetch_url.c   hosts: the same one, a loopback address, an insecure one
 *   auth.c        challenges, tokens
 */
#ifndef DOCKYARD_CTRD_FETCH_PRIVATE_H
#define DOCKYARD_CTRD_FETCH_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>

#include "fetch.h"

#define URL_SIZE 8192 /* signed URLs of storage services are long */

struct ctrd_registry {
	char *base; /* "https://host:port", no slash at the end */
	char *host; /* "host:port" */
	char *repository, *actions;
	char *username, *password;
	struct strlist insecure;
	bool (*cancelled)(void *arg);
	void *arg;

	pthread_mutex_t lock;
	char *authorization; /* the header's value, once a challenge was met; NULL before */
	CURL *idle[16];      /* handles keep their connections, so they are used again */
	size_t n_idle;
};

/* One request and what came of it. The first part is the caller's to fill. */
struct exchange {
	const char *method;
	char url[URL_SIZE];
	struct strlist headers;
	const struct ctrd_fetch_sink *sink; /* for a successful body; NULL: `body` collects it */
	size_t limit;                       /* of `body` */
	int upload_fd;                      /* sent as the body from offset 0; -1: none */
	uint64_t upload_size;
	const void *upload_buf;             /* or this one */
	void (*sent)(void *arg, uint64_t offset);
	void *sent_arg;

	long status;
	struct strbuf body; /* of success without a sink, or of an error (cut off) */
	char location[URL_SIZE], content_type[128], digest[DIGEST_SIZE];
	struct strlist challenges; /* WWW-Authenticate lines */
	uint64_t start;            /* from Content-Range */
	unsigned retry_after;      /* seconds */

	/* While it runs. */
	struct ctrd_registry *registry;
	CURL *curl;
	uint64_t upload_offset;
	bool begun, failed;
	char curl_error[CURL_ERROR_SIZE];
	struct err err; /* why a callback stopped the transfer */
};

void exchange_init(struct exchange *x, const char *method);
void exchange_free(struct exchange *x);

/* Carry it out, following redirects and challenges. Fails for whatever is no 2xx, with the
 * registry's own words; 404 is ERR_NOT_FOUND and so on. */
int registry_request(struct ctrd_registry *r, struct exchange *x, struct err *err);
/* "<base>/v2/<repository>/<rest>" */
void exchange_url(struct exchange *x, const struct ctrd_registry *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A request to `x->url` alone, with the given Authorization or none: for tokens too. */
int exchange_once(struct ctrd_registry *r, struct exchange *x, const char *authorization,
		  struct err *err);
/* May this URL be spoken to: https, or http where that is allowed? */
int registry_check_url(const struct ctrd_registry *r, const char *url, struct err *err);
bool registry_same_origin(const char *a, const char *b);
bool registry_insecure(const struct ctrd_registry *r, const char *host);
char *url_host(const char *url); /* "host[:port]"; the caller frees; NULL: malformed */
bool url_is_loopback(const char *host);

/* auth.c: answer the challenges of a 401: new value for the Authorization header (the
 * caller frees), or NULL with ERR_UNAUTHORIZED. */
char *ctrd_auth_answer(struct ctrd_registry *r, const struct strlist *challenges, struct err *err);
/* A parameter of a challenge line: 'Bearer realm="…",service="…"'; NULL if absent. */
char *ctrd_auth_param(const char *challenge, const char *name);

#endif
