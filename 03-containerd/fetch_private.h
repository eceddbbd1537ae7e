/*
 * fetch_private.h - the registry client's insides.
 *
 *   fetch.c         what is asked of a registry for a pull
 *   push.c          and for a push
 *   push_upload.c   a blob's way there: mounted, in one piece, in chunks
 *   fetch_request.c a request: redirects, authentication, patience
 *   fetch_http.c    and each HTTP request that this takes
 *   fetch_url.c     hosts: the same one, a loopback address, an insecure one
 *   fetch_trust.c   certificates
 *   auth.c          challenges
 *   auth_token.c    the token service
 *   registries.c    what transfers share: tokens, where configuration is
 */
#ifndef DOCKYARD_CTRD_FETCH_PRIVATE_H
#define DOCKYARD_CTRD_FETCH_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>

#include "01-kernel/base/trace.h"
#include "fetch.h"

#define URL_SIZE 8192 /* signed URLs of storage services are long */

/* What is trusted beyond the system's certificates, and what we show. */
struct fetch_trust {
	struct strbuf pem; /* all certificates, the system's too; empty: those alone */
	char *cert, *key;  /* files; NULL: none */
	bool skip_verify;
};

struct ctrd_registry {
	char *base; /* "https://host:port", no slash at the end */
	char *api;  /* where the API begins: base and "/v2" */
	char *host; /* "host:port" */
	char *repository, *ns;
	struct strlist scopes; /* "repository:library/nginx:pull"; the first is our own */
	char *username, *password;
	struct strlist insecure;
	struct fetch_trust trust;
	struct ctrd_registries *registries; /* borrowed; NULL: none */
	char *token_key;       /* of our token there */
	bool offline;          /* this is a login: an identity token is asked for */
	unsigned tries;
	long stall_seconds;
	bool (*cancelled)(void *arg);
	void *arg;

	pthread_mutex_t authenticating; /* held while a challenge is answered; before lock */
	pthread_mutex_t lock; /* guards what follows */
	char *authorization; /* the header's value, once a challenge was met; NULL before */
	char *identity;      /* a refresh token; NULL: none */
	uint64_t chunk;      /* blobs are uploaded in such; 0: in one piece */
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
	int upload_fd;                      /* sent as the body; -1: none */
	uint64_t upload_start, upload_size; /* which part of it */
	const void *upload_buf;             /* or this one */
	void (*sent)(void *arg, uint64_t offset);
	void *sent_arg;

	long status;
	struct strbuf body; /* of success without a sink, or of an error (cut off) */
	char location[URL_SIZE], content_type[128], digest[DIGEST_SIZE];
	struct strlist challenges; /* WWW-Authenticate lines */
	uint64_t start;            /* from Content-Range */
	curl_off_t length;         /* of the body, as announced; -1: it was not */
	uint64_t uploaded;         /* from Range: so much of an upload is there */
	uint64_t chunk_min;        /* from OCI-Chunk-Min-Length */
	curl_off_t retry_after;    /* seconds */

	/* While it runs. */
	struct ctrd_registry *registry;
	CURL *curl;
	struct trace_span span;
	uint64_t upload_offset;
	bool begun, failed;
	char curl_error[CURL_ERROR_SIZE];
	struct err err; /* why a callback stopped the transfer */
};

void exchange_init(struct exchange *x, const char *method);
void exchange_free(struct exchange *x);

/* Carry it out, following redirects and challenges. Fails for whatever is no 2xx, with the
 * registry's own words; 404 is ERR_NOT_FOUND and so on; x->status tells the rest. */
int registry_request(struct ctrd_registry *r, struct exchange *x, struct err *err);
/* "<api>/<repository>/<rest>" */
void exchange_url(struct exchange *x, const struct ctrd_registry *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Add to the query; libcurl's own way writes "%3a" where RFC 3986 (2.1) asks for "%3A". */
int exchange_query(struct exchange *x, const char *name, const char *value, struct err *err);
/* A request to `x->url` alone, with the given Authorization or none. */
int exchange_once(struct ctrd_registry *r, struct exchange *x, const char *authorization,
		  struct err *err);
/* The same, again and again while that may help: for tokens too. */
int exchange_patiently(struct ctrd_registry *r, struct exchange *x, const char *authorization,
		       struct err *err);
/* After success: a sink hears also of an empty body. */
int exchange_end(struct exchange *x, struct err *err);
/* Resolve x->location against x->url, and go there if that is allowed. */
int exchange_follow(struct ctrd_registry *r, struct exchange *x, struct err *err);
int registry_wait(struct ctrd_registry *r, unsigned milliseconds, struct err *err);
/* How long before the next try, after so many: 0.2 s, 0.4 s, … */
unsigned registry_backoff(unsigned tried);

/* May this URL be spoken to: https, or http where that is allowed? */
int registry_check_url(const struct ctrd_registry *r, const char *url, struct err *err);
bool registry_same_origin(const char *a, const char *b);
bool registry_insecure(const struct ctrd_registry *r, const char *host);
/* From the API's version on; "" elsewhere: where a blob was redirected to, the URL may be a secret. */
const char *registry_path_of(const char *url);
char *url_host(const char *url); /* "host[:port]"; the caller frees; NULL: malformed */
bool url_is_loopback(const char *host);

int fetch_trust_load(struct ctrd_registry *r, const struct ctrd_tls *tls, struct err *err);
void fetch_trust_free(struct fetch_trust *t);
/* Tell libcurl whom to trust, and what to show, when it goes to `url`. */
void fetch_trust_set(struct ctrd_registry *r, CURL *c, const char *url);

/* auth.c: answer the challenges of a 401: new value for the Authorization header (the
 * caller frees), or NULL with ERR_UNAUTHORIZED. */
char *ctrd_auth_answer(struct ctrd_registry *r, const struct strlist *challenges, struct err *err);
/* A parameter of a challenge line: 'Bearer realm="…",service="…"'; NULL if absent. */
char *ctrd_auth_param(const char *challenge, const char *name);
char *ctrd_auth_basic(const struct ctrd_registry *r);
/* auth_token.c: "Bearer …" from the token service that the challenge names; the caller frees. */
char *ctrd_auth_bearer(struct ctrd_registry *r, const char *challenge, struct err *err);

/* Tokens of all transfers, by a key that stands for registry, scopes and credentials. */
char *registries_token(struct ctrd_registries *regs, const char *key); /* the caller frees; NULL */
void registries_keep_token(struct ctrd_registries *regs, const char *key, const char *token,
			   int64_t seconds);
void registries_forget_token(struct ctrd_registries *regs, const char *key);
const struct strlist *registries_certs_dirs(const struct ctrd_registries *regs);

#endif
