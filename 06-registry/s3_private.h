/*
 * s3_private.h - what the pages of s3.h share.
 */
#ifndef DOCKYARD_REG_S3_PRIVATE_H
#define DOCKYARD_REG_S3_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>

#include "01-kernel/base/strbuf.h"
#include "s3.h"

#define S3_IDLE 8

struct reg_s3 {
	char *url;    /* without a slash at its end */
	char *host;   /* as the Host header has it, with the port where it is not the scheme's */
	char *path;   /* of the URL: "/bucket/prefix" */
	char *region;
	char *key_id, *secret;
	char *token;  /* NULL: none; of credentials that were lent for some hours */

	pthread_mutex_t lock; /* guards what follows */
	CURL *idle[S3_IDLE];  /* with their connections */
	size_t n_idle;
};

struct s3_request {
	const char *method; /* "PUT", "POST", "DELETE" */
	const char *key;
	const char *query;  /* behind the '?', sorted and encoded; NULL: none */
	int fd;             /* a PUT's body: */
	uint64_t offset, size;
	const char *body;   /* or a POST's */
	char etag[128];     /* of the answer, with its quotes */
	struct strbuf answer;
};

/* Send it, and again after a failure that may pass. -1 unless the answer is 2xx; the caller frees
 * `answer` in either case. */
int s3_request(struct reg_s3 *s3, struct s3_request *r, struct err *err);

/* A handle from those that are idle, and back. */
CURL *s3_handle(struct reg_s3 *s3);
void s3_release(struct reg_s3 *s3, CURL *c);
/* What every request needs: address, signature, limits of patience. The caller frees the list
 * after the transfer. */
struct curl_slist *s3_prepare(struct reg_s3 *s3, CURL *c, const char *key, const char *query,
			      const char *sha256);
/* What an answer that is no success says, as an error. `text` is the answer's XML. */
int s3_refused(const char *what, const char *key, long status, const char *text, struct err *err);
/* Percent-encode all but the unreserved characters (RFC 3986, 2.3). */
void s3_add_encoded(struct strbuf *sb, const char *s);
/* The text of the first element of this name; NULL if there is none. The caller frees. */
char *s3_element(const char *xml, const char *name);

#endif
